//! Models and the states of stopped runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use cli::model::Model;
use cli::train::state::{self, Saved};
use nn::{Params, checkpoint};
use tensor::{DType, Seed};
use text::{TextKind, TextModel, TextSettings};
use transformer::{Config, Transformer};
use translate::encode::{MAX_TOKENS, vocab_sizes};
use translate::{About, SearchSettings, Translator, Validated};

use crate::files::Folder;
use crate::memory::within;
use crate::tensors::{OF_TENSORS, assert_same};
use crate::words::OF_TOKENIZER;

/// What the vocabularies of valid files are learned from.
pub const PAIRS: [(&str, &str); 2] = [("je suis étudiant", "i am a student"), ("merci !", "thanks!")];

/// The parameters of the largest model that is made to fit metadata.
const MOST_PARAMETERS: usize = 1 << 16;

/// Bytes taken for each of a file: most by the vocabulary in it, whose text is read three times over, or else by
/// the tensors.
const OF_FILE: usize = OF_TOKENIZER + OF_TENSORS;

/// Bytes taken for each of a shortlist's: three of it, `[],`, are the list of a source token.
const OF_SHORTLIST: usize = 40;

/// The smallest model of this text.
pub fn smallest(text: TextModel) -> Translator {
    let config = Config::toy(vocab_sizes(&text)).with(|model| {
        (model.d_model, model.n_heads, model.d_ff) = (2, 1, 2);
        (model.n_encoder_layers, model.n_decoder_layers) = (1, 1);
    });
    let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).expect("a small configuration");
    let history = vec![Validated { step: 3, nll: 1.25, bleu: Some(12.5) }];
    let about = About { recipe: "seed = 7\n".into(), step: 3, history, ..About::default() };
    Translator::new(model, params, text, about).expect("they fit")
}

/// The smallest model of [`PAIRS`].
pub fn student() -> Translator {
    let settings = TextSettings { kind: TextKind::Words, vocab_size: 40, ..TextSettings::default() };
    let text = TextModel::learn(&settings, PAIRS.into_iter()).expect("there are words");
    smallest(text)
}

/// The file of a shortlist, of the vocabulary of [`student`]. Where it is one, a sentence is translated by it.
pub fn shortlist(bytes: &[u8]) {
    static STUDENT: LazyLock<Translator> = LazyLock::new(student);
    let (student, folder) = (&*STUDENT, Folder::new());
    let path = folder.file("shortlist", bytes);
    let Ok(found) = within(OF_SHORTLIST, bytes.len(), || student.open_shortlist(&path)) else { return };
    let written = folder.at("written");
    student.save_shortlist(&written, &found).expect("what was read can be written");
    assert_eq!(student.open_shortlist(&written).expect("what was written can be read"), found);
    let request = student.request().shortlist(Arc::new(found));
    let translated = request.translate(&["je suis merci"]).expect("any shortlist will do");
    assert_eq!(translated.len(), 1);
}

/// The file of a model.
pub fn model(bytes: &[u8]) {
    let folder = Folder::new();
    let path = folder.file("model", bytes);
    if let Ok(found) = within(OF_FILE, bytes.len(), || Translator::open(&path)) {
        model_reads_back(&folder, &found);
        let _ = Model::open(&path); // its recipe may be anything
    }
}

/// The state of a stopped run.
pub fn state(bytes: &[u8]) {
    let folder = Folder::new();
    let path = folder.file("state", bytes);
    if let Ok(Some(found)) = within(OF_FILE, bytes.len(), || state::load(&path)) {
        state_reads_back(&folder, found);
    }
}

/// The metadata of a model or a state: a key, a space and the value, and a byte 0 between one and the next. If there is
/// a configuration of a small model among them, a model of that configuration is what they stand beside.
pub fn metadata(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let entries = text.split('\0').filter_map(|entry| entry.split_once(' '));
    let entries: BTreeMap<String, String> = entries.map(|(key, value)| (key.into(), value.into())).collect();
    let config = entries.get("etudiant.config").and_then(|json| serde_json::from_str::<Config>(json).ok());
    let config =
        config.filter(|config| config.validate().is_ok() && config.n_parameters() <= MOST_PARAMETERS);
    let params = match config {
        Some(config) => Transformer::new(&config, Seed::new(1), DType::F32).expect("it was validated").1,
        None => Params::new(DType::F32),
    };
    let folder = Folder::new();
    let path = folder.at("file");
    if checkpoint::save(&path, &params, &entries).is_err() {
        return; // some keys are reserved
    }
    let len = bytes.len() + 4 * params.numel();
    if let Ok(found) = within(OF_FILE, len, || Translator::open(&path)) {
        model_reads_back(&folder, &found);
        let _ = Model::open(&path);
        translates(&found);
    }
    if let Ok(Some(found)) = within(OF_FILE, len, || state::load(&path)) {
        state_reads_back(&folder, found);
    }
}

/// Saves a model and opens it again.
fn model_reads_back(folder: &Folder, found: &Translator) {
    let save = |name: &str, model: &Translator| {
        let path = folder.at(name);
        model.save(&path).expect("what was read can be written");
        path
    };
    let first = save("first", found);
    let again = Translator::open(&first).expect("what was written can be read");
    assert_eq!(again.model().config(), found.model().config());
    assert_same(&first, &save("second", &again));
}

/// A model that can be opened can be asked, in the way that its file says, but for few words.
fn translates(model: &Translator) {
    let lines = ["je suis étudiant", "", "\u{feff}<eos> ▁ 漢字 1984"];
    let own = model.search();
    let is_refused = own.max_len_beyond_source > MAX_TOKENS;
    let max_len_beyond_source = if is_refused { own.max_len_beyond_source } else { 1 };
    let search = SearchSettings { beam: own.beam.min(3), max_len_beyond_source, ..own };
    if let Ok(said) = model.request().search(search).translate(&lines) {
        assert_eq!(said.len(), lines.len());
    }
}

/// Saves a state and loads it again.
fn state_reads_back(folder: &Folder, found: Saved) {
    let Some(params) = params(&found) else { return };
    let save = |name: &str, saved: &Saved, params: &Params| {
        let path = folder.at(name);
        let Saved { progress, text, recipe, optimizer, .. } = saved;
        state::save(&path, params, optimizer, text, recipe, progress).expect("what was read can be written");
        path
    };
    let first = save("first", &found, &params);
    let again = load_state(&first);
    assert_eq!(again.recipe.to_toml(), found.recipe.to_toml());
    let params = self::params(&again).expect("they were parameters before");
    assert_same(&first, &save("second", &again, &params));
}

fn load_state(path: &Path) -> Saved {
    state::load(path).expect("what was written can be read").expect("it was written")
}

/// The parameters of a state, unless they are of several dtypes and so of no model.
fn params(saved: &Saved) -> Option<Params> {
    let mut params = Params::new(DType::F32);
    for (name, tensor) in saved.params.iter() {
        if tensor.dtype() != DType::F32 {
            return None;
        }
        params.add(name, tensor.clone());
    }
    Some(params)
}
