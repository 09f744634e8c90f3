//! What `--set` sets, and what is left out of what it sets.

use translate::Penalty;

use super::*;

#[test]
fn what_is_left_out_of_an_optimizer_or_a_schedule_has_its_default() {
    let whole = |assignment: &str| set(&[assignment]).unwrap().training;
    let adam = whole("training.optimizer={ kind = \"adam\" }");
    assert_eq!(adam.optimizer, Recipe::default().training.optimizer, "the paper's");
    let adamw = whole("training.optimizer={ kind = \"adamw\", weight_decay = 0.01, eps = 1e-8 }");
    let expected = OptimizerSettings::Adamw { beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.01 };
    assert_eq!(adamw.optimizer, expected);
    let schedules = [
        ("\"inverse_sqrt\", peak = 0.1, warmup_steps = 2", ", initial = 0.0"),
        ("\"cosine\", peak = 0.1, warmup_steps = 2", ", min = 0.0, total_steps = 0"),
        (
            "\"reduce_on_plateau\", learning_rate = 0.1, factor = 0.5, patience = 2",
            ", threshold = 1e-4, min = 0.0",
        ),
    ];
    for (said, left_out) in schedules {
        let [short, long] =
            ["", left_out].map(|rest| whole(&format!("training.schedule={{ kind = {said}{rest} }}")));
        assert_eq!(short.schedule, long.schedule, "{said}");
    }
    let nothing = set(&["training.schedule={ kind = \"noam\" }"]).unwrap_err();
    assert!(nothing.contains("missing field `factor`"), "{nothing}");
}

#[test]
fn assignments_change_one_key_each_and_say_what_they_do_not_understand() {
    let recipe = set(&["training.max_steps=12", "search.length_penalty=none", "training.schedule.peak=0.5"]);
    // Half a schedule is not one: its kind must be said too.
    let problem = recipe.unwrap_err();
    assert!(
        problem.starts_with("--set training.schedule.peak=0.5: missing field `kind`; a schedule"),
        "{problem}"
    );
    let constant = "training.schedule={ kind = \"constant\", learning_rate = 0.1 }";
    let unquoted = set(&["training.schedule={ kind = noam, factor = 1.0 }"]).unwrap_err();
    assert!(unquoted.contains("text needs quotes"), "{unquoted}");
    let noam = "training.schedule.kind=noam";
    for assignments in [&["training.schedule=noam"][..], &[noam], &[constant, noam]] {
        let problem = set(assignments).unwrap_err();
        assert_eq!(problem.matches("a schedule or an optimizer is set as a whole").count(), 1, "{problem}");
        assert!(!problem.contains("enum"), "{problem}");
    }
    let recipe = set(&["training.max_steps=12", " search.length_penalty = none"]).unwrap();
    assert_eq!((recipe.training.max_steps, recipe.search.length_penalty), (12, Penalty::None));
    assert!(set(&["training.max_step=12"]).unwrap_err().contains("did you mean `max_steps`?"));
    assert!(set(&["max_steps"]).unwrap_err().ends_with("write section.key=value"));
    assert!(set(&["max_steps=12"]).unwrap_err().ends_with("did you mean `training.max_steps`?"));
    assert!(set(&["train=a.tsv"]).unwrap_err().ends_with("did you mean `data.train`?"));
    let peek = set(&[constant, "training.schedule.peek=1"]).unwrap_err();
    assert!(!peek.contains("as a whole"), "the others of its keys are there: {peek}");
    assert!(set(&["seed.x=1", "seed.y=2"]).unwrap_err().starts_with("--set seed.x=1: "));
}

#[test]
fn what_is_of_another_kind_is_told_in_words_of_recipes() {
    for (assignment, expected) in [
        ("model=3", "`model` is a section, with keys of its own"),
        ("training=[]", "`training` is a section, with keys of its own"),
        ("data.dir=3", "expected a path, in quotes"),
        ("training.freeze=3", "expected a list"),
        ("validation.metric=[]", "more than a word, expected one in quotes"),
        ("text.kind=word", "did you mean `words`? There are: bpe, words, pretokenised"),
        ("training.optimizer.eps=1e-8", "or training.optimizer={ kind = \"adam\" }"),
    ] {
        let problem = set(&[assignment]).unwrap_err();
        assert!(
            problem.starts_with(&format!("--set {assignment}: ")) && problem.ends_with(expected),
            "{problem}"
        );
    }
}

#[test]
fn an_assignment_is_one_value_of_one_key() {
    for (assignment, expected) in [
        ("seed=1\nmodel.d_model=64", "invalid type: string"),
        ("model={ d_model = 64 }\nseed = 2", "text needs quotes"),
        (&format!("{}=1", vec!["a"; 100_000].join(".")), "no key is below 99999 others"),
    ] {
        let problem = set(&[assignment]).unwrap_err();
        assert!(problem.contains(expected), "{:.300}", problem.replace(assignment, ".."));
    }
}
