use super::*;
use crate::report::record::testing::{STATS, train, valid};
use autograd::ops::cross_entropy::LossStats;
use serde_json::{Value, json};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn steps(path: &Path) -> Vec<u64> {
    lines(path).iter().map(|line| line["step"].as_u64().unwrap()).collect()
}

#[test]
fn a_line_has_every_key_and_is_there_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    let mut metrics = Metrics::open(&path, 0).unwrap();
    metrics.train(&train(1)).unwrap();
    metrics.valid(&ValidRecord { bleu: Some(21.5), ..valid(1) }).unwrap();
    metrics.valid(&valid(2)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with(r#"{"step":1,"kind":"train","loss":0.75,"nll":0.5,"perplexity":1.64"#),
        "{text}"
    );
    let perplexity = 0.5f64.exp();
    assert_eq!(
        lines(&path),
        [
            json!({
                "step": 1, "kind": "train", "loss": 0.75, "nll": 0.5, "perplexity": perplexity,
                "learning_rate": 0.25, "tokens": 4, "tokens_per_second": 8.0, "grad_norm": 1.5, "epoch": 1,
                "seconds": 0.5,
            }),
            json!({
                "step": 1, "kind": "valid", "loss": 0.75, "nll": 0.5, "perplexity": perplexity,
                "accuracy": 0.25, "bleu": 21.5, "best": true,
                "bleu_signature": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
            }),
            json!({
                "step": 2, "kind": "valid", "loss": 0.75, "nll": 0.5, "perplexity": perplexity,
                "accuracy": 0.25, "bleu": null, "best": true,
            }),
        ]
    );
}

#[test]
fn numbers_that_are_not_finite_are_null_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    let mut metrics = Metrics::open(&path, 0).unwrap();
    let stats = LossStats { loss_sum: f64::NAN, nll_sum: 4e3, ..STATS };
    metrics.train(&TrainRecord { stats, grad_norm: f64::INFINITY, ..train(1) }).unwrap();
    metrics.valid(&ValidRecord { bleu: Some(f64::NAN), ..valid(1) }).unwrap();
    let lines = lines(&path);
    for key in ["loss", "perplexity", "grad_norm"] {
        assert_eq!(lines[0][key], Value::Null, "{key}");
    }
    assert_eq!(lines[0]["nll"], 1000.0);
    assert_eq!(lines[0]["not_finite"], "loss is NaN, perplexity is inf, grad_norm is inf");
    assert_eq!((&lines[1]["bleu"], &lines[1]["not_finite"]), (&Value::Null, &json!("bleu is NaN")));
}

#[test]
fn a_new_run_starts_an_empty_file_whatever_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    fs::write(&path, "{\"step\":0}\nno JSON\n\n").unwrap();
    Metrics::open(&path, 0).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn resumed_after_being_killed_anywhere_each_step_stands_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    let mut metrics = Metrics::open(&path, 0).unwrap();
    (1..=4).for_each(|step| metrics.train(&train(step)).unwrap());
    metrics.valid(&valid(4)).unwrap();
    (5..=6).for_each(|step| metrics.train(&train(step)).unwrap());
    let whole = fs::read(&path).unwrap();
    let saved = whole.split(|&byte| byte == b'\n').take(5).map(|line| line.len() + 1).sum::<usize>();
    for length in saved..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(lines_up_to(4, &path).unwrap(), whole[..saved], "killed after {length} bytes");
    }
    fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let mut metrics = Metrics::open(&path, 4).unwrap();
    (5..=6).for_each(|step| metrics.train(&train(step)).unwrap());
    assert_eq!(fs::read(&path).unwrap(), whole);
    Metrics::open(&path, 2).unwrap(); // from an older checkpoint
    assert_eq!(steps(&path), [1, 2]);
}

#[test]
fn a_last_line_that_lacks_only_its_end_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    fs::write(&path, "{\"step\":1}\n{\"step\":2}").unwrap();
    Metrics::open(&path, 2).unwrap().train(&train(3)).unwrap();
    assert_eq!(steps(&path), [1, 2, 3]);
}

#[test]
fn a_file_that_someone_removed_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    Metrics::open(&path, 7).unwrap().train(&train(8)).unwrap();
    assert_eq!(steps(&path), [8]);
}

#[test]
fn a_line_that_no_run_writes_is_an_error_that_names_it_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    for odd in ["", "[1]", "{\"step\":-1}", "{\"kind\":\"train\"}", "\u{0}\u{0}", "{\"step\":2}}"] {
        let text = format!("{{\"step\":1}}\n{odd}\n{{\"step\":3}}\n");
        fs::write(&path, &text).unwrap();
        let error = Metrics::open(&path, 5).unwrap_err();
        assert!(matches!(error, Error::Input(_)));
        assert!(error.to_string().contains("metrics.jsonl:2: not a line of a training run"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for after_step in [0, 3] {
        let error = Metrics::open(&folder.path().join("no/metrics.jsonl"), after_step).unwrap_err();
        assert!(error.to_string().contains("no/metrics.jsonl: "), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let path = PathBuf::from("/dev/full");
    let file = OpenOptions::new().append(true).open(&path).unwrap();
    let error = Metrics { path, file }.train(&train(1)).unwrap_err();
    assert!(matches!(error, Error::Input(_)));
    assert!(error.to_string().starts_with("/dev/full: cannot append a line: "), "{error}");
}
