//! Checks the gradients of a layer, a loss or a whole model with respect to its parameters.
//!
//! What is checked, and how, is said in [`autograd::gradcheck`](mod@autograd::gradcheck); here the parameters
//! are the inputs, and the report calls them by their names.

use autograd::gradcheck::{GradcheckFailure, GradcheckReport, Outputs};
use autograd::{Gradcheck, Var};
use tensor::{Seed, Tensor};

use crate::context::Context;
use crate::layout::ParamId;
use crate::params::Params;

/// Checks the gradients of `f` with respect to every trainable parameter. `f` gives a variable, or several ([`Outputs`]).
///
/// With a `step_seed` the context is one of training, and dropout draws from it; with `None` it is one of
/// inference. A small model has its whole Jacobian compared, a large one random directions in each
/// parameter; [`Gradcheck`] chooses. For a check in f32 too, let constants follow the parameters:
/// `x.to_dtype(cx.params().dtype())`.
///
/// ```
/// use autograd::{Gradcheck, Var};
/// use nn::{LayerNorm, Linear, ParamBuilder, Params, gradcheck_params};
/// use tensor::{DType, Seed, Tensor};
///
/// let mut params = Params::new(DType::F64);
/// let mut builder = ParamBuilder::new(&mut params, Seed::new(1));
/// let linear = Linear::new(&mut builder.scope("linear"), 3, 4, true);
/// let norm = LayerNorm::new(&mut builder.scope("norm"), 4, 1e-5);
/// let x = Var::constant(Tensor::normal([2, 3], 0.0, 1.0, Seed::new(2), DType::F64));
///
/// let report = gradcheck_params(&Gradcheck::new(), "linear and norm", &params, None, |cx| {
///     norm.forward(cx, &linear.forward(cx, &x))
/// })
/// .unwrap();
/// assert_eq!(report.inputs[0].name, "linear.weight");
/// assert_eq!(report.compared(), 8 * params.numel());
/// ```
///
/// # Errors
/// The first fault that was found; see [`Gradcheck::run`].
///
/// # Panics
/// If no parameter is trainable, or they are not f64: [`Params::to_dtype`] copies them.
#[track_caller]
pub fn gradcheck_params<O: Outputs>(
    check: &Gradcheck,
    name: &str,
    params: &Params,
    step_seed: Option<Seed>,
    f: impl Fn(&Context) -> O,
) -> Result<GradcheckReport, GradcheckFailure> {
    let trainable: Vec<ParamId> =
        params.iter().map(|(id, ..)| id).filter(|&id| params.is_trainable(id)).collect();
    let names = trainable.iter().map(|&id| params.name(id));
    let values: Vec<Tensor> = trainable.iter().map(|&id| params.get(id).clone()).collect();
    check.clone().input_names(names).run(name, &values, |vars| {
        // The store itself in the type of the variables: layers ask it what to compute in.
        let params = match vars.first() {
            Some(var) => params.to_dtype(var.dtype()),
            None => params.clone(),
        };
        let mut leaves: Vec<Var> = params.iter().map(|(_, _, value)| Var::constant(value.clone())).collect();
        for (&id, var) in trainable.iter().zip(vars) {
            leaves[params.layout().position(id)] = var.clone();
        }
        let cx = Context::inference(&params).with_leaves(&leaves);
        match step_seed {
            Some(seed) => f(&cx.with_step_seed(seed)),
            None => f(&cx),
        }
    })
}

#[cfg(test)]
mod tests {
    use autograd::gradcheck::{Fault, Method};
    use tensor::DType;

    use super::*;
    use crate::builder::ParamBuilder;
    use crate::layers::{Dropout, Linear};

    fn model() -> (Params, Linear, Var) {
        let mut params = Params::new(DType::F64);
        let linear =
            Linear::new(&mut ParamBuilder::new(&mut params, Seed::new(1)).scope("linear"), 3, 2, true);
        (params, linear, Var::constant(Tensor::normal([4, 3], 0.0, 1.0, Seed::new(2), DType::F64)))
    }

    #[test]
    fn every_parameter_is_checked_under_its_name() {
        let (params, linear, x) = model();
        let run =
            |check: Gradcheck| gradcheck_params(&check, "linear", &params, None, |cx| linear.forward(cx, &x));
        let report = run(Gradcheck::new()).unwrap();
        let inputs: Vec<(&str, usize)> =
            report.inputs.iter().map(|input| (input.name.as_str(), input.compared)).collect();
        assert_eq!(inputs, [("linear.weight", 6 * 8), ("linear.bias", 2 * 8)]);
        assert_eq!(run(Gradcheck::new().directions(5)).unwrap().method, Method::Directions(5));
    }

    #[test]
    fn several_outputs_are_checked_each() {
        let (params, linear, x) = model();
        let outputs = |cx: &Context, wrong: bool| {
            let out = linear.forward(cx, &x);
            let loss = out.powi(2).sum(.., false);
            (out, if wrong { loss.detach() } else { loss })
        };
        let run = |wrong| gradcheck_params(&Gradcheck::new(), "both", &params, None, |cx| outputs(cx, wrong));
        assert_eq!(run(false).unwrap().compared(), (8 + 1) * 8);
        let failure = run(true).unwrap_err().to_string();
        assert!(failure.contains("d output 1 / d linear."), "{failure}");
    }

    #[test]
    fn a_wrong_gradient_is_reported_with_the_parameter() {
        let (params, linear, x) = model();
        let failure = gradcheck_params(&Gradcheck::new(), "linear", &params, None, |cx| {
            let weight = cx.param(linear.weight);
            let bias = cx.param(linear.bias.unwrap());
            x.linear(&weight.detach(), Some(&bias)) // cut
        })
        .unwrap_err();
        let Fault::Mismatch { inputs, worst } = failure.fault else { panic!("{failure}") };
        assert_eq!((inputs[0].wrong, inputs[1].wrong), (24, 0));
        assert_eq!(worst[0].input_name, "linear.weight");
    }

    #[test]
    fn frozen_parameters_are_constants() {
        let (mut params, linear, x) = model();
        params.set_trainable(linear.weight, false);
        let report =
            gradcheck_params(&Gradcheck::new(), "linear", &params, None, |cx| linear.forward(cx, &x))
                .unwrap();
        assert_eq!((report.inputs.len(), report.inputs[0].name.as_str()), (1, "linear.bias"));
    }

    #[test]
    fn with_a_seed_dropout_is_on_and_the_same_in_every_run() {
        let (params, linear, x) = model();
        let dropout = Dropout::new(&mut ParamBuilder::new(&mut Params::new(DType::F64), Seed::new(1)), 0.5);
        let check = Gradcheck::new().f32_tolerance(1e-6);
        let in_f32 = |cx: &Context| {
            assert!(cx.is_training());
            let x = Var::constant(x.value().to_dtype(cx.params().dtype()));
            dropout.forward(cx, &linear.forward(cx, &x))
        };
        let report = gradcheck_params(&check, "dropout", &params, Some(Seed::new(3)), in_f32).unwrap();
        assert_eq!(report.compared(), 8 * 8);
    }
}
