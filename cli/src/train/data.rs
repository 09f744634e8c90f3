//! From a recipe's files to ids, with a word about everything that was met on the way.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use tensor::Seed;
use text::corpus::{self, Corpus, CorpusFiles, ReadOptions};
use text::{TextModel, TextPair, TextSettings};
use transformer::{Architecture, Pair};
use translate::encode::EncodedPair;
use translate::metrics::bleu_of;

use crate::builtin::{Builtin, is_complete, write_corpus};
use crate::error::Error;
use crate::recipe::{DataSettings, Recipe};
use crate::run_folder::RunFolder;

/// Percent of the pairs that may be left out for their length without a warning.
const MANY: f64 = 10.0;

/// What a run learns from and is judged by.
pub struct Data {
    /// The vocabularies, learned from the training pairs alone.
    pub text: Arc<TextModel>,
    /// What to learn from, as ids.
    pub train: Arc<[Pair]>,
    /// What to judge by, as ids.
    pub valid: Vec<Pair>,
    /// The sources of `valid`, as they stand in the files.
    pub valid_sources: Vec<String>,
    /// Their translations.
    pub valid_references: Vec<String>,
    /// Whether one of these has the four words that BLEU needs.
    pub bleu_judges: bool,
    /// Batches of a pass over `train`.
    pub epoch_batches: u64,
    /// A checksum of `train` and `valid`.
    pub checksum: u32,
}

/// Reads the recipe's files, learns the vocabularies unless `text` has them already, and encodes.
///
/// # Errors
/// [`Error::Input`] with the file and line that cannot be used.
pub fn prepare(
    recipe: &Recipe,
    folder: &RunFolder,
    text: Option<TextModel>,
    lenient: bool,
    tell: &mut impl FnMut(String),
) -> Result<Data, Error> {
    let settings = with_builtin(&recipe.data, folder, tell)?;
    if !settings.dir.as_os_str().is_empty() && !settings.dir.is_dir() {
        let problem = "there is no such folder; --set data.dir=FOLDER says where the files are";
        return Err(Error::at(&settings.dir, problem));
    }
    let options = ReadOptions { lenient: lenient || settings.lenient, ..ReadOptions::default() };
    let mut read = |name: &str, key: &str, files: &CorpusFiles| -> Result<Corpus, Error> {
        let corpus = corpus::read(files, &settings.dir, &options).map_err(|error| match error {
            text::Error::Corpus(problem) => Error::Input(format!("{key}: {problem}")), // no file is at fault
            error => error.into(),
        })?;
        tell(format!("{name}: {}", corpus.report));
        Ok(corpus)
    };
    let train = read("training", "data.train", &settings.train)?.pairs;
    let valid_corpus = match settings.valid.is_empty() {
        true => None,
        false => Some(read("validation", "data.valid", &settings.valid)?),
    };
    let valid: &[TextPair] = valid_corpus.as_ref().map_or(&[], |corpus| &corpus.pairs);
    let text = match text {
        Some(text) => text,
        None => TextModel::learn(&recipe.text, train.iter().map(|pair| (&*pair.src, &*pair.tgt)))?,
    };
    tell(format!("vocabulary: {}", text.summary()));
    let made_with = text.settings().drop_invisible;
    if recipe.text.drop_invisible != made_with {
        tell(format!(
            "warning: text.drop_invisible stays {made_with}, as the vocabulary was made; version 0.1 kept those characters"
        ));
    }
    tell_of_shared_sources(text.settings(), &train, valid, tell);
    let sources: Vec<&str> = valid.iter().map(|pair| pair.src.as_str()).collect();
    text.warnings(&sources).into_iter().for_each(|warning| tell(format!("warning: validation: {warning}")));

    let max_len = recipe.model.max_len;
    let train = encode("training", &train, &text, max_len, tell)?;
    let valid_pairs = encode("validation", valid, &text, usize::MAX, tell)?;
    if let Some(corpus) = &valid_corpus {
        check_reach(&recipe.model, corpus, &valid_pairs)?;
    }
    let batches = recipe.training.options(Seed::new(recipe.seed)).batches();
    let epoch_batches = batches.plan_epoch(&train, 0)?.len() as u64; // as many in every epoch
    let checksum = checksum(train.iter().chain(&valid_pairs));
    let valid = valid_corpus.map_or_else(Vec::new, |corpus| corpus.pairs);
    let (valid_sources, valid_references): (Vec<_>, Vec<_>) =
        valid.into_iter().map(|pair| (pair.src, pair.tgt)).unzip();
    let bleu_judges = bleu_of(&text, &valid_references, &valid_references).score > 0.0;
    Ok(Data {
        text: text.into(),
        train: train.into(),
        valid: valid_pairs,
        valid_sources,
        valid_references,
        bleu_judges,
        epoch_batches,
        checksum,
    })
}

/// What was trained on is no judge: how many validation sources are among the training sources, to the model's eyes.
fn tell_of_shared_sources(
    settings: &TextSettings,
    train: &[TextPair],
    valid: &[TextPair],
    tell: &mut impl FnMut(String),
) {
    let seen: HashSet<Cow<str>> = train.iter().map(|pair| settings.normalise(&pair.src)).collect();
    let shared = valid.iter().filter(|pair| seen.contains(&settings.normalise(&pair.src))).count();
    if shared > 0 {
        let all = valid.len();
        tell(format!(
            "warning: {shared} of {all} validation sources are also trained on; they flatter the figures"
        ));
    }
}

/// The settings with a built-in corpus written and its files named.
fn with_builtin(
    settings: &DataSettings,
    folder: &RunFolder,
    tell: &mut impl FnMut(String),
) -> Result<DataSettings, Error> {
    let mut settings = settings.clone();
    if let Some(corpus) = Builtin::named(&settings.builtin) {
        settings.dir = folder.data();
        if !is_complete(corpus, &settings.dir) {
            tell(format!("wrote {}", write_corpus(corpus, &settings.dir, &Default::default())?));
        }
        let pair = |src: String, tgt: String| CorpusFiles {
            source: vec![src.into()],
            target: vec![tgt.into()],
            pairs: vec![],
        };
        let [train_src, train_tgt, valid_src, valid_tgt, ..] = corpus.files();
        (settings.train, settings.valid) = (pair(train_src, train_tgt), pair(valid_src, valid_tgt));
    }
    Ok(settings)
}

/// Pairs as ids; both sides end with `<eos>`. Pairs of which a side has more than `max_len` tokens are left out.
fn encode(
    name: &str,
    corpus: &[TextPair],
    text: &TextModel,
    max_len: usize,
    tell: &mut impl FnMut(String),
) -> Result<Vec<Pair>, Error> {
    let (mut tokens, mut unknown, mut too_long) = (0, 0, 0);
    let mut pairs = Vec::with_capacity(corpus.len());
    for pair in corpus {
        let EncodedPair { pair, unknown_src, unknown_tgt } = EncodedPair::encode(text, &pair.src, &pair.tgt);
        if pair.src.len().max(pair.tgt.len()) > max_len {
            too_long += 1;
            continue;
        }
        tokens += pair.src.len() + pair.tgt.len() - 2; // without <eos>
        unknown += unknown_src + unknown_tgt;
        pairs.push(pair);
    }
    if corpus.is_empty() {
        return Ok(pairs);
    }
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    let mut line =
        format!("{name}: {} pairs, {tokens} tokens, {:.2} % unknown", pairs.len(), share(unknown, tokens));
    if too_long > 0 {
        let percent = share(too_long, corpus.len());
        line += &format!(
            "; left out: {too_long} pairs ({percent:.2} %) of more than {max_len} tokens (model.max_len)"
        );
        if percent > MANY {
            line = format!("warning: {line}");
        }
    }
    tell(line);
    if pairs.is_empty() {
        return Err(Error::Input(format!(
            "{name}: no pair is short enough for model.max_len = {max_len}; raise it"
        )));
    }
    Ok(pairs)
}

/// Learned positions end at `max_len`, and a longer pair cannot be judged. It is not left out: figures of fewer pairs
/// would be compared with those of all.
fn check_reach(model: &Architecture, corpus: &Corpus, pairs: &[Pair]) -> Result<(), Error> {
    let (reach, len) = (model.reach(), |pair: &Pair| pair.src.len().max(pair.tgt.len()));
    let Some(index) = pairs.iter().position(|pair| len(pair) > reach) else { return Ok(()) };
    Err(Error::Input(format!(
        "{}: a validation pair of {} tokens, but learned positions reach only model.max_len = {reach}; raise it, or \
         take the pair out",
        corpus.place(index),
        len(&pairs[index])
    )))
}

/// A checksum of the pairs: a run must not go on with other data than it began with.
fn checksum<'a>(pairs: impl Iterator<Item = &'a Pair>) -> u32 {
    let side = |crc: u32, ids: &[u32]| {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).chain([0xff; 4]).collect();
        crc32c::crc32c_append(crc, &bytes)
    };
    pairs.fold(0, |crc, pair| side(side(crc, &pair.src), &pair.tgt))
}

/// The folder of a run, unless `--out` names it: `runs/` and the recipe's own name; or, for a run that is to go on by the
/// recipe in its folder, that folder.
pub fn default_out(recipe: &Path, resume: bool) -> std::path::PathBuf {
    let folder = recipe.parent().map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
    if let Some(folder) = folder.filter(|folder| resume && RunFolder::has_recipe(folder, recipe)) {
        return folder.to_path_buf();
    }
    Path::new("runs").join(recipe.file_stem().unwrap_or_default())
}
