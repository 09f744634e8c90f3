//! The file of a lexical shortlist, which belongs to a vocabulary.
//!
//! One object of JSON. Words are ids of the model's vocabularies, whose hash keeps the file from being used with others;
//! models of one vocabulary, such as the checkpoints of a run, share it.
//!
//! | key | value |
//! |---|---|
//! | `etudiant.kind` | `shortlist 1`: what the file is, and the version of what stands in it |
//! | `etudiant.vocabulary_hash` | that of the model, as `etudiant inspect` shows it |
//! | `always` | target ids for every sentence |
//! | `of` | for each source id, from 0, the target ids that may come of it, the likeliest first |

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use text::TextModel;
use transformer::search::shortlist::Shortlist;

use crate::error::Error;
use crate::metadata::{FORMAT, json};
use crate::translator::Translator;

/// What says which kind of file it is.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(rename = "etudiant.kind")]
    kind: String,
    #[serde(rename = "etudiant.vocabulary_hash")]
    vocabulary_hash: String,
}

impl Head {
    fn of(text: &TextModel) -> Head {
        Head { kind: format!("shortlist {FORMAT}"), vocabulary_hash: text.vocabulary_hash() }
    }
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(flatten)]
    head: Head,
    always: &'a [u32],
    of: &'a [Vec<u32>],
}

/// What is read once the head is known to be right.
#[derive(Deserialize)]
struct Body {
    always: Vec<u32>,
    of: Vec<Vec<u32>>,
}

impl Translator {
    /// Writes a shortlist of this vocabulary, in one piece.
    ///
    /// # Errors
    /// [`Error::Request`] if it is of another; [`Error::Checkpoint`] if writing fails; what was at `path` is still there then.
    pub fn save_shortlist(&self, path: impl AsRef<Path>, shortlist: &Shortlist) -> Result<(), Error> {
        let text = self.text();
        shortlist.check(text.src_vocab_size(), text.tgt_vocab_size()).map_err(Error::Request)?;
        let content = json(&Content { head: Head::of(text), always: shortlist.always(), of: shortlist.of() });
        Ok(nn::atomic::write_atomically(path, |file| file.write_all(content.as_bytes()))?)
    }

    /// Reads what [`Translator::save_shortlist`] wrote, of this translator or another of the same vocabulary.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, is no shortlist, or is of another vocabulary.
    pub fn open_shortlist(&self, path: impl AsRef<Path>) -> Result<Shortlist, Error> {
        let path = path.as_ref();
        let write_one = "`etudiant shortlist` writes one";
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::at(path, format!("there is no such file; {write_one}")),
            _ => Error::at(path, format!("cannot read it: {error}")),
        })?;
        let own = Head::of(self.text());
        let head: Head = serde_json::from_slice(&bytes).map_err(|error| {
            Error::at(path, format!("this is no shortlist, or a part of one: {error}; {write_one}"))
        })?;
        if head.kind != own.kind {
            let problem = format!("format `{}`; this version reads `{}`", head.kind, own.kind);
            return Err(Error::at(path, format!("{problem}; {write_one}")));
        }
        if head.vocabulary_hash != own.vocabulary_hash {
            return Err(Error::at(
                path,
                format!(
                    "it is of another vocabulary, {}; the model's is {}; {write_one} from a training text",
                    head.vocabulary_hash, own.vocabulary_hash
                ),
            ));
        }
        let Body { always, of } = serde_json::from_slice(&bytes)
            .map_err(|error| Error::at(path, format!("{error}; {write_one}")))?;
        let shortlist = Shortlist::new(always, of);
        let (n_src, n_tgt) = (self.text().src_vocab_size(), self.text().tgt_vocab_size());
        shortlist
            .check(n_src, n_tgt)
            .map_err(|problem| Error::at(path, format!("{problem}; {write_one}")))?;
        Ok(shortlist)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use text::{TextKind, TextSettings};
    use transformer::{Config, Transformer};

    use crate::encode::vocab_sizes;
    use crate::testing::translator;
    use crate::translator::About;

    /// Of another vocabulary.
    fn other() -> Translator {
        let settings = TextSettings { kind: TextKind::Words, ..TextSettings::default() };
        let text = TextModel::learn(&settings, [("deux", "two")].into_iter()).unwrap();
        let config = Config::toy(vocab_sizes(&text));
        let (model, params) = Transformer::new(&config, tensor::Seed::new(1), tensor::DType::F32).unwrap();
        Translator::new(model, params, text, About::default()).unwrap()
    }

    #[test]
    fn a_file_has_the_shortlist_and_is_read_with_its_own_vocabulary_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        let own = translator(1.0, 3);
        let shortlist = Shortlist::new(vec![2], vec![vec![], vec![1, 0]]);
        own.save_shortlist(&path, &shortlist).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        let hash = own.text().vocabulary_hash();
        assert_eq!(
            written,
            format!(
                r#"{{"etudiant.kind":"shortlist 1","etudiant.vocabulary_hash":"{hash}","always":[2],"of":[[],[1,0]]}}"#
            )
        );
        assert_eq!(translator(2.0, 7).open_shortlist(&path).unwrap(), shortlist);
        let problem = other().open_shortlist(&path).unwrap_err().to_string();
        assert!(
            problem.contains(&format!("list: it is of another vocabulary, {hash}; the model's is ")),
            "{problem}"
        );
        let beyond = Shortlist::new(vec![1_000_000], vec![]);
        let problem = own.save_shortlist(&path, &beyond).unwrap_err().to_string();
        assert!(problem.starts_with("shortlist: 1000000 is not in the target vocabulary"), "{problem}");
        assert_eq!(fs::read_to_string(&path).unwrap(), written, "nothing is written then");
        for (from, to, says) in [
            ("shortlist 1", "shortlist 2", "format `shortlist 2`; this version reads `shortlist 1`"),
            ("[2]", "[1000000]", "1000000 is not in the target vocabulary"),
            ("[2]", "[-2]", "expected u32"),
            ("]]}", "", "or a part of one: EOF while parsing"),
            ("etudiant.kind", "kind", "missing field `etudiant.kind`"),
        ] {
            fs::write(&path, written.replace(from, to)).unwrap();
            let problem = own.open_shortlist(&path).unwrap_err().to_string();
            assert!(
                problem.contains(says) && problem.contains("`etudiant shortlist` writes one"),
                "{problem}"
            );
        }
        let problem = own.open_shortlist(folder.path().join("missing")).unwrap_err().to_string();
        assert!(
            problem.contains("missing: there is no such file; `etudiant shortlist` writes one"),
            "{problem}"
        );
        let problem = own.open_shortlist(folder.path()).unwrap_err().to_string();
        assert!(problem.contains("cannot read it: "), "{problem}");
    }
}
