//! A model of subwords opens in the page, whatever is typed.

use std::path::Path;

use live::{Live, Settings};
use serde_json::json;
use tensor::{DType, Seed};
use text::{TextKind, TextModel, TextSettings};
use transformer::{Architecture, Config, Transformer};
use translate::encode::vocab_sizes;
use translate::{About, Translator};

/// An untrained one: it says anything. `tests/wasm/run` opens the file that is left.
#[test]
fn a_model_of_subwords_opens_and_knows_every_word() {
    let pairs = Settings::default().pairs;
    let pairs = pairs.iter().map(|(src, tgt)| (src.as_str(), tgt.as_str()));
    let settings = TextSettings { kind: TextKind::Bpe, vocab_size: 320, ..TextSettings::default() };
    let text = TextModel::learn(&settings, pairs).unwrap();
    let architecture = Architecture { d_model: 16, d_ff: 32, max_len: 32, ..Architecture::default() };
    let config = Config::new(architecture, vocab_sizes(&text));
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
    let bytes = Translator::new(model, params, text, About::default()).unwrap().to_bytes().unwrap();
    let left = Path::new(env!("CARGO_TARGET_TMPDIR")).join("subwords.safetensors");
    nn::atomic::write_atomically(left, |file| file.write_all(&bytes)).unwrap();

    let mut live = Live::default();
    let opened = live.answer(&json!({"ask": "open", "name": "subwords.safetensors"}).to_string(), &bytes);
    assert_eq!(opened.json["step"], 0, "{}", opened.json);
    for line in ["je suis étudiant", "🦀 مرحبا"] {
        let shown = live.answer(&json!({"ask": "show", "line": line}).to_string(), &[]).json;
        assert_eq!(shown["unknown"], 0, "{shown}");
        let view = live.answer(&json!({"ask": "view", "step": 0, "held": []}).to_string(), &[]).json;
        assert!(view["drawn"]["html"].as_str().unwrap().contains("<figure id=\"self-attention\""), "{line}");
    }
}
