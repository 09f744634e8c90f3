mod assignments;
mod metric;

use std::path::PathBuf;

use super::*;

fn problem(text: &str) -> String {
    Recipe::parse(text, "my.toml").unwrap_err().to_string()
}

/// What loading says of a recipe with two valid files and these assignments.
fn set(assignments: &[&str]) -> Result<Recipe, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.toml");
    let text = "[data]\ntrain.pairs = [\"a.tsv\"]\nvalid.pairs = [\"b.tsv\"]\n";
    std::fs::write(&path, text).unwrap();
    let assignments: Vec<String> = assignments.iter().map(|text| text.to_string()).collect();
    Recipe::load(&path, &assignments, None).map_err(|error| error.to_string())
}

/// Every section and key, with its default.
fn keys() -> Vec<(String, String, Value)> {
    let sections = Recipe::default().table().into_iter();
    let sections = sections.filter_map(|(section, keys)| Some((section, keys.as_table()?.clone())));
    sections
        .flat_map(|(section, keys)| keys.into_iter().map(move |(key, value)| (section.clone(), key, value)))
        .collect()
}

#[test]
fn the_template_shows_every_key_with_its_default() {
    let (template, shown) =
        (recipe_table(TEMPLATE, "template").unwrap(), Recipe::parse(TEMPLATE, "").unwrap());
    for (section, key, value) in keys() {
        assert!(
            template[&section].get(&key).is_some(),
            "cli/src/recipe/template.toml, [{section}]: write `{key} = {}`, and above it what it does",
            show(&value)
        );
        let shown = &shown.table()[&section][&key];
        assert!(
            *shown == value,
            "cli/src/recipe/template.toml, [{section}]: {key} = {}, but its `Default` is {}; make them one",
            show(shown),
            show(&value)
        );
    }
    assert_eq!(shown, Recipe::default());
}

/// What may stand in the place of a `?` in the default recipe, whose `section.key` is set to this value.
fn what_fits(section: &str, key: &str, value: Value) -> Vec<String> {
    let mut table = Recipe::default().table();
    table[section].as_table_mut().unwrap().insert(key.to_string(), value);
    match Recipe::deserialize(table) {
        Err(error) if error.message().contains(" `?`, expected ") => {
            error.message().split('`').skip(3).step_by(2).map(str::to_string).collect()
        }
        _ => Vec::new(),
    }
}

/// The comment above a key of the template.
fn comment(section: &str, key: &str) -> String {
    let (_, rest) = TEMPLATE.split_once(&format!("\n[{section}]\n")).unwrap();
    let (before, _) = rest.split_once(&format!("\n{key} = ")).unwrap();
    let lines: Vec<&str> = before.lines().rev().take_while(|line| line.starts_with('#')).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

#[test]
fn the_template_names_every_choice() {
    let table = |kind: &str, more: &str| Value::Table(format!("kind = \"{kind}\"{more}").parse().unwrap());
    let mut named = 0;
    for (section, key, value) in keys() {
        let mut words = Vec::new();
        let kinds =
            if value.get("kind").is_some() { what_fits(&section, &key, table("?", "")) } else { vec![] };
        for kind in &kinds {
            words.extend(what_fits(&section, &key, table(kind, "\n\"?\" = 1")));
        }
        let choices = what_fits(&section, &key, Value::String("?".into()));
        words.extend(choices.iter().chain(&kinds).map(|choice| format!("\"{choice}\"")));
        for word in words {
            assert!(
                comment(&section, &key).contains(&word),
                "cli/src/recipe/template.toml, [{section}]: the comment above `{key}` does not name {word}; say there \
                 when to choose it, or what it is"
            );
            named += 1;
        }
    }
    assert!(named > 40, "choices are not found any more: {named}");
}

#[test]
fn a_printed_recipe_reads_back_as_it_was() {
    let mut recipe = set(&[
        "seed=7",
        "training.clip_norm=2.5e-7",
        "data.dir=some where",
        "model.norm=pre",
        "model.dropout=0.25",
        "training.schedule={ kind = \"noam\", factor = 2.0, warmup_steps = 10 }",
        "training.optimizer={ kind = \"adamw\", beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01 }",
        "validation.metric=bleu",
        "search.length_penalty=power",
    ])
    .unwrap();
    recipe.data.dir = PathBuf::from("a \"quoted\" folder");
    assert_eq!(Recipe::parse(&recipe.to_toml(), "printed").unwrap(), recipe);
}

#[test]
fn a_key_that_does_not_exist_is_named_with_its_line_and_the_nearest_one() {
    let text = problem("seed = 3\n\n[training]\nsmoothin = 0.1\n");
    assert!(
        text.starts_with("my.toml:4: there is no key `smoothin` here; did you mean `smoothing`?"),
        "{text}"
    );
    let text = problem("[model]\nnorm = \"prae\"\n");
    assert!(text.contains("there is no choice `prae` here; did you mean `pre`?"), "{text}");
    let text = problem("[training]\nschedule = { kind = \"inverse_sqrt\", peek = 1.0 }\n");
    assert!(text.starts_with("my.toml:2: ") && text.contains("`peek`"), "{text}");
    assert!(problem("[model]\nd_model = \"wide\"\n").starts_with("my.toml:2: "));
    assert!(problem("[model\n").starts_with("my.toml:1: "));
}

#[test]
fn to_judge_by_bleu_takes_one_that_is_made() {
    let judged = |bleu_every: &str| set(&["validation.metric=bleu", bleu_every]); // of 4000 steps, every 200
    judged("validation.bleu_every=20").unwrap();
    for bleu_every in ["validation.bleu_every=21", "validation.bleu_every=0"] {
        let text = judged(bleu_every).unwrap_err();
        assert!(text.contains("but no BLEU is made in 4000 steps with validation.every = 200"), "{text}");
    }
}

#[test]
fn what_is_out_of_range_is_named() {
    for (assignment, expected) in [
        ("training.max_steps=0", "training.max_steps is 0; it must be at least 1"),
        ("training.smoothing=1.0", "training.smoothing is 1; it must be between 0 and 0.999"),
        ("training.clip_norm=nan", "training.clip_norm is NaN"),
        ("model.n_heads=3", "[model] n_heads 3 does not divide d_model 128"),
        ("training.average=99", "training.average is 99, but training.keep_checkpoints keeps only 5"),
        ("data.builtin=numbers-fr-en", "but data.train or data.valid names files; leave out either"),
        ("data.builtin=letters", "data.builtin is \"letters\"; there is: numbers-fr-en, sentences-fr-hi"),
        ("data.train={}", "data.train names no file"),
        (
            "training.optimizer={ kind = \"adam\", beta1 = 0.9, beta2 = 1.0, eps = 1e-9 }",
            "training.optimizer.beta2 is 1; it must be between 0 and 0.999999999",
        ),
        (
            "training.optimizer={ kind = \"adamw\", beta1 = 0.9, beta2 = 0.9, eps = 2.0, weight_decay = 0.0 }",
            "training.optimizer.eps is 2; it must be between 0 and 1",
        ),
        (
            "training.optimizer={ kind = \"adam\", beta1 = 0.9, beta2 = 0.98, eps = 0.0 }",
            "training.optimizer.eps is 0.0; it must be positive, for example 1e-9, and at least 1.2e-38",
        ),
        (
            "training.schedule={ kind = \"noam\", factor = -1.0, warmup_steps = 10 }",
            "training.schedule.factor is -1; it must be between 0 and 1000",
        ),
        ("training.schedule={ kind = \"constant\", learning_rate = nan }", "schedule.learning_rate is NaN"),
        ("search.beam=10001", "search.beam is 10001; it must be between 1 and 10000"),
        ("text.vocab_size=10000001", "text.vocab_size is 10000001; it must be between 0 and 10000000"),
        ("model.d_model=100000", "model.d_model is 100000; it must be between 1 and 65536"),
        ("model.d_model=50000", "a model may have 2000000000"),
        ("data.valid={}", "data.valid names no file"),
    ] {
        let text = set(&[assignment]).unwrap_err();
        assert!(text.contains(expected), "{assignment}: {text}");
    }
}

#[test]
fn every_number_that_may_have_a_fraction_has_a_range() {
    let mut tried = 0;
    for (section, key, _) in keys().into_iter().filter(|(.., value)| value.is_float()) {
        let problem = set(&[&format!("{section}.{key}=nan")]).err();
        assert!(
            problem.as_ref().is_some_and(|problem| problem.contains(&key) && problem.contains("NaN")),
            "cli/src/recipe/check.rs: `{section}.{key}` may be NaN; give it a range there, with `within`, or, if it is \
             of the model, in transformer/src/config/validate.rs: {problem:?}"
        );
        tried += 1;
    }
    assert!(tried > 5, "numbers are not found any more: {tried}");
}

#[test]
fn a_number_that_could_not_be_written_again_is_refused_with_its_line() {
    for number in
        ["9223372036854775808", "18446744073709551616", "999999999999999999999999999999999999999999"]
    {
        let expected = format!("my.toml:2: {TOO_LARGE}");
        assert_eq!(problem(&format!("\nseed = {number}\n")), expected);
        assert_eq!(
            set(&[&format!("seed={number}")]).unwrap_err(),
            format!("--set seed={number}: {TOO_LARGE}")
        );
    }
    assert_eq!(set(&["seed=9223372036854775807"]).unwrap().seed, i64::MAX as u64);
}

#[test]
fn what_is_probably_not_meant_is_warned_of() {
    let schedule =
        "training.schedule={ kind = \"cosine\", peak = 0.1, min = 0.0, warmup_steps = 1, total_steps = 9 }";
    let of = |assignments: &[&str]| {
        let recipe = set(assignments).unwrap();
        recipe.warnings(recipe.training.last_step(40))
    };
    let warnings = |max_steps: &str| of(&[schedule, "validation.every=9", max_steps]);
    assert_eq!(warnings("training.max_steps=9"), [""; 0]);
    let found = warnings("training.max_steps=8");
    assert!(found[0].contains("total_steps = 9, which is beyond training.max_steps = 8"), "{found:?}");
    assert!(found[1].contains("validation.every = 9 is beyond training.max_steps = 8"), "{found:?}");
    let found = of(&["training.max_steps=500"]);
    assert!(
        found.len() == 1 && found[0].contains("no validation sees what the last 100 steps make"),
        "{found:?}"
    );
    assert_eq!(of(&["training.max_steps=500", "training.average=2"]), [""; 0]);
    let found = of(&["training.max_epochs=2"]);
    assert!(found[0].contains("beyond the run's last step, 80 (training.max_epochs = 2)"), "{found:?}");
    let found = of(&[schedule, "validation.every=9", "training.max_steps=18"]);
    assert!(found.len() == 1 && found[0].contains("have the learning rate 0 and change"), "{found:?}");
    let rising = schedule.replace("warmup_steps = 1", "warmup_steps = 9");
    let found = of(&[&rising, "validation.every=9", "training.max_steps=9"]);
    assert!(found.len() == 1 && found[0].contains("no time to fall until its total_steps = 9"), "{found:?}");
}

#[test]
fn a_cosine_ends_with_the_steps_that_the_run_began_with_unless_it_says_when() {
    let training = |schedule: &str, max_steps: u64| {
        let schedule =
            format!("training.schedule={{ kind = \"cosine\", peak = 0.1, min = 0.0, {schedule} }}");
        set(&[&schedule, &format!("training.max_steps={max_steps}")]).unwrap().training
    };
    let total_steps = |mut now: TrainingSettings, saved: Option<&TrainingSettings>| {
        match saved {
            Some(saved) => now.end_schedule_as(saved),
            None => now.end_schedule(now.last_step(7)),
        }
        match now.schedule {
            ScheduleSettings::Cosine { total_steps, .. } => total_steps,
            other => panic!("{other:?}"),
        }
    };
    let (open, said) = ("warmup_steps = 1", "warmup_steps = 1, total_steps = 9");
    assert_eq!(total_steps(training(open, 77), None), 77);
    assert_eq!(total_steps(training(said, 77), None), 9);
    let saved = training("warmup_steps = 1, total_steps = 50", 50);
    assert_eq!(total_steps(training(open, 77), Some(&saved)), 50);
    assert_eq!(total_steps(training(said, 77), Some(&saved)), 9);
}

#[test]
fn a_run_ends_by_steps_or_by_epochs_whichever_comes_first() {
    let last_step = |assignments: &[&str]| set(assignments).unwrap().training.last_step(7);
    assert_eq!(last_step(&["training.max_steps=100"]), 100);
    assert_eq!(last_step(&["training.max_steps=100", "training.max_epochs=3"]), 21);
    assert_eq!(last_step(&["training.max_steps=20", "training.max_epochs=3"]), 20);
    assert_eq!(last_step(&["training.max_epochs=3", "training.accumulate=2"]), 12, "a step is of one epoch");
    assert_eq!(last_step(&["training.max_epochs=9223372036854775807"]), 4000);
}

#[test]
fn one_file_needs_no_list_and_what_is_no_file_is_said_so() {
    let recipe = Recipe::parse("[data]\ntrain = { pairs = \"a.tsv\" }\n", "my.toml").unwrap();
    assert_eq!(recipe.data.train.pairs, [PathBuf::from("a.tsv")]);
    let text = problem("[data]\ntrain = \"a.tsv\"\n");
    assert!(text.starts_with("my.toml:2: ") && text.contains("or { pairs = [\"FILE\"] }"), "{text}");
    let text = problem("[data]\ntrain = { pairs = 3 }\n");
    assert!(text.contains("expected a file's name or a list of them"), "{text}");
}
