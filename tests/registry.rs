//! Every differentiable operation of [`autograd`] has an entry here, and for every entry the same properties
//! are tried on random cases: tensors of rank 0 to 4, with axes of length 0 and 1, transposed, cut out of
//! something larger and repeated with stride 0 (see [`tensor::strategies`]).
//!
//! | property | says |
//! |---|---|
//! | [`properties::gradients`] | backward gives the derivative, by central differences; f32 agrees with f64 |
//! | [`properties::adjoint`] | `<v, J u> = <Jᵀ v, u>`; without rounding where the operation is linear |
//! | [`properties::views`] | an operation on views gives the bits that it gives on copies, and so does its vjp |
//! | [`properties::shared`] | a variable in several places gets the sum of the gradients there |
//! | [`properties::composed`] | value and gradients are those of the same thing made of smaller operations |
//!
//! Each is tried 256 times per operation, always with the same cases. `PROPTEST_CASES` sets another number,
//! `PROPTEST_RNG_SEED` draws others. With fewer than 256 a property may have nothing to compare: all tensors
//! drawn may be empty, or no two of one shape. From 256 on that is a failure.
//!
//! ```sh
//! cargo test --test tests registry -- --nocapture                          # what was covered, and how well
//! PROPTEST_CASES=10000 PROPTEST_RNG_SEED=7 cargo test --test tests registry
//! ```
//!
//! An operation is a method of [`Var`](autograd::Var), but for the few that compute nothing, or a name that is
//! given to `Var::record` anywhere; [`source`] reads them off the source. One without an entry fails
//! [`every_operation_has_an_entry`]. The entry goes into the module where its like are, and names the operation,
//! the inputs in which it is linear, the cases to draw, if there is one the composed form, and the numbers of
//! somebody else that [`parity`](crate::parity) compares with: PyTorch's unless it says otherwise. "Adding an
//! operation" in `CONTRIBUTING.md` is the order of work.

pub mod entry;
pub mod properties;
pub mod source;
pub mod walk;

mod elementwise;
mod losses;
mod pass;
mod products;
mod reductions;
mod shapes;

use std::collections::BTreeSet;
use std::rc::Rc;

use autograd::Var;

use entry::{Case, Function, Operation};
use walk::report;

/// Where the order of work stands.
pub const GUIDE: &str = "see \"Adding an operation\" in CONTRIBUTING.md";

/// All entries.
pub fn operations() -> Vec<Operation> {
    let products_and_losses = [products::operations(), losses::operations()].concat();
    [elementwise::operations(), shapes::operations(), reductions::operations(), products_and_losses].concat()
}

#[test]
fn every_operation_has_an_entry() {
    let found = source::operations();
    let entries = operations();
    let names: BTreeSet<&str> = entries.iter().map(|operation| operation.name).collect();
    assert_eq!(names.len(), entries.len(), "an operation has two entries");
    let missing: Vec<String> = found
        .iter()
        .filter(|(name, _)| !names.contains(name.as_str()))
        .map(|(name, file)| {
            format!(
                "`{name}` of {file} has no entry: add one to tests/registry/, where its like are, {GUIDE}; or if it is \
                 no operation, name it in NO_OPERATIONS of tests/registry/source.rs"
            )
        })
        .collect();
    let stale: Vec<String> = names
        .iter()
        .filter(|&&name| !found.contains_key(name))
        .map(|name| {
            format!("tests/registry/ has an entry for `{name}`, which is no operation of autograd: delete it")
        })
        .collect();
    println!("operations covered: {} of {}", found.len() - missing.len(), found.len());
    assert!(missing.is_empty() && stale.is_empty(), "{}", [missing, stale].concat().join("\n"));
}

#[test]
fn every_operation_has_a_row_in_the_table() {
    let (found, rows) = (source::operations(), source::rows_of_the_table());
    let missing: Vec<&String> = found.keys().filter(|&name| !rows.contains(name)).collect();
    let stale: Vec<&String> = rows.iter().filter(|&name| !found.contains_key(name)).collect();
    assert!(missing.is_empty(), "autograd/src/ops/table.md has no row for {missing:?}: add it; {GUIDE}");
    assert!(stale.is_empty(), "autograd/src/ops/table.md has rows for {stale:?}, no operations: delete them");
}

#[test]
fn every_entry_records_the_operation_it_is_named_for() {
    for operation in operations() {
        walk::check(&operation, walk::always(8), properties::recorded).unwrap();
    }
}

#[test]
fn elementwise_operations_have_their_derivatives() {
    report("gradients", &elementwise::operations(), properties::gradients);
}

#[test]
fn operations_on_shapes_have_their_derivatives() {
    report("gradients", &shapes::operations(), properties::gradients);
}

#[test]
fn reductions_have_their_derivatives() {
    report("gradients", &reductions::operations(), properties::gradients);
}

#[test]
fn products_and_losses_have_their_derivatives() {
    report("gradients", &[products::operations(), losses::operations()].concat(), properties::gradients);
}

#[test]
fn the_vjp_is_the_adjoint_of_the_derivative() {
    report("adjoint", &operations(), properties::adjoint);
}

#[test]
fn a_view_is_as_good_as_a_copy() {
    report("views", &operations(), properties::views);
}

#[test]
fn a_variable_in_several_places_gets_the_sum_of_their_gradients() {
    let operations: Vec<Operation> = operations().into_iter().filter(Operation::takes_several).collect();
    report("shared", &operations, properties::shared);
}

#[test]
fn fused_is_composed() {
    let operations: Vec<Operation> = operations().into_iter().filter(|entry| !entry.is_primitive()).collect();
    report("composed", &operations, properties::composed);
}

/// `sub` with the sign of one gradient wrong.
fn wrong_sub(_: &Case) -> Function {
    Rc::new(|v| {
        let (lhs, rhs) = (v[0].shape(), v[1].shape());
        Var::record("sub", &[&v[0], &v[1]], v[0].value().sub(v[1].value()), move |grad_out, grads| {
            grads.add(0, || grad_out.sum_to(lhs));
            grads.add(1, || grad_out.sum_to(rhs));
        })
    })
}

#[test]
fn a_wrong_sign_is_found_and_shrinks_to_a_case_that_can_be_read() {
    let is_sub = |operation: &Operation| operation.name == "sub";
    let wrong = operations().into_iter().find(is_sub).unwrap().replaced(wrong_sub);
    for property in [properties::gradients, properties::adjoint, properties::composed, properties::battery] {
        let failure = walk::check(&wrong, walk::always(walk::CASES), property).unwrap_err();
        assert!(failure.starts_with("`sub`: "), "{failure}");
        let case = failure.rsplit("\nin ").next().unwrap();
        assert!(!case.contains("strides") && case.lines().count() <= 6, "not a small case: {failure}");
    }
    walk::check(&wrong, walk::always(walk::CASES), properties::views).unwrap(); // it is wrong in every layout alike
}
