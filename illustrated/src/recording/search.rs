//! A search for a translation: what it looked at, and what it found.

use super::event::{Candidate, Event, Translation};

/// One search of a recording. Numbers of events are their places among [`Recording::events`](super::Recording::events).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search<'a> {
    /// What it looked at, step by step and likeliest first, each with the number of its event.
    pub candidates: Vec<(usize, &'a Candidate)>,
    /// What it found, best first, each with the number of its event.
    pub translations: Vec<(usize, &'a Translation)>,
}

impl<'a> Search<'a> {
    /// The searches among these events, in order: the candidates of each come before its translations.
    pub fn all(events: &'a [Event]) -> Vec<Search<'a>> {
        let mut searches: Vec<Search> = Vec::new();
        let mut is_begun = false; // since the last pass
        for (at, event) in events.iter().enumerate() {
            match event {
                Event::Candidate(candidate) => {
                    let goes_on = |search: &Search<'a>| {
                        let last = search.candidates.last().map_or(0, |(_, last)| last.step);
                        search.translations.is_empty() && candidate.step >= last
                    };
                    match searches.last_mut().filter(|search| is_begun && goes_on(search)) {
                        Some(search) => search.candidates.push((at, candidate)),
                        None => searches
                            .push(Search { candidates: vec![(at, candidate)], translations: Vec::new() }),
                    }
                    is_begun = true;
                }
                Event::Translation(translation) => {
                    if let Some(search) = searches.last_mut() {
                        search.translations.push((at, translation));
                    }
                }
                Event::Pass(_) => is_begun = false,
                _ => {}
            }
        }
        searches
    }

    /// What it is called: `greedy`, or `beam 4`; `search` if it found nothing that says so.
    pub fn name(&self) -> &'a str {
        self.translations.first().map_or("search", |(_, translation)| translation.search.as_str())
    }
}
