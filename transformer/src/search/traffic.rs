//! Sentences that come and go: what a server searches, while others arrive and some are given up.

use tensor::threads::on_worker;

use super::beam::{self, Beam, BeamOptions};
use super::decoding::Member;
use super::hypothesis::Hypothesis;
use super::sample::{self, SampleOptions};
use super::stream::{Entering, Feed, ROWS, Search, capacity, run};
use super::walk::Walk;
use crate::error::Error;

/// A sentence that arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What it is called when it is heard of again; and what is drawn, where words are drawn, goes by this number.
    pub number: u64,
    /// Its tokens, at least one.
    pub source: Vec<u32>,
}

/// Where sentences come from, and where translations go.
pub trait Traffic {
    /// At most `room` sentences that have arrived. With none, the search goes on with those that it has, and ends when it
    /// has none: so do not wait here.
    fn arrivals(&mut self, room: usize) -> Vec<Arrival>;

    /// Hears after each step how far the likeliest translation of a sentence is, and says whether it is still wanted: if
    /// not, it is given up, and nothing more is heard of it.
    fn is_wanted(&mut self, number: u64, so_far: &[u32]) -> bool;

    /// Takes the translations of a sentence, best first.
    fn found(&mut self, number: u64, translations: Vec<Hypothesis>);
}

/// How to translate.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// The best translations, by beam search.
    Search(BeamOptions),
    /// One, drawn.
    Sample(SampleOptions),
}

/// Translates what arrives, until nothing is there and nothing arrives. A translation is to the bit that of the sentence
/// alone, whatever stands beside it.
///
/// # Errors
/// As [`search_together`](super::batches::search_together), or [`sample_together`](super::batches::sample_together); what
/// was not finished is lost then.
pub fn translate_traffic(
    members: &[Member],
    method: &Method,
    traffic: &mut (impl Traffic + Send),
) -> Result<(), Error> {
    on_worker(|| match method {
        Method::Search(options) => beam::with_speakers(members, options, |speakers| {
            let beam = |arrival: &Arrival| Beam::new(arrival.source.len(), options, speakers.config());
            run(speakers, capacity(options.beam_size), &mut Passing { traffic, search: beam })
        }),
        Method::Sample(options) => sample::with_speakers(members, options, |speakers| {
            let walk = |arrival: &Arrival| {
                Walk::drawn(options, arrival.number, arrival.source.len(), speakers.config())
            };
            run(speakers, ROWS, &mut Passing { traffic, search: walk })
        }),
    })
}

/// Traffic as the batch is fed with it.
struct Passing<'a, T, F> {
    traffic: &'a mut T,
    search: F,
}

impl<T: Traffic, S: Search, F: Fn(&Arrival) -> S> Feed<S> for Passing<'_, T, F> {
    fn next(&mut self, room: usize) -> Vec<Entering<S>> {
        let entering = |arrival: Arrival| {
            let search = (self.search)(&arrival);
            Entering { number: arrival.number, source: arrival.source, search }
        };
        self.traffic.arrivals(room).into_iter().map(entering).collect()
    }

    fn is_wanted(&mut self, number: u64, search: &mut S) -> bool {
        self.traffic.is_wanted(number, search.so_far())
    }

    fn finish(&mut self, number: u64, search: S) {
        self.traffic.found(number, search.into_found());
    }
}
