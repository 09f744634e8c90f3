//! How a request is answered: searched or drawn, chosen among, put into words, and told what attention says.

use std::iter;
use std::sync::Arc;

use tensor::Seed;
use text::special::UNK_ID;
use transformer::Pair;
use transformer::search::batches::{sample_together, search_together};
use transformer::search::beam::{BeamOptions, MAX_BEAM_SIZE};
use transformer::search::sample::SampleOptions;
use transformer::search::shortlist::Shortlist;
use transformer::search::{Hypothesis, Member};

use super::Request;
use crate::align::{links, links_to_unknown};
use crate::choice::Choice;
use crate::encode::Source;
use crate::error::Error;
use crate::settings::{Sampling, between};
use crate::translated::{Translated, Translation};
use crate::unknown::replaced;

/// How many translations are drawn to be chosen among, unless it is said.
const DRAWN: usize = 32;

impl Request<'_> {
    /// As [`Request::translate_observed`], of lines that were encoded before.
    ///
    /// # Errors
    /// As [`Request::translate`].
    pub fn translate_encoded(
        &self,
        sources: Vec<Source>,
        done: impl FnMut(usize) + Send,
    ) -> Result<Vec<Translated>, Error> {
        let ids: Vec<Vec<u32>> = sources.iter().map(|source| source.ids.clone()).collect();
        let found = match &self.sampling {
            None => search_together(&self.members()?, &ids, &self.beam_options()?, done)?,
            Some(sampling) => self.drawn(&ids, sampling, done)?,
        };
        self.answers(sources, found)
    }

    /// What is said of lines for which these translations were found.
    pub(crate) fn answers(
        &self,
        sources: Vec<Source>,
        found: Vec<Vec<Hypothesis>>,
    ) -> Result<Vec<Translated>, Error> {
        let prefix_len = || self.translator.text().encode_tgt(&self.constraints.prefix).ids.len();
        let place = self.alternatives.map(|_| prefix_len());
        let translated = |(source, found): (Source, Vec<Hypothesis>)| {
            let translations = found.into_iter().map(|found| self.translation(found, place)).collect();
            Translated { source, translations }
        };
        let mut translated: Vec<Translated> = sources.into_iter().zip(found).map(translated).collect();
        self.choice.choose(&mut translated, self.sampling.is_some())?;
        let count = self.alternatives.unwrap_or(self.n_best);
        translated.iter_mut().for_each(|line| line.translations.truncate(count));
        self.attend(&mut translated)?;
        Ok(translated)
    }

    /// The models that speak.
    ///
    /// # Errors
    /// [`Error::Request`] if one of the ensemble has another vocabulary.
    pub(crate) fn members(&self) -> Result<Vec<Member<'_>>, Error> {
        self.check_ensemble()?;
        let all = iter::once(&self.translator).chain(&self.ensemble);
        Ok(all.map(|translator| (translator.model(), translator.packed())).collect())
    }

    fn check_ensemble(&self) -> Result<(), Error> {
        let text = self.translator.text();
        for (number, other) in (1..).zip(&self.ensemble) {
            let vocab_sizes = (text.src_vocab_size() as u32, text.tgt_vocab_size() as u32);
            let other = other.text();
            let alike = (other.src_vocab_size() as u32, other.tgt_vocab_size() as u32) == vocab_sizes
                && (0..vocab_sizes.0).all(|id| text.src_token(id) == other.src_token(id))
                && (0..vocab_sizes.1).all(|id| text.tgt_token(id) == other.tgt_token(id));
            if !alike {
                let problem = format!("ensemble: model {number} has another vocabulary; average or rerank");
                return Err(Error::Request(problem));
            }
        }
        Ok(())
    }

    /// Whether the model of [`Choice::Agreement`] can read nothing of what was found, so that it stays in the order of the
    /// search.
    pub fn is_unjudged(&self, found: &Translated) -> bool {
        let best = found.translations.first();
        matches!(self.choice, Choice::Agreement { .. })
            && best.is_some_and(|best| best.score == f64::NEG_INFINITY)
    }

    /// Whether it can be answered, whatever the lines are.
    ///
    /// # Errors
    /// [`Error::Request`] that says what cannot be.
    pub fn check(&self) -> Result<(), Error> {
        self.check_ensemble()?;
        match &self.sampling {
            None => self.beam_options().map(drop),
            Some(sampling) => {
                self.n_candidates(MAX_BEAM_SIZE, DRAWN)?;
                self.sample_options(sampling, 0).map(drop)
            }
        }
    }

    /// How many translations of each line are asked of the search.
    fn n_candidates(&self, most: usize, usual: usize) -> Result<usize, Error> {
        let most_is = if self.sampling.is_none() { ", the width of the beam" } else { "" };
        let wide = |problem| Error::Request(format!("{problem}{most_is}"));
        between("n_best", self.n_best, 1..=most).map_err(wide)?;
        let candidates = match (&self.choice, self.candidates) {
            (Choice::Score, _) => self.n_best,
            (_, candidates) => candidates.unwrap_or(usual),
        };
        between("candidates", candidates, 1..=most).map_err(wide)?;
        if candidates == 1 && !matches!(self.choice, Choice::Score) {
            let name = if most == 1 { "beam" } else { "candidates" };
            let problem =
                format!("{name} is 1: there is one translation, and nothing to choose among; make it 4, say");
            return Err(Error::Request(problem));
        }
        Ok(candidates.max(self.n_best))
    }

    /// The options of the search that is asked for.
    ///
    /// # Errors
    /// [`Error::Request`] if a setting is out of range.
    pub fn beam_options(&self) -> Result<BeamOptions, Error> {
        self.search.check().map_err(Error::Request)?;
        let beam = self.search.beam;
        let options = self.search.options(self.n_candidates(beam, beam)?);
        let options = self.constraints.on_search(options, self.translator).map_err(Error::Request)?;
        self.check_shortlist()?;
        let options = BeamOptions { shortlist: self.shortlist.clone(), ..options };
        let Some(groups) = self.alternatives else { return Ok(options) };
        self.check_alternatives()?;
        between("alternatives", groups, 1..=MAX_BEAM_SIZE / beam).map_err(Error::Request)?;
        Ok(BeamOptions { beam_size: beam * groups, top_beams: groups, groups, alternatives: true, ..options })
    }

    /// Whether the shortlist is of this vocabulary.
    fn check_shortlist(&self) -> Result<(), Error> {
        let text = self.translator.text();
        let check = |list: &Arc<Shortlist>| list.check(text.src_vocab_size(), text.tgt_vocab_size());
        self.shortlist.as_ref().map_or(Ok(()), check).map_err(Error::Request)
    }

    /// Whether nothing else is asked for that several translations come of.
    fn check_alternatives(&self) -> Result<(), Error> {
        let others = [
            (self.n_best != 1, "several of the best"),
            (!matches!(self.choice, Choice::Score), "a choice"),
            (self.constraints.diverse_groups != 1, "diverse groups"),
            (self.sampling.is_some(), "draws"),
        ];
        match others.into_iter().find(|(is_asked, _)| *is_asked) {
            Some((_, other)) if self.alternatives.is_some() => {
                Err(Error::Request(format!("alternatives do not go with {other}; ask for one of them")))
            }
            _ => Ok(()),
        }
    }

    /// The options of one draw of each line.
    ///
    /// # Errors
    /// [`Error::Request`] if a setting is out of range.
    pub(crate) fn sample_options(&self, sampling: &Sampling, draw: u64) -> Result<SampleOptions, Error> {
        self.search.check().map_err(Error::Request)?;
        sampling.check().map_err(Error::Request)?;
        self.check_alternatives()?;
        let seed = Seed::new(sampling.seed).derive_index(draw);
        let options = sampling.options(seed, self.search.max_len_beyond_source);
        self.check_shortlist()?;
        let options = self.constraints.on_sampling(options, self.translator).map_err(Error::Request)?;
        Ok(SampleOptions { shortlist: self.shortlist.clone(), ..options })
    }

    /// As many translations of each as are asked for, each from a stream of its own.
    fn drawn(
        &self,
        ids: &[Vec<u32>],
        sampling: &Sampling,
        mut done: impl FnMut(usize) + Send,
    ) -> Result<Vec<Vec<Hypothesis>>, Error> {
        let (members, draws) = (self.members()?, self.n_candidates(MAX_BEAM_SIZE, DRAWN)?);
        let mut all = vec![Vec::new(); ids.len()];
        for draw in 0..draws {
            let options = self.sample_options(sampling, draw as u64)?;
            let is_last = draw + 1 == draws;
            let done = |finished| {
                if is_last {
                    done(finished)
                }
            };
            let found = sample_together(&members, ids, sampling.first, &options, done)?;
            all.iter_mut().zip(found).for_each(|(all, found)| all.extend(found));
        }
        Ok(all)
    }

    fn translation(&self, hypothesis: Hypothesis, alternative: Option<usize>) -> Translation {
        let Hypothesis { ids, log_prob, score, finished } = hypothesis;
        let text = self.translator.text().decode(&ids);
        let (alignment, attention) = (None, None);
        Translation { text, ids, log_prob, score, finished, alternative, alignment, attention }
    }

    /// Says of every translation what attention says, as far as it was asked for.
    fn attend(&self, found: &mut [Translated]) -> Result<(), Error> {
        let replaces = |one: &Translation| self.replace_unknown && one.ids.contains(&UNK_ID);
        let wants = |one: &Translation| self.align || self.attention || replaces(one);
        let of_line = |line: &Translated| -> Vec<Pair> {
            let wanted = line.translations.iter().filter(|one| wants(one));
            wanted.map(|one| Pair { src: line.source.ids.clone(), tgt: one.ids.clone() }).collect()
        };
        let pairs: Vec<Pair> = found.iter().flat_map(of_line).collect();
        let mut weights = pairs.iter().zip(self.translator.attention(&pairs)?);
        for Translated { source, translations } in found {
            for one in translations.iter_mut().filter(|one| wants(one)) {
                let Some((pair, rows)) = weights.next() else { break };
                if replaces(one) {
                    let links = links_to_unknown(pair, &rows);
                    one.text = replaced(self.translator.text(), &source.line, &one.ids, &one.text, &links);
                }
                one.alignment = self.align.then(|| links(pair, &rows));
                one.attention = self.attention.then_some(rows);
            }
        }
        Ok(())
    }
}
