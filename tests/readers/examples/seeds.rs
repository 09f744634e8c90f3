//! Writes the valid files that fuzzing starts from into `fuzz/corpus`: `cargo run -p etudiant-readers --example seeds`.
//! Those of an older version stay beside them under their own names, for they must stay readable.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cli::recipe::Recipe;
use cli::train::state::{self, Progress};
use nn::{Adam, NamedTensors, Optimizer, checkpoint};
use tensor::{DType, Seed, Tensor};
use text::{TextKind, TextModel, TextSettings};
use transformer::{Config, Transformer};
use translate::encode::vocab_sizes;
use translate::{About, Translator, Validated};

const PAIRS: [(&str, &str); 2] = [("je suis étudiant", "i am a student"), ("merci !", "thanks!")];

type Anyhow = Box<dyn std::error::Error>;

fn main() -> Result<(), Anyhow> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let at = |target: &str, name: &str| -> PathBuf {
        fs::create_dir_all(corpus.join(target)).expect("a folder can be made");
        corpus.join(target).join(name)
    };
    for (name, settings) in kinds() {
        let text = TextModel::learn(&settings, PAIRS.into_iter())?;
        fs::write(at("tokenizer", name), text.to_json())?;
        let translator = translator(text)?;
        translator.save(at("model", name))?;
        let path = at("state", name);
        save_state(&path, &translator)?;
        for (target, kind) in [("model", "model"), ("state", "state")] {
            let found = checkpoint::load(at(target, name))?;
            let entries: Vec<String> = found.metadata.iter().map(|(key, value)| entry(key, value)).collect();
            fs::write(at("metadata", &format!("{name}-{kind}")), entries.join("\0"))?;
            let bare = without_checksums(&fs::read(at(target, name))?);
            fs::write(at(target, &format!("{name}-unchecked")), bare)?;
        }
    }
    let mut tensors = NamedTensors::new("seeds");
    tensors.insert("x", Tensor::from([1.5f32, -2.0, f32::NAN]));
    tensors.insert("empty", Tensor::zeros([0, 3], DType::F64));
    tensors.insert("y.weight", Tensor::from([[1.0f64, 2.0]]));
    let path = at("safetensors", "two-dtypes");
    checkpoint::save(&path, &tensors, &BTreeMap::from([("note".into(), "\"é\"\n".into())]))?;
    let bytes = without_checksums(&fs::read(&path)?);
    let header_len = u64::from_le_bytes(bytes[..8].try_into()?) as usize;
    fs::write(at("header", "two-dtypes"), bytes[8..8 + header_len].trim_ascii_end())?;
    fs::write(at("safetensors", "two-dtypes-unchecked"), bytes)?;
    fs::write(at("recipe", "default.toml"), Recipe::default().to_toml())?;
    Ok(())
}

/// Small vocabularies of every kind.
fn kinds() -> [(&'static str, TextSettings); 3] {
    let settings = |kind, joint| TextSettings { kind, joint, vocab_size: 40, ..TextSettings::default() };
    [
        ("words", settings(TextKind::Words, true)),
        ("pretokenised", settings(TextKind::Pretokenised, false)),
        ("subwords", TextSettings { byte_fallback: false, ..settings(TextKind::Bpe, true) }),
    ]
}

/// The smallest model of this text.
fn translator(text: TextModel) -> Result<Translator, Anyhow> {
    let config = Config::toy(vocab_sizes(&text)).with(|model| {
        (model.d_model, model.n_heads, model.d_ff) = (2, 1, 2);
        (model.n_encoder_layers, model.n_decoder_layers) = (1, 1);
    });
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32)?;
    let history = vec![Validated { step: 3, nll: 1.25, bleu: Some(12.5) }];
    let about = About { recipe: "seed = 7\n".into(), step: 3, history, ..About::default() };
    Ok(Translator::new(model, params, text, about)?)
}

/// A run of this model before its first step.
fn save_state(path: &Path, translator: &Translator) -> Result<(), Anyhow> {
    let optimizer = Adam::default().state(translator.params());
    let progress = Progress { best: translator.about().history.first().copied(), ..Progress::default() };
    Ok(state::save(path, translator.params(), &optimizer, translator.text(), &Recipe::default(), &progress)?)
}

/// Metadata as the target has it; a recipe without its comments, which are most of it.
fn entry(key: &str, value: &str) -> String {
    let lines: Vec<&str> = value.lines().filter(|line| !line.starts_with('#')).collect();
    format!("{key} {}", lines.join("\n"))
}

/// The file as another program would have written it: no checksum keeps a fuzzer from changing it.
fn without_checksums(file: &[u8]) -> Vec<u8> {
    let header_len = u64::from_le_bytes(file[..8].try_into().expect("8 bytes")) as usize;
    let (header, numbers) = file[8..].split_at(header_len);
    let mut header: serde_json::Value = serde_json::from_slice(header).expect("it was just written");
    let strings = header["__metadata__"].as_object_mut().expect("it has some");
    strings.retain(|key, _| {
        !["etudiant.checksum", "etudiant.format", "etudiant.tensor_checksums"].contains(&&**key)
    });
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), numbers].concat()
}
