//! What is shown: a sentence that goes through the model.

use std::sync::Arc;

use illustrated::record::{Recorder, Words};
use illustrated::recording::About;
use nn::Params;
use text::TextModel;
use text::special::PAD_ID;
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::{Pair, Transformer};
use translate::encode::{Source, pair};

use crate::error::Error;
use crate::settings::{Settings, sentence};

/// The sentence whose way through the model is shown.
pub(crate) struct Shown {
    pub line: String,
    reference: Option<String>,
    pub src: Vec<u32>,
    /// Of a sentence without reference, the target is what the model makes of it at that moment.
    target: Option<Pair>,
}

impl Shown {
    /// That line, with its translation if it is one of the pairs, or held out.
    pub fn of(
        settings: &Settings,
        text: &TextModel,
        model: &Transformer,
        line: &str,
    ) -> Result<Shown, Error> {
        let architecture = &model.config().architecture;
        sentence(text.encode_src(line).ids.len(), "the sentence")?;
        let source = Source::encode(text, architecture.max_len, line);
        let mut known = settings.pairs.iter().chain(&settings.held_out);
        let reference = known.find(|(src, _)| src.trim() == line.trim()).map(|(_, tgt)| tgt.clone());
        let encoded = |tgt: &String| pair(architecture, &source, text.encode_tgt(tgt).ids);
        let target = reference.as_ref().map(encoded).transpose()?;
        Ok(Shown { line: line.trim().to_owned(), reference, src: source.ids, target })
    }

    /// A recorder in which nothing has happened yet.
    pub fn recorder(
        &self,
        settings: &Settings,
        text: &Arc<TextModel>,
        model: &Transformer,
        params: &Params,
    ) -> Recorder<'static> {
        let about = About {
            recipe: settings.to_json(),
            seed: Some(settings.seed),
            sentence: self.line.clone(),
            reference: self.reference.clone(),
            smoothing: settings.smoothing,
            ..About::default()
        };
        Recorder::new(model, params, Words::of(Arc::clone(text)), about)
    }

    /// The pair that goes through the model: what should be said, or what is said.
    pub fn pair(&self, model: &Transformer, params: &Params) -> Result<Pair, Error> {
        if let Some(target) = &self.target {
            return Ok(target.clone());
        }
        let tgt = said(model, params, std::slice::from_ref(&self.src))?.remove(0);
        Ok(Pair { src: self.src.clone(), tgt })
    }
}

/// How is searched, with so many hypotheses: as the command does, never for padding.
pub(crate) fn options(beam_size: usize) -> BeamOptions {
    BeamOptions { beam_size, top_beams: beam_size.min(3), never: vec![PAD_ID], ..BeamOptions::default() }
}

/// What a model makes of sources, greedily.
///
/// # Errors
/// [`Error::Model`] if numbers are not finite.
pub(crate) fn said(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
) -> Result<Vec<Vec<u32>>, Error> {
    let found = beam_search(model, params, sources, &options(1))?;
    Ok(found.into_iter().map(|mut best| best.remove(0).ids).collect())
}
