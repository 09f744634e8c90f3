//! Lines on standard error for people, and on standard output for whoever asked.

use std::io::{ErrorKind, Write, stderr, stdout};

use crate::error::Error;

/// A line on standard error. If it was closed, nobody is there to hear that either.
pub fn say(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

/// Writes to standard output. That nobody reads on (`etudiant ... | head`) is no error.
///
/// # Errors
/// [`Error::Input`] if the system refuses for another reason, a full disk for example.
pub fn print(text: &str) -> Result<(), Error> {
    offer(text).map(drop)
}

/// As [`print()`], and says whether somebody still reads.
///
/// # Errors
/// As [`print()`].
pub fn offer(text: &str) -> Result<bool, Error> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::Input(format!("cannot write to standard output: {error}"))),
    }
}

/// A number and what it counts: `1 step`, `2 steps`.
pub fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Text of a file, safe to show: what would steer a terminal is spelled out.
pub fn shown(text: &str) -> String {
    let mut safe = String::new();
    for char in text.chars() {
        if char.is_control() { safe.extend(char.escape_unicode()) } else { safe.push(char) }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        let batches = |count| counted(count, "batch", "batches");
        assert_eq!([0, 1, 2].map(batches), ["0 batches", "1 batch", "2 batches"]);
    }
}
