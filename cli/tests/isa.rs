//! Which vector instructions a command works with.

use std::fs;
use std::path::Path;

use tensor::isa::Isa;

use crate::common::{Ended, end_of, etudiant, folder, toy_recipe};

fn with_variable(args: &str, value: &str) -> Ended {
    end_of(etudiant(args).env("ETUDIANT_ISA", value).spawn().unwrap())
}

/// The model that a few steps make with these instructions.
fn trained(folder: &Path, recipe: &str, isa: &str, precision: &str) -> Vec<u8> {
    let run = folder.join(format!("{isa}-{precision}"));
    let out = run.display();
    with_variable(&format!("train {recipe} --set training.precision={precision} --out {out}"), isa).ok();
    fs::read(run.join("model.safetensors")).unwrap()
}

#[test]
fn every_processor_trains_the_same_model_to_the_bit() {
    let folder = folder();
    let recipe = toy_recipe(folder.path(), 3);
    let available = Isa::available();
    let models = ["f32", "bf16"].map(|precision| {
        let model = |isa: &Isa| trained(folder.path(), &recipe, isa.name(), precision);
        let expected = model(&available[0]);
        for isa in &available[1..] {
            assert!(model(isa) == expected, "{precision}: {isa:?} and {:?}", available[0]);
        }
        expected
    });
    assert!(models[0] != models[1], "another precision is another model");
}

#[test]
fn instructions_that_the_processor_lacks_are_told() {
    let problem = with_variable("config", "mmx").problem();
    assert!(
        problem.contains("ETUDIANT_ISA is \"mmx\"; this processor has ") && problem.contains("portable"),
        "{problem}"
    );
}
