//! What is said of a figure is said for every choice that it depends on, and is true of that choice.

use std::collections::BTreeSet;

use super::{all, explorer, self_attention};
use crate::look::{Axis, Caption, Figure};
use crate::recording::{About, Event, Recording};
use crate::testing::{recorded, recorded_of, toy};

/// The choices of every axis, one after the other.
fn choices(caption: &Caption) -> Vec<Vec<(&'static str, usize)>> {
    caption.axes().iter().fold(vec![Vec::new()], |before, axis| {
        let longer = |chosen: &Vec<_>, at| [&chosen[..], &[(axis.name, at)]].concat();
        before.iter().flat_map(|chosen| (0..axis.count).map(move |at| longer(chosen, at))).collect()
    })
}

/// Holds the axes of a caption to the controls of its figure, and its texts to the choices of these.
#[track_caller]
fn hold(figure: &Figure, recording: &Recording) {
    let (id, caption) = (figure.id, &figure.caption);
    for axis in caption.axes() {
        let control = figure.controls.iter().find(|control| control.name == axis.name);
        let expected = control.map_or(Axis::passes(recording.passes().len()), Axis::of);
        assert_eq!(*axis, expected, "{id}: {} is a control or the pass", axis.name);
    }
    let texts: Vec<&str> = choices(caption).iter().map(|chosen| caption.text(chosen)).collect();
    assert_eq!(texts, caption.texts(), "{id}: a text for every choice, in order");
    assert!(
        texts.iter().all(|text| !text.contains("not recorded") && !text.contains("NaN")),
        "{id}: {texts:?}"
    );
}

#[test]
fn every_choice_has_its_text() {
    let large = recorded_of(|model| (model.d_model, model.n_heads) = (4, 2), 3, 200);
    let stacks = recorded(|model| (model.n_encoder_layers, model.n_decoder_layers) = (3, 1), 4);
    for recording in [toy(), &large, &stacks] {
        all(recording).iter().for_each(|figure| hold(figure, recording));
    }
    let layers = explorer::draw(&stacks).unwrap().caption;
    assert!(layers.text(&[("kind", 2), ("layer", 2)]).starts_with("There is no layer 2 of this kind"));
}

/// An axis on which every text is the same would be no axis.
#[test]
fn texts_depend_on_what_they_say_they_do() {
    let mut follow = BTreeSet::new();
    for figure in all(toy()) {
        for axis in figure.caption.axes() {
            let differs = choices(&figure.caption).into_iter().any(|mut chosen| {
                let text = figure.caption.text(&chosen);
                let place = chosen.iter().position(|(name, _)| *name == axis.name).unwrap();
                chosen[place].1 = axis.first;
                figure.caption.text(&chosen) != text
            });
            assert!(differs, "{}: {}", figure.id, axis.name);
            follow.insert(figure.id);
        }
    }
    assert!(follow.len() >= 8, "{follow:?}");
}

/// Of a pass is said what was said when it was the last.
#[test]
fn the_text_of_a_pass_is_that_of_a_recording_that_ends_with_it() {
    let figures = all(toy());
    let mut until = Recording::new(toy().about().clone());
    let mut events = toy().events().iter().skip(1).peekable();
    let (mut passes, mut count) = (0, 0);
    while let Some(event) = events.next() {
        until.push(event.clone());
        passes += usize::from(matches!(event, Event::Pass(_)));
        let ends = is_of_pass(event) && !events.peek().is_some_and(|next| is_of_pass(next));
        for before in ends.then(|| all(&until)).into_iter().flatten() {
            let now = figures.iter().find(|figure| figure.id == before.id).unwrap();
            if now.caption.axes().iter().any(|axis| axis.name == Axis::PASS) {
                assert_eq!(
                    now.caption.text(&[(Axis::PASS, passes - 1)]),
                    before.caption.first(),
                    "{}",
                    now.id
                );
                count += 1;
            }
        }
    }
    assert!(passes == toy().passes().len() && count >= 7 * passes, "{count} of {passes} passes");
}

/// What is recorded at a pass and after it, before training goes on.
fn is_of_pass(event: &Event) -> bool {
    !matches!(event, Event::About(_) | Event::Step(_) | Event::Validated(_) | Event::Variant(_))
}

/// Tokens that are pieces of words are called so.
#[test]
fn what_is_said_of_pieces_speaks_of_no_words() {
    let mut recording = Recording::new(About { pieces: true, ..toy().about().clone() });
    toy().events()[1..].iter().for_each(|event| recording.push(event.clone()));
    let (mut says, mut count) = (String::new(), 0);
    for figure in all(&recording) {
        let text = figure.title.clone() + " " + &figure.caption.texts().join(" ");
        assert!(!text.to_lowercase().contains("word"), "{}: {text}", figure.id);
        count += text.matches("piece").count();
        says += &figure.title;
    }
    assert!(count > 100 && says.contains("Self-attention of one piece, in six steps"), "{count}: {says}");
}

/// The share that is told is the largest of the row that is shown, of that word.
#[test]
fn shares_are_those_of_the_choice() {
    let (figure, passes) = (self_attention::draw(toy()).unwrap(), toy().passes());
    for chosen in choices(&figure.caption) {
        let [(_, pass), (_, word), (_, layer), (_, head)] = chosen[..] else { panic!("{chosen:?}") };
        let weights = passes[pass].value(&format!("encoder.layers.{layer}.self_attn.weights")).unwrap();
        let row: Vec<f32> = (0..3).map(|key| weights.at(&[head, word, key])).collect();
        let largest = row.iter().copied().fold(0.0, f32::max);
        let most = row.iter().position(|weight| *weight == largest).unwrap();
        let src = &passes[pass].head().src;
        let told = format!(
            "In layer {layer}, head {head} takes {:.0}% of what it says of “{}” from “{}”.",
            100.0 * largest,
            src[word].text,
            src[most].text
        );
        assert!(
            figure.caption.text(&chosen).starts_with(&told),
            "{}, not {told}",
            figure.caption.text(&chosen)
        );
    }
}
