//! What is seen at a terminal. A pseudo-terminal of the system stands for it.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use nix::pty::{Winsize, openpty};

use super::constraints::reader_of_four_tokens;
use super::{test_set, translate};
use crate::common::{etudiant, file, folder, toy};

/// Our end of a terminal, and what was seen on it.
struct Terminal {
    ours: File,
    theirs: File,
    heard: Receiver<String>,
    seen: String,
}

impl Terminal {
    fn open() -> Terminal {
        let size = Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        let ends = openpty(Some(&size), None).unwrap();
        let (ours, theirs) = (File::from(ends.master), File::from(ends.slave));
        let (sender, heard) = channel();
        let mut reader = ours.try_clone().unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n) = reader.read(&mut buffer) {
                if sender.send(String::from_utf8_lossy(&buffer[..n]).into_owned()).is_err() {
                    break;
                }
            }
        });
        Terminal { ours, theirs, heard, seen: String::new() }
    }

    fn end(&self) -> Stdio {
        self.theirs.try_clone().unwrap().into()
    }

    /// Waits until `text` is seen behind what was waited for before.
    #[track_caller]
    fn until(&mut self, text: &str) {
        while !self.seen.contains(text) {
            match self.heard.recv_timeout(Duration::from_secs(60)) {
                Ok(more) => self.seen += &more,
                Err(_) => panic!("{text:?} is not in {:?}", self.seen),
            }
        }
        self.seen = self.seen.split_once(text).unwrap().1.to_owned();
    }

    fn types(&mut self, keys: impl AsRef<[u8]>) {
        self.ours.write_all(keys.as_ref()).unwrap();
    }
}

/// A session whose input and messages are at the terminal.
fn session(terminal: &Terminal, kind: &str, options: &str, out: Stdio) -> Child {
    let mut command: Command = etudiant(&format!("translate --model {}{options}", toy()));
    command.env("TERM", kind).stdin(terminal.end()).stderr(terminal.end()).stdout(out);
    command.spawn().unwrap()
}

/// Whether the command ends well, and within a minute.
fn ends_well(mut child: Child) -> bool {
    for _ in 0..600 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        thread::sleep(Duration::from_millis(100));
    }
    child.kill().unwrap();
    false
}

const ARROW_UP: &str = "\x1b[A";
const ARROW_LEFT: &str = "\x1b[D";
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

#[test]
fn lines_are_edited_fetched_again_dropped_and_left() {
    let said = |line: &str| translate("", format!("{line}\n")).ok().trim_end().to_owned();
    let mut terminal = Terminal::open();
    let child = session(&terminal, "xterm", "", terminal.end());
    terminal.until("Ctrl-D leaves.");
    terminal.until("> ");
    terminal.types(format!("six dux{ARROW_LEFT}{ARROW_LEFT}\x7fd\x05\r")); // deletes the d, types it again
    terminal.until(&format!("{}\r\n", said("six dux")));
    terminal.until("> ");
    terminal.types(format!("sept{CTRL_C}"));
    terminal.until("sept");
    terminal.until("> ");
    terminal.types(b"\xff");
    terminal.until("error: line 2 is not UTF-8; ");
    terminal.until("> ");
    terminal.types("neuf\r");
    terminal.until(&format!("{}\r\n", said("neuf")));
    terminal.until("> "); // what is typed between two prompts, the terminal itself would take
    terminal.types(format!("{ARROW_UP}{ARROW_UP} un\r")); // the line before the last, and more
    terminal.until(&format!("{}\r\n", said("six dux un")));
    terminal.until("> ");
    terminal.types(CTRL_D);
    assert!(ends_well(child));
}

#[test]
fn at_the_prompt_of_a_simple_terminal_the_output_may_go_to_a_file() {
    let folder = folder();
    let path = folder.path().join("out.en");
    let mut terminal = Terminal::open();
    let child = session(&terminal, "dumb", "", File::create(&path).unwrap().into());
    terminal.until("> ");
    terminal.types(b"tr\xffois\r");
    terminal.until("error: line 1 is not UTF-8; ");
    terminal.until("> ");
    terminal.types("un deux\r");
    terminal.until("> ");
    terminal.types(CTRL_D);
    assert!(ends_well(child));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), translate("", "un deux\n").ok());
}

#[test]
fn at_the_prompt_each_line_that_the_other_model_cannot_read_is_told_of() {
    let folder = folder();
    let rerank = format!(" --beam 4 --rerank {}", reader_of_four_tokens(folder.path()));
    let mut terminal = Terminal::open();
    let child = session(&terminal, "xterm", &rerank, terminal.end());
    terminal.until("> ");
    let warning = "warning: what was found for 1 of 1 lines is too long for the model of --rerank, ";
    for (line, told) in
        [("deux trois quatre cinq six", true), ("un", false), ("deux trois quatre cinq six", true)]
    {
        terminal.types(format!("{line}\r"));
        if told {
            terminal.until(warning);
        }
        terminal.until("> ");
    }
    terminal.types(CTRL_D);
    assert!(ends_well(child));
    assert!(!terminal.seen.contains("warning"), "each once: {}", terminal.seen);
}

#[test]
fn a_bar_is_drawn_where_someone_watches_and_the_output_goes_elsewhere() {
    let folder = folder();
    let (src, _) = test_set(300);
    let path = file(folder.path(), "in.fr", &src);
    let mut terminal = Terminal::open();
    let out = folder.path().join("out.en");
    let mut command = etudiant(&format!("translate --model {} {path}", toy()));
    command.env("TERM", "xterm").stderr(terminal.end()).stdout(File::create(&out).unwrap());
    let child = command.spawn().unwrap();
    terminal.until("of 300 lines");
    assert!(ends_well(child));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), translate("", &src).ok());
    assert_eq!(translate(&format!(" {path}"), "").err, "", "no terminal, no bar");
}

#[test]
fn explanations_are_coloured_where_they_are_seen_unless_someone_objects() {
    for (objects, colour) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let mut terminal = Terminal::open();
        let mut command = etudiant(&format!("translate --model {} --explain", toy()));
        command.env("TERM", "xterm").env_remove("NO_COLOR").stdout(terminal.end());
        objects.map(|value| command.env("NO_COLOR", value));
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"un deux\n").unwrap();
        assert!(ends_well(child));
        terminal.until("mean of heads");
        let mut seen = std::mem::take(&mut terminal.seen); // what came with what was waited for
        while !seen.contains("no. 1") {
            seen += &terminal.heard.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        assert_eq!(seen.contains("\u{1b}["), colour, "{objects:?}: {seen}");
    }
}
