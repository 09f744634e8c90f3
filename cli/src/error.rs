//! What ends a command early, and with which exit code.
//!
//! Every message is one paragraph that says what was wrong, where (a file and line, a key of the configuration),
//! and what would be right. Scripts go by the exit code:
//!
//! | code | means |
//! |---|---|
//! | 0 | done |
//! | 2 | the command line, a configuration or an input is wrong, or a file cannot be read or written |
//! | 3 | training diverged: losses or gradients that are not finite |
//! | 130 | interrupted by Ctrl-C or SIGTERM; what was trained is saved |

use std::fmt;
use std::path::Path;

/// Why a command ended early; the text is one paragraph, fit to be shown as it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Something the user can mend: an option, a configuration, a file.
    Input(String),
    /// Training met numbers that are not finite, again and again.
    Diverged(String),
    /// Someone asked the command to stop.
    Interrupted(String),
}

impl Error {
    /// The exit code of a process that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Input(_) => 2,
            Error::Diverged(_) => 3,
            Error::Interrupted(_) => 130,
        }
    }

    /// An error of the file at `path`.
    pub fn at(path: &Path, problem: impl fmt::Display) -> Error {
        Error::Input(format!("{}: {problem}", path.display()))
    }

    /// An error of a line, from 1, of the file at `path`.
    pub fn at_line(path: &Path, line: usize, problem: impl fmt::Display) -> Error {
        Error::Input(format!("{}:{line}: {problem}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Input(text) | Error::Diverged(text) | Error::Interrupted(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl From<transformer::Error> for Error {
    fn from(error: transformer::Error) -> Self {
        match error {
            transformer::Error::NotFinite(_) => Error::Diverged(error.to_string()),
            _ => Error::Input(error.to_string()),
        }
    }
}

impl From<text::Error> for Error {
    fn from(error: text::Error) -> Self {
        Error::Input(error.to_string())
    }
}

impl From<translate::Error> for Error {
    fn from(error: translate::Error) -> Self {
        match error {
            translate::Error::Model(error) => error.into(),
            error => Error::Input(error.to_string()),
        }
    }
}

impl From<illustrated::Error> for Error {
    fn from(error: illustrated::Error) -> Self {
        match error {
            illustrated::Error::Model(error) => error.into(),
            illustrated::Error::Translate(error) => error.into(),
            error => Error::Input(error.to_string()),
        }
    }
}

impl From<nn::Error> for Error {
    fn from(error: nn::Error) -> Self {
        Error::Input(error.to_string())
    }
}
