//! A batch that is kept full: finished sentences leave it, and new ones enter in the middle of the others (continuous
//! batching, as Yu et al. 2022, *Orca*, have it for servers).
//!
//! Those that enter are encoded together and take their first step apart, where a sentence has one row. Then each has a
//! row for every hypothesis, and they join the others. A sentence's rows compute the same bits whoever stands beside
//! them, so neither the order of arrival nor the size of the batch changes a translation.

use tensor::threads::map_indices;
use tensor::{Element, dispatch};

use super::decoding::{Decoding, Speakers, Step};
use super::hypothesis::Hypothesis;
use crate::error::Error;

/// Rows of a batch, hypotheses counted: enough to keep two cores busy, few enough for caches.
pub(super) const ROWS: usize = 256;

/// How many sentences of so many hypotheses are searched at a time.
pub(super) fn capacity(beam_size: usize) -> usize {
    (ROWS / beam_size).max(1)
}

/// The search of one sentence: what becomes of its hypotheses at each step. Before the first step there is one; then
/// all searches of a batch have equally many.
pub(super) trait Search: Send + Sync {
    /// What it chooses at a step.
    type Choice: Send;

    /// The token said last in each row; none before the first.
    fn last_ids(&self) -> impl Iterator<Item = u32>;

    /// Chooses among the words that may come next, `log_probs` being `[rows, vocab_size]`. Called on any thread.
    fn choose<T: Element>(&self, log_probs: &[T]) -> Self::Choice;

    /// Goes on by what was chosen, each row having attended to its source so, `[rows, src_len]`. Returns which row each
    /// of its rows comes from, or nothing if it is done.
    fn accept(&mut self, choice: Self::Choice, attention: Option<&[f64]>) -> Option<Vec<usize>>;

    /// The likeliest that is being said.
    fn so_far(&self) -> &[u32];

    /// What is found, best first.
    fn into_found(self) -> Vec<Hypothesis>;
}

/// A sentence that enters.
pub(super) struct Entering<S> {
    /// What it is called.
    pub number: u64,
    pub source: Vec<u32>,
    pub search: S,
}

/// Where sentences come from, and where they go.
pub(super) trait Feed<S> {
    /// At most so many that are waiting; at the end, or while none is waiting, none.
    fn next(&mut self, room: usize) -> Vec<Entering<S>>;

    /// Looks at a search after a step. A search that is not wanted any more leaves.
    fn is_wanted(&mut self, number: u64, search: &mut S) -> bool;

    /// Takes a search that is done.
    fn finish(&mut self, number: u64, search: S);
}

/// Searches until nothing is left and nothing is waiting, so many sentences at a time at most.
///
/// # Errors
/// As [`Decoding::step`], or [`Speakers::begin`].
pub(super) fn run<S: Search>(
    speakers: &Speakers,
    capacity: usize,
    feed: &mut impl Feed<S>,
) -> Result<(), Error> {
    let mut batch: Option<Batch<S>> = None;
    loop {
        let live = batch.as_ref().map_or(0, |batch| batch.searches.len());
        let arrived = if live < capacity { feed.next(capacity - live) } else { Vec::new() };
        if !arrived.is_empty() {
            let sources: Vec<&[u32]> = arrived.iter().map(|entering| &entering.source[..]).collect();
            let decoding = speakers.begin(&sources)?;
            let searches = arrived.into_iter().map(|entering| (entering.number, entering.search)).collect();
            let mut entering = Batch { decoding, searches };
            entering.step(speakers, feed)?;
            match &mut batch {
                _ if entering.searches.is_empty() => {}
                Some(batch) => batch.join(entering),
                None => batch = Some(entering),
            }
        } else if live == 0 {
            return Ok(());
        }
        if let Some(going_on) = &mut batch {
            going_on.step(speakers, feed)?;
        }
        batch = batch.filter(|batch| !batch.searches.is_empty());
    }
}

/// Sentences side by side.
struct Batch<S> {
    decoding: Decoding,
    /// With their sentences' numbers.
    searches: Vec<(u64, S)>,
}

impl<S: Search> Batch<S> {
    fn step(&mut self, speakers: &Speakers, feed: &mut impl Feed<S>) -> Result<(), Error> {
        let last: Vec<u32> = self.searches.iter().flat_map(|(_, search)| search.last_ids()).collect();
        let Step { log_probs, attention } = self.decoding.step(speakers, &last)?;
        let searches = std::mem::take(&mut self.searches);
        let rows_each = log_probs.dim(0) / searches.len();
        let choices: Vec<S::Choice> = dispatch!(log_probs.dtype(), T => {
            let (log_probs, width) = (log_probs.data::<T>(), rows_each * log_probs.dim(1));
            map_indices(searches.len(), |place| searches[place].1.choose(&log_probs[place * width..][..width]))
        });
        let attended = attention.as_ref().map(|rows| (rows.data::<f64>(), rows_each * rows.dim(1)));
        let (mut sentences, mut rows) = (Vec::new(), Vec::new());
        for (place, ((number, mut search), choice)) in searches.into_iter().zip(choices).enumerate() {
            let attended = attended.map(|(weights, width)| &weights[place * width..][..width]);
            let parents = search.accept(choice, attended);
            if !feed.is_wanted(number, &mut search) {
                continue;
            }
            let Some(parents) = parents else {
                feed.finish(number, search);
                continue;
            };
            sentences.push(place as u32);
            rows.extend(parents.iter().map(|parent| (place * rows_each + parent) as u32));
            self.searches.push((number, search));
        }
        self.decoding.select(&sentences, &rows);
        Ok(())
    }

    fn join(&mut self, other: Batch<S>) {
        self.decoding.join(other.decoding);
        self.searches.extend(other.searches);
    }
}
