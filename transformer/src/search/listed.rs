//! Sentences that are all there from the start.

use super::decoding::Speakers;
use super::hypothesis::Hypothesis;
use super::stream::{Entering, Feed, Search, run};
use crate::error::Error;

/// What `search(i)` finds for each source i, as it is or in this `order`, of which about `capacity` are searched at a
/// time. What is not in the order has nothing found. `watch` sees each search after each of its steps, and `done` hears
/// of each that is finished.
///
/// # Errors
/// As [`run`].
pub(super) fn search_all<S: Search>(
    speakers: &Speakers,
    sources: &[Vec<u32>],
    order: impl Iterator<Item = usize>,
    capacity: usize,
    search: impl Fn(usize) -> S,
    hooks: Hooks<impl FnMut(usize, &mut S), impl FnMut()>,
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    let entering = order.map(|index| Entering {
        number: index as u64,
        source: sources[index].clone(),
        search: search(index),
    });
    let found = vec![Vec::new(); sources.len()];
    let capacity = capacity.max(1);
    let mut listed = Listed { entering, at_least: capacity.div_ceil(4), hooks, found };
    run(speakers, capacity, &mut listed)?;
    Ok(listed.found)
}

/// Who looks on.
pub(super) struct Hooks<W, D> {
    pub watch: W,
    pub done: D,
}

impl Hooks<(), ()> {
    /// Nobody.
    pub fn none<S>() -> Hooks<impl FnMut(usize, &mut S), impl FnMut()> {
        Hooks { watch: |_, _: &mut S| (), done: || () }
    }
}

/// A list of sentences, and what was found for those that are done.
struct Listed<I, W, D> {
    entering: I,
    /// How many are taken in at least, as long as there are so many: the first step of a few costs little less than
    /// that of many.
    at_least: usize,
    hooks: Hooks<W, D>,
    found: Vec<Vec<Hypothesis>>,
}

impl<S, I, W, D> Feed<S> for Listed<I, W, D>
where
    S: Search,
    I: Iterator<Item = Entering<S>>,
    W: FnMut(usize, &mut S),
    D: FnMut(),
{
    fn next(&mut self, room: usize) -> Vec<Entering<S>> {
        let count = if room >= self.at_least { room } else { 0 };
        self.entering.by_ref().take(count).collect()
    }

    fn is_wanted(&mut self, number: u64, search: &mut S) -> bool {
        (self.hooks.watch)(number as usize, search);
        true
    }

    fn finish(&mut self, number: u64, search: S) {
        self.found[number as usize] = search.into_found();
        (self.hooks.done)();
    }
}
