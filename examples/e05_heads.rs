//! Lesson 5: several heads, and W^O, which makes one vector of theirs.
//!
//!     cargo run --release --example e05_heads
//!
//! One attention has one distribution over the words: what it gives to one it takes from another. So *The
//! Illustrated Transformer* gives the layer several heads, each with queries, keys and values of its own, and
//! puts what they find side by side through one more matrix. Here "it" asks two things at once: who am I, and
//! how? (Vaswani et al. 2017, §3.2.2: Concat(head_1, .., head_h) W^O.)

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use etudiant::autograd::Var;
use etudiant::tensor::Tensor;
use etudiant::tensor::ops::attention::AttentionSpec;

const WORDS: [&str; 4] = ["animal", "street", "tired", "it"];
const N_HEADS: usize = 2;
const D_HEAD: usize = 2;

// A vector of d_model = 4 numbers for each word, chosen so that they mean something: is it a thing, can it
// feel, is it a state, is it a pronoun?
const X: [[f64; 4]; 4] =
    [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.5, 0.0, 1.0]];
// The matrices of the first head: a pronoun looks for a thing that feels. Each is [d_model, d_head].
const W_QUERY_1: [[f64; 2]; 4] = [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [2.0, 3.0]];
const W_KEY_1: [[f64; 2]; 4] = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-1.0, -1.0]];
const W_VALUE_1: [[f64; 2]; 4] = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
// Those of the second: it looks for a state.
const W_QUERY_2: [[f64; 2]; 4] = [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 4.0]];
const W_KEY_2: [[f64; 2]; 4] = [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]];
const W_VALUE_2: [[f64; 2]; 4] = [[0.0, 0.5], [0.0, 0.0], [2.0, 0.0], [0.0, 0.0]];
// What becomes of both heads' results: [n_heads d_head, d_model].
const W_OUT: [[f64; 4]; 4] =
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.5], [0.0, -1.0, 0.0, 1.0]];

fn main() {
    let x = Tensor::from(X); // [4, 4]
    let w_out = Tensor::from(W_OUT); // [4, 4]
    let heads = [(W_QUERY_1, W_KEY_1, W_VALUE_1), (W_QUERY_2, W_KEY_2, W_VALUE_2)]
        .map(|(query, key, value)| [query, key, value].map(Tensor::from));

    println!("Each head by itself: how much the word on the left attends to each word\n");
    let found = heads.each_ref().map(|matrices| one_head(&x, matrices));
    for (number, (weights, z)) in (1..).zip(&found) {
        table(&format!("head {number}: weights"), &WORDS, &WORDS, weights);
        println!();
        table(&format!("head {number}: Z{number}"), &[], &WORDS, z);
        println!();
    }
    let it = WORDS.len() - 1;
    let most = found.each_ref().map(|(weights, _)| WORDS[weights.argmax(-1)[it] as usize]);
    println!("  \"it\" attends most to {:?} in the first head, to {:?} in the second.\n", most[0], most[1]);
    assert_eq!(most, ["animal", "tired"], "the heads look at different words");

    println!("Side by side, and through W^O: one vector of d_model numbers again\n");
    let [z1, z2] = found.each_ref().map(|(_, z)| z);
    let beside = Tensor::concatenate(&[z1, z2], -1); // [4, 4]
    let out = beside.matmul(&w_out); // [4, 4]
    table("Z1 | Z2", &["Z1", "", "Z2", ""], &WORDS, &beside);
    println!();
    table("(Z1 | Z2) W^O", &[], &WORDS, &out);
    println!("\n  The first rows of W^O are for the first head, the others for the second, and what they");
    println!("  make of their heads is added: Z1 W^O[..{D_HEAD}] + Z2 W^O[{D_HEAD}..]. So no head has a");
    println!("  part of the vector to itself; W^O says where its findings go.\n");
    let [of_head1, of_head2] = [0..D_HEAD, D_HEAD..2 * D_HEAD].map(|rows| w_out.slice(0, rows)); // [2, 4] each
    let added = z1.matmul(&of_head1).add(&z2.matmul(&of_head2));

    println!("As the model does it: one wide W^Q, in which the heads' matrices stand side by side\n");
    let wide = [0, 1, 2].map(|i| Tensor::concatenate(&[&heads[0][i], &heads[1][i]], -1)); // [4, 4] each
    table("W^Q", &["head 1", "", "head 2", ""], &["thing", "feels", "state", "pronoun"], &wide[0]);
    let [query, key, value] = wide.each_ref().map(|w| Var::constant(x.matmul(w).unsqueeze(0))); // [1, 4, 4]
    let scale = 1.0 / (D_HEAD as f64).sqrt();
    let spec = AttentionSpec { n_heads: N_HEADS, scale, mask: None, dropout: None };
    let fused = query.attention(&key, &value, &spec).value().squeeze(0).matmul(&w_out); // [4, 4]
    println!();
    for (what, other) in [("added head by head", &added), ("one call of Var::attention", &fused)] {
        let difference = largest_difference(&out, other);
        println!("  largest difference to {what:27} {difference:?}");
        assert!(difference < 1e-14, "{what}: {difference}");
    }
    println!("  They agree; what is left is rounding.\n");

    every_head_reads_all_of_x(&heads[0], &x);
    println!("Try:  give both heads the first one's matrices. What do the weights of \"it\" say then?");
    println!("      What could one head do to see both words? (Half of each: its weights sum to 1.)");
    println!("Read: transformer/src/layers/attention.rs, whose columns are these;");
    println!("      then run the next lesson: cargo run --release --example e06_positions");
}

/// Lesson 2 in three lines: the weights `[len, len]` and what is gathered by them, Z `[len, d_head]`.
fn one_head(x: &Tensor, [w_query, w_key, w_value]: &[Tensor; 3]) -> (Tensor, Tensor) {
    let (query, key, value) = (x.matmul(w_query), x.matmul(w_key), x.matmul(w_value)); // [len, d_head] each
    let scores = query.matmul(&key.transpose(0, 1)).mul_scalar(1.0 / (D_HEAD as f64).sqrt()); // [len, len]
    let weights = scores.softmax(-1);
    let z = weights.matmul(&value);
    (weights, z)
}

/// A head's vectors are short, but not because it is given a part of x.
fn every_head_reads_all_of_x(first_head: &[Tensor; 3], x: &Tensor) {
    println!("Is x cut into parts, the first {D_HEAD} numbers for the first head?\n");
    let mut changed = X;
    changed[WORDS.len() - 1][3] = 0.0; // what the last part holds of "it"
    let weights = [x, &Tensor::from(changed)].map(|x| one_head(x, first_head).0.slice(0, 3..4)); // [1, 4] each
    for (when, weights) in ["as it is", "with the last number 0"].iter().zip(&weights) {
        let cells = weights.to_f64_vec().iter().map(|weight| format!(" {weight:7.2}")).collect::<String>();
        println!("  head 1, \"it\" {when:22} {cells}");
    }
    assert!(largest_difference(&weights[0], &weights[1]) > 0.1, "the first head reads the last number");
    println!("\n  No: the first head reads the last number too. Cut are the columns of the wide matrix.\n");
}

fn largest_difference(lhs: &Tensor, rhs: &Tensor) -> f64 {
    (lhs - rhs).powi(2).max(.., false).item().sqrt()
}

/// A matrix with a name before each row.
fn table(name: &str, columns: &[&str], rows: &[&str], matrix: &Tensor) {
    let columns: String = columns.iter().map(|column| format!(" {column:>7}")).collect();
    println!("{}", format!("  {name:18}{columns}").trim_end());
    for (row, word) in rows.iter().enumerate() {
        let cells = (0..matrix.dim(1)).map(|column| format!(" {:7.2}", matrix.at(&[row, column])));
        println!("  {word:>16}  {}", cells.collect::<String>());
    }
}
