//! Lines in, translations out: batches of like length through the beam search.

use transformer::Pair;
use transformer::search::Hypothesis;
use transformer::search::batches::search_in_batches;

use crate::encode::Source;
use crate::error::Error;
use crate::settings::{Penalty, SearchSettings};
use crate::translator::Translator;

/// What is asked of a [`Translator`], and how it is to search. Made by [`Translator::request`]; what is not said is as
/// the model has it.
#[derive(Clone, Debug)]
#[must_use = "ask by `translate`"]
pub struct Request<'t> {
    translator: &'t Translator,
    search: SearchSettings,
    n_best: usize,
    align: bool,
}

/// A line and its translations.
#[derive(Clone, Debug, PartialEq)]
pub struct Translated {
    /// The line as the model read it: how many of its tokens are unknown, how many were cut off.
    pub source: Source,
    /// The best translations, best first; none of a line without a token.
    pub translations: Vec<Translation>,
}

/// One translation of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Translation {
    /// Its text, in one line.
    pub text: String,
    /// The tokens whose log-probabilities were added up, `<eos>` included if it is finished.
    pub ids: Vec<u32>,
    /// The natural logarithm of the probability that the model gives it.
    pub log_prob: f64,
    /// What it was ranked by: `log_prob` divided by the length penalty.
    pub score: f64,
    /// Whether it ended by itself rather than at the length limit.
    pub finished: bool,
    /// (source, target), numbers of tokens from 0, in the order of the target: which token of the source each of its
    /// tokens comes from, as far as attention says. None if it was not asked for.
    pub alignment: Option<Vec<(usize, usize)>>,
}

impl Translator {
    /// The best translation of each line, in order. An empty line becomes an empty line.
    ///
    /// # Errors
    /// As [`Request::translate`].
    pub fn translate(&self, lines: &[impl AsRef<str>]) -> Result<Vec<String>, Error> {
        let found = self.request().translate(lines)?;
        Ok(found.into_iter().map(Translated::into_best).collect())
    }

    /// A translation to be asked for with options of its own.
    pub fn request(&self) -> Request<'_> {
        Request { translator: self, search: self.search(), n_best: 1, align: false }
    }
}

impl Translated {
    /// The text of the best translation; nothing where there is none.
    pub fn into_best(self) -> String {
        self.translations.into_iter().next().map(|best| best.text).unwrap_or_default()
    }
}

impl Request<'_> {
    /// Searches by these settings.
    pub fn search(self, search: SearchSettings) -> Self {
        Request { search, ..self }
    }

    /// Keeps so many hypotheses at each step, 1 to 10,000; 1 is greedy decoding.
    pub fn beam(mut self, beam: usize) -> Self {
        self.search.beam = beam;
        self
    }

    /// Divides log-probabilities by this penalty, with this exponent, -100 to 100, before lengths are compared.
    pub fn length_penalty(mut self, length_penalty: Penalty, alpha: f64) -> Self {
        (self.search.length_penalty, self.search.alpha) = (length_penalty, alpha);
        self
    }

    /// Lets a translation have so many tokens beyond those of its source, at most 10,000.
    pub fn max_len_beyond_source(mut self, tokens: usize) -> Self {
        self.search.max_len_beyond_source = tokens;
        self
    }

    /// Returns so many translations of each line, at most as many as the beam is wide.
    pub fn n_best(self, n_best: usize) -> Self {
        Request { n_best, ..self }
    }

    /// Says where each token comes from.
    pub fn align(self, align: bool) -> Self {
        Request { align, ..self }
    }

    /// The best translations of each line, in the order of the lines.
    ///
    /// # Errors
    /// [`Error::Request`] if a setting is out of range, more translations are asked for than the beam is wide, or none;
    /// [`Error::Model`] if the model's output is not finite.
    pub fn translate(&self, lines: &[impl AsRef<str>]) -> Result<Vec<Translated>, Error> {
        self.translate_observed(lines, |_| ())
    }

    /// As [`Request::translate`]; `done` hears how many more lines are finished. Lines are searched in batches of like
    /// length, the longest first.
    ///
    /// # Errors
    /// As [`Request::translate`].
    pub fn translate_observed(
        &self,
        lines: &[impl AsRef<str>],
        done: impl FnMut(usize),
    ) -> Result<Vec<Translated>, Error> {
        let sources = lines.iter().map(|line| self.translator.encode(line.as_ref())).collect();
        self.translate_encoded(sources, done)
    }

    /// As [`Request::translate_observed`], of lines that were encoded before.
    ///
    /// # Errors
    /// As [`Request::translate`].
    pub fn translate_encoded(
        &self,
        sources: Vec<Source>,
        done: impl FnMut(usize),
    ) -> Result<Vec<Translated>, Error> {
        self.search.check().map_err(Error::Request)?;
        let (n_best, beam) = (self.n_best, self.search.beam);
        if !(1..=beam).contains(&n_best) {
            let problem = format!("n_best is {n_best}, of a beam of {beam}; it must be between 1 and {beam}");
            return Err(Error::Request(problem));
        }
        let ids: Vec<Vec<u32>> = sources.iter().map(|source| source.ids.clone()).collect();
        let (model, params) = (self.translator.model(), self.translator.params());
        let found = search_in_batches(model, params, &ids, &self.search.options(self.n_best), done)?;
        let translated = |(source, found): (Source, Vec<Hypothesis>)| {
            let translations = found.into_iter().map(|hypothesis| self.translation(hypothesis)).collect();
            Translated { source, translations }
        };
        let mut translated: Vec<Translated> = sources.into_iter().zip(found).map(translated).collect();
        if self.align {
            align(self.translator, &mut translated)?;
        }
        Ok(translated)
    }

    fn translation(&self, hypothesis: Hypothesis) -> Translation {
        let Hypothesis { ids, log_prob, score, finished } = hypothesis;
        let text = self.translator.text().decode(&ids);
        Translation { text, ids, log_prob, score, finished, alignment: None }
    }
}

/// Aligns every translation with its source.
fn align(translator: &Translator, found: &mut [Translated]) -> Result<(), Error> {
    let of_line = |line: &Translated| -> Vec<Pair> {
        let pair = |ids: &Vec<u32>| Pair { src: line.source.ids.clone(), tgt: ids.clone() };
        line.translations.iter().map(|translation| pair(&translation.ids)).collect()
    };
    let pairs: Vec<Pair> = found.iter().flat_map(of_line).collect();
    let translations = found.iter_mut().flat_map(|line| &mut line.translations);
    for (translation, links) in translations.zip(translator.align(&pairs)?) {
        translation.alignment = Some(links);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use text::special::{BOS_ID, EOS_ID, PAD_ID};

    use super::*;
    use crate::testing::untrained;

    const LINES: [&str; 4] = ["je suis étudiant", "", "merci merci merci suis", " \t"];

    #[test]
    fn as_many_lines_come_out_as_went_in_and_blank_ones_are_empty() {
        let translator = untrained();
        let said = translator.translate(&LINES).unwrap();
        assert_eq!((said.len(), &*said[1], &*said[3]), (4, "", ""));
        for (line, said) in LINES.iter().zip(&said) {
            assert_eq!(translator.translate(&[line]).unwrap(), [said.as_str()]);
        }
        assert!(translator.translate(&[] as &[&str]).unwrap().is_empty());
    }

    #[test]
    fn several_translations_come_best_first_and_are_scored_as_if_they_had_been_given() {
        let translator = untrained();
        let request = translator.request().beam(8).n_best(8).length_penalty(Penalty::Power, 1.0);
        let found = request.max_len_beyond_source(2).translate(&LINES[..1]).unwrap().remove(0);
        let translations = &found.translations;
        assert_eq!((translations.len(), found.source.n_tokens, found.source.cut), (8, 3, 0));
        assert!(translations.windows(2).all(|pair| pair[0].score >= pair[1].score));
        for translation in translations {
            let len = translation.ids.len();
            assert!(len <= 6, "three words, <eos> and two more at most: {len}");
            assert!((translation.score - translation.log_prob / len as f64).abs() < 1e-9);
            let pair = Pair { src: found.source.ids.clone(), tgt: translation.ids.clone() };
            let scored = translator.score_pairs(vec![pair]).unwrap().remove(0);
            assert!((scored.log_prob() - translation.log_prob).abs() < 1e-4);
            assert_eq!(translation.alignment, None);
        }
    }

    #[test]
    fn no_translation_says_what_is_no_word_of_any_text() {
        let translator = untrained();
        let found = translator.request().beam(100).n_best(100).translate(&LINES).unwrap();
        let ids: Vec<u32> =
            found.iter().flat_map(|line| &line.translations).flat_map(|one| one.ids.clone()).collect();
        assert!(ids.len() > 200 && ids.contains(&EOS_ID));
        assert!(!ids.contains(&PAD_ID) && !ids.contains(&BOS_ID));
    }

    #[test]
    fn every_token_is_aligned_with_one_of_the_source() {
        let translator = untrained();
        let found = translator.request().align(true).max_len_beyond_source(3).translate(&LINES).unwrap();
        assert!(found[1].translations.is_empty());
        for translated in found {
            for translation in translated.translations {
                let words = translation.ids.len() - usize::from(translation.finished);
                let links = translation.alignment.unwrap();
                assert!(links.iter().map(|link| link.1).eq(0..words));
                assert!(links.iter().all(|link| link.0 < translated.source.n_tokens));
            }
        }
    }

    #[test]
    fn more_translations_than_the_beam_is_wide_or_none_are_refused_whatever_the_lines_are() {
        let translator = untrained();
        for (beam, n_best) in [(3, 4), (3, 0), (0, 1)] {
            for lines in [&LINES[..1], &[]] {
                let problem = translator.request().beam(beam).n_best(n_best).translate(lines).unwrap_err();
                assert!(matches!(problem, Error::Request(_)), "{problem}");
            }
        }
        let problem = translator.request().beam(3).n_best(4).translate(&LINES).unwrap_err().to_string();
        assert_eq!(problem, "n_best is 4, of a beam of 3; it must be between 1 and 3");
    }

    #[test]
    fn translations_without_end_are_refused_whoever_asks_for_them() {
        let translator = untrained();
        let translate = |beyond| translator.request().max_len_beyond_source(beyond).translate(&LINES[..1]);
        let problem = translate(crate::encode::MAX_TOKENS + 1).unwrap_err();
        let expected = "max_len_beyond_source is 10001; it must be between 0 and 10000";
        assert!(matches!(problem, Error::Request(ref problem) if problem == expected), "{problem}");
        let search = SearchSettings { max_len_beyond_source: usize::MAX, ..SearchSettings::default() };
        let about = crate::translator::About { search: Some(search), ..translator.about().clone() };
        assert!(untrained().with_about(about).translate(&LINES).is_err());
    }

    #[test]
    fn threads_that_share_a_translator_say_what_one_says() {
        let translator = untrained();
        let alone = translator.translate(&LINES).unwrap();
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| translator.translate(&LINES).unwrap())).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), alone);
            }
        });
    }
}
