//! Which key of a recipe somebody means who asks for an option that `train` does not have.

use toml::Value;

use super::settings::Recipe;

/// What other programs call the option, and the key, or the option, that does it here.
const ELSEWHERE: [(&str, &str); 40] = [
    ("epochs", "training.max_epochs"),
    ("steps", "training.max_steps"),
    ("updates", "training.max_steps"),
    ("lr", "training.schedule"),
    ("learning_rate", "training.schedule"),
    ("warmup", "training.schedule"),
    ("scheduler", "training.schedule"),
    ("weight_decay", "training.optimizer"),
    ("optim", "training.optimizer"),
    ("batch", "training.batch_tokens"),
    ("max_tokens", "training.batch_tokens"),
    ("label_smoothing", "training.smoothing"),
    ("update_freq", "training.accumulate"),
    ("accumulation", "training.accumulate"),
    ("grad_norm", "training.clip_norm"),
    ("clip", "training.clip_norm"),
    ("save_steps", "training.save_every"),
    ("save_freq", "training.save_every"),
    ("save_interval", "training.save_every"),
    ("logging_steps", "training.log_every"),
    ("log_freq", "training.log_every"),
    ("log_interval", "training.log_every"),
    ("disp_freq", "training.log_every"),
    ("eval_steps", "validation.every"),
    ("valid_freq", "validation.every"),
    ("validate_interval", "validation.every"),
    ("early_stopping", "validation.patience"),
    ("finetune", "training.start_from"),
    ("pretrained", "training.start_from"),
    ("encoder_layers", "model.n_encoder_layers"),
    ("decoder_layers", "model.n_decoder_layers"),
    ("layers", "model.n_encoder_layers"),
    ("heads", "model.n_heads"),
    ("save_dir", "--out"),
    ("out_dir", "--out"),
    ("output_dir", "--out"),
    ("log_dir", "--out"),
    ("logdir", "--out"),
    ("output", "--out"),
    ("gpus", "--threads"),
];

/// The key, or the option, that does what `--option` asks for, also where it is in the singular: `--epoch`.
pub fn key_of_option(option: &str) -> Option<String> {
    let name = option.trim_start_matches('-').split('=').next().unwrap_or_default();
    let name = name.replace(['-', '.'], "_").to_lowercase();
    // Of three words, as in `eval-every-epoch`, the last says no more what is asked for.
    let plural = || (name.matches('_').count() < 2).then(|| key_named(&format!("{name}s"))).flatten();
    key_named(&name).or_else(plural)
}

/// The key, or the option, of that name, else of the longest name that stands in it, else the most alike.
fn key_named(name: &str) -> Option<String> {
    let sections = Recipe::default().table();
    let keys: Vec<(String, String)> =
        sections.iter().flat_map(|(section, keys)| keys_of(section, keys)).collect();
    let exact = keys.iter().find(|(called, _)| *called == name).map(|(_, key)| key.clone());
    let padded = format!("_{name}_");
    let stands_in = |called: &str| padded.contains(&format!("_{called}_"));
    let elsewhere =
        ELSEWHERE.iter().filter(|(called, _)| stands_in(called)).max_by_key(|(called, _)| called.len());
    let alike = || {
        let likeness = |called: &str| strsim::jaro_winkler(name, called);
        let most =
            keys.iter().map(|(called, key)| (likeness(called), key)).max_by(|(a, _), (b, _)| a.total_cmp(b));
        most.filter(|(likeness, _)| *likeness > 0.9).map(|(_, key)| key.clone())
    };
    exact.or(elsewhere.map(|(_, key)| key.to_string())).or_else(alike)
}

/// The keys of a section, by their last parts.
fn keys_of(section: &str, keys: &Value) -> Vec<(String, String)> {
    match keys {
        Value::Table(keys) => keys.keys().map(|key| (key.clone(), format!("{section}.{key}"))).collect(),
        _ => vec![(section.to_string(), section.to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_other_programs_lead_to_keys() {
        for (option, key) in [
            ("--epochs", "training.max_epochs"),
            ("--epochs=3", "training.max_epochs"),
            ("--num-epochs", "training.max_epochs"),
            ("--max-epochs", "training.max_epochs"),
            ("--epoch", "training.max_epochs"),
            ("--num-epoch", "training.max_epochs"),
            ("--step=9", "training.max_steps"),
            ("--n-layer", "model.n_encoder_layers"),
            ("--gpu", "--threads"),
            ("--max-steps", "training.max_steps"),
            ("--lr", "training.schedule"),
            ("--batch-size", "training.batch_tokens"),
            ("--dropout", "model.dropout"),
            ("--d-model", "model.d_model"),
            ("--patience", "validation.patience"),
            ("--start-from", "training.start_from"),
            ("--seed", "seed"),
            ("--save-dir", "--out"),
            ("--output-dir", "--out"),
            ("--decoder-layers", "model.n_decoder_layers"),
            ("--gradient-accumulation-steps", "training.accumulate"),
            ("--save-steps", "training.save_every"),
            ("--eval-steps", "validation.every"),
            ("--valid-freq", "validation.every"),
            ("--logging-steps", "training.log_every"),
            ("--max-grad-norm", "training.clip_norm"),
            ("--clip-norm", "training.clip_norm"),
            ("--num-train-epochs", "training.max_epochs"),
            ("--learning-rate", "training.schedule"),
        ] {
            assert_eq!(key_of_option(option).as_deref(), Some(key), "{option}");
        }
        for option in ["--verbose", "-x", "--fp16", "--quiet", "--", "--eval-every-epoch", "-s"] {
            assert_eq!(key_of_option(option), None, "{option}");
        }
    }

    #[test]
    fn every_key_is_one_of_a_recipe() {
        let table = Recipe::default().table();
        for (_, key) in ELSEWHERE.into_iter().filter(|(_, key)| !key.starts_with("--")) {
            let (section, key) = key.split_once('.').unwrap();
            assert!(table[section].get(key).is_some(), "{section}.{key}");
        }
    }
}
