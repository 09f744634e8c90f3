//! A number that is another one changes the figures that show it, and no others.

use std::collections::BTreeSet;

use super::all;
use crate::look::Figure;
use crate::recording::{Candidate, Event, Recording, Step, Translation};
use crate::testing::{attribute, toy};

/// The recording, with something done to one of its events.
fn changed(recording: &Recording, at: usize, change: impl Fn(&mut Event)) -> Recording {
    let mut copy = Recording::new(recording.about().clone());
    for (place, event) in recording.events().iter().enumerate().skip(1) {
        let mut event = event.clone();
        if place == at {
            change(&mut event);
        }
        copy.push(event);
    }
    copy
}

/// The figures whose drawings differ.
fn different(before: &[Figure], after: &[Figure]) -> BTreeSet<&'static str> {
    assert_eq!(before.len(), after.len());
    let pairs = before.iter().zip(after).filter(|(before, after)| visible(before) != visible(after));
    pairs.map(|(figure, _)| figure.id).collect()
}

/// The drawing without what is not shown as the controls stand.
fn visible(figure: &Figure) -> String {
    let mut kept = String::new();
    let mut hidden = 0; // how deep in groups that are not shown
    for part in figure.drawing.0.split_inclusive('>') {
        let is_end = part.ends_with("</g>");
        let is_group = part.contains("<g ") || part.ends_with("<g>");
        if is_group && (hidden > 0 || part.contains(" class=\"off\"")) {
            hidden += 1;
        }
        if hidden == 0 {
            kept.push_str(part);
        }
        if is_end && hidden > 0 {
            hidden -= 1;
        }
    }
    kept
}

/// Whether a figure has a cell for that number of the last pass, as value or gradient, or the norm of its gradient.
fn shows(figure: &Figure, path: &str, offset: usize, is_gradient: bool) -> bool {
    let drawing = visible(figure);
    let last = toy().passes().len() - 1;
    let has_norm = is_gradient && drawing.contains(&format!(" data-norm-of-gradient=\"{path}\""));
    let has_cell = drawing.split("<g class=\"matrix ").skip(1).any(|matrix| {
        let tag = matrix.split('>').next().expect("a tag ends");
        let number =
            |name: &str| attribute(tag, name).map_or(0, |value| value.parse::<usize>().expect("a number"));
        let chosen = |name: &str| {
            figure.controls.iter().find(|control| control.name == name).map_or(0, |one| one.chosen)
        };
        let strides = attribute(tag, "data-controls").unwrap_or_default();
        let moved: usize = strides
            .split_whitespace()
            .filter_map(|one| one.split_once(':'))
            .map(|(name, stride)| chosen(name) * stride.parse::<usize>().expect("a stride"))
            .sum();
        let controls = figure.controls.iter();
        let here = controls.fold(attribute(tag, "data-path").expect("a path"), |path, control| {
            path.replace(&format!("{{{}}}", control.name), &control.chosen.to_string())
        });
        let cells = matrix.split("<g class=\"cell ").skip(1);
        let mut offsets = cells.map(|cell| {
            let at = |name: &str| {
                attribute(cell, name).expect("a cell has a place").parse::<usize>().expect("a number")
            };
            number("data-start")
                + moved
                + at("data-r") * number("data-row")
                + at("data-c") * number("data-col")
        });
        let has_gradients = is_gradient || attribute(tag, "data-of").is_none();
        here == path
            && has_gradients
            && attribute(tag, "data-pass").is_none_or(|pass| pass == last.to_string())
            && offsets.any(|one| one == offset)
    });
    has_norm || has_cell
}

/// The first number of every array of the last pass, and one in the first row of the second head.
#[test]
fn a_changed_number_changes_the_figures_that_show_it() {
    let recording = toy();
    let before = all(recording);
    let last = recording.events().iter().rposition(|event| matches!(event, Event::Pass(_))).expect("a pass");
    let (mut count, mut wrong) = (0, Vec::new());
    for (at, event) in recording.events().iter().enumerate().skip(last) {
        let (array, is_gradient) = match event {
            Event::Value(array) => (array, false),
            Event::Gradient(array) => (array, true),
            _ => continue,
        };
        for offset in [0, array.data.len() - 1] {
            let other = if array.data[offset].abs() < 0.5 { 0.75 } else { 0.25 };
            let after = changed(recording, at, |event| match event {
                Event::Value(array) | Event::Gradient(array) => array.data[offset] = other,
                _ => unreachable!("it is an array"),
            });
            let expected = before.iter().filter(|figure| shows(figure, &array.path, offset, is_gradient));
            let expected: BTreeSet<&str> = expected.map(|figure| figure.id).collect();
            count += expected.len();
            let found = different(&before, &all(&after));
            if found != expected {
                wrong.push(format!(
                    "{} [{offset}], gradient: {is_gradient}: {found:?}, not {expected:?}",
                    array.path
                ));
            }
        }
    }
    assert!(count > 100, "{count} are shown");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same of what the model says of a word.
#[test]
fn a_changed_probability_changes_the_figures_that_show_it() {
    let recording = toy();
    let before = all(recording);
    let last =
        recording.events().iter().rposition(|event| matches!(event, Event::Output(_))).expect("an output");
    let Event::Output(output) = &recording.events()[last] else { unreachable!("it is an output") };
    let offset = output.position * output.words.len();
    let after = changed(recording, last, |event| {
        let Event::Output(output) = event else { unreachable!("it is an output") };
        output.words[0].log_prob = -0.5;
    });
    let expected = before.iter().filter(|figure| {
        ["outputs.log_prob", "outputs.probability"].iter().any(|path| shows(figure, path, offset, false))
    });
    let expected: BTreeSet<&str> = expected.map(|figure| figure.id).collect();
    assert!(!expected.is_empty());
    assert_eq!(different(&before, &all(&after)), expected);
}

/// Whether a figure has a text that says its number is made of that field of an event.
fn tells(figure: &Figure, field: &str) -> bool {
    let drawing = visible(figure);
    let of = ["data-at", "data-minus", "data-over", "data-norm-of"];
    drawing.split('<').any(|tag| {
        of.iter()
            .any(|name| attribute(tag, name).is_some_and(|fields| fields.split(' ').any(|one| one == field)))
    })
}

/// A number of an event, and what it is called there.
type Field = (&'static str, fn(&mut Event) -> Option<&mut f64>);

/// Changes the numbers, one after the other, in every event that has them, of steps in some. What a figure draws of them as a curve over all
/// steps is said by `curves`.
#[track_caller]
fn hold(fields: &[Field], curves: fn(&str) -> &'static [&'static str]) -> usize {
    let recording = toy();
    let before = all(recording);
    let (mut count, mut wrong) = (0, Vec::new());
    let last = recording.events().iter().rposition(|event| matches!(event, Event::Pass(_))).expect("a pass");
    for (at, event) in recording.events().iter().enumerate() {
        for (name, of) in fields {
            let is_skipped = match event {
                Event::Step(step) => step.step % 9 > 1,
                _ => at < last && at % 50 > 0, // of a pass that is not seen
            };
            if of(&mut event.clone()).is_none() || is_skipped {
                continue;
            }
            let after = changed(recording, at, |event| {
                let number = of(event).expect("it has the number");
                *number = if number.abs() < 0.5 { 0.75 } else { *number * 0.25 };
            });
            let field = format!("{at}.{}", name.replace("{most_moved}", &most_moved().to_string()));
            let told =
                before.iter().filter(|figure| tells(figure, &field) || curves(name).contains(&figure.id));
            let expected: BTreeSet<&str> = told.map(|figure| figure.id).collect();
            count += expected.len();
            let found = different(&before, &all(&after));
            if found != expected {
                wrong.push(format!("{field}: {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    count
}

/// The same of a step of training.
#[test]
fn a_changed_step_changes_the_figures_that_show_it() {
    const FIELDS: [Field; 9] = [
        ("step.loss", |event| Some(&mut step_of(event)?.loss)),
        ("step.nll", |event| Some(&mut step_of(event)?.nll)),
        ("step.learning_rate", |event| Some(&mut step_of(event)?.learning_rate)),
        ("step.norms.0.gradient", |event| Some(&mut step_of(event)?.norms[0].gradient)),
        ("step.norms.{most_moved}.update", |event| Some(&mut step_of(event)?.norms[most_moved()].update)),
        ("step.followed.0.gradient", |event| Some(&mut step_of(event)?.followed[0].gradient)),
        ("step.followed.0.first_moment.0", |event| Some(&mut step_of(event)?.followed[0].first_moment[0])),
        ("step.followed.0.corrected.1", |event| Some(&mut step_of(event)?.followed[0].corrected[1])),
        ("step.followed.0.weight.1", |event| Some(&mut step_of(event)?.followed[0].weight[1])),
    ];
    let count = hold(&FIELDS, |field| match field {
        "step.loss" | "step.nll" | "step.learning_rate" => &["loss"],
        "step.followed.0.gradient" | "step.followed.0.weight.1" => &["followed-weight"],
        _ => &[],
    });
    assert!(count > 50, "{count}");
}

/// Which parameter moved most for its size in the last step, and so is shown first.
fn most_moved() -> usize {
    let norms = &toy().steps().last().expect("steps").norms;
    let moved = |at: &usize| norms[*at].update / norms[*at].weight;
    let all = (0..norms.len()).filter(|at| norms[*at].weight > 0.0);
    all.max_by(|a, b| moved(a).total_cmp(&moved(b))).expect("parameters")
}

fn step_of(event: &mut Event) -> Option<&mut Step> {
    if let Event::Step(step) = event { Some(step) } else { None }
}

/// The same of what a search looked at and found.
#[test]
fn a_changed_candidate_changes_the_figures_that_show_it() {
    const FIELDS: [Field; 4] = [
        ("candidate.log_prob", |event| Some(&mut candidate_of(event)?.log_prob)),
        ("candidate.score", |event| Some(&mut candidate_of(event)?.score)),
        ("translation.log_prob", |event| Some(&mut translation_of(event)?.log_prob)),
        ("translation.score", |event| Some(&mut translation_of(event)?.score)),
    ];
    let count = hold(&FIELDS, |_| &[]);
    assert!(count > 40, "{count}");
}

fn candidate_of(event: &mut Event) -> Option<&mut Candidate> {
    if let Event::Candidate(candidate) = event { Some(candidate) } else { None }
}

fn translation_of(event: &mut Event) -> Option<&mut Translation> {
    if let Event::Translation(translation) = event { Some(translation) } else { None }
}
