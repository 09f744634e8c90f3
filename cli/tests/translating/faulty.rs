//! Lines that are no text or cannot be translated: what is lost, and what is said.

use std::fs;
use std::path::Path;

use tensor::{DType, Seed};
use transformer::{TieEmbeddings, Transformer};
use translate::Translator;

use super::{test_set, translate};
use crate::common::{Ended, file, folder, gzipped, run, toy};

#[test]
fn faulty_lines_become_empty_ones_and_are_counted() {
    let faulty = b"un deux\nsept \xff\n\nsix\n\xc3\n".as_slice();
    let expected = translate("", "un deux\n\n\nsix\n\n").ok();
    let ended = translate(" --lenient", faulty);
    assert!(
        ended.err.contains(
            "warning: 2 of 5 lines were faulty and became empty lines: line 2, 5; the first: standard input:2: \
             invalid UTF-8 at byte 6"
        ),
        "{}",
        ended.err
    );
    assert_eq!(ended.ok(), expected);
    let answers = translate(" --lenient --json", faulty).json();
    assert_eq!(answers[1]["source"], "");
    assert!(answers[1]["problem"].as_str().unwrap().contains(":2: invalid UTF-8"));
    assert_eq!((answers[0].get("problem"), answers[2].get("problem")), (None, None));
    assert_eq!(translate(" --lenient", "un deux\n\n\nsix\n\n").err, "", "an empty line is not faulty");
}

#[test]
fn a_line_that_is_too_long_is_faulty_and_the_next_is_not() {
    let input = ["un\n".as_bytes(), &vec![b'a'; (64 << 20) + 1], b"\nun\n"].concat();
    let ended = translate(" --lenient", &input);
    assert!(ended.err.contains("1 of 3 lines were faulty"), "{}", ended.err);
    let one = translate("", "un\n").ok();
    assert_eq!(ended.ok(), format!("{one}\n{one}"));
    let ended = translate("", &input);
    assert_eq!(ended.out, one);
    assert!(ended.problem().contains("standard input:2: a line of more than 64 MiB"));
}

#[test]
fn a_file_that_breaks_off_is_no_faulty_line() {
    let folder = folder();
    let (src, _) = test_set(400);
    let whole = gzipped(&src);
    let path = file(folder.path(), "in.gz", &whole[..whole.len() - 9]);
    for options in ["", " --lenient"] {
        let ended = translate(&format!("{options} {path}"), "");
        assert!(ended.out.lines().count() > 300, "what was read is answered");
        let problem = ended.problem();
        assert!(problem.contains("in.gz:") && problem.contains("ends too early"), "{problem}");
    }
    let utf16 = translate(" --lenient", b"\xff\xfeu\0n\0\n\0");
    assert!(utf16.problem().contains("UTF-16"));
}

/// An untrained model for the toy's text, in which the number of one source token is so large that what follows from it
/// is none.
fn poisoned(folder: &Path, token: &str) -> String {
    let (toy, _, text, about) = Translator::open(toy()).unwrap().into_parts();
    let config = toy.config().clone().with(|model| model.tie_embeddings = TieEmbeddings::Separate);
    let (model, mut params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let id = *text.encode_src(token).ids.last().unwrap() as usize;
    let embedding = params.id("encoder.embedding.weight").unwrap();
    let width = config.architecture.d_model;
    params.get_mut(embedding).data_mut::<f32>()[id * width..(id + 1) * width].fill(3e38);
    let path = folder.join("poisoned.safetensors");
    Translator::new(model, params, text, about).unwrap().save(&path).unwrap();
    path.display().to_string()
}

#[test]
fn what_was_translated_before_a_line_that_cannot_be_is_not_lost() {
    let folder = folder();
    let model = poisoned(folder.path(), "%");
    let translate =
        |options: &str, input: &str| -> Ended { run(&format!("translate --model {model}{options}"), input) };
    let alone = translate("", "deux\n").ok();
    let ended = translate("", "deux\n\nsix % un\nsept\n");
    assert_eq!(ended.out, format!("{alone}\n"), "{}", ended.err);
    let problem = ended.problem();
    assert!(problem.contains("standard input:3: ") && problem.contains("not a finite number"), "{problem}");
    let path = folder.path().join("in.fr");
    fs::write(&path, "deux\n\nsix % un\ndeux\n").unwrap();
    let ended = translate(&format!(" --lenient {}", path.display()), "");
    assert_eq!(ended.out, format!("{alone}\n\n{alone}"));
    let expected =
        format!("1 of 4 lines were faulty and became empty lines: line 3; the first: {}:3: ", path.display());
    assert!(ended.err.contains(&expected), "{}", ended.err);
    ended.ok();
}
