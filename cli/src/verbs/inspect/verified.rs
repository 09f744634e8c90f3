//! A file that was read whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use nn::checkpoint::{self, Checkpoint, Listed};
use serde_json::Value;
use translate::model_file::check_is_file;

use super::tables;
use crate::error::Error;

/// A file whose bytes agree with its checksum, if it has one.
pub struct Verified<'a> {
    pub path: &'a Path,
    pub bytes: u64,
    pub checksum: Option<String>,
    /// The tensors that can be computed with, and the metadata.
    pub content: Checkpoint,
    /// All tensors, in the order of the file.
    pub tensors: Vec<Listed>,
}

impl Verified<'_> {
    pub fn read(path: &Path) -> Result<Verified<'_>, Error> {
        check_is_file(path)?;
        let (content, tensors) = checkpoint::load_any(path)?;
        let (bytes, checksum) =
            head(path).map_err(|error| Error::at(path, format!("cannot read the file: {error}")))?;
        Ok(Verified { path, bytes, checksum, content, tensors })
    }

    /// `runs/a/model.safetensors: WHAT (model 1, 24,320 bytes, checksum 5d1f00c3 verified)`, and an empty line.
    pub fn title(&self, what: &str) -> String {
        let kind = self.content.metadata.get("etudiant.kind").map_or("safetensors", String::as_str);
        let checksum = match &self.checksum {
            Some(digits) => format!("checksum {digits} verified"),
            None => "no checksum to verify".to_string(),
        };
        let bytes = tables::grouped(self.bytes as usize);
        format!("{}: {what} ({kind}, {bytes} bytes, {checksum})\n\n", self.path.display())
    }
}

/// The length of a file that was read already, and its checksum, which [`checkpoint::load_any`] verifies and keeps to
/// itself.
fn head(path: &Path) -> io::Result<(u64, Option<String>)> {
    let mut file = File::open(path)?;
    let mut len = [0; 8];
    file.read_exact(&mut len)?;
    let mut header = Vec::new();
    (&mut file).take(u64::from_le_bytes(len)).read_to_end(&mut header)?;
    let header: Value = serde_json::from_slice(&header).map_err(io::Error::from)?;
    let checksum = header["__metadata__"]["etudiant.checksum"].as_str().map(str::to_string);
    Ok((file.metadata()?.len(), checksum))
}
