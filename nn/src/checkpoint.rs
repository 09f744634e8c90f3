//! Saving and loading named tensors as safetensors, safe against accidents.
//!
//! A safetensors file is the length of a JSON header (8 bytes, little-endian), the header, and the numbers,
//! little-endian, one tensor after the other. The header says each tensor's dtype, shape and place, and holds
//! a map of strings under `__metadata__`. A file from here begins
//!
//! ```text
//! {"__metadata__":{"etudiant.checksum":"5d1f00c3","etudiant.format":"1",
//!  "etudiant.tensor_checksums":"8a17c05b00000000...", ... },"encoder...
//! ```
//!
//! (in one line) where the checksum is the CRC-32 of the whole file, with its own eight digits taken as zeros.
//! There is nothing it does not cover: a changed bit in a shape, in a name, in the padding is found like one in
//! a weight. CRC-32 finds every error that lies within 32 consecutive bits, and misses one in 2^32 of the
//! others. Each tensor has a CRC-32 of its own besides, eight digits in the order of the file, so that a damaged
//! file can say which tensors are damaged. Of a file's checksums none is computed from the bytes twice: the
//! CRC-32 of two parts together follows from those of the parts.
//!
//! A matrix may be kept in fewer bytes ([`save_packed`]): in bf16, or in whole numbers (I8) under its name and the scales of its rows
//! (F32) under its name and `.scale`, which are read as one matrix in f32.
//!
//! A file is read once, in blocks that go from the cache into a checksum and into their tensor, so that no second copy
//! of the model stands in memory.
//!
//! The header is written here and not by the safetensors crate, which keeps metadata in a `HashMap` and so
//! gives another file each time: the same tensors and metadata must give the same bytes. Its types read the
//! header and check that the tensors cover the file without gap or overlap; sizes that a header announces are
//! compared with the file before anything behind it is read. Files of other programs have no checksum and are read
//! as they are.

mod checksums;
mod entries;
mod numbers;
mod read;
mod sizes;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crc32fast::Hasher;
use safetensors::tensor::Dtype;
use tensor::Packing;

use self::checksums::{BLANK, FILE_KEY, HEADER_START, TENSORS_KEY};
use self::entries::{Entry, SCALE, entries, for_each_block, joined};
use self::read::{MAX_HEADER_LEN, Whole, read, read_from};
use crate::atomic::write_atomically;
use crate::error::Error;
use crate::named::NamedTensors;

/// The layout that this version writes and reads.
const FORMAT: &str = "1";
const FORMAT_KEY: &str = "etudiant.format";
/// The metadata keys that are written here and nowhere else.
const RESERVED_KEYS: [&str; 3] = [FILE_KEY, FORMAT_KEY, TENSORS_KEY];

/// What was read from a file.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The tensors, in the order of the file. [`Params::load_from`](crate::params::Params::load_from) and
    /// [`NamedTensors::matching`] check names, shapes and dtype.
    pub tensors: NamedTensors,
    /// The strings saved beside them.
    pub metadata: BTreeMap<String, String>,
}

/// A tensor as the header of a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its dtype, as the format writes it: `F32`, `BF16`, `I64`.
    pub dtype: String,
    /// Its lengths; any number of axes.
    pub shape: Vec<usize>,
    /// Why it cannot be represented here, and what would be right; None if it can.
    pub problem: Option<String>,
}

/// Saves tensors (a model's [`Params`](crate::params::Params), an optimizer's state) and strings that
/// describe them, replacing the file at `path` in one piece. The same content always gives the same bytes.
///
/// ```
/// use std::collections::BTreeMap;
/// use nn::{Params, checkpoint};
/// use tensor::{DType, Tensor};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.safetensors");
/// let mut params = Params::new(DType::F32);
/// let bias = params.add("bias", Tensor::from([1.0f32, 2.0]));
/// checkpoint::save(&path, &params, &BTreeMap::from([("step".into(), "100".into())]))?;
///
/// *params.get_mut(bias) = Tensor::zeros([2], DType::F32);
/// let saved = checkpoint::load(&path)?;
/// params.load_from(&saved.tensors)?;
/// assert_eq!(params.get(bias), &Tensor::from([1.0f32, 2.0]));
/// assert_eq!(saved.metadata["step"], "100");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Unwritable`] for a name or key that the format reserves, [`Error::Io`] if writing fails.
pub fn save(
    path: impl AsRef<Path>,
    tensors: &impl AsRef<NamedTensors>,
    metadata: &BTreeMap<String, String>,
) -> Result<(), Error> {
    save_packed(path, tensors, metadata, Packing::F32)
}

/// As [`save`], with matrices in smaller numbers: in bf16, or in whole numbers of a byte and the scale of each row. [`load`]
/// reads them as the f32 that they stand for.
///
/// # Errors
/// As [`save`].
pub fn save_packed(
    path: impl AsRef<Path>,
    tensors: &impl AsRef<NamedTensors>,
    metadata: &BTreeMap<String, String>,
    packing: Packing,
) -> Result<(), Error> {
    let (path, entries) = (path.as_ref(), entries(tensors.as_ref(), packing));
    let start = file_start(&entries, metadata)
        .map_err(|problem| Error::Unwritable { path: path.to_path_buf(), problem })?;
    write_atomically(path, |file| {
        file.write_all(&start)?;
        for_each_block(&entries, |_, block| file.write_all(block))
    })
}

/// The bytes that [`save`] would write: for those who have no files, as a page in a browser.
///
/// # Errors
/// [`Error::Unwritable`] as [`save`].
pub fn to_bytes(
    tensors: &impl AsRef<NamedTensors>,
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, Error> {
    to_bytes_packed(tensors, metadata, Packing::F32)
}

/// The bytes that [`save_packed`] would write.
///
/// # Errors
/// As [`to_bytes`].
#[allow(clippy::missing_panics_doc)] // memory takes what is written to it
pub fn to_bytes_packed(
    tensors: &impl AsRef<NamedTensors>,
    metadata: &BTreeMap<String, String>,
    packing: Packing,
) -> Result<Vec<u8>, Error> {
    let entries = entries(tensors.as_ref(), packing);
    let mut bytes = file_start(&entries, metadata)
        .map_err(|problem| Error::Unwritable { path: "memory".into(), problem })?;
    for_each_block(&entries, |_, block| {
        bytes.extend_from_slice(block);
        Ok(())
    })
    .expect("memory takes what is written to it");
    Ok(bytes)
}

/// Reads a safetensors file of floating-point tensors, from here or from another program. Half precision and bfloat16
/// become f32.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::NotSafetensors`] if it is something else or cut short,
/// [`Error::Damaged`] if its checksum does not match (it names the tensors that are damaged), [`Error::Format`] if a
/// newer version wrote it, [`Error::UnsupportedTensor`] for another dtype or more than six axes.
pub fn load(path: impl AsRef<Path>) -> Result<Checkpoint, Error> {
    let path = path.as_ref();
    decode(path, read(path)?)
}

/// As [`load`], of the bytes of a file that is called so.
///
/// # Errors
/// As [`load`], but for those of reading.
pub fn from_bytes(name: impl AsRef<Path>, bytes: &[u8]) -> Result<Checkpoint, Error> {
    let name = name.as_ref();
    decode(name, read_from(name, bytes, Some(bytes.len() as u64))?)
}

/// As [`load`], of a file that may hold anything: what cannot be represented here, whole numbers for example, is left
/// out. All tensors are listed in the order of the file.
///
/// # Errors
/// As [`load`], but for [`Error::UnsupportedTensor`].
pub fn load_any(path: impl AsRef<Path>) -> Result<(Checkpoint, Vec<Listed>), Error> {
    let path = path.as_ref();
    decode_any(path, read(path)?)
}

/// The file up to its first tensor: the header with its length before it and the checksum in it.
fn file_start(tensors: &[Entry], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let mut hashers = vec![Hasher::new(); tensors.len()];
    for_each_block(tensors, |position, block| {
        hashers[position].update(block);
        Ok(())
    })
    .expect("hashing does not fail");
    let mut header = header(tensors, metadata, &hashers)?;
    let padding = header.len().next_multiple_of(8) - header.len();
    header.push_str(&" ".repeat(padding)); // so that the numbers are aligned
    if header.len() > MAX_HEADER_LEN {
        return Err(format!("the header would take {} bytes of at most {MAX_HEADER_LEN}", header.len()));
    }
    let mut start = (header.len() as u64).to_le_bytes().to_vec();
    start.extend(header.as_bytes());
    checksums::fill_in(&mut start, &hashers);
    Ok(start)
}

/// The JSON header, with a blank for the file's checksum.
fn header(
    tensors: &[Entry],
    metadata: &BTreeMap<String, String>,
    hashers: &[Hasher],
) -> Result<String, String> {
    let of_tensors: String = hashers.iter().cloned().map(checksums::digits).collect();
    let mut header =
        format!(r#"{HEADER_START}{BLANK}","{FORMAT_KEY}":"{FORMAT}","{TENSORS_KEY}":"{of_tensors}""#,);
    for (key, value) in metadata {
        if RESERVED_KEYS.contains(&key.as_str()) {
            return Err(format!("the metadata key `{key}` is reserved; choose another"));
        }
        header.push_str(&format!(",{}:{}", json(key), json(value)));
    }
    header.push('}');
    let (mut offset, mut names) = (0, HashSet::new());
    for entry in tensors {
        let Entry { name, dtype, tensor } = entry;
        if !names.insert(name) {
            return Err(format!(
                "two tensors would be named `{name}`, one of them the scales of a matrix; rename one"
            ));
        }
        if name == "__metadata__" {
            return Err(format!("a tensor cannot be named `{name}`; choose another name"));
        }
        let end = offset + tensor.numel() * entry.number_len();
        let (name, shape) = (json(name), &tensor.shape()[..]);
        header.push_str(&format!(
            r#",{name}:{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{offset},{end}]}}"#
        ));
        offset = end;
    }
    header.push('}');
    Ok(header)
}

/// A string as JSON.
fn json(text: &str) -> String {
    serde_json::to_string(text).expect("every string has a JSON form")
}

/// A file's tensors and metadata, once everything about it has been checked.
fn decode(path: &Path, whole: Whole) -> Result<Checkpoint, Error> {
    let (checkpoint, listed) = decode_any(path, whole)?;
    match listed.into_iter().find_map(|Listed { name, problem, .. }| Some((name, problem?))) {
        Some((name, problem)) => Err(Error::UnsupportedTensor { path: path.into(), name, problem }),
        None => Ok(checkpoint),
    }
}

/// As [`decode`]; what cannot be represented is listed with the rest, and left out.
fn decode_any(path: &Path, whole: Whole) -> Result<(Checkpoint, Vec<Listed>), Error> {
    let metadata = whole.header.metadata().clone().unwrap_or_default();
    let mut metadata: BTreeMap<String, String> = metadata.into_iter().collect();
    if RESERVED_KEYS.iter().any(|&key| metadata.contains_key(key)) {
        verify(path, &whole, &metadata)?;
    }
    metadata.retain(|key, _| !RESERVED_KEYS.contains(&key.as_str()));

    let Whole { header, names, tensors: mut found, .. } = whole;
    let info = |name: &str| header.info(name).expect("the name is from this header");
    let place: HashMap<&String, usize> = names.iter().zip(0..).collect();
    let mut is_scale = vec![false; names.len()];
    for (at, name) in names.iter().enumerate().filter(|(_, name)| info(name).dtype == Dtype::I8) {
        let scales = place.get(&format!("{name}{SCALE}")).copied();
        let scale = scales.and_then(|at| found[at].clone().ok());
        let whole = std::mem::replace(&mut found[at], Err(String::new()));
        found[at] = whole.and_then(|whole| joined(whole, scale.as_ref()));
        if let Some(at) = scales {
            is_scale[at] = true;
        }
    }
    let mut tensors = NamedTensors::new(path.display().to_string());
    let mut listed = Vec::new();
    for ((name, tensor), is_scale) in names.iter().zip(found).zip(is_scale) {
        let (dtype, shape) = (info(name).dtype.to_string(), info(name).shape.clone());
        listed.push(Listed { name: name.clone(), dtype, shape, problem: tensor.as_ref().err().cloned() });
        if let Some(tensor) = tensor.ok().filter(|_| !is_scale) {
            tensors.insert(name.clone(), tensor);
        }
    }
    Ok((Checkpoint { tensors, metadata }, listed))
}

/// Checks the format and the checksum of a file from here. A file is from here if it has one of our keys: a
/// damaged byte can spoil one of them, and must not make the file pass for another program's.
fn verify(path: &Path, whole: &Whole, metadata: &BTreeMap<String, String>) -> Result<(), Error> {
    if let Some(found) = metadata.get(FORMAT_KEY).filter(|&format| format != FORMAT) {
        return Err(Error::Format { path: path.into(), found: found.clone(), supported: FORMAT });
    }
    let Whole { start, names, hashers, .. } = whole;
    let (stored, computed) = checksums::stored_and_computed(start, hashers);
    if stored.as_ref() == Some(&computed) {
        return Ok(());
    }
    let stored = stored.map_or("not at the start of its header".into(), |digits| format!("`{digits}`"));
    let place = checksums::damaged_place(names, hashers, metadata.get(TENSORS_KEY));
    Err(Error::Damaged { path: path.into(), place, stored, computed })
}

#[cfg(test)]
mod tests;
