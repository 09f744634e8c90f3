//! Other models that have a say, and the choice among several translations.

use std::path::{Path, PathBuf};

use clap::Args;
use transformer::search::beam::MAX_BEAM_SIZE;
use translate::{Choice, Request, Translator};

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
                let weight = self.rerank_weight.unwrap_or(1.0);
                Choice::Agreement { with, weight, right_to_left: self.rerank_right_to_left }
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
}
