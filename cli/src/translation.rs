//! Lines in, translations out: batches of like length through the beam search.

use nn::Params;
use transformer::Transformer;
use transformer::search::Hypothesis;
use transformer::search::beam::{BeamOptions, beam_search};

use crate::error::Error;
use crate::metrics::{Bleu, BleuOptions, Tokenizer, bleu};
use crate::text::{EOS_ID, TextKind, TextModel};

/// Rows of a batch that is searched, hypotheses counted: enough to keep two cores busy, few enough for caches.
const ROWS: usize = 256;

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
    let sources: Vec<Vec<u32>> = lines.iter().map(|line| encode_source(text, line)).collect();
    let found = search(model, params, &sources, options, |_| ())?;
    let decode = |hypotheses: &Vec<Hypothesis>| hypotheses.first().map(|best| text.decode(&best.ids));
    Ok(found.iter().map(|hypotheses| decode(hypotheses).unwrap_or_default()).collect())
}

/// A source as the model reads it, `<eos>` at its end; nothing for a line without a token.
pub fn encode_source(text: &TextModel, line: &str) -> Vec<u32> {
    let ids = text.encode_src(line).ids;
    if ids.is_empty() { ids } else { with_eos(ids) }
}

/// A sentence and its end.
pub(crate) fn with_eos(mut ids: Vec<u32>) -> Vec<u32> {
    ids.push(EOS_ID);
    ids
}

/// BLEU as it is customary for the kind of text: of tokenised text, tokenised and lowercased as it stands; of
/// other text sacrebleu's 13a, case and all.
pub fn bleu_of(text: &TextModel, said: &[String], references: &[String]) -> Bleu {
    match text.settings().kind {
        TextKind::Pretokenised => {
            let joined: Vec<String> = references.iter().map(|line| text.as_decoded(line)).collect();
            bleu(said, &joined, BleuOptions { tokenizer: Tokenizer::None, lowercase: true })
        }
        _ => bleu(said, references, BleuOptions { tokenizer: Tokenizer::V13a, lowercase: false }),
    }
}
