//! We compute what the references compute: every operation, layer, model and optimizer beside PyTorch's
//! numbers, positions and some operations beside their formulas. `tests/fixtures/generate.py` wrote the numbers, in
//! f64, from inputs that are exact in f32; those of operations by their formulas stand in the registry. An operation
//! can be added without PyTorch: "Adding an operation" in `CONTRIBUTING.md`.
//!
//! The error of a tensor is its largest difference divided by the reference's largest element
//! (but for the biases of keys, whose gradient is zero: see `models.rs`). It must stay below [`F64_FORWARD`] and
//! [`F64_GRADIENTS`], and in f32 below [`F32`]; and what is asked for in f32 has to be computed in f32. What the
//! worst errors are is printed as a table:
//!
//! ```sh
//! cargo test --test tests parity -- --nocapture
//! ```

mod fixture;
mod models;
mod operations;
mod training;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use fixture::{Case, Comparison};
use tensor::DType;

/// The bounds on the relative error.
const F64_FORWARD: f64 = 1e-10;
const F64_GRADIENTS: f64 = 1e-9;
const F32: f64 = 1e-5;

/// What we compute for a case in that dtype, beside the reference.
type Counterpart = Box<dyn Fn(&Case, DType) -> Vec<Comparison>>;

/// The counterparts of all cases of a file, by [`Case::key`].
type Counterparts = BTreeMap<String, Counterpart>;

type Reference = (&'static str, fn() -> Vec<Case>, fn() -> Counterparts);

/// The fixtures and the formulas of the registry, their cases, and who computes these.
const REFERENCES: [Reference; 7] = [
    ("operations", || fixture::read("operations"), operations::counterparts),
    ("formulas", operations::formula_cases, operations::formula_counterparts),
    ("layers", || fixture::read("layers"), models::layers),
    ("models", || fixture::read("models"), models::models),
    ("pytorch_logits", || fixture::read("pytorch_logits"), models::state_dict),
    ("positions", || fixture::read("positions"), models::positions),
    ("training", || fixture::read("training"), training::counterparts),
];

/// The worst errors of a group of cases.
#[derive(Default)]
struct Row {
    cases: usize,
    forward: Option<f64>,
    gradients: Option<f64>,
    f32: Option<f64>,
}

/// Runs a case in both dtypes, notes its errors in the row, and returns what is wrong with it: errors that are
/// too large, another dtype.
fn run(counterparts: &Counterparts, case: &Case, row: &mut Row) -> Vec<String> {
    let counterpart = &counterparts[case.key()];
    let mut failures = Vec::new();
    row.cases += 1;
    for dtype in [DType::F64, DType::F32] {
        for Comparison { is_gradient, name, error, dtype: found } in counterpart(case, dtype) {
            let (worst, bound) = match (dtype, is_gradient) {
                (DType::F64, false) => (&mut row.forward, F64_FORWARD),
                (DType::F64, true) => (&mut row.gradients, F64_GRADIENTS),
                (DType::F32, _) => (&mut row.f32, F32),
            };
            *worst = Some(worst.unwrap_or(0.0).max(error));
            if error.is_nan() || error > bound {
                failures.push(format!("{} in {dtype}: {name} is off by {error:.1e} of {bound:e}", case.name));
            }
            if found != dtype {
                failures.push(format!("{} in {dtype}: {name} was computed in {found}", case.name));
            }
        }
    }
    failures
}

fn print_table(rows: &[(String, Row)]) {
    println!("| {:24} | cases | f64 forward | f64 gradients |     f32 |", "what");
    println!("|:{:-<25}|------:|------------:|--------------:|--------:|", "");
    let error = |error: Option<f64>| match error {
        None => "-".to_string(),
        Some(0.0) => "0".to_string(),
        Some(error) => format!("{error:.1e}"),
    };
    for (what, row) in rows {
        let [forward, gradients, f32] = [row.forward, row.gradients, row.f32].map(error);
        println!("| {what:24} | {:5} | {forward:>11} | {gradients:>13} | {f32:>7} |", row.cases);
    }
}

#[test]
fn every_number_agrees_with_the_references() {
    let mut rows: Vec<(String, Row)> = Vec::new();
    let mut failures = Vec::new();
    for (file, cases, counterparts) in REFERENCES {
        let (cases, counterparts) = (cases(), counterparts());
        let keys: BTreeSet<&str> = cases.iter().map(Case::key).collect();
        let ours: BTreeSet<&str> = counterparts.keys().map(String::as_str).collect();
        let unknown: Vec<_> = keys.difference(&ours).collect();
        let lacking: Vec<_> = ours.difference(&keys).collect();
        assert!(unknown.is_empty(), "{file}: write in tests/parity/ what we compute for {unknown:?}");
        assert!(
            lacking.is_empty(),
            "{file}.safetensors has no case {lacking:?}: write it with tests/fixtures/generate.py, see the README there; \
             of an operation, PyTorch can be done without, {}",
            crate::registry::GUIDE
        );
        for case in &cases {
            if rows.last().is_none_or(|(what, _)| what != case.group()) {
                rows.push((case.group().to_string(), Row::default()));
            }
            failures.extend(run(&counterparts, case, &mut rows.last_mut().unwrap().1));
        }
    }
    print_table(&rows);
    let cases: usize = rows.iter().map(|(_, row)| row.cases).sum();
    println!("parity: {cases} cases, {} beyond their bound", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The check can fail: whichever tensor of the reference has one number moved by a thousandth, we disagree.
#[test]
fn a_number_that_is_moved_is_noticed() {
    for (file, cases, counterparts) in REFERENCES {
        let counterparts = counterparts();
        for case in cases() {
            for part in case.parts.keys().filter(|part| is_result(file, part)) {
                let mut moved = case.clone();
                let tensor = moved.parts.get_mut(part).unwrap();
                let Some(last) = tensor.data_mut::<f64>().last_mut() else { continue };
                *last += 1e-3;
                let failures = run(&counterparts, &moved, &mut Row::default());
                assert!(!failures.is_empty(), "{file}: {} with another {part}", case.name);
            }
        }
    }
}

/// The check can fail: numbers of f64 do not pass for those of f32.
#[test]
fn another_dtype_is_noticed() {
    for (file, cases, counterparts) in REFERENCES {
        let cases = cases();
        for (key, counterpart) in counterparts() {
            let always_f64: Counterpart = Box::new(move |case, _| counterpart(case, DType::F64));
            let case = cases.iter().find(|case| case.key() == key).unwrap();
            let failures = run(&BTreeMap::from([(key, always_f64)]), case, &mut Row::default());
            let in_f64 = failures.iter().filter(|failure| failure.ends_with("was computed in f64")).count();
            assert!(in_f64 > 0 && in_f64 == failures.len(), "{file}: {failures:?}");
        }
    }
}

/// Whether a part is something that we compute, rather than start from.
fn is_result(file: &str, part: &str) -> bool {
    let of_training = ["loss", "rate", "weight", "bias"];
    part == "out"
        || part == "logits"
        || part.starts_with("grad.")
        || (file == "training" && of_training.contains(&part))
}

#[test]
fn the_fixtures_are_small_and_each_is_read() {
    let folder = fixture::path("operations").parent().unwrap().to_path_buf();
    let mut bytes = 0;
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if let Some(file) = name.strip_suffix(".safetensors") {
            bytes += entry.metadata().unwrap().len();
            let known = REFERENCES.iter().any(|(known, ..)| *known == file) || file == "pytorch_model";
            assert!(known, "{name} is read by no test");
        }
    }
    assert!((1..2_000_000).contains(&bytes), "{bytes} bytes of fixtures");
}
