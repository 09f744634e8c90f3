//! Lesson 3: how we know that a gradient is right.
//!
//!     cargo run --release --example e03_gradcheck
//!
//! A wrong gradient does not crash. The model learns, only worse, and nobody knows why. So every gradient is
//! held to the definition of the derivative: move a number a little to either side, see how the result
//! changes, and compare. This lesson does it for an operation of our own, for one with a mistake in it, for
//! one with a corner, and for a whole Transformer. It ends with an error if a check does not say what it should.
//!
//! The guide to all that a check can be told is `autograd::gradcheck`; `cargo doc --no-deps --all-features --open`
//! shows it with the strategies for property tests, which are there with the feature `proptest` only.

#[macro_use]
mod console; // println! that ends quietly when nobody reads on

use std::process::ExitCode;

use etudiant::autograd::gradcheck::kinks::distance_to;
use etudiant::autograd::{Gradcheck, Var};
use etudiant::nn::{Context, gradcheck_params};
use etudiant::tensor::{DType, Seed, Tensor};
use etudiant::transformer::{Batch, Config, Pair, Transformer, VocabSizes};

/// `x sigmoid(x)`, an activation that étudiant does not have, as someone might add it.
///
/// With s = sigmoid(x) the product rule gives the derivative s + x s (1 - s). If `forgetful`, the second term
/// is missing: the mistake of treating s as a constant.
fn swish(x: &Var, forgetful: bool) -> Var {
    let (value, s) = (x.value().clone(), x.value().sigmoid());
    Var::record("swish", &[x], value.mul(&s), move |grad_out, grads| {
        grads.add(0, || {
            let through_s = value.mul(&s).mul(&s.neg().add_scalar(1.0)); // x s (1 - s)
            let derivative = if forgetful { s.clone() } else { s.add(&through_s) };
            grad_out.mul(&derivative)
        });
    })
}

fn main() -> ExitCode {
    let said = [an_operation(), a_mistake(), a_corner(), a_model()];
    if said.contains(&false) {
        println!("\nA check did not say what it should.");
        return ExitCode::FAILURE;
    }
    println!("\nEvery check said what it should.");
    println!(
        "Next: the guide, which also has property tests: `cargo doc --no-deps --all-features --open`, there"
    );
    println!("      autograd::gradcheck, and tensor::strategies, which is not shown without the features.");
    ExitCode::SUCCESS
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}

/// A transposed view, so that the check also sees whether the operation minds how numbers stand in memory.
fn x() -> Tensor {
    Tensor::from([[-2.0, 0.0, 1.5], [0.3, -0.7, 4.0]]).transpose(0, 1) // [3, 2]
}

fn an_operation() -> bool {
    heading("An operation of our own");
    // Six outputs by six inputs: the check compares how each changes with each.
    let check = Gradcheck::new().input_names(["x"]).f32_tolerance(1e-6);
    match check.run("swish", &[x()], |v| swish(&v[0], false)) {
        Ok(report) => {
            println!("{report}");
            println!(
                "Certified: backward and the differences agree to six digits or more. Zero: exactly zero by both."
            );
            report.excused() == 0
        }
        Err(failure) => {
            println!("{failure}");
            false
        }
    }
}

fn a_mistake() -> bool {
    heading("The same with a mistake in it");
    match Gradcheck::new().input_names(["x"]).run("forgetful swish", &[x()], |v| swish(&v[0], true)) {
        Ok(_) => false,
        Err(failure) => {
            println!("{failure}");
            println!("At x = 0 the forgotten term is zero, so that element alone is not among them.");
            true
        }
    }
}

fn a_corner() -> bool {
    heading("An operation with a corner");
    // relu(x) has slope 0 to the left of zero and 1 to the right: at zero there is no derivative to compare.
    let at_the_corner = Gradcheck::new().run("relu", &[x()], |v| v[0].relu());
    if let Err(failure) = &at_the_corner {
        println!("{failure}\n");
    }
    // Name the corner, and the check moves the inputs away from it.
    let check = Gradcheck::new().kink("relu at 0", |inputs| distance_to(&inputs[0], 0.0));
    let moved = check.run("relu", &[x()], |v| v[0].relu());
    if let Ok(report) = &moved {
        println!("With the corner named, the inputs are moved away from it:\n{report}");
    }
    at_the_corner.is_err() && moved.is_ok()
}

fn a_model() -> bool {
    heading("A whole Transformer: its loss by each of its parameters");
    let sizes = Config::toy(VocabSizes::Shared(7)).with(|model| {
        model.d_model = 8;
        model.d_ff = 16;
        model.n_heads = 2;
    });
    let config = sizes.with(|model| {
        model.n_encoder_layers = 1;
        model.n_decoder_layers = 1;
    });
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F64).expect("the sizes fit");
    let pairs = [Pair { src: vec![3, 4, 5], tgt: vec![5, 4, 2] }, Pair { src: vec![6], tgt: vec![3, 2] }];
    let batch = Batch::new(&pairs, config.decoder_start, 0).expect("every target ends with <eos>");
    let loss = |cx: &Context| model.loss(cx, &batch, 0.1).expect("the ids fit").loss;
    // Too many numbers to move one by one: random directions, which are halved until they name the culprit.
    match gradcheck_params(&Gradcheck::new(), "transformer", &params, None, loss) {
        Ok(report) => {
            println!("{} parameters, {} numbers\n{report}", params.len(), params.numel());
            report.excused() == 0
        }
        Err(failure) => {
            println!("{failure}");
            false
        }
    }
}
