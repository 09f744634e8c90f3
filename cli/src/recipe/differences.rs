//! Whether two recipes are of one run.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use super::settings::Recipe;

/// Keys and sections that may change from one part of a run to the next: they do not touch the steps already taken.
/// Files may be called otherwise; that they hold the same pairs, a checksum knows.
const FREE: [&str; 14] = [
    "data.dir",
    "data.lenient",
    "data.train",
    "data.valid",
    "text.drop_invisible", // the vocabulary says what holds, and the run tells where that is another
    "training.max_steps",
    "training.max_epochs",
    "training.log_every",
    "training.save_every",
    "training.keep_checkpoints",
    "training.average",
    "training.max_not_finite",
    "validation",
    "search",
];

fn is_free(key: &str) -> bool {
    let is_in = |section: &&str| {
        key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    FREE.iter().any(is_in)
}

impl Recipe {
    /// Whether a run of this recipe can go on as one of `recipe`.
    ///
    /// # Errors
    /// A sentence that names the keys that differ.
    pub fn check_same_run(&self, recipe: &Recipe) -> Result<(), String> {
        let differences = self.differences(recipe);
        if differences.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the run that is saved here has another recipe ({}), so going on would not be the same run; restore these, or \
         begin another run with another --out",
            differences.join(", ")
        ))
    }

    /// The keys that make `recipe` another run than this one, each with its value here: `seed was 1`.
    pub fn differences(&self, recipe: &Recipe) -> Vec<String> {
        let flat = |recipe: &Recipe| {
            let mut keys = BTreeMap::new();
            flatten("", &Value::Table(recipe.table()), &mut keys);
            keys
        };
        let (saved, recipe) = (flat(self), flat(recipe));
        let keys: BTreeSet<&String> = saved.keys().chain(recipe.keys()).collect();
        let differing = keys.into_iter().filter(|key| saved.get(*key) != recipe.get(*key) && !is_free(key));
        differing
            .map(|key| {
                saved.get(key).map_or(format!("{key} was not set"), |value| format!("{key} was {value}"))
            })
            .collect()
    }
}

/// The values of a table by their full keys; a list is one value.
fn flatten(prefix: &str, value: &Value, keys: &mut BTreeMap<String, Value>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, keys);
            }
        }
        value => {
            keys.insert(prefix.to_string(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_only_with_its_own_recipe() {
        let saved = Recipe::default();
        let mut recipe = saved.clone();
        recipe.training.max_steps = 99;
        recipe.validation.patience = 3;
        recipe.search.beam = 1;
        saved.check_same_run(&recipe).unwrap();
        recipe.training.smoothing = 0.2;
        recipe.seed = 5;
        let problem = saved.check_same_run(&recipe).unwrap_err();
        assert!(problem.contains("(seed was 1, training.smoothing was 0.1)"), "{problem}");
    }

    #[test]
    fn what_may_change_is_a_key_or_a_section_and_nothing_that_begins_like_it() {
        for free in ["data.train", "data.train.source", "search.beam", "validation.every", "training.average"]
        {
            assert!(is_free(free), "{free}");
        }
        for key in ["data.builtin", "data.training", "searching", "training.average_over", "training", "seed"]
        {
            assert!(!is_free(key), "{key}");
        }
        let saved = Recipe::default();
        let mut recipe = saved.clone();
        recipe.data.valid.pairs.push("renamed.tsv".into());
        saved.check_same_run(&recipe).unwrap();
    }
}
