//! Figures for a terminal: attention as a [`heatmap()`], a search as a [`tree()`].
//!
//! Functions of numbers and words to text, which ask nothing of the terminal: how wide it is and whether it takes colour
//! is for the caller to say. Where colour is off, shades say the same; numbers stand there always.

mod heatmap;
mod tree;

pub use heatmap::heatmap;
pub use tree::tree;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::look::Role;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many columns a line may have. What cannot be made narrower goes beyond it: it takes about 30.
    pub width: usize,
    /// Whether to write escape sequences for 256 colours.
    pub colour: bool,
}

/// 80 columns, without colour: right for a file, a pipe and a test.
impl Default for Options {
    fn default() -> Options {
        Options { width: 80, colour: false }
    }
}

/// The colour of a role among the 256: the nearest to those of the style sheet that reads on dark and on light.
fn code(role: Role) -> u8 {
    match role {
        Role::Words => 36,
        Role::Query => 133,
        Role::Key => 172,
        Role::Value => 68,
        Role::Weights => 136,
        Role::Output => 166,
        Role::Parameter => 244,
    }
}

impl Options {
    /// The text in a colour, if there is colour.
    fn paint(self, text: &str, role: Role) -> String {
        if self.colour { format!("\x1b[38;5;{}m{text}\x1b[0m", code(role)) } else { text.to_owned() }
    }
}

/// In so many columns, filled up with spaces, or cut with an ellipsis in the last of them. What would steer a terminal is
/// spelled out.
fn fit(text: &str, width: usize) -> String {
    let mut safe = String::new();
    for char in text.chars() {
        if char.is_control() { safe.extend(char.escape_unicode()) } else { safe.push(char) }
    }
    if safe.width() > width {
        let mut kept = String::new();
        for char in safe.chars() {
            if kept.width() + char.width().unwrap_or(0) + 1 > width {
                break;
            }
            kept.push(char);
        }
        safe = kept + if width > 0 { "…" } else { "" };
    }
    let room = width - safe.width().min(width);
    safe + &" ".repeat(room)
}

/// The same at the right edge.
fn fit_right(text: &str, width: usize) -> String {
    let fitted = fit(text, width);
    let text = fitted.trim_end();
    format!("{}{text}", " ".repeat(width - text.width()))
}

/// A line without spaces at its end.
fn line(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_takes_the_room_it_is_given() {
        for text in ["", "je", "étudiant", "学生です", "e\u{301}tudiant", "👩‍🎓", "\u{1b}[31mred\n", "طالب"]
        {
            for width in 0..12 {
                for fitted in [fit(text, width), fit_right(text, width)] {
                    assert_eq!(fitted.width(), width, "{text:?} in {width}: {fitted:?}");
                    assert!(!fitted.contains('\u{1b}') && !fitted.contains('\n'));
                }
            }
        }
        assert_eq!((fit("étudiant", 5), fit_right("je", 5)), ("étud…".into(), "   je".into()));
        assert_eq!(fit("学生です", 4), "学… ", "a wide letter is not halved");
    }
}
