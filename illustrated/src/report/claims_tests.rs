//! Nothing false is said of models that are not the paper's.

use tensor::{DType, Seed};
use transformer::{
    Activation, Architecture, Config, NormPlacement, Pair, Positions, TieEmbeddings, Transformer, VocabSizes,
};

use super::page;
use crate::record::{Recorder, Words};
use crate::recording::About;
use crate::testing::toy;

/// What can be read on the page of an untrained model that is changed so.
fn read(change: impl FnOnce(&mut Architecture)) -> String {
    let config = Config::toy(VocabSizes::Shared(7)).with(|model| {
        (model.d_model, model.n_heads, model.d_ff) = (16, 2, 24);
        change(model);
    });
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let words = ["un", "<bos>", "<eos>", "deux", "trois", "quatre", "cinq"].map(str::to_owned);
    let about = About { sentence: "trois deux un".into(), ..About::default() };
    let mut recorder = Recorder::new(&model, &params, Words::whole(&words, &words), about);
    let pair = Pair { src: vec![4, 3, 0, 2], tgt: vec![0, 3, 4, 2] };
    for beam_size in [1, 2] {
        let options = transformer::search::beam::BeamOptions { beam_size, ..Default::default() };
        recorder.search(&model, &params, &pair.src, &options).unwrap();
    }
    recorder.pass(&model, &params, &pair, 0, true).unwrap();
    recorder.probes(&model, &params, &pair).unwrap();
    recorder.deep_stacks(&config.architecture, &pair).unwrap();
    text(&page(&recorder.finish()))
}

/// The words of a page: without styles, scripts and tags.
fn text(page: &str) -> String {
    let (mut text, mut rest) = (String::new(), page);
    while let Some((before, tag)) = rest.split_once('<') {
        text += before;
        let end = ["style", "script"].into_iter().find(|name| tag.starts_with(name));
        rest = match end {
            Some(name) => tag.split_once(&format!("</{name}>")).unwrap().1,
            None => tag.split_once('>').unwrap().1,
        };
        text += " ";
    }
    (text + rest).split_whitespace().collect::<Vec<&str>>().join(" ").replace("&amp;", "&")
}

#[track_caller]
fn hold(text: &str, said: &[&str], unsaid: &[&str]) {
    for claim in said {
        assert!(text.contains(claim), "{claim:?} is not in {text}");
    }
    for claim in unsaid {
        let at = text.find(claim);
        let around = at.map(|at| {
            text[..at].chars().rev().take(60).collect::<String>().chars().rev().collect::<String>()
        });
        assert!(at.is_none(), "{claim:?} behind {around:?}");
    }
}

const SCALED: [&str; 3] = ["The scores are divided by √8", "Q Kᵀ / √8", "③ / √8"];
const COMPUTED: [&str; 3] = [
    "no parameters: computed",
    "sines and cosines of the position, each",
    "This model uses the paper's form.",
];
const HIDDEN: [&str; 4] =
    ["masked self-attention", "masked self-att.", "no position sees a later one", "the causal mask hides"];
const AFTER: [&str; 3] = ["The sum is normalised", "add & normalize", "The norm comes last"];

#[test]
fn the_papers_model_is_called_so() {
    let text = read(|_| ());
    hold(
        &text,
        &[SCALED.as_slice(), &COMPUTED, &HIDDEN, &AFTER, &["ReLU", "the same by which"]].concat(),
        &["GELU"],
    );
}

#[test]
fn scores_that_are_not_scaled() {
    hold(
        &read(|model| model.scale_scores = false),
        &["In this model they are not", "not divided at all"],
        &SCALED,
    );
}

#[test]
fn positions_that_are_learned_or_not_there() {
    let learned = read(|model| model.positions = Positions::Learned);
    hold(
        &learned,
        &["has learned a vector for every position", "its positions are learned"],
        &[COMPUTED[0], COMPUTED[2]],
    );
    let none = read(|model| model.positions = Positions::None);
    let unsaid = ["the vector of its place", "With the positions taken away", COMPUTED[0], COMPUTED[2]];
    hold(
        &none,
        &["so it cannot tell the order", "adds nothing for the place", "To it both are one sentence"],
        &unsaid,
    );
}

#[test]
fn a_decoder_that_sees_what_comes() {
    let text = read(|model| model.causal_mask = false);
    hold(&text, &["it has no causal mask", "sees its own label", "with the mask put in"], &HIDDEN);
}

#[test]
fn norms_before_sublayers() {
    let text = read(|model| model.norm = NormPlacement::Pre);
    hold(&text, &["is normalised before", "This model has it before", "last norm"], &AFTER);
}

#[test]
fn other_functions_tables_and_depths() {
    hold(&read(|model| model.activation = Activation::Gelu), &["GELU"], &["ReLU"]);
    let untied = read(|model| model.tie_embeddings = TieEmbeddings::Separate);
    hold(&untied, &[], &["the same by which", "the table again"]);
    let one = read(|model| {
        (model.n_encoder_layers, model.n_decoder_layers, model.n_heads) = (1, 1, 1);
    });
    hold(
        &one,
        &["1 layer that reads", "has one head"],
        &[
            " 1 layers",
            " 1 heads",
            "the 1 ",
            "all 1 ",
            "side by side again",
            "top layer of each stack",
            "Choose another word, layer",
        ],
    );
}

#[test]
fn biases_are_part_of_the_products() {
    hold(
        &read(|model| model.attention_bias = true),
        &["Q = X W^Q + b", "out = Z W^O + b"],
        &["X W^Q ×", "Z W^O ="],
    );
    hold(&read(|_| ()), &["Q = X W^Q", "out = Z W^O"], &["W^Q + b", "W^O + b"]);
}

/// Every question has an answer, with trainings to tell of and without.
#[test]
fn no_question_is_left_out() {
    let questions = |page: &str| -> Vec<String> {
        page.split("<summary>").skip(1).map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect()
    };
    let of_toy = page(toy());
    let of_toy = questions(&of_toy);
    assert_eq!(of_toy.len(), 13, "twelve, and the recipe: {of_toy:?}");
    let text = read(|_| ());
    for question in &of_toy {
        assert!(text.contains(question.as_str()), "{question}");
    }
    assert!(text.contains("--example je_suis_etudiant -- --report toy.html"));
    let toy = self::text(&page(toy()));
    for text in [toy, text] {
        let numbers: Vec<&str> =
            text.split(' ').filter(|word| word.contains("NaN") || *word == "inf").collect();
        assert!(numbers.is_empty(), "{numbers:?}");
    }
}
