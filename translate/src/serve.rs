//! Lines that come and go: translated together, whenever they arrive, each as if it were alone.
//!
//! A [`Desk`] hands over lines that have arrived, hears after each step how far they are, may give any of them up, and
//! takes the translations. [`Request::serve`] keeps a batch full of them: a line that arrives joins those that are in the
//! middle, and leaves when it is done. The example `serve` is an HTTP server on it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::ControlFlow;

use transformer::search::Hypothesis;
use transformer::search::traffic::{Arrival, Method, Traffic, translate_traffic};

use crate::choice::Choice;
use crate::encode::Source;
use crate::error::Error;
use crate::request::Request;
use crate::translated::Translated;

/// Where lines come from, and where translations go.
pub trait Desk {
    /// At most `room` lines that have arrived, as [`Translator::encode`](crate::Translator::encode) reads them, each with a
    /// number that no other has at the time. With none, serving goes on with the lines that it has, and ends when it has
    /// none: so do not wait here.
    fn arrivals(&mut self, room: usize) -> Vec<(u64, Source)>;

    /// Hears after each step which tokens the likeliest translation of a line has so far, and says whether the line is still
    /// wanted. A search may come to prefer another beginning; of greedy and of drawn translations each token stays.
    fn is_wanted(&mut self, number: u64, so_far: &[u32]) -> bool;

    /// Takes the translations of a line.
    fn answer(&mut self, number: u64, translated: Translated);
}

impl Request<'_> {
    /// Translates what arrives, until nothing is there and nothing arrives: whoever has more later calls again. A line's
    /// translation is to the bit that of the line alone. Drawn lines draw by their numbers.
    ///
    /// # Errors
    /// As [`Request::translate`]; [`Error::Request`] also if several draws of a line are asked for. The lines that were not
    /// answered by then are lost.
    pub fn serve(&self, desk: &mut (impl Desk + Send)) -> Result<(), Error> {
        let method = match &self.sampling {
            None => Method::Search(self.beam_options()?),
            Some(_) if self.n_best != 1 || !matches!(self.choice, Choice::Score) => {
                return Err(Error::Request(
                    "lines that are served are drawn once; ask for one translation".into(),
                ));
            }
            Some(sampling) => Method::Sample(self.sample_options(sampling, 0)?),
        };
        let mut counter = Counter { request: self, desk, sources: HashMap::new(), problem: None };
        translate_traffic(&self.members()?, &method, &mut counter)?;
        counter.problem.map_or(Ok(()), Err)
    }

    /// As [`Request::translate`]; `heard` is told after each step the number of a line, from 0, and the tokens that its
    /// likeliest translation has so far, and may end the work: between two steps, not later than the next.
    ///
    /// # Errors
    /// As [`Request::serve`]; [`Error::Cancelled`] if `heard` has ended the work.
    pub fn translate_heard(
        &self,
        lines: &[impl AsRef<str>],
        heard: impl FnMut(usize, &[u32]) -> ControlFlow<()> + Send,
    ) -> Result<Vec<Translated>, Error> {
        let sources = lines.iter().map(|line| self.translator.encode(line.as_ref()));
        let first = self.sampling.as_ref().map_or(0, |sampling| sampling.first);
        let waiting = (0..).map(|line: u64| first.wrapping_add(line)).zip(sources).collect();
        let mut listener = Listener { first, waiting, heard, answers: BTreeMap::new(), is_cancelled: false };
        self.serve(&mut listener)?;
        if listener.is_cancelled {
            return Err(Error::Cancelled);
        }
        Ok(listener.answers.into_values().collect())
    }
}

/// The desk as a search sees it.
struct Counter<'a, D> {
    request: &'a Request<'a>,
    desk: &'a mut D,
    /// The lines that are being searched.
    sources: HashMap<u64, Source>,
    /// What kept a line from being answered; then the others are given up.
    problem: Option<Error>,
}

impl<D: Desk> Counter<'_, D> {
    fn answer(&mut self, number: u64, source: Source, found: Vec<Hypothesis>) {
        match self.request.answers(vec![source], vec![found]) {
            Ok(translated) => translated.into_iter().for_each(|one| self.desk.answer(number, one)),
            Err(problem) => self.problem = Some(problem),
        }
    }
}

impl<D: Desk> Traffic for Counter<'_, D> {
    fn arrivals(&mut self, room: usize) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        while arrivals.is_empty() && self.problem.is_none() {
            let arrived = self.desk.arrivals(room);
            if arrived.is_empty() {
                break;
            }
            for (number, source) in arrived {
                if source.ids.is_empty() {
                    self.answer(number, source, Vec::new()); // a line without a token has no translation
                } else {
                    arrivals.push(Arrival { number, source: source.ids.clone() });
                    self.sources.insert(number, source);
                }
            }
        }
        arrivals
    }

    fn is_wanted(&mut self, number: u64, so_far: &[u32]) -> bool {
        let is_wanted = self.problem.is_none() && self.desk.is_wanted(number, so_far);
        if !is_wanted {
            self.sources.remove(&number);
        }
        is_wanted
    }

    fn found(&mut self, number: u64, translations: Vec<Hypothesis>) {
        if let Some(source) = self.sources.remove(&number) {
            self.answer(number, source, translations);
        }
    }
}

/// A desk that has all its lines from the start, and somebody who listens.
struct Listener<F> {
    /// The number of the first line.
    first: u64,
    waiting: VecDeque<(u64, Source)>,
    heard: F,
    /// By line.
    answers: BTreeMap<u64, Translated>,
    is_cancelled: bool,
}

impl<F: FnMut(usize, &[u32]) -> ControlFlow<()>> Desk for Listener<F> {
    fn arrivals(&mut self, room: usize) -> Vec<(u64, Source)> {
        let count = if self.is_cancelled { 0 } else { room.min(self.waiting.len()) };
        self.waiting.drain(..count).collect()
    }

    fn is_wanted(&mut self, number: u64, so_far: &[u32]) -> bool {
        let line = number.wrapping_sub(self.first) as usize;
        self.is_cancelled = self.is_cancelled || (self.heard)(line, so_far).is_break();
        !self.is_cancelled
    }

    fn answer(&mut self, number: u64, translated: Translated) {
        self.answers.insert(number.wrapping_sub(self.first), translated);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Sampling;
    use crate::testing::untrained;

    const LINES: [&str; 5] = ["je suis étudiant", "", "merci merci merci suis", "suis", "étudiant je merci"];

    /// Lines that arrive one at a time; the first is given up at its second token.
    struct OneByOne {
        coming: VecDeque<(u64, Source)>,
        answers: Vec<(u64, Translated)>,
    }

    impl Desk for OneByOne {
        fn arrivals(&mut self, _: usize) -> Vec<(u64, Source)> {
            self.coming.pop_front().into_iter().collect()
        }

        fn is_wanted(&mut self, number: u64, so_far: &[u32]) -> bool {
            number != 0 || so_far.len() < 2
        }

        fn answer(&mut self, number: u64, translated: Translated) {
            self.answers.push((number, translated));
        }
    }

    #[test]
    fn lines_that_come_and_go_are_translated_as_if_alone() {
        let translator = untrained();
        for beam in [1, 3] {
            let request = translator.request().beam(beam).n_best(beam).align(true).max_len_beyond_source(4);
            let coming = LINES.iter().map(|line| translator.encode(line));
            let coming = (0..).zip(coming).collect();
            let mut desk = OneByOne { coming, answers: Vec::new() };
            request.serve(&mut desk).unwrap();
            assert_eq!(desk.answers.len(), 4, "all but the one that was given up");
            for (number, answer) in desk.answers {
                assert_eq!(answer, request.translate(&[LINES[number as usize]]).unwrap()[0]);
            }
        }
    }

    #[test]
    fn who_listens_hears_each_token_and_may_end_the_work() {
        let translator = untrained();
        let drawn = translator.request().sample(Sampling { first: 7, ..Sampling::default() });
        for request in [translator.request().beam(1), translator.request().beam(2), drawn] {
            let (mut heard, mut steps) = (vec![Vec::new(); LINES.len()], [0; LINES.len()]);
            let listen = |line: usize, ids: &[u32]| {
                steps[line] += 1;
                assert!(ids.len() <= steps[line], "a token a step");
                heard[line] = ids.to_vec();
                ControlFlow::Continue(())
            };
            let found = request.translate_heard(&LINES, listen).unwrap();
            assert_eq!(found, request.translate(&LINES).unwrap());
            let said = |line: &Translated| line.translations.first().map(|one| one.ids.clone());
            assert!(found.iter().map(|line| said(line).unwrap_or_default()).eq(heard), "to the last");
            let mut steps = 0;
            let ended = request.translate_heard(&LINES, |_, _| {
                steps += 1;
                if steps == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert!(matches!(ended, Err(Error::Cancelled)) && steps == 3);
        }
        let twice = translator.request().sample(Sampling::default()).n_best(2);
        assert!(matches!(
            twice.serve(&mut OneByOne { coming: VecDeque::new(), answers: vec![] }),
            Err(Error::Request(_))
        ));
    }
}
