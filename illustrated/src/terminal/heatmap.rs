//! Weights as a table in which the heavy ones catch the eye.

use unicode_width::UnicodeWidthStr;

use super::{Options, fit, fit_right, line};
use crate::look::Role;

/// How heavy a weight is, from 0 to 1, in characters; and as a background from paper to ochre.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
const BACKGROUNDS: [u8; 5] = [230, 229, 222, 179, 136];

/// The least width of a cell: a shade before a number of two decimals; the most that words can make of it.
const CELL: (usize, usize) = (5, 10);

/// The most columns that words beside the rows may take.
const LABEL: usize = 14;

/// Weights between 0 and 1, `[rows][cols]`, with words beside the rows and above the columns. Words are cut, and columns
/// in the middle folded into "…", where the width does not suffice.
///
/// ```
/// use illustrated::terminal::{Options, heatmap};
///
/// let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<String>>();
/// let weights = [vec![0.9, 0.1], vec![0.25, 0.75]];
/// let drawn = heatmap(&weights, &words("i am"), &words("je suis"), &Options::default());
/// assert_eq!(drawn, "      je  suis\ni  █0.90  0.10\nam ░0.25 █0.75\n");
/// ```
///
/// # Panics
/// If there is not a word for each row, or not for each column.
#[track_caller]
pub fn heatmap(weights: &[Vec<f64>], rows: &[String], cols: &[String], options: &Options) -> String {
    assert!(
        weights.len() == rows.len() && weights.iter().all(|row| row.len() == cols.len()),
        "{} and {} words beside and above [{}, {:?}] weights",
        rows.len(),
        cols.len(),
        weights.len(),
        weights.iter().map(Vec::len).collect::<Vec<_>>(),
    );
    let widest = |words: &[String]| words.iter().map(|word| word.width()).max().unwrap_or(0);
    let label = widest(rows).min(LABEL).min(options.width / 3);
    let room = options.width.saturating_sub(label);
    let wanted = widest(cols).clamp(CELL.0, CELL.1);
    let cell = (room / cols.len().max(1)).saturating_sub(1).clamp(CELL.0, wanted);
    let shown = shown(cols.len(), room / (cell + 1));
    let mut text = " ".repeat(label);
    for col in &shown {
        let name = col.map_or("…", |col| &cols[col]);
        text += " ";
        text += &options.paint(&fit_right(name, if col.is_some() { cell } else { 1 }), Role::Words);
    }
    let mut text = line(&text);
    for (word, weights) in rows.iter().zip(weights) {
        let cells = shown.iter().map(|col| match col {
            Some(col) => painted(weights[*col], cell, options),
            None => " …".into(),
        });
        text += &line(&(options.paint(&fit(word, label), Role::Words) + &cells.collect::<String>()));
    }
    text
}

/// Which columns are shown where there is room for so many: all, or the first and the last, and `None` between them.
fn shown(count: usize, room: usize) -> Vec<Option<usize>> {
    if count <= room {
        return (0..count).map(Some).collect();
    }
    let kept = room.saturating_sub(1).max(2).min(count);
    let (first, last) = (kept - kept / 2, kept / 2);
    let fold = if kept < count { Some(None) } else { None };
    (0..first).map(Some).chain(fold).chain((count - last..count).map(Some)).collect()
}

/// A weight with its shade, a space or a colour before it.
fn painted(weight: f64, width: usize, options: &Options) -> String {
    let level = (weight.clamp(0.0, 1.0).powf(0.7) * 5.0).min(4.0) as usize; // of no number, 0
    let number = format!("{weight:.2}");
    if options.colour {
        return format!(" \x1b[38;5;16;48;5;{}m{}\x1b[0m", BACKGROUNDS[level], fit_right(&number, width));
    }
    let shade = SHADES[level].to_string().repeat(width.saturating_sub(number.len()));
    format!(" {shade}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(count: usize, word: &str) -> Vec<String> {
        (0..count).map(|at| format!("{word}{at}")).collect()
    }

    #[test]
    fn lines_are_aligned_and_keep_to_the_width() {
        for word in ["w", "étudiant", "学生", "schoolteachers"] {
            for (rows, cols) in [(1, 1), (3, 4), (9, 30), (2, 200)] {
                let weights = vec![vec![1.0 / cols as f64; cols]; rows];
                for width in [30, 40, 61, 80, 200] {
                    let options = Options { width, colour: false };
                    let text = heatmap(&weights, &words(rows, word), &words(cols, word), &options);
                    let widths: Vec<usize> = text.lines().map(UnicodeWidthStr::width).collect();
                    assert!(widths.iter().all(|found| *found == widths[0] && *found <= width), "{text}");
                    let folded =
                        text.lines().skip(1).all(|line| line.ends_with(|c: char| c.is_ascii_digit()));
                    assert!(folded && text.lines().count() == rows + 1, "{text}");
                }
            }
        }
    }

    #[test]
    fn where_there_is_no_room_the_middle_is_folded() {
        let weights = [(0..9).map(|at| f64::from(at) / 10.0).collect::<Vec<f64>>()];
        let options = Options { width: 32, colour: false };
        let text = heatmap(&weights, &words(1, "t"), &words(9, "s"), &options);
        assert_eq!(text, "      s0    s1 …    s7    s8\nt0  0.00  0.10 … ▓0.70 █0.80\n");
    }

    #[test]
    fn heavier_weights_are_darker_with_colour_and_without() {
        let weights = [vec![0.0, 0.2, 0.4, 0.6, 1.0]];
        let text = heatmap(&weights, &words(1, "t"), &words(5, "s"), &Options::default());
        let shades: Vec<usize> =
            text.chars().filter_map(|c| SHADES[1..].iter().position(|shade| *shade == c)).collect();
        assert_eq!(shades, [0, 1, 2, 3]);
        let text = heatmap(&weights, &words(1, "t"), &words(5, "s"), &Options { width: 80, colour: true });
        for (weight, background) in weights[0].iter().zip(BACKGROUNDS) {
            assert!(text.contains(&format!("48;5;{background}m {weight:.2}\x1b[0m")), "{text:?}");
        }
    }

    #[test]
    #[should_panic(expected = "1 and 2 words beside and above [1, [3]] weights")]
    fn words_must_fit() {
        heatmap(&[vec![0.0; 3]], &words(1, "t"), &words(2, "s"), &Options::default());
    }
}
