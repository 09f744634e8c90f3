//! A search as a tree: a level for each step, a node for each candidate under the one that it continues.
//!
//! Deep and wide searches are folded: of many steps the first and the last are kept, and that in which the best
//! translation ended; of many candidates those that lead to what was found, then those that lived, then the likeliest.
//! Nodes stand in the order of their parents, so that branches do not cross.

use std::collections::BTreeMap;

use crate::recording::{Candidate, Fate, Search, Token};

/// How much of a search is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// At most so many steps, at least 2.
    pub steps: usize,
    /// At most so many candidates of a step, at least 1.
    pub candidates: usize,
}

/// The levels of a tree, the first step first.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree<'a> {
    /// A level for each step that is shown.
    pub levels: Vec<Level<'a>>,
}

/// The candidates of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Level<'a> {
    /// Counted from 1.
    pub step: usize,
    /// How many steps right before it are left out.
    pub skipped: usize,
    /// Those that are shown, in the order of their parents, the children of each likeliest first.
    pub nodes: Vec<Node<'a>>,
    /// How many are left out.
    pub left_out: usize,
}

/// A candidate in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// The number of its event in the recording.
    pub event: usize,
    /// The candidate.
    pub candidate: &'a Candidate,
    /// Which node of the level above it continues; none if that is left out, and on the first level.
    pub parent: Option<usize>,
    /// The event and the log-probability of what it continues by one word, shown or not; none of the first step.
    pub before: Option<(usize, f64)>,
    /// Which of the translations it is, from 1, if it is one.
    pub rank: Option<usize>,
    /// Whether it leads to the best translation.
    pub is_best: bool,
}

impl Node<'_> {
    /// The log-probability of its last word, if that of the words before is known.
    pub fn said(&self) -> Option<f64> {
        let before =
            if self.candidate.tokens.len() == 1 { Some(0.0) } else { self.before.map(|(_, sum)| sum) };
        before.map(|sum| self.candidate.log_prob - sum)
    }

    /// Its last word.
    pub fn word(&self) -> &str {
        self.candidate.tokens.last().map_or("", |token| &token.text)
    }
}

impl<'a> Tree<'a> {
    /// The tree of a search, as far as these limits let it be shown. It has no levels if there are no candidates.
    pub fn of(search: &Search<'a>, limits: Limits) -> Tree<'a> {
        let mut steps: BTreeMap<usize, Vec<(usize, &'a Candidate)>> = BTreeMap::new();
        for &(event, candidate) in &search.candidates {
            steps.entry(candidate.step).or_default().push((event, candidate));
        }
        let steps: Vec<_> = steps.into_iter().collect();
        let mut levels: Vec<Level<'a>> = Vec::new();
        let mut shown_before = None;
        let is_best = |(_, candidate): &(usize, &Candidate)| {
            search.translations.first().is_some_and(|(_, best)| best.tokens == candidate.tokens)
        };
        let end = steps.iter().position(|(_, all)| all.iter().any(is_best));
        for at in shown_steps(steps.len(), limits.steps, end) {
            let (step, all) = &steps[at];
            let before = at.checked_sub(1).map_or(&[][..], |at| &steps[at].1);
            let above = levels.last().map_or(&[][..], |level| &level.nodes);
            let nodes = nodes(search, all, before, above, limits.candidates);
            let skipped = at - shown_before.map_or(0, |before: usize| before + 1);
            levels.push(Level { step: *step, skipped, left_out: all.len() - nodes.len(), nodes });
            shown_before = Some(at);
        }
        Tree { levels }
    }
}

/// Which steps are shown of so many: all, or two thirds from the beginning and the rest from the end; in place of the last
/// of the former the one in which the best translation ended, if it would be left out.
fn shown_steps(count: usize, limit: usize, end: Option<usize>) -> impl Iterator<Item = usize> {
    let last = if count > limit { (limit / 3).max(1) } else { 0 };
    let first = if count > limit { limit - last } else { count };
    let end = end.filter(|at| first > 1 && (first..count - last).contains(at));
    (0..first - usize::from(end.is_some())).chain(end).chain(count - last..count)
}

/// The nodes of a level: at most `limit` of all candidates, which continue those of the step `before`; `above` is shown.
fn nodes<'a>(
    search: &Search<'a>,
    all: &[(usize, &'a Candidate)],
    before: &[(usize, &'a Candidate)],
    above: &[Node<'a>],
    limit: usize,
) -> Vec<Node<'a>> {
    let translation = |candidate: &Candidate, is: fn(&[Token], &[Token]) -> bool| {
        search.translations.iter().position(|(_, found)| is(&found.tokens, &candidate.tokens))
    };
    let leads_to = |candidate: &Candidate| translation(candidate, |found, tokens| found.starts_with(tokens));
    let mut places: Vec<usize> = (0..all.len()).collect();
    places.sort_by_cached_key(|&place| {
        let candidate = all[place].1;
        (leads_to(candidate).unwrap_or(usize::MAX), candidate.fate == Fate::Pruned, place)
    });
    places.truncate(limit);
    places.sort_unstable();
    let node = |(event, candidate): (usize, &'a Candidate)| {
        let continued = &candidate.tokens[..candidate.tokens.len().saturating_sub(1)];
        let is_parent =
            |node: &Node| node.candidate.fate == Fate::Kept && continued.starts_with(&node.candidate.tokens);
        let before = before.iter().find(|(_, other)| other.tokens == continued);
        Node {
            event,
            candidate,
            parent: above.iter().position(is_parent),
            before: before.map(|(event, other)| (*event, other.log_prob)),
            rank: translation(candidate, |found, tokens| found == tokens).map(|place| place + 1),
            is_best: leads_to(candidate) == Some(0),
        }
    };
    let mut nodes: Vec<Node> = places.into_iter().map(|place| node(all[place])).collect();
    nodes.sort_by_key(|node| node.parent.unwrap_or(usize::MAX));
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Event, Recording, Translation};

    fn tokens(text: &str) -> Vec<Token> {
        text.split_whitespace().map(|word| Token { id: None, text: word.into() }).collect()
    }

    /// A search that keeps two of four at each step: `a`, then `a a`, and beside them `b`, then `b a`, ...
    fn recording(steps: usize) -> Recording {
        let mut recording = Recording::new(About::default());
        for step in 1..=steps {
            let log_prob = -(step as f64);
            for (first, last, behind, fate) in [
                ("a", "a", 0.0, Fate::Kept),
                ("b", "a", 0.1, Fate::Kept),
                ("a", "z", 0.2, Fate::Pruned),
                ("b", "z", 0.3, Fate::Finished),
            ] {
                let mut words = vec![first; 1];
                words.resize(step, "a");
                words[step - 1] = if step == 1 && last == "a" { first } else { last };
                recording.push(Event::Candidate(Candidate {
                    step,
                    tokens: tokens(&words.join(" ")),
                    log_prob: log_prob - behind,
                    score: log_prob,
                    fate,
                }));
            }
        }
        let best = format!("b{}", " a".repeat(steps - 1));
        recording.push(Event::Translation(Translation {
            text: best.clone(),
            tokens: tokens(&best),
            log_prob: -1.0,
            score: -1.0,
            search: "beam 2".into(),
            length_penalty: None,
        }));
        recording
    }

    const WIDE: Limits = Limits { steps: 12, candidates: 8 };

    #[test]
    fn children_stand_under_their_parents_and_say_what_they_add() {
        let recording = recording(3);
        let tree = Tree::of(&recording.searches()[0], WIDE);
        let level = &tree.levels[1];
        let words: Vec<_> = level.nodes.iter().map(|node| (node.word(), node.parent, node.is_best)).collect();
        assert_eq!(
            words,
            [("a", Some(0), false), ("z", Some(0), false), ("a", Some(1), true), ("z", Some(1), false)]
        );
        assert!((level.nodes[1].said().unwrap() - -1.2).abs() < 1e-12, "-2.2 after -1");
        assert_eq!((level.left_out, level.skipped, tree.levels.len()), (0, 0, 3));
        assert_eq!(tree.levels[2].nodes.iter().filter_map(|node| node.rank).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let recording = recording(30);
        let tree = Tree::of(&recording.searches()[0], Limits { steps: 12, candidates: 1 });
        let steps: Vec<(usize, usize)> =
            tree.levels.iter().map(|level| (level.step, level.skipped)).collect();
        assert_eq!(steps[7..], [(8, 0), (27, 18), (28, 0), (29, 0), (30, 0)]);
        for level in &tree.levels {
            assert_eq!((level.nodes.len(), level.left_out, level.nodes[0].is_best), (1, 3, true));
        }
        assert_eq!(tree.levels[8].nodes[0].parent, Some(0), "over the steps that are left out");
        assert!(
            (tree.levels[8].nodes[0].said().unwrap() - -1.0).abs() < 1e-9,
            "by its own parent, which is not shown"
        );
    }

    #[test]
    fn any_limit_and_any_length_make_a_tree() {
        for steps in 1..20 {
            let recording = recording(steps);
            for limit in 2..15 {
                let tree = Tree::of(&recording.searches()[0], Limits { steps: limit, candidates: 3 });
                let told: usize = tree.levels.iter().map(|level| 1 + level.skipped).sum();
                assert_eq!((told, tree.levels.len()), (steps, steps.min(limit)));
            }
        }
        assert!(Tree::of(&Search::default(), WIDE).levels.is_empty());
    }

    #[test]
    fn the_step_in_which_the_best_ended_is_shown() {
        let of = |end| shown_steps(15, 8, end).map(|at| at + 1).collect::<Vec<_>>();
        assert_eq!(of(Some(9)), [1, 2, 3, 4, 5, 10, 14, 15]);
        assert_eq!(of(Some(2)), [1, 2, 3, 4, 5, 6, 14, 15]);
        assert_eq!((of(None), of(Some(14))), (of(Some(2)), of(Some(2))));
    }

    #[test]
    fn a_search_ends_where_it_found_something() {
        let mut recording = recording(2);
        let more = self::recording(3);
        more.events()[1..].iter().for_each(|event| recording.push(event.clone()));
        let counts: Vec<_> = recording
            .searches()
            .iter()
            .map(|search| (search.candidates.len(), search.translations.len()))
            .collect();
        assert_eq!(counts, [(8, 1), (12, 1)]);
    }
}
