//! Single weights, followed through every step of Adam.

use nn::{OptimizerState, ParamGradients, ParamId, Params, Rule};
use tensor::Tensor;

use super::sink::numbers;
use crate::recording::{Followed, OptimizerRule};

/// Of the first parameter whose name ends so, one number is followed: a projection of attention, a weight of the
/// feed-forward network, the embedding of a word, and what makes a word's logit.
const KINDS: [&str; 4] = ["q_proj.weight", "linear1.weight", "embedding.weight", "projection.weight"];

/// A training at one moment: the parameters, and what the optimizer remembers.
pub(super) struct Moment<'a> {
    pub params: &'a Params,
    pub memory: &'a OptimizerState,
}

/// Which weights are followed, once a first step was seen.
#[derive(Default)]
pub(super) struct Places(Option<Vec<Place>>);

/// A number of a parameter.
struct Place {
    id: ParamId,
    name: String,
    offset: usize,
}

impl Places {
    /// The followed weights through a step: of each kind the one with the largest gradient at the first step seen. None
    /// if the rule is another than Adam's.
    pub fn follow(
        &mut self,
        rule: Option<Rule>,
        before: &Moment,
        after: &Moment,
        gradients: &ParamGradients,
    ) -> Vec<Followed> {
        let (Some(Rule::Adam { beta1, beta2, .. }) | Some(Rule::AdamW { beta1, beta2, .. })) = rule else {
            return Vec::new();
        };
        let places = self.0.get_or_insert_with(|| choose(after.params, gradients));
        let followed = |place: &Place| -> Option<Followed> {
            let of = |tensor: &Tensor| f64::from(numbers(tensor)[place.offset]);
            let moment = |at: &Moment, which: &str| {
                at.memory.tensors.get(&format!("{which}.{}", place.name)).map_or(0.0, of) // 0 before all steps
            };
            let moments = |which: &str| [moment(before, which), moment(after, which)];
            let (first_moment, second_moment) = (moments("first_moment"), moments("second_moment"));
            let t = after.memory.steps;
            let corrected = |moment: f64, beta: f64| moment / (1.0 - beta.powf(t as f64));
            let weight = [before, after].map(|at| of(at.params.get(place.id)));
            Some(Followed {
                parameter: place.name.clone(),
                index: index(after.params.get(place.id), place.offset),
                t,
                gradient: of(gradients.get(place.id)?),
                first_moment,
                second_moment,
                corrected: [corrected(first_moment[1], beta1), corrected(second_moment[1], beta2)],
                weight,
                update: weight[1] - weight[0],
            })
        };
        places.iter().filter_map(followed).collect()
    }
}

/// The number with the largest gradient of the first parameter of each kind.
fn choose(params: &Params, gradients: &ParamGradients) -> Vec<Place> {
    let of_kind = |kind: &&str| {
        let (id, name, _) = params.iter().find(|(id, name, _)| {
            let is_kind = *name == *kind || name.ends_with(&format!(".{kind}"));
            is_kind && params.is_trainable(*id)
        })?;
        let gradient = numbers(gradients.get(id)?);
        let offset = (0..gradient.len()).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs()))?;
        Some(Place { id, name: name.into(), offset })
    };
    KINDS.iter().filter_map(of_kind).collect()
}

/// The index of the number that stands so far from the first.
fn index(tensor: &Tensor, mut offset: usize) -> Vec<usize> {
    let mut index: Vec<usize> = Vec::new();
    for &len in tensor.shape().iter().rev() {
        index.push(offset % len);
        offset /= len;
    }
    index.reverse();
    index
}

/// The rule as it is recorded.
pub(super) fn recorded(rule: Rule) -> Option<OptimizerRule> {
    let adam = |name: &str, beta1, beta2, eps| OptimizerRule {
        name: name.into(),
        betas: Some([beta1, beta2]),
        eps: Some(eps),
        ..OptimizerRule::default()
    };
    match rule {
        Rule::Sgd { momentum, weight_decay } => Some(OptimizerRule {
            name: "Sgd".into(),
            momentum: Some(momentum),
            weight_decay: Some(weight_decay),
            ..OptimizerRule::default()
        }),
        Rule::Adam { beta1, beta2, eps } => Some(adam("Adam", beta1, beta2, eps)),
        Rule::AdamW { beta1, beta2, eps, weight_decay } => {
            Some(OptimizerRule { weight_decay: Some(weight_decay), ..adam("AdamW", beta1, beta2, eps) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use nn::{Adam, AdamW, Constant, Optimizer, Sgd};
    use tensor::{DType, Seed};
    use transformer::{Batch, Config, Pair, TrainOptions, Trainer, Transformer, VocabSizes};

    use super::*;
    use crate::record::{Recorder, Words};
    use crate::recording::{About, Recording};
    use crate::testing::toy;

    const RATE: f64 = 0.01;

    /// Five steps of a small model, with gradients clipped.
    fn trained(optimizer: impl Optimizer) -> Recording {
        let config = Config::toy(VocabSizes::Separate { src: 4, tgt: 5 })
            .with(|model| (model.d_model, model.d_ff, model.n_heads) = (8, 12, 2));
        let model = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
        let options = TrainOptions { clip_norm: Some(0.5), ..TrainOptions::default() };
        let schedule = Constant { learning_rate: RATE };
        let mut trainer = Trainer::new(model, optimizer, schedule, options).unwrap();
        let words = ["a", "b", "c", "d", "e"].map(String::from);
        let words = Words::whole(&words, &words);
        let mut recorder = Recorder::new(&trainer.model, &trainer.params, words, About::default());
        let pair = Pair { src: vec![1, 2, 3], tgt: vec![3, 4, 2] };
        let batch = Batch::new([&pair], config.decoder_start, 0).unwrap();
        (0..5).for_each(|_| drop(recorder.train_step(&mut trainer, std::slice::from_ref(&batch)).unwrap()));
        recorder.finish()
    }

    /// Kingma and Ba's algorithm from the recorded gradients alone, from 0, in f64; it must give all else that was recorded
    /// up to `rounding`.
    #[track_caller]
    fn hold(recording: &Recording, rounding: f64) {
        let OptimizerRule { betas, eps, weight_decay, .. } = *recording.about().optimizer.clone().unwrap();
        let ([beta1, beta2], eps) = (betas.unwrap(), eps.unwrap());
        let near = |what: &str, found: f64, expected: f64, size: f64| {
            assert!(
                (found - expected).abs() <= rounding * size.abs() + 1e-12,
                "{what}: {found}, not {expected}"
            );
        };
        let n_followed = recording.steps()[0].followed.len();
        assert_eq!(n_followed, KINDS.len());
        for place in 0..n_followed {
            // Errors of the moments are as large as the rounding of the largest gradient so far.
            let (mut m, mut v, mut largest) = (0.0, 0.0, 0.0_f64);
            for (t, step) in (1..).zip(recording.steps()) {
                let of = &step.followed[place];
                let [first, last] = [&recording.steps()[0].followed[place], of];
                assert_eq!((&first.parameter, &first.index, of.t), (&last.parameter, &last.index, t));
                largest = largest.max(of.gradient.abs());
                near("m before", of.first_moment[0], m, largest);
                near("v before", of.second_moment[0], v, largest * largest);
                m = beta1 * m + (1.0 - beta1) * of.gradient;
                v = beta2 * v + (1.0 - beta2) * of.gradient.powi(2);
                near("m", of.first_moment[1], m, largest);
                near("v", of.second_moment[1], v, 2.0 * largest * largest);
                let corrections = [beta1, beta2].map(|beta| 1.0 - beta.powf(t as f64));
                let hats = [m / corrections[0], v / corrections[1]];
                near("m hat", of.corrected[0], hats[0], largest / corrections[0]);
                near("v hat", of.corrected[1], hats[1], 2.0 * largest * largest / corrections[1]);
                let [before, after] = of.weight;
                let decay = step.learning_rate * weight_decay.unwrap_or(0.0) * before;
                let update = -decay - step.learning_rate * of.corrected[0] / (of.corrected[1].sqrt() + eps);
                let tiny = f64::from(f32::EPSILON) * before.abs() / rounding;
                near("update", of.update, update, 4.0 * update + tiny.copysign(update));
                near("after", after, before + of.update, 2.0 * before.abs().max(after.abs()));
            }
        }
    }

    #[test]
    fn adam_by_the_formula_gives_what_was_recorded() {
        hold(&trained(Adam::default()), 2e-6);
        hold(&trained(AdamW::new(Adam::new(0.8, 0.99, 1e-3), 0.3)), 2e-6);
        hold(toy(), 1e-3); // with four digits
    }

    #[test]
    fn gradients_are_recorded_after_clipping_and_the_chosen_are_large() {
        let recording = trained(Adam::default());
        let step = recording.steps()[0];
        assert!(step.grad_norm > 0.5, "{}", step.grad_norm);
        for followed in &step.followed {
            let at = recording.about().parameters.iter().position(|one| one.name == followed.parameter);
            let (norms, shape) = (step.norms[at.unwrap()], &recording.about().parameters[at.unwrap()].shape);
            let count = shape.iter().product::<usize>() as f64;
            assert!(norms.gradient <= 0.5, "after clipping");
            let range = norms.gradient / count.sqrt()..=norms.gradient * 1.000_001;
            assert!(range.contains(&followed.gradient.abs()), "{followed:?} is not the largest of {norms:?}");
            assert!(followed.index.iter().zip(shape).all(|(at, len)| at < len));
        }
    }

    #[test]
    fn what_is_not_adam_is_named_and_not_followed() {
        let recording = trained(Sgd::new(0.9, 0.0));
        assert!(recording.steps().iter().all(|step| step.followed.is_empty()));
        let rule = recording.about().optimizer.clone().unwrap();
        assert_eq!((rule.name.as_str(), rule.momentum, rule.betas), ("Sgd", Some(0.9), None));
        assert_eq!(trained(Box::new(Adam::default()) as Box<dyn Optimizer>), trained(Adam::default()));
    }
}
