//! Every option of an architecture is obeyed, its parameters are counted, and it keeps what the other modules promise.
//!
//! Which options there are is read off the fields of [`Architecture`]: a new one is tried, alone and with all others,
//! without being named here.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use tensor::DType;
use transformer::Config;

use crate::common::{VOCAB_SIZE, batch, bits, logits, pairs, random_model, small, starts};

/// The same with one field of the architecture set otherwise.
fn with(config: &Config, name: &str, value: &Value) -> Result<Config, serde_json::Error> {
    let mut architecture = serde_json::to_value(&config.architecture)?;
    architecture[name] = value.clone();
    Ok(Config { architecture: serde_json::from_value(architecture)?, ..config.clone() })
}

/// The fields that are flags or names, each with its value here and all that it may have.
fn options(config: &Config) -> Vec<(String, Value, Vec<Value>)> {
    let architecture = serde_json::to_value(&config.architecture).unwrap();
    let values = |name: &str, value: &Value| match value {
        Value::Bool(_) => vec![false.into(), true.into()],
        Value::String(_) => {
            let unknown = with(config, name, &"?".into()).unwrap_err().to_string(); // `?`, expected `relu` or `gelu`
            unknown.split('`').skip(3).step_by(2).map(Value::from).collect()
        }
        _ => Vec::new(), // a size, a share
    };
    let fields = architecture.as_object().unwrap().iter();
    let options = fields.map(|(name, value)| (name.clone(), value.clone(), values(name, value)));
    options.filter(|(.., values)| !values.is_empty()).collect()
}

/// Configurations that differ from this one in one option, with what that is.
pub fn each_alone(config: &Config) -> Vec<(String, Config)> {
    let mut found = Vec::new();
    for (name, own, values) in options(config) {
        for value in values.iter().filter(|value| **value != own) {
            found.push((format!("{name} = {value}"), with(config, &name, value).unwrap()));
        }
    }
    found
}

/// Any options together, and both ways to begin.
pub fn any_together() -> impl Strategy<Value = Config> {
    let choices: Vec<_> = options(&small())
        .into_iter()
        .map(|(name, _, values)| select(values).prop_map(move |value| (name.clone(), value)))
        .collect();
    (starts(), choices).prop_map(|(decoder_start, chosen)| {
        let config = Config { decoder_start, ..small() };
        chosen.iter().fold(config, |config, (name, value)| with(&config, name, value).unwrap())
    })
}

/// Any options together with which no position sees a later one.
pub fn any_causal() -> impl Strategy<Value = Config> {
    any_together().prop_map(|config| config.with(|model| model.causal_mask = true))
}

#[test]
fn every_option_is_obeyed_and_its_parameters_are_counted() {
    let said = |config: &Config| {
        let (model, params) = random_model(config, 1, DType::F64);
        let logits = logits(&model, &params, &batch(config, &pairs(&[(3, 4), (5, 2)], VOCAB_SIZE, 1)));
        (params, bits(&logits))
    };
    let (plain, plain_logits) = said(&small());
    let alone = each_alone(&small());
    assert!(alone.len() > 8, "the options are not where they were: {alone:?}");
    for (option, config) in alone {
        let (params, logits) = said(&config);
        assert_eq!(
            params.numel(),
            config.n_parameters(),
            "{option}: teach it to `Config::n_parameters`, transformer/src/config/count.rs"
        );
        assert!(
            (logits == plain_logits) == (params.layout() == plain.layout()),
            "{option}: the model computes what it did; obey the option where layers are built or run, or, if it is of \
             training alone, name it in `IMMATERIAL`, transformer/src/config/settings.rs"
        );
    }
}
