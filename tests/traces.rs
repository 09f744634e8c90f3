//! A trace sees what the model computes, under names by which its parameters are known too.

use std::cell::RefCell;
use std::collections::BTreeSet;

use autograd::Var;
use nn::{Context, Params, Trace};
use tensor::{DType, Tensor};
use transformer::{Batch, Config, NormPlacement, Transformer};

use crate::common::{VOCAB_SIZE, batch, pairs, random_model, small};

mod gradients;

/// All that was traced.
#[derive(Default)]
struct Seen(RefCell<Vec<(String, Var)>>);

impl Trace for Seen {
    fn record(&self, path: &str, value: &Var) {
        value.retain_grad();
        self.0.borrow_mut().push((path.to_string(), value.clone()));
    }
}

impl Seen {
    fn paths(&self) -> Vec<String> {
        self.0.borrow().iter().map(|(path, _)| path.clone()).collect()
    }

    #[track_caller]
    fn at(&self, path: &str) -> Var {
        let seen = self.0.borrow();
        let found: Vec<&Var> = seen.iter().filter(|(name, _)| name == path).map(|(_, value)| value).collect();
        let [value] = found[..] else { panic!("{} values are called {path}", found.len()) };
        value.clone()
    }

    #[track_caller]
    fn value(&self, path: &str) -> Tensor {
        self.at(path).into_value()
    }
}

fn model(norm: NormPlacement) -> (Config, Transformer, Params, Batch) {
    let config = small().with(|model| {
        (model.n_encoder_layers, model.n_decoder_layers, model.norm) = (1, 1, norm);
    });
    let (model, params) = random_model(&config, 1, DType::F64);
    let batch = batch(&config, &pairs(&[(3, 4), (5, 2)], VOCAB_SIZE, 1));
    (config, model, params, batch)
}

const PLACEMENTS: [NormPlacement; 3] = [NormPlacement::Post, NormPlacement::PostFinal, NormPlacement::Pre];

fn forward(norm: NormPlacement) -> (Seen, Params) {
    let (_, model, params, batch) = model(norm);
    let seen = Seen::default();
    model.forward(&Context::inference(&params).with_trace(&seen), &batch).unwrap();
    (seen, params)
}

#[test]
fn everything_is_seen_once_and_in_order() {
    let attention = |name: &str| {
        ["query", "key", "value", "scores", "scaled_scores", "masked_scores", "weights", "context", "out"]
            .map(|of| format!("{name}.{of}"))
    };
    let feed_forward = ["pre_activation", "hidden"].map(String::from);
    let around = |number: usize, sublayer: Vec<String>, norm: NormPlacement| -> Vec<String> {
        let (sum, normed) = (vec![format!("residual{number}.out")], vec![format!("norm{number}.out")]);
        match norm {
            NormPlacement::Pre => [normed, sublayer, sum].concat(),
            NormPlacement::Post | NormPlacement::PostFinal => [sublayer, sum, normed].concat(),
        }
    };
    for norm in PLACEMENTS {
        let mut expected = Vec::new();
        for (stack, attentions) in
            [("encoder", &["self_attn"][..]), ("decoder", &["self_attn", "cross_attn"])]
        {
            expected.extend(["tokens", "positions", "embedded"].map(|name| format!("{stack}.{name}")));
            let sublayers =
                attentions.iter().map(|name| attention(name).to_vec()).chain([feed_forward.to_vec()]);
            let layer = (1..).zip(sublayers).flat_map(|(number, sublayer)| around(number, sublayer, norm));
            expected.extend(layer.chain(["out".into()]).map(|name| format!("{stack}.layers.0.{name}")));
            expected.extend(norm.has_final_norm().then(|| format!("{stack}.norm.out")));
        }
        expected.extend(["hidden", "logits"].map(String::from));
        assert_eq!(forward(norm).0.paths(), expected, "{norm:?}");
    }
}

#[test]
fn what_a_path_names_is_called_as_its_parameters() {
    let (seen, params) = forward(NormPlacement::Pre);
    let names: Vec<&str> = params.iter().map(|(_, name, _)| name).collect();
    let modules: BTreeSet<String> =
        seen.paths().iter().filter_map(|path| Some(format!("{}.", path.rsplit_once('.')?.0))).collect();
    for module in modules.iter().filter(|module| !module.contains("residual")) {
        assert!(
            names.iter().any(|name| name.starts_with(module.as_str())),
            "no parameter begins with {module}"
        );
    }
    assert!(modules.contains("encoder.layers.0.norm1.") && modules.contains("decoder.norm."));
}

/// `x`, its sublayer and its norm, as the equations of `residual.rs` have them; of every sublayer.
#[test]
fn sums_and_norms_are_what_the_equations_say() {
    let sublayers = [("encoder", 1, "self_attn"), ("decoder", 1, "self_attn"), ("decoder", 2, "cross_attn")];
    for norm in PLACEMENTS {
        let seen = forward(norm).0;
        for (stack, number, sublayer) in sublayers {
            let of = |name: String| seen.value(&format!("{stack}.layers.0.{name}"));
            let (sum, normed) = (of(format!("residual{number}.out")), of(format!("norm{number}.out")));
            let before = match (number, norm) {
                (1, _) => seen.value(&format!("{stack}.embedded")),
                (_, NormPlacement::Pre) => of(format!("residual{}.out", number - 1)),
                _ => of(format!("norm{}.out", number - 1)),
            };
            assert_eq!(sum, before.add(&of(format!("{sublayer}.out"))), "{norm:?} {stack} {number}");
            let unlike = if norm == NormPlacement::Pre { before } else { sum };
            assert_ne!(normed, unlike, "a norm does something");
        }
        for (stack, last) in [("encoder", 2), ("decoder", 3)] {
            let name = if norm == NormPlacement::Pre { "residual" } else { "norm" };
            let out = seen.value(&format!("{stack}.layers.0.out"));
            assert_eq!(out, seen.value(&format!("{stack}.layers.0.{name}{last}.out")), "{norm:?}");
        }
        let top = if norm.has_final_norm() { "decoder.norm.out" } else { "decoder.layers.0.out" };
        assert_eq!(seen.value(top), seen.value("hidden"), "{norm:?}");
    }
}
