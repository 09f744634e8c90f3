//! Recipes that make no run.

use super::{Case, check, train};

const BPE: &[&str] = &["--set", "text.kind=bpe"];

/// A case of these lines after the section `[data]`, which has three.
fn recipe(lines: &str, says: &[&'static str]) -> Case {
    let text = format!("[data]\ntrain.pairs = [\"train.tsv\"]\nvalid.pairs = [\"valid.tsv\"]\n{lines}\n");
    Case { files: vec![("r.toml", text.into_bytes())], ..train(&[], &[], says) }
}

/// The same with a line above all sections.
fn above(line: &str, says: &[&'static str]) -> Case {
    let text = format!("{line}\n[data]\ntrain.pairs = [\"train.tsv\"]\nvalid.pairs = [\"valid.tsv\"]\n");
    Case { files: vec![("r.toml", text.into_bytes())], ..train(&[], &[], says) }
}

fn set(set: &'static str, says: &[&'static str]) -> Case {
    train(&[], &["--set", set], says)
}

#[test]
fn recipes_that_are_not_understood() {
    let cases = vec![
        recipe(
            "[training]\nsmoothin = 0.1",
            &["r.toml:5: there is no key `smoothin` here; did you mean `smoothing`?"],
        ),
        recipe("[trainig]", &["r.toml:4: there is no key `trainig` here; did you mean `training`?"]),
        recipe(
            "[model]\nd_model = \"wide\"",
            &["r.toml:5: invalid type: string \"wide\", expected a whole number, 0 or more"],
        ),
        recipe("[model]\nd_model = -16", &["r.toml:5: ", "-16"]),
        recipe(
            "[model]\nnorm = \"prae\"",
            &["r.toml:5: there is no choice `prae` here; did you mean `pre`?"],
        ),
        recipe(
            "[training]\nschedule = { kind = \"constant\" }",
            &["r.toml:5: missing field `learning_rate`"],
        ),
        recipe("[model\n", &["r.toml:4: "]),
        recipe("[model]\nd_model = 16\nd_model = 16", &["r.toml:6: ", "duplicate"]),
        train(
            &[("r.toml", b"\xff\xfe[\0m\0o\0d\0e\0l\0]\0")],
            &[],
            &["r.toml: cannot read the recipe: the text is UTF-16; save it as UTF-8"],
        ),
        train(
            &[("r.toml", b"\0[\0m\0o\0d\0e\0l\0]\0\n")],
            &[],
            &["r.toml: cannot read the recipe: the text is UTF-16", "`etudiant config` prints one"],
        ),
        train(&[("r.toml", b"[data]\n# \xe9")], &[], &["line 2: invalid UTF-8 at byte 3 of the line"]),
        Case {
            args: vec!["train", "no.toml"],
            ..train(&[], &[], &["no.toml: cannot read the recipe", "`etudiant config` prints one"])
        },
        Case {
            args: vec!["train", "folder"],
            ..train(&[], &[], &["folder: cannot read the recipe", "`etudiant config` prints one"])
        },
    ];
    println!("bad input, recipes: {0} of {0} refused", check(cases));
}

#[test]
fn assignments_that_are_not_understood() {
    let cases = vec![
        set("training.max_steps", &["--set training.max_steps: write section.key=value"]),
        set("=3", &["--set =3: write section.key=value"]),
        set("training.max_step=3", &["--set training.max_step=3: ", "did you mean `max_steps`?"]),
        set("training.max_steps=many", &["--set training.max_steps=many: ", "expected a whole number"]),
        set("training.max_steps=-1", &["--set training.max_steps=-1: "]),
        set(
            "training.max_steps.most=1",
            &["--set training.max_steps.most=1: `max_steps` is a value, not a section"],
        ),
        set(
            "training.optimizer.beta1=0.5",
            &["--set training.optimizer.beta1=0.5: missing field `kind`", "is set as a whole, for example"],
        ),
        set("training.schedule.peak=0.5", &["there is no key `peak` here. There are: learning_rate"]),
    ];
    println!("bad input, assignments: {0} of {0} refused", check(cases));
}

#[test]
fn sections_lists_and_vocabularies_that_are_none() {
    let cases = vec![
        above("search = [3]", &["r.toml: `search` is a section, with keys of its own"]),
        above(
            "search = 3",
            &["r.toml:1: invalid type: integer `3`, expected a section, with keys of its own"],
        ),
        set(
            "data.valid={ source = [\"v.src\", \"w.src\"], target = \"v.tgt\" }",
            &[
                "--set data.valid={ source",
                "}: data.valid: `source` and `target` differ in their number of files, 2 and 1",
            ],
        ),
        Case {
            args: vec!["train", "r.toml", "--out", "run", "--set", "text.vocab_size=3"],
            ..recipe(
                "[text]\nkind = \"words\"",
                &["--set text.vocab_size=3: text.vocab_size is 3; beside 4 special"],
            )
        },
    ];
    println!("bad input, sections and lists: {0} of {0} refused", check(cases));
}

#[test]
fn values_out_of_range() {
    let cases = vec![
        set(
            "training.max_steps=0",
            &["--set training.max_steps=0: training.max_steps is 0; it must be at least 1"],
        ),
        recipe("[training]\nmax_steps = 0", &["r.toml: training.max_steps is 0; it must be at least 1"]),
        Case {
            args: vec!["train", "r.toml", "--out", "run", "--set", "model.d_model=0"],
            ..recipe("[training]\nbatch_tokens = 0", &["--set model.d_model=0: model.d_model is 0"])
        },
        train(
            &[],
            &["--set", "model.d_model=15", "--set", "training.log_every=7"],
            &["--set model.d_model=15: [model] n_heads 2 does not divide d_model 15"],
        ),
        train(
            &[],
            &["--set", "model.d_model=15", "--set", "model.n_heads=7"],
            &["--set model.d_model=15 --set model.n_heads=7: [model] n_heads 7 does not divide d_model 15"],
        ),
        set("training.smoothing=1.5", &["training.smoothing is 1.5; it must be between 0 and 0.999"]),
        set("training.smoothing=nan", &["training.smoothing is NaN; it must be between"]),
        set(
            "training.schedule={ kind = \"constant\", learning_rate = 1e30 }",
            &["training.schedule.learning_rate is 1", "between 0 and 1000"],
        ),
        set("training.average=4", &["training.average is 4, but training.keep_checkpoints keeps only 3"]),
        set("model.n_heads=3", &["[model] n_heads 3 does not divide d_model 16"]),
        set("model.dropout=1.5", &["[model] dropout"]),
        set("model.d_model=0", &["model.d_model is 0; it must be between 1 and 65536"]),
        set("model.n_heads=0", &["model.n_heads is 0; it must be between 1 and 16"]),
        set("model.d_ff=0", &["model.d_ff is 0; it must be between 1 and 65536"]),
        set(
            "data.builtin=letters",
            &["data.builtin is \"letters\"; there is: numbers-fr-en, sentences-fr-hi"],
        ),
        set("data.train={}", &["data.train names no file; give source and target files"]),
        set("data.valid={}", &["data.valid names no file", "validation.every = 0"]),
        train(
            &[],
            &[BPE, &["--set", "text.vocab_size=4"]].concat(),
            &["text.vocab_size is 4; a subword vocabulary needs at least 8"],
        ),
        train(&[], &[BPE, &["--set", "text.vocab_size=100"]].concat(), &["vocab_size", "100"]),
        train(
            &[],
            &["--set", "text.kind=pretokenised", "--set", "text.lowercase=true"],
            &["text.lowercase = true does not go with text.kind = \"pretokenised\""],
        ),
    ];
    println!("bad input, ranges: {0} of {0} refused", check(cases));
}

#[test]
fn values_that_are_huge() {
    let cases = vec![
        // Numbers that no memory holds, or that TOML cannot write.
        set("seed=9223372036854775808", &["--set seed=9223372036854775808: a whole number is too large"]),
        recipe("[training]\nsave_every = 18446744073709551615", &["r.toml:5: a whole number is too large"]),
        recipe("[model]\nd_model = 99999999999999999999", &["r.toml:5: a whole number is too large"]),
        train(
            &[],
            &[BPE, &["--set", "text.vocab_size=1000000000000000000"]].concat(),
            &["text.vocab_size is 1000000000000000000; it must be between 0 and 10000000"],
        ),
        set("model.d_model=50000", &["model.d_model 50000", "parameters; a model may have 2000000000"]),
        set(
            "model.d_model=9223372036854775806",
            &["model.d_model is 9223372036854775806; it must be between 1 and 65536"],
        ),
        set("model.d_ff=4000000000", &["model.d_ff is 4000000000; it must be between 1 and 65536"]),
        set(
            "model.n_encoder_layers=1000000000",
            &["model.n_encoder_layers is 1000000000; it must be between 1"],
        ),
        set(
            "model.n_decoder_layers=1000000000",
            &["model.n_decoder_layers is 1000000000; it must be between 1"],
        ),
        set("model.max_len=4000000000", &["model.max_len is 4000000000; it must be between 1 and 10000"]),
        set("training.accumulate=9223372036854775807", &["training.accumulate is ", "between 1 and 10000"]),
        set("search.beam=20000", &["search.beam is 20000; it must be between 1 and 10000"]),
        set("search.beam=0", &["search.beam is 0; it must be between 1 and 10000"]),
        set(
            "search.max_len_beyond_source=9000000000000000000",
            &["search.max_len_beyond_source is 9000000000000000000; it must be between 0 and 10000"],
        ),
    ];
    println!("bad input, huge values: {0} of {0} refused", check(cases));
}
