//! Every number shown is the recording's.

use std::collections::BTreeMap;

use browser::shown::numbers;
use browser::{Matrix, View};
use illustrated::testing::checked_events;
use thirtyfour::Key;

use crate::shared;

#[test]
fn every_cell_shows_the_number_of_the_recording() {
    let browser = shared::open();
    let matrices = Matrix::all(&browser);
    let count = View::first(shared::recording()).holds(&matrices);
    assert!(matrices.len() >= 10 && count > 200, "{count} cells in {} matrices", matrices.len());
    browser.run::<()>("document.querySelector('g.matrix .cell text').textContent = '0.12345'");
    let changed = Matrix::all(&browser);
    let held = std::panic::catch_unwind(|| View::first(shared::recording()).holds(&changed));
    assert!(held.is_err(), "a wrong number is seen");
}

/// Neither where the page came so nor where the script drew it.
#[test]
fn what_reads_as_nothing_has_no_colour() {
    let browser = shared::open();
    for key in [Key::End, Key::Home] {
        browser.focus("#time");
        browser.press(&[key]);
        let cells: Vec<_> = Matrix::all(&browser).into_iter().flat_map(|matrix| matrix.cells).collect();
        let nothing = || cells.iter().filter(|cell| cell.text == "0.00");
        assert!(
            nothing().all(|cell| cell.strength == 0 && cell.sign != "negative"),
            "{:?}",
            nothing().next()
        );
        assert!(nothing().count() > 10 && cells.iter().any(|cell| cell.strength == 100));
    }
}

/// Attention weights, probabilities and targets, wherever all shares of a one are shown.
#[test]
fn shares_sum_to_one() {
    let browser = shared::open();
    let pass = shared::recording().last_pass().expect("a pass");
    let share =
        |text: &str| if text == "masked" { 0.0 } else { text.parse::<f64>().expect("a share is a number") };
    let mut count = 0;
    for matrix in Matrix::all(&browser).iter().filter(|matrix| matrix.is_weights) {
        let array = numbers(&pass, &matrix.path_now(), false).expect("it is recorded");
        let length = *array.shape.last().expect("an axis");
        let mut sums = BTreeMap::<usize, (f64, usize)>::new();
        for cell in &matrix.cells {
            let sum = sums.entry(matrix.index(cell) / length).or_default();
            *sum = (sum.0 + share(&cell.text), sum.1 + 1);
        }
        for (row, (sum, _)) in sums.iter().filter(|(_, (_, parts))| *parts == length) {
            let rounding = 0.005 * length as f64 + 1e-9;
            assert!((sum - 1.0).abs() <= rounding, "{}: {}, row {row}: {sum}", matrix.figure, matrix.path);
            count += 1;
        }
    }
    assert!(count > 20, "{count} rows");
}

/// Those that stand in no matrix: of steps of training, and of candidates of the search.
#[test]
fn every_number_beside_the_matrices_is_the_recordings() {
    let browser = shared::open();
    let drawings: String = browser
        .run("return [...document.querySelectorAll('figure svg')].map((one) => one.outerHTML).join('')");
    let count = checked_events(shared::recording(), &drawings);
    assert!(count > 50, "{count} numbers");
}

/// Whoever must not be looked at has no weight, and a cell that is masked says so in words.
#[test]
fn what_is_masked_has_no_weight() {
    let mut count = 0;
    for pass in shared::recording().passes() {
        for scores in pass.values() {
            let Some(attention) = scores.path.strip_suffix(".masked_scores") else { continue };
            let weights = pass.value(&format!("{attention}.weights")).expect("scores have weights");
            let masked =
                scores.data.iter().zip(&weights.data).filter(|(score, _)| **score == f32::NEG_INFINITY);
            count += masked.map(|(_, weight)| assert_eq!(*weight, 0.0, "{attention}")).count();
        }
    }
    assert!(count > 0, "the decoder is masked");
    let browser = shared::open();
    let cells = Matrix::all(&browser).into_iter().flat_map(|matrix| matrix.cells);
    let masked: Vec<_> =
        cells.filter(|cell| cell.is_hidden || cell.looks_masked || cell.text == "masked").collect();
    assert!(!masked.is_empty(), "some are shown");
    assert!(masked.iter().all(|cell| cell.looks_masked && cell.text == "masked"), "{masked:?}");
}
