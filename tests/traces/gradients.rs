//! A trace is told the gradients of what it saw, inside attention too, and training can be watched.

use std::sync::Mutex;

use autograd::{Tape, Var};
use nn::{Adam, Constant, Context, ParamGradients, Params, Trace};
use tensor::{DType, Seed, Tensor};
use transformer::{Batch, NormPlacement, TrainOptions, Trainer, Transformer};

use super::{PLACEMENTS, Seen, model};
use crate::common::{VOCAB_SIZE, batch, bits, pairs, random_model, small};

/// Values and their gradients, as the trace is handed them.
#[derive(Default)]
struct Both(Mutex<Vec<(String, Tensor, Option<Tensor>)>>);

impl Trace for Both {
    fn wants_parameter(&self, _: &str) -> bool {
        true
    }

    fn wants_gradients(&self) -> bool {
        true
    }

    fn record(&self, path: &str, value: &Var) {
        self.0.lock().unwrap().push((path.to_string(), value.value().clone(), None));
    }

    fn gradient(&self, path: &str, gradient: &Tensor) {
        let mut seen = self.0.lock().unwrap();
        let place = seen.iter_mut().find(|(name, _, told)| name == path && told.is_none());
        place.expect("a gradient is of a value").2 = Some(gradient.clone());
    }
}

impl Both {
    #[track_caller]
    fn at(&self, path: &str) -> (Tensor, Tensor) {
        let seen = self.0.lock().unwrap();
        let (_, value, gradient) = seen.iter().find(|(name, ..)| name == path).expect(path);
        (value.clone(), gradient.clone().expect(path))
    }
}

/// A pass of training with dropout everywhere, its gradients seen by a trace.
fn backward(norm: NormPlacement) -> (Both, Batch, f64) {
    let (config, ..) = model(norm);
    let config = config.with(|model| (model.dropout, model.attention_dropout) = (0.2, 0.3));
    let (model, params) = random_model(&config, 1, DType::F64);
    let batch = batch(&config, &pairs(&[(3, 4), (5, 2)], VOCAB_SIZE, 1));
    let (tape, seen) = (Tape::new(), Both::default());
    let cx = Context::training(&params, &tape, Seed::new(3)).with_trace(&seen);
    let loss = model.loss(&cx, &batch, 0.1).unwrap().loss;
    let value = loss.item();
    cx.gradients(loss.backward());
    (seen, batch, value)
}

#[test]
fn gradients_reach_whatever_is_traced_but_what_is_constant() {
    for norm in PLACEMENTS {
        let (seen, ..) = backward(norm);
        for (path, value, gradient) in seen.0.lock().unwrap().iter() {
            match gradient {
                Some(gradient) => assert_eq!(gradient.shape(), value.shape(), "{norm:?} {path}"),
                None => assert!(path.ends_with(".positions"), "{norm:?} {path}"),
            }
            assert!(gradient.as_ref().is_none_or(Tensor::all_finite), "{norm:?} {path}");
        }
    }
}

#[test]
fn a_trace_is_told_the_gradients_that_a_kept_variable_would_have() {
    for norm in PLACEMENTS {
        let (_, model, params, batch) = model(norm);
        let (tape, kept) = (Tape::new(), Seen::default());
        let cx = Context::inference(&params).with_tape(&tape).with_trace(&kept);
        let gradients = model.loss(&cx, &batch, 0.1).unwrap().loss.backward();
        let (tape, told) = (Tape::new(), Both::default());
        let cx = Context::inference(&params).with_tape(&tape).with_trace(&told);
        let loss = model.loss(&cx, &batch, 0.1).unwrap().loss;
        cx.gradients(loss.backward());
        let mut compared = 0;
        for (path, value) in kept.0.borrow().iter() {
            if let Some(gradient) = gradients.get(value) {
                assert_eq!(&told.at(path).1, gradient, "{norm:?} {path}");
                compared += 1;
            }
        }
        assert!(compared > 30, "{compared}");
    }
}

const ATTENTIONS: [&str; 3] =
    ["encoder.layers.0.self_attn", "decoder.layers.0.self_attn", "decoder.layers.0.cross_attn"];

/// `[batch, len, d_model] -> [batch, n_heads, len, d_head]`, of two heads.
fn heads(x: &Tensor) -> Tensor {
    x.reshape([x.dim(0), x.dim(1), 2, x.dim(2) / 2]).transpose(1, 2)
}

#[track_caller]
fn assert_near(what: &str, a: &Tensor, b: &Tensor) {
    let difference = a.sub(b).powi(2).max(.., false).item().sqrt();
    assert!(difference < 1e-12, "{what}: {difference}");
}

/// Raw scores are products, scaled ones a multiple; masked ones are minus infinity exactly where the weight is 0.
#[test]
fn scores_become_weights_as_the_equations_say() {
    let (seen, ..) = backward(NormPlacement::Post);
    for attention in ATTENTIONS {
        let value = |name: &str| seen.at(&format!("{attention}.{name}")).0;
        let scores = heads(&value("query")).matmul(&heads(&value("key")).transpose(-2, -1));
        assert_near(attention, &value("scores"), &scores);
        assert_near(attention, &value("scaled_scores"), &scores.mul_scalar(0.5)); // d_head is 4
        assert_near(
            attention,
            &value("weights").sum(-1, false),
            &Tensor::ones(scores.shape().as_ref()[..3].to_vec(), DType::F64),
        );
        let (masked, weights) = (value("masked_scores").to_f64_vec(), value("weights").to_f64_vec());
        let scaled = value("scaled_scores").to_f64_vec();
        for ((masked, weight), scaled) in masked.into_iter().zip(weights).zip(scaled) {
            assert_eq!(masked == f64::NEG_INFINITY, weight == 0.0, "{attention}");
            assert!(masked == scaled || masked == f64::NEG_INFINITY, "{attention}");
        }
        assert!(
            value("masked_scores").to_f64_vec().contains(&f64::NEG_INFINITY),
            "{attention}: a mask hides something"
        );
    }
}

/// `d loss / d weights = d loss / d context · V^T`, here with what dropout kept of it; the scores' gradients follow by the
/// vjp of softmax, so those of a row sum to 0, and lead on to the gradient of the queries.
#[test]
fn gradients_inside_attention_are_what_the_equations_say() {
    let (seen, ..) = backward(NormPlacement::Post);
    for attention in ATTENTIONS {
        let at = |name: &str| seen.at(&format!("{attention}.{name}"));
        let (weights, of_weights) = at("weights");
        let through = heads(&at("context").1).matmul(&heads(&at("value").0).transpose(-2, -1));
        let pairs = of_weights.to_f64_vec().into_iter().zip(through.to_f64_vec());
        let (mut kept, mut dropped) = (0, 0);
        for (found, all) in pairs {
            match found == 0.0 {
                true => dropped += 1,
                false => {
                    assert!((found - all / 0.7).abs() < 1e-12, "{attention}: {found} of {all}");
                    kept += 1;
                }
            }
        }
        assert!(kept > 20 && dropped > 0, "{attention}: {kept} and {dropped}");
        let mean = of_weights.mul(&weights).sum(-1, true);
        let of_scaled = weights.mul(&of_weights.sub(&mean.broadcast_to(weights.shape())));
        assert_near(attention, &at("scaled_scores").1, &of_scaled);
        assert_near(attention, &at("masked_scores").1, &of_scaled);
        assert_near(attention, &at("scores").1, &of_scaled.mul_scalar(0.5));
        assert_near(attention, &heads(&at("query").1), &at("scores").1.matmul(&heads(&at("key").0)));
        assert!(of_scaled.sum(-1, false).powi(2).max(.., false).item() < 1e-24, "{attention}");
    }
}

/// The gradient of the cross-entropy at the logits is p - y, over the number of labels.
#[test]
fn the_gradient_at_the_logits_is_what_was_said_less_what_was_right() {
    let (seen, batch, _) = backward(NormPlacement::Pre);
    let (logits, gradient) = seen.at("logits");
    let said = logits.softmax(-1);
    let tgt_len = batch.tgt_len();
    for (place, &label) in batch.tgt_out.iter().enumerate() {
        for word in 0..VOCAB_SIZE {
            let at = [place / tgt_len, place % tgt_len, word];
            let right = 0.1 / VOCAB_SIZE as f64 + if word == label as usize { 0.9 } else { 0.0 };
            let counts = label != transformer::data::batch::IGNORE;
            let expected = if counts { (said.at(&at) - right) / batch.n_labels() as f64 } else { 0.0 };
            assert!((gradient.at(&at) - expected).abs() < 1e-12, "{at:?}");
        }
    }
}

/// Two steps of Adam over two batches each, cut into shards, with dropout everywhere.
fn train(dtype: DType, trace: Option<&Both>) -> (Vec<u64>, Params, Option<ParamGradients>) {
    let config = small().with(|model| (model.dropout, model.attention_dropout) = (0.2, 0.1));
    let model = Transformer::new(&config, Seed::new(1), dtype).unwrap();
    let options =
        TrainOptions { shard_tokens: 4, smoothing: 0.1, clip_norm: Some(0.5), ..TrainOptions::default() };
    let mut trainer =
        Trainer::new(model, Adam::default(), Constant { learning_rate: 1e-2 }, options).unwrap();
    let batches =
        [[(3, 4), (5, 2)], [(2, 2), (6, 6)]].map(|lens| batch(&config, &pairs(&lens, VOCAB_SIZE, 1)));
    let (mut losses, mut last) = (Vec::new(), None);
    for _ in 0..2 {
        let report = match trace {
            None => trainer.train_step(&batches).unwrap(),
            Some(trace) => {
                let (report, gradients) = trainer.train_step_traced(&batches, trace).unwrap();
                last = Some(gradients);
                report
            }
        };
        losses.push(report.stats.loss().to_bits());
    }
    (losses, trainer.params, last)
}

#[test]
fn training_can_be_watched_and_is_the_same_to_the_bit() {
    for dtype in [DType::F32, DType::F64] {
        let trace = Both::default();
        let (losses, params, _) = train(dtype, None);
        let (losses_seen, params_seen, gradients) = train(dtype, Some(&trace));
        assert_eq!(losses, losses_seen);
        for ((_, name, tensor), (.., seen)) in params.iter().zip(params_seen.iter()) {
            assert_eq!(bits(tensor), bits(seen), "{dtype} {name}");
        }
        let norm = gradients.unwrap().global_norm();
        assert!((norm - 0.5).abs() < 1e-6, "after clipping: {norm}");
        let seen = trace.0.into_inner().unwrap();
        let of = |path: &str| seen.iter().filter(|(name, ..)| name == path).collect::<Vec<_>>();
        for path in ["decoder.layers.1.cross_attn.weights", "decoder.layers.1.cross_attn.q_proj.weight"] {
            let shards = of(path);
            assert_eq!(shards.len(), 2 * 4, "{path}: two steps of a shard for each sentence");
            assert!(shards.iter().all(|(.., gradient)| gradient.is_some()), "each is told its gradients");
        }
    }
}

/// Parameters are seen as they are before the step; what the shards' gradients add up to is what the step follows.
#[test]
fn the_gradients_of_parameters_add_up_to_those_of_the_step() {
    let trace = Both::default();
    let (_, params, gradients) = train(DType::F64, Some(&trace));
    let (seen, gradients) = (trace.0.into_inner().unwrap(), gradients.unwrap());
    let sums = params.iter().map(|(id, name, after)| {
        let shards: Vec<_> = seen.iter().filter(|(path, ..)| path == name).collect();
        let [_, _, _, _, second_step @ ..] = &shards[..] else { panic!("{name}: {} shards", shards.len()) };
        assert!(second_step.iter().all(|(_, before, _)| before == &second_step[0].1 && before != after));
        let of_shards = second_step.iter().map(|(.., gradient)| gradient.as_ref().unwrap());
        (
            id,
            name,
            of_shards.fold(Tensor::zeros(after.shape(), DType::F64), |sum, gradient| sum.add(gradient)),
        )
    });
    let sums: Vec<_> = sums.collect();
    let norm = sums.iter().map(|(.., sum)| sum.powi(2).sum(.., false).item()).sum::<f64>().sqrt();
    assert!(norm > 0.5, "the step is clipped");
    for (id, name, sum) in sums {
        assert_near(name, gradients.get(id).unwrap(), &sum.mul_scalar(0.5 / norm));
    }
}

/// The gradients of the shards are those of their shares of the loss: of the logits, p - y over all labels of the step.
#[test]
fn a_shards_gradient_is_that_of_its_share() {
    let trace = Both::default();
    train(DType::F32, Some(&trace));
    let seen = trace.0.into_inner().unwrap();
    let first: Vec<_> = seen.iter().filter(|(path, ..)| path == "logits").collect();
    let labels = 4 + 2 + 2 + 6;
    let (_, logits, gradient) = first[0];
    let (said, gradient) = (logits.softmax(-1), gradient.as_ref().unwrap());
    let at = [0, 0, 0]; // not the label of the first position, which is a word
    let expected = (said.at(&at) - 0.1 / VOCAB_SIZE as f64) / labels as f64;
    assert!((gradient.at(&at) - expected).abs() < 1e-7, "{} {expected}", gradient.at(&at));
}
