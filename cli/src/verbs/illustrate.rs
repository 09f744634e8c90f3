//! `etudiant record` and `etudiant report`: what a model does with one sentence, as numbers and as pictures.

use std::path::{Path, PathBuf};

use clap::Args;
use illustrated::record::{Options, record};
use illustrated::{Recording, report};

use crate::console::say;
use crate::error::Error;
use crate::model::Model;
use crate::verbs::common::within;

/// To how many significant digits the numbers behind a page are kept, unless it is said: more than are shown, and the
/// page stays small.
const DIGITS: u32 = 4;

/// Pages larger than this open slowly, in bytes: what can be left out is left out first, and said to be.
const MAX_PAGE: usize = 10_000_000;

/// The options of `etudiant record`.
#[derive(Args)]
#[command(after_help = RECORD_HELP)]
pub struct RecordArgs {
    #[command(flatten)]
    of: Of,
    /// The file to write, of JSON
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Significant digits of every number [default: all it has]
    #[arg(long, value_name = "N", value_parser = within::<u32>(1..=9))]
    digits: Option<u32>,
}

/// The options of `etudiant report`.
#[derive(Args)]
#[command(after_help = REPORT_HELP)]
pub struct ReportArgs {
    #[command(flatten)]
    of: Of,
    /// The file to write, of HTML
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Significant digits of the numbers in it
    #[arg(long, value_name = "N", default_value_t = DIGITS, value_parser = within::<u32>(1..=9))]
    digits: u32,
    /// Write each figure into this folder too, as SVG
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
}

const RECORD_HELP: &str = "\
Writes what happens in the model when it translates the sentence: the search, every value on the way and the gradient of
the loss at it, under the names of the parameters. docs/illustrated.md says what stands where. Of a model of more than
two million parameters these are left out, unless --parameters asks for them.";

const REPORT_HELP: &str = "\
Writes one page that opens offline: the figures of The Illustrated Transformer, drawn from the numbers of this model and
this sentence. With --reference, the loss and its gradients are those of that translation; without, those of the
translation that the model finds itself. A page that would be larger than 10 MB is written without the parameters, unless
they are asked for, and the command says so.

    etudiant report --model runs/numbers/model.safetensors --sentence 'quatre-vingt-dix-sept' --out report.html";

/// What is recorded.
#[derive(Args)]
struct Of {
    /// The model file
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The sentence to translate
    #[arg(long, value_name = "TEXT")]
    sentence: String,
    /// A right translation of it
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// Record the parameters, true or false [default: of models up to two million]
    #[arg(long, value_name = "BOOL")]
    parameters: Option<bool>,
}

impl Of {
    fn record(&self, digits: Option<u32>) -> Result<Recording, Error> {
        let Model { translator, recipe } = Model::open(&self.model)?;
        let source = translator.encode(&self.sentence);
        if source.unknown > 0 {
            let (unknown, all) = (source.unknown, source.n_tokens);
            say(&format!("warning: {unknown} of {all} tokens of the sentence are unknown to the model"));
        }
        if source.cut > 0 {
            say(&format!(
                "warning: the sentence is cut after {} tokens, {} are left out",
                source.ids.len() - 1,
                source.cut
            ));
        }
        let options = Options {
            reference: self.reference.clone(),
            digits,
            with_parameters: self.parameters,
            seed: Some(recipe.seed),
            smoothing: recipe.training.smoothing,
            optimizer: recipe.training.optimizer.build().rule(),
            ..Options::default()
        };
        Ok(record(&translator, &self.sentence, &options)?)
    }
}

pub(super) fn run_record(args: &RecordArgs) -> Result<(), Error> {
    nn::atomic::check_writable(&args.out)?;
    let recording = args.of.record(args.digits)?;
    write(&args.out, &recording.to_json())
}

pub(super) fn run_report(args: &ReportArgs) -> Result<(), Error> {
    nn::atomic::check_writable(&args.out)?;
    if let Some(folder) = &args.figures {
        std::fs::create_dir_all(folder).map_err(|error| Error::at(folder, error))?;
    }
    let (recording, page) = fitting(args.of.record(Some(args.digits))?, args.of.parameters, MAX_PAGE);
    write(&args.out, &page)?;
    let Some(folder) = &args.figures else { return Ok(()) };
    for figure in illustrated::figures::all(&recording) {
        write(&folder.join(figure.id).with_extension("svg"), &figure.svg())?;
    }
    Ok(())
}

/// The recording as a page: if that is larger than `most`, without its parameters, unless these are `wanted`. What is
/// left out, and what is too large all the same, is told.
fn fitting(mut recording: Recording, wanted: Option<bool>, most: usize) -> (Recording, String) {
    let megabytes = |page: &str| page.len() as f64 / 1e6;
    let mut page = report::page(&recording);
    let smaller = recording.without_parameters();
    if page.len() > most && wanted.is_none() && smaller != recording {
        say(&format!(
            "note: with the model's parameters the page would have {:.1} MB; they are left out. --parameters true keeps them",
            megabytes(&page)
        ));
        page = report::page(&smaller);
        recording = smaller;
    }
    if page.len() > most {
        let less = if wanted == Some(true) { "--parameters false, " } else { "" };
        say(&format!(
            "warning: the page has {:.1} MB and will open slowly; {less}--digits 3 or a shorter sentence makes it smaller",
            megabytes(&page)
        ));
    }
    (recording, page)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    nn::atomic::write_atomically(path, |file| file.write_all(text.as_bytes()))?;
    say(&format!("{}: {} KB", path.display(), text.len().div_ceil(1000)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use illustrated::recording::{About, Array, Event, Parameter, PassHead};

    use super::*;

    /// A parameter of numbers that do not pack well.
    fn recording() -> Recording {
        let (path, shape) = ("projection.weight".to_string(), vec![100, 100]);
        let parameters = vec![Parameter { name: path.clone(), shape: shape.clone() }];
        let mut recording = Recording::new(About { parameters, ..About::default() });
        let (step, loss, nll) = (1, 1.0, 1.0);
        let (src, tgt_in, tgt_out) = (Vec::new(), Vec::new(), Vec::new());
        recording.push(Event::Pass(PassHead { step, src, tgt_in, tgt_out, loss, nll }));
        let data = (0..10_000u32).map(|at| at.wrapping_mul(2_654_435_769) as f32).collect();
        recording.push(Event::Value(Array { path, shape, rows: None, data }));
        recording
    }

    #[test]
    fn a_page_too_large_loses_its_parameters_unless_they_are_wanted() {
        let whole = recording();
        let size = report::page(&whole).len();
        for (wanted, most, is_whole) in
            [(None, size, true), (None, size - 1, false), (Some(true), size - 1, true), (None, 0, false)]
        {
            let (kept, page) = fitting(recording(), wanted, most);
            assert_eq!(kept == whole, is_whole, "{wanted:?}, {most} of {size}");
            assert_eq!(page, report::page(&kept));
            assert_eq!(page.contains("weights of the model are not in this page"), !is_whole);
        }
    }
}
