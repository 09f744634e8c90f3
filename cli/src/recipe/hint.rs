//! Which key of a recipe somebody means who asks for an option that `train` does not have.

use toml::Value;

use super::settings::Recipe;

/// What other programs call the option, and the key that does it here.
const ELSEWHERE: [(&str, &str); 16] = [
    ("epochs", "training.max_epochs"),
    ("steps", "training.max_steps"),
    ("max_updates", "training.max_steps"),
    ("lr", "training.schedule"),
    ("learning_rate", "training.schedule"),
    ("warmup", "training.schedule"),
    ("weight_decay", "training.optimizer"),
    ("batch", "training.batch_tokens"),
    ("max_tokens", "training.batch_tokens"),
    ("label_smoothing", "training.smoothing"),
    ("update_freq", "training.accumulate"),
    ("gradient_accumulation", "training.accumulate"),
    ("early_stopping", "validation.patience"),
    ("finetune", "training.start_from"),
    ("layers", "model.n_encoder_layers"),
    ("heads", "model.n_heads"),
];

/// The key that does what `--option` asks for.
pub fn key_of_option(option: &str) -> Option<String> {
    let name = option.trim_start_matches('-').split('=').next().unwrap_or_default();
    let name = name.replace(['-', '.'], "_").to_lowercase();
    let sections = Recipe::default().table();
    let keys = sections.iter().flat_map(|(section, keys)| match keys {
        Value::Table(keys) => keys.keys().map(|key| (key.clone(), format!("{section}.{key}"))).collect(),
        _ => vec![(section.clone(), section.clone())],
    });
    let elsewhere = ELSEWHERE.map(|(called, key)| (called.to_string(), key.to_string()));
    let likeness = |called: &str| match name == called {
        true => 2.0,
        false if name.split('_').any(|word| word == called) => 1.0,
        false => strsim::jaro_winkler(&name, called),
    };
    let all = keys.chain(elsewhere).map(|(called, key)| (likeness(&called), key));
    let (likeness, key) = all.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (likeness > 0.88).then_some(key)
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
            ("--max-steps", "training.max_steps"),
            ("--lr", "training.schedule"),
            ("--batch-size", "training.batch_tokens"),
            ("--dropout", "model.dropout"),
            ("--d-model", "model.d_model"),
            ("--patience", "validation.patience"),
            ("--start-from", "training.start_from"),
            ("--seed", "seed"),
        ] {
            assert_eq!(key_of_option(option).as_deref(), Some(key), "{option}");
        }
        assert_eq!(key_of_option("--verbose"), None);
        assert_eq!(key_of_option("-x"), None);
    }

    #[test]
    fn every_key_is_one_of_a_recipe() {
        let table = Recipe::default().table();
        for (_, key) in ELSEWHERE {
            let (section, key) = key.split_once('.').unwrap();
            assert!(table[section].get(key).is_some(), "{section}.{key}");
        }
    }
}
