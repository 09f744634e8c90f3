//! Scores translations that exist already, without a model.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use text::corpus::{lines_of, read_lines};
use translate::metrics::significance::{
    Interval, Paired, SEED, confidence, paired_bootstrap, paired_randomization,
};
use translate::metrics::{Metric, Rounding, Sampling, counts, signature, sums};

use super::metrics::MetricArgs;
use crate::console::print;
use crate::error::Error;
use crate::verbs::common::within;

/// Resamples or trials that can be asked for.
const MAX_SAMPLES: u64 = 1_000_000;

/// Whose translations, and whether differences are tested.
#[derive(Args, Clone, Debug)]
pub struct SystemArgs {
    /// Instead of a model: its translations, line for line with the references; again for each further system, `-` for
    /// standard input
    #[arg(long, value_name = "FILE", group = "judged", conflicts_with_all = ["model", "source", "pairs", "hypotheses"])]
    #[arg(conflicts_with_all = ["SearchArgs", "ConstraintArgs", "OtherModelArgs", "AskArgs"])]
    pub system: Vec<PathBuf>,
    #[command(flatten)]
    metrics: MetricArgs,
    /// 95 % confidence intervals by the bootstrap
    #[arg(long, requires = "system", conflicts_with = "model")]
    confidence: bool,
    /// Resamples of a confidence interval [default: 1000]
    #[arg(long, value_name = "N", requires = "confidence", value_parser = within::<u64>(2..=MAX_SAMPLES))]
    confidence_n: Option<u64>,
    /// Test each system beside the first by the paired bootstrap
    #[arg(long, requires = "system", conflicts_with_all = ["model", "paired_ar", "confidence"])]
    paired_bs: bool,
    /// Test each system beside the first by paired approximate randomization
    #[arg(long, requires = "system", conflicts_with = "model")]
    paired_ar: bool,
    /// Resamples of the paired bootstrap [default: 1000]
    #[arg(long, value_name = "N", requires = "paired_bs", value_parser = within::<u64>(1..=MAX_SAMPLES))]
    paired_bs_n: Option<u64>,
    /// Trials of approximate randomization [default: 10000]
    #[arg(long, value_name = "N", requires = "paired_ar", value_parser = within::<u64>(1..=MAX_SAMPLES))]
    paired_ar_n: Option<u64>,
    /// What the draws start from [default: 12345]
    #[arg(long, value_name = "S", requires = "system", conflicts_with = "model", value_parser = within::<u64>(0..=u64::MAX))]
    seed: Option<u64>,
}

/// What stands beside the p-value of a system whose score is that of the first.
const NO_DIFFERENCE: &str = ", no difference)";

/// A system beside the references, by one metric.
struct Figure {
    score: f64,
    details: String,
    parts: Vec<(&'static str, Vec<f64>)>,
    interval: Option<Interval>,
    /// How much more the score is than the first system's, and how often chance alone makes such a difference.
    tested: Option<(f64, f64)>,
}

/// Prints the figures of the systems beside these references.
///
/// # Errors
/// [`Error::Input`] for options that do not go together, and files that cannot be read or do not belong together.
pub fn run(asked: &SystemArgs, references: &[PathBuf], as_json: bool) -> Result<(), Error> {
    let metrics = asked.metrics.metrics()?;
    let sampling = asked.sampling()?;
    if references.is_empty() {
        return Err(Error::Input("--system needs a --reference to be compared with".into()));
    }
    let (systems, references) = read(&asked.system, references)?;

    let (mut words, mut values) = (String::new(), Vec::new());
    for metric in &metrics {
        let signature = signature(&**metric, references.len(), sampling.as_ref());
        let figures = asked.figures(&**metric, sampling, &systems, &references);
        let direction = if metric.higher_is_better() { "" } else { ", lower is better" };
        words += &format!("{}{direction}\n    {signature}\n", metric.name());
        for (name, figure) in asked.system.iter().zip(&figures) {
            words += &format!("  {}: {}\n", name.display(), figure.in_words());
            values.push(figure.to_json(&metric.name(), name, &signature));
        }
    }
    if asked.paired_bs || asked.paired_ar {
        let baseline = asked.system[0].display();
        words += &format!(
            "p: how often chance alone makes such a difference to {baseline}; below 0.05 it is held for one\n"
        );
        if words.contains(NO_DIFFERENCE) {
            words += "no difference: both scores are the same, and such a p says nothing; it is sacrebleu's all the same\n";
        }
    }
    print(&if as_json {
        format!("{}\n", json!({ "sentences": references[0].len(), "scores": values }))
    } else {
        words
    })
}

impl SystemArgs {
    /// How samples are drawn; none if none are.
    fn sampling(&self) -> Result<Option<Sampling>, Error> {
        let paired = self.paired_bs || self.paired_ar;
        if paired && self.system.len() < 2 {
            return Err(Error::Input("a paired test compares systems: give --system a second time".into()));
        }
        if !paired && !self.confidence {
            return match self.seed {
                Some(_) => Err(Error::Input(
                    "--seed does nothing without --confidence, --paired-bs or --paired-ar".into(),
                )),
                None => Ok(None),
            };
        }
        let count = |n: Option<u64>, default| n.map_or(default, |n| n as usize);
        let bootstrap = match self.paired_bs {
            true => Some(count(self.paired_bs_n, 1000)),
            false => self.confidence.then(|| count(self.confidence_n, 1000)),
        };
        let randomization = self.paired_ar.then(|| count(self.paired_ar_n, 10_000));
        Ok(Some(Sampling { bootstrap, randomization, seed: self.seed.unwrap_or(SEED) }))
    }

    /// The figures of all systems, the first being the baseline of a paired test.
    fn figures(
        &self,
        metric: &dyn Metric,
        sampling: Option<Sampling>,
        systems: &[Vec<String>],
        references: &[Vec<String>],
    ) -> Vec<Figure> {
        let counted: Vec<_> = systems.iter().map(|system| counts(metric, system, references)).collect();
        let found = sampling.map(|sampling| self.sampled(metric, sampling, &counted)).unwrap_or_default();
        let summed: Vec<_> = counted.iter().map(|counts| sums(counts, Rounding::Double)).collect();
        let score = |sums: &[f64]| metric.score(sums, Rounding::Double).value;
        let figure = |(i, sums): (usize, &Vec<f64>)| {
            let Paired { p_value, interval } = found.get(i).copied().unwrap_or_default();
            let tested = p_value.map(|p| (score(sums) - score(&summed[0]), p));
            let (details, parts) = (metric.details(sums), metric.parts(sums));
            Figure { score: score(sums), details, parts, interval, tested }
        };
        summed.iter().enumerate().map(figure).collect()
    }

    /// What samples say of all systems.
    fn sampled(&self, metric: &dyn Metric, sampling: Sampling, counted: &[Vec<Vec<f64>>]) -> Vec<Paired> {
        let Sampling { bootstrap, randomization, seed } = sampling;
        let interval =
            |counts, n| Paired { p_value: None, interval: Some(confidence(metric, counts, n, seed)) };
        match (randomization, bootstrap) {
            (Some(n), bootstrap) => paired_randomization(metric, counted, n, bootstrap, seed),
            (None, Some(n)) if self.paired_bs => paired_bootstrap(metric, counted, n, seed),
            (None, Some(n)) => counted.iter().map(|counts| interval(counts, n)).collect(),
            (None, None) => Vec::new(),
        }
    }
}

impl Figure {
    /// `31.42 (μ = 31.40 ± 1.10) (p = 0.0010) 60.1/...`
    fn in_words(&self) -> String {
        let interval =
            self.interval.map(|Interval { mean, half_width }| format!(" (μ = {mean:.2} ± {half_width:.2})"));
        let p_value = self.tested.map(|(difference, p)| {
            format!(" (p = {p:.4}{}", if difference == 0.0 { NO_DIFFERENCE } else { ")" })
        });
        let line = format!(
            "{:.2}{}{} {}",
            self.score,
            interval.unwrap_or_default(),
            p_value.unwrap_or_default(),
            self.details
        );
        line.trim_end().to_owned()
    }

    fn to_json(&self, metric: &str, system: &Path, signature: &str) -> Value {
        let mut value = json!({
            "system": system.display().to_string(),
            "name": metric,
            "score": self.score,
            "mean": self.interval.map(|interval| interval.mean),
            "ci": self.interval.map(|interval| interval.half_width),
            "difference": self.tested.map(|(difference, _)| difference),
            "p_value": self.tested.map(|(_, p)| p),
            "signature": signature,
        });
        for (name, numbers) in &self.parts {
            value[name] = if let [number] = numbers[..] { number.into() } else { numbers.clone().into() };
        }
        value
    }
}

/// The lines of a file.
type Lines = Vec<String>;

/// The lines of all files, which are equally many.
fn read(systems: &[PathBuf], references: &[PathBuf]) -> Result<(Vec<Lines>, Vec<Lines>), Error> {
    let is_stdin = |path: &&PathBuf| path.as_os_str() == "-";
    if references.iter().chain(systems).filter(is_stdin).count() > 1 {
        return Err(Error::Input("standard input (-) can be one system or one reference only".into()));
    }
    let mut expected: Option<(&Path, usize)> = None;
    let mut read = Vec::new();
    for path in references.iter().chain(systems) {
        let lines = lines(path)?;
        match expected {
            _ if lines.is_empty() => return Err(Error::at(path, "there is no line in it")),
            Some((first, n)) if n != lines.len() => {
                let problem = format!("{} lines, but {} has {n}", lines.len(), first.display());
                return Err(Error::at(
                    path,
                    format!("{problem}; line i of each must belong to line i of the others"),
                ));
            }
            _ => expected = Some((path, lines.len())),
        }
        read.push(lines);
    }
    let systems = read.split_off(references.len());
    Ok((systems, read))
}

fn lines(path: &Path) -> Result<Lines, Error> {
    match path.as_os_str() == "-" {
        true => Ok(lines_of(io::stdin().lock(), "standard input").collect::<Result<_, _>>()?),
        false => Ok(read_lines(path)?),
    }
}
