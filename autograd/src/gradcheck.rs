//! Checks gradients: of an operation, a layer, a loss or a whole model, ours or your own.
//!
//! A wrong vjp does not crash; the model merely learns worse. So hold it to the definition of the
//! derivative.
//!
//! # In one line
//!
//! ```
//! use autograd::assert_gradients;
//! use tensor::Tensor;
//!
//! let (x, gain) = (Tensor::from([[0.5, -1.5], [2.0, 0.1]]), Tensor::from([1.5, 0.5]));
//! assert_gradients!(|x, gain| x.softmax(-1) * gain, x, gain);
//! ```
//!
//! # What it says
//!
//! [`gradcheck`](fn@gradcheck) is the same as a function. It returns a report, or a failure that says which
//! derivative is wrong. Here a vjp forgot the inner derivative of `(2x)^2`:
//!
//! ```
//! use autograd::{Var, gradcheck};
//! use tensor::Tensor;
//!
//! fn square_of_double(x: &Var) -> Var {
//!     let doubled = x.value().mul_scalar(2.0);
//!     Var::record("square_of_double", &[x], doubled.powi(2), move |grad_out, grads| {
//!         grads.add(0, || grad_out.mul(&doubled).mul_scalar(2.0)); // .mul_scalar(2.0) again is missing
//!     })
//! }
//!
//! let x = [Tensor::from([1.0, -3.0])];
//! let failure = gradcheck("square_of_double", &x, |v| square_of_double(&v[0])).unwrap_err();
//! let text = failure.to_string();
//! assert!(text.starts_with("gradcheck of `square_of_double`: 2 of 4 derivatives are wrong\n"));
//! assert!(text.contains("d output[1] / d input 0[1] is -12 by backward but -24 by central differences"));
//!
//! let report = gradcheck("cube", &x, |v| v[0].powi(3)).unwrap();
//! assert_eq!((report.certified(), report.zero()), (2, 2));   // each output depends on one of two inputs
//! assert!(report.worst_relative_error() < 1e-10);
//! ```
//!
//! # A layer, a model
//!
//! Whatever is a function of variables can be checked: `|v| layer.forward(.., &v[0])`. For the parameters of
//! a model there is `nn::gradcheck_params`, which names each by its own name.
//!
//! A function may give several variables, as a tuple, an array or a list ([`Outputs`]): each of them is checked. An input
//! that is not to be differentiated by, data or labels, is held constant by its name:
//!
//! ```
//! use autograd::{Gradcheck, Var};
//! use tensor::Tensor;
//!
//! fn loss_and_guess(x: &Var, weight: &Var, label: &Var) -> (Var, Var) {
//!     let guess = x.matmul(weight).sigmoid();
//!     ((&guess - label).powi(2).mean(.., false), guess)
//! }
//!
//! let inputs = [Tensor::from([[0.5, -1.5]]), Tensor::from([[0.3], [1.0]]), Tensor::from([[1.0]])];
//! let check = Gradcheck::new().input_names(["x", "weight", "label"]).hold_constant(["label"]);
//! let report = check.run("loss and guess", &inputs, |v| loss_and_guess(&v[0], &v[1], &v[2])).unwrap();
//! assert_eq!(report.certified(), (2 + 2) * 2);   // four numbers, each by loss and guess
//! assert!(report.to_string().ends_with("label   held constant"));
//! ```
//!
//! # Every shape, every layout
//!
//! A gradient that is right for one input may be wrong for an empty one, a transposed one, or one that was
//! broadcast. With [proptest](https://docs.rs/proptest) and the strategies of `tensor` (feature `proptest`), a
//! property test of your own operation is ten lines, and a failing case is shrunk to the smallest:
//!
//! ```
//! use autograd::{Gradcheck, Var};
//! use proptest::prelude::*;
//! use tensor::strategies::{numbers, shapes, tensors};
//!
//! # fn square_of_double(x: &Var) -> Var { (x * 2.0).powi(2) }
//! proptest! {
//!     # #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..Default::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn square_of_double_has_its_derivative(x in tensors(shapes(0..=4), numbers())) {
//!         Gradcheck::new().allow_empty().run("square_of_double", &[x], |v| square_of_double(&v[0]))?;
//!     }
//! }
//! # square_of_double_has_its_derivative();
//! ```
//!
//! Several inputs whose shapes fit are drawn by `operands`:
//!
//! ```
//! use autograd::Gradcheck;
//! use proptest::prelude::*;
//! use tensor::strategies::{broadcastable_shapes, numbers, operands};
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..Default::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn a_product_has_its_derivative(inputs in operands(broadcastable_shapes(), numbers())) {
//!         Gradcheck::new().allow_empty().run("mul", &inputs, |v| &v[0] * &v[1])?;
//!     }
//! }
//! # a_product_has_its_derivative();
//! ```
//!
//! In `Cargo.toml`, under `[dev-dependencies]`: `proptest = "1"`, and `etudiant` with
//! `features = ["proptest"]`, whose crates are then `etudiant::autograd`, `etudiant::tensor` and so on. The strategies
//! are `tensor::strategies`, and for masks and batches `transformer::strategies`; `cargo doc` shows them with
//! `--all-features`.
//!
//! # What is checked
//!
//! - **The derivative.** Backward ("analytic") is compared with central differences ("numeric") in f64: every
//!   element of the Jacobian if the function is small, and else random directions, of both signs, several for
//!   each input and output, with random weights of the output's elements. A wrong direction is halved until it is one element, so
//!   that the report can name it. [`Gradcheck::full`] and [`Gradcheck::directions`] choose.
//! - **Tolerances.** A derivative is *certified* if it is not zero and agrees to `rtol`. One that does not agree
//!   is *excused* if the difference is below `atol`, because rounding alone may be that much; but an excuse
//!   proves nothing. An input with excuses and nothing certified fails the check, unless
//!   [`Gradcheck::may_vanish`] expects that. What is exactly *zero* by both is counted apart.
//! - **The step** is scaled to the element: `h * max(1, |x|)`. Divided is by `(x + h) - (x - h)`, by what was
//!   really moved. Smaller steps follow where the first does not agree: [`Gradcheck::step`].
//! - **Differences that fail.** Where the function is not finite within the step, or another than at the input (`1 / x`
//!   beyond 0), or its values are so large that rounding drowns their change, the differences say nothing. Then the
//!   failure is [`Fault::Undecided`]: it calls no gradient wrong, says what is the matter ([`Doubt`]), and names a step at
//!   which the differences hold still, if there is one.
//! - **Kinks.** Where a function has a corner (`relu` at 0) or two elements change places (`max`), there is no
//!   derivative. Name such places with [`Gradcheck::kink`], and inputs are moved until they are away from all
//!   of them; then they are contiguous. A corner that nobody named is pointed out in the failure, if there is
//!   one: at a corner itself the differences give the mean of both slopes, and a vjp that does so too passes.
//! - **What holds for every vjp.** It has the shape and dtype of its input, is linear, exactly zero for a zero
//!   gradient, and the same bits when it runs again (or what [`Gradcheck::nondet_tol`] allows); an input used three
//!   times gets three times the gradient; inputs are not changed.
//! - **NaN and infinity** are reported with the operation where they first appeared, also where only the gradient is not
//!   finite: a norm at 0, a root or a logarithm at 0 that `where_` or `masked_fill` leaves out behind it. The safe forms
//!   stand at [`Var::sqrt`], [`Var::where_`] and [`Var::masked_fill`].
//! - **Layout.** Value and gradients are taken at the inputs as they are, differences on contiguous copies:
//!   give a transposed, sliced or broadcast input, and it is checked that the layout does not matter.
//! - **f32**, if [`Gradcheck::f32_tolerance`] asks for it: value and gradients are those in f64 to that
//!   tolerance. The function then runs on inputs of both types, so let its constants follow them:
//!   `constant.to_dtype(v[0].dtype())`.
//!
//! # Second derivatives
//!
//! They are not checked, because there are none: vjps compute with tensors, and backward uses up the tape that it walks.
//! It would take vjps that compute with variables, each made of operations that have a vjp themselves (the fused ones,
//! attention and the losses, of their composed forms), and a backward that records them; then this check would see second
//! derivatives as it sees first ones, given a function that returns gradients. For an operation of your own it can be had
//! now: record its derivative as an operation too, whose vjp is the second derivative, and check that one.

mod check;
mod compare;
mod display;
mod doubt;
mod invariants;
mod judge;
pub mod kinks;
mod numeric;
mod outputs;
mod report;
mod settings;
mod subject;
#[cfg(test)]
mod tests;

pub use outputs::Outputs;
pub use report::{Doubt, Fault, GradcheckFailure, GradcheckReport, InputReport, Method, Mismatch};
pub use settings::Gradcheck;

use tensor::Tensor;

use crate::var::Var;

/// Checks the gradients of `f` at `inputs` with the default step and tolerances; see [`Gradcheck::run`].
///
/// # Errors
/// If a gradient is wrong or missing; the failure says which.
///
/// # Panics
/// If there is no input, or one is not f64.
#[track_caller]
pub fn gradcheck<O: Outputs>(
    name: &str,
    inputs: &[Tensor],
    f: impl Fn(&[Var]) -> O,
) -> Result<GradcheckReport, GradcheckFailure> {
    Gradcheck::default().run(name, inputs, f)
}

/// As [`gradcheck`](fn@gradcheck), for tests; the macro of the same name also names the inputs.
///
/// # Panics
/// If a gradient is wrong or missing, with the failure's report.
#[track_caller]
pub fn assert_gradients<O: Outputs>(name: &str, inputs: &[Tensor], f: impl Fn(&[Var]) -> O) {
    if let Err(failure) = gradcheck(name, inputs, f) {
        panic!("{failure}");
    }
}

/// Panics if the gradients of an expression of named variables are wrong.
///
/// After the expression stand the tensors, in the order of the names, each as anything that has
/// `to_owned`. Within it the names are references to variables. A [`Gradcheck`] with other settings may come
/// first.
///
/// ```
/// # use {autograd::{Gradcheck, assert_gradients}, tensor::Tensor};
/// let x = Tensor::from([[0.5, -1.5], [2.0, 0.1]]);
/// assert_gradients!(|x, weight| x.matmul(weight).tanh(), x, Tensor::from([[1.0], [-2.0]]));
/// assert_gradients!(Gradcheck::new().f32_tolerance(1e-6); |x| x.softmax(-1), x);
/// ```
#[macro_export]
macro_rules! assert_gradients {
    (|$($name:ident),+ $(,)?| $expression:expr, $($input:expr),+ $(,)?) => {
        $crate::assert_gradients!($crate::Gradcheck::new(); |$($name),+| $expression, $($input),+)
    };
    ($check:expr; |$($name:ident),+ $(,)?| $expression:expr, $($input:expr),+ $(,)?) => {{
        let check = $check.input_names([$(stringify!($name)),+]);
        let found = check.run(stringify!($expression), &[$($input.to_owned()),+], |vars| {
            let [$($name),+] = vars else { unreachable!("there is one name for each tensor") };
            $expression
        });
        if let Err(failure) = found {
            panic!("{failure}");
        }
    }};
}
