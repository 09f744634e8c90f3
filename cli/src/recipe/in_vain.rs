//! Keys that are set and do nothing, because of what others say.

use text::{Normalisation, TextKind, TextSettings};
use translate::{Penalty, SearchSettings};

use super::schedule::ScheduleSettings;
use super::settings::{Recipe, TrainingSettings, ValidationSettings};
use super::show::show;

impl Recipe {
    /// A sentence for each key that is not as by default and has no effect.
    pub(super) fn in_vain(&self, last_step: u64) -> Vec<String> {
        let cases = [
            self.data_in_vain(),
            self.text_in_vain(),
            self.training_in_vain(last_step),
            self.validation_in_vain(),
            self.search_in_vain(),
        ];
        let set = cases.into_iter().flatten().filter(|(is_set, ..)| *is_set);
        set.map(|(_, key, why)| format!("{key} does nothing {why}")).collect()
    }

    fn data_in_vain(&self) -> Vec<Case> {
        let data = &self.data;
        if data.builtin.is_empty() {
            return vec![];
        }
        let beside = format!("beside data.builtin = {:?}", data.builtin);
        let dir = format!("data.dir = {:?}", data.dir.display().to_string());
        vec![
            (
                !data.dir.as_os_str().is_empty(),
                dir,
                format!("{beside}, whose files are written to the run's folder; leave out either"),
            ),
            (data.lenient, "data.lenient = true".into(), format!("{beside}, which has no faulty line")),
        ]
    }

    fn text_in_vain(&self) -> Vec<Case> {
        let TextSettings { kind, byte_fallback, normalisation, .. } = self.text;
        let with = format!("with text.kind = {}", show(&self.table()["text"]["kind"]));
        vec![
            (
                kind != TextKind::Bpe && !byte_fallback,
                "text.byte_fallback = false".into(),
                format!("{with}: it is for subwords, \"bpe\""),
            ),
            (
                kind == TextKind::Pretokenised && normalisation == Normalisation::Nfkc,
                "text.normalisation = \"nfkc\"".into(),
                format!("{with}, whose words stay as they are; normalise the files"),
            ),
        ]
    }

    fn training_in_vain(&self, last_step: u64) -> Vec<Case> {
        let &TrainingSettings { average, save_every, .. } = &self.training;
        let checkpoints = last_step.div_ceil(save_every.max(1));
        let beyond = format!(
            "beyond the {checkpoints} that {last_step} steps and training.save_every = {save_every} make"
        );
        vec![(average as u64 > checkpoints, format!("training.average = {average}"), beyond)]
    }

    fn validation_in_vain(&self) -> Vec<Case> {
        let (validation, own) = (&self.validation, ValidationSettings::default());
        if validation.every > 0 {
            return vec![];
        }
        let without = || "without validations on the way (validation.every = 0)".to_string();
        let is_plateau = matches!(self.training.schedule, ScheduleSettings::ReduceOnPlateau { .. });
        vec![
            (validation.patience > 0, format!("validation.patience = {}", validation.patience), without()),
            (
                validation.bleu_every != own.bleu_every && validation.bleu_every > 0,
                format!("validation.bleu_every = {}", validation.bleu_every),
                without(),
            ),
            (
                validation.samples != own.samples && validation.samples > 0,
                format!("validation.samples = {}", validation.samples),
                without(),
            ),
            (is_plateau, "the `patience` of training.schedule".into(), without()),
        ]
    }

    fn search_in_vain(&self) -> Vec<Case> {
        let (search, own) = (&self.search, SearchSettings::default());
        let greedy = search.beam == 1;
        let none = search.length_penalty == Penalty::None;
        let penalty = format!("search.length_penalty = {:?}", search.length_penalty.name());
        vec![
            (
                greedy && !none && search.length_penalty != own.length_penalty,
                penalty,
                "with search.beam = 1".into(),
            ),
            (
                (greedy || none) && search.alpha != own.alpha,
                format!("search.alpha = {}", search.alpha),
                if none { "with search.length_penalty = \"none\"" } else { "with search.beam = 1" }.into(),
            ),
        ]
    }
}

/// Whether a key is set in vain; the key with its value, and why.
type Case = (bool, String, String);

#[cfg(test)]
mod tests {
    use super::*;

    fn in_vain(text: &str) -> Vec<String> {
        let recipe = Recipe::parse(text, "my.toml").unwrap();
        recipe.in_vain(recipe.training.last_step(40))
    }

    #[test]
    fn a_key_that_does_nothing_is_told_with_the_one_that_makes_it_so() {
        let plateau = "schedule = { kind = \"reduce_on_plateau\", learning_rate = 1.0, factor = 0.5, patience = 1, \
                       threshold = 0.0, min = 0.0 }";
        for (with, without, expected) in [
            (
                "[data]\ndir = \"texts\"\nbuiltin = \"numbers-fr-en\"",
                "[data]\ndir = \"texts\"",
                "data.dir = \"texts\" does nothing beside data.builtin = \"numbers-fr-en\", whose files",
            ),
            (
                "[data]\nlenient = true\nbuiltin = \"numbers-fr-en\"",
                "[data]\nlenient = true",
                "data.lenient = true does nothing beside data.builtin",
            ),
            (
                "[text]\nbyte_fallback = false\nkind = \"words\"",
                "[text]\nbyte_fallback = false",
                "text.byte_fallback = false does nothing with text.kind = \"words\"",
            ),
            (
                "[text]\nnormalisation = \"nfkc\"\nkind = \"pretokenised\"",
                "[text]\nnormalisation = \"nfkc\"\nkind = \"words\"",
                "text.normalisation = \"nfkc\" does nothing with text.kind = \"pretokenised\"",
            ),
            (
                "[training]\naverage = 3\nmax_steps = 400\nsave_every = 200",
                "[training]\naverage = 3\nmax_steps = 401\nsave_every = 200",
                "training.average = 3 does nothing beyond the 2 that 400 steps and",
            ),
            (
                "[validation]\npatience = 3\nevery = 0",
                "[validation]\npatience = 3",
                "validation.patience = 3 does nothing without validations on the way (validation.every = 0)",
            ),
            (
                "[validation]\nbleu_every = 2\nevery = 0",
                "[validation]\nbleu_every = 0\nevery = 0",
                "validation.bleu_every = 2 does nothing without validations",
            ),
            (
                &format!("[training]\n{plateau}\n[validation]\nevery = 0"),
                &format!("[training]\n{plateau}"),
                "the `patience` of training.schedule does nothing without validations",
            ),
            (
                "[search]\nlength_penalty = \"none\"\nalpha = 2.0",
                "[search]\nlength_penalty = \"none\"",
                "search.alpha = 2 does nothing with search.length_penalty = \"none\"",
            ),
            (
                "[search]\nlength_penalty = \"power\"\nbeam = 1",
                "[search]\nlength_penalty = \"power\"\nalpha = 2.0",
                "search.length_penalty = \"power\" does nothing with search.beam = 1",
            ),
            (
                "[search]\nalpha = 2.0\nbeam = 1",
                "[search]\nbeam = 1",
                "search.alpha = 2 does nothing with search.beam = 1",
            ),
        ] {
            let found = in_vain(with);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{with}: {found:?}");
            assert_eq!(in_vain(without), [""; 0]);
        }
        assert_eq!(in_vain(""), [""; 0]);
    }

    #[test]
    fn the_recipes_of_the_repository_have_nothing_to_be_warned_of() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../recipes");
        let recipes: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(recipes.len() >= 5, "{recipes:?}");
        for path in recipes {
            let mut recipe = Recipe::load(&path, &[], None).unwrap();
            let last_step = recipe.training.max_steps;
            recipe.training.end_schedule(last_step);
            assert_eq!(recipe.warnings(last_step), [""; 0], "{}", path.display());
        }
    }
}
