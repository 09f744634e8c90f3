//! A cell: a number that can be read, its size and sign as a colour, and its gradient as a bar.

use maud::{Markup, html};

use super::number::{reads_as_nothing, short, small};

/// The width and height of a cell.
pub(super) const CELL: (f64, f64) = (46.0, 28.0);

/// One number, and what it is compared with for its colour.
pub(super) struct Cell {
    pub number: f32,
    pub gradient: Option<f32>,
    pub max: f32,
    pub max_gradient: f32,
    pub is_weights: bool,
    /// Whether the number is a gradient.
    pub is_gradient: bool,
    pub is_masked: bool,
    pub size: (f64, f64),
}

impl Cell {
    pub fn markup(&self, kind: &str, [row, col]: [usize; 2], x: f64, y: f64) -> Markup {
        let masked = self.is_masked || self.number == f32::NEG_INFINITY;
        let shown = if self.is_gradient { small } else { short };
        let text = if masked { "masked".into() } else { shown(self.number) };
        let sign = match (masked, self.is_weights, text.starts_with('-')) {
            (true, _, _) => "masked",
            (_, true, _) => "share",
            (_, _, true) => "negative",
            _ => "positive",
        };
        let bar = self.gradient.filter(|gradient| *gradient != 0.0 && !masked).map(|gradient| {
            let length =
                38.0 * f64::from(gradient.abs()) / f64::from(self.max_gradient).max(f64::MIN_POSITIVE);
            (length.max(1.0), if gradient < 0.0 { "up" } else { "down" })
        });
        html! {
            g class={ (kind) (sign) } role="cell" tabindex="-1" data-r=(row) data-c=(col) data-masked[self.is_masked]
                style={ "--v:" (format!("{:.0}", self.strength(&text))) } transform={ "translate(" (x) " " (y) ")" } {
                rect width=(self.size.0) height=(self.size.1) rx=(if self.size == CELL { "3" } else { "1" }) {}
                text x=(if self.size == CELL { CELL.0 / 2.0 } else { self.size.0 }) y=(if self.size == CELL { "17" } else { "-2" }) { (text) }
                @if let Some((length, way)) = bar {
                    rect class={ "bar " (way) } x=(format!("{:.1}", (CELL.0 - length) / 2.0)) y="23" width=(format!("{length:.1}")) height="3" rx="1.5" {}
                }
            }
        }
    }

    /// How much of the colour, in percent: none of what reads as nothing.
    fn strength(&self, text: &str) -> f64 {
        let exponent = if self.is_weights { 0.7 } else { 0.8 };
        let share = f64::from(self.number.abs()) / f64::from(self.max).max(f64::MIN_POSITIVE);
        let is_seen = share.is_finite() && !reads_as_nothing(text);
        if is_seen { 100.0 * share.min(1.0).powf(exponent) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(number: f32, max: f32) -> String {
        let cell = Cell {
            number,
            gradient: Some(0.5),
            max,
            max_gradient: 1.0,
            is_weights: false,
            is_gradient: false,
            is_masked: false,
            size: CELL,
        };
        cell.markup("cell ", [0, 0], 0.0, 0.0).into_string()
    }

    #[test]
    fn what_reads_as_nothing_has_no_colour_and_no_sign() {
        for (number, max) in [(0.0, 0.0), (0.0049, 0.0049), (-0.0049, 0.005), (-0.001, 9.0)] {
            assert!(tag(number, max).starts_with("<g class=\"cell positive\""), "{}", tag(number, max));
            assert!(tag(number, max).contains("style=\"--v:0\"") && tag(number, max).contains(">0.00<"));
        }
        assert!(tag(-0.0051, 0.0051).contains("cell negative") && tag(-0.0051, 0.0051).contains("--v:100"));
    }

    #[test]
    fn what_is_masked_has_no_gradient() {
        assert!(tag(0.5, 1.0).contains("bar down"));
        let masked = tag(f32::NEG_INFINITY, 1.0);
        assert!(masked.contains("cell masked") && masked.contains("--v:0") && !masked.contains("bar"));
    }
}
