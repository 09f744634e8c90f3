use super::*;
use crate::testing::{saved, translator, values};
use tensor::{DType, Seed};
use text::TextModel;
use transformer::Transformer;

/// What two recipes differ in.
fn same(first: &str, other: &str) -> Result<String, String> {
    match other {
        "nonsense" => Err("in its recipe: nonsense".into()),
        _ if first == other => Ok(String::new()),
        _ => Ok(format!("a recipe was {first}")),
    }
}

#[test]
fn an_average_is_the_mean_of_every_parameter() {
    let (_folder, paths) = saved([&translator(1.0, 30), &translator(2.0, 40), &translator(6.0, 20)]);
    let mean = average(&paths, same).unwrap();
    assert!(values(&mean).iter().all(|&value| value == 3.0));
    assert_eq!(mean.about().averaged, [30, 40, 20]);
    assert_eq!((mean.about().step, mean.about().history[0].step), (40, 40), "the rest is that of the last");
}

/// In f32 the two small ones would be lost one after the other.
#[test]
fn an_average_is_summed_in_f64() {
    let small = f32::EPSILON / 2.0;
    let (_folder, paths) =
        saved([&translator(1.0, 1), &translator(small, 2), &translator(small, 3), &translator(0.0, 4)]);
    let mean = average(&paths, same).unwrap();
    let expected = (1.0 + f32::EPSILON) / 4.0;
    assert!(values(&mean).iter().all(|&value| value == f64::from(expected)));
}

#[test]
fn an_average_needs_two_checkpoints() {
    let (_folder, paths) = saved([&translator(1.0, 1)]);
    for few in [&[], &paths[..]] {
        let problem = average(few, same).unwrap_err().to_string();
        assert_eq!(
            problem,
            format!("an average takes two checkpoints of one run or more; {} named", few.len())
        );
    }
}

#[test]
fn what_cannot_be_averaged_is_named_with_the_reason() {
    let refused = |other: Translator| {
        let (_folder, paths) = saved([&translator(1.0, 1), &other]);
        let problem = average(&paths, same).unwrap_err().to_string();
        let path = paths[1].display().to_string();
        problem
            .strip_prefix(&path)
            .expect("it names the second")
            .replace(&*paths[0].to_string_lossy(), "FIRST")
    };
    let about = |change: fn(&mut About)| {
        let mut about = translator(2.0, 2).about().clone();
        change(&mut about);
        refused(translator(2.0, 2).with_about(about))
    };
    let one_run = "; only checkpoints of one run can be averaged";
    let recipe = about(|about| about.recipe = "another".into());
    assert_eq!(recipe, format!(": another recipe than FIRST (a recipe was a recipe there){one_run}"));
    let unreadable = about(|about| about.recipe = "nonsense".into());
    assert_eq!(unreadable, ": in its recipe: nonsense");
    let (model, params, text, other) = translator(2.0, 2).into_parts();
    // As many words, so that only the vocabulary tells them apart.
    let pairs = [("je suis étudiant", "i am a student"), ("merci", "thank")];
    let words = TextModel::learn(text.settings(), pairs.into_iter()).unwrap();
    let words = refused(Translator::new(model.clone(), params.clone(), words, other.clone()).unwrap());
    assert_eq!(words, format!(": another vocabulary than FIRST{one_run}"));
    let config = model.config().clone().with(|model| model.n_heads = 4);
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let heads = refused(Translator::new(model, params, text, other).unwrap());
    assert_eq!(heads, format!(": another configuration than FIRST{one_run}"));
    let step = about(|about| about.step = 1);
    assert_eq!(step, ": it is of step 1, as FIRST is; name each checkpoint once");
    let averaged = about(|about| about.averaged = vec![1, 2]);
    assert_eq!(averaged, ": this is the mean of 2 checkpoints already; name checkpoints of the run");
}
