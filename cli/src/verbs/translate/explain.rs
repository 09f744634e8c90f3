//! `--explain`: what attention and the search say of a translation, as figures of text.

use std::env::var_os;
use std::io::{IsTerminal, stdout};

use illustrated::record::{Words, search};
use illustrated::recording::Search;
use illustrated::terminal::{Options, heatmap, tree};
use transformer::Pair;
use transformer::align::default_layer;
use transformer::search::beam::BeamOptions;
use translate::{Translated, Translator};

use crate::error::Error;

/// Explains the translations of one translator.
pub struct Explainer<'t> {
    words: Words<'t>,
    /// How translations are searched.
    search: BeamOptions,
    options: Options,
}

impl<'t> Explainer<'t> {
    /// For who reads standard output.
    pub fn new(translator: &'t Translator, search: BeamOptions) -> Explainer<'t> {
        Explainer { words: Words::of(translator.text()), search, options: options() }
    }

    /// What the best translation attended to, and how the search came to it; nothing where there is none.
    ///
    /// # Errors
    /// [`Error::Input`] if the model is broken.
    pub fn explain(&self, translator: &Translator, found: &Translated) -> Result<String, Error> {
        let Some(best) = found.translations.first() else { return Ok(String::new()) };
        let (model, params, text) = (translator.model(), translator.params(), translator.text());
        let pair = Pair { src: found.source.ids.clone(), tgt: best.ids.clone() };
        let word = |token: Option<&str>| token.unwrap_or_default().to_owned();
        let src: Vec<String> = pair.src.iter().map(|&id| word(text.src_token(id))).collect();
        let tgt: Vec<String> = pair.tgt.iter().map(|&id| word(text.tgt_token(id))).collect();
        let (layer, heads) = (default_layer(model.config()), model.config().architecture.n_heads);
        let weights = translator.attention(std::slice::from_ref(&pair))?;
        let events = search::events(model, params, &self.words, &pair.src, &self.search)?;
        let mut explained =
            format!("\ncross-attention of decoder layer {layer} (from 0), mean of heads: {heads}\n");
        explained += &heatmap(&weights[0], &tgt, &src, &self.options);
        for search in Search::all(&events) {
            explained += &format!("\n{}", tree(&search, &self.options));
        }
        Ok(explained + "\n")
    }
}

/// As wide as the terminal or as COLUMNS says, and coloured unless NO_COLOR is set (<https://no-color.org>); elsewhere than at a
/// terminal without colour.
fn options() -> Options {
    let is_set = |name: &str| var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = var_os("TERM").is_some_and(|term| term == "dumb");
    let columns = var_os("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
    let seen = ::console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    Options {
        width: seen.or(columns).unwrap_or(Options::default().width),
        colour: stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb,
    }
}
