//! Bytes as files, for the readers that take a path.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

/// A folder that goes with its files.
pub struct Folder(TempDir);

impl Folder {
    /// A new one.
    ///
    /// # Panics
    /// If there cannot be one.
    #[allow(clippy::new_without_default)] // it makes something on the disk
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    /// The path of a file in it, which need not be there.
    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file with these bytes.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, bytes).expect("a temporary file can be written");
        path
    }
}
