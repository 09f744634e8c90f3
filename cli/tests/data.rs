//! `etudiant data` and `etudiant config`.

use std::fs;

use cli::recipe::{Recipe, ScheduleSettings};

use crate::common::{folder, run};

#[test]
fn a_recipe_is_printed_for_each_size() {
    let printed = |preset: &str| Recipe::parse(&run(&format!("config{preset}"), "").ok(), preset).unwrap();
    assert_eq!(printed(""), Recipe::default());
    assert_eq!(printed(" small").model.d_model, 256);
    for (preset, d_model, max_steps) in [(" base", 512, 100_000), (" big", 1024, 300_000)] {
        let Recipe { model, training, .. } = printed(preset);
        assert_eq!((model.d_model, training.max_steps), (d_model, max_steps));
        assert_eq!(training.schedule, ScheduleSettings::Noam { factor: 1.0, warmup_steps: 4000 });
    }
}

#[test]
fn a_corpus_is_of_the_sizes_and_the_seed_asked_for() {
    let folder = folder();
    let write = |name: &str, options: &str| {
        let out = folder.path().join(name);
        let said = run(&format!("data numbers-fr-en --out {}{options}", out.display()), "").ok();
        let text = |file: &str| fs::read_to_string(out.join(file)).unwrap();
        (said, ["train.fr", "valid.fr", "test.en"].map(text))
    };
    let lens = |texts: &[String; 3]| texts.each_ref().map(|text| text.lines().count());
    let (said, first) = write("first", " --train 20 --valid 3 --test 4 --seed 7");
    assert!(said.contains("train 20, valid 3, test 4 pairs"), "{said}");
    assert_eq!(lens(&first), [20, 3, 4]);
    let (_, other) = write("other", " --train 20 --valid 3 --test 4 --seed 8");
    assert_ne!(first, other);
    assert_eq!(lens(&write("plain", "").1), [30_000, 500, 1_000]);
    let help = run("data --help", "").ok();
    assert!(
        ["[default: 30000]", "[default: 500]", "[default: 1000]", "[default: 1]"]
            .iter()
            .all(|n| help.contains(n))
    );
    let problem =
        run(&format!("data numbers-fr-en --out {} --train 0", folder.path().display()), "").problem();
    assert!(problem.contains("each of them needs at least one number"), "{problem}");
}

#[test]
fn another_script_is_trained_on_and_translated() {
    let folder = folder();
    let recipe = concat!(env!("CARGO_MANIFEST_DIR"), "/../recipes/sentences-fr-hi.toml");
    for kind in ["bpe", "words"] {
        let out = folder.path().join(kind);
        let data = out.join("data");
        let small = format!("data sentences-fr-hi --out {} --train 300 --valid 20 --test 10", data.display());
        let said = run(&small, "").ok();
        assert!(said.contains("train 300, valid 20, test 10 pairs of simple sentences"), "{said}");
        let set = format!("--set text.kind={kind} --set training.max_steps=30 --set validation.every=30");
        let ended = run(&format!("train {recipe} --out {} {set}", out.display()), "");
        assert!(
            ended.err.contains("training: 300 pairs"),
            "the files that are there are taken: {}",
            ended.err
        );
        ended.ok();
        let model = out.join("model.safetensors").display().to_string();
        let tokens = run(&format!("inspect {model} --vocabulary"), "").ok();
        assert!(tokens.contains("किताब"), "{tokens}");
        let french = fs::read_to_string(data.join("test.fr")).unwrap();
        let hindi = run(&format!("translate --model {model}"), &french).ok();
        let is_hindi = |line: &str| line.chars().any(|c| ('\u{900}'..='\u{97f}').contains(&c));
        assert!(hindi.lines().count() == 10 && hindi.lines().all(is_hindi), "{hindi}");
        let hidden = french.replace("le", "l\u{200b}e\u{2060}") + "\u{feff}\u{200b}\u{ad}\n";
        assert_eq!(run(&format!("translate --model {model}"), hidden).ok(), hindi + "\n");
    }
}
