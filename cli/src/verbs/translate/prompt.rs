//! The prompt at a terminal: a line that can be edited, earlier lines of the session, and a greeting.

use std::env;
use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdin, stdout};
use std::path::PathBuf;

use rustyline::config::Behavior;
use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};

use crate::builtin::Builtin;
use crate::console::say;
use crate::error::Error;
use crate::recipe::DataSettings;

const PROMPT: &str = "> ";

/// Terminals that cannot move their cursor, by the name in `TERM`.
const WITHOUT_CURSOR: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Who asks for the next line.
pub enum Prompt {
    /// With arrows, and the lines typed before, which are kept nowhere else.
    Editor(Box<DefaultEditor>),
    /// Where the terminal can do no more.
    Plain,
}

/// What someone typed.
#[derive(Debug, PartialEq)]
pub enum Typed {
    /// A line, or several that were pasted.
    Lines(Vec<String>),
    /// Ctrl-C: the line is dropped.
    Nothing,
    /// A line that is not UTF-8.
    NoText,
    /// Ctrl-D.
    End,
}

impl Prompt {
    /// A prompt at the terminal, wherever standard output goes.
    ///
    /// # Errors
    /// [`Error::Input`] if the terminal does not answer.
    pub fn open() -> Result<Prompt, Error> {
        let is_simple = env::var("TERM").is_ok_and(|term| WITHOUT_CURSOR.contains(&term.as_str()));
        let behavior = match stdout().is_terminal() {
            true => Behavior::Stdio,
            false if File::open("/dev/tty").is_ok() => Behavior::PreferTerm,
            false => return Ok(Prompt::Plain),
        };
        if is_simple {
            return Ok(Prompt::Plain);
        }
        let config = Config::builder().behavior(behavior).auto_add_history(true).build();
        let editor = DefaultEditor::with_config(config).map_err(|error| cannot_read(&error))?;
        Ok(Prompt::Editor(Box::new(editor)))
    }

    /// Waits for the next line.
    ///
    /// # Errors
    /// [`Error::Input`] if the terminal cannot be read.
    pub fn ask(&mut self) -> Result<Typed, Error> {
        let read = match self {
            Prompt::Editor(editor) => editor.readline(PROMPT),
            Prompt::Plain => plain_line(),
        };
        typed(read)
    }
}

/// A line of standard input, which the terminal itself lets edit a little.
fn plain_line() -> Result<String, ReadlineError> {
    let _ = write!(stderr(), "{PROMPT}");
    let mut line = String::new();
    match stdin().read_line(&mut line)? {
        0 => Err(ReadlineError::Eof),
        _ => Ok(line),
    }
}

fn typed(read: Result<String, ReadlineError>) -> Result<Typed, Error> {
    match read {
        Ok(text) => {
            Ok(Typed::Lines(text.trim_end_matches(['\r', '\n']).split('\n').map(String::from).collect()))
        }
        Err(ReadlineError::Interrupted) => Ok(Typed::Nothing),
        Err(ReadlineError::Eof) => {
            say("");
            Ok(Typed::End)
        }
        Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => Ok(Typed::NoText),
        Err(error) => Err(cannot_read(&error)),
    }
}

fn cannot_read(error: &ReadlineError) -> Error {
    Error::Input(format!("cannot read the terminal: {error}"))
}

/// What someone at a terminal is told first.
pub fn greeting(data: &DataSettings) -> String {
    let languages = languages(data).map(|(src, tgt)| format!("From {src} to {tgt}. ")).unwrap_or_default();
    format!("{languages}Type a sentence and Enter; Ctrl-D leaves.")
}

/// The languages of a model, as the names of its training files have them: `train.fr`, `train.en.gz`.
fn languages(data: &DataSettings) -> Option<(String, String)> {
    if let Some(corpus) = Builtin::named(&data.builtin) {
        return Some(corpus.languages().map(str::to_string).into());
    }
    let of_file = |files: &[PathBuf]| {
        let name = files.first()?.file_name()?.to_str()?;
        let (_, extension) = name.trim_end_matches(".gz").rsplit_once('.')?;
        let is_code = extension.len() == 2 && extension.bytes().all(|byte| byte.is_ascii_lowercase());
        is_code.then(|| extension.to_string())
    };
    Some((of_file(&data.train.source)?, of_file(&data.train.target)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use text::corpus::CorpusFiles;

    #[test]
    fn ctrl_c_drops_the_line_and_ctrl_d_leaves() {
        assert_eq!(typed(Err(ReadlineError::Interrupted)).unwrap(), Typed::Nothing);
        assert_eq!(typed(Err(ReadlineError::Eof)).unwrap(), Typed::End);
        let not_utf8 = std::io::Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8");
        assert_eq!(typed(Err(not_utf8.into())).unwrap(), Typed::NoText);
        let closed = std::io::Error::from(ErrorKind::BrokenPipe);
        assert!(typed(Err(closed.into())).is_err());
        let lines = |text: &str| match typed(Ok(text.into())).unwrap() {
            Typed::Lines(lines) => lines.join("|"),
            other => panic!("{other:?}"),
        };
        assert_eq!(["un", "un\r\n", "un\ndeux\n", ""].map(lines), ["un", "un", "un|deux", ""]);
    }

    #[test]
    fn languages_are_read_from_the_names_of_the_files() {
        let named = |src: &str, tgt: &str| {
            let train = CorpusFiles { source: vec![src.into()], target: vec![tgt.into()], pairs: vec![] };
            languages(&DataSettings { train, ..DataSettings::default() })
        };
        let known = |src: &str, tgt: &str| Some((src.to_string(), tgt.to_string()));
        assert_eq!(named("a/train.lc.fr", "a/train.lc.en.gz"), known("fr", "en"));
        assert_eq!(named("train-src.txt", "train.en"), None);
        assert_eq!(named("fr", "en"), None);
        let builtin = DataSettings { builtin: Builtin::NumbersFrEn.name().into(), ..DataSettings::default() };
        assert_eq!(languages(&builtin), known("fr", "en"));
        assert_eq!(greeting(&builtin), "From fr to en. Type a sentence and Enter; Ctrl-D leaves.");
        assert!(greeting(&DataSettings::default()).starts_with("Type a sentence"));
    }
}
