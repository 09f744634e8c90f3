//! A model from a file: it translates and explains, and does not learn.

use illustrated::record::{Options, record};
use illustrated::recording::Recording;
use translate::Translator;

use crate::error::Error;
use crate::settings::sentence;

/// The most parameters of a model that can be opened: more than this, with all that a pass leaves, fills a page's memory.
pub const MAX_PARAMETERS: usize = 30_000_000;

/// A translator, and what was recorded of the last sentence.
pub struct Opened {
    translator: Translator,
    recording: Option<Recording>,
}

impl Opened {
    /// The model in the bytes of a file that is called so, as `etudiant train` or this page saved it.
    ///
    /// # Errors
    /// [`Error::Translate`] if it is no model, or damaged; [`Error::Settings`] if it is larger than [`MAX_PARAMETERS`].
    pub fn open(name: &str, bytes: &[u8]) -> Result<Opened, Error> {
        let translator = Translator::from_bytes(name, bytes)?;
        let count = translator.params().numel();
        if count > MAX_PARAMETERS {
            let problem = format!("{name} has {count} parameters; at most {MAX_PARAMETERS} fit into a page");
            return Err(Error::Settings(format!("{problem}. `etudiant report` shows it")));
        }
        Ok(Opened { translator, recording: None })
    }

    /// What it is.
    pub fn translator(&self) -> &Translator {
        &self.translator
    }

    /// Translates a sentence and records how. Returns how many of its words the model does not know.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no word in it, or too many; [`Error::Record`] if the model does not take it.
    pub fn show(&mut self, line: &str, reference: Option<&str>) -> Result<usize, Error> {
        let encoded = self.translator.text().encode_src(line);
        sentence(encoded.ids.len(), "the sentence")?;
        let reference = reference.map(str::trim).filter(|reference| !reference.is_empty());
        if let Some(reference) = reference {
            sentence(self.translator.text().encode_tgt(reference).ids.len(), "the translation")?;
        }
        let options = Options { reference: reference.map(str::to_owned), ..Options::default() };
        self.recording = Some(record(&self.translator, line.trim(), &options)?);
        Ok(encoded.unknown)
    }

    /// What was recorded of the last sentence.
    pub fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }
}
