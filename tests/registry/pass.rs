//! One forward and backward pass of an operation, and numbers to try it with.

use autograd::{Tape, Var};
use tensor::{DType, Seed, Shape, Tensor};

use crate::registry::entry::Function;
use crate::registry::properties::Seen;

/// Where directions and weights come from.
const SEED: Seed = Seed::new(7);

/// A forward and a backward pass.
pub struct Ran {
    /// What came out.
    pub value: Tensor,
    /// The gradient of each input.
    pub gradients: Vec<Tensor>,
}

impl Ran {
    /// With `weights` as the gradient of the output. An input that the output does not depend on has gradient
    /// zero.
    pub fn new(
        function: &Function,
        inputs: &[Tensor],
        weights: &dyn Fn(Shape) -> Tensor,
    ) -> Result<Ran, String> {
        let tape = Tape::new();
        let vars: Vec<Var> = inputs.iter().map(|x| tape.var(x.clone())).collect();
        let out = function(&vars);
        if !out.requires_grad() {
            return Err("the output requires no gradient; was it detached?".to_string());
        }
        let mut gradients = out.backward_with(weights(out.shape()));
        let mut take =
            |var: &Var| gradients.take(var).unwrap_or_else(|| Tensor::zeros(var.shape(), DType::F64));
        Ok(Ran { gradients: vars.iter().map(&mut take).collect(), value: out.into_value() })
    }

    /// The same bits as in another pass, or what differs.
    pub fn same_bits(&self, other: &Ran) -> Result<Seen, String> {
        self.compare(other, |x, y| if x.to_bits() == y.to_bits() { 0.0 } else { f64::INFINITY }, 0.0)
    }

    /// The same numbers but for rounding, or what differs.
    pub fn same_numbers(&self, other: &Ran) -> Result<Seen, String> {
        self.compare(other, |x, y| (x - y).abs() / x.abs().max(y.abs()).max(1.0), 1e-12)
    }

    /// Every number against that of another pass.
    fn compare(&self, other: &Ran, error: fn(f64, f64) -> f64, bound: f64) -> Result<Seen, String> {
        let names = (0..self.gradients.len()).map(|input| format!("the gradient of input {input}"));
        let names = ["the value".to_string()].into_iter().chain(names);
        let tensors = |ran: &Ran| [vec![ran.value.clone()], ran.gradients.clone()].concat();
        let mut seen = Seen::default();
        for (name, (found, expected)) in names.zip(tensors(self).iter().zip(&tensors(other))) {
            if found.shape() != expected.shape() {
                return Err(format!("{name} has shape {}, expected {}", found.shape(), expected.shape()));
            }
            for (i, (x, y)) in found.to_f64_vec().into_iter().zip(expected.to_f64_vec()).enumerate() {
                let error = error(x, y);
                if error.is_nan() || error > bound {
                    return Err(format!("element {i} of {name} is {x:e}, expected {y:e}"));
                }
                seen.add(Seen { compared: 1, worst_relative_error: error });
            }
        }
        Ok(seen)
    }
}

/// Any numbers; the same for the same shape.
pub fn real(shape: Shape) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, SEED.derive("real"), DType::F64)
}

/// Whole numbers from -4 to 4, of which few are 0. Other numbers under another name: if u and v were the same,
/// `<v, J u>` would not tell J from its transpose.
pub fn whole(name: &str, shape: Shape) -> Tensor {
    let drawn = Tensor::uniform(shape, -4.5, 4.5, SEED.derive(name), DType::F64);
    Tensor::from_vec(drawn.to_f64_vec().into_iter().map(f64::round).collect(), shape)
}

/// The magnitudes.
pub fn abs(x: &Tensor) -> Tensor {
    Tensor::from_vec(x.to_f64_vec().into_iter().map(f64::abs).collect(), x.shape())
}

/// The sum of the products of their elements.
pub fn dot(x: &Tensor, y: &Tensor) -> f64 {
    x.to_f64_vec().into_iter().zip(y.to_f64_vec()).map(|(x, y)| x * y).sum()
}
