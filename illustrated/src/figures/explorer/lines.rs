//! Lines from the words that look to those that are looked at: the wider, the more weight.

use std::collections::BTreeMap;
use std::fmt::Write;

use maud::{Markup, html};

use super::kind::{Kind, TOGGLES};
use crate::look::matrix::Drawn;
use crate::look::text::text_width;
use crate::recording::{Pass, Recording};

/// Lines of less weight are not drawn, but counted.
pub(super) const FAINT: f32 = 0.05;

/// From a word to the next below it; where the words begin; how far the lines go.
const PITCH: f64 = 28.0;
const TOP: f64 = 58.0;
const SPAN: f64 = 190.0;

/// Heads are told apart by so many colours, and the next ones by dashes.
const N_COLOURS: usize = 4;

/// Weights are drawn in so many widths.
const WIDTHS: f32 = 10.0;

/// The words on both sides, and the lines of every head, layer and recorded step; head 0 of layer 0 after the last step is
/// shown.
pub(super) fn draw(recording: &Recording, kind: &Kind, number: usize, n_heads: usize) -> Drawn {
    let widest = |words: &[String]| words.iter().map(|word| text_width(word)).fold(0.0, f64::max);
    let left = widest(&kind.queries).max(40.0).ceil() + 12.0;
    let right = left + SPAN;
    let n_words = kind.queries.len().max(kind.keys.len());
    let below = TOP + PITCH * n_words as f64 + 6.0;
    let passes = recording.passes();
    let last = passes.len().saturating_sub(1);
    let markup = html! {
        text class="step" x="4" y="14" { "lines" }
        text class="label" x=(left - 8.0) y="38" text-anchor="end" { "looks" }
        text class="label" x=(right + 8.0) y="38" { "is looked at" }
        @for (at, word) in kind.queries.iter().enumerate() {
            text class="end" x=(left - 8.0) y=(y(at) + 4.0) { (word) }
        }
        @for (at, word) in kind.keys.iter().enumerate() { text x=(right + 8.0) y=(y(at) + 4.0) { (word) } }
        @for head in 0..n_heads {
            @if let Some(name) = TOGGLES.get(head) {
                (when(head > 0, &format!("{name}=0"), &legend(head, below, "hidden")))
            }
            @for layer in 0..kind.n_layers {
                @for (at, pass) in passes.iter().enumerate() {
                    @let shown = (head, layer, number) == (0, 0, 0) && at == last;
                    @let condition = format!("kind={number} layer={layer} {} pass={at}", toggle(head));
                    @if let Some(weights) = weights(pass, kind, layer, head) {
                        (when(shown, &condition, &one(weights, kind.keys.len(), head, (left, right), below)))
                    }
                }
            }
        }
    };
    let width = right + widest(&kind.keys).max(76.0).ceil() + 16.0;
    let width = width.max(330.0);
    let height = below + 18.0 * n_heads.min(TOGGLES.len() + 1) as f64 + 4.0;
    Drawn::whole(markup, width, height)
}

/// When the lines of a head are shown: heads that have no toggle, where they are the chosen one.
fn toggle(head: usize) -> String {
    TOGGLES.get(head).map_or(format!("head={head}"), |name| format!("{name}=1"))
}

fn y(word: usize) -> f64 {
    TOP + PITCH * word as f64
}

/// The weights `[q_len, k_len]` of one head.
fn weights<'a>(pass: &Pass<'a>, kind: &Kind, layer: usize, head: usize) -> Option<&'a [f32]> {
    let size = kind.queries.len() * kind.keys.len();
    pass.value(&kind.path.replace("{layer}", &layer.to_string()))?.data.get(head * size..(head + 1) * size)
}

/// The lines of one head, one path for each width, and how many there are not.
fn one(weights: &[f32], n_keys: usize, head: usize, (left, right): (f64, f64), below: f64) -> Markup {
    let mut widths: BTreeMap<u32, String> = BTreeMap::new();
    let shift = 2.0 * (head % 4) as f64 - 3.0;
    let drawn = weights.iter().enumerate().filter(|(_, weight)| **weight >= FAINT);
    for (at, weight) in drawn {
        let (from, to) = (y(at / n_keys) + shift, y(at % n_keys) + shift);
        let path = widths.entry((weight * WIDTHS).ceil() as u32).or_default();
        write!(path, "M{left} {from}L{right} {to}").expect("text takes what is written to it");
    }
    let hidden = weights.iter().filter(|weight| **weight > 0.0 && **weight < FAINT).count();
    let seen = weights.iter().filter(|weight| **weight > 0.0).count();
    let class = |width: u32| {
        let dashed = if head / N_COLOURS % 2 == 1 { " dashed" } else { "" };
        format!("line of{} wide{width}{dashed}", head % N_COLOURS)
    };
    html! {
        @for (width, path) in &widths { path d=(path) class=(class(*width)) {} }
        path d={ "M6 " (legend_line(head, below) - 4.0) "h22" } class=(class(WIDTHS as u32)) {}
        (legend(head, below, &told(hidden, seen)))
    }
}

/// Where what is said of a head stands under the words: heads without a toggle share a line.
fn legend_line(head: usize, below: f64) -> f64 {
    below + 18.0 * head.min(TOGGLES.len()) as f64 + 12.0
}

fn legend(head: usize, below: f64, says: &str) -> Markup {
    html! { text class="note" x="36" y=(legend_line(head, below)) { "head " (head) ": " (says) } }
}

/// How many lines of so many that are not nothing are too faint to be drawn.
fn told(hidden: usize, all: usize) -> String {
    let lines = if all == 1 { "line" } else { "lines" };
    match hidden {
        0 => format!("{all} {lines}"),
        _ => format!("{} of {all} {lines}; {hidden} below {FAINT} not drawn", all - hidden),
    }
}

/// An attribute for what is shown only as these controls stand.
fn when(shown: bool, condition: &str, markup: &Markup) -> Markup {
    html! { g data-when=(condition) class=[(!shown).then_some("off")] { (markup) } }
}
