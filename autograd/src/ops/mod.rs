//! The operations: each one function, its vjp right under its forward pass.
//!
#![doc = include_str!("table.md")]
//!
//! # How to add an operation
//!
//! 1. Compute the result from the inputs' values, with operations of [`tensor::Tensor`].
//! 2. Derive the vjp on paper: `grad_x[i] = Σ over o of grad_out[o] * d out[o] / d x[i]`.
//! 3. Save what it needs: [`Var::save_for`] keeps an input only if another one wants a gradient.
//! 4. Hand both to [`Var::record`]; in the vjp, add each input's gradient with
//!    [`InputGradients::add`](crate::InputGradients::add).
//! 5. Hold it to central differences with [`gradcheck`](fn@crate::gradcheck::gradcheck).
//!
//! ```
//! use autograd::{Var, gradcheck};
//! use tensor::Tensor;
//!
//! /// `x * sigmoid(x)`. vjp: `grad_x = grad_out * s (1 + x (1 - s))` with `s = sigmoid(x)`.
//! fn swish(x: &Var) -> Var {
//!     let (value, s) = (x.value().clone(), x.value().sigmoid());
//!     Var::record("swish", &[x], value.mul(&s), move |grad_out, grads| {
//!         grads.add(0, || {
//!             let inner = value.mul(&s.neg().add_scalar(1.0)).add_scalar(1.0);
//!             grad_out.mul(&s).mul(&inner)
//!         });
//!     })
//! }
//!
//! gradcheck("swish", &[Tensor::from([-1.5, 0.0, 2.0])], |v| swish(&v[0])).unwrap();
//! ```

// The table is shown by other crates too, so its links begin with this crate's name.
#[cfg(doc)]
extern crate self as autograd;
#[cfg(doc)]
use crate::var::Var;

pub mod arithmetic;
pub mod attention;
pub mod cross_entropy;
pub mod dropout;
pub mod gather;
pub mod join;
pub mod layer_norm;
pub mod linear;
pub mod linear_cross_entropy;
pub mod matmul;
pub mod reduce;
pub mod select;
pub mod softmax;
pub mod unary;
pub mod views;

#[cfg(test)]
mod tests {
    use crate::testing::{normal, positive, value_and_gradients};
    use crate::var::Var;
    use tensor::ops::attention::AttentionSpec;
    use tensor::ops::cross_entropy::IGNORE;
    use tensor::{DType, Mask, Seed, Tensor};

    type Function = fn(&[Var]) -> Var;

    /// Every operation, on inputs x `[2, 3, 4]`, y `[3, 4]` (positive), weight `[4, 4]` and bias `[4]`.
    fn operations() -> Vec<(&'static str, Function)> {
        vec![
            ("arithmetic", |v| (&v[0] + &v[1]) * &v[0] / &v[1] - &v[0]),
            ("numbers", |v| 1.0 - (-&v[0]) * 3.0 + 2.0 / &v[1] - 0.5),
            ("powi", |v| v[1].powi(-2) + v[0].powi(3) + v[0].powi(0)),
            ("exp, log, sqrt", |v| v[0].exp() + v[1].log() + v[1].sqrt()),
            ("tanh, erf, sigmoid", |v| v[0].tanh() * v[0].erf() * v[0].sigmoid()),
            ("relu, gelu", |v| v[0].relu() + v[0].gelu()),
            ("views", |v| v[0].permute(&[2, 0, 1]).slice(0, 1..3).transpose(0, 1).reshape([3, 4])),
            ("axes", |v| v[1].unsqueeze(0).broadcast_to([2, 3, 4]).slice(0, 0..1).squeeze(0)),
            ("sum, mean", |v| v[0].sum(-1, true) * v[0].mean([0, 2], true)),
            ("max, variance", |v| v[0].max(-1, true) * v[0].variance([0, 2], true)),
            ("log_sum_exp", |v| v[0].log_sum_exp(1, false)),
            ("matmul", |v| v[0].matmul(&v[2]).matmul(&v[0].transpose(-2, -1))),
            ("softmax, log_softmax", |v| v[0].softmax(1) * v[0].log_softmax(-1)),
            ("masked_softmax", |v| v[0].masked_softmax(0.5, Some(&Mask::full([3, 1], true)))),
            ("gather_rows", |v| v[1].gather_rows(&[2, 0, 2]).scatter_add_rows(&[1, 1, 0], 2)),
            ("join", |v| Var::concatenate(&[&v[1].split(0, &[1, 2])[1], &v[2].pad(0, 1, 0, 2.0)], 0)),
            ("select", |v| {
                Var::where_(&Mask::causal(4), &v[2], &v[3]).masked_fill(&Mask::causal(4), 1.0) + v[2].tril(-1)
            }),
            ("linear", |v| v[0].linear(&v[2], Some(&v[3]))),
            ("attention", |v| {
                let spec =
                    AttentionSpec { n_heads: 2, scale: 0.7, mask: None, dropout: Some((0.2, Seed::new(1))) };
                v[0].attention(&v[0], &v[0], &spec).context
            }),
            ("layer_norm", |v| v[0].layer_norm(&v[3], &v[3], 1e-5)),
            ("dropout", |v| v[0].dropout(0.5, Seed::new(2))),
            ("cross_entropy", |v| v[1].cross_entropy(&[3, IGNORE, 0], 0.1).loss),
            ("linear_cross_entropy", |v| {
                v[1].linear_cross_entropy(&v[2], Some(&v[3]), &[3, IGNORE, 0], 0.1).loss
            }),
        ]
    }

    #[test]
    fn f32_agrees_with_f64() {
        let inputs =
            [normal("x", [2, 3, 4]), positive("y", [3, 4]), normal("weight", [4, 4]), normal("bias", [4])];
        let inputs_f32 = inputs.clone().map(|x| x.to_dtype(DType::F32));
        for (name, f) in operations() {
            let (exact, exact_grads) = value_and_gradients(&inputs, f);
            let (value, grads) = value_and_gradients(&inputs_f32, f);
            for (single, double) in [value].iter().chain(&grads).zip([exact].iter().chain(&exact_grads)) {
                assert_eq!((single.dtype(), single.shape()), (DType::F32, double.shape()), "{name}");
                assert!(largest_difference(single, double) < 1e-5, "{name}: {single} {double}");
            }
        }
    }

    /// Over the elements, relative to the larger of 1 and the largest element.
    fn largest_difference(x: &Tensor, y: &Tensor) -> f64 {
        let (x, y) = (x.to_f64_vec(), y.to_f64_vec());
        let largest = y.iter().fold(1.0, |max: f64, y| max.max(y.abs()));
        x.iter().zip(&y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) / largest
    }
}
