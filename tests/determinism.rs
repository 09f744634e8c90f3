//! The same seed gives the same bits: twice in a row, and on any number of threads. Work is split by the
//! problem's sizes and never by the number of threads, so neither the loss, nor a gradient, nor a weight
//! after several steps of training with dropout can tell on how many it was computed.

use autograd::{Tape, Var};
use nn::{Adam, Constant, Context, Params, Trace};
use rayon::ThreadPoolBuilder;
use tensor::{DType, Seed, Tensor};
use transformer::search::MaxLen;
use transformer::search::greedy::greedy;
use transformer::{Config, TrainOptions, Trainer, Transformer, VocabSizes};

use crate::common::{DROPOUT_SEED, batch, bits, loss_and_gradients, pairs, param_bits, random_model, small};

/// Large enough that every kernel splits its work: 400 tokens a side, 128 wide; 3.6 million logits, which the loss
/// takes in two chunks of at least 256 rows; sentences of more than one tile of 64 queries.
const VOCAB_SIZE: usize = 9000;

/// Training cuts the batch into three shards.
const SHARD_TOKENS: usize = 128;

fn config() -> Config {
    let vocab_sizes = VocabSizes::Shared(VOCAB_SIZE);
    Config::tiny(vocab_sizes).with(|model| {
        model.n_encoder_layers = 1;
        model.n_decoder_layers = 1;
        model.dropout = 0.1;
        model.attention_dropout = 0.1;
        model.attention_bias = true;
    })
}

/// Five pairs of up to 80 words a side.
fn lens() -> Vec<(usize, usize)> {
    (0..5).map(|i| (80 - i % 3, 80 - i % 4)).collect()
}

/// Everything that a run computes, as bits.
#[derive(PartialEq)]
struct Run {
    loss: u64,
    gradients: Vec<u64>,
    trained: Vec<u64>,
    translations: Vec<Vec<u32>>,
}

/// A forward and backward pass, then three steps of Adam, then a translation.
fn run(seed: u64) -> Run {
    let config = config();
    let (model, params) = Transformer::new(&config, Seed::new(seed), DType::F32).unwrap();
    let pairs = pairs(&lens(), VOCAB_SIZE, 1);
    let batch = [batch(&config, &pairs)];
    let (stats, gradients) = loss_and_gradients(&model, &params, &batch[0], 0.1);
    let gradients = params.iter().flat_map(|(id, ..)| bits(gradients.get(id).unwrap())).collect();

    let seed = Seed::new(seed);
    let options =
        TrainOptions { seed, clip_norm: Some(1.0), shard_tokens: SHARD_TOKENS, ..TrainOptions::default() };
    let schedule = Constant { learning_rate: 1e-3 };
    let mut trainer = Trainer::new((model, params), Adam::default(), schedule, options).unwrap();
    trainer.profile_steps(true);
    let report = trainer.train_step(&batch).unwrap();
    let losses = report.profile.unwrap().row("linear_cross_entropy").unwrap().calls;
    assert_eq!(losses, 3, "the batch is cut into shards");
    trainer.profile_steps(false);
    for _ in 0..2 {
        trainer.train_step(&batch).unwrap();
    }
    let Trainer { model, params, .. } = trainer;
    let sources: Vec<Vec<u32>> = pairs.into_iter().map(|pair| pair.src).take(4).collect();
    let found = greedy(&model, &params, &sources, MaxLen { beyond_source: 0 }).unwrap();
    Run {
        loss: stats.loss_sum.to_bits(),
        gradients,
        trained: param_bits(&params),
        translations: found.into_iter().map(|one| one.ids).collect(),
    }
}

fn run_on(threads: usize, seed: u64) -> Run {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| run(seed))
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let one = run_on(1, 1);
    for threads in [2, 4] {
        let many = run_on(threads, 1);
        assert_eq!(many.loss, one.loss, "the loss on {threads} threads");
        assert!(many.gradients == one.gradients, "the gradients on {threads} threads");
        assert!(many.trained == one.trained, "the trained weights on {threads} threads");
        assert_eq!(many.translations, one.translations, "the translations on {threads} threads");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let first = run_on(2, 2);
    assert!(first == run_on(2, 2), "the same seed");
    let other = run_on(2, 3);
    assert!(first.loss != other.loss && first.gradients != other.gradients && first.trained != other.trained);
}

/// One step of training a small model, of which only the options' seed varies: dropout and the order of the
/// batches.
fn trained(seed: u64, dropout: f64, epoch: u64) -> Params {
    let config = small().with(|model| model.dropout = dropout);
    let made = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let options = TrainOptions { seed: Seed::new(seed), max_tokens: 12, ..TrainOptions::default() };
    let schedule = Constant { learning_rate: 1e-2 };
    let mut trainer = Trainer::new(made, Adam::default(), schedule, options).unwrap();
    let pairs = pairs(&[(3, 3); 12], crate::common::VOCAB_SIZE, 1);
    trainer.train_epoch(&pairs, epoch, |_| std::ops::ControlFlow::Continue(())).unwrap();
    trainer.params
}

#[test]
fn dropout_and_the_order_of_batches_come_from_the_seed() {
    for dropout in [0.0, 0.2] {
        let bits = |seed, epoch| param_bits(&trained(seed, dropout, epoch));
        assert!(bits(1, 0) == bits(1, 0));
        assert!(bits(1, 0) != bits(2, 0), "another seed");
        assert!(bits(1, 0) != bits(1, 1), "another epoch");
    }
}

/// A trace that looks at every value and asks for its gradient.
struct Curious;

impl Trace for Curious {
    fn wants_gradients(&self) -> bool {
        true
    }

    fn record(&self, path: &str, value: &Var) {
        value.retain_grad();
        assert!(value.value().all_finite() || path.ends_with("masked_scores"));
    }

    fn gradient(&self, path: &str, gradient: &Tensor) {
        assert!(gradient.all_finite(), "{path}");
    }
}

#[test]
fn looking_changes_no_bit() {
    let config = small().with(|model| {
        model.dropout = 0.2;
        model.attention_dropout = 0.1;
    });
    let (model, params) = random_model(&config, 1, DType::F32);
    let batch = batch(&config, &pairs(&[(3, 4), (5, 2)], crate::common::VOCAB_SIZE, 1));
    let (stats, gradients) = loss_and_gradients(&model, &params, &batch, 0.1);
    let tape = Tape::new();
    let cx = Context::training(&params, &tape, DROPOUT_SEED).with_trace(&Curious);
    let looked_at = model.loss(&cx, &batch, 0.1).unwrap();
    assert_eq!(looked_at.stats, stats);
    let looked_at = cx.gradients(looked_at.loss.backward());
    for (id, name, _) in params.iter() {
        assert_eq!(bits(looked_at.get(id).unwrap()), bits(gradients.get(id).unwrap()), "{name}");
    }
}
