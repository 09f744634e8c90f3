//! What translations may say, and what they are ranked by beside their probability: the [`rules`](transformer::search::rules)
//! of a search, in words.

use serde::Serialize;
use text::special::{BOS_ID, PAD_ID};
use transformer::search::Rules;
use transformer::search::beam::BeamOptions;
use transformer::search::sample::SampleOptions;

use crate::encode::MAX_TOKENS;
use crate::settings::between;
use crate::translator::Translator;

/// What translations may say. The default asks for nothing. Lengths count tokens, `<eos>` included, on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Constraints {
    /// A translation has at least so many tokens, even if
    /// [`max_len_beyond_source`](crate::SearchSettings::max_len_beyond_source) would not let it have so many; at most 10,000.
    pub min_len: usize,
    /// The same, as a share of the source's; 0 to 10.
    pub min_ratio: f64,
    /// A translation has at most so many tokens.
    pub max_len: Option<usize>,
    /// The same, as a share of the source's; 0 to 1000.
    pub max_ratio: Option<f64>,
    /// What every translation begins with; it goes on behind it.
    pub prefix: String,
    /// Words, or several in a row, that are not said. Of a word that is spelled in several ways, the usual one.
    pub banned: Vec<String>,
    /// No n tokens in a row are said twice; 0 lets them.
    pub no_repeat_ngram: usize,
    /// The power to which the probability of what was said already is taken: 1 changes nothing, more keeps from
    /// repeating.
    pub repetition_penalty: f64,
    /// How much it costs to leave parts of the source unattended (Wu et al. 2016, equation 14, beta); 0 for nothing. Where
    /// translations are drawn it does nothing.
    pub coverage_penalty: f64,
    /// Into how many groups a beam is divided, which say different things (Vijayakumar et al. 2018); 1 for an ordinary
    /// beam. Where translations are drawn it does nothing.
    pub diverse_groups: usize,
    /// What a word costs a group for each time that groups before it have just said it.
    pub diversity: f64,
}

impl Default for Constraints {
    fn default() -> Self {
        Constraints {
            min_len: 0,
            min_ratio: 0.0,
            max_len: None,
            max_ratio: None,
            prefix: String::new(),
            banned: Vec::new(),
            no_repeat_ngram: 0,
            repetition_penalty: 1.0,
            coverage_penalty: 0.0,
            diverse_groups: 1,
            diversity: 0.0,
        }
    }
}

impl Constraints {
    /// Whether something can be said by them.
    ///
    /// # Errors
    /// A sentence that begins with the name of the first that is out of range.
    pub fn check(&self) -> Result<(), String> {
        between("min_len", self.min_len, 0..=MAX_TOKENS)?;
        between("min_ratio", self.min_ratio, 0.0..=10.0)?;
        between("max_ratio", self.max_ratio.unwrap_or(0.0), 0.0..=1000.0)?;
        between("max_len", self.max_len.unwrap_or(1), 1..=usize::MAX)?;
        between("repetition_penalty", self.repetition_penalty, 0.01..=100.0)?;
        between("coverage_penalty", self.coverage_penalty, 0.0..=100.0)?;
        between("diversity", self.diversity, 0.0..=100.0)?;
        between("diverse_groups", self.diverse_groups, 1..=usize::MAX)
    }

    /// The rules in the tokens of a model.
    fn rules(&self, translator: &Translator) -> Result<Rules, String> {
        self.check()?;
        let (text, config) = (translator.text(), translator.model().config());
        let prefix = text.encode_tgt(&self.prefix);
        if prefix.unknown > 0 {
            let (prefix, unknown) = (&self.prefix, prefix.unknown);
            return Err(format!("prefix is `{prefix}`, of which the model does not know {unknown} token(s)"));
        }
        // What is unknown cannot be said as it is.
        let known = self.banned.iter().map(|word| text.encode_tgt(word)).filter(|word| word.unknown == 0);
        let banned: Vec<Vec<u32>> = known.map(|word| word.ids).collect();
        if banned.iter().any(Vec::is_empty) {
            return Err("banned: a word is empty".into());
        }
        let rules = Rules {
            min_len: self.min_len,
            min_ratio: self.min_ratio,
            max_len: self.max_len,
            max_ratio: self.max_ratio,
            prefix: prefix.ids,
            banned,
            no_repeat_ngram: self.no_repeat_ngram,
            repetition_penalty: self.repetition_penalty,
        };
        rules.check(config, &[PAD_ID, BOS_ID])?;
        Ok(rules)
    }

    /// A search that keeps to them.
    pub(crate) fn on_search(
        &self,
        options: BeamOptions,
        translator: &Translator,
    ) -> Result<BeamOptions, String> {
        let (groups, beam) = (self.diverse_groups, options.beam_size);
        let rules = self.rules(translator)?;
        if !beam.is_multiple_of(groups) {
            return Err(format!("diverse_groups is {groups}; it must divide the beam, which is {beam} wide"));
        }
        let (coverage, diversity) = (self.coverage_penalty, self.diversity);
        Ok(BeamOptions { rules, coverage, groups, diversity, ..options })
    }

    /// Drawing that keeps to them.
    pub(crate) fn on_sampling(
        &self,
        options: SampleOptions,
        translator: &Translator,
    ) -> Result<SampleOptions, String> {
        Ok(SampleOptions { rules: self.rules(translator)?, ..options })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::untrained;

    #[test]
    fn words_become_tokens_and_what_cannot_be_is_named() {
        let translator = untrained();
        let text = translator.text();
        let ids = |line: &str| text.encode_tgt(line).ids;
        let banned = ["thanks", "a student", "xyzzy"].map(String::from).to_vec();
        let asked =
            Constraints { prefix: "i am".into(), banned, no_repeat_ngram: 3, ..Constraints::default() };
        let rules = asked.rules(&translator).unwrap();
        assert_eq!((rules.prefix, rules.banned), (ids("i am"), vec![ids("thanks"), ids("a student")]));
        assert_eq!(rules.no_repeat_ngram, 3);
        let problem = |asked: Constraints| asked.rules(&translator).unwrap_err();
        let none = Constraints::default;
        assert!(
            problem(Constraints { prefix: "i xyzzy".into(), ..none() }).contains("does not know 1 token")
        );
        assert!(problem(Constraints { banned: vec![" ".into()], ..none() }).contains("a word is empty"));
        assert!(problem(Constraints { min_ratio: -1.0, ..none() }).starts_with("min_ratio is -1"));
        assert!(problem(Constraints { max_len: Some(0), ..none() }).starts_with("max_len is 0"));
        let long = Constraints { prefix: "i am a".into(), max_len: Some(3), ..none() };
        assert!(problem(long).starts_with("prefix has 3 tokens and is gone on with, but max_len is 3"));
        assert!(
            problem(Constraints { min_len: 9, max_len: Some(3), ..none() }).starts_with("min_len is 9, more")
        );
        let endless = Constraints { min_len: usize::MAX, ..none() };
        assert!(problem(endless).starts_with("min_len is 1844"));
        let odd = Constraints { diverse_groups: 2, ..none() };
        let options = BeamOptions { beam_size: 5, ..BeamOptions::default() };
        assert!(
            odd.on_search(options, &translator)
                .unwrap_err()
                .contains("must divide the beam, which is 5 wide")
        );
    }
}
