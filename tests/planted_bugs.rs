//! The checks are themselves checked. For each of the mistakes people make in a gradient there is an
//! operation here that makes it, and exactly those properties of the [`registry`](crate::registry) have to find
//! out that are said to; and the same operation without the mistake has to pass, so that it is the mistake that
//! was found.
//!
//! ```sh
//! cargo test --test tests planted_bugs -- --nocapture   # each bug, what caught it, and how many were caught
//! ```
//!
//! A bug that nothing catches is not a bug in this list but a hole in the checks. The composed form of a wrong
//! operation is here the right one, which makes that property the strongest and proves little; the others know
//! nothing of the right operation, and that they find what they found before is what this test holds them to.

mod elementwise;
mod fused;
mod structure;

use std::rc::Rc;

use autograd::Var;
use proptest::prelude::*;
use tensor::strategies::{fillings, numbers_in};
use tensor::{Shape, Tensor};

use crate::registry::entry::{Case, Function, Operation};
use crate::registry::properties::ALL;
use crate::registry::walk::{always, check};

/// Cases of each bug and property, whatever `PROPTEST_CASES` says.
const CASES: u32 = 64;

/// What finds a gradient that is not that of the function.
const WRONG_GRADIENT: &[&str] = &["gradients", "adjoint", "composed"];

/// A mistake.
#[derive(Clone)]
struct Bug {
    /// What is wrong.
    what: &'static str,
    /// The operation it is made in.
    operation: &'static str,
    /// The properties that find it, in the order of [`ALL`].
    caught_by: &'static [&'static str],
    /// The shapes of the inputs.
    shapes: &'static [&'static [usize]],
    /// The operation as it should be.
    right: fn(&[Var]) -> Var,
    /// The operation with the mistake.
    wrong: Wrong,
}

/// Where a mistake is.
#[derive(Clone, Copy)]
enum Wrong {
    /// On the way back: the gradients of the inputs, from `grad_out` and the inputs.
    Vjp(fn(&Tensor, &[Tensor]) -> Vec<Tensor>),
    /// Anywhere.
    Function(fn(&[Var]) -> Var),
}

impl Bug {
    /// The operation with the mistake.
    fn wrong(&self) -> Function {
        let (name, right) = (self.operation, self.right);
        match self.wrong {
            Wrong::Function(wrong) => Rc::new(wrong),
            Wrong::Vjp(vjp) => Rc::new(move |v| record(name, v, right, vjp)),
        }
    }

    /// An entry of the registry for `function`. The right form is the composed one to compare with.
    fn entry(&self, function: Function) -> Operation {
        let (shapes, right) = (self.shapes, self.right);
        // From 0.5 to 2 and from -2 to -0.5: away from corners and poles at 0.
        let values = numbers_in(-1.5..=1.5).prop_map(|x| x + 0.5f64.copysign(x));
        let inputs: Vec<_> = shapes.iter().map(|_| fillings(values.clone())).collect();
        let cases = inputs.prop_map(move |fillings| {
            let tensors =
                fillings.iter().zip(shapes).map(|(filling, &shape)| filling.tensor(Shape::from(shape)));
            let function = function.clone();
            Case::new("", tensors.collect::<Vec<Tensor>>(), move |v| function(v)).composed(right)
        });
        Operation::new(self.operation, cases)
    }

    /// The properties that the function does not have, and how that was said.
    fn caught(&self, function: Function) -> Vec<(&'static str, String)> {
        let entry = self.entry(function);
        let tried = ALL.into_iter().map(|(name, property)| (name, check(&entry, always(CASES), property)));
        tried.filter_map(|(name, outcome)| Some((name, outcome.err()?))).collect()
    }
}

/// Records `right`'s value under `name`, with gradients that are computed from `grad_out` and the inputs as
/// someone might have got them wrong.
fn record(
    name: &'static str,
    v: &[Var],
    right: fn(&[Var]) -> Var,
    gradients: fn(&Tensor, &[Tensor]) -> Vec<Tensor>,
) -> Var {
    let inputs: Vec<Tensor> = v.iter().map(|var| var.value().clone()).collect();
    let constants: Vec<Var> = v.iter().map(Var::detach).collect();
    let out = right(&constants).into_value();
    Var::record(name, &v.iter().collect::<Vec<_>>(), out, move |grad_out, grads| {
        for (input, gradient) in gradients(grad_out, &inputs).into_iter().enumerate() {
            grads.add(input, || gradient);
        }
    })
}

#[test]
fn planted_bugs_are_caught_by_the_properties_that_should() {
    let bugs = [elementwise::bugs(), structure::bugs(), fused::bugs()].concat();
    let mut unlike = Vec::new();
    let mut n_caught = 0;
    for bug in &bugs {
        let (what, operation) = (bug.what, bug.operation);
        let found = bug.caught(Rc::new(bug.right));
        assert!(
            found.is_empty(),
            "`{operation}` is right, but there is a property that it has not: {found:?}"
        );
        let found = bug.caught(bug.wrong());
        let by: Vec<&str> = found.iter().map(|(property, _)| *property).collect();
        let said = found.first().map_or("", |(_, said)| gist(said));
        println!("`{operation}`: {what}\n    caught by {}: {said}", by.join(", "));
        n_caught += usize::from(!by.is_empty());
        if by != bug.caught_by {
            unlike.push(format!("`{operation}`: {what}: caught by {by:?}, expected {:?}", bug.caught_by));
        }
    }
    println!("planted bugs caught: {n_caught} of {}", bugs.len());
    assert!(unlike.is_empty() && n_caught == bugs.len(), "{}", unlike.join("\n"));
}

/// The line of a failure that names a number, or else its first.
fn gist(said: &str) -> &str {
    let derivative = said.lines().find(|line| line.starts_with("  d "));
    derivative.or(said.lines().next()).unwrap_or_default().trim()
}
