//! Which metrics an existing translation is scored by, named as sacrebleu names them.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use translate::metrics::{BleuOptions, ChrfOptions, Metric, Smoothing, TerOptions, Tokenizer};

use crate::error::Error;
use crate::verbs::common::within;

/// More n-grams than any corpus has: beyond this scores overflow the f32 that samples are scored in.
const MAX_SMOOTHING: f64 = 1e9;

/// The longest n-grams that can be asked for.
const MAX_ORDER: u64 = 100;

/// The metrics with their options, and how samples are drawn.
#[derive(Args, Clone, Debug)]
pub struct MetricArgs {
    /// What is computed; several with commas between
    #[arg(
        long,
        value_enum,
        value_name = "NAMES",
        requires = "system",
        conflicts_with = "model",
        value_delimiter = ',',
        default_value = "bleu,chrf"
    )]
    metrics: Vec<Kind>,
    /// BLEU: how words are found [default: 13a]
    #[arg(long, value_name = "NAME", requires = "system", conflicts_with = "model", value_parser = tokenizers())]
    tokenize: Option<Tokenizer>,
    /// BLEU: case is forgotten
    #[arg(long, requires = "system", conflicts_with = "model")]
    lowercase: bool,
    /// BLEU: what becomes of an order without a match [default: exp]
    #[arg(long, value_enum, value_name = "METHOD", requires = "system", conflicts_with = "model")]
    smooth_method: Option<Method>,
    /// BLEU: the value of floor or add-k [default: 0.1 for floor, 1 for add-k]
    #[arg(long, value_name = "X", requires = "smooth_method", allow_negative_numbers = true)]
    smooth_value: Option<f64>,
    /// BLEU: only orders that the translations have n-grams of count
    #[arg(long, requires = "system", conflicts_with = "model")]
    effective_order: bool,
    /// chrF, chrF++: the longest n-grams of characters [default: 6]
    #[arg(long, value_name = "N", requires = "system", conflicts_with = "model", value_parser = within::<u64>(0..=MAX_ORDER))]
    chrf_char_order: Option<u64>,
    /// chrF: the longest n-grams of words; 2 is chrF++ [default: 0]
    #[arg(long, value_name = "N", requires = "system", conflicts_with = "model", value_parser = within::<u64>(0..=MAX_ORDER))]
    chrf_word_order: Option<u64>,
    /// chrF, chrF++: recall weighs as much as the square of this times precision [default: 2]
    #[arg(long, value_name = "B", requires = "system", conflicts_with = "model", value_parser = within::<u32>(0..=1000))]
    chrf_beta: Option<u32>,
    /// chrF, chrF++: case is forgotten
    #[arg(long, requires = "system", conflicts_with = "model")]
    chrf_lowercase: bool,
    /// TER: punctuation is split off
    #[arg(long, requires = "system", conflicts_with = "model")]
    ter_normalized: bool,
    /// TER: punctuation is left out
    #[arg(long, requires = "system", conflicts_with = "model")]
    ter_no_punct: bool,
    /// TER: the two before treat Chinese and Japanese too
    #[arg(long, requires = "system", conflicts_with = "model")]
    ter_asian_support: bool,
    /// TER: case matters
    #[arg(long, requires = "system", conflicts_with = "model")]
    ter_case_sensitive: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Bleu,
    Chrf,
    /// chrF with words and pairs of words
    #[value(name = "chrf++")]
    ChrfPlusPlus,
    Ter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    None,
    /// It has a part of a match
    Floor,
    /// All orders but the first have so many matches and n-grams more
    AddK,
    /// 1/2, 1/4, 1/8 of a match in turn
    Exp,
}

fn tokenizers() -> impl TypedValueParser<Value = Tokenizer> {
    let of = |name: String| Tokenizer::ALL.into_iter().find(|one| one.name() == name).ok_or("no tokenizer");
    PossibleValuesParser::new(Tokenizer::ALL.map(Tokenizer::name)).try_map(of)
}

impl MetricArgs {
    /// The metrics asked for, in that order.
    ///
    /// # Errors
    /// [`Error::Input`] for options of a metric that is not asked for, and those that say nothing together.
    pub fn metrics(&self) -> Result<Vec<Box<dyn Metric>>, Error> {
        self.check_use()?;
        let order = |n: Option<u64>, default| n.map_or(default, |n| n as usize);
        let chrf = |word_order| ChrfOptions {
            char_order: order(self.chrf_char_order, 6),
            word_order,
            beta: self.chrf_beta.unwrap_or(2),
            lowercase: self.chrf_lowercase,
        };
        let word_order = order(self.chrf_word_order, 0);
        if self.metrics.contains(&Kind::Chrf) && chrf(word_order).char_order + word_order == 0 {
            return Err(Error::Input(
                "chrF of no n-grams: --chrf-char-order or --chrf-word-order must be 1 or more".into(),
            ));
        }
        let smoothing = self.smoothing()?;
        let metric = |kind: &Kind| -> Box<dyn Metric> {
            match kind {
                Kind::Bleu => Box::new(BleuOptions {
                    tokenizer: self.tokenize.unwrap_or_default(),
                    lowercase: self.lowercase,
                    smoothing,
                    effective_order: self.effective_order,
                }),
                Kind::Chrf => Box::new(chrf(word_order)),
                Kind::ChrfPlusPlus => Box::new(chrf(2)),
                Kind::Ter => Box::new(TerOptions {
                    normalized: self.ter_normalized,
                    no_punct: self.ter_no_punct,
                    asian_support: self.ter_asian_support,
                    case_sensitive: self.ter_case_sensitive,
                }),
            }
        };
        let metrics: Vec<_> = self.metrics.iter().map(metric).collect();
        for (i, metric) in metrics.iter().enumerate() {
            if metrics[..i].iter().any(|other| other.name() == metric.name()) {
                return Err(Error::Input(format!(
                    "--metrics asks for {} twice (chrf with --chrf-word-order 2 is chrf++)",
                    metric.name()
                )));
            }
        }
        Ok(metrics)
    }

    fn smoothing(&self) -> Result<Smoothing, Error> {
        let value = |default| match self.smooth_value {
            Some(value) if !(value > 0.0 && value <= MAX_SMOOTHING) => Err(Error::Input(format!(
                "--smooth-value is {value}; it must be above 0, and at most {MAX_SMOOTHING}"
            ))),
            value => Ok(value.unwrap_or(default)),
        };
        Ok(match self.smooth_method.unwrap_or(Method::Exp) {
            Method::Floor => Smoothing::Floor(value(0.1)?),
            Method::AddK => Smoothing::AddK(value(1.0)?),
            _ if self.smooth_value.is_some() => {
                return Err(Error::Input(
                    "--smooth-value goes with --smooth-method floor or add-k only".into(),
                ));
            }
            Method::None => Smoothing::None,
            Method::Exp => Smoothing::Exp,
        })
    }

    /// Names an option of a metric that is not asked for.
    fn check_use(&self) -> Result<(), Error> {
        use Kind::{Bleu, Chrf, ChrfPlusPlus, Ter};
        let chrf: &[Kind] = &[Chrf, ChrfPlusPlus];
        let options: [(&str, bool, &[Kind]); 12] = [
            ("tokenize", self.tokenize.is_some(), &[Bleu]),
            ("lowercase", self.lowercase, &[Bleu]),
            ("smooth-method", self.smooth_method.is_some(), &[Bleu]),
            ("effective-order", self.effective_order, &[Bleu]),
            ("chrf-char-order", self.chrf_char_order.is_some(), chrf),
            ("chrf-word-order", self.chrf_word_order.is_some(), &[Chrf]),
            ("chrf-beta", self.chrf_beta.is_some(), chrf),
            ("chrf-lowercase", self.chrf_lowercase, chrf),
            ("ter-normalized", self.ter_normalized, &[Ter]),
            ("ter-no-punct", self.ter_no_punct, &[Ter]),
            ("ter-asian-support", self.ter_asian_support, &[Ter]),
            ("ter-case-sensitive", self.ter_case_sensitive, &[Ter]),
        ];
        let name = |kind: Kind| {
            kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
        };
        for (option, given, kinds) in options {
            if given && !kinds.iter().any(|kind| self.metrics.contains(kind)) {
                let metric = name(kinds[0]);
                return Err(Error::Input(format!("--{option} does nothing unless --metrics has {metric}")));
            }
        }
        if self.ter_asian_support && !self.ter_normalized && !self.ter_no_punct {
            return Err(Error::Input(
                "--ter-asian-support does nothing without --ter-normalized or --ter-no-punct".into(),
            ));
        }
        Ok(())
    }
}
