use super::*;
use crate::config::Positions;

const SHARED: VocabSizes = VocabSizes::Shared(37_000);

#[test]
fn every_preset_is_valid_and_divides_its_heads() {
    for preset in [Config::toy, Config::tiny, Config::small, Config::base, Config::big] {
        let separate = VocabSizes::Separate { src: 30, tgt: 20 };
        for vocab_sizes in [SHARED, separate] {
            let config = preset(vocab_sizes);
            config.validate().unwrap();
        }
    }
}

#[test]
fn only_a_shared_vocabulary_ties_the_embeddings() {
    let tied = |vocab_sizes| Config::base(vocab_sizes).architecture.tie_embeddings;
    assert_eq!(tied(VocabSizes::Shared(10)), TieEmbeddings::ThreeWay);
    assert_eq!(tied(VocabSizes::Separate { src: 10, tgt: 10 }), TieEmbeddings::Separate);
}

#[test]
fn symbols_are_those_of_the_target_vocabulary() {
    let config = Config::toy(VocabSizes::Separate { src: 4, tgt: 6 }).with_symbols(5, None);
    assert_eq!((config.decoder_start, config.eos_id), (DecoderStart::ZeroVector, 5));
    assert_eq!(Config::toy(SHARED).with_symbols(2, Some(1)), Config::toy(SHARED));
}

#[test]
fn every_preset_comes_back_from_json() {
    for preset in [Config::toy, Config::tiny, Config::small, Config::base, Config::big] {
        let separate = VocabSizes::Separate { src: 30, tgt: 20 };
        for config in [preset(SHARED), preset(separate)] {
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
        }
    }
}

#[test]
fn options_are_written_in_lower_case() {
    let config = Config {
        decoder_start: DecoderStart::ZeroVector,
        ..Config::toy(SHARED).with(|model| {
            model.norm = NormPlacement::PostFinal;
            model.positions = Positions::SinusoidalConcatenated;
            model.activation = Activation::Gelu;
            model.tie_embeddings = TieEmbeddings::TargetWithOutput;
        })
    };
    let json = serde_json::to_value(&config).unwrap();
    let names = ["norm", "positions", "activation", "tie_embeddings", "decoder_start"];
    let expected = ["post_final", "sinusoidal_concatenated", "gelu", "target_with_output", "zero_vector"];
    assert_eq!(names.map(|name| json[name].as_str().unwrap()), expected);
    assert_eq!(serde_json::from_value::<Config>(json).unwrap(), config);
    assert_eq!(serde_json::to_value(DecoderStart::Token(1)).unwrap(), serde_json::json!({"token": 1}));
}

#[test]
fn what_an_older_version_did_not_write_has_its_default_and_what_a_newer_one_added_is_named() {
    let json = serde_json::to_value(Config::toy(SHARED)).unwrap();
    let problem = |json| serde_json::from_value::<Config>(json).unwrap_err().to_string();
    let mut newer = json.clone();
    newer["rope_base"] = 10_000.into();
    let text = problem(newer);
    assert!(text.starts_with("there is no option `rope_base` in this version"), "{text}");
    let mut older = json.clone();
    older.as_object_mut().unwrap().remove("norm_eps");
    assert_eq!(serde_json::from_value::<Config>(older).unwrap(), Config::toy(SHARED));
    let mut short = json.clone();
    short.as_object_mut().unwrap().remove("eos_id");
    assert_eq!(problem(short), "missing field `eos_id`");
    let mut unheard_of = json;
    unheard_of["norm"] = "before".into();
    assert!(problem(unheard_of).starts_with("unknown variant `before`, expected one of `post`"));
}

#[test]
fn ties_are_read_as_a_name_or_as_whether() {
    let read = |text: &str| serde_json::from_str::<TieEmbeddings>(text);
    for ties in [TieEmbeddings::ThreeWay, TieEmbeddings::TargetWithOutput, TieEmbeddings::Separate] {
        assert_eq!(read(&serde_json::to_string(&ties).unwrap()).unwrap(), ties);
    }
    assert_eq!(serde_json::to_string(&TieEmbeddings::Auto).unwrap(), "true");
    assert_eq!(read("true").unwrap(), TieEmbeddings::Auto);
    assert_eq!(read("false").unwrap(), TieEmbeddings::Separate);
    let problem = read("\"all\"").unwrap_err().to_string();
    assert!(problem.starts_with("unknown variant `all`, expected one of `three_way`"), "{problem}");
}

#[test]
fn auto_ties_what_the_vocabularies_allow() {
    let tied = |sizes| Config::new(Architecture::default(), sizes).architecture.tie_embeddings;
    assert_eq!(tied(VocabSizes::Shared(10)), TieEmbeddings::ThreeWay);
    assert_eq!(tied(VocabSizes::Separate { src: 10, tgt: 10 }), TieEmbeddings::TargetWithOutput);
    let undecided = Config::toy(SHARED).with(|model| model.tie_embeddings = TieEmbeddings::Auto);
    assert!(undecided.validate().unwrap_err().to_string().contains("tie_embeddings is Auto"));
}
