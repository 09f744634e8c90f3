//! A matrix: cells in a frame, with words on its rows and columns.

use maud::{Markup, html};

use super::cell::{CELL, Cell};
use super::number::{short, small};
use super::place::Place;
use super::role::Role;
use super::text::{cut, text_width};
use crate::recording::Pass;

/// From a cell's left edge to the next one's, and from a row to the next.
pub const PITCH: (f64, f64) = (48.0, 30.0);

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

impl Drawn {
    /// A drawing whose frame is all of it.
    pub fn whole(markup: Markup, width: f64, height: f64) -> Drawn {
        Drawn { markup, width, height, frame: [0.0, 0.0, width, height] }
    }
}

/// How a matrix is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// More rows are folded.
    pub max_rows: usize,
    /// More columns are folded.
    pub max_cols: usize,
    /// From a cell to the next: [`PITCH`], or a length below it, in pixels, of square cells that show colour only. Their
    /// numbers show where they are pointed at, and words above the columns are turned.
    pub tiny: Option<f64>,
    /// Whether row r may not see the columns after it: these cells are masked, whatever number they hold.
    pub causal: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style { max_rows: usize::MAX, max_cols: MAX_COLUMNS, tiny: None, causal: false }
    }
}

impl Style {
    /// Rows and columns beyond these are folded.
    pub fn folded(max_rows: usize, max_cols: usize) -> Style {
        Style { max_rows, max_cols, ..Style::default() }
    }

    fn pitch(&self) -> (f64, f64) {
        self.tiny.map_or(PITCH, |side| (side, side))
    }

    fn cell(&self) -> (f64, f64) {
        self.tiny.map_or(CELL, |side| (side - 1.0, side - 1.0))
    }
}

/// Of so many rows or columns, those that are shown; `None` stands for those that are folded.
pub fn shown(n: usize, max: usize) -> Vec<Option<usize>> {
    if n <= max {
        return (0..n).map(Some).collect();
    }
    let half = max / 2;
    (0..half).map(Some).chain([None]).chain((n - half..n).map(Some)).collect()
}

/// How many are not shown.
fn folded(shown: &[Option<usize>], n: usize) -> usize {
    n - shown.iter().flatten().count()
}

impl Matrix {
    /// The picture of it, as the pass has its numbers and the controls of the figure stand.
    ///
    /// Returns nothing if the pass has no such numbers.
    pub fn draw(&self, pass: &Pass, chosen: &[(&str, usize)]) -> Option<Drawn> {
        self.draw_as(pass, chosen, &Style::default())
    }

    /// The picture of it in that style. Returns nothing if the pass has no such numbers.
    pub fn draw_as(&self, pass: &Pass, chosen: &[(&str, usize)], style: &Style) -> Option<Drawn> {
        self.draw_masked(pass, chosen, style, |row, col| style.causal && col > row)
    }

    /// The picture of it in that style, with the cells masked of which `is_masked(row, column)` says so, whatever number
    /// they hold. Returns nothing if the pass has no such numbers.
    pub fn draw_masked(
        &self,
        pass: &Pass,
        chosen: &[(&str, usize)],
        style: &Style,
        is_masked: impl Fn(usize, usize) -> bool,
    ) -> Option<Drawn> {
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
                gradient: gradient(row, col).filter(|_| style.tiny.is_none()),
                max,
                max_gradient,
                is_weights,
                is_gradient: self.place.shows().is_some(),
                is_masked: is_masked(row, col),
                size: style.cell(),
            })
        };
        all().all(|(row, col)| number(row, col).is_some()).then(|| self.markup(cell, max, style, true))
    }

    /// The picture of numbers that are no recording's but a formula's: [`Matrix::place`] is not looked at.
    pub fn formula(&self, number: impl Fn(usize, usize) -> f32) -> Drawn {
        let (is_weights, style) = (self.role == Role::Weights, Style::default());
        let all = (0..self.n_rows).flat_map(|row| (0..self.n_cols).map(move |col| (row, col)));
        let largest = all.map(|(row, col)| number(row, col).abs()).fold(0.0, f32::max);
        let max = if is_weights { 1.0 } else { largest };
        let cell = |row, col| {
            let (number, size) = (number(row, col), style.cell());
            let (max_gradient, is_gradient, is_masked) = (0.0, false, false);
            Some(Cell { number, gradient: None, max, max_gradient, is_weights, is_gradient, is_masked, size })
        };
        self.markup(cell, max, &style, false)
    }

    /// The cells; where they stand in a recording is said if they do.
    fn markup(
        &self,
        cell: impl Fn(usize, usize) -> Option<Cell>,
        max: f32,
        style: &Style,
        is_recorded: bool,
    ) -> Drawn {
        let (columns, rows) = (shown(self.n_cols, style.max_cols), shown(self.n_rows, style.max_rows));
        let left = self.labels.rows.iter().map(|label| text_width(label)).fold(0.0, f64::max).ceil() + 10.0;
        let left = if self.labels.rows.is_empty() { 4.0 } else { left };
        let longest = self.labels.cols.iter().map(|label| text_width(label)).fold(0.0, f64::max).ceil();
        let top = match (self.labels.cols.is_empty(), style.tiny) {
            (true, _) => 28.0,
            (false, None) => 44.0,
            (false, Some(_)) => 34.0 + longest,
        };
        let ((width, height), cell_size) = (style.pitch(), style.cell());
        let (inner_width, inner_height) = (columns.len() as f64 * width, rows.len() as f64 * height);
        let [path, start, row, col, controls] =
            self.place.attributes().map(|(_, value)| is_recorded.then_some(value));
        let kind = if is_recorded { "cell " } else { "plain " };
        let (x, y) = (|at: usize| left + at as f64 * width, |at: usize| top + at as f64 * height);
        let size = if self.place.shows().is_some() { small } else { short };
        let scale = if self.role == Role::Weights { "0 to 1".into() } else { format!("±{}", size(max)) };
        let class = match (is_recorded, style.tiny) {
            (false, _) => "formula",
            (true, None) => "matrix",
            (true, Some(_)) => "matrix tiny",
        };
        let markup = html! {
            g class={ (class) " " (self.role.class()) } role="table" aria-label=(self.name)
                data-path=[path] data-start=[start] data-row=[row] data-col=[col] data-controls=[controls] data-pass=[self.place.fixed_pass()] data-of=[self.place.shows()]
                data-listed=[self.place.listed()] data-heads=[self.place.heads()]
                data-rows=(self.n_rows) data-cols=(self.n_cols) {
                text class="name" x=(left) y="14" { (self.name) }
                text class="scale" x=(left + inner_width) y=(top + inner_height + 16.0) { (scale) }
                @if !self.labels.cols.is_empty() { (self.head(&columns, style, (left, top))) }
                rect class="frame" x=(left - 3.0) y=(top - 3.0) width=(inner_width + 4.0) height=(inner_height + 4.0) rx="5" {}
                @for (line, row) in rows.iter().enumerate() {
                    g role="row" {
                        @if let Some(row) = row {
                            @if let Some(label) = self.labels.rows.get(*row) {
                                text class="label beside" role="rowheader" x=(left - 9.0) y=(y(line) + cell_size.1 / 2.0 + 4.0) { (label) }
                            }
                            @for (at, col) in columns.iter().enumerate() {
                                @match col {
                                    Some(col) => { @if let Some(cell) = cell(*row, *col) { (cell.markup(kind, [*row, *col], x(at), y(line))) } }
                                    None => (fold(*row, (x(at), y(line)), cell_size.0, folded(&columns, self.n_cols), "")),
                                }
                            }
                        } @else {
                            (fold(line, (left, y(line)), inner_width - 2.0, folded(&rows, self.n_rows), " rows"))
                        }
                    }
                }
            }
        };
        let frame = [left - 3.0, top - 3.0, inner_width + 4.0, inner_height + 4.0];
        let width = left + (inner_width + 4.0).max((text_width(&self.name) * 1.1).ceil());
        Drawn { markup, width, height: top + inner_height + 22.0, frame }
    }

    /// The words above the columns: cut, if neighbours would touch.
    fn head(&self, columns: &[Option<usize>], style: &Style, (left, top): (f64, f64)) -> Markup {
        let (width, middle) = (style.pitch().0, style.cell().0 / 2.0);
        let word = |col: Option<usize>| {
            col.map_or("…", |col| self.labels.cols.get(col).map_or("", |label| label.as_str()))
        };
        let width_of = |col| text_width(word(col)) * 12.0 / 13.0; // the letters are smaller here
        let room = |pair: &[Option<usize>]| width_of(pair[0]) + width_of(pair[1]);
        let fit = columns.windows(2).all(|pair| room(pair) <= 2.0 * width) && columns.len() > 1;
        html! {
            g role="row" {
                @if !self.labels.rows.is_empty() { g role="columnheader" aria-label="word" {} }
                @for (at, col) in columns.iter().enumerate() {
                    @let x = left + at as f64 * width + middle;
                    @if style.tiny.is_some() {
                        text class="label turned" role="columnheader" data-c=[col]
                            transform={ "translate(" (x + 4.0) " " (top - 8.0) ") rotate(-90)" } { (word(*col)) }
                    } @else {
                        text class="label above" role="columnheader" data-c=[col] x=(x) y=(top - 6.0) {
                            (cut(word(*col), if fit { 1.4 * width } else { width }))
                        }
                    }
                }
            }
        }
    }
}

/// What stands for so many columns of a row, or for rows, that are left out.
fn fold(row: usize, (x, y): (f64, f64), width: f64, count: usize, what: &str) -> Markup {
    let whole = format!("… {count}{what}");
    let text = if text_width(&whole) <= width { whole } else { format!("… {count}") };
    html! {
        g class="fold" role="cell" tabindex="-1" data-r=(row) transform={ "translate(" (x) " " (y) ")" }
            aria-label={ (count) (what) " more" } {
            rect width=(width) height=(CELL.1) rx="3" {}
            text x=(width / 2.0) y="18" { (text) }
        }
    }
}
