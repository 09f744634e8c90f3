//! The cases that `tests/fixtures/generate.py` wrote, and how near we come to them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use autograd::{Tape, Var};
use nn::{NamedTensors, checkpoint};
use tensor::ops::cross_entropy::IGNORE;
use tensor::{DType, Mask, Tensor};

/// What a reference computed, and from what: parts in f64, as generate.py lists them.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub parts: BTreeMap<String, Tensor>,
}

/// How far one tensor is from the reference's.
pub struct Comparison {
    /// A gradient, or a result.
    pub is_gradient: bool,
    /// Which tensor.
    pub name: String,
    /// As [`relative_error`].
    pub error: f64,
    /// What it was computed in.
    pub dtype: DType,
}

impl Comparison {
    /// A tensor, beside that of the reference; see [`relative_error`].
    pub fn new(name: &str, found: &Tensor, expected: &Tensor, scale: f64) -> Comparison {
        let error = relative_error(found, expected, scale);
        Comparison { is_gradient: false, name: name.into(), error, dtype: found.dtype() }
    }

    /// A gradient, beside that of the reference. Infinitely far off if there is none.
    pub fn gradient(name: &str, found: Option<&Tensor>, expected: &Tensor, scale: f64) -> Comparison {
        let nothing = Tensor::full(expected.shape(), f64::INFINITY, expected.dtype());
        let found = found.unwrap_or(&nothing);
        Comparison { is_gradient: true, ..Comparison::new(name, found, expected, scale) }
    }
}

/// Where that fixture lies.
pub fn path(file: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    PathBuf::from(folder).join(format!("{file}.safetensors"))
}

/// The cases of a fixture, by name.
pub fn read(file: &str) -> Vec<Case> {
    let loaded = checkpoint::load(path(file)).unwrap();
    assert!(loaded.metadata["about"].contains("PyTorch 2."), "{file}: {:?}", loaded.metadata);
    let mut cases: BTreeMap<String, BTreeMap<String, Tensor>> = BTreeMap::new();
    for (name, tensor) in loaded.tensors.iter() {
        let (case, part) = name.split_once('|').unwrap();
        cases.entry(case.into()).or_default().insert(part.into(), tensor.clone());
    }
    cases.into_iter().map(|(name, parts)| Case { name, parts }).collect()
}

impl Case {
    /// Which counterpart computes it: the name up to the shapes.
    pub fn key(&self) -> &str {
        self.name.split('@').next().unwrap()
    }

    /// What it is a case of: the key up to its variant.
    pub fn group(&self) -> &str {
        self.key().split('/').next().unwrap()
    }

    /// Whether the variant, after the slash, is or has among its words this one.
    pub fn is(&self, word: &str) -> bool {
        self.key().split_once('/').is_some_and(|(_, variant)| variant.split(", ").any(|w| w == word))
    }

    /// The part of that name.
    #[track_caller]
    pub fn part(&self, name: &str) -> &Tensor {
        self.parts.get(name).unwrap_or_else(|| panic!("case {} has no part {name}", self.name))
    }

    /// The parts whose names begin so, without that beginning.
    pub fn under(&self, prefix: &str) -> NamedTensors {
        let mut tensors = NamedTensors::new(self.name.clone());
        for (name, tensor) in &self.parts {
            if let Some(rest) = name.strip_prefix(prefix) {
                tensors.insert(rest, tensor.clone());
            }
        }
        tensors
    }

    /// A constant that is one number.
    #[track_caller]
    pub fn number(&self, name: &str) -> f64 {
        self.part(name).item()
    }

    /// A constant of ids.
    #[track_caller]
    pub fn ids(&self, name: &str) -> Vec<u32> {
        self.part(name).to_f64_vec().into_iter().map(|id| id as u32).collect()
    }

    /// The labels, PyTorch's -100 as ours that does not count.
    #[track_caller]
    pub fn labels(&self) -> Vec<u32> {
        let label = |x: f64| if x < 0.0 { IGNORE } else { x as u32 };
        self.part("labels").to_f64_vec().into_iter().map(label).collect()
    }

    /// The mask, true where it is 1.
    #[track_caller]
    pub fn mask(&self) -> Mask {
        let mask = self.part("mask");
        Mask::from_vec(mask.to_f64_vec().into_iter().map(|x| x == 1.0).collect(), mask.shape())
    }

    /// The inputs that have gradients, as leaves of the tape.
    pub fn inputs(&self, tape: &Tape, dtype: DType) -> Vec<Var> {
        let input = |i: usize| self.parts.get(&format!("in.{i}"));
        (0..).map_while(input).map(|x| tape.var(x.to_dtype(dtype))).collect()
    }

    /// Compares a result with that part.
    #[track_caller]
    pub fn compare(&self, name: &str, found: &Tensor) -> Comparison {
        Comparison::new(name, found, self.part(name), 0.0)
    }

    /// Compares the gradient of input `i`.
    #[track_caller]
    pub fn compare_gradient(&self, i: usize, found: Option<&Tensor>) -> Comparison {
        let name = format!("grad.in.{i}");
        Comparison::gradient(&name, found, self.part(&name), 0.0)
    }
}

/// The largest difference of two elements, divided by the largest element of `expected` in magnitude, or by
/// `scale` if that is larger. Where both are zero the difference is not divided: zeros must be met exactly.
/// Infinite if a shape differs or a number is not finite.
fn relative_error(found: &Tensor, expected: &Tensor, scale: f64) -> f64 {
    if found.shape() != expected.shape() || !found.all_finite() {
        return f64::INFINITY;
    }
    let (found, expected) = (found.to_f64_vec(), expected.to_f64_vec());
    let difference = found.iter().zip(&expected).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    let scale = expected.iter().map(|y| y.abs()).fold(scale, f64::max);
    if scale > 0.0 { difference / scale } else { difference }
}
