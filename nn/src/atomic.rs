//! Files that are either complete or not there.
//!
//! A model that took hours to train must not be lost because the power failed while the next one was being
//! saved over it. So the bytes go to a temporary file in the same folder, are forced to the disk, and only
//! then does the file get its name, which a file system does in one piece; syncing the folder makes the new
//! name last. At every moment the name stands for the whole old file or the whole new one.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Creates or replaces the file at `path` with what `write` writes.
///
/// If anything up to the renaming fails, the temporary file is removed and what was at `path` is still there.
/// If only syncing the folder fails after it, that is an error too, but the new file is in place, whole; a
/// power failure may bring the old one back. A process killed in the middle leaves a file
/// `.NAME.PROCESS-ATTEMPT.tmp` beside it, which nothing reads.
///
/// # Errors
/// [`Error::Io`] with the path and what the operating system, or `write`, said.
pub fn write_atomically(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let path = path.as_ref();
    replace(path, write).map_err(|source| Error::Io { path: path.into(), action: "write the file", source })
}

/// Whether [`write_atomically`] could create or replace the file at `path` now, before hours go into what is to stand in
/// it: a file beside it is made and removed. What is at `path` stays as it is.
///
/// # Errors
/// [`Error::Io`] as [`write_atomically`] would have it: there is no such folder, one may not write in it, the name is too
/// long, or is a folder's.
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let check = || -> io::Result<()> {
        let (folder, name) = place(path)?;
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Temporary::create(folder, &name).map(drop)
    };
    check().map_err(|source| Error::Io { path: path.into(), action: "write the file", source })
}

/// The folder and the name of a file.
fn place(path: &Path) -> io::Result<(&Path, Cow<'_, str>)> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path does not end in a file name"))?;
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    Ok((folder, name.to_string_lossy()))
}

fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let (folder, name) = place(path)?;
    let (mut temporary, file) = Temporary::create(folder, &name)?;
    let mut writer = BufWriter::with_capacity(1 << 20, file);
    write(&mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&temporary.path, path)?;
    temporary.has_its_name = true;
    sync_folder(folder)
}

/// A file that is removed when dropped, unless it got its name.
struct Temporary {
    path: PathBuf,
    has_its_name: bool,
}

impl Temporary {
    /// A new file; one left behind by an earlier process of the same number does not get in the way.
    fn create(folder: &Path, name: &str) -> io::Result<(Temporary, File)> {
        // A browser has no processes, and asking for one panics; it has no files either, which is an error.
        let process = if cfg!(target_family = "wasm") { 0 } else { std::process::id() };
        let name: String = name.chars().take(50).collect(); // so that a name as long as names may be has room
        let mut attempt = 0;
        loop {
            let path = folder.join(format!(".{name}.{process}-{attempt}.tmp"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((Temporary { path, has_its_name: false }, file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1000 => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.has_its_name {
            // Already on the way out with the error that matters.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes a rename in the folder last. Only Unix systems let a folder be opened for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn creates_and_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        for content in ["first", "second, longer"] {
            write_atomically(&path, |file| file.write_all(content.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(names(folder.path()), ["model"]);
        }
    }

    #[test]
    fn a_failing_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        fs::write(&path, "old").unwrap();
        let error = write_atomically(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert!(error.to_string().contains("model: cannot write the file: "), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["model"]);
    }

    #[test]
    fn a_failing_rename_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in_the_way");
        fs::create_dir(&path).unwrap();
        assert!(write_atomically(&path, |file| file.write_all(b"x")).is_err());
        assert_eq!(names(folder.path()), ["in_the_way"]);
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomically(folder.path().join("no/model"), |_| Ok(())).unwrap_err();
        assert!(matches!(error, Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound));
        assert!(write_atomically("..", |_| Ok(())).is_err());
    }

    #[test]
    fn what_cannot_be_written_is_known_before_and_nothing_is_left_of_the_asking() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("model"), "old").unwrap();
        fs::create_dir(at("folder")).unwrap();
        let (long, too_long) = ("n".repeat(255), "n".repeat(256));
        for name in ["model", "new", &long] {
            check_writable(at(name)).unwrap();
            assert_eq!(fs::read_to_string(at("model")).unwrap(), "old");
            write_atomically(at(name), |file| file.write_all(b"old")).unwrap();
        }
        assert_eq!(names(folder.path()).len(), 4);
        for name in ["folder", "no/model", "model/below", &too_long, ".."] {
            let refused = check_writable(at(name)).unwrap_err().to_string();
            let failed = write_atomically(at(name), |file| file.write_all(b"x")).unwrap_err().to_string();
            assert!(
                refused.contains("cannot write the file") && failed.contains("cannot write the file"),
                "{refused}"
            );
        }
        assert_eq!(names(folder.path()).len(), 4);
    }

    #[test]
    fn what_a_killed_process_left_is_not_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!(".model.{}-0.tmp", std::process::id())), "half").unwrap();
        let path = folder.path().join("model");
        write_atomically(&path, |file| file.write_all(b"whole")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    }
}
