//! Lines in, translations out: batches of like length through the beam search, and through the model alone where the
//! translations are given.

use nn::{Context, Params};
use tensor::threads::on_worker;
use transformer::align::{alignments, default_layer};
use transformer::batch_plan::{BatchOrder, BatchPlan};
use transformer::search::Hypothesis;
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::{Batch, Config, Pair, Positions, Transformer};

use crate::error::Error;
use crate::metrics::{Bleu, BleuOptions, Tokenizer, bleu};
use crate::model_file::Model;
use crate::recipe::MOST_TOKENS;
use crate::text::{EOS_ID, Encoded, TextKind, TextModel};

/// Rows of a batch that is searched, hypotheses counted: enough to keep two cores busy, few enough for caches.
const ROWS: usize = 256;

/// Padded tokens a side of a batch that is only read: its logits, `[tokens, vocab_size]`, stand in memory.
const TOKENS: usize = 1024;

/// The best translations of each source, best first. A source without a token has none.
///
/// Sources are searched in batches of like length, the longest first; `done` hears how many more are finished.
///
/// # Errors
/// As [`beam_search`].
pub fn search(
    model: &Transformer,
    params: &Params,
    sources: &[Vec<u32>],
    options: &BeamOptions,
    mut done: impl FnMut(usize),
) -> Result<Vec<Vec<Hypothesis>>, Error> {
    let mut found = vec![Vec::new(); sources.len()];
    let mut order: Vec<usize> = (0..sources.len()).filter(|&index| !sources[index].is_empty()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(sources[index].len()));
    for indices in order.chunks((ROWS / options.beam_size.max(1)).max(1)) {
        let batch: Vec<Vec<u32>> = indices.iter().map(|&index| sources[index].clone()).collect();
        for (&index, hypotheses) in indices.iter().zip(beam_search(model, params, &batch, options)?) {
            found[index] = hypotheses;
        }
        done(indices.len());
    }
    Ok(found)
}

/// The best translation of each line. An empty line becomes an empty line.
///
/// # Errors
/// As [`beam_search`].
pub fn translate_lines(
    model: &Transformer,
    params: &Params,
    text: &TextModel,
    lines: &[String],
    options: &BeamOptions,
) -> Result<Vec<String>, Error> {
    let encode = |line: &String| Source::encode(text, model.config(), line).ids;
    let sources: Vec<Vec<u32>> = lines.iter().map(encode).collect();
    Ok(best(text, &search(model, params, &sources, options, |_| ())?))
}

/// The text of each sentence's best translation; nothing where there is none.
pub fn best(text: &TextModel, found: &[Vec<Hypothesis>]) -> Vec<String> {
    let decode = |hypotheses: &Vec<Hypothesis>| hypotheses.first().map(|best| text.decode(&best.ids));
    found.iter().map(|hypotheses| decode(hypotheses).unwrap_or_default()).collect()
}

/// A source as the model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its tokens and `<eos>`, at most the model's `max_len`; nothing for a line without a token.
    pub ids: Vec<u32>,
    /// How many tokens the line has, what was cut included.
    pub tokens: usize,
    /// How many of them are `<unk>`.
    pub unknown: usize,
    /// How many of them were cut off at the end.
    pub cut: usize,
}

impl Source {
    /// The source in `line`. Training saw none longer than `max_len`, so no longer one is read.
    pub fn encode(text: &TextModel, config: &Config, line: &str) -> Source {
        let Encoded { mut ids, unknown } = text.encode_src(line);
        let tokens = ids.len();
        ids.truncate(config.max_len.saturating_sub(1));
        let cut = tokens - ids.len();
        Source { ids: if tokens == 0 { ids } else { with_eos(ids) }, tokens, unknown, cut }
    }
}

/// A source and a given translation, which may be empty: `<eos>` alone then. A source without a token is `<eos>`
/// alone too.
///
/// # Errors
/// A sentence that says how long the target is, if it has more than [`MOST_TOKENS`] tokens or learned positions do not
/// reach as far.
pub fn pair(config: &Config, source: &Source, target: Vec<u32>) -> Result<Pair, String> {
    let src = if source.ids.is_empty() { vec![EOS_ID] } else { source.ids.clone() };
    let tgt = with_eos(target);
    let (len, max_len) = (tgt.len(), config.max_len);
    if config.positions == Positions::Learned && len > max_len {
        return Err(format!("the translation has {len} tokens; the model's positions reach only {max_len}"));
    }
    if len > MOST_TOKENS {
        return Err(format!(
            "the translation has {len} tokens, more than {MOST_TOKENS}; write one sentence a line"
        ));
    }
    Ok(Pair { src, tgt })
}

/// A sentence and its end.
pub(crate) fn with_eos(mut ids: Vec<u32>) -> Vec<u32> {
    ids.push(EOS_ID);
    ids
}

/// The natural logarithm of the probability of each token of each target, given its source and the tokens before it.
///
/// # Errors
/// As [`Transformer::token_log_probs`]; [`Error::Diverged`] if the model is broken.
pub fn token_log_probs(model: &Model, pairs: &[Pair]) -> Result<Vec<Vec<f64>>, Error> {
    let Model { transformer, params, .. } = model;
    in_batches(pairs, |pairs| {
        let batch = Batch::new(pairs, transformer.config().decoder_start, 0)?;
        let found = on_worker(|| transformer.token_log_probs(&Context::inference(params), &batch))?;
        if found.iter().flatten().all(|log_prob| log_prob.is_finite()) {
            return Ok(found);
        }
        Err(transformer::Error::NotFinite("the model's output".into()).into())
    })
}

/// Which token of its source each token of a target comes from, as (source, target) from 0 in the order of the
/// target: the one that most attention goes to in [`default_layer`]. `<eos>` is aligned on neither side, though the
/// attention to it may be the largest.
///
/// # Errors
/// As [`alignments`].
pub fn align(model: &Model, pairs: &[Pair]) -> Result<Vec<Vec<(usize, usize)>>, Error> {
    let Model { transformer, params, .. } = model;
    let layer = default_layer(transformer.config());
    let weights = in_batches(pairs, |pairs| Ok(alignments(transformer, params, pairs, layer)?))?;
    let of_pair = |(pair, rows): (&Pair, &Vec<Vec<f64>>)| {
        let words = |ids: &[u32]| ids.len() - usize::from(ids.last() == Some(&EOS_ID));
        let (src_len, tgt_len) = (words(&pair.src), words(&pair.tgt));
        let most = |row: &[f64]| (0..src_len).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        (0..tgt_len).filter_map(|target| most(&rows[target]).map(|source| (source, target))).collect()
    };
    Ok(pairs.iter().zip(&weights).map(of_pair).collect())
}

/// What `find` says of each pair, asked in batches of like length.
fn in_batches<T>(
    pairs: &[Pair],
    mut find: impl FnMut(&[Pair]) -> Result<Vec<T>, Error>,
) -> Result<Vec<T>, Error> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let plan = BatchPlan::new(pairs, TOKENS, BatchOrder::LongestFirst)?;
    let mut found = Vec::with_capacity(pairs.len());
    for indices in plan.batches() {
        let batch: Vec<Pair> = indices.iter().map(|&index| pairs[index].clone()).collect();
        found.extend(indices.iter().zip(find(&batch)?));
    }
    found.sort_by_key(|&(index, _)| index);
    Ok(found.into_iter().map(|(_, value)| value).collect())
}

/// References as translations are to be compared with them by BLEU: those of pretokenised text with `@@ ` joined,
/// others as they are written.
pub fn joined(text: &TextModel, references: &[String]) -> Vec<String> {
    match text.settings().kind {
        TextKind::Pretokenised => references.iter().map(|line| text.as_decoded(line)).collect(),
        _ => references.to_vec(),
    }
}

/// The BLEU that is customary for the kind of text: of tokenised text, tokenised and lowercased as it stands; of
/// other text sacrebleu's 13a, case and all.
pub fn bleu_options(text: &TextModel) -> BleuOptions {
    match text.settings().kind {
        TextKind::Pretokenised => BleuOptions { tokenizer: Tokenizer::None, lowercase: true },
        _ => BleuOptions::default(),
    }
}

/// BLEU with [`bleu_options`].
pub fn bleu_of(text: &TextModel, said: &[String], references: &[String]) -> Bleu {
    bleu(said, &joined(text, references), bleu_options(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{TextSettings, UNK_ID};
    use transformer::VocabSizes;

    #[test]
    fn what_was_asked_in_batches_comes_back_in_order() {
        let pair = |len: usize| Pair { src: vec![9; len], tgt: vec![EOS_ID] };
        let pairs: Vec<Pair> = [3, 700, 1, 2000, 0, 900, 3].map(pair).into();
        let mut batches = 0;
        let lens = in_batches(&pairs, |pairs| {
            batches += 1;
            Ok(pairs.iter().map(|pair| pair.src.len()).collect())
        });
        assert_eq!(lens.unwrap(), [3, 700, 1, 2000, 0, 900, 3]);
        assert!(batches > 1 && batches < pairs.len(), "{batches} batches");
    }

    #[test]
    fn a_long_source_is_cut_and_an_empty_one_has_no_tokens() {
        let settings = TextSettings { kind: TextKind::Words, ..Default::default() };
        let text = TextModel::learn(&settings, [("a b c", "x y")].into_iter()).unwrap();
        let config = Config { max_len: 4, ..Config::toy(text.vocab_sizes()) };
        let encode = |line| Source::encode(&text, &config, line);
        let source = encode("a z c");
        assert_eq!((source.ids.len(), source.ids[1], source.unknown, source.cut), (4, UNK_ID, 1, 0));
        let source = encode("a b c a b");
        assert_eq!((source.ids.len(), source.ids[3], source.tokens, source.cut), (4, EOS_ID, 5, 2));
        assert!(encode(" ").ids.is_empty());
    }

    #[test]
    fn a_translation_beyond_learned_positions_is_refused_and_an_empty_one_is_its_end() {
        let config = Config { max_len: 3, ..Config::toy(VocabSizes::Shared(9)) };
        let learned = Config { positions: Positions::Learned, ..config.clone() };
        let source = Source { ids: vec![], tokens: 0, unknown: 0, cut: 0 };
        assert_eq!(pair(&learned, &source, vec![]), Ok(Pair { src: vec![EOS_ID], tgt: vec![EOS_ID] }));
        assert!(pair(&learned, &source, vec![5, 6]).is_ok());
        let problem = pair(&learned, &source, vec![5, 6, 7]).unwrap_err();
        assert!(problem.contains("has 4 tokens; the model's positions reach only 3"), "{problem}");
        assert!(pair(&config, &source, vec![5; 10]).is_ok(), "sinusoids go on");
        let problem = pair(&config, &source, vec![5; MOST_TOKENS]).unwrap_err();
        assert!(problem.contains("has 10001 tokens, more than 10000"), "{problem}");
    }
}
