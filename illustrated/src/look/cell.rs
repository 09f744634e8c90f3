//! A cell: a number that can be read, its size and sign as a colour, and its gradient as a bar.

use maud::{Markup, html};

use super::number::short;

/// The width and height of a cell.
pub(super) const CELL: (f64, f64) = (46.0, 28.0);

/// One number, and what it is compared with for its colour.
pub(super) struct Cell {
    pub number: f32,
    pub gradient: Option<f32>,
    pub max: f32,
    pub max_gradient: f32,
    pub is_weights: bool,
    pub is_masked: bool,
    pub size: (f64, f64),
}

impl Cell {
    pub fn markup(&self, kind: &str, [row, col]: [usize; 2], x: f64, y: f64) -> Markup {
        let masked = self.is_masked || self.number == f32::NEG_INFINITY;
        let sign = match (masked, self.is_weights, self.number < 0.0) {
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
                style={ "--v:" (format!("{:.0}", self.strength())) } transform={ "translate(" (x) " " (y) ")" } {
                rect width=(self.size.0) height=(self.size.1) rx=(if self.size == CELL { "3" } else { "1" }) {}
                text x=(if self.size == CELL { CELL.0 / 2.0 } else { self.size.0 }) y=(if self.size == CELL { "17" } else { "-2" }) { @if masked { "masked" } @else { (short(self.number)) } }
                @if let Some((length, way)) = bar {
                    rect class={ "bar " (way) } x=(format!("{:.1}", (CELL.0 - length) / 2.0)) y="23" width=(format!("{length:.1}")) height="3" rx="1.5" {}
                }
            }
        }
    }

    /// How much of the colour, in percent.
    fn strength(&self) -> f64 {
        let exponent = if self.is_weights { 0.7 } else { 0.8 };
        let share = f64::from(self.number.abs()) / f64::from(self.max).max(f64::MIN_POSITIVE);
        if share.is_finite() { 100.0 * share.min(1.0).powf(exponent) } else { 0.0 }
    }
}
