//! What the unit tests of this crate share.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message of the panic that `f` ends in.
///
/// # Panics
/// If `f` does not.
#[track_caller]
pub fn panic_message<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("it did not panic") };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => {
            payload.downcast::<&str>().map_or_else(|_| String::new(), |message| message.to_string())
        }
    }
}
