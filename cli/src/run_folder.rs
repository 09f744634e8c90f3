//! The folder of a run: what lies where, and one process at a time.
//!
//! ```text
//! runs/NAME/
//!     recipe.toml                     everything about the run, defaults included
//!     model.safetensors               the model to use: the best so far, else that of a stop; at the end the average,
//!                                     if one is asked for
//!     best.safetensors                the best by validation
//!     checkpoints/step-00001200.safetensors   the last few saves, each enough to translate
//!     state.safetensors               what --resume goes on from
//!     metrics.jsonl                   what was measured, a line each
//!     events.out.tfevents.*           the same for TensorBoard
//!     train.log                       what the run has told
//!     data/                           a built-in corpus, if the recipe asks for one
//!     run.lock                        held while a process is at work here
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::builtin::Builtin;
use crate::error::Error;

/// A run's folder, locked for this process as long as the value lives.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// The operating system holds the lock for as long as this is open, and no longer if the process is killed.
    _lock: File,
}

impl RunFolder {
    /// Opens the folder at `path`, made if it is not there, and locks it. What a killed process left half-written
    /// is removed.
    ///
    /// # Errors
    /// [`Error::Input`] if the folder cannot be made or written to, or another process is at work in it.
    pub fn open(path: &Path) -> Result<RunFolder, Error> {
        let cannot = |action: &str, error| {
            Error::at(path, format!("cannot {action}: {error}; mend that, or choose another --out"))
        };
        fs::create_dir_all(path.join("checkpoints"))
            .map_err(|error| cannot("make the run's folder", error))?;
        let lock_path = path.join("run.lock");
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(|error| cannot("write run.lock in it", error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                lock.read_to_string(&mut holder).unwrap_or_default();
                let problem = format!("another run is at work in this folder (process {})", holder.trim());
                return Err(Error::at(
                    path,
                    format!("{problem}; wait for it, stop it, or choose another --out"),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(cannot("lock run.lock in it", error)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(|error| cannot("write run.lock in it", error))?;
        let folder = RunFolder { path: path.to_path_buf(), _lock: lock };
        folder.remove_leftovers();
        Ok(folder)
    }

    /// Whether this is the recipe of a run in this folder.
    pub fn has_recipe(folder: &Path, recipe: &Path) -> bool {
        let is_of_a_run = ["run.lock", "state.safetensors"].iter().any(|left| folder.join(left).exists());
        is_of_a_run && recipe.file_name().is_some_and(|name| name == "recipe.toml")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole recipe of the run.
    pub fn recipe(&self) -> PathBuf {
        self.path.join("recipe.toml")
    }

    /// The model to use.
    pub fn model(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// The best model by validation.
    pub fn best(&self) -> PathBuf {
        self.path.join("best.safetensors")
    }

    /// What was measured.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// What the run has told.
    pub fn log(&self) -> PathBuf {
        self.path.join("train.log")
    }

    /// What a stopped run goes on from.
    pub fn state(&self) -> PathBuf {
        self.path.join("state.safetensors")
    }

    /// The corpus that the run wrote for itself.
    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// The model after a step.
    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.path.join("checkpoints").join(format!("step-{step:08}.safetensors"))
    }

    /// Removes what [`nn::atomic`] leaves behind when a process is killed in the middle of a file. With the lock
    /// held nobody else is writing. That nothing more can be removed is no reason not to train.
    fn remove_leftovers(&self) {
        for folder in [self.path.clone(), self.path.join("checkpoints"), self.data()] {
            remove_files(&folder, |name| half_written(name).is_some_and(is_ours));
        }
    }

    /// The models that are here: the one to use, the best, the checkpoints by their steps.
    ///
    /// # Errors
    /// [`Error::Input`] if the folder cannot be read.
    pub fn models(&self) -> Result<Vec<PathBuf>, Error> {
        let path = self.path.join("checkpoints");
        let cannot = |error| Error::at(&path, format!("cannot read the folder: {error}"));
        let mut steps = Vec::new();
        for entry in fs::read_dir(&path).map_err(cannot)? {
            steps.extend(step_of(&entry.map_err(cannot)?.file_name().to_string_lossy()));
        }
        steps.sort_unstable();
        let models = [self.model(), self.best()].into_iter();
        Ok(models
            .chain(steps.into_iter().map(|step| self.checkpoint(step)))
            .filter(|path| path.exists())
            .collect())
    }

    /// Removes all checkpoints but those of these steps, also those that a killed process wrote and nobody counts.
    /// That one cannot be removed does no harm.
    pub fn remove_checkpoints_but(&self, steps: &[u64]) {
        remove_files(&self.path.join("checkpoints"), |name| {
            step_of(name).is_some_and(|step| !steps.contains(&step))
        });
    }

    /// Makes the best model the one to use.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be read or written.
    pub fn use_best(&self) -> Result<(), Error> {
        let best = fs::read(self.best())
            .map_err(|error| Error::at(&self.best(), format!("cannot read the best model: {error}")))?;
        Ok(nn::atomic::write_atomically(self.model(), |file| file.write_all(&best))?)
    }
}

/// The step of the checkpoint of this name.
fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()
}

/// The file that was to be, of the name `.NAME.PROCESS-ATTEMPT.tmp` of a half-written one.
fn half_written(name: &str) -> Option<&str> {
    let (name, process) = name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.')?;
    let (process, attempt) = process.split_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(process) && is_number(attempt)).then_some(name)
}

/// Whether a run writes files of this name.
fn is_ours(name: &str) -> bool {
    const NAMES: [&str; 5] =
        ["recipe.toml", "metrics.jsonl", "model.safetensors", "best.safetensors", "state.safetensors"];
    NAMES.contains(&name)
        || step_of(name).is_some()
        || Builtin::ALL.iter().any(|corpus| corpus.files().iter().any(|file| file == name))
}

/// Removes the files in `folder` whose names are `unwanted`, as far as that is possible.
fn remove_files(folder: &Path, unwanted: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if unwanted(&entry.file_name().to_string_lossy()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_for_one_run_at_a_time() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("runs/a");
        let first = RunFolder::open(&path).unwrap();
        let problem = RunFolder::open(&path).unwrap_err().to_string();
        let holder = format!("another run is at work in this folder (process {})", std::process::id());
        assert!(problem.contains(&holder), "{problem}");
        drop(first);
        RunFolder::open(&path).unwrap();
    }

    #[test]
    fn a_runs_own_recipe_is_known_by_its_name_and_place() {
        let temporary = tempfile::tempdir().unwrap();
        let recipe = temporary.path().join("recipe.toml");
        assert!(!RunFolder::has_recipe(temporary.path(), &recipe), "no run was here");
        let _folder = RunFolder::open(temporary.path()).unwrap();
        assert!(RunFolder::has_recipe(temporary.path(), &recipe));
        assert!(!RunFolder::has_recipe(temporary.path(), &temporary.path().join("other.toml")));
        let copied = tempfile::tempdir().unwrap();
        fs::write(copied.path().join("state.safetensors"), "").unwrap();
        assert!(RunFolder::has_recipe(copied.path(), &copied.path().join("recipe.toml")), "without its lock");
    }

    #[test]
    fn half_written_files_are_removed_and_others_kept() {
        let temporary = tempfile::tempdir().unwrap();
        let left = temporary.path().join("checkpoints");
        fs::create_dir(&left).unwrap();
        let mine =
            [".mine", ".mine.77-0.tmp", ".mine.tmp", ".model.safetensors.tmp", ".state.7-.tmp", "notes.tmp"];
        let half =
            [".step-00000001.safetensors.77-0.tmp", ".state.safetensors.1-12.tmp", ".train.fr.7-0.tmp"];
        for name in mine.into_iter().chain(half) {
            fs::write(left.join(name), "x").unwrap();
        }
        let _folder = RunFolder::open(temporary.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(left).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, mine);
    }

    #[test]
    fn checkpoints_that_are_not_wanted_go_and_nothing_else_does() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = RunFolder::open(temporary.path()).unwrap();
        let mine = temporary.path().join("checkpoints/step-of-mine.safetensors");
        for path in [folder.checkpoint(2), folder.checkpoint(4), folder.checkpoint(123_456_789), mine.clone()]
        {
            fs::write(path, "x").unwrap();
        }
        folder.remove_checkpoints_but(&[4]);
        assert!(folder.checkpoint(4).exists() && mine.exists());
        assert!(!folder.checkpoint(2).exists() && !folder.checkpoint(123_456_789).exists());
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_named() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("file");
        fs::write(&path, "x").unwrap();
        let problem = RunFolder::open(&path).unwrap_err().to_string();
        assert!(problem.starts_with(&path.display().to_string()), "{problem}");
    }
}
