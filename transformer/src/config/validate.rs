//! Whether a [`Config`] describes a model, checked before anything is allocated.

use super::{Architecture, Config, DecoderStart, TieEmbeddings};
use crate::config::Positions;
use crate::error::Error;

impl Config {
    /// Whether these numbers describe a model.
    ///
    /// # Errors
    /// [`Error::Config`] that names the first option that does not fit, and what would.
    pub fn validate(&self) -> Result<(), Error> {
        self.check_sizes()?;
        self.check_options()
    }

    fn check_sizes(&self) -> Result<(), Error> {
        let model = &self.architecture;
        let sizes = [
            ("src_vocab_size", self.src_vocab_size),
            ("tgt_vocab_size", self.tgt_vocab_size),
            ("d_model", model.d_model),
            ("n_heads", model.n_heads),
            ("d_ff", model.d_ff),
            ("n_encoder_layers", model.n_encoder_layers),
            ("n_decoder_layers", model.n_decoder_layers),
            ("max_len", model.max_len),
        ];
        for (name, size) in sizes {
            // u32::MAX itself marks labels that do not count, so ids stop below it.
            require(size > 0, || format!("{name} is 0; it must be at least 1"))?;
            require(size <= u32::MAX as usize, || {
                format!("{name} is {size}; it must be at most {}", u32::MAX)
            })?;
        }
        let Architecture { d_model, n_heads, d_ff, .. } = *model;
        require(d_model.is_multiple_of(n_heads), || {
            format!("n_heads {n_heads} does not divide d_model {d_model}; a head is d_model / n_heads wide")
        })?;
        let pairs = matches!(model.positions, Positions::Sinusoidal | Positions::SinusoidalConcatenated);
        require(d_model.is_multiple_of(2) || !pairs, || {
            format!("d_model {d_model} is odd; sinusoids need an even one, learned positions do not")
        })?;
        require(self.n_parameters() <= isize::MAX as usize / size_of::<f64>(), || {
            format!("a model of these sizes exceeds any memory; d_model is {d_model}, d_ff {d_ff}")
        })
    }

    fn check_options(&self) -> Result<(), Error> {
        let model = &self.architecture;
        for (name, share) in [("dropout", model.dropout), ("attention_dropout", model.attention_dropout)] {
            require((0.0..1.0).contains(&share), || {
                format!("{name} is {share}; it must be at least 0 and below 1")
            })?;
        }
        require(model.norm_eps > 0.0 && model.norm_eps.is_finite(), || {
            format!("norm_eps is {}; it must be positive, for example 1e-5", model.norm_eps)
        })?;
        let (src, tgt) = (self.src_vocab_size, self.tgt_vocab_size);
        require(model.tie_embeddings != TieEmbeddings::Auto, || {
            "tie_embeddings is Auto; Config::new replaces it by what the vocabularies allow".into()
        })?;
        require(model.tie_embeddings != TieEmbeddings::ThreeWay || src == tgt, || {
            format!(
                "ThreeWay ties need one shared vocabulary, but the source has {src} words, the target {tgt}"
            )
        })?;
        require((self.eos_id as usize) < tgt, || {
            format!("eos_id {} is not below tgt_vocab_size {tgt}", self.eos_id)
        })?;
        match self.decoder_start {
            DecoderStart::Token(id) => require((id as usize) < tgt, || {
                format!("the decoder's start token {id} is not below tgt_vocab_size {tgt}")
            }),
            DecoderStart::ZeroVector => Ok(()),
        }
    }
}

fn require(holds: bool, problem: impl FnOnce() -> String) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Config(problem())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::VocabSizes;

    const SHARED: VocabSizes = VocabSizes::Shared(37_000);

    #[track_caller]
    fn assert_problem(config: Config, expected: &str) {
        let problem = config.validate().unwrap_err().to_string();
        assert!(problem.starts_with("configuration: ") && problem.contains(expected), "{problem}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let base = || Config::base(SHARED);
        assert_problem(base().with(|model| model.n_heads = 7), "n_heads 7 does not divide d_model 512");
        assert_problem(base().with(|model| model.d_ff = 0), "d_ff is 0; it must be at least 1");
        assert_problem(Config { tgt_vocab_size: usize::MAX, ..base() }, "tgt_vocab_size is ");
        assert_problem(
            base().with(|model| {
                model.d_model = 9;
                model.n_heads = 3;
            }),
            "d_model 9 is odd",
        );
        assert_problem(
            base().with(|model| model.dropout = 1.0),
            "dropout is 1; it must be at least 0 and below 1",
        );
        assert_problem(base().with(|model| model.attention_dropout = f64::NAN), "attention_dropout is NaN");
        assert_problem(base().with(|model| model.norm_eps = 0.0), "norm_eps is 0");
        assert_problem(Config { src_vocab_size: 5, ..base() }, "the source has 5 words, the target 37000");
        assert_problem(Config { eos_id: 37_000, ..base() }, "eos_id 37000 is not below tgt_vocab_size 37000");
        let decoder_start = DecoderStart::Token(40_000);
        assert_problem(Config { decoder_start, ..base() }, "start token 40000 is not below");
        let odd = base().with(|model| {
            model.d_model = 9;
            model.n_heads = 3;
            model.positions = Positions::Learned;
        });
        odd.validate().unwrap();
    }

    #[test]
    fn sizes_whose_product_overflows_are_refused() {
        let huge = u32::MAX as usize;
        let positions = Positions::Learned;
        let config = Config::base(SHARED).with(|model| {
            model.d_model = huge;
            model.d_ff = huge;
            model.n_heads = 1;
            model.positions = positions;
        });
        assert_eq!(config.n_parameters(), usize::MAX);
        assert_problem(config, "exceeds any memory");
    }
}
