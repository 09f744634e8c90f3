//! The figures of a model, for people and for programs.

use std::fmt::{Display, Write};

use autograd::ops::cross_entropy::LossStats;
use serde_json::{Value, json};
use tensor::Packing;
use text::special::EOS_ID;
use text::{TextKind, TextSettings};
use transformer::Pair;
use transformer::search::shortlist::Shortlist;
use translate::Translator;
use translate::metrics::{Bleu, Chrf};

use crate::verbs::common::{Share, Unknown};

/// What a model makes of a test set.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// By sacrebleu's default: `13a`, case and all.
    pub bleu: Bleu,
    /// Lowercased; of pretokenised text, of its tokens.
    pub bleu_lowercased: Bleu,
    /// Of characters.
    pub chrf: Chrf,
    /// The references' loss, without smoothing.
    pub stats: LossStats,
    /// Translations that are the reference.
    pub exact: usize,
    /// Lines of the test set.
    pub sentences: usize,
    /// Sources that were cut.
    pub cut: usize,
    /// Unknown tokens.
    pub unknown: Unknown,
    /// Of a shortlist, what it leaves.
    pub listed: Option<Listed>,
    /// What the search took.
    pub seconds: f64,
}

/// What a shortlist leaves of a test set, beside what a prefix says.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// How many tokens of the references, `<eos>` included, are listed for their sources.
    pub recall: Share,
    /// How many tokens are listed for a source: the mean.
    pub words: f64,
}

impl Listed {
    pub fn of(shortlist: &Shortlist, pairs: &[Pair]) -> Listed {
        let (mut recall, mut words) = (Share::default(), 0);
        for Pair { src, tgt } in pairs {
            let listed = shortlist.words(src, [EOS_ID].into_iter());
            recall.add(tgt.iter().filter(|id| listed.binary_search(id).is_ok()).count(), tgt.len());
            words += listed.len();
        }
        Listed { recall, words: words as f64 / pairs.len().max(1) as f64 }
    }
}

impl Evaluation {
    /// Lines for people; `name` is the model's, `asked` what was asked of it.
    pub fn in_words(&self, translator: &Translator, asked: &str, name: &dyn Display) -> String {
        let (stats, about) = (&self.stats, translator.about());
        let averaged = match about.averaged.len() {
            0 => String::new(),
            n => format!(", mean of {n} checkpoints"),
        };
        let weights = match translator.packing() {
            Packing::F32 => String::new(),
            packing => format!(", weights in {packing}"),
        };
        let mut text = format!("{name}: step {}{averaged}{weights}; {asked}\n\n", about.step);
        let mut figure = |figure: &dyn Display, signature: String, remark: Option<&str>| {
            let remark = remark.map(|remark| format!("    Note: {remark}\n")).unwrap_or_default();
            let _ = write!(text, "{figure}\n    {signature}\n{remark}");
        };
        figure(&self.bleu, self.bleu.signature(), remark(translator.text().settings()));
        figure(&self.bleu_lowercased, self.bleu_lowercased.signature(), None);
        figure(&self.chrf, self.chrf.signature(), None);
        let exact = Share { part: self.exact, whole: self.sentences };
        let listed = self.listed.map_or(String::new(), |Listed { recall, words }| {
            format!("shortlist: {} of the reference, {words:.1} tokens a sentence\n", recall.in_words())
        });
        let right = Share { part: stats.correct, whole: stats.count };
        text + &format!(
            "\nexact: {}\nperplexity: {:.4}, unsmoothed loss {:.5} per token\ntokens right: {}\n\
             unknown tokens: {} in the source, {} in the reference\n{listed}\
             sentences: {}, translated in {:.1} s, {:.1} a second; cut: {}\n",
            exact.in_words(),
            stats.perplexity(),
            stats.nll(),
            right.in_words(),
            self.unknown.source.in_words(),
            self.unknown.target.in_words(),
            self.sentences,
            self.seconds,
            self.sentences as f64 / self.seconds,
            self.cut,
        )
    }

    /// One object, on a line of its own; `asked` are parts of it, what was asked of the model.
    pub fn to_json(&self, translator: &Translator, asked: Vec<(&str, Value)>) -> String {
        let (stats, about) = (&self.stats, translator.about());
        let of_bleu = |bleu: &Bleu| {
            json!({
                "score": bleu.score,
                "precisions": bleu.precisions,
                "brevity_penalty": bleu.brevity_penalty,
                "hyp_len": bleu.hyp_len,
                "ref_len": bleu.ref_len,
                "signature": bleu.signature(),
            })
        };
        let of_share = |share: Share| json!({ "unknown": share.part, "tokens": share.whole });
        let mut value: Value = json!({
            "step": about.step,
            "averaged": about.averaged,
            "weights": translator.packing().to_string(),
            "bleu": of_bleu(&self.bleu),
            "bleu_lowercased": of_bleu(&self.bleu_lowercased),
            "chrf": { "score": self.chrf.score, "signature": self.chrf.signature() },
            "note": remark(translator.text().settings()),
            "loss": stats.nll(),
            "perplexity": stats.perplexity(),
            "tokens": stats.count,
            "token_accuracy": stats.accuracy(),
            "exact": self.exact,
            "exact_share": self.exact as f64 / self.sentences as f64,
            "sentences": self.sentences,
            "cut": self.cut,
            "source": of_share(self.unknown.source),
            "reference": of_share(self.unknown.target),
            "seconds": self.seconds,
            "sentences_per_second": self.sentences as f64 / self.seconds,
        });
        asked.into_iter().for_each(|(name, part)| value[name] = part);
        if let Some(Listed { recall, words }) = self.listed {
            value["listed"] =
                json!({ "of_reference": recall.part, "tokens": recall.whole, "mean_words": words });
        }
        format!("{value}\n")
    }
}

/// Why BLEU by `13a`, with case, says less of this text than it seems to.
fn remark(settings: &TextSettings) -> Option<&'static str> {
    match settings.kind {
        TextKind::Pretokenised => {
            Some("of joined tokens, not of detokenised text: the next figure is the one to compare, not this")
        }
        TextKind::Words => {
            Some("the model writes lowercased words, punctuation apart, and the references are as written")
        }
        TextKind::Bpe if settings.lowercase => {
            Some("the model writes lowercase only, and capitals of the references count as errors")
        }
        TextKind::Bpe => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_cannot_be_compared_says_so() {
        let of = |kind, lowercase| remark(&TextSettings { kind, lowercase, ..TextSettings::default() });
        assert_eq!(of(TextKind::Bpe, false), None);
        assert!(of(TextKind::Bpe, true).unwrap().contains("lowercase only"));
        assert!(of(TextKind::Pretokenised, false).unwrap().contains("not of detokenised text"));
        assert!(of(TextKind::Words, false).unwrap().contains("lowercased words"));
    }
}
