//! Matrices with signs between them, as an equation is written.

use maud::{Markup, html};

use super::matrix::Drawn;
use super::text::{lines, text_width};

/// A part of an equation.
#[derive(Clone, Debug)]
pub enum Part {
    /// A matrix.
    Matrix(Drawn),
    /// What stands between two of them: `·`, `=`.
    Sign(&'static str),
}

/// Between two parts.
const GAP: f64 = 8.0;

/// The parts side by side, their frames on one middle line; a line that would be wider than `max_width` is broken before
/// a sign.
pub fn equation(parts: Vec<Part>, max_width: f64) -> Drawn {
    let (mut lines, mut line): (Vec<Vec<Part>>, Vec<Part>) = (Vec::new(), Vec::new());
    let mut width = 0.0;
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let next = parts.peek().map_or(0.0, room);
        if matches!(part, Part::Sign(_)) && width + room(&part) + next > max_width {
            lines.push(std::mem::take(&mut line));
            width = 0.0;
        }
        width += room(&part);
        line.push(part);
    }
    lines.push(line);
    let lines: Vec<Drawn> = lines.iter().map(|line| row(line)).collect();
    stack(&lines, 10.0)
}

/// Drawings one below the other, with that much room between them. The frame is all of it.
pub fn stack(all: &[Drawn], gap: f64) -> Drawn {
    let mut y = 0.0;
    let mut tops = Vec::new();
    for one in all {
        tops.push(y);
        y += one.height + gap;
    }
    let (width, height) = (all.iter().map(|one| one.width).fold(0.0, f64::max), (y - gap).max(0.0));
    let markup = html! { @for (one, top) in all.iter().zip(&tops) { (at(0.0, *top, &one.markup)) } };
    Drawn::whole(markup, width, height)
}

/// Moved to that place.
pub fn at(x: f64, y: f64, markup: &Markup) -> Markup {
    html! { g transform={ "translate(" (x) " " (y) ")" } { (markup) } }
}

/// One drawing for each choice of a control, in the same place: the first is shown.
pub fn choices(control: &str, all: Vec<Drawn>) -> Option<Drawn> {
    let mut all = all.into_iter().enumerate();
    let (_, mut first) = all.next()?;
    let rest = html! {
        @for (choice, one) in all { g data-when={ (control) "=" (choice) } class="off" { (one.markup) } }
    };
    first.markup = html! { g data-when={ (control) "=0" } { (first.markup) } (rest) };
    Some(first)
}

/// A text, in as many lines as it needs.
pub fn note(text: &str) -> Drawn {
    let lines = lines(text);
    let width = lines.iter().map(|line| text_width(line)).fold(0.0, f64::max);
    let markup = html! {
        @for (at, line) in lines.iter().enumerate() { text class="note" x="4" y=(14.0 + 18.0 * at as f64) { (line) } }
    };
    let height = 18.0 * lines.len() as f64 + 6.0;
    Drawn::whole(markup, width, height)
}

fn room(part: &Part) -> f64 {
    GAP + match part {
        Part::Matrix(drawn) => drawn.width,
        Part::Sign(sign) => sign_width(sign),
    }
}

fn sign_width(sign: &str) -> f64 {
    (text_width(sign) * 1.35).ceil() + 6.0
}

fn row(parts: &[Part]) -> Drawn {
    let middle = |drawn: &Drawn| drawn.frame[1] + drawn.frame[3] / 2.0;
    let matrices =
        || parts.iter().filter_map(|part| if let Part::Matrix(drawn) = part { Some(drawn) } else { None });
    let axis = matrices().map(middle).fold(0.0, f64::max);
    let height = matrices().map(|drawn| axis - middle(drawn) + drawn.height).fold(0.0, f64::max);
    let mut x = 0.0;
    let mut placed: Vec<Markup> = Vec::new();
    for part in parts {
        placed.push(match part {
            Part::Matrix(drawn) => at(x, axis - middle(drawn), &drawn.markup),
            Part::Sign(sign) => html! {
                text class="operator" x=(x + sign_width(sign) / 2.0) y=(axis + 6.0) { (sign) }
            },
        });
        x += room(part);
    }
    let markup = html! { @for one in &placed { (one) } };
    Drawn { markup, width: x - GAP, height, frame: [0.0, 0.0, x - GAP, height] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(width: f64, height: f64) -> Part {
        Part::Matrix(Drawn { markup: html! { "m" }, width, height, frame: [0.0, 10.0, width, height - 10.0] })
    }

    #[test]
    fn frames_share_their_middle() {
        let drawn = equation(vec![one(40.0, 30.0), Part::Sign("="), one(40.0, 50.0)], 500.0);
        let markup = drawn.markup.into_string();
        assert!(markup.contains("translate(0 10)") && markup.contains(" 0)\">m"), "{markup}");
        assert_eq!(drawn.height, 50.0);
    }

    #[test]
    fn long_equations_break_before_signs() {
        let parts =
            || vec![one(40.0, 30.0), Part::Sign("="), one(40.0, 30.0), Part::Sign("="), one(40.0, 30.0)];
        let (whole, broken) = (equation(parts(), 500.0), equation(parts(), 130.0));
        assert_eq!(whole.height, 30.0);
        assert_eq!(broken.height, 70.0);
        assert!(broken.width < 130.0 && whole.width > 130.0);
    }
}
