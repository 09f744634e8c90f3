//! Lines as they come, those that come together taken together.

use std::fmt;
use std::io::stdin;
use std::iter::once;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use text::corpus::{lines_in, lines_of};

/// Lines that are translated together, at most.
pub const BATCH: usize = 256;

/// How long the next line may take to come to be translated with those before it: what a program writes at one go
/// comes faster, what a person types is slower.
const NEXT_LINE: Duration = Duration::from_millis(10);

/// What people call standard input.
pub const STANDARD_INPUT: &str = "standard input";

/// Where lines come from: a file, or standard input.
#[derive(Clone, Debug)]
pub struct InputName(pub Option<PathBuf>);

impl fmt::Display for InputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(path) => path.display().fmt(f),
            None => f.write_str(STANDARD_INPUT),
        }
    }
}

impl InputName {
    /// How many lines a file has. None of what can be read only once.
    pub fn count_lines(&self) -> Option<u64> {
        let path = self.0.as_deref().filter(|path| path.is_file())?;
        lines_in(path).ok().map(|lines| lines.count() as u64)
    }
}

/// A line, or what is wrong with it: [`text::Error::Line`] is of this line alone, others end the input.
pub type Line = Result<String, text::Error>;

/// Lines as they come.
pub type Input = Receiver<Line>;

/// The lines of a file, or of standard input, read on a thread of their own.
pub fn listen(name: InputName) -> Input {
    let (sender, receiver) = sync_channel(BATCH);
    thread::spawn(move || {
        let lines: Box<dyn Iterator<Item = Line>> = match name.0.map(|path| lines_in(&path)) {
            None => Box::new(lines_of(stdin().lock(), STANDARD_INPUT)),
            Some(Ok(lines)) => Box::new(lines),
            Some(Err(error)) => Box::new(once(Err(error))),
        };
        for line in lines {
            if sender.send(line).is_err() {
                break; // nobody listens any more
            }
        }
    });
    receiver
}

/// Lines that can be translated together, and whether they are the last.
#[derive(Debug)]
pub struct Arrived {
    pub lines: Vec<Line>,
    pub is_end: bool,
}

/// Waits for a line, and takes along those that follow at once.
pub fn arrived(input: &Input) -> Arrived {
    let mut lines = Vec::new();
    let mut next = input.recv().map_err(RecvTimeoutError::from);
    loop {
        let is_end = match next {
            Ok(line) => {
                lines.push(line);
                (lines.len() == BATCH).then_some(false)
            }
            Err(RecvTimeoutError::Disconnected) => Some(true),
            Err(RecvTimeoutError::Timeout) => Some(false),
        };
        if let Some(is_end) = is_end {
            return Arrived { lines, is_end };
        }
        next = input.recv_timeout(NEXT_LINE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_taken_together_up_to_a_batch() {
        let (sender, input) = sync_channel(2 * BATCH);
        for line in 0..BATCH + 3 {
            sender.send(Ok(line.to_string())).unwrap();
        }
        let Arrived { lines, is_end } = arrived(&input);
        assert_eq!((lines.len(), is_end), (BATCH, false));
        let Arrived { lines, is_end } = arrived(&input);
        let lines: Vec<String> = lines.into_iter().map(Result::unwrap).collect();
        assert_eq!(lines, [BATCH, BATCH + 1, BATCH + 2].map(|line| line.to_string()));
        assert!(!is_end, "more may come");
        drop(sender);
        let Arrived { lines, is_end } = arrived(&input);
        assert!(lines.is_empty() && is_end);
    }

    #[test]
    fn what_can_be_read_once_is_not_counted() {
        assert_eq!(InputName(None).count_lines(), None);
        assert_eq!(InputName(Some("/dev/null".into())).count_lines(), None);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"un\n\xff\n\ndeux").unwrap();
        assert_eq!(InputName(Some(file.path().into())).count_lines(), Some(4));
    }
}
