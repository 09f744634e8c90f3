//! The search for a translation as a tree: greedy decoding, which takes the likeliest word at each step, and beam search,
//! which keeps several hypotheses side by side (Vaswani et al. 2017, §6.1). Each follows the pass that is chosen, if the
//! search was recorded at more than one.

mod drawing;
mod scores;

use super::common::by_pass;
use crate::look::{Figure, Sheet};
use crate::recording::{Fate, PenaltyKind, Recording, Search, Unit};

/// Greedy decoding.
pub fn greedy(recording: &Recording) -> Option<Figure> {
    let Unit { one, .. } = recording.about().unit();
    let says = |search: &Search| {
        format!(
            "at each step of the search the likeliest {one} is taken and every other dropped for good, of which the \
             runner-up is shown. In {} steps it finds {}.",
            steps(search),
            found(search),
        )
    };
    let is_greedy = |search: &Search| search.name() == "greedy";
    figure(recording, "greedy-search", is_greedy, says, |_| {
        format!("Greedy decoding: the likeliest {one}, one after the other")
    })
}

/// Beam search: of several after a pass, the last that was recorded.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let Unit { one, .. } = recording.about().unit();
    let says = |search: &Search| {
        let count = |fate| search.candidates.iter().filter(|(_, candidate)| candidate.fate == fate).count();
        format!(
            "of the {} candidates that came into question in {} steps of the search, {} were kept, {} finished and {} were \
             pruned, dropped for good; the best reads: {}. The search goes on after the first end, as long as something kept may \
             still beat what has finished. Every further {one} costs, so sums only fall{}",
            search.candidates.len(),
            steps(search),
            count(Fate::Kept),
            count(Fate::Finished),
            count(Fate::Pruned),
            found(search),
            divided(search),
        )
    };
    figure(
        recording,
        "beam-search",
        |search| search.name() != "greedy",
        says,
        |search| format!("Search ({}): what was kept, what finished, what was pruned", search.name()),
    )
}

fn steps(search: &Search) -> usize {
    search.candidates.iter().map(|(_, candidate)| candidate.step).max().unwrap_or(0)
}

fn found(search: &Search) -> String {
    match search.translations.first() {
        Some((_, best)) if !best.text.is_empty() => format!("“{}”", best.text),
        _ => "nothing".into(),
    }
}

/// What is made of sums so that short sentences do not win.
fn divided(search: &Search) -> &'static str {
    let penalty = search.translations.first().and_then(|(_, best)| best.length_penalty);
    match penalty.map(|penalty| penalty.kind) {
        Some(PenaltyKind::None) => "; nothing is done here against that, and short sentences win.",
        _ => ": the score divides them by a penalty for length, which works against short sentences.",
    }
}

/// The last search of each pass that is one of these; `says` tells of it behind the step of training that it is of.
fn figure<'a>(
    recording: &'a Recording,
    id: &'static str,
    is_one: impl Fn(&Search) -> bool,
    says: impl Fn(&Search) -> String,
    title: impl Fn(&Search) -> String,
) -> Option<Figure> {
    let passes = recording.passes();
    let step = |pass: usize| passes.get(pass).map_or(recording.about().step, |pass| pass.head().step);
    let of_pass =
        |(pass, searches): (usize, Vec<Search<'a>>)| Some((step(pass), searches.into_iter().rfind(&is_one)?));
    let all: Vec<_> = recording.searches_by_pass().into_iter().enumerate().map(of_pass).collect();
    let title = title(&all.iter().rev().flatten().next()?.1);
    let told = |(step, search): &(u64, Search)| format!("After step {step} of training: {}", says(search));
    let (mut sheet, unit) = (Sheet::new(), recording.about().unit());
    let caption = by_pass(&mut sheet, &all, |(_, search)| drawing::sheet(search, unit), told)?;
    Some(sheet.into_figure(id, &title, caption, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::drawing::{BOX, LIMITS};
    use super::*;
    use crate::look::tree::{Node, Tree};
    use crate::recording::{About, Candidate, Event, Token, Translation};
    use crate::testing::{checked_events, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let recording = toy();
        for (figure, name) in [(greedy(recording).unwrap(), "greedy"), (draw(recording).unwrap(), "beam 4")] {
            let shown = checked_events(recording, &figure.drawing.into_string());
            let numbers = |search: &Search| {
                let tree = Tree::of(search, LIMITS);
                let nodes: Vec<&Node> = tree.levels.iter().flat_map(|level| &level.nodes).collect();
                let said = nodes.iter().filter(|node| node.said().is_some()).count();
                let finished = nodes.iter().filter(|node| node.candidate.fate == Fate::Finished).count();
                nodes.len() + said + finished + 4 * search.translations.len()
            };
            let searches = recording.searches();
            let of_name: Vec<&Search> = searches.iter().filter(|search| search.name() == name).collect();
            assert_eq!(of_name.len(), recording.passes().len());
            assert_eq!(shown, of_name.into_iter().map(numbers).sum::<usize>(), "{name}");
        }
    }

    /// Each tree is seen with its pass, and told of with it; a single one always.
    #[test]
    fn searches_follow_the_pass_that_is_chosen() {
        let recording = toy();
        let last = recording.passes().len() - 1;
        let figure = draw(recording).unwrap();
        let drawing = figure.drawing.into_string();
        for (pass, searches) in recording.searches_by_pass().into_iter().enumerate() {
            let group = drawing.split(&format!("<g data-when=\"pass={pass}\"")).nth(1).unwrap();
            let is_shown = !group.split('>').next().unwrap().contains(" class=\"off\"");
            assert_eq!(is_shown, pass == last, "{pass}");
            let [(event, best), ..] = searches[1].translations[..] else { panic!("nothing was found") };
            let step = recording.passes()[pass].head().step;
            let told = figure.caption.text(&[("pass", pass)]);
            assert!(told.starts_with(&format!("After step {step} of training: ")), "{told}");
            let text = if best.text.is_empty() { "nothing".into() } else { format!("“{}”", best.text) };
            assert!(told.contains(&format!("the best reads: {text}.")), "{told}");
            assert!(drawing.contains(&format!("{event}.translation.score")));
        }
        let single = draw(&search(3, 2, "w")).unwrap();
        assert!(single.caption.axes().is_empty() && !single.drawing.into_string().contains("data-when"));
    }

    /// Of a tree that ends early no room is left for those that do not.
    #[test]
    fn a_tree_is_as_high_as_what_is_seen_of_it() {
        let figure = greedy(toy()).unwrap();
        let drawing = figure.drawing.into_string();
        let bottoms = drawing.split(" data-bottom=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let bottoms: Vec<f64> = bottoms.map(|bottom| bottom.parse().unwrap()).collect();
        let [.., last] = bottoms[..] else { panic!("nothing was drawn") };
        assert!(bottoms.iter().any(|&bottom| bottom > last), "{bottoms:?}");
        assert_eq!((figure.height, figure.least_height), (last, 0.0));
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
        let greedy = toy().searches().into_iter().rfind(|search| search.name() == "greedy").unwrap();
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
        let short = draw(&search(3, 2, "w")).unwrap().drawing.into_string();
        assert!(drawing.contains(" folded\"") && !short.contains(" folded\""), "lines over a gap are dotted");
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
