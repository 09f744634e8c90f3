//! The file of a recording.

use serde::{Deserialize, Serialize};

use super::{Event, Recording};
use crate::error::Error;

/// What kind of file it is.
const FORMAT: &str = "etudiant recording";

/// The version that is written and read. One that reads older files must go on reading them; what changes the meaning of
/// a field, or what a reader must know, makes a new one.
const VERSION: u32 = 1;

/// A recording as it is written.
#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    version: u32,
    events: &'a [Event],
}

/// What is looked at first: all versions have it.
#[derive(Deserialize)]
struct Kind {
    format: String,
    version: u32,
}

/// What this version has.
#[derive(Deserialize)]
struct Read {
    events: Vec<Event>,
}

impl Recording {
    /// The JSON of it.
    #[allow(clippy::missing_panics_doc)] // it has string keys
    pub fn to_json(&self) -> String {
        let written = Written { format: FORMAT, version: VERSION, events: &self.events };
        serde_json::to_string(&written).expect("a recording has a JSON form")
    }

    /// The recording in that JSON.
    ///
    /// # Errors
    /// [`Error::Recording`] if it is none, or one of another version: it says which.
    pub fn from_json(json: &str) -> Result<Recording, Error> {
        let kind: Kind =
            serde_json::from_str(json).map_err(|error| problem(format!("not a recording: {error}")))?;
        if kind.format != FORMAT {
            return Err(problem(format!("not a recording: its format is {:?}, not {FORMAT:?}", kind.format)));
        }
        if kind.version != VERSION {
            return Err(problem(format!(
                "a recording of version {}; this program reads version {VERSION}: record it again, or read it with the \
                 program that wrote it",
                kind.version
            )));
        }
        let Read { events } =
            serde_json::from_str(json).map_err(|error| problem(format!("a damaged recording: {error}")))?;
        check(&events).map_err(problem)?;
        Ok(Recording { events })
    }
}

fn problem(text: String) -> Error {
    Error::Recording(text)
}

/// Whether the events make a recording.
fn check(events: &[Event]) -> Result<(), String> {
    let abouts = events.iter().filter(|event| matches!(event, Event::About(_))).count();
    if abouts != 1 || !matches!(events.first(), Some(Event::About(_))) {
        return Err("a damaged recording: its first event, and no other, must say what it is about".into());
    }
    let mut in_pass = false;
    for event in events {
        match event {
            Event::Pass(_) => in_pass = true,
            Event::Value(_) | Event::Gradient(_) | Event::Output(_) if !in_pass => {
                return Err("a damaged recording: a value belongs to no pass".into());
            }
            Event::Value(array) | Event::Gradient(array) => {
                let expected = array.shape.iter().try_fold(1usize, |count, &len| count.checked_mul(len));
                if expected != Some(array.data.len()) {
                    let (path, shape, found) = (&array.path, &array.shape, array.data.len());
                    return Err(format!(
                        "a damaged recording: {path} has {found} numbers for the shape {shape:?}"
                    ));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
