//! Which vector instructions a command works with.

use std::fs;
use std::path::Path;

use tensor::isa::Isa;

use crate::common::{Ended, end_of, etudiant, folder, toy_recipe};

fn with_variable(args: &str, value: &str) -> Ended {
    end_of(etudiant(args).env("ETUDIANT_ISA", value).spawn().unwrap())
}

/// The model that a few steps make with these instructions.
fn trained(folder: &Path, recipe: &str, isa: &str) -> Vec<u8> {
    let run = folder.join(isa);
    with_variable(&format!("train {recipe} --out {}", run.display()), isa).ok();
    fs::read(run.join("model.safetensors")).unwrap()
}

#[test]
fn every_processor_trains_the_same_model_to_the_bit() {
    let folder = folder();
    let recipe = toy_recipe(folder.path(), 3);
    let available = Isa::available();
    let expected = trained(folder.path(), &recipe, available[0].name());
    for isa in &available[1..] {
        assert!(trained(folder.path(), &recipe, isa.name()) == expected, "{isa:?} and {:?}", available[0]);
    }
}

#[test]
fn instructions_that_the_processor_lacks_are_told() {
    let problem = with_variable("config", "mmx").problem();
    assert!(
        problem.contains("ETUDIANT_ISA is \"mmx\"; this processor has ") && problem.contains("portable"),
        "{problem}"
    );
}
