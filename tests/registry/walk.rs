//! Trying a property on many cases of an operation, and telling what was seen.

use std::cell::RefCell;
use std::fmt::Write;

use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use crate::common::cases;
use crate::registry::entry::Operation;
use crate::registry::properties::{Property, Seen};

/// Cases of each property, unless `PROPTEST_CASES` says otherwise.
pub const CASES: u32 = 256;

/// Tries a property of an operation on `count` cases. If it does not hold, says so with the smallest case that
/// was found.
pub fn check(operation: &Operation, count: u32, property: Property) -> Result<Seen, String> {
    let all = RefCell::new(Seen::default());
    let outcome = TestRunner::new(cases(count)).run(&operation.cases, |case| {
        all.borrow_mut().add(property(operation, &case).map_err(TestCaseError::fail)?);
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(all.into_inner()),
        Err(TestError::Fail(reason, case)) => Err(format!("`{}`: {reason}\nin {case:?}", operation.name)),
        Err(TestError::Abort(reason)) => Err(format!("`{}`: no cases: {reason}", operation.name)),
    }
}

/// Tries a property of several operations and prints a table.
///
/// # Panics
/// If it does not hold, with all the operations for which it does not.
#[track_caller]
pub fn report(what: &str, operations: &[Operation], property: Property) {
    let mut table = format!("{what:22}  cases  compared  worst relative error\n");
    let mut failures = Vec::new();
    for operation in operations {
        match check(operation, CASES, property) {
            Ok(Seen { compared, worst_relative_error }) => {
                let (name, count) = (operation.name, cases(CASES).cases);
                writeln!(table, "  {name:20}  {count:5}  {compared:8}  {worst_relative_error:.1e}").unwrap();
                assert!(compared > 0, "{what} of `{name}`: nothing was compared");
            }
            Err(failure) => failures.push(failure),
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{what}: {} failed\n\n{}", failures.len(), failures.join("\n"));
}
