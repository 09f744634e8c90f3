//! Text: corpora, vocabularies, translations to score.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use text::corpus::{self, lines_in, lines_of};
use text::{CorpusFiles, Error, ReadOptions, TextModel};
use translate::metrics::{
    BleuOptions, ChrfOptions, Metric, Rounding, Smoothing, TerOptions, Tokenizer, counts, sums,
};

use crate::files::Folder;
use crate::memory::{check, measured, within};

/// Bytes taken for each of a text model's JSON: four of it, `"a",`, are a token in five tables.
pub(crate) const OF_TOKENIZER: usize = 100;

/// Bytes taken for each of a file of sentences: one of it may be a line, which is a text of its own, or what is wrong with
/// it, in a list that doubles.
const OF_CORPUS: usize = 200;

/// Bytes taken for each of the longest line, where lines are read one by one.
const OF_LINE: usize = 8;

/// The length at which a line is refused, and no more of it kept.
const LONGEST_LINE: usize = 1 << 26;

/// The most bytes that one of a gzipped file stands for (Deutsch 1996, RFC 1951: 258 of two bits).
const MOST_INFLATED: usize = 1032;

/// Bytes taken for each of the text that is scored: TER remembers some fifty cells of eight bytes for a word, and two bytes
/// may be one.
const OF_SCORES: usize = 300;

/// The JSON of a text model. Where it is one, it is also the text that is encoded.
pub fn tokenizer(bytes: &[u8]) {
    let Ok(json) = str::from_utf8(bytes) else { return };
    let Ok(found) = within(OF_TOKENIZER, json.len(), || TextModel::from_json(json)) else { return };
    let written = found.to_json();
    let again = TextModel::from_json(&written).expect("what was written can be read");
    assert_eq!(again.to_json(), written);
    for line in [json, "Je suis étudiant.", "\u{feff}<eos> ▁ 漢字\t1984\u{200d}"] {
        let (src, tgt) = (found.encode_src(line), found.encode_tgt(line));
        assert_eq!((&again.encode_src(line), &again.encode_tgt(line)), (&src, &tgt));
        assert!(src.ids.iter().all(|&id| found.src_token(id).is_some()));
        let decoded = found.decode(&tgt.ids);
        assert!(tgt.unknown > 0 || decoded == found.as_decoded(line), "{decoded:?} of {line:?}");
        let _ = found.warnings(&[line]);
    }
}

/// Files of sentences: one with a pair a line, and two, of which the second begins behind the first byte 0.
pub fn corpus(bytes: &[u8]) {
    let folder = Folder::new();
    let (first, second) = match bytes.iter().position(|&byte| byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, bytes),
    };
    let pairs = files(&[], &[], &[folder.file("pairs", bytes)]);
    let two = files(&[folder.file("source", first)], &[folder.file("target", second)], &[]);
    for lenient in [false, true] {
        let options = ReadOptions { lenient, max_chars: 1000 };
        for files in [&pairs, &two] {
            let read = || corpus::read(files, Path::new(""), &options);
            let (found, taken) = measured(read);
            if !is_gzip(first) && !is_gzip(second) && !is_gzip(bytes) {
                check(OF_CORPUS, bytes.len(), taken); // how much is behind gzip's bytes, the target `gzip` says
            }
            if let Ok(found) = found {
                pairs_read_back(&folder, &found);
            }
        }
    }
    let of_stream: Vec<_> = within(OF_CORPUS, bytes.len(), || lines_of(bytes, "a stream").collect());
    if let Ok(of_file) = lines_in(&folder.at("pairs"))
        && !is_gzip(bytes)
    {
        let texts = |lines: Vec<Result<String, Error>>| lines.into_iter().map(Result::ok).collect::<Vec<_>>();
        assert_eq!(texts(of_file.collect()), texts(of_stream));
    }
}

/// A gzipped file; and a text that is gzipped here, in two members, and must be read as if it were not.
pub fn gzip(bytes: &[u8]) {
    let folder = Folder::new();
    lines_one_by_one(&folder.file("raw", bytes), bytes.len());
    if is_gzip(bytes) {
        return;
    }
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let members = [first, second].map(|text| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    });
    let plain = lines_one_by_one(&folder.file("plain", bytes), bytes.len());
    let zipped = lines_one_by_one(&folder.file("gz", &members.concat()), bytes.len());
    assert_eq!(zipped, plain);
}

/// On each line a translation and two references, with tabs between them. What stands behind another tab is left out.
pub fn scores(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let column = |n: usize| -> Vec<String> {
        text.lines().map(|line| line.split('\t').nth(n).unwrap_or_default().into()).collect()
    };
    let (said, references) = (column(0), [column(1), column(2)]);
    for metric in metrics() {
        let metric = metric.as_ref();
        let sums_of = |said: &[String]| sums(&counts(metric, said, &references), Rounding::Double);
        let found = within(OF_SCORES, text.len(), || sums_of(&said));
        if found.is_empty() {
            continue; // there is no line
        }
        let score = metric.score(&found, Rounding::Double).value;
        let name = format!("{} ({}, {})", metric.name(), metric.settings(), metric.details(&found));
        assert!(score >= 0.0 && (score < 100.000001 || !metric.higher_is_better()), "{name}: {score}");
        if metric.higher_is_better() {
            let best = metric.score(&sums_of(&references[0]), Rounding::Double).value;
            assert!(
                best == 0.0 || (best - 100.0).abs() < 1e-9,
                "{name} of the references themselves: {best}"
            );
        }
    }
}

/// The metrics in all their ways of reading, and of smoothing.
fn metrics() -> Vec<Box<dyn Metric>> {
    let mut metrics: Vec<Box<dyn Metric>> = Vec::new();
    for lowercase in [false, true] {
        for tokenizer in Tokenizer::ALL {
            metrics.push(Box::new(BleuOptions { tokenizer, lowercase, ..BleuOptions::default() }));
        }
        for smoothing in [Smoothing::None, Smoothing::Floor(0.1), Smoothing::AddK(1.0)] {
            let effective_order = lowercase;
            metrics.push(Box::new(BleuOptions { smoothing, effective_order, ..BleuOptions::default() }));
        }
        for word_order in [0, 2] {
            metrics.push(Box::new(ChrfOptions { word_order, lowercase, ..ChrfOptions::default() }));
        }
        for (normalized, no_punct) in [(false, false), (true, true)] {
            let (asian_support, case_sensitive) = (lowercase, !lowercase);
            metrics.push(Box::new(TerOptions { normalized, no_punct, asian_support, case_sensitive }));
        }
    }
    metrics
}

/// The lines of the file at `path`, nothing where one cannot be read. It has `len` bytes, but may hold more text.
fn lines_one_by_one(path: &Path, len: usize) -> Vec<Option<String>> {
    let mut longest = 0;
    let Ok(mut lines) = lines_in(path) else { return Vec::new() };
    let mut found = Vec::new();
    let mut kept = 0;
    loop {
        let (line, taken) = measured(|| lines.next());
        let Some(line) = line else { return found };
        longest = longest.max(match &line {
            Ok(line) => line.len(),
            Err(error) if error.to_string().ends_with("this is no text") => LONGEST_LINE,
            Err(_) => (MOST_INFLATED * len).min(LONGEST_LINE), // where it broke off, a line may have been read so far
        });
        check(OF_LINE, longest + len, taken);
        if kept < MOST_KEPT {
            kept += 1 + longest;
            found.push(line.ok());
        }
    }
}

/// Bytes of text that are kept to be compared.
const MOST_KEPT: usize = 1 << 24;

/// The pairs of a corpus, written into two files as other programs write them, with a byte order mark, and read again.
fn pairs_read_back(folder: &Folder, found: &corpus::Corpus) {
    let side = |of: fn(&corpus::Corpus, usize) -> &str, name: &str| {
        let lines: Vec<&str> = (0..found.pairs.len()).map(|index| of(found, index)).collect();
        folder.file(name, format!("\u{feff}{}\n", lines.join("\n")).as_bytes())
    };
    let src = side(|found, index| &found.pairs[index].src, "src");
    let tgt = side(|found, index| &found.pairs[index].tgt, "tgt");
    let again = corpus::read(&files(&[src], &[tgt], &[]), Path::new(""), &ReadOptions::default());
    let again = again.expect("what was written can be read");
    let texts = |corpus: &corpus::Corpus| -> Vec<(String, String)> {
        corpus.pairs.iter().map(|pair| (pair.src.clone(), pair.tgt.clone())).collect()
    };
    assert_eq!(texts(&again), texts(found));
    assert_eq!(again.report.dropped(), 0);
}

fn files(source: &[PathBuf], target: &[PathBuf], pairs: &[PathBuf]) -> CorpusFiles {
    CorpusFiles { source: source.to_vec(), target: target.to_vec(), pairs: pairs.to_vec() }
}

/// Whether a file of these bytes is taken for a gzipped one.
fn is_gzip(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x1f)
}
