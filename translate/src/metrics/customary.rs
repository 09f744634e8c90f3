//! The figures that are customary for a kind of text.

use text::{TextKind, TextModel};

use super::bleu::{Bleu, BleuOptions, bleu};
use super::tokenize::Tokenizer;

/// References as translations are to be compared with them by BLEU: those of pretokenised text with `@@ ` joined,
/// others as they are written.
pub fn joined(text: &TextModel, references: &[String]) -> Vec<String> {
    match text.settings().kind {
        TextKind::Pretokenised => references.iter().map(|line| text.as_decoded(line)).collect(),
        _ => references.to_vec(),
    }
}

/// The BLEU that is customary for the kind of text: of tokenised text, tokenised and lowercased as it stands; of
/// other text sacrebleu's 13a, case and all.
pub fn bleu_options(text: &TextModel) -> BleuOptions {
    match text.settings().kind {
        TextKind::Pretokenised => {
            BleuOptions { tokenizer: Tokenizer::None, lowercase: true, ..BleuOptions::default() }
        }
        _ => BleuOptions::default(),
    }
}

/// BLEU with [`bleu_options`].
pub fn bleu_of(text: &TextModel, said: &[String], references: &[String]) -> Bleu {
    bleu(said, &joined(text, references), bleu_options(text))
}
