//! `translate --replace-unknown`: what the model does not know is copied.

use std::path::Path;

use super::translate;
use crate::common::{file, folder, run};

/// A model that learned to say `<unk>` for names, each of which it saw once.
fn model(folder: &Path, kind: &str) -> String {
    let with_names = |before: &str| -> String {
        let letters = || "abdefghiklmnoprstuvz".chars();
        let names = letters().flat_map(|a| letters().map(move |b| format!("{a}o{b}a{a}i{b}")));
        names.map(|name| format!("{before} {name} .\n")).collect()
    };
    let src = file(folder, "names.fr", with_names("je vois"));
    let tgt = file(folder, "names.en", with_names("i see"));
    let recipe = format!(
        "[data]\ntrain = {{ source = [{src:?}], target = [{tgt:?}] }}\n\
         [text]\nkind = {kind:?}\nmin_count = 3\n\
         [model]\nd_model = 32\nn_heads = 2\nd_ff = 32\nn_encoder_layers = 1\nn_decoder_layers = 2\n\
         dropout = 0.0\nmax_len = 12\n\
         [training]\nmax_steps = 150\nbatch_tokens = 256\naverage = 0\n\
         schedule = {{ kind = \"constant\", learning_rate = 0.003 }}\n\
         [validation]\nevery = 0\n"
    );
    let recipe = file(folder, "names.toml", recipe);
    let out = folder.join("run");
    run(&format!("train {recipe} --out {}", out.display()), "").ok();
    out.join("model.safetensors").display().to_string()
}

#[test]
fn a_name_that_no_vocabulary_has_is_copied_as_it_is_written() {
    for kind in ["words", "pretokenised"] {
        let folder = folder();
        let model = model(folder.path(), kind);
        let run = |options: &str, input: &str| run(&format!("translate --model {model}{options}"), input);
        let said = run("", "je vois Xylo .\n\n").ok();
        assert_eq!(said, "i see <unk> .\n\n", "{kind}");
        let answer = run(" --align --replace-unknown --json", "je vois Xylo .\n").json().remove(0);
        let translation = &answer["translations"][0];
        assert_eq!(translation["text"], "i see Xylo .", "{answer}"); // whatever attention says
        assert_eq!(translation["alignment"].as_array().unwrap().len(), 4);
        assert_eq!(translation["tokens"][2], "<unk>");
        let replaced = run(" --replace-unknown", "je vois Xylo .\n\n").ok();
        assert_eq!(replaced, "i see Xylo .\n\n");
    }
}

#[test]
fn what_spells_in_bytes_knows_everything() {
    let ended = translate(" --replace-unknown", "un\n");
    assert!(ended.err.contains("--replace-unknown has nothing to do"), "{}", ended.err);
    assert_eq!(ended.ok(), translate("", "un\n").ok());
}
