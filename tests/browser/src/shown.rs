//! The numbers that a page shows, and those that it should show.

use std::collections::BTreeMap;

use illustrated::Recording;
use illustrated::look::number::small;
use illustrated::look::short;
use illustrated::recording::{Array, Pass};
use serde::Deserialize;

use crate::browser::Browser;

/// Reads every matrix of a page, as [`Matrix`] has it.
const READ: &str = r#"
    const all = (selector, within) => [...within.querySelectorAll(selector)];
    const choices = (figure) => {
        const selects = all("select[data-control]", figure);
        return Object.fromEntries(selects.map((select) => [select.dataset.control, +select.value]));
    };
    const cell = (cell) => {
        const { r, c } = cell.dataset;
        const text = cell.querySelector("text").textContent;
        const [is_hidden, looks_masked] = ["masked" in cell.dataset, cell.classList.contains("masked")];
        const sign = ["positive", "negative", "share", "masked", "missing"].find((one) => cell.classList.contains(one));
        const strength = +cell.style.getPropertyValue("--v");
        return { row: +r, col: +c, text, is_hidden, looks_masked, sign, strength };
    };
    return all("g.matrix", document).map((matrix) => {
        const { path, start, row, col, controls, pass, of } = matrix.dataset;
        const figure = matrix.closest("figure");
        return {
            figure: figure.id, path, start: +start, row: +row, col: +col, controls,
            pass: pass === undefined ? null : +pass,
            is_gradient: of === "gradient",
            is_weights: matrix.classList.contains("weights"),
            choices: choices(figure),
            cells: all(".cell", matrix).map(cell),
        };
    });
"#;

/// What a page says of a matrix, and what it shows in it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Matrix {
    /// The figure that it is in.
    pub figure: String,
    /// The path of its numbers, with `{name}` for what a control says.
    pub path: String,
    /// Where its first number stands.
    pub start: usize,
    /// From a row to the next.
    pub row: usize,
    /// From a column to the next.
    pub col: usize,
    /// From a choice of a control to the next: `name:stride ..`.
    pub controls: String,
    /// The pass that it always shows.
    pub pass: Option<usize>,
    /// Whether it always shows gradients.
    pub is_gradient: bool,
    /// Whether its numbers are shares of 1.
    pub is_weights: bool,
    /// How the controls of its figure stand.
    pub choices: BTreeMap<String, usize>,
    /// Its cells; those of folded columns are not there.
    pub cells: Vec<Cell>,
}

/// A cell of a matrix.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Cell {
    /// Its row.
    pub row: usize,
    /// Its column.
    pub col: usize,
    /// What can be read in it.
    pub text: String,
    /// Whether the figure says that its row may not see its column, whatever number it holds.
    pub is_hidden: bool,
    /// Whether it looks masked.
    pub looks_masked: bool,
    /// What its colour says, as the style sheet calls it: `positive`, `negative`, `share`, `masked` or `missing`.
    pub sign: String,
    /// How much of that colour it has, in percent.
    pub strength: u32,
}

/// What a reader chose for the whole page.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the page is drawn from.
    pub recording: &'a Recording,
    /// Which pass, from 0.
    pub pass: usize,
    /// Whether cells show gradients in place of values.
    pub shows_gradients: bool,
}

impl Matrix {
    /// All matrices of the page that the browser shows.
    ///
    /// # Panics
    /// If one of them does not say where its numbers stand.
    pub fn all(browser: &Browser) -> Vec<Matrix> {
        browser.run(READ)
    }

    /// The path, with what the controls say.
    pub fn path_now(&self) -> String {
        let choose = |path: String, (name, at): (&String, &usize)| {
            path.replace(&format!("{{{name}}}"), &at.to_string())
        };
        self.choices.iter().fold(self.path.clone(), choose)
    }

    /// Where the number of a cell stands in its array.
    ///
    /// # Panics
    /// If the controls are not written as they should be.
    pub fn index(&self, cell: &Cell) -> usize {
        let stride = |control: &str| -> usize {
            let (name, stride) = control.split_once(':').expect("name:stride");
            self.choices.get(name).map_or(0, |at| at * stride.parse::<usize>().expect("a number"))
        };
        let moved: usize = self.controls.split_whitespace().map(stride).sum();
        self.start + moved + cell.row * self.row + cell.col * self.col
    }
}

impl<'a> View<'a> {
    /// The page as it opens: the last pass, and its values.
    ///
    /// # Panics
    /// If the recording has no pass.
    pub fn first(recording: &'a Recording) -> View<'a> {
        let pass = recording.passes().len().checked_sub(1).expect("a recording with a pass");
        View { recording, pass, shows_gradients: false }
    }

    /// Holds every cell of these matrices to the recording; returns how many there were.
    ///
    /// # Panics
    /// If one shows something else.
    #[track_caller]
    pub fn holds(&self, matrices: &[Matrix]) -> usize {
        let passes = self.recording.passes();
        let mut count = 0;
        for matrix in matrices {
            let pass = &passes[matrix.pass.unwrap_or(self.pass)];
            let wants_gradients = self.shows_gradients && !matrix.is_gradient;
            let array = numbers(pass, &matrix.path_now(), wants_gradients || matrix.is_gradient);
            for cell in &matrix.cells {
                let number = array.as_ref().map(|array| array.data[matrix.index(cell)]);
                let expected = if cell.is_hidden {
                    "masked".into()
                } else {
                    text(number, wants_gradients || matrix.is_gradient)
                };
                let Matrix { figure, path, choices, .. } = matrix;
                let at = format!(
                    "{figure}: {path} {choices:?}, pass {}, row {}, column {}",
                    self.pass, cell.row, cell.col
                );
                assert_eq!(cell.text, expected, "{at}");
                assert_eq!(cell.looks_masked, expected == "masked", "{at}");
                // A masked score is minus infinity, a masked weight nothing.
                let is_nothing = matches!(number, Some(0.0 | f32::NEG_INFINITY));
                let is_nothing = matrix.is_gradient || wants_gradients || is_nothing;
                assert!(!cell.is_hidden || is_nothing, "{at}: what is masked is {number:?}");
                count += 1;
            }
        }
        count
    }
}

/// Values or gradients of a path, if they are recorded.
pub fn numbers(pass: &Pass, path: &str, are_gradients: bool) -> Option<Array> {
    if are_gradients {
        pass.gradient(path).cloned().or_else(|| pass.output_gradient(path))
    } else {
        pass.value(path).cloned().or_else(|| pass.output(path))
    }
}

/// What stands in a cell. Of small gradients, the first digit and a power of ten; a dash for what is not recorded.
fn text(number: Option<f32>, is_gradient: bool) -> String {
    match number {
        None => "–".into(),
        Some(f32::NEG_INFINITY) => "masked".into(),
        Some(number) if is_gradient => small(number),
        Some(number) => short(number),
    }
}
