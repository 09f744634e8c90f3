use super::*;

const SHARED: VocabSizes = VocabSizes::Shared(37_000);

#[test]
fn every_preset_is_valid_and_divides_its_heads() {
    for preset in [Config::toy, Config::tiny, Config::small, Config::base, Config::big] {
        let separate = VocabSizes::Separate { src: 30, tgt: 20 };
        for vocab_sizes in [SHARED, separate] {
            let config = preset(vocab_sizes);
            config.validate().unwrap();
            assert_eq!(config.d_head() * config.n_heads, config.d_model);
        }
    }
}

#[test]
fn only_a_shared_vocabulary_ties_the_embeddings() {
    let tied = |vocab_sizes| Config::base(vocab_sizes).tie_embeddings;
    assert_eq!(tied(VocabSizes::Shared(10)), TieEmbeddings::ThreeWay);
    assert_eq!(tied(VocabSizes::Separate { src: 10, tgt: 10 }), TieEmbeddings::Separate);
}

#[test]
fn symbols_come_from_the_target_vocabulary() {
    let six = Vocabulary::from_words(["a", "am", "i", "thanks", "student", "<eos>"]).unwrap();
    let config = Config::toy(VocabSizes::Separate { src: 4, tgt: 6 }).with_symbols_of(&six).unwrap();
    assert_eq!((config.decoder_start, config.eos_id), (DecoderStart::ZeroVector, 5));
    let standard = Vocabulary::from_words(Special::ALL.map(Special::symbol)).unwrap();
    let config = Config::toy(SHARED);
    assert_eq!(config.clone().with_symbols_of(&standard).unwrap(), config);
    let endless = Vocabulary::from_words(["a"]).unwrap();
    assert!(config.with_symbols_of(&endless).unwrap_err().to_string().contains("needs <eos>"));
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
        norm: NormPlacement::PostFinal,
        positions: Positions::SinusoidalConcatenated,
        activation: Activation::Gelu,
        tie_embeddings: TieEmbeddings::TargetWithOutput,
        decoder_start: DecoderStart::ZeroVector,
        ..Config::toy(SHARED)
    };
    let json = serde_json::to_value(&config).unwrap();
    let names = ["norm", "positions", "activation", "tie_embeddings", "decoder_start"];
    let expected = ["post_final", "sinusoidal_concatenated", "gelu", "target_with_output", "zero_vector"];
    assert_eq!(names.map(|name| json[name].as_str().unwrap()), expected);
    assert_eq!(serde_json::from_value::<Config>(json).unwrap(), config);
    assert_eq!(serde_json::to_value(DecoderStart::Token(1)).unwrap(), serde_json::json!({"token": 1}));
}

#[test]
fn a_field_too_many_or_too_few_is_refused() {
    let json = serde_json::to_value(Config::toy(SHARED)).unwrap();
    let problem = |json| serde_json::from_value::<Config>(json).unwrap_err().to_string();
    let mut misspelt = json.clone();
    misspelt["d_modle"] = 64.into();
    assert!(problem(misspelt).starts_with("unknown field `d_modle`, expected one of `src_vocab_size`"));
    let mut short = json.clone();
    short.as_object_mut().unwrap().remove("d_ff");
    assert_eq!(problem(short), "missing field `d_ff`");
    let mut unheard_of = json;
    unheard_of["norm"] = "before".into();
    assert!(problem(unheard_of).starts_with("unknown variant `before`, expected one of `post`"));
}
