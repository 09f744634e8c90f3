//! Models in fewer bytes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{digits, file, folder, run, toy};

/// The toy in these weights.
fn quantized(folder: &Path, to: &str) -> String {
    let out = folder.join(format!("{to}.safetensors")).display().to_string();
    let said = run(&format!("quantize --to {to} {} {out}", toy()), "").ok();
    assert!(said.starts_with(&format!("{out}: weights in {to}, ")), "{said}");
    out
}

#[test]
fn a_model_in_fewer_bytes_translates_as_the_whole_one_with_its_weights_rounded() {
    let folder = folder();
    let input: String = (0..60).map(|i| digits(1 + 37 * i % 999).0 + "\n").collect();
    let size = |path: &str| fs::metadata(path).unwrap().len();
    let mut sizes = vec![size(toy())];
    for to in ["f32", "bf16", "int8"] {
        let model = quantized(folder.path(), to);
        let small = run(&format!("translate --model {model} --scores"), &input).ok();
        let rounded = run(&format!("translate --model {} --scores --weights {to}", toy()), &input).ok();
        assert_eq!(small, rounded, "{to}");
        let inspected: Value =
            serde_json::from_str(&run(&format!("inspect --json {model}"), "").ok()).unwrap();
        assert_eq!(inspected["weights"], to);
        sizes.push(size(&model));
    }
    assert!(sizes[1] == sizes[0] && sizes[2] < sizes[1] && sizes[3] < sizes[2], "{sizes:?}");
    let text = run(&format!("inspect {}", folder.path().join("int8.safetensors").display()), "").ok();
    assert!(text.contains("matrices of whole numbers, a byte each"), "{text}");
}

#[test]
fn a_small_model_is_evaluated_and_made_smaller_still() {
    let folder = folder();
    let (model, (source, reference)) = (quantized(folder.path(), "bf16"), digits(123));
    let (source, reference) =
        (file(folder.path(), "a.fr", source + "\n"), file(folder.path(), "a.en", reference + "\n"));
    run(&format!("evaluate --model {model} --source {source} --reference {reference}"), "").ok();
    let out = folder.path().join("smaller.safetensors").display().to_string();
    run(&format!("quantize --to int8 {model} {out}"), "").ok();
    run(&format!("translate --model {out}"), "un\n").ok();
}

#[test]
fn nothing_is_written_over() {
    let folder = folder();
    let out = file(folder.path(), "mine", "precious");
    let problem = run(&format!("quantize --to int8 {} {out}", toy()), "").problem();
    assert!(problem.contains("this is there already, and nothing is written over"), "{problem}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "precious");
    let missing = folder.path().join("missing.safetensors");
    let missing = missing.display();
    let problem =
        run(&format!("quantize --to int8 {missing} {}", folder.path().join("x").display()), "").problem();
    assert!(problem.contains("there is no such file"), "{problem}");
    assert!(!folder.path().join("x").exists());
}
