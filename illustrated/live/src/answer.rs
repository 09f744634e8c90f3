//! What a request is answered with: JSON, and numbers as bytes.

use illustrated::recording::{Array, Event, Recording};
use serde_json::{Value, json};

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What is said.
    pub json: Value,
    /// A file, or 32-bit numbers, little-endian, of which `json` says where each array begins.
    pub bytes: Vec<u8>,
}

impl From<Value> for Answer {
    fn from(json: Value) -> Answer {
        Answer { json, bytes: Vec::new() }
    }
}

/// Passes as a page keeps them: of each what a recording has, its arrays being
/// `[is a gradient, path, shape, rows, place of its first number]`.
pub fn passes<'a>(recording: &Recording, wanted: impl Fn(u64) -> bool + 'a) -> Answer {
    let (mut passes, mut bytes): (Vec<Value>, Vec<u8>) = (Vec::new(), Vec::new());
    let mut is_wanted = false;
    for event in recording.events() {
        match event {
            Event::Pass(head) => {
                is_wanted = wanted(head.step);
                if is_wanted {
                    passes.push(json!({"head": head, "arrays": [], "outputs": []}));
                }
            }
            Event::Value(array) | Event::Gradient(array) if is_wanted => {
                let listed = listed(array, matches!(event, Event::Gradient(_)), bytes.len() / 4);
                array.data.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
                push(passes.last_mut(), "arrays", listed);
            }
            Event::Output(output) if is_wanted => push(passes.last_mut(), "outputs", json!(output)),
            _ => {}
        }
    }
    Answer { json: passes.into(), bytes }
}

fn listed(array: &Array, is_gradient: bool, start: usize) -> Value {
    json!([is_gradient, array.path, array.shape, array.rows, start])
}

fn push(pass: Option<&mut Value>, list: &str, value: Value) {
    let list = pass.and_then(|pass| pass[list].as_array_mut());
    list.expect("a pass begins with its head").push(value);
}
