//! Lesson 7: around every sublayer, a residual connection and a norm; and how to look inside a model.
//!
//!     cargo run --release --example e07_residual_and_norm
//!
//! A sublayer does not replace its input, it adds to it: LayerNorm(x + Sublayer(x)) in the paper, as *The Illustrated
//! Transformer* draws it, x + Sublayer(LayerNorm(x)) in most models since. Here we look at both in a real encoder: a
//! `Trace` is handed all that it computes, and later the gradients. (Vaswani et al. 2017, §3.1; Xiong et al. 2020.)

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use std::cell::RefCell;
use std::error::Error;

use etudiant::autograd::{Tape, Var};
use etudiant::nn::{Context, Trace};
use etudiant::tensor::{DType, Seed, Tensor};
use etudiant::transformer::{Batch, Config, NormPlacement, Pair, TokenBatch, Transformer, VocabSizes};

const WORDS: [&str; 3] = ["je", "suis", "étudiant"];
const N_LAYERS: usize = 8; // of the encoder whose gradients are compared

/// All that a model computes on the way, each value under its path.
#[derive(Default)]
struct Seen(RefCell<Vec<(String, Var)>>);

impl Trace for Seen {
    fn record(&self, path: &str, value: &Var) {
        value.retain_grad(); // where there is a tape, so that backward keeps this gradient too
        self.0.borrow_mut().push((path.to_string(), value.clone()));
    }
}

impl Seen {
    fn at(&self, path: &str) -> Var {
        let found = self.0.borrow().iter().find(|(name, _)| name == path).map(|(_, value)| value.clone());
        found.unwrap_or_else(|| panic!("nothing is called {path}"))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    one_sublayer()?;
    gradients_by_depth()?;
    println!(
        "Try:  NormPlacement::Pre in `one_sublayer`. It stops, for its equations no longer hold: which do?"
    );
    println!("Read: transformer/src/layers/residual.rs; nn/src/context.rs, how a trace gets its values;");
    println!("      then run the next lesson: cargo run --release --example e08_masks");
    Ok(())
}

fn one_sublayer() -> Result<(), Box<dyn Error>> {
    let config = Config::toy(VocabSizes::Separate { src: WORDS.len(), tgt: 6 }).with(|model| {
        (model.d_model, model.n_heads, model.d_ff) = (4, 1, 8);
        (model.n_encoder_layers, model.norm) = (1, NormPlacement::Post);
    });
    let (model, params) = Transformer::new(&config, Seed::new(3), DType::F64)?;
    let seen = Seen::default();
    let cx = Context::inference(&params).with_trace(&seen);
    model.encode(&cx, &TokenBatch::new(&[&[0, 1, 2][..]], 0))?;

    println!("What an encoder computes: the trace's paths and shapes\n");
    for (path, value) in seen.0.borrow().iter() {
        println!("  {path:40} {}", value.shape());
    }
    println!("\nThe first sublayer, self-attention\n");
    let layer = |name: &str| seen.at(&format!("encoder.layers.0.{name}")).value().squeeze(0); // [3, 4]
    let x = seen.at("encoder.embedded").value().squeeze(0); // [3, 4]
    let [of_attention, sum, normed] = ["self_attn.out", "residual1.out", "norm1.out"].map(layer);
    table("x", &x);
    table("Z, self_attn.out", &of_attention);
    table("x + Z, residual1.out", &sum);
    table("LayerNorm(x + Z), norm1.out", &normed);

    // By hand: each vector less its mean, divided by its deviation. (A gain and an offset are still to be learned.)
    let (mut by_hand, d_model) = (Vec::new(), x.dim(1));
    for vector in sum.to_f64_vec().chunks(d_model) {
        let mean = vector.iter().sum::<f64>() / d_model as f64;
        let variance = vector.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / d_model as f64;
        let deviation = (variance + config.architecture.norm_eps).sqrt();
        by_hand.extend(vector.iter().map(|number| (number - mean) / deviation));
    }
    let of_sum = difference(&sum, &(&x + &of_attention));
    let of_norm = difference(&normed, &Tensor::from_vec(by_hand, normed.shape()));
    println!("\n  largest difference to the same by hand: {of_sum:?} of the sum, {of_norm:?} of the norm");
    assert!(of_sum == 0.0 && of_norm < 1e-14);
    println!("  Each row now has mean 0 and deviation 1: the next sublayer sees words of one size.\n");
    Ok(())
}

/// How much of the gradient arrives at each layer of an untrained encoder, and what would without these connections.
fn gradients_by_depth() -> Result<(), Box<dyn Error>> {
    let (post, pre, alone) = (of_encoder(NormPlacement::Post)?, of_encoder(NormPlacement::Pre)?, of_chain());
    println!("The gradient at each of {N_LAYERS} layers, as a part of that at the top\n");
    println!("  layer    post-norm     pre-norm   nothing around");
    for layer in (0..N_LAYERS).rev() {
        println!("  {layer:5} {:12.2} {:12.2} {:16.5}", post[layer], pre[layer], alone[layer]);
    }
    println!("\n  A sum hands its gradient to both its parts whole: a straight way down to the words.");
    println!("  Where layers only replace what they are given, hardly anything comes to the lowest.\n");
    assert!(post[0] > 0.5 && pre[0] > 0.5 && 10.0 * alone[0] < post[0], "{post:?} {pre:?} {alone:?}");
    Ok(())
}

/// The sizes of the gradients of what each layer of an encoder gives.
fn of_encoder(norm: NormPlacement) -> Result<Vec<f64>, Box<dyn Error>> {
    let config = Config::toy(VocabSizes::Shared(8))
        .with(|model| (model.n_encoder_layers, model.n_decoder_layers, model.norm) = (N_LAYERS, 1, norm));
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F64)?;
    let pair = Pair { src: vec![3, 4, 5], tgt: vec![6, 7, 3, 2] };
    let (tape, seen) = (Tape::new(), Seen::default());
    let cx = Context::inference(&params).with_tape(&tape).with_trace(&seen);
    let loss = model.loss(&cx, &Batch::new([&pair], config.decoder_start, 0)?, 0.0)?.loss;
    Ok(sizes(&loss, (0..N_LAYERS).map(|layer| seen.at(&format!("encoder.layers.{layer}.out")))))
}

/// The same of feed-forward networks, one after the other and nothing around them.
fn of_chain() -> Vec<f64> {
    let (tape, d_model, d_ff) = (Tape::new(), 64, 256);
    let normal = |shape: [usize; 2], deviation, name| {
        tape.var(Tensor::normal(shape, 0.0, deviation, Seed::new(name), DType::F64))
    };
    let deviation = (2.0 / (d_model + d_ff) as f64).sqrt(); // Xavier's, as in the model
    let mut chain = vec![normal([3, d_model], 1.0, 0)];
    for layer in 0..N_LAYERS as u64 {
        let hidden = chain[chain.len() - 1].linear(&normal([d_ff, d_model], deviation, 2 * layer + 1), None);
        let out = hidden.relu().linear(&normal([d_model, d_ff], deviation, 2 * layer + 2), None); // [3, d_model]
        out.retain_grad();
        chain.push(out);
    }
    sizes(&chain[N_LAYERS].sum(.., false), chain.into_iter().skip(1))
}

/// How large the gradient of each is, as a part of the last one's.
fn sizes(loss: &Var, vars: impl Iterator<Item = Var>) -> Vec<f64> {
    let gradients = loss.backward();
    let gradient = |var| gradients.get(&var).expect("the loss depends on it");
    let sizes: Vec<f64> = vars.map(|var| gradient(var).powi(2).sum(.., false).item().sqrt()).collect();
    sizes.iter().map(|size| size / sizes[sizes.len() - 1]).collect()
}

fn difference(lhs: &Tensor, rhs: &Tensor) -> f64 {
    (lhs - rhs).powi(2).max(.., false).item().sqrt()
}

/// A row for each word.
fn table(name: &str, matrix: &Tensor) {
    println!("  {name}");
    for (row, word) in WORDS.iter().enumerate() {
        let cells = (0..matrix.dim(1)).map(|column| format!(" {:7.2}", matrix.at(&[row, column])));
        println!("  {word:>12}  {}", cells.collect::<String>());
    }
}
