//! A corpus as files: `train`, `valid` and `test`, each of both languages.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nn::atomic::write_atomically;

use super::Builtin;
use crate::error::Error;
use crate::numbers::CorpusOptions;

/// What [`write_corpus`] did; shown, it is a line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusReport {
    /// Which corpus.
    pub corpus: Builtin,
    /// Where the files are.
    pub dir: PathBuf,
    /// What they hold.
    pub options: CorpusOptions,
    /// How many of the six files were written; the others were there, with the same content.
    pub n_written: usize,
}

impl fmt::Display for CorpusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CorpusOptions { n_train, n_valid, n_test, .. } = self.options;
        write!(f, "{}: train {n_train}, valid {n_valid}, test {n_test} ", self.dir.display())?;
        write!(f, "pairs of {}", self.corpus.what())?;
        match self.n_written {
            0 => f.write_str(" (already there)"),
            6 => Ok(()),
            n_written => write!(f, " ({} of the 6 files were already there)", 6 - n_written),
        }
    }
}

/// Whether all six files are in the folder. What they hold is the user's affair.
pub fn is_complete(corpus: Builtin, dir: &Path) -> bool {
    corpus.files().iter().all(|name| dir.join(name).is_file())
}

/// Writes a corpus into the folder `dir`, which is made if need be: `train`, `valid` and `test`, each of both languages,
/// a sentence a line.
///
/// Files that are there already are never changed. If they are, byte for byte, what would be written, the
/// missing ones are added, so that a command that was killed can be repeated; otherwise nothing is written.
///
/// # Errors
/// [`Error::Input`] if a split is to be empty, or there are not so many pairs; if a file is there that is not what would be written, with the names of
/// those and of the missing ones; or if a file or the folder cannot be read or written.
pub fn write_corpus(corpus: Builtin, dir: &Path, options: &CorpusOptions) -> Result<CorpusReport, Error> {
    let (names, texts) = (corpus.files(), texts(corpus, options)?);
    let files: Vec<(&str, String)> = names.iter().map(String::as_str).zip(texts).collect();
    let (mut missing, mut different) = (Vec::new(), Vec::new());
    for (name, text) in &files {
        let path = dir.join(name);
        match fs::read(&path) {
            Ok(bytes) if bytes == text.as_bytes() => {}
            Ok(_) => different.push(*name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push((*name, text)),
            Err(error) => return Err(Error::at(&path, format!("cannot read the file: {error}"))),
        }
    }
    if !different.is_empty() {
        let missing: Vec<&str> = missing.iter().map(|&(name, _)| name).collect();
        return Err(refusal(corpus, dir, &different, &missing));
    }
    fs::create_dir_all(dir).map_err(|error| Error::at(dir, format!("cannot make the folder: {error}")))?;
    for (name, text) in &missing {
        write_atomically(dir.join(name), |file| file.write_all(text.as_bytes()))?;
    }
    Ok(CorpusReport { corpus, dir: dir.into(), options: *options, n_written: missing.len() })
}

/// What the files hold, in the order of [`Builtin::files`].
fn texts(corpus: Builtin, options: &CorpusOptions) -> Result<Vec<String>, Error> {
    let lines = |pairs: &[[String; 2]], side: usize| -> String {
        pairs.iter().map(|pair| pair[side].clone() + "\n").collect()
    };
    let splits = corpus.draw(options)?;
    Ok(splits.iter().flat_map(|pairs| [lines(pairs, 0), lines(pairs, 1)]).collect())
}

fn refusal(corpus: Builtin, dir: &Path, different: &[&str], missing: &[&str]) -> Error {
    let verb = if different.len() == 1 { "is" } else { "are" };
    let different = different.join(", ");
    let missing = match missing {
        [] => String::new(),
        names => format!(" (missing: {})", names.join(", ")),
    };
    let problem = format!(
        "{different} {verb} there, but not as {} of these sizes and this seed \
         would have it{missing}; nothing was written, lest data be lost. Name another folder, or move the \
         files away to have all of them written",
        corpus.name()
    );
    Error::at(dir, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::{draw, english, french};

    const NUMBERS: Builtin = Builtin::NumbersFrEn;

    const OPTIONS: CorpusOptions = CorpusOptions { n_train: 300, n_valid: 20, n_test: 30, seed: 1 };

    fn contents(dir: &Path) -> Vec<Option<String>> {
        NUMBERS.files().iter().map(|name| fs::read_to_string(dir.join(name)).ok()).collect()
    }

    #[test]
    fn six_files_hold_the_numerals_a_line_each() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("runs/numbers/data");
        assert!(!is_complete(NUMBERS, &dir));
        let report = write_corpus(NUMBERS, &dir, &OPTIONS).unwrap();
        assert!(is_complete(NUMBERS, &dir));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 6);
        let splits = draw(&OPTIONS).unwrap();
        for (name, numbers) in [("train", splits.train), ("valid", splits.valid), ("test", splits.test)] {
            for (language, spell) in [("fr", french as fn(u64) -> String), ("en", english)] {
                let text = fs::read_to_string(dir.join(format!("{name}.{language}"))).unwrap();
                assert!(text.ends_with('\n'));
                assert!(text.lines().eq(numbers.iter().map(|&number| spell(number))));
            }
        }
        let expected = "data: train 300, valid 20, test 30 pairs of numbers up to 999,999,999,999";
        assert!(report.to_string().ends_with(expected), "{report}");
    }

    #[test]
    fn what_is_there_already_stays_and_what_is_missing_is_added() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write_corpus(NUMBERS, folder.path(), &OPTIONS).unwrap().n_written, 6);
        let all = contents(folder.path());
        let again = write_corpus(NUMBERS, folder.path(), &OPTIONS).unwrap();
        assert!(again.n_written == 0 && again.to_string().ends_with("(already there)"), "{again}");
        fs::remove_file(folder.path().join("valid.en")).unwrap();
        fs::remove_file(folder.path().join("test.fr")).unwrap();
        assert!(!is_complete(NUMBERS, folder.path()));
        let mended = write_corpus(NUMBERS, folder.path(), &OPTIONS).unwrap();
        assert_eq!(mended.n_written, 2);
        assert!(mended.to_string().ends_with("(4 of the 6 files were already there)"), "{mended}");
        assert_eq!(contents(folder.path()), all);
    }

    #[test]
    fn a_file_that_is_not_ours_stops_everything_and_the_missing_are_named() {
        let folder = tempfile::tempdir().unwrap();
        write_corpus(NUMBERS, folder.path(), &OPTIONS).unwrap();
        fs::write(folder.path().join("train.fr"), "un\n").unwrap();
        fs::remove_file(folder.path().join("test.fr")).unwrap();
        fs::remove_file(folder.path().join("test.en")).unwrap();
        let before = contents(folder.path());
        let error = write_corpus(NUMBERS, folder.path(), &OPTIONS).unwrap_err();
        assert!(error.to_string().contains("train.fr is there, but"), "{error}");
        assert!(error.to_string().contains("(missing: test.fr, test.en)"), "{error}");
        assert_eq!((error.exit_code(), contents(folder.path())), (2, before));
    }

    #[test]
    fn a_corpus_of_another_seed_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        write_corpus(NUMBERS, folder.path(), &OPTIONS).unwrap();
        let before = contents(folder.path());
        let error = write_corpus(NUMBERS, folder.path(), &CorpusOptions { seed: 2, ..OPTIONS }).unwrap_err();
        assert!(error.to_string().contains("train.fr, train.en, valid.fr"), "{error}");
        assert!(!error.to_string().contains("missing"), "{error}");
        assert_eq!(contents(folder.path()), before);
    }

    #[test]
    fn places_that_cannot_be_written_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = write_corpus(NUMBERS, &file, &OPTIONS).unwrap_err();
        assert!(error.to_string().contains("file/train.fr: cannot read the file: "), "{error}");
        fs::create_dir_all(folder.path().join("data/valid.en")).unwrap();
        let error = write_corpus(NUMBERS, &folder.path().join("data"), &OPTIONS).unwrap_err();
        assert!(error.to_string().contains("valid.en: cannot read the file: "), "{error}");
        assert_eq!(fs::read_dir(folder.path().join("data")).unwrap().count(), 1);
    }

    #[test]
    fn impossible_sizes_write_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("data");
        assert!(write_corpus(NUMBERS, &dir, &CorpusOptions { n_test: 0, ..OPTIONS }).is_err());
        assert!(!dir.exists());
    }

    #[test]
    fn every_corpus_says_what_it_is_and_has_as_many_pairs_as_asked_for() {
        for corpus in Builtin::ALL {
            let folder = tempfile::tempdir().unwrap();
            let report = write_corpus(corpus, folder.path(), &OPTIONS).unwrap();
            assert!(report.to_string().contains("train 300, valid 20, test 30 pairs of "), "{report}");
            let lines = |name: &String| fs::read_to_string(folder.path().join(name)).unwrap().lines().count();
            assert_eq!(corpus.files().each_ref().map(lines), [300, 300, 20, 20, 30, 30]);
            assert_eq!(Builtin::named(corpus.name()), Some(corpus));
            let many = CorpusOptions { n_train: 2_000_000, ..OPTIONS };
            for options in [CorpusOptions { n_valid: 0, ..OPTIONS }, many] {
                let problem = write_corpus(corpus, folder.path(), &options).unwrap_err().to_string();
                assert!(problem.starts_with(corpus.name()), "{problem}");
            }
        }
    }
}
