//! How many threads a command works with: as `--threads` says, else as `RAYON_NUM_THREADS`, else one for each processor.
//! More or fewer make it faster or slower and change nothing else, so a wrong number is told of and does not end it.

use std::env;
use std::ffi::OsStr;
use std::num::IntErrorKind;
use std::thread::available_parallelism;

use crate::console::say;
use crate::error::Error;

const VARIABLE: &str = "RAYON_NUM_THREADS";

/// The most threads for each processor, and the most on a small machine. More only stand in each other's way, and
/// each takes memory.
const MOST_A_PROCESSOR: usize = 8;
const MOST_AT_LEAST: usize = 64;

/// What `--threads` may be.
///
/// # Errors
/// What it may be, if it is not.
pub fn parse(text: &str) -> Result<usize, String> {
    number(text).filter(|&count| count > 0).ok_or("give a whole number, 1 or more".into())
}

/// The number that `text` is; one that is too large is the largest.
fn number(text: &str) -> Option<usize> {
    match text.parse::<usize>() {
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Some(usize::MAX),
        parsed => parsed.ok(),
    }
}

/// Sets the number of threads, once, before anything is computed. `asked` is what `--threads` says, at least 1.
///
/// # Errors
/// [`Error::Input`] if the system starts no such number.
pub fn set(asked: Option<usize>) -> Result<(), Error> {
    let processors = available_parallelism().map_or(1, usize::from);
    let (count, words) = choose(asked, env::var_os(VARIABLE).as_deref(), processors);
    words.into_iter().for_each(|words| say(&format!("warning: {words}")));
    match count {
        Some(count) => tensor::threads::set_count(count).map_err(Error::Input),
        None => Ok(()),
    }
}

/// The number of threads, none for one for each processor, and what there is to say of it.
fn choose(
    asked: Option<usize>,
    variable: Option<&OsStr>,
    processors: usize,
) -> (Option<usize>, Option<String>) {
    let (count, name) = match (asked, variable) {
        (Some(count), _) => (count, "--threads"),
        (None, None) => return (None, None),
        (None, Some(value)) => match value.to_str().and_then(number) {
            Some(0) => return (None, None), // as rayon has it
            Some(count) => (count, VARIABLE),
            None => {
                let problem = format!(
                    "{VARIABLE} is {value:?}, which is no number of threads, so one works for each of the {processors} \
                     processors; write {VARIABLE}={processors}, or give --threads"
                );
                return (None, Some(problem));
            }
        },
    };
    let most = (MOST_A_PROCESSOR * processors).max(MOST_AT_LEAST);
    if count <= most {
        return (Some(count), None);
    }
    let problem = format!(
        "{name} is {count}, but there are {processors} processors: {most} threads work, which is the most"
    );
    (Some(most), Some(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_variable(value: &str) -> (Option<usize>, String) {
        let (count, words) = choose(None, Some(OsStr::new(value)), 4);
        (count, words.unwrap_or_default())
    }

    #[test]
    fn the_option_goes_before_the_variable_and_the_variable_before_the_machine() {
        assert_eq!(choose(Some(3), Some(OsStr::new("abc")), 4), (Some(3), None));
        assert_eq!(of_variable("3"), (Some(3), String::new()));
        assert_eq!(of_variable("0"), (None, String::new()));
        assert_eq!(choose(None, None, 4), (None, None));
    }

    #[test]
    fn a_wrong_variable_is_told_with_what_would_be_right() {
        for value in ["abc", "-1", "", " 2", "2.5", "1e3", "-99999999999999999999999"] {
            let (count, words) = of_variable(value);
            let expected = format!("RAYON_NUM_THREADS is {value:?}, which is no number of threads");
            assert!(words.starts_with(&expected) && words.contains("write RAYON_NUM_THREADS=4"), "{words}");
            assert_eq!(count, None);
        }
    }

    #[test]
    fn threads_beyond_reason_are_capped_with_a_word() {
        assert_eq!(of_variable("64"), (Some(64), String::new()));
        let (count, words) = of_variable("100000");
        let expected =
            "RAYON_NUM_THREADS is 100000, but there are 4 processors: 64 threads work, which is the most";
        assert_eq!((count, &*words), (Some(64), expected));
        assert_eq!(of_variable("99999999999999999999999").0, Some(64));
        assert_eq!(parse("99999999999999999999999"), Ok(usize::MAX));
        let (count, words) = choose(Some(usize::MAX), None, 100);
        assert!(count == Some(800) && words.unwrap().starts_with("--threads is 18446744073709551615, but"));
    }
}
