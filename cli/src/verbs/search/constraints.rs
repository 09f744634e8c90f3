//! What translations may say, as options.

use clap::Args;
use serde_json::{Value, json};
use translate::Constraints;

use crate::verbs::common::up_to;

/// What translations may say. Lengths count tokens and <eos>, on both sides.
#[derive(Args)]
#[command(next_help_heading = "What translations may say")]
pub struct ConstraintArgs {
    /// At least N tokens, <eos> included, even where --max-len-beyond-source would end sooner
    #[arg(long, value_name = "N", value_parser = up_to(0, 10_000))]
    min_len: Option<usize>,
    /// At least R times as many tokens as the source has; at most 10
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    min_ratio: Option<f64>,
    /// At most N tokens, <eos> included, whatever --max-len-beyond-source allows
    #[arg(long, value_name = "N", value_parser = up_to(1, 10_000))]
    max_len: Option<usize>,
    /// At most R times as many tokens as the source has
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    max_ratio: Option<f64>,
    /// Begin every translation with TEXT, and go on behind it
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// Do not say TEXT, a word or several; may be given again
    #[arg(long, value_name = "TEXT")]
    ban: Vec<String>,
    /// Do not say N tokens in a row twice
    #[arg(long, value_name = "N", value_parser = up_to(1, 1000))]
    no_repeat_ngram: Option<usize>,
    /// Take the probability of what was said already to the power R: above 1 keeps from repeating
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    repetition_penalty: Option<f64>,
    /// How much it costs to leave parts of the source unattended; 0.2, say
    #[arg(long, value_name = "B", allow_negative_numbers = true)]
    coverage_penalty: Option<f64>,
    /// Divide the beam into N groups that say different things
    #[arg(long, value_name = "N", value_parser = up_to(1, 10_000))]
    diverse_groups: Option<usize>,
    /// What a word costs a group if groups before it have just said it [default: 0.5]
    #[arg(long, value_name = "L", requires = "diverse_groups", allow_negative_numbers = true)]
    diversity: Option<f64>,
}

impl ConstraintArgs {
    /// What is asked for; the request that it becomes part of says whether it can be.
    pub fn settings(&self) -> Constraints {
        let none = Constraints::default();
        Constraints {
            min_len: self.min_len.unwrap_or(none.min_len),
            min_ratio: self.min_ratio.unwrap_or(none.min_ratio),
            max_len: self.max_len,
            max_ratio: self.max_ratio,
            prefix: self.prefix.clone().unwrap_or(none.prefix),
            banned: self.ban.clone(),
            no_repeat_ngram: self.no_repeat_ngram.unwrap_or(none.no_repeat_ngram),
            repetition_penalty: self.repetition_penalty.unwrap_or(none.repetition_penalty),
            coverage_penalty: self.coverage_penalty.unwrap_or(none.coverage_penalty),
            diverse_groups: self.diverse_groups.unwrap_or(none.diverse_groups),
            diversity: self.diversity.unwrap_or(if self.diverse_groups.is_some() { 0.5 } else { 0.0 }),
        }
    }

    /// For people, those that ask for something: `min-len 3, ban ["a word"]`.
    pub fn in_words(&self) -> Option<String> {
        let [asked, none] =
            [json!(self.settings()), json!(Constraints::default())].map(|settings| match settings {
                Value::Object(settings) => settings,
                other => unreachable!("a struct is an object, and not {other}"),
            });
        let differs = |(name, value): &(&String, &Value)| none.get(*name) != Some(*value);
        let word = |(name, value): (&String, &Value)| match name.as_str() {
            "banned" => format!("ban {value}"),
            name => format!("{} {value}", name.replace('_', "-")),
        };
        let words: Vec<String> = asked.iter().filter(differs).map(word).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}
