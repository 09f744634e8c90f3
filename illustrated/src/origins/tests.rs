//! The rules are what models compute.

use std::collections::BTreeMap;

use nn::Params;
use tensor::{DType, Seed, Tensor};
use transformer::{
    Activation, Config, NormPlacement, Pair, Positions, TieEmbeddings, Transformer, VocabSizes,
};

use super::rules::Numbers;
use super::{Origin, origins};
use crate::record::{Recorder, Words};
use crate::recording::{About, Pass, Recording};
use crate::testing::toy;

/// Holds every number of a pass to its rule. Returns how many there were of which rule.
#[track_caller]
fn hold(pass: Pass, origins: &BTreeMap<String, Origin>, rounding: f64) -> Result<usize, String> {
    let numbers = Numbers { pass, origins, rounding };
    let outputs =
        ["logit", "log_prob", "probability", "target", "label"].map(|name| format!("outputs.{name}"));
    let paths = pass.values().into_iter().map(|array| array.path.clone()).chain(outputs);
    let mut count = 0;
    for path in paths {
        let origin = origins.get(&path).ok_or(format!("{path} has no origin"))?;
        if *origin == Origin::Parameter {
            continue;
        }
        let (computed, recorded) =
            (numbers.computed(&path), numbers.recorded(&path).expect("it was recorded"));
        if computed.shape != recorded.shape {
            return Err(format!("{path}: {:?}, recorded {:?}", computed.shape, recorded.shape));
        }
        for (at, (computed, recorded)) in computed.data.iter().zip(&recorded.data).enumerate() {
            let near =
                (computed.value - recorded.value).abs() <= 1.01 * (computed.error + recorded.error) + 1e-7;
            if !near && computed.value != recorded.value {
                return Err(format!("{path}, number {at}: {computed:?}, recorded {recorded:?}"));
            }
        }
        count += computed.data.len();
    }
    Ok(count)
}

fn ways() -> Vec<Config> {
    let shared = || {
        Config::toy(VocabSizes::Shared(7)).with(|model| {
            (model.d_model, model.d_ff, model.n_heads, model.max_len) = (8, 12, 2, 9);
            (model.n_encoder_layers, model.n_decoder_layers) = (2, 1);
        })
    };
    let separate = |tie| {
        let architecture = shared().with(|model| model.tie_embeddings = tie).architecture;
        Config::new(architecture, VocabSizes::Separate { src: 7, tgt: 6 })
    };
    vec![
        shared(),
        shared().with(|model| (model.norm, model.attention_bias) = (NormPlacement::Pre, true)),
        shared().with(|model| (model.norm, model.activation) = (NormPlacement::PostFinal, Activation::Gelu)),
        separate(TieEmbeddings::Separate).with(|model| model.projection_bias = true),
        separate(TieEmbeddings::TargetWithOutput).with_symbols(5, None),
        shared().with(|model| (model.positions, model.causal_mask) = (Positions::Learned, false)),
        shared().with(|model| (model.positions, model.scale_scores) = (Positions::None, false)),
        shared().with(|model| model.positions = Positions::SinusoidalConcatenated),
    ]
}

/// A recording of all digits of a model whose parameters are all drawn: nothing is 0 or 1 that could be forgotten.
fn recorded(config: &Config) -> Recording {
    let (model, mut params) = Transformer::new(config, Seed::new(1), DType::F32).unwrap();
    draw(&mut params);
    let words = |n: usize| (0..n).map(|id| id.to_string()).collect::<Vec<String>>();
    let words = Words::whole(&words(config.src_vocab_size), &words(config.tgt_vocab_size));
    let mut recorder = Recorder::new(&model, &params, words, About { smoothing: 0.1, ..About::default() });
    recorder.pass(&model, &params, &Pair { src: vec![3, 4, 3], tgt: vec![5, 0, 2, 2] }, 0, true).unwrap();
    recorder.finish()
}

fn draw(params: &mut Params) {
    for id in params.iter().map(|(id, ..)| id).collect::<Vec<_>>() {
        let (shape, seed) = (params.get(id).shape(), Seed::new(2).derive(params.name(id)));
        *params.get_mut(id) = Tensor::normal(shape, 0.3, 0.5, seed, DType::F32);
    }
}

#[test]
fn every_number_of_every_architecture_follows_by_its_rule() {
    for config in ways() {
        let recording = recorded(&config);
        let origins = origins(recording.about());
        let count = hold(recording.last_pass().unwrap(), &origins, 2e-6).unwrap();
        assert!(count > 500, "{count}");
    }
}

#[test]
fn the_numbers_of_a_trained_model_follow_to_the_digits_that_were_kept() {
    let origins = origins(toy().about());
    hold(toy().last_pass().unwrap(), &origins, 5e-4).unwrap(); // with which the parameters were recorded
}

/// What is wrong in any one place is seen.
#[test]
fn a_wrong_rule_does_not_hold() {
    let recording = recorded(&ways()[1]);
    let right = origins(recording.about());
    let pass = recording.last_pass().unwrap();
    let wrong = |path: &str, change: &dyn Fn(&mut Origin)| {
        let mut wrong = right.clone();
        change(wrong.get_mut(path).unwrap());
        let problem = hold(pass, &wrong, 2e-6).unwrap_err();
        assert!(problem.contains("recorded"), "{path}: {problem}");
    };
    let attention = |name: &str| format!("decoder.layers.0.self_attn.{name}");
    wrong(&attention("query"), &|origin| {
        if let Origin::Linear { bias, .. } = origin {
            *bias = None
        }
    });
    wrong(&attention("masked_scores"), &|origin| {
        if let Origin::Masked { causal, .. } = origin {
            *causal = false
        }
    });
    wrong(&attention("scaled_scores"), &|origin| {
        if let Origin::Scaled { factor, .. } = origin {
            *factor *= 1.01
        }
    });
    wrong("encoder.norm.out", &|origin| {
        if let Origin::Norm { eps, .. } = origin {
            *eps = 0.01
        }
    });
    wrong("encoder.layers.1.hidden", &|origin| {
        *origin = Origin::Gelu { x: "encoder.layers.1.pre_activation".into() }
    });
    wrong("decoder.embedded", &|origin| {
        if let Origin::Sum { b, .. } = origin {
            *b = "decoder.tokens".into()
        }
    });
    wrong("outputs.target", &|origin| {
        if let Origin::Label { smoothing, .. } = origin {
            *smoothing = 0.2
        }
    });
}

#[test]
fn every_operand_has_an_origin_too() {
    for config in ways() {
        let recording = recorded(&config);
        let origins = origins(recording.about());
        let json = serde_json::to_value(&origins).unwrap();
        for (path, origin) in json.as_object().unwrap() {
            for (name, operand) in origin.as_object().unwrap() {
                let is_path = !["rule", "words"].contains(&name.as_str()) && operand.is_string();
                assert!(!is_path || origins.contains_key(operand.as_str().unwrap()), "{path}: {name}");
            }
        }
    }
}

/// The page says every rule to its readers.
#[test]
fn every_rule_has_an_account_in_the_script() {
    let script = include_str!("../report/rules.js");
    for config in ways() {
        let json = serde_json::to_value(origins(recorded(&config).about())).unwrap();
        for (path, origin) in json.as_object().unwrap() {
            let rule = origin["rule"].as_str().unwrap();
            let start =
                script.find(&format!("\n  {rule}: {{\n")).unwrap_or_else(|| panic!("{path}: no {rule}"));
            let (account, _) = script[start..].split_once("\n  },\n").unwrap();
            let is_last = ["sinusoid", "zeros", "parameter", "log_softmax", "exp", "label"].contains(&rule)
                || ["mean", "variance", "weighted", "padded"].contains(&rule); // which nothing goes on from
            for (operand, _) in origin.as_object().unwrap().iter().filter(|(name, value)| {
                !is_last && !["rule", "words"].contains(&name.as_str()) && value.is_string()
            }) {
                assert!(
                    account.contains(&format!(" {operand}: [")),
                    "{rule}: nothing comes back to {operand}"
                );
            }
        }
    }
}
