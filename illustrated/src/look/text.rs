//! How wide a text is, and how one is cut or broken into lines.

/// About how wide a text is at 13 pixels.
pub fn text_width(text: &str) -> f64 {
    text.chars()
        .map(|c| {
            if matches!(c, '<' | '>') {
                11.0
            } else if c.is_ascii() {
                7.2
            } else if ('\u{300}'..'\u{370}').contains(&c) {
                0.0 // a mark above the letter before
            } else if c > '\u{2e80}' || ('\u{2460}'..'\u{25a0}').contains(&c) {
                13.0
            } else {
                8.0
            }
        })
        .sum()
}

/// A text cut to a width, with an ellipsis where something is missing.
pub fn cut(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if text_width(&kept) + text_width("…") + 8.0 > width {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

/// A line of text in a drawing is no wider than this, so that a phone shows it whole.
pub const LINE_WIDTH: f64 = 350.0;

/// A text in lines that are no wider than [`LINE_WIDTH`], unless a word is.
pub fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut().filter(|line| text_width(&format!("{line} {word}")) <= LINE_WIDTH) {
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.into()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_break_between_words() {
        let found =
            lines("The encoder's first self-attention, when the sentence stands in a batch beside another");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], "The encoder's first self-attention, when the");
        assert!(found.iter().all(|line| text_width(line) <= LINE_WIDTH));
        assert_eq!(lines("short"), ["short"]);
    }
}
