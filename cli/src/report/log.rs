//! `train.log`: what a run says to people, each line with the date and the time of day.
//!
//! ```text
//! 2026-03-14 09:26:53  model: 1251328 parameters
//! 2026-03-14 09:27:41  step 100 of 4000  epoch 1 (100 of 118 batches)  loss 5.388 ...
//! ```
//!
//! It is what stands on standard error, there with the time of day alone, and the lines in whose place a terminal has
//! a bar. Unlike the files of figures it is a diary: a run that goes on adds to it, and what a killed one told of the
//! steps after its last save stays.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;

use crate::console::say;
use crate::error::Error;

/// A `train.log` that is being written.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// The file at `path`, made if it is not there, to go on with.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be written.
    pub fn open(path: &Path) -> Result<Log, Error> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file =
            file.map_err(|error| Error::at(path, format!("cannot open the file to append: {error}")))?;
        Ok(Log { path: path.into(), file })
    }

    /// Writes a line, in one piece.
    ///
    /// # Errors
    /// [`Error::Input`] if the system refuses, because the disk is full for example.
    pub fn write(&mut self, line: &Line) -> Result<(), Error> {
        let indent = format!("\n{} ", " ".repeat(line.date.len()));
        let text = format!("{} {}\n", line.date, line.text.replace('\n', &indent));
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|error| Error::at(&self.path, format!("cannot append a line: {error}")))
    }
}

/// What was told at some time of some day.
#[derive(Clone, Debug)]
pub struct Line {
    date: String,
    /// As it stands on standard error: `09:26:53  step 100 ...`, and what follows below the `step`.
    pub text: String,
}

impl Line {
    /// What is told now.
    pub fn now(text: &str) -> Line {
        let now = ZonedDateTime::now();
        let date = now.strftime("%Y-%m-%d").to_string();
        let time = format!("{}  ", now.strftime("%H:%M:%S"));
        let indent = format!("\n{}", " ".repeat(time.len()));
        Line { date, text: time + &text.replace('\n', &indent) }
    }

    /// The line, told on standard error.
    pub fn say(text: &str) -> Line {
        let line = Line::now(text);
        say(&line.text);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn lines_are_dated_and_added_to_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.log");
        for text in ["step 1", "step 2\nin two lines"] {
            Log::open(&path).unwrap().write(&Line::now(text)).unwrap();
        }
        let log = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!((lines.len(), lines[2]), (3, "                     in two lines"));
        for (line, text) in lines.iter().zip(["step 1", "step 2"]) {
            let (time, said) = line.split_at("2026-03-14 09:26:53".len());
            assert_eq!(said, format!("  {text}"));
            let shape: String = time.chars().map(|of| if of.is_ascii_digit() { '0' } else { of }).collect();
            assert_eq!(shape, "0000-00-00 00:00:00");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let error = Log::open(Path::new("/dev/full")).unwrap().write(&Line::now("step 1")).unwrap_err();
        assert!(error.to_string().starts_with("/dev/full: cannot append a line: "), "{error}");
    }
}
