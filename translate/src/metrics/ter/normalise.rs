//! Text as Tercom reads it.

use super::TerOptions;
use crate::metrics::tokenize::{around, is_space, is_symbol, points};

/// The sentence as the options want it; white space in it means nothing but that words end.
pub fn normalised(sentence: &str, options: &TerOptions) -> String {
    let mut sentence = sentence.trim_end_matches(is_space).to_owned();
    if !options.case_sensitive {
        sentence = sentence.to_lowercase();
    }
    if options.normalized && !sentence.is_empty() {
        sentence = western(&sentence);
        if options.asian_support {
            sentence = around(&sentence, |c| is_asian(c) || is_asian_punctuation(c));
        }
    }
    if options.no_punct {
        let is_left_out = |c| is_punctuation(c) || (options.asian_support && is_asian_punctuation(c));
        sentence.retain(|c| !is_left_out(c));
    }
    sentence
}

/// Nearly `13a`: a hyphen goes at the beginning of a line instead of the end, and `'s` is a word.
fn western(sentence: &str) -> String {
    let line = sentence.replace("\n-", "").replace('\n', " ");
    let line = line.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    points(&around(&format!(" {line} "), is_symbol).replace("'s ", " 's "))
}

/// Characters that are words of their own. (Kana is meant to be divided too, by rules that never apply.)
fn is_asian(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2eff}' | '\u{31c0}'..='\u{31ef}' | '\u{3200}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}')
}

fn is_asian_punctuation(c: char) -> bool {
    matches!(c, '\u{3001}' | '\u{3002}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}'
        | '\u{ff61}'..='\u{ff65}' | '\u{30fb}')
        || "．，？：；！＂（）".contains(c)
}

fn is_punctuation(c: char) -> bool {
    ".,?:;!\"()".contains(c)
}
