use super::*;
use crate::config::{Config, DecoderStart, VocabSizes};
use crate::data::batch::{IGNORE, Pair};
use crate::train::reduce::run_shards;
use tensor::{DType, Precision};

fn pairs() -> Vec<Pair> {
    let pair = |row: usize| Pair {
        src: (0..2 + row % 5).map(|i| ((row + i) % 6) as u32).collect(),
        tgt: (0..1 + row * 3 % 7).map(|i| ((row * i) % 6) as u32).collect(),
    };
    (0..11).map(pair).collect()
}

fn model(dropout: f64) -> (Transformer, Params) {
    let config = Config::toy(VocabSizes::Shared(6)).with(|model| {
        model.d_model = 8;
        model.d_ff = 8;
        model.n_heads = 2;
        model.dropout = dropout;
    });
    Transformer::new(&config, Seed::new(1), DType::F64).unwrap()
}

fn gradients(tokens: usize, dropout: f64) -> (LossStats, Vec<Vec<f64>>) {
    let (model, params) = model(dropout);
    let start = model.config().decoder_start;
    let batches = [&pairs()[..7], &pairs()[7..]].map(|pairs| Batch::new(pairs, start, 0).unwrap());
    let shards = Shard::of(&model, &batches, tokens, Seed::new(2)).unwrap();
    let how = How { smoothing: 0.1, precision: Precision::F32, profiling: false, trace: None };
    let result = run_shards(&shards, &model, &params, how).unwrap().unwrap();
    let list = params.iter().map(|(id, ..)| result.gradients.get(id).unwrap().to_f64_vec()).collect();
    (result.stats, list)
}

#[test]
fn a_batch_is_cut_into_parts_that_make_it_up() {
    for start in [DecoderStart::Token(5), DecoderStart::ZeroVector] {
        let (pairs, whole) = (pairs(), Batch::new(&pairs(), start, 0).unwrap());
        let longest = whole.src.len.max(whole.tgt_len());
        for (tokens, parts) in
            [(1, 11), (longest * 4, 2), (longest * 5, 2), (longest * 6, 1), (usize::MAX, 1)]
        {
            let cut = whole.cut(tokens);
            assert_eq!(cut.len(), parts, "{tokens} tokens");
            let mut rest = &pairs[..];
            for part in &cut {
                let (these, others) = rest.split_at(part.batch_size());
                assert_eq!(part, &Batch::new(these, start, 0).unwrap());
                rest = others;
            }
            assert!(rest.is_empty());
        }
    }
}

#[test]
fn shards_give_the_gradients_of_the_whole() {
    let (whole_stats, whole) = gradients(usize::MAX, 0.0);
    for tokens in [1, 10, 20] {
        let (stats, sum) = gradients(tokens, 0.0);
        assert_eq!((stats.count, stats.correct), (whole_stats.count, whole_stats.correct));
        for (a, b) in sum.iter().flatten().zip(whole.iter().flatten()) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| gradients(6, 0.3))
    };
    let one = run(1);
    assert_ne!(one.1, gradients(usize::MAX, 0.3).1, "there are several shards");
    assert_eq!([run(2), run(5)], [one.clone(), one]);
}

#[test]
fn a_wrong_id_is_named_with_its_place_in_the_whole_batch() {
    let (model, _) = model(0.0);
    let mut batch = Batch::new(&pairs(), model.config().decoder_start, 0).unwrap();
    let width = batch.src.len;
    batch.src.ids[9 * width + 1] = 77;
    let problem = Shard::of(&model, &[batch], 1, Seed::new(2)).unwrap_err();
    assert!(matches!(problem, Error::TokenOutOfRange { id: 77, sentence: 9, position: 1, .. }), "{problem}");
}

#[test]
fn a_part_without_labels_takes_no_part() {
    let (model, _) = model(0.0);
    let mut batch = Batch::new(&pairs()[..2], model.config().decoder_start, 0).unwrap();
    let tgt_len = batch.tgt_len();
    batch.tgt_out[..tgt_len].fill(IGNORE);
    let shards = Shard::of(&model, &[batch.clone()], 1, Seed::new(2)).unwrap();
    assert_eq!((shards.len(), shards[0].share), (1, 1.0));
    batch.tgt_out.fill(IGNORE);
    assert!(matches!(Shard::of(&model, &[batch], 1, Seed::new(2)), Err(Error::NoLabels)));
}
