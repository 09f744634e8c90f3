//! Trying a property on many cases of an operation, and telling what was seen.

use std::cell::RefCell;
use std::fmt::Write;

use proptest::test_runner::{Config as ProptestConfig, TestCaseError, TestError, TestRunner};

use crate::common::cases;
use crate::registry::entry::Operation;
use crate::registry::properties::{Property, Seen};

/// Cases of each property, unless `PROPTEST_CASES` says otherwise.
pub const CASES: u32 = 256;

/// `count` cases whatever `PROPTEST_CASES` says, for what claims that so many are enough.
pub fn always(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, ..cases(count) }
}

/// Tries a property of an operation on such cases. If it does not hold, says so with the smallest case that
/// was found.
pub fn check(operation: &Operation, cases: ProptestConfig, property: Property) -> Result<Seen, String> {
    let all = RefCell::new(Seen::default());
    let outcome = TestRunner::new(cases).run(&operation.cases, |case| {
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
/// If it does not hold, with all the operations for which it does not; or if there is one for which nothing was
/// compared, in [`CASES`] cases or more. Fewer may all be of empty tensors.
#[track_caller]
pub fn report(what: &str, operations: &[Operation], property: Property) {
    let mut table = format!("{what:22}  cases  compared  worst relative error\n");
    let mut failures = Vec::new();
    let count = cases(CASES).cases;
    for operation in operations {
        let name = operation.name;
        match check(operation, cases(CASES), property) {
            Ok(Seen { compared: 0, .. }) if count >= CASES => {
                failures.push(format!(
                    "`{name}`: nothing was compared. Draw cases with something in them; with `.composed(..)`, unless \
                     the entry says `.primitive()`"
                ));
            }
            Ok(Seen { compared, worst_relative_error }) => {
                writeln!(table, "  {name:20}  {count:5}  {compared:8}  {worst_relative_error:.1e}").unwrap();
            }
            Err(failure) => failures.push(failure),
        }
    }
    println!("{table}");
    assert!(failures.is_empty(), "{what}: {} failed\n\n{}", failures.len(), failures.join("\n"));
}
