//! How a checkpoint is known to be whole, and if it is not, where it is damaged.

use std::ops::Range;

use crc32fast::Hasher;

/// The metadata key of the file's checksum.
pub(super) const FILE_KEY: &str = "etudiant.checksum";
/// The metadata key of the tensors' checksums, eight digits each, in the order of the file.
pub(super) const TENSORS_KEY: &str = "etudiant.tensor_checksums";
/// How the header of a file from here begins: with the checksum, so that its place is known.
pub(super) const HEADER_START: &str = r#"{"__metadata__":{"etudiant.checksum":""#;
/// The checksum's digits in the file, and what they count as while it is computed.
const PLACE: Range<usize> = 8 + HEADER_START.len()..16 + HEADER_START.len();
pub(super) const BLANK: &str = "00000000";
/// How many damaged tensors are named.
const NAMED: usize = 3;

/// A checksum as it stands in the file.
pub(super) fn digits(hasher: Hasher) -> String {
    format!("{:08x}", hasher.finalize())
}

/// Replaces the blank at the start of a file by the checksum of that start and the tensors behind it.
pub(super) fn fill_in(start: &mut [u8], tensors: &[Hasher]) {
    let mut file = Hasher::new();
    file.update(start);
    tensors.iter().for_each(|tensor| file.combine(tensor));
    start[PLACE].copy_from_slice(digits(file).as_bytes());
}

/// The checksum in the file, if it is where it belongs, and that of its bytes: those of its start and of the tensors
/// behind it.
pub(super) fn stored_and_computed(start: &[u8], tensors: &[Hasher]) -> (Option<String>, String) {
    let mut file = Hasher::new();
    let in_place = start[8..].starts_with(HEADER_START.as_bytes()) && start.len() >= PLACE.end;
    let stored = if in_place {
        file.update(&start[..PLACE.start]);
        file.update(BLANK.as_bytes());
        file.update(&start[PLACE.end..]);
        Some(String::from_utf8_lossy(&start[PLACE]).into_owned())
    } else {
        file.update(start);
        None
    };
    tensors.iter().for_each(|tensor| file.combine(tensor));
    (stored, digits(file))
}

/// Where a damaged file is damaged: in the tensors whose own checksums do not match, else in its header. Files
/// written before tensors had checksums cannot say.
pub(super) fn damaged_place(names: &[String], tensors: &[Hasher], checksums: Option<&String>) -> String {
    let Some(checksums) = checksums else {
        return "somewhere".into();
    };
    if checksums.len() != BLANK.len() * names.len() {
        return "in its header".into();
    }
    let checksums = checksums.as_bytes().chunks_exact(BLANK.len());
    let damaged: Vec<String> = names
        .iter()
        .zip(tensors.iter().zip(checksums))
        .filter(|(_, (tensor, checksum))| digits((*tensor).clone()).as_bytes() != *checksum)
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    match &damaged[..] {
        [] => "in its header".into(),
        [name] => format!("in tensor {name}"),
        names if names.len() <= NAMED => format!("in the tensors {}", names.join(", ")),
        names => {
            format!("in the tensors {} and {} more", names[..NAMED].join(", "), names.len() - NAMED)
        }
    }
}
