//! The operations: each one function, its vjp right under its forward pass.
//!
//! `g` is `grad_out`, the gradient of the result; products without a sign are matrix products, `*` and
//! `/` work element by element. Where an input was broadcast, its gradient is summed over the repeated
//! axes.
//!
//! | Operation | Forward | vjp | File |
//! |---|---|---|---|
//! | [`add`](Var::add) | `a + b` | `g`, `g` | [`arithmetic`] |
//! | [`sub`](Var::sub) | `a - b` | `g`, `-g` | [`arithmetic`] |
//! | [`mul`](Var::mul) | `a * b` | `g * b`, `g * a` | [`arithmetic`] |
//! | [`div`](Var::div) | `a / b` | `g / b`, `-g * a / b²` | [`arithmetic`] |
//! | [`neg`](Var::neg) | `-x` | `-g` | [`arithmetic`] |
//! | [`add_scalar`](Var::add_scalar) | `x + s` | `g` | [`arithmetic`] |
//! | [`mul_scalar`](Var::mul_scalar) | `s x` | `s g` | [`arithmetic`] |
//! | [`powi`](Var::powi) | `x^n` | `n x^(n-1) * g` | [`arithmetic`] |
//! | [`exp`](Var::exp) | `e^x` | `g * out` | [`unary`] |
//! | [`log`](Var::log) | `ln x` | `g / x` | [`unary`] |
//! | [`sqrt`](Var::sqrt) | `√x` | `g / (2 out)` | [`unary`] |
//! | [`tanh`](Var::tanh) | `tanh x` | `g * (1 - out²)` | [`unary`] |
//! | [`erf`](Var::erf) | `erf x` | `g * 2/√π e^(-x²)` | [`unary`] |
//! | [`relu`](Var::relu) | `max(x, 0)` | `g` where `x > 0` | [`unary`] |
//! | [`gelu`](Var::gelu) | `x * Φ(x)` | `g * (Φ(x) + x φ(x))` | [`unary`] |
//! | [`sigmoid`](Var::sigmoid) | `1 / (1 + e^-x)` | `g * out * (1 - out)` | [`unary`] |
//! | [`reshape`](Var::reshape), [`squeeze`](Var::squeeze), [`unsqueeze`](Var::unsqueeze) | another shape | `g` in the old shape | [`views`] |
//! | [`transpose`](Var::transpose), [`permute`](Var::permute) | axes reordered | `g` in the old order | [`views`] |
//! | [`slice`](Var::slice) | a part | `g` among zeros | [`views`] |
//! | [`broadcast_to`](Var::broadcast_to) | repeated | `g` summed over the repetitions | [`views`] |
//! | [`sum`](Var::sum) | `Σ x` | `g` repeated | [`reduce`] |
//! | [`mean`](Var::mean) | `Σ x / n` | `g / n` repeated | [`reduce`] |
//! | [`max`](Var::max) | the largest | `g` at the largest; ties share it | [`reduce`] |
//! | [`variance`](Var::variance) | `mean((x - mean)²)` | `2 (x - mean) / n * g` | [`reduce`] |
//! | [`log_sum_exp`](Var::log_sum_exp) | `ln Σ e^x` | `g * softmax(x)` | [`reduce`] |
//! | [`matmul`](Var::matmul) | `a b` | `g bᵀ`, `aᵀ g` | [`matmul`] |
//! | [`softmax`](Var::softmax) | `e^x / Σ e^x` | `out * (g - Σ g * out)` | [`softmax`] |
//! | [`log_softmax`](Var::log_softmax) | `x - ln Σ e^x` | `g - e^out Σ g` | [`softmax`] |
//! | [`masked_softmax`](Var::masked_softmax) | `softmax(s x)` where the mask is true | `s out * (g - Σ g * out)` | [`softmax`] |
//! | [`gather_rows`](Var::gather_rows) | rows by id | `g` scattered | [`gather`] |
//! | [`scatter_add_rows`](Var::scatter_add_rows) | rows added by id | `g` gathered | [`gather`] |
//! | [`concatenate`](Var::concatenate) | end to end | the parts of `g` | [`join`] |
//! | [`split`](Var::split) | into parts | `g` among zeros | [`join`] |
//! | [`pad`](Var::pad) | a value around | the inner part of `g` | [`join`] |
//! | [`where_`](Var::where_) | `a` where the mask is true, else `b` | `g` where chosen, else 0 | [`select`] |
//! | [`masked_fill`](Var::masked_fill) | a value where the mask is true | `g` where it is not | [`select`] |
//! | [`tril`](Var::tril) | the lower triangle | the same of `g` | [`select`] |
//! | [`linear`](Var::linear) | `x Wᵀ + b` | `g W`, `gᵀ x`, `Σ g` | [`linear`] |
//! | [`attention`](Var::attention) | `softmax(s Q Kᵀ) V` per head | `dS K`, `dSᵀ Q`, `Wᵀ g` | [`attention`] |
//! | [`layer_norm`](Var::layer_norm) | `n * γ + β` | `rstd (h - mean h - n * mean(h * n))`, `Σ g * n`, `Σ g` | [`layer_norm`] |
//! | [`dropout`](Var::dropout) | `x` times 0 or `1/(1-p)` | the same of `g` | [`dropout`] |
//! | [`cross_entropy`](Var::cross_entropy) | `mean(-Σ q ln p)` | `(p - q) g / count` | [`cross_entropy`] |
//! | [`linear_cross_entropy`](Var::linear_cross_entropy) | `cross_entropy(linear(x))` by rows | as its two parts | [`linear_cross_entropy`] |
//!
//! # How to add an operation
//!
//! 1. Compute the result from the inputs' values, with operations of [`tensor::Tensor`].
//! 2. Derive the vjp on paper: `grad_x[i] = Σ over o of grad_out[o] * d out[o] / d x[i]`.
//! 3. Save what it needs: [`Var::save_for`] keeps an input only if another one wants a gradient.
//! 4. Hand both to [`Var::record`]; in the vjp, add each input's gradient with [`InputGradients::add`](crate::InputGradients::add).
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
