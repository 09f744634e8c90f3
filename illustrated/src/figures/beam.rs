//! The search for a translation as a tree: greedy decoding, which takes the likeliest word at each step, and beam search,
//! which keeps several hypotheses side by side (Vaswani et al. 2017, §6.1).

mod scores;

use maud::{Markup, html};

use crate::look::Figure;
use crate::look::formula::Formula;
use crate::look::matrix::{cut, text_width};
use crate::look::number::short;
use crate::look::tree::{Level, Limits, Node, Tree};
use crate::recording::{Candidate, Fate, PenaltyKind, Recording, Search};

/// How much of a search is shown.
const LIMITS: Limits = Limits { steps: 8, candidates: 8 };

/// The width and height of a candidate's box, and from one to the next.
const BOX: (f64, f64) = (114.0, 56.0);
const PITCH: (f64, f64) = (118.0, 88.0);

/// Where the boxes begin: right of the steps' names, below the legend.
const LEFT: f64 = 60.0;
const TOP: f64 = 88.0;

/// The height of a line that says how many steps are left out, the width of what says how many candidates.
const SKIPPED: f64 = 26.0;
const LEFT_OUT: f64 = 70.0;

/// Greedy decoding.
pub fn greedy(recording: &Recording) -> Option<Figure> {
    let search = recording.searches().into_iter().find(|search| search.name() == "greedy")?;
    let caption = format!(
        "At each step the likeliest word is taken and every other dropped for good, of which the runner-up is shown. After \
         {} steps it reads: {}.",
        steps(&search),
        found(&search),
    );
    figure(
        &search,
        "greedy-search",
        format!(
            "Greedy decoding after step {}: the likeliest word, one after the other",
            recording.about().step
        ),
        caption,
    )
}

/// Beam search: of several, the last that was recorded.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let search = recording.searches().into_iter().rfind(|search| search.name() != "greedy")?;
    let count = |fate| search.candidates.iter().filter(|(_, candidate)| candidate.fate == fate).count();
    let title = format!(
        "Search ({}) after step {} of training: what was kept, what ended, what was dropped",
        search.name(),
        recording.about().step
    );
    let caption = format!(
        "Of the {} candidates that came into question in {} steps, {} were kept, {} ended and {} were dropped; the best \
         reads: {}. Every further word costs, so sums only fall{}",
        search.candidates.len(),
        steps(&search),
        count(Fate::Kept),
        count(Fate::Finished),
        count(Fate::Pruned),
        found(&search),
        divided(&search),
    );
    figure(&search, "beam-search", title, caption)
}

fn steps(search: &Search) -> usize {
    search.candidates.iter().map(|(_, candidate)| candidate.step).max().unwrap_or(0)
}

fn found(search: &Search) -> String {
    search.translations.first().map_or("nothing".into(), |(_, best)| format!("“{}”", best.text))
}

/// What is made of sums so that short sentences do not win.
fn divided(search: &Search) -> &'static str {
    let penalty = search.translations.first().and_then(|(_, best)| best.length_penalty);
    match penalty.map(|penalty| penalty.kind) {
        Some(PenaltyKind::None) => "; nothing is done here against that, and short sentences win.",
        _ => ": the score divides them by a penalty for length, or short sentences would win.",
    }
}

fn figure(search: &Search, id: &'static str, title: String, caption: String) -> Option<Figure> {
    let tree = Tree::of(search, LIMITS);
    let width_of = |level: &Level| {
        LEFT + level.nodes.len() as f64 * PITCH.0 + if level.left_out > 0 { LEFT_OUT } else { 0.0 }
    };
    let widest = tree.levels.iter().map(width_of).reduce(f64::max)?;
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
    let bottom = bottom - PITCH.1 + BOX.1 + 8.0;
    let scores = scores::lines(search, bottom + 18.0);
    let right = scores.iter().map(Formula::right).fold(0.0, f64::max);
    Some(Figure {
        id,
        title,
        caption: caption.into(),
        width: widest.max(LEFT + 3.0 * PITCH.0).max(right + 4.0),
        height: bottom + scores::LINE * scores.len() as f64,
        drawing: html! {
            (legend())
            @for (levels, tops) in tree.levels.windows(2).zip(tops.windows(2)) {
                (branches(&levels[0], tops[0], &levels[1], tops[1]))
            }
            @for (level, top) in tree.levels.iter().zip(&tops) { (draw_level(level, *top)) }
            @for line in &scores { (line.markup()) }
        },
        controls: Vec::new(),
    })
}

/// What stands where in a box.
fn legend() -> Markup {
    let sample = |place: usize, fate, score: &str| {
        let numbers = ["log p", "sum", score].map(|text| Number { text: text.into(), ..Number::default() });
        html! { g transform={ "translate(" (x(place)) " 4)" } { (boxed(["word", ""], fate, "", &numbers)) } }
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

/// The lines from the nodes of a level to what they continue.
fn branches(above: &Level, above_top: f64, level: &Level, top: f64) -> Markup {
    let from = above_top + BOX.1;
    let middle = (from + top) / 2.0;
    let left_out = x(above.nodes.len()) + LEFT_OUT / 2.0;
    html! {
        @for (place, node) in level.nodes.iter().enumerate() {
            @let parent = node.parent.map_or(left_out, |parent| x(parent) + BOX.0 / 2.0);
            @let child = x(place) + BOX.0 / 2.0;
            @if node.parent.is_some() || above.left_out > 0 {
                path class={ "branch " (look_of(node.candidate.fate)) (best(node)) }
                    d={ "M" (parent) " " (from) "C" (parent) " " (middle) " " (child) " " (middle) " " (child) " " (top) } {}
            }
        }
    }
}

fn draw_level(level: &Level, top: f64) -> Markup {
    html! {
        g class="tree" role="group" aria-label={ "step " (level.step) } {
            @if level.skipped > 0 {
                text class="label" x="0" y=(top - SKIPPED / 2.0 - 8.0) { "… " (level.skipped) " more steps" }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Event, Token, Translation};
    use crate::testing::{checked_events, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let recording = toy();
        for (figure, name) in [(greedy(recording).unwrap(), "greedy"), (draw(recording).unwrap(), "beam 4")] {
            let shown = checked_events(recording, &figure.drawing.into_string());
            let search = recording.searches().into_iter().find(|search| search.name() == name).unwrap();
            let tree = Tree::of(&search, LIMITS);
            let nodes: Vec<&Node> = tree.levels.iter().flat_map(|level| &level.nodes).collect();
            let said = nodes.iter().filter(|node| node.said().is_some()).count();
            let finished = nodes.iter().filter(|node| node.candidate.fate == Fate::Finished).count();
            let scores = 4 * search.translations.len();
            assert_eq!(shown, nodes.len() + said + finished + scores, "{name}");
        }
    }

    /// A search that keeps `beam` of twice as many words at each of `steps`, all that go on from the first.
    fn search(steps: usize, beam: usize, word: &str) -> Recording {
        let token = |at: usize| Token { id: Some(at as u32), text: format!("{word}{at}") };
        let mut recording = Recording::new(About::default());
        for step in 1..=steps {
            for at in 0..2 * beam {
                let tokens = (1..step).map(|_| token(0)).chain([token(at)]).collect();
                let fate = if at < beam { Fate::Kept } else { Fate::Pruned };
                let log_prob = -(step as f64) - at as f64 / 100.0;
                recording.push(Event::Candidate(Candidate { step, tokens, log_prob, score: log_prob, fate }));
            }
        }
        recording.push(Event::Translation(Translation {
            text: "nothing".into(),
            tokens: Vec::new(),
            log_prob: f64::MIN,
            score: 0.0,
            search: format!("beam {beam}"),
            length_penalty: None,
        }));
        recording
    }

    /// Greedy decoding drops the runner-up of every step, of the last too.
    #[test]
    fn greedy_decoding_keeps_one_of_two() {
        let greedy = toy().searches().into_iter().find(|search| search.name() == "greedy").unwrap();
        let fates: Vec<Fate> = greedy.candidates.iter().map(|(_, candidate)| candidate.fate).collect();
        let (before, last) = fates.split_at(fates.len() - 2);
        assert!(before.chunks(2).all(|pair| pair == [Fate::Kept, Fate::Pruned]), "{fates:?}");
        assert_eq!(last, [Fate::Finished, Fate::Pruned]);
    }

    #[test]
    fn deep_and_wide_searches_are_folded_and_said_to_be() {
        let figure = draw(&search(100, 20, "étudiant-学生-طالب ")).unwrap();
        assert!(figure.width <= 1080.0 && figure.height < 900.0, "{} x {}", figure.width, figure.height);
        let drawing = figure.drawing.into_string();
        assert!(drawing.contains("… 92 more steps") && drawing.contains("… 32<"), "{drawing}");
        assert_eq!(drawing.matches("role=\"img\"").count(), 8 * 8);
    }

    #[test]
    fn every_search_is_drawn_inside_its_room() {
        assert!(draw(&Recording::new(About::default())).is_none());
        for (steps, beam) in [(1, 1), (1, 4), (3, 2), (13, 5), (40, 1)] {
            let recording = search(steps, beam, "w");
            assert!(greedy(&recording).is_none());
            let figure = draw(&recording).unwrap();
            let drawing = figure.drawing.into_string();
            for place in drawing.split("translate(").skip(1) {
                let (x, y) = place.split_once(')').unwrap().0.split_once(' ').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!(x + BOX.0 <= figure.width && y + BOX.1 <= figure.height, "{steps}, {beam}: {x}, {y}");
            }
        }
    }
}
