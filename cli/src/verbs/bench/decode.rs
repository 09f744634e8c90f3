//! `etudiant bench decode`: how fast this machine translates, every translation being of the same length.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use tensor::{DType, Packing, Seed};
use transformer::search::batches::search_in_batches;
use transformer::search::beam::{BeamOptions, MAX_BEAM_SIZE};
use transformer::search::shortlist::Shortlist;
use transformer::search::{MaxLen, Rules};
use transformer::{Transformer, VocabSizes};

use super::work::{FIRST_WORD, MAX_TOKENS, made_up, median, seconds, time, tokens};
use crate::console::print;
use crate::error::Error;
use crate::verbs::common::{up_to, within};
use crate::verbs::preset::Preset;
use crate::verbs::weights::Weights;

/// The options of `etudiant bench decode`.
#[derive(Args)]
pub struct DecodeArgs {
    /// The sizes of the model
    #[arg(value_enum, default_value_t = Preset::Tiny)]
    preset: Preset,
    /// Hypotheses kept at each step; 1 is greedy decoding
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = up_to(1, MAX_BEAM_SIZE))]
    beam: usize,
    /// Sentences that are translated together
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = tokens())]
    batch: u32,
    /// Tokens of a source
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = tokens())]
    len: u32,
    /// Tokens of a translation
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = tokens())]
    tgt_len: u32,
    /// Tokens of the vocabulary
    #[arg(long, value_name = "N", default_value_t = 8000, value_parser = within::<u32>(5..=200_000))]
    vocab_size: u32,
    /// How weights are kept: fewer bytes are read sooner
    #[arg(long, value_enum, default_value_t = Weights::F32)]
    weights: Weights,
    /// Search among N words of the vocabulary, the same for all sentences, as a shortlist would leave to a batch
    #[arg(long, value_name = "N", value_parser = within::<u32>(1..=200_000))]
    shortlist: Option<u32>,
    /// Seconds to measure; a fifth more warms up
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
}

/// Prints one line: target tokens a second, of the median of the rounds and of the best.
pub fn run(args: &DecodeArgs) -> Result<(), Error> {
    let &DecodeArgs { preset, beam, batch, len, tgt_len, vocab_size, weights, shortlist, seconds } = args;
    if batch.checked_mul(len.max(tgt_len)).is_none_or(|tokens| tokens > MAX_TOKENS) {
        return Err(Error::Input(format!(
            "--batch {batch} --len {len} --tgt-len {tgt_len}: a batch may have {MAX_TOKENS} tokens, on either side"
        )));
    }
    if let Some(words) = shortlist.filter(|&words| u64::from(words) + FIRST_WORD > vocab_size.into()) {
        let all = u64::from(vocab_size) - FIRST_WORD;
        return Err(Error::Input(format!(
            "--shortlist is {words}, but a vocabulary of {vocab_size} has {all} words"
        )));
    }
    let config = preset.config(VocabSizes::Shared(vocab_size as usize));
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32)?;
    let params = params.prepacked(weights.into());
    let sources: Vec<Vec<u32>> = made_up(batch, len, vocab_size).into_iter().map(|pair| pair.src).collect();
    let tgt_len = tgt_len as usize;
    let rules = Rules { min_len: tgt_len, max_len: Some(tgt_len), ..Rules::default() };
    let options = BeamOptions {
        beam_size: beam,
        max_len: MaxLen { beyond_source: tgt_len },
        rules,
        shortlist: shortlist.map(words),
        ..BeamOptions::default()
    };
    let rounds = time(seconds, || {
        let found = search_in_batches(&model, &params, &sources, &options, |_| ())?;
        assert!(
            found.iter().all(|found| found[0].ids.len() == tgt_len),
            "translations are of the length asked for"
        );
        Ok(())
    })?;
    let name = preset.to_possible_value().map_or(String::new(), |value| value.get_name().into());
    let kept = match Packing::from(weights) {
        Packing::F32 => String::new(),
        packing => format!(" weights {packing}"),
    };
    let listed = shortlist.map_or(String::new(), |words| format!(" shortlist {words}"));
    let tokens = f64::from(batch) * tgt_len as f64;
    print(&format!(
        "decode {name} beam {beam} batch {batch}{kept}{listed}: {:.0} target tokens/s (best {:.0}), {:.2} ms a batch, median of {}\n",
        tokens / median(&rounds),
        tokens / rounds[0],
        1e3 * median(&rounds),
        rounds.len(),
    ))
}

/// So many words for every sentence.
fn words(count: u32) -> Arc<Shortlist> {
    let first = FIRST_WORD as u32;
    Arc::new(Shortlist::new((first..first + count).collect(), Vec::new()))
}
