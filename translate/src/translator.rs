//! A translator: model, parameters and text as one value. What it can be asked stands where it is answered:
//! [`model_file`](crate::model_file), [`request`](crate::request), [`score`](mod@crate::score),
//! [`align`](crate::align).

use std::sync::{Arc, OnceLock};

use nn::Params;
use serde::{Deserialize, Deserializer, Serialize};
use tensor::{DType, Packing};
use text::TextModel;
use text::special::{BOS_ID, EOS_ID};
use transformer::{Config, DecoderStart, TieEmbeddings, Transformer};

use crate::encode::Source;
use crate::error::Error;
use crate::settings::SearchSettings;

/// Model, parameters and text bound together: lines in, translations out.
///
/// It is `Send + Sync`, and as many threads as the machine has cores share one without waiting for each other. A clone shares everything that is large.
#[derive(Clone, Debug)]
pub struct Translator {
    model: Transformer,
    params: Params,
    /// How they are packed, and the same [so packed](Params::prepacked) when they are first asked to translate.
    packing: Packing,
    packed: Arc<OnceLock<Params>>,
    text: Arc<TextModel>,
    about: About,
}

/// Where a translator comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// How it was trained, in the words of whoever trained it: kept, and not understood here.
    pub recipe: String,
    /// How it translates unless told otherwise; [`SearchSettings::default`] if nobody said.
    pub search: Option<SearchSettings>,
    /// The step after which it was saved; of an average, the last of them.
    pub step: u64,
    /// The steps whose parameters it is the mean of; empty if it is no average.
    pub averaged: Vec<u64>,
    /// Its validations so far, the oldest first.
    pub history: Vec<Validated>,
}

/// What one validation found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    /// After which step.
    pub step: u64,
    /// The unsmoothed negative log-likelihood per token; NaN if it was not finite.
    #[serde(deserialize_with = "number_or_nan")]
    pub nll: f64,
    /// BLEU of greedy translations, if they were made.
    pub bleu: Option<f64>,
}

impl Validated {
    /// exp(nll).
    pub fn perplexity(&self) -> f64 {
        self.nll.exp()
    }
}

/// JSON has no NaN and no infinity: they are written as null.
fn number_or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl Translator {
    /// These parts as one.
    ///
    /// # Errors
    /// [`Error::Unfit`] if the model does not speak the tokens of the text, or the parameters are not f32;
    /// [`Error::Checkpoint`] if they are of another model.
    pub fn new(
        model: Transformer,
        params: Params,
        text: impl Into<Arc<TextModel>>,
        about: About,
    ) -> Result<Translator, Error> {
        let text = text.into();
        check_vocabulary(model.config(), &text).map_err(Error::Unfit)?;
        model.check_params(&params)?;
        if params.dtype() != DType::F32 {
            let dtype = params.dtype();
            return Err(Error::Unfit(format!(
                "a translator's parameters are f32, these {dtype}; see Params::to_dtype"
            )));
        }
        Ok(Translator { model, params, packing: Packing::F32, packed: Arc::default(), text, about })
    }

    /// A line as the model reads it.
    pub fn encode(&self, line: &str) -> Source {
        Source::encode(&self.text, self.model.config().architecture.max_len, line)
    }

    /// How it translates unless told otherwise.
    pub fn search(&self) -> SearchSettings {
        self.about.search.clone().unwrap_or_default()
    }

    /// The model.
    pub fn model(&self) -> &Transformer {
        &self.model
    }

    /// Its parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The same, for products of few rows.
    pub(crate) fn packed(&self) -> &Params {
        if self.packed.get().is_none() {
            // Not under the lock: a worker that waits for its helpers may take up another translation, and come here too.
            self.packed.set(self.params.prepacked(self.packing)).ok();
        }
        self.packed.get().unwrap_or(&self.params)
    }

    /// From text to ids and back.
    pub fn text(&self) -> &TextModel {
        &self.text
    }

    /// Where it comes from.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// How weights are kept while it translates, and in the file that [`Translator::save`] writes.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// The same, translating with weights that are kept so: smaller ones are read sooner, and rounded. Scores of
    /// [given translations](Translator::score) and alignments are still those of the parameters as they are.
    #[must_use]
    pub fn with_packing(self, packing: Packing) -> Translator {
        Translator { packing, packed: Arc::default(), ..self }
    }

    /// The same with other words about it.
    #[must_use]
    pub fn with_about(self, about: About) -> Translator {
        Translator { about, ..self }
    }

    /// The parts again.
    pub fn into_parts(self) -> (Transformer, Params, Arc<TextModel>, About) {
        (self.model, self.params, self.text, self.about)
    }
}

/// Whether a model of this configuration speaks the tokens of this text; if not, a sentence that says why.
pub(crate) fn check_vocabulary(config: &Config, text: &TextModel) -> Result<(), String> {
    let asked = (config.src_vocab_size, config.tgt_vocab_size);
    let found = (text.src_vocab_size(), text.tgt_vocab_size());
    if asked != found {
        return Err(format!(
            "its configuration asks for {} source and {} target tokens, but its vocabulary has {} and {}",
            asked.0, asked.1, found.0, found.1
        ));
    }
    if config.architecture.tie_embeddings == TieEmbeddings::ThreeWay && !text.is_joint() {
        return Err(
            "its configuration ties all embeddings, but its two sides have vocabularies of their own".into(),
        );
    }
    match config.decoder_start {
        DecoderStart::Token(id) if id != BOS_ID => {
            Err(format!("its decoder starts from token {id}, but `<bos>` of its vocabulary is {BOS_ID}"))
        }
        _ if config.eos_id != EOS_ID => {
            let eos_id = config.eos_id;
            Err(format!("its sentences end with token {eos_id}, but `<eos>` of its vocabulary is {EOS_ID}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::translator;
    use tensor::Seed;

    #[test]
    fn threads_may_share_it() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(&translator(1.0, 3));
    }

    #[test]
    fn parts_that_do_not_fit_are_no_translator() {
        let (model, params, text, about) = translator(1.0, 3).into_parts();
        let config = model.config().clone().with(|model| model.n_heads = 4);
        let other = Transformer::new(&config, Seed::new(1), DType::F32).unwrap().0;
        let problem = Translator::new(other, params.clone(), Arc::clone(&text), about.clone()).unwrap_err();
        assert!(problem.to_string().ends_with("of another model: n_heads 2 instead of 4"), "{problem}");
        let refused = |change: fn(&mut Config)| {
            let mut config = model.config().clone();
            change(&mut config);
            check_vocabulary(&config, &text).unwrap_err()
        };
        assert!(refused(|config| config.eos_id = 4).starts_with("its sentences end with token 4, but"));
        assert!(
            refused(|config| config.decoder_start = DecoderStart::Token(4)).contains("starts from token 4")
        );
        let wide = params.to_dtype(DType::F64);
        let problem = Translator::new(model.clone(), wide, Arc::clone(&text), about.clone()).unwrap_err();
        assert!(problem.to_string().starts_with("a translator's parameters are f32, these f64"), "{problem}");
        let pairs = [("un deux trois quatre", "one")];
        let other = TextModel::learn(text.settings(), pairs.into_iter()).unwrap();
        let problem = Translator::new(model, params, other, about).unwrap_err().to_string();
        assert!(
            problem.starts_with("its configuration asks for 13 source and 13 target tokens"),
            "{problem}"
        );
    }
}
