//! Files of tensors, ours and those of other programs.

use std::fs;
use std::path::Path;

use nn::{Checkpoint, checkpoint};
use serde_json::Value;
use tensor::DType;
use transformer::import::{StateDictNames, translate_state_dict};
use transformer::{Config, Transformer, VocabSizes};

use crate::files::Folder;
use crate::memory::within;

/// Bytes taken for each of a file. Numbers take as many as they have there, those of half precision twice, and the room
/// for them is asked for once beforehand. Most is taken by tensors without numbers: 50 bytes of a header become an entry
/// in several tables.
pub(crate) const OF_TENSORS: usize = 40;

/// A file of tensors. It is also taken for a state dict of PyTorch.
pub fn safetensors(bytes: &[u8]) {
    let folder = Folder::new();
    let path = folder.file("tensors", bytes);
    let Ok(found) = within(OF_TENSORS, bytes.len(), || checkpoint::load(&path)) else { return };
    import(&found);
    reads_back(&folder, &found);
}

/// The header of a file of tensors, which gets its length in front and as many zeros behind as it has tensors for.
pub fn header(json: &[u8]) {
    const MOST: u64 = 1 << 20; // which is plenty for what a fuzzer changes
    let header: Value = serde_json::from_slice(json).unwrap_or_default();
    let ends =
        header.as_object().into_iter().flatten().filter_map(|(_, about)| about["data_offsets"][1].as_u64());
    let len = ends.filter(|&end| end <= MOST).max().unwrap_or_default() as usize;
    let mut file = (json.len() as u64).to_le_bytes().to_vec();
    file.extend(json);
    file.resize(file.len() + len, 0);
    safetensors(&file);
}

/// A file that others wrote is no model of ours, but it may be weights to import.
fn import(found: &Checkpoint) {
    let config = Config::toy(VocabSizes::Shared(5))
        .with(|model| (model.d_model, model.n_heads, model.d_ff) = (2, 1, 1));
    let model = Transformer::without_params(&config).expect("a small model");
    let names = StateDictNames::default();
    let _ = translate_state_dict(&found.tensors, &names, model.layout(), DType::F32);
}

/// Saves what was found and loads it again: to the byte it is the same. (Not to the number, of which some are NaN.)
fn reads_back(folder: &Folder, found: &Checkpoint) {
    let save = |name: &str, content: &Checkpoint| {
        let path = folder.at(name);
        checkpoint::save(&path, &content.tensors, &content.metadata).expect("what was read can be written");
        path
    };
    let first = save("first", found);
    let again = checkpoint::load(&first).expect("what was written can be read");
    assert_eq!(again.metadata, found.metadata);
    assert_same(&first, &save("second", &again));
}

/// That two files hold the same.
///
/// # Panics
/// If they do not.
pub(crate) fn assert_same(first: &Path, second: &Path) {
    let [first, second] = [first, second].map(|path| fs::read(path).expect("it was just written"));
    assert!(first == second, "what was written and read is written otherwise");
}
