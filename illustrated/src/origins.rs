//! Where every number comes from: for each path of a recording, the rule by which its numbers are made, and the paths of
//! the numbers that they are made of.
//!
//! The rules say elements, not code: with row i and column c of a path, [`Origin`] says which numbers are multiplied and
//! added. A page that knows them can show any number of a recording as a sum, open each of its terms, and go back from
//! the loss through all that a number takes part in. The tests hold every rule to what models of every architecture
//! really compute, element by element.
//!
//! ```
//! use illustrated::origins::{Origin, origins};
//! use illustrated::recording::About;
//!
//! let origins = origins(&About::default());
//! let Origin::Softmax { x } = &origins["encoder.layers.0.self_attn.weights"] else { panic!("weights sum to one") };
//! assert_eq!(x, "encoder.layers.0.self_attn.masked_scores");
//! ```
//!
//! Some paths with a rule are never traced: `linear2.out`, which enters a residual sum at once. Their numbers follow from
//! the rule.

mod origin;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use transformer::{Activation, Architecture, NormPlacement, Positions};

use crate::recording::About;

pub use origin::Origin;

/// The origin of every path of a model.
pub fn origins(about: &About) -> BTreeMap<String, Origin> {
    let parameters = about.parameters.iter().map(|parameter| (parameter.name.clone(), Origin::Parameter));
    let mut writer = Writer { about, origins: parameters.collect() };
    let memory = writer.stack("encoder", about.architecture.n_encoder_layers, None);
    let hidden = writer.stack("decoder", about.architecture.n_decoder_layers, Some(&memory));
    writer.add("hidden".into(), Origin::Same { x: hidden });
    writer.outputs();
    writer.origins
}

/// Writes origins down in the order of the model. What has a path gives it back.
struct Writer<'a> {
    about: &'a About,
    origins: BTreeMap<String, Origin>,
}

impl Writer<'_> {
    fn architecture(&self) -> &Architecture {
        &self.about.architecture
    }

    fn add(&mut self, path: String, origin: Origin) -> String {
        self.origins.insert(path.clone(), origin);
        path
    }

    /// Adds what a norm reads or gives, with the mean and the variance of its rows.
    fn add_with_moments(&mut self, path: String, origin: Origin) -> String {
        let x = self.add(path, origin);
        self.add(format!("{x}.mean"), Origin::Mean { x: x.clone() });
        self.add(format!("{x}.variance"), Origin::Variance { x: x.clone() });
        x
    }

    /// The parameter of that name, if the model has it.
    fn parameter(&self, name: String) -> Option<String> {
        self.origins.contains_key(&name).then_some(name)
    }

    fn stack(&mut self, stack: &str, n_layers: usize, memory: Option<&str>) -> String {
        let mut x = self.embed(stack);
        for layer in 0..n_layers {
            let scope = format!("{stack}.layers.{layer}");
            let out = self.layer(&scope, x, memory);
            x = self.add_with_moments(format!("{scope}.out"), Origin::Same { x: out });
        }
        if !self.architecture().norm.has_final_norm() {
            return x;
        }
        self.norm(&format!("{stack}.norm"), x)
    }

    fn embed(&mut self, stack: &str) -> String {
        let (own, shared) = (format!("{stack}.embedding.weight"), "embedding.weight".to_owned());
        let tokens = Origin::Embedding {
            table: self.parameter(shared).unwrap_or(own),
            words: if stack == "encoder" { "src" } else { "tgt_in" },
            scale: (self.architecture().d_model as f64).sqrt(),
        };
        let positions = match self.architecture().positions {
            Positions::Sinusoidal => Origin::Sinusoid { halves: false },
            Positions::SinusoidalConcatenated => Origin::Sinusoid { halves: true },
            Positions::Learned => Origin::Rows { table: format!("{stack}.positions.weight") },
            Positions::None => Origin::Zeros,
        };
        let a = self.add(format!("{stack}.tokens"), tokens);
        let b = self.add(format!("{stack}.positions"), positions);
        self.add_with_moments(format!("{stack}.embedded"), Origin::Sum { a, b })
    }

    fn layer(&mut self, scope: &str, x: String, memory: Option<&str>) -> String {
        let causal = memory.is_some() && self.architecture().causal_mask;
        let mut x = self
            .residual(scope, 1, x, |writer, x| writer.attention(&format!("{scope}.self_attn"), x, x, causal));
        if let Some(memory) = memory {
            x = self.residual(scope, 2, x, |writer, x| {
                writer.attention(&format!("{scope}.cross_attn"), x, memory, false)
            });
        }
        let last = if memory.is_some() { 3 } else { 2 };
        self.residual(scope, last, x, |writer, x| writer.feed_forward(scope, x))
    }

    fn residual(
        &mut self,
        scope: &str,
        number: usize,
        x: String,
        sublayer: impl FnOnce(&mut Self, &str) -> String,
    ) -> String {
        let (norm, sum) = (format!("{scope}.norm{number}"), format!("{scope}.residual{number}.out"));
        if self.architecture().norm == NormPlacement::Pre {
            let normed = self.norm(&norm, x.clone());
            let b = sublayer(self, &normed);
            return self.add_with_moments(sum, Origin::Sum { a: x, b });
        }
        let b = sublayer(self, &x);
        let sum = self.add_with_moments(sum, Origin::Sum { a: x, b });
        self.norm(&norm, sum)
    }

    fn norm(&mut self, scope: &str, x: String) -> String {
        let (gamma, beta) = (format!("{scope}.weight"), format!("{scope}.bias"));
        let eps = self.architecture().norm_eps;
        self.add_with_moments(format!("{scope}.out"), Origin::Norm { x, gamma, beta, eps })
    }

    fn linear(&mut self, path: String, x: &str, scope: &str) -> String {
        let bias = self.parameter(format!("{scope}.bias"));
        self.add(path, Origin::Linear { x: x.into(), weight: format!("{scope}.weight"), bias })
    }

    fn attention(&mut self, scope: &str, x: &str, memory: &str, causal: bool) -> String {
        let n_heads = self.architecture().n_heads;
        let d_head = self.architecture().d_model / n_heads;
        let factor = if self.architecture().scale_scores { (d_head as f64).sqrt().recip() } else { 1.0 };
        let at = |name: &str| format!("{scope}.{name}");
        let query = self.linear(at("query"), x, &at("q_proj"));
        let key = self.linear(at("key"), memory, &at("k_proj"));
        let value = self.linear(at("value"), memory, &at("v_proj"));
        let x = self.add(at("scores"), Origin::Scores { query, key, n_heads });
        let x = self.add(at("scaled_scores"), Origin::Scaled { x, factor });
        if scope == "encoder.layers.0.self_attn" {
            let x = self.add(at("padded.masked_scores"), Origin::Padded { x: x.clone() });
            self.add(at("padded.weights"), Origin::Softmax { x });
        }
        let x = self.add(at("masked_scores"), Origin::Masked { x, causal });
        let weights = self.add(at("weights"), Origin::Softmax { x });
        let weighted = Origin::Weighted { weights: weights.clone(), value: value.clone(), n_heads };
        self.add(at("weighted_values"), weighted);
        let context = self.add(at("context"), Origin::Mix { weights, value, n_heads });
        self.linear(at("out"), &context, &at("out_proj"))
    }

    fn feed_forward(&mut self, scope: &str, x: &str) -> String {
        let x = self.linear(format!("{scope}.pre_activation"), x, &format!("{scope}.linear1"));
        let activation = match self.architecture().activation {
            Activation::Relu => Origin::Relu { x },
            Activation::Gelu => Origin::Gelu { x },
        };
        let hidden = self.add(format!("{scope}.hidden"), activation);
        self.linear(format!("{scope}.linear2.out"), &hidden, &format!("{scope}.linear2"))
    }

    /// What the recording has as outputs: paths that begin so are arrays `[tgt_len, words listed]`.
    fn outputs(&mut self) {
        let tables = ["projection.weight", "embedding.weight", "decoder.embedding.weight"];
        let table = tables.into_iter().find(|table| self.origins.contains_key(*table)).unwrap_or(tables[0]);
        let bias = self.parameter("projection.bias".into());
        let logits = Origin::Logits { x: "hidden".into(), weight: table.into(), bias };
        let x = self.add("outputs.logit".into(), logits);
        let x = self.add("outputs.log_prob".into(), Origin::LogSoftmax { x });
        self.add("outputs.probability".into(), Origin::Exp { x });
        let (smoothing, vocab_size) = (self.about.smoothing, self.about.tgt_vocab_size);
        self.add("outputs.target".into(), Origin::Label { smoothing, vocab_size });
        self.add("outputs.label".into(), Origin::Label { smoothing: 0.0, vocab_size });
    }
}
