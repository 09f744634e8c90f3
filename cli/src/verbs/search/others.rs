//! Other models that have a say, and the choice among several translations.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use transformer::search::beam::MAX_BEAM_SIZE;
use translate::{Choice, Request, SearchSettings, Translator};

use crate::error::Error;
use crate::model::open_translator;
use crate::verbs::common::{SearchArgs, up_to};

/// Which of several translations is the best, and who says so.
#[derive(Args)]
#[command(next_help_heading = "Other models, and the choice among translations")]
pub struct OtherModelArgs {
    /// Translate by the mean of this model's probabilities and the first's, which has the same vocabulary; may be given again
    #[arg(long, value_name = "FILE")]
    ensemble: Vec<PathBuf>,
    /// Choose the translation that is most like all others, by chrF (minimum-Bayes-risk decoding)
    #[arg(long)]
    mbr: bool,
    /// Choose the translation that this model finds likely too
    #[arg(long, value_name = "FILE", conflicts_with = "mbr")]
    rerank: Option<PathBuf>,
    /// How much the mean log-probability of a token by the other model counts beside the score [default: 1]
    #[arg(long, value_name = "W", requires = "rerank", allow_negative_numbers = true, value_parser = weight)]
    rerank_weight: Option<f64>,
    /// The other model says the words of translations in reverse
    #[arg(long, requires = "rerank")]
    rerank_right_to_left: bool,
    /// Choose among N translations of each line [default: as many as the beam is wide; of draws, 32]
    #[arg(long, value_name = "N", value_parser = up_to(1, MAX_BEAM_SIZE))]
    candidates: Option<usize>,
}

/// What a weight may be.
fn weight(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|weight: &f64| weight.is_finite()).ok_or("give a number".into())
}

/// The other models, read.
pub struct Others {
    ensemble: Vec<Translator>,
    rerank: Option<Translator>,
}

impl OtherModelArgs {
    /// Reads the models.
    ///
    /// # Errors
    /// [`Error::Input`] if one cannot be read, or `--candidates` are not chosen among.
    pub fn open(&self, search: &SearchArgs) -> Result<Others, Error> {
        if self.candidates.is_some() && !self.mbr && self.rerank.is_none() {
            return Err(Error::Input(
                "--candidates are chosen among by --mbr or --rerank; add one of them".into(),
            ));
        }
        let open = |path: &Path| Ok::<_, Error>(search.packed(open_translator(path)?));
        Ok(Others {
            ensemble: self.ensemble.iter().map(|path| open(path)).collect::<Result<_, _>>()?,
            rerank: self.rerank.as_deref().map(open_translator).transpose()?,
        })
    }

    /// The request, with what is asked for here.
    pub fn on<'t>(&self, request: Request<'t>, others: &'t Others) -> Request<'t> {
        let choice = match &others.rerank {
            Some(with) => {
                Choice::Agreement { with, weight: self.weight(), right_to_left: self.rerank_right_to_left }
            }
            None if self.mbr => Choice::Consensus,
            None => Choice::Score,
        };
        let request = request.ensemble(&others.ensemble.iter().collect::<Vec<_>>()).choose_by(choice);
        match self.candidates {
            Some(candidates) => request.candidates(candidates),
            None => request,
        }
    }

    fn ensemble_names(&self) -> Vec<String> {
        self.ensemble.iter().map(|path| path.display().to_string()).collect()
    }

    fn weight(&self) -> f64 {
        self.rerank_weight.unwrap_or(1.0)
    }

    /// For people, who has a say beside the model: `ensemble with b.safetensors; mbr among 4`.
    pub fn in_words(&self, settings: &SearchSettings) -> Option<String> {
        let ensemble = self.ensemble_names().join(", ");
        let ensemble = (!ensemble.is_empty()).then(|| format!("ensemble with {ensemble}"));
        let among = self.candidates.unwrap_or(settings.beam);
        let choice = match &self.rerank {
            Some(path) => {
                let direction = if self.rerank_right_to_left { ", right to left" } else { "" };
                let (path, weight) = (path.display(), self.weight());
                Some(format!("rerank {path}, weight {weight}{direction}, among {among}"))
            }
            None => self.mbr.then(|| format!("mbr among {among}")),
        };
        let parts: Vec<String> = ensemble.into_iter().chain(choice).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// For programs, the ensemble's other models, and what the best translation was chosen by.
    pub fn to_json(&self, settings: &SearchSettings) -> (Value, Value) {
        let candidates = self.candidates.unwrap_or(settings.beam);
        let choice = match &self.rerank {
            Some(model) => json!({
                "by": "rerank",
                "model": model.display().to_string(),
                "weight": self.weight(),
                "right_to_left": self.rerank_right_to_left,
                "candidates": candidates,
            }),
            None if self.mbr => json!({ "by": "mbr", "candidates": candidates }),
            None => json!({ "by": "score" }),
        };
        (json!(self.ensemble_names()), choice)
    }
}
