//! The checks are themselves checked. For each of the mistakes people make in a gradient there is an
//! operation here that makes it, and the properties of the [`registry`](crate::registry) have to find out; and the
//! same operation without the mistake has to pass, so that it is the mistake that was found.
//!
//! ```sh
//! cargo test --test tests planted_bugs -- --nocapture   # each bug, what caught it, and how many were caught
//! ```
//!
//! A bug that nothing catches is not a bug in this list but a hole in the checks.

mod elementwise;
mod fused;

use autograd::Var;
use proptest::prelude::*;
use tensor::strategies::{fillings, numbers_in};
use tensor::{Shape, Tensor};

use crate::registry::entry::{Case, Operation};
use crate::registry::properties::{Property, adjoint, composed, gradients, recorded, views};
use crate::registry::walk::check;

/// A mistake.
struct Bug {
    /// What is wrong.
    what: &'static str,
    /// The operation it is made in.
    operation: &'static str,
    /// The shapes of the inputs.
    shapes: &'static [&'static [usize]],
    /// The operation as it should be.
    right: fn(&[Var]) -> Var,
    /// The operation with the mistake.
    wrong: fn(&[Var]) -> Var,
}

impl Bug {
    /// An entry of the registry for `function`. The right form is the composed one to compare with.
    fn entry(&self, function: fn(&[Var]) -> Var) -> Operation {
        let (shapes, right) = (self.shapes, self.right);
        // From 0.5 to 2 and from -2 to -0.5: away from corners and poles at 0.
        let values = numbers_in(-1.5..=1.5).prop_map(|x| x + 0.5f64.copysign(x));
        let inputs: Vec<_> = shapes.iter().map(|_| fillings(values.clone())).collect();
        let cases = inputs.prop_map(move |fillings| {
            let tensors =
                fillings.iter().zip(shapes).map(|(filling, &shape)| filling.tensor(Shape::from(shape)));
            Case::new("", tensors.collect::<Vec<Tensor>>(), function).composed(right)
        });
        Operation::new(self.operation, cases)
    }

    /// The properties that the function does not have, and how that was said.
    fn caught(&self, function: fn(&[Var]) -> Var) -> Vec<(&'static str, String)> {
        let battery: [(&str, Property); 5] = [
            ("recorded", recorded),
            ("gradients", gradients),
            ("adjoint", adjoint),
            ("views", views),
            ("composed", composed),
        ];
        let entry = self.entry(function);
        battery
            .into_iter()
            .filter_map(|(name, property)| Some((name, check(&entry, 64, property).err()?)))
            .collect()
    }
}

/// Records `right`'s value under `name`, with gradients that are computed from `grad_out` and the inputs as
/// someone might have got them wrong.
fn record<const N: usize>(
    name: &'static str,
    v: &[Var],
    right: fn(&[Var]) -> Var,
    gradients: impl Fn(&Tensor, &[Tensor]) -> [Tensor; N] + 'static,
) -> Var {
    let inputs: Vec<Tensor> = v.iter().map(|var| var.value().clone()).collect();
    let constants: Vec<Var> = v.iter().map(Var::detach).collect();
    let out = right(&constants).into_value();
    Var::record(name, &v.iter().collect::<Vec<_>>(), out, move |grad_out, grads| {
        let gradients = gradients(grad_out, &inputs);
        for (input, gradient) in gradients.into_iter().enumerate() {
            grads.add(input, || gradient);
        }
    })
}

#[test]
fn planted_bugs_are_caught() {
    let bugs: Vec<Bug> = elementwise::bugs().into_iter().chain(fused::bugs()).collect();
    let mut missed = Vec::new();
    for bug in &bugs {
        let (what, operation) = (bug.what, bug.operation);
        let found = bug.caught(bug.right);
        assert!(
            found.is_empty(),
            "`{operation}` is right, but there is a property that it has not: {found:?}"
        );
        let found = bug.caught(bug.wrong);
        let by: Vec<&str> = found.iter().map(|(property, _)| *property).collect();
        match found.first() {
            Some((_, said)) => {
                println!("`{operation}`: {what}\n    caught by {}: {}", by.join(", "), gist(said))
            }
            None => missed.push(format!("`{operation}`: {what}")),
        }
    }
    println!("planted bugs caught: {} of {}", bugs.len() - missed.len(), bugs.len());
    assert!(missed.is_empty(), "not caught:\n{}", missed.join("\n"));
}

/// The line of a failure that names a number, or else its first.
fn gist(said: &str) -> &str {
    let derivative = said.lines().find(|line| line.starts_with("  d "));
    derivative.or(said.lines().next()).unwrap_or_default().trim()
}
