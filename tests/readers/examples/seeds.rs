//! Writes the valid files that fuzzing starts from into `fuzz/corpus`: `cargo run -p etudiant-readers --example seeds`.
//! Those of an older version stay beside them under their own names, for they must stay readable.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cli::recipe::Recipe;
use cli::train::state::{self, Progress};
use nn::{Adam, NamedTensors, Optimizer, checkpoint};
use readers::models::{PAIRS, smallest, student};
use tensor::{DType, Tensor};
use text::{TextKind, TextModel, TextSettings};
use transformer::search::shortlist::Shortlist;
use translate::Translator;

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
        let translator = smallest(text);
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
    let student = student();
    let likely = (0..student.text().src_vocab_size() as u32).map(|id| vec![id % 5, 3]).collect();
    student.save_shortlist(at("shortlist", "student"), &Shortlist::new(vec![2, 4], likely))?;
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
