//! A matrix: cells in a frame, with words on its rows and columns.

use maud::{Markup, html};

use super::number::short;
use super::place::Place;
use super::role::Role;
use crate::recording::Pass;

/// From a cell's left edge to the next one's, and from a row to the next.
pub const PITCH: (f64, f64) = (48.0, 30.0);

/// The width and height of a cell.
const CELL: (f64, f64) = (46.0, 28.0);

/// More columns than this are folded: the middle ones are left out.
pub const MAX_COLUMNS: usize = 16;

/// What stands beside the rows and above the columns; nothing, if there are none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// Beside each row.
    pub rows: Vec<String>,
    /// Above each column.
    pub cols: Vec<String>,
}

impl Labels {
    /// Words beside the rows only.
    pub fn rows(rows: &[String]) -> Labels {
        Labels { rows: rows.to_vec(), cols: Vec::new() }
    }

    /// Words on both sides.
    pub fn both(rows: &[String], cols: &[String]) -> Labels {
        Labels { rows: rows.to_vec(), cols: cols.to_vec() }
    }
}

/// A matrix of numbers of a recording, to be drawn.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// What it is called, with its formula: `Q = X W^Q`.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Where its numbers stand.
    pub place: Place,
    /// How many rows it has.
    pub n_rows: usize,
    /// How many columns it has; more than [`MAX_COLUMNS`] are folded.
    pub n_cols: usize,
    /// The words on its sides.
    pub labels: Labels,
}

/// A matrix that was drawn, and how much room it takes, its name and words included.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The SVG group; its origin is the upper left corner of the room.
    pub markup: Markup,
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// The frame inside it: left, top, width, height.
    pub frame: [f64; 4],
}

/// Of a row of cells, the columns that are shown; `None` stands for those that are folded.
pub fn shown(n_cols: usize) -> Vec<Option<usize>> {
    if n_cols <= MAX_COLUMNS {
        return (0..n_cols).map(Some).collect();
    }
    let half = MAX_COLUMNS / 2;
    (0..half).map(Some).chain([None]).chain((n_cols - half..n_cols).map(Some)).collect()
}

impl Matrix {
    /// The picture of it, as the pass has its numbers and the controls of the figure stand.
    ///
    /// Returns nothing if the pass has no such numbers.
    pub fn draw(&self, pass: &Pass, chosen: &[(&str, usize)]) -> Option<Drawn> {
        let (values, gradients) = self.place.arrays(pass, chosen)?;
        let number = |row, col| values.data.get(self.place.index(chosen, row, col)).copied();
        let gradient = |row, col| {
            gradients.as_ref().and_then(|array| array.data.get(self.place.index(chosen, row, col))).copied()
        };
        let all = || (0..self.n_rows).flat_map(|row| (0..self.n_cols).map(move |col| (row, col)));
        let is_weights = self.role == Role::Weights;
        let largest = |numbers: &mut dyn Iterator<Item = f32>| {
            numbers.filter(|number| number.is_finite()).fold(0.0, |max: f32, number| max.max(number.abs()))
        };
        let max =
            if is_weights { 1.0 } else { largest(&mut all().filter_map(|(row, col)| number(row, col))) };
        let max_gradient = largest(&mut all().filter_map(|(row, col)| gradient(row, col)));
        let cell = |row: usize, col: usize| -> Option<Cell> {
            Some(Cell {
                number: number(row, col)?,
                gradient: gradient(row, col),
                max,
                max_gradient,
                is_weights,
            })
        };
        all().all(|(row, col)| number(row, col).is_some()).then(|| self.markup(cell, max, true))
    }

    /// The picture of numbers that are no recording's but a formula's: [`Matrix::place`] is not looked at.
    pub fn formula(&self, number: impl Fn(usize, usize) -> f32) -> Drawn {
        let is_weights = self.role == Role::Weights;
        let all = (0..self.n_rows).flat_map(|row| (0..self.n_cols).map(move |col| (row, col)));
        let largest = all.map(|(row, col)| number(row, col).abs()).fold(0.0, f32::max);
        let max = if is_weights { 1.0 } else { largest };
        let cell = |row, col| {
            Some(Cell { number: number(row, col), gradient: None, max, max_gradient: 0.0, is_weights })
        };
        self.markup(cell, max, false)
    }

    /// The cells; where they stand in a recording is said if they do.
    fn markup(&self, cell: impl Fn(usize, usize) -> Option<Cell>, max: f32, is_recorded: bool) -> Drawn {
        let columns = shown(self.n_cols);
        let left = self.labels.rows.iter().map(|label| text_width(label)).fold(0.0, f64::max) + 10.0;
        let left = if self.labels.rows.is_empty() { 4.0 } else { left };
        let top = if self.labels.cols.is_empty() { 28.0 } else { 44.0 };
        let (inner_width, inner_height) = (columns.len() as f64 * PITCH.0, self.n_rows as f64 * PITCH.1);
        let [path, start, row, col, controls] =
            self.place.attributes().map(|(_, value)| is_recorded.then_some(value));
        let (group, kind) = if is_recorded { ("matrix ", "cell ") } else { ("formula ", "plain ") };
        let folded = self.n_cols.saturating_sub(MAX_COLUMNS);
        let x = |at: usize| left + at as f64 * PITCH.0;
        let scale = if self.role == Role::Weights { "0 to 1".into() } else { format!("±{}", short(max)) };
        let markup = html! {
            g class={ (group) (self.role.class()) } role="table" aria-label=(self.name)
                data-path=[path] data-start=[start] data-row=[row] data-col=[col] data-controls=[controls] data-pass=[self.place.fixed_pass()] data-of=[self.place.shows()]
                data-rows=(self.n_rows) data-cols=(self.n_cols) {
                text class="name" x=(left) y="14" { (self.name) }
                text class="scale" x=(left + inner_width) y=(top + inner_height + 16.0) { (scale) }
                @if !self.labels.cols.is_empty() {
                    g role="row" {
                        @if !self.labels.rows.is_empty() { g role="columnheader" aria-label="word" {} }
                        @for (at, col) in columns.iter().enumerate() {
                            text class="label above" role="columnheader" x=(x(at) + CELL.0 / 2.0) y=(top - 6.0) {
                                @match col { Some(col) => (cut(self.labels.cols.get(*col).map_or("", |l| l), PITCH.0)), None => "…" }
                            }
                        }
                    }
                }
                rect class="frame" x=(left - 3.0) y=(top - 3.0) width=(inner_width + 4.0) height=(inner_height + 4.0) rx="5" {}
                @for row in 0..self.n_rows {
                    g role="row" {
                        @if let Some(label) = self.labels.rows.get(row) {
                            text class="label beside" role="rowheader" x=(left - 9.0) y=(top + row as f64 * PITCH.1 + 18.0) { (label) }
                        }
                        @for (at, col) in columns.iter().enumerate() {
                            @let (x, y) = (x(at), top + row as f64 * PITCH.1);
                            @match col {
                                Some(col) => { @if let Some(cell) = cell(row, *col) { (cell.markup(kind, [row, *col], x, y)) } }
                                None => {
                                    g class="fold" role="cell" tabindex="-1" data-r=(row) transform={ "translate(" (x) " " (y) ")" }
                                        aria-label={ (folded) " more" } {
                                        rect width=(CELL.0) height=(CELL.1) rx="3" {}
                                        text x=(CELL.0 / 2.0) y="18" { "… " (folded) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        };
        let frame = [left - 3.0, top - 3.0, inner_width + 4.0, inner_height + 4.0];
        Drawn { markup, width: left + inner_width + 4.0, height: top + inner_height + 22.0, frame }
    }
}

/// One number, and what it is compared with for its colour.
struct Cell {
    number: f32,
    gradient: Option<f32>,
    max: f32,
    max_gradient: f32,
    is_weights: bool,
}

impl Cell {
    fn markup(&self, kind: &str, [row, col]: [usize; 2], x: f64, y: f64) -> Markup {
        let masked = self.number == f32::NEG_INFINITY;
        let sign = match (masked, self.is_weights, self.number < 0.0) {
            (true, _, _) => "masked",
            (_, true, _) => "share",
            (_, _, true) => "negative",
            _ => "positive",
        };
        let bar = self.gradient.filter(|gradient| *gradient != 0.0).map(|gradient| {
            let length =
                38.0 * f64::from(gradient.abs()) / f64::from(self.max_gradient).max(f64::MIN_POSITIVE);
            (length.max(1.0), if gradient < 0.0 { "up" } else { "down" })
        });
        html! {
            g class={ (kind) (sign) } role="cell" tabindex="-1" data-r=(row) data-c=(col)
                style={ "--v:" (format!("{:.0}", self.strength())) } transform={ "translate(" (x) " " (y) ")" } {
                rect width=(CELL.0) height=(CELL.1) rx="3" {}
                text x=(CELL.0 / 2.0) y="17" { @if masked { "masked" } @else { (short(self.number)) } }
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

/// About how wide a text is at 13 pixels.
pub fn text_width(text: &str) -> f64 {
    text.chars()
        .map(|c| {
            if c.is_ascii() {
                7.2
            } else if c > '\u{2e80}' {
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
