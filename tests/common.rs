//! Small models, random sentences and comparisons that the modules share.

use autograd::{LossStats, Tape};
use nn::{Context, ParamGradients, ParamId, Params};
use proptest::prelude::*;
use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use tensor::{DType, Seed, Tensor};
use transformer::{Batch, Config, DecoderStart, Pair, Transformer, VocabSizes};

/// The ids of `<bos>` and `<eos>` in the presets. Words are 3 and above.
pub const BOS: u32 = 1;
pub const EOS: u32 = 2;
pub const FIRST_WORD: u32 = 3;

/// Words of each side, in most tests.
pub const VOCAB_SIZE: usize = 9;

/// What dropout draws from in [`loss_and_gradients`].
pub const DROPOUT_SEED: Seed = Seed::new(5);

/// `count` cases that are the same on every run, and no file of failures beside the tests.
///
/// Proptest's own environment variables ask for more and for others: with `PROPTEST_CASES` at 2560 every test
/// runs ten times as many as it does without, where that variable counts as 256; `PROPTEST_RNG_SEED` draws them
/// from another seed.
pub fn cases(count: u32) -> ProptestConfig {
    let asked = ProptestConfig::default(); // by the environment
    let cases = (u64::from(count) * u64::from(asked.cases) / 256).max(1) as u32;
    let rng_seed = match asked.rng_seed {
        RngSeed::Random => RngSeed::Fixed(2017),
        fixed => fixed,
    };
    ProptestConfig { cases, rng_seed, max_shrink_iters: 4096, failure_persistence: None, ..asked }
}

/// One to four pairs, as the lengths of their sides.
pub fn lens() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((1..7usize, 1..7usize), 1..5)
}

/// A start token, or a zero vector.
pub fn starts() -> impl Strategy<Value = DecoderStart> {
    prop_oneof![Just(DecoderStart::Token(BOS)), Just(DecoderStart::ZeroVector)]
}

/// Two layers each of encoder and decoder, 8 wide, with two heads and nothing tied.
pub fn small() -> Config {
    let vocab_sizes = VocabSizes::Separate { src: VOCAB_SIZE, tgt: VOCAB_SIZE };
    Config::toy(vocab_sizes).with(|model| {
        model.d_model = 8;
        model.d_ff = 12;
        model.n_heads = 2;
        model.max_len = 12;
    })
}

/// A model whose parameters all have been moved from where they start: no bias is zero, no norm plain.
pub fn random_model(config: &Config, seed: u64, dtype: DType) -> (Transformer, Params) {
    let seed = Seed::new(seed);
    let (model, mut params) = Transformer::new(config, seed, dtype).unwrap();
    let ids: Vec<ParamId> = params.iter().map(|(id, ..)| id).collect();
    for id in ids {
        let stream = seed.derive("moved").derive(params.name(id));
        let moved = Tensor::normal(params.get(id).shape(), 0.0, 0.3, stream, dtype);
        params.get_mut(id).add_assign(&moved);
    }
    (model, params)
}

/// `len` words of a vocabulary of `vocab_size`.
pub fn words(len: usize, vocab_size: usize, seed: Seed) -> Vec<u32> {
    let word = |i| FIRST_WORD + (seed.derive_index(i).0 % (vocab_size as u64 - u64::from(FIRST_WORD))) as u32;
    (0..len as u64).map(word).collect()
}

/// Pairs of these lengths; a target's counts its `<eos>`.
pub fn pairs(lens: &[(usize, usize)], vocab_size: usize, seed: u64) -> Vec<Pair> {
    let seed = Seed::new(seed);
    let pair = |(i, &(src_len, tgt_len)): (usize, &(usize, usize))| {
        let stream = seed.derive_index(i as u64);
        let tgt = words(tgt_len - 1, vocab_size, stream.derive("tgt"));
        Pair { src: words(src_len, vocab_size, stream.derive("src")), tgt: [tgt, vec![EOS]].concat() }
    };
    lens.iter().enumerate().map(pair).collect()
}

/// The sources of such pairs.
pub fn sources(lens: &[(usize, usize)], seed: u64) -> Vec<Vec<u32>> {
    pairs(lens, VOCAB_SIZE, seed).into_iter().map(|pair| pair.src).collect()
}

/// The pairs side by side, for a model of this configuration.
pub fn batch<'a>(config: &Config, pairs: impl IntoIterator<Item = &'a Pair>) -> Batch {
    Batch::new(pairs, config.decoder_start, 0).unwrap()
}

/// The logits at every position, `[batch, tgt_len, vocab_size]`, without dropout.
pub fn logits(model: &Transformer, params: &Params, batch: &Batch) -> Tensor {
    model.forward(&Context::inference(params), batch).unwrap().into_value()
}

/// One forward and backward pass in training, dropout included.
pub fn loss_and_gradients(
    model: &Transformer,
    params: &Params,
    batch: &Batch,
    smoothing: f64,
) -> (LossStats, ParamGradients) {
    let tape = Tape::new();
    let cx = Context::training(params, &tape, DROPOUT_SEED);
    let out = model.loss(&cx, batch, smoothing).unwrap();
    (out.stats, cx.gradients(out.loss.backward()))
}

/// Every number as its bits: unlike `==`, this tells -0 from 0 and finds NaN equal to itself.
pub fn bits(x: &Tensor) -> Vec<u64> {
    x.to_f64_vec().into_iter().map(f64::to_bits).collect()
}

/// All parameters, bit by bit, in order.
pub fn param_bits(params: &Params) -> Vec<u64> {
    params.iter().flat_map(|(_, _, tensor)| bits(tensor)).collect()
}

/// Asserts that two f64 tensors agree to 1e-12 of the larger of 1 and the elements: they are the same
/// quantity, computed in another order.
#[track_caller]
pub fn assert_close(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!((found.dtype(), found.shape()), (DType::F64, expected.shape()), "{what}");
    assert_all_close(what, &found.to_f64_vec(), &expected.to_f64_vec());
}

/// The same for plain numbers.
#[track_caller]
pub fn assert_all_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (&x, &y)) in found.iter().zip(expected).enumerate() {
        let tolerance = 1e-12 * x.abs().max(y.abs()).max(1.0);
        assert!((x - y).abs() <= tolerance, "{what}: element {i} is {x}, expected {y}");
    }
}

/// The same for the gradients of all parameters.
#[track_caller]
pub fn assert_gradients_close(params: &Params, found: &ParamGradients, expected: &ParamGradients) {
    for (id, name, _) in params.iter() {
        assert_close(name, found.get(id).unwrap(), expected.get(id).unwrap());
    }
}
