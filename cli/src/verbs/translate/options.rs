//! What `etudiant translate` can be told.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use transformer::search::beam::MAX_BEAM_SIZE;
use translate::{Request, Sampling, Translator};

use super::answer::Align;
use super::explain::Explainer;
use crate::error::Error;
use crate::verbs::common::{up_to, within};
use crate::verbs::search::{AskArgs, Opened, in_options};

/// The options of `etudiant translate`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct TranslateArgs {
    /// The model file
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    #[command(flatten)]
    pub ask: AskArgs,
    #[command(flatten)]
    pub sampling: SamplingArgs,
    /// Print the K best translations of each line, at most as many as the beam is wide; or draw K
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = up_to(1, MAX_BEAM_SIZE))]
    pub n_best: usize,
    /// Print N translations of each line, which differ in what stands behind the --prefix: the N likeliest tokens there, each
    /// gone on with by a search of its own
    #[arg(long, value_name = "N", value_parser = up_to(1, MAX_BEAM_SIZE))]
    #[arg(conflicts_with_all = ["n_best", "sample", "mbr", "rerank", "diverse_groups", "explain"])]
    pub alternatives: Option<usize>,
    /// Print translations as Moses and Marian do: 0 ||| text ||| F0= log-probability ||| score
    #[arg(long, value_name = "FORM", conflicts_with = "json")]
    pub n_best_format: Option<NBestFormat>,
    /// Print the log-probability of each translation, and the score that it was ranked by
    #[arg(long)]
    pub scores: bool,
    /// Print which source token each token comes from, as far as attention says: 0-0 1-2; or, softly, how much attention
    /// each token gives to each of the source: 0.9,0.1 0.2,0.8
    #[arg(long, value_name = "hard|soft", num_args = 0..=1, default_missing_value = "hard")]
    pub align: Option<PathBuf>,
    /// Print under each translation what attention and the search say of it, as figures of text
    #[arg(long, conflicts_with_all = ["json", "n_best_format", "sample", "ensemble", "mbr", "rerank", "weights"])]
    pub explain: bool,
    /// Answer a line that is no text, or cannot be translated, with an empty line, and count them
    #[arg(long)]
    pub lenient: bool,
    /// Print an object a line, with tokens and scores in full precision
    #[arg(long)]
    pub json: bool,
    /// What to translate, gzipped or not; - and no FILE are standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Drawing translations instead of searching for the best.
#[derive(Args)]
pub struct SamplingArgs {
    /// Draw each word by its probability instead of searching: for translations that differ, not for the best
    #[arg(long, conflicts_with_all = ["beam", "length_penalty", "alpha", "coverage_penalty", "diverse_groups"])]
    pub sample: bool,
    /// Take probabilities to the power 1/T: below 1 bolder towards the likeliest, above 1 towards even [default: 1]
    #[arg(long, value_name = "T", requires = "sample", value_parser = temperature, allow_negative_numbers = true)]
    pub temperature: Option<f64>,
    /// Draw from the K likeliest words only [default: from all]
    #[arg(long, value_name = "K", requires = "sample", value_parser = up_to(1, usize::MAX))]
    pub top_k: Option<usize>,
    /// Draw from the likeliest words only that have probability P together [default: from all]
    #[arg(long, value_name = "P", requires = "sample", value_parser = top_p, allow_negative_numbers = true)]
    pub top_p: Option<f64>,
    /// Draw from words only that are at least P times as likely as the likeliest [default: from all]
    #[arg(long, value_name = "P", requires = "sample", value_parser = min_p, allow_negative_numbers = true)]
    pub min_p: Option<f64>,
    /// Another seed draws others; the same draws the same, line by line [default: 1]
    #[arg(long, value_name = "S", requires = "sample", value_parser = within::<u64>(0..=u64::MAX))]
    pub seed: Option<u64>,
}

/// The forms of lists of translations that other programs read.
#[derive(Clone, Copy, Debug)]
pub enum NBestFormat {
    /// Moses'.
    Moses,
}

impl ValueEnum for NBestFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[NBestFormat::Moses]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new("moses"))
    }
}

const AFTER_HELP: &str = "\
For each line of FILE, or of standard input as it arrives, a line to standard output, in order; an empty line for an
empty line. At a terminal there is a prompt: arrows edit the line and fetch earlier ones, Ctrl-C drops it, Ctrl-D leaves.

    echo \"quatre-vingt-dix-sept\" | etudiant translate --model runs/numbers/model.safetensors
    etudiant translate --model M --beam 5 --n-best 3 --scores test.fr > test.tsv
    etudiant translate --model M --sample --top-k 10 --seed 7 mono.fr > synthetic.en
    etudiant translate --model M --beam 8 --mbr --no-repeat-ngram 3 --max-ratio 2 test.fr > test.en

What is asked for beside the text stands behind it, parted by tabs: the log-probability (natural, of all tokens and
<eos>) and the score, which is that divided by the length penalty; then the alignment, SOURCE-TARGET token numbers from
0, <eos> left out; with --align soft, for each target token its attention to each source token, parted by commas, <eos>
included on both sides. Attention is a hint, not an explanation; --json names the tokens. With --n-best 2 or more, each
line begins with the number of the line that it translates, from 1, and a tab; an empty line has one. In Moses' form
lines are numbered from 0, F0 is the log-probability, and an alignment comes last.

Lines longer than the model's max_len tokens are cut, which is told on standard error. A line that is no text (invalid
UTF-8, 64 MiB and more) ends the work after the lines before it are answered; --lenient goes on.";

impl TranslateArgs {
    /// What is asked of the translator.
    ///
    /// # Errors
    /// [`Error::Input`] if the settings are out of range, or more translations are asked for than there are.
    pub fn request<'t>(&self, translator: &'t Translator, opened: &'t Opened) -> Result<Request<'t>, Error> {
        let settings = self.ask.search.settings(&translator.search())?;
        let (n_best, beam) = (self.n_best, settings.beam);
        if n_best > beam && !self.sampling.sample {
            let problem = format!("--n-best is {n_best}, and the beam {beam} wide; add --beam {n_best}");
            return Err(Error::Input(problem));
        }
        if !self.sampling.sample {
            self.ask.search.tell_of_no_use(&settings);
        }
        let request = self.ask.request(translator, settings, opened).n_best(n_best);
        Ok(match self.alternatives {
            Some(count) => request.alternatives(count),
            None => request,
        })
    }

    /// Who explains translations, if that is asked for.
    ///
    /// # Errors
    /// As [`TranslateArgs::request`].
    pub fn explainer<'t>(
        &self,
        translator: &'t Translator,
        request: &Request,
    ) -> Result<Option<Explainer<'t>>, Error> {
        if !self.explain {
            return Ok(None);
        }
        Ok(Some(Explainer::new(translator, request.beam_options().map_err(in_options::<TranslateArgs>)?)))
    }

    /// The alignment that is asked for, and the file. `--align FILE` is `--align` with a file behind it.
    ///
    /// # Errors
    /// [`Error::Input`] if there is another file too.
    pub fn align_and_file(&self) -> Result<(Align, Option<PathBuf>), Error> {
        let (mut align, mut file) = (Align::default(), self.file.clone());
        match self.align.as_deref().map(|given| (given, given.to_str())) {
            None => {}
            Some((_, Some("hard"))) => align.hard = true,
            Some((_, Some("soft"))) => align.soft = true,
            Some((given, _)) if file.is_some() => {
                let given = given.display();
                return Err(Error::Input(format!("--align is {given}; it must be hard or soft")));
            }
            Some((given, _)) => (align.hard, file) = (true, Some(given.into())),
        }
        Ok((align, file.filter(|path| path.as_os_str() != "-")))
    }
}

impl SamplingArgs {
    /// How to draw, if that is asked for.
    pub fn settings(&self) -> Option<Sampling> {
        let default = Sampling::default();
        self.sample.then(|| Sampling {
            temperature: self.temperature.unwrap_or(default.temperature),
            top_k: self.top_k.or(default.top_k),
            top_p: self.top_p,
            min_p: self.min_p,
            seed: self.seed.unwrap_or(default.seed),
            ..default
        })
    }
}

/// A number that does as this setting. What is wrong with it, without the setting's own name.
fn number(text: &str, setting: impl FnOnce(f64) -> Sampling) -> Result<f64, String> {
    let number = text.parse().map_err(|_| "it must be a number".to_string())?;
    let problem = |problem: String| problem.split_once("; ").map_or(problem.clone(), |parts| parts.1.into());
    setting(number).check().map(|()| number).map_err(problem)
}

fn top_p(text: &str) -> Result<f64, String> {
    number(text, |top_p| Sampling { top_p: Some(top_p), ..Sampling::default() })
}

fn min_p(text: &str) -> Result<f64, String> {
    number(text, |min_p| Sampling { min_p: Some(min_p), ..Sampling::default() })
}

fn temperature(text: &str) -> Result<f64, String> {
    number(text, |temperature| Sampling { temperature, ..Sampling::default() })
}
