//! A search as boxes and branches, with the numbers of each candidate.

use maud::{Markup, html};

use super::scores;
use crate::look::Sheet;
use crate::look::number::{counted, short};
use crate::look::text::{cut, text_width};
use crate::look::tree::{Level, Limits, Node, Tree};
use crate::recording::{Candidate, Fate, Search, Unit};

/// How much of a search is shown.
pub(super) const LIMITS: Limits = Limits { steps: 8, candidates: 8 };

/// The width and height of a candidate's box, and from one to the next.
pub(super) const BOX: (f64, f64) = (114.0, 56.0);
const PITCH: (f64, f64) = (118.0, 88.0);

/// Where the boxes begin: right of the steps' names, below the legend.
const LEFT: f64 = 60.0;
const TOP: f64 = 88.0;

/// The height of a line that says how many steps are left out, the width of what says how many candidates.
const SKIPPED: f64 = 26.0;
const LEFT_OUT: f64 = 70.0;

/// The tree of a search.
pub(super) fn sheet(search: &Search, unit: Unit) -> Sheet {
    let tree = Tree::of(search, LIMITS);
    let width_of = |level: &Level| {
        LEFT + level.nodes.len() as f64 * PITCH.0 + if level.left_out > 0 { LEFT_OUT } else { 0.0 }
    };
    let widest = tree.levels.iter().map(width_of).fold(LEFT + 3.0 * PITCH.0, f64::max);
    let mut bottom = TOP;
    let tops: Vec<f64> = tree
        .levels
        .iter()
        .map(|level| {
            let top = bottom + if level.skipped > 0 { SKIPPED } else { 0.0 };
            bottom = top + PITCH.1;
            top
        })
        .collect();
    let mut bottom = bottom - PITCH.1 + BOX.1 + 8.0;
    let mut sheet = Sheet::new();
    let drawing = html! {
        (legend(unit))
        @for (levels, tops) in tree.levels.windows(2).zip(tops.windows(2)) {
            (branches(&levels[0], tops[0], &levels[1], tops[1]))
        }
        @for (level, top) in tree.levels.iter().zip(&tops) { (draw_level(level, *top)) }
    };
    sheet.markup(drawing, widest, bottom);
    let steps: Vec<usize> = tree.levels.iter().map(|level| level.step).collect();
    for line in scores::lines(search, &steps, bottom + 18.0) {
        bottom += scores::LINE;
        sheet.markup(line.markup(), line.right() + 4.0, bottom);
    }
    sheet
}

/// What stands where in a box.
fn legend(unit: Unit) -> Markup {
    let sample = |place: usize, fate, score: &str| {
        let numbers = ["log p", "sum", score].map(|text| Number { text: text.into(), ..Number::default() });
        html! { g transform={ "translate(" (x(place)) " 4)" } { (boxed([unit.one, ""], fate, "", &numbers)) } }
    };
    html! {
        g class="tree legend" aria-hidden="true" {
            text class="label" x="0" y="24" { "a box" }
            (sample(0, Fate::Kept, "")) (sample(1, Fate::Finished, "score")) (sample(2, Fate::Pruned, ""))
        }
    }
}

fn x(place: usize) -> f64 {
    LEFT + place as f64 * PITCH.0
}

/// The lines from the nodes of a level to what they continue; dotted where steps between are left out.
fn branches(above: &Level, above_top: f64, level: &Level, top: f64) -> Markup {
    let from = above_top + BOX.1;
    let middle = (from + top) / 2.0;
    let left_out = x(above.nodes.len()) + LEFT_OUT / 2.0;
    let folded = if level.skipped > 0 { " folded" } else { "" };
    html! {
        @for (place, node) in level.nodes.iter().enumerate() {
            @let parent = node.parent.map_or(left_out, |parent| x(parent) + BOX.0 / 2.0);
            @let child = x(place) + BOX.0 / 2.0;
            @if node.parent.is_some() || above.left_out > 0 {
                path class={ "branch " (look_of(node.candidate.fate)) (best(node)) (folded) }
                    d={ "M" (parent) " " (from) "C" (parent) " " (middle) " " (child) " " (middle) " " (child) " " (top) } {}
            }
        }
    }
}

fn draw_level(level: &Level, top: f64) -> Markup {
    html! {
        g class="tree" role="group" aria-label={ "step " (level.step) } {
            @if level.skipped > 0 {
                text class="label" x="0" y=(top - SKIPPED / 2.0 - 8.0) { "… " (counted(level.skipped, "more step")) }
            }
            text class="label" x="0" y=(top + 20.0) { "step " (level.step) }
            @for (place, node) in level.nodes.iter().enumerate() {
                g transform={ "translate(" (x(place)) " " (top) ")" } role="img" aria-label=(in_words(node)) { (draw_node(node)) }
            }
            @if level.left_out > 0 {
                text class="label" x=(x(level.nodes.len()) + 4.0) y=(top + 24.0) { "… " (level.left_out) }
                text class="label" x=(x(level.nodes.len()) + 4.0) y=(top + 40.0) { "left out" }
            }
        }
    }
}

fn draw_node(node: &Node) -> Markup {
    let Candidate { log_prob, score, fate, .. } = node.candidate;
    let number = |number: f64, field: &str| Number {
        text: short(number as f32),
        at: Some(format!("{}.candidate.{field}", node.event)),
        minus: None,
    };
    let minus = node.before.map(|(event, _)| format!("{event}.candidate.log_prob"));
    let said = node.said().map(|said| Number { minus, ..number(said, "log_prob") }).unwrap_or_default();
    let score = if *fate == Fate::Finished { number(*score, "score") } else { Number::default() };
    let rank = node.rank.map_or(String::new(), |rank| format!("no. {rank}"));
    boxed([node.word(), &rank], *fate, best(node), &[said, number(*log_prob, "log_prob"), score])
}

/// A number as it is shown, and where it stands in the recording: a field of an event, or that less another.
#[derive(Default)]
struct Number {
    text: String,
    at: Option<String>,
    minus: Option<String>,
}

/// A box with a word and its rank, what became of it, and its numbers: log-probability, sum, score.
fn boxed([word, rank]: [&str; 2], fate: Fate, class: &str, numbers: &[Number; 3]) -> Markup {
    let (width, height) = BOX;
    let room = width - 12.0 - if rank.is_empty() { 0.0 } else { text_width(rank) };
    let places = [("start", 6.0, 33.0), ("end", width - 6.0, 33.0), ("end", width - 6.0, 49.0)];
    html! {
        rect class={ "box " (look_of(fate)) (class) } width=(width) height=(height) rx="5" {}
        @if fate == Fate::Finished {
            rect class={ "box " (look_of(fate)) (class) } x="3" y="3" width=(width - 6.0) height=(height - 6.0) rx="3" {}
        }
        text class="word" x="7" y="17" { (cut(word, room)) }
        text class="small" x=(width - 6.0) y="16" text-anchor="end" { (rank) }
        @for (number, (anchor, x, y)) in numbers.iter().zip(places) {
            text class="number" x=(x) y=(y) text-anchor=(anchor) data-at=[&number.at] data-minus=[&number.minus] { (number.text) }
        }
        text class="small" x="7" y="48" { (look_of(fate)) }
    }
}

/// The class of a fate, which is also its word.
fn look_of(fate: Fate) -> &'static str {
    match fate {
        Fate::Kept => "kept",
        Fate::Finished => "finished",
        Fate::Pruned => "pruned",
    }
}

/// The class of what leads to the best translation.
fn best(node: &Node) -> &'static str {
    if node.is_best { " best" } else { "" }
}

/// A node for who does not see it.
fn in_words(node: &Node) -> String {
    let Candidate { tokens, log_prob, fate, .. } = node.candidate;
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    format!("{}: log-probability {}, {}", words.join(" "), short(*log_prob as f32), look_of(*fate))
}
