//! A search as a tree in text.

use std::ops::Range;

use super::{Options, fit, fit_right, line};
use crate::look::Role;
use crate::look::number::short;
use crate::look::tree::{Level, Limits, Node, Tree};
use crate::recording::{Fate, Search};

/// How much of a search is shown where there is room.
const LIMITS: Limits = Limits { steps: 12, candidates: 8 };

/// From this width on, words stand beside the signs of what became of a candidate, and scores beside what ended.
const WIDE: usize = 64;

/// The columns of a number.
const NUMBER: usize = 8;

/// The candidates of a search, each under the one that it continues, with the log-probability of its last word, that of
/// all its words, and what became of it; what is among the translations has its number. Where the width does not suffice,
/// steps in the middle are left out, which is said.
pub fn tree(search: &Search, options: &Options) -> String {
    let is_wide = options.width >= WIDE;
    let behind = 2 * NUMBER + if is_wide { 33 } else { 7 };
    let room = options.width.saturating_sub(behind).max(8);
    let steps = (room / 3).clamp(2, LIMITS.steps);
    let tree = Tree::of(search, Limits { steps, ..LIMITS });
    let drawing = Drawing { tree, room, is_wide, options };
    let head = fit(search.name(), room) + &fit_right("log p", NUMBER) + &fit_right("sum", NUMBER);
    let mut text = line(&head);
    drawing.branches(&drawing.under(None, 0..drawing.tree.levels.len()), "", &mut text);
    let left_out: usize = drawing.tree.levels.iter().map(|level| level.left_out).sum();
    if left_out > 0 {
        text += &format!("… {left_out} more candidates of these steps\n");
    }
    for level in drawing.tree.levels.iter().filter(|level| level.skipped > 0) {
        text += &format!("…{}…: so many steps left out\n", level.skipped);
    }
    if !is_wide {
        text += "● kept ■ finished × pruned\n";
    }
    text
}

/// What a tree is drawn with.
struct Drawing<'a> {
    tree: Tree<'a>,
    /// The columns of branches and words.
    room: usize,
    is_wide: bool,
    options: &'a Options,
}

impl Drawing<'_> {
    /// The nodes of these levels, as level and place, that continue this one of the level above; or, of none, that
    /// continue nothing that is shown.
    fn under(&self, parent: Option<usize>, levels: Range<usize>) -> Vec<(usize, usize)> {
        let all = levels.filter_map(|at| Some((at, self.tree.levels.get(at)?)));
        let places = all.flat_map(|(at, level)| (0..level.nodes.len()).map(move |place| (at, place)));
        places.filter(|&(at, place)| self.tree.levels[at].nodes[place].parent == parent).collect()
    }

    /// These nodes and all below them; as deep as there are levels, which are few.
    fn branches(&self, nodes: &[(usize, usize)], indent: &str, text: &mut String) {
        for (nth, &(level, place)) in nodes.iter().enumerate() {
            let (branch, below) = if nth + 1 == nodes.len() { ("└ ", "  ") } else { ("├ ", "│ ") };
            *text += &self.node(level, place, &format!("{indent}{branch}"));
            self.branches(&self.under(Some(place), level + 1..level + 2), &format!("{indent}{below}"), text);
        }
    }

    fn node(&self, level: usize, place: usize, indent: &str) -> String {
        let Level { skipped, ref nodes, .. } = self.tree.levels[level];
        let node = &nodes[place];
        let before = match (skipped, node.parent) {
            (0, None) if level > 0 => "… ".into(), // what it continues is left out
            (0, _) => String::new(),
            (skipped, _) => format!("…{skipped}… "),
        };
        let word = fit(&format!("{indent}{before}{}", node.word()), self.room);
        let said = node.said().map_or(String::new(), |said| short(said as f32));
        let numbers = fit_right(&said, NUMBER) + &fit_right(&short(node.candidate.log_prob as f32), NUMBER);
        let role = match node.candidate.fate {
            _ if node.is_best => Role::Words,
            Fate::Pruned => Role::Parameter,
            _ => return line(&(word + &numbers + &self.fate(node))),
        };
        self.options.paint(line(&(word + &numbers + &self.fate(node))).trim_end(), role) + "\n"
    }

    /// What became of it.
    fn fate(&self, node: &Node) -> String {
        let (sign, name) = match node.candidate.fate {
            Fate::Kept => ("●", "kept"),
            Fate::Finished => ("■", "finished"),
            Fate::Pruned => ("×", "pruned"),
        };
        let rank = node.rank.map_or(String::new(), |rank| format!(" no. {rank}"));
        if !self.is_wide {
            return format!(" {sign}{}", rank.replace("no. ", ""));
        }
        let score = short(node.candidate.score as f32);
        let score =
            if node.candidate.fate == Fate::Finished { format!(", score {score}") } else { String::new() };
        format!(" {sign} {name}{score}{rank}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::toy;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn a_tree_has_all_candidates_and_their_numbers() {
        for search in toy().searches_by_pass().pop().unwrap() {
            let text = tree(&search, &Options { width: 120, colour: false });
            assert_eq!(text.lines().count(), 1 + search.candidates.len(), "{text}");
            for (_, candidate) in &search.candidates {
                let (word, sum) = (&candidate.tokens.last().unwrap().text, short(candidate.log_prob as f32));
                let found =
                    text.lines().any(|line| line.contains(&format!(" {word} ")) && line.contains(&sum));
                assert!(found, "{word} {sum} is not in\n{text}");
            }
            let (_, best) = search.translations[0];
            let line = text.lines().find(|line| line.contains("no. 1")).unwrap();
            assert!(line.contains("■ finished") && line.contains(&short(best.score as f32)), "{line}");
        }
    }

    #[test]
    fn lines_keep_to_the_width_and_colour_adds_nothing_but_colour() {
        let searches = toy().searches_by_pass().pop().unwrap();
        for width in (32..100).step_by(4) {
            let plain = tree(&searches[1], &Options { width, colour: false });
            for line in plain.lines() {
                assert!(line.width() <= width, "{width}: {line:?}");
            }
            let colours = tree(&searches[1], &Options { width, colour: true });
            let mut bare = colours.replace("\x1b[0m", "");
            for role in [Role::Words, Role::Parameter] {
                bare = bare.replace(&format!("\x1b[38;5;{}m", super::super::code(role)), "");
            }
            assert_eq!(bare, plain);
        }
        let narrow = tree(&searches[1], &Options { width: 40, colour: false });
        for skipped in ["…1…", "…6…"] {
            // before the step in which the best ended, and behind it
            let told = format!("{skipped}: so many steps left out");
            assert!(narrow.contains(&format!("├ {skipped} ")) && narrow.contains(&told), "{narrow}");
        }
        assert!(narrow.ends_with("● kept ■ finished × pruned\n"), "{narrow}");
    }

    #[test]
    fn an_empty_search_is_a_heading() {
        assert_eq!(tree(&Search::default(), &Options::default()).lines().count(), 1);
    }
}
