use nn::checkpoint::Listed;

use super::model::configuration;
use super::tables::*;
use crate::console::shown;
use crate::model::part;
use crate::recipe::ValidationMetric;
use transformer::{Config, VocabSizes};
use translate::Validated;

fn validated(step: u64, nll: f64, bleu: Option<f64>) -> Validated {
    Validated { step, nll, bleu }
}

#[test]
fn numbers_are_grouped_by_three() {
    let texts = [0, 12, 999, 1000, 65_536, 1_234_567].map(grouped);
    assert_eq!(texts, ["0", "12", "999", "1,000", "65,536", "1,234,567"]);
}

#[test]
fn a_parameter_belongs_to_its_layer_or_module() {
    let cases = [
        ("encoder.layers.11.self_attn.q_proj.weight", "encoder.layers.11"),
        ("decoder.norm.gamma", "decoder.norm"),
        ("embedding.weight", "embedding"),
        ("weight", "weight"),
        ("a.layers", "a.layers"),
        ("", ""),
    ];
    for (name, expected) in cases {
        assert_eq!(part(name), expected, "{name}");
    }
}

#[test]
fn lists_are_broken_between_items() {
    let items: Vec<String> = (0..30).map(|i| format!("item-{i}")).collect();
    let text = wrapped(&items, ", ");
    assert!(text.lines().count() > 1 && text.lines().all(|line| line.len() <= 92), "{text}");
    assert_eq!(text.replace('\n', " "), items.join(", "));
    assert_eq!(wrapped(&["x".repeat(200)], ", "), "x".repeat(200), "what is too long stays whole");
}

#[test]
fn rows_are_aligned_and_further_lines_indented() {
    assert_eq!(rows(&[("a", "1\n2".into()), ("bcd", "3".into())]), "a    1\n     2\nbcd  3\n");
}

#[test]
fn columns_of_tensors_hold_the_longest_shape() {
    let listed = |name: &str, shape: &[usize]| Listed {
        name: name.into(),
        dtype: "F32".into(),
        shape: shape.to_vec(),
        problem: None,
    };
    let text = tensors(&[listed("kernel", &[1024, 2048, 3, 3, 3, 1]), listed("bias", &[2])]);
    let ends: Vec<_> =
        text.lines().map(|line| line.find(" f32").or(line.find(" dtype").map(|at| at + 2))).collect();
    assert!(ends[0] == ends[1] && ends[1] == ends[2], "{text}");
    assert!(text.lines().all(|line| line.len() == text.lines().next().unwrap().len()), "{text}");
}

#[test]
fn nothing_that_steers_a_terminal_is_shown_as_it_is() {
    assert_eq!(shown("é\u{1b}[31m▁\n"), "é\\u{1b}[31m▁\\u{a}");
}

#[test]
fn the_best_is_by_the_metric_and_then_by_loss_and_the_first_among_equals() {
    let tied =
        [(3.0, 0.0), (1.0, 0.0), (2.0, 0.0), (1.0, 0.0)].map(|(nll, bleu)| validated(1, nll, Some(bleu)));
    assert_eq!(best(&tied, ValidationMetric::Bleu), Some(1));
    let history = [
        validated(1, 2.0, None),
        validated(2, 1.0, Some(8.0)),
        validated(3, 1.0, Some(9.0)),
        validated(4, f64::NAN, Some(9.0)),
    ];
    assert_eq!(best(&history, ValidationMetric::Loss), Some(1));
    assert_eq!(best(&history, ValidationMetric::Bleu), Some(2));
    assert_eq!(best(&history[..1], ValidationMetric::Bleu), None);
}

#[test]
fn a_spread_has_the_first_and_the_last() {
    assert_eq!(spread(3, 12), [0, 1, 2]);
    assert_eq!(spread(9, 3), [0, 4, 8]);
    let places = spread(1000, 12);
    assert_eq!((places.len(), places[0], places[11]), (12, 0, 999));
}

#[test]
fn a_long_history_is_shortened_and_its_best_still_there() {
    let mut long: Vec<Validated> = (0..100).map(|step| validated(step, 3.0, None)).collect();
    long[57].nll = 1.0;
    let text = history(&long, ValidationMetric::Loss);
    assert!(text.contains("        57    1.0000       2.718       -  best\n"), "{text}");
    assert!(text.contains("(13 of 100 validations)"), "{text}");
    assert_eq!(text.lines().count(), 1 + 13 + 2);
}

#[test]
fn bars_reach_from_the_least_to_the_greatest() {
    assert_eq!(sparkline(&[8.0, 1.0, f64::NAN, 4.5]), "█▁?▅");
    assert_eq!(sparkline(&[2.0, 2.0]), "▁▁", "equal values have no range");
    assert_eq!(sparkline(&[f64::NAN]), "?");
}

#[test]
fn every_key_of_a_configuration_is_shown() {
    let config = Config::toy(VocabSizes::Shared(8));
    let shown = configuration(&config).replace('\n', " ");
    for key in serde_json::to_value(&config).unwrap().as_object().unwrap().keys() {
        assert!(shown.contains(&format!("{key} = ")), "{key} is not in: {shown}");
    }
    assert!(
        shown.starts_with("src_vocab_size = 8, tgt_vocab_size = 8, "),
        "in the order of the fields: {shown}"
    );
}
