//! Stretches of words that are moved, as Tercom chooses them.
//!
//! Greedily: of all moves that bring a stretch of the hypothesis to where the reference has the same words, that which
//! saves most edits is made, until none saves any. A stretch is moved only if some word of it is wrong where it stands, and
//! some word of the reference is unmatched where it goes.

use super::distance::{Distance, Edit};

/// The longest stretch that is moved.
const MAX_LENGTH: usize = 10;

/// How far apart the places of a stretch may be.
const MAX_APART: usize = 50;

/// Moves that are tried for one sentence. A move that is found when so many are, is not made.
const MAX_TRIED: usize = 1000;

/// The edits from the hypothesis to the reference, each move being one.
pub fn edits(mut hypothesis: Vec<u32>, distance: &mut Distance) -> usize {
    let (mut moves, mut tried) = (0, 0);
    while let Some(shifted) = best_move(&hypothesis, distance, &mut tried) {
        hypothesis = shifted;
        moves += 1;
    }
    moves + distance.of(&hypothesis) as usize
}

/// How the words stand to each other.
struct Alignment {
    /// For each word of the reference, behind how many of the hypothesis the next one would come.
    behind: Vec<usize>,
    wrong_in_hypothesis: Vec<bool>,
    wrong_in_reference: Vec<bool>,
}

impl Alignment {
    fn of(path: &[Edit]) -> Alignment {
        let (mut behind, mut in_hypothesis, mut in_reference) = (vec![], vec![], vec![]);
        for &edit in path {
            let wrong = edit != Edit::Keep;
            if edit != Edit::Insert {
                in_hypothesis.push(wrong);
            }
            if edit != Edit::Delete {
                in_reference.push(wrong);
                behind.push(in_hypothesis.len());
            }
        }
        Alignment { behind, wrong_in_hypothesis: in_hypothesis, wrong_in_reference: in_reference }
    }
}

/// Of a move: the edits saved, the length, and the places' negatives. The highest is made.
type Rank = (i64, usize, i64, i64);

/// The hypothesis after the move that saves most edits; of equals the longest stretch, then the earliest, then the
/// earliest place. None if none saves any, or too many were tried.
fn best_move(hypothesis: &[u32], distance: &mut Distance, tried: &mut usize) -> Option<Vec<u32>> {
    let before = i64::from(distance.of(hypothesis));
    let alignment = Alignment::of(&distance.path());
    let mut best: Option<(Rank, Vec<u32>)> = None;
    let reference = distance.reference().to_vec(); // which the distances that are asked for do not change
    for stretch in stretches(hypothesis, &reference) {
        if !is_worth_moving(stretch, &alignment) {
            continue;
        }
        for place in places(stretch, &alignment) {
            let shifted = moved(hypothesis, stretch, place);
            let saved = before - i64::from(distance.of(&shifted));
            let rank = (saved, stretch.length, -(stretch.from as i64), -(place as i64));
            *tried += 1;
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, shifted));
            }
        }
        if *tried >= MAX_TRIED {
            return None;
        }
    }
    best.filter(|((saved, ..), _)| *saved > 0).map(|(_, shifted)| shifted)
}

/// Words that hypothesis and reference have in common.
#[derive(Clone, Copy)]
struct Stretch {
    /// Where they begin in the hypothesis.
    from: usize,
    /// Where they begin in the reference.
    to: usize,
    length: usize,
}

/// All that are in both, by their places: one by one, for where words repeat there are thousands to a word.
fn stretches(hypothesis: &[u32], reference: &[u32]) -> impl Iterator<Item = Stretch> {
    (0..hypothesis.len()).flat_map(move |from| {
        let near = from.saturating_sub(MAX_APART)..(from + MAX_APART + 1).min(reference.len());
        near.flat_map(move |to| {
            let pairs = hypothesis[from..].iter().zip(&reference[to..]).take(MAX_LENGTH);
            let common = pairs.take_while(|(a, b)| a == b).count();
            (1..=common).map(move |length| Stretch { from, to, length })
        })
    })
}

fn is_worth_moving(Stretch { from, to, length }: Stretch, alignment: &Alignment) -> bool {
    // The word of the hypothesis that stands beside the first of the reference, plus one.
    let beside = alignment.behind[to];
    alignment.wrong_in_hypothesis[from..from + length].contains(&true)
        && alignment.wrong_in_reference[to..to + length].contains(&true)
        && !(from < beside && beside <= from + length)
}

/// Where a stretch may go, by how many words of the hypothesis stand before: behind the word beside the one before it in
/// the reference, and behind those beside its own words.
fn places(Stretch { to, length, .. }: Stretch, alignment: &Alignment) -> Vec<usize> {
    let before = if to == 0 { 0 } else { alignment.behind[to - 1] };
    let mut places = vec![before];
    places.extend(&alignment.behind[to..to + length]);
    places.dedup();
    places
}

/// The words with a stretch of them moved. A place within the stretch counts the words that follow it instead.
fn moved(words: &[u32], Stretch { from, length, .. }: Stretch, place: usize) -> Vec<u32> {
    let (stretch, end) = (&words[from..from + length], from + length);
    if place < from {
        [&words[..place], stretch, &words[place..from], &words[end..]].concat()
    } else if place > end {
        [&words[..from], &words[end..place], stretch, &words[place..]].concat()
    } else {
        let place = (place + length).min(words.len());
        [&words[..from], &words[end..place], stretch, &words[place..]].concat()
    }
}
