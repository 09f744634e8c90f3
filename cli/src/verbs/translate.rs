//! `etudiant translate`: lines in, translations out.
//!
//! A thread reads lines while others are translated. What has arrived goes through the search together, up to
//! [`BATCH`] lines: a file flows through in full batches, and who types one line, or writes one from a program and
//! waits, has its answer before the next.

mod answer;

use std::io::{IsTerminal, Write, stderr, stdin};
use std::iter::once;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use clap::Args;
use text::corpus::{lines_in, lines_of};
use translate::{Request, Translator};

use self::answer::{Answer, Form};
use super::common::{SearchArgs, encode_sources, tell_warnings};
use crate::builtin::Builtin;
use crate::console::offer;
use crate::console::say;
use crate::error::Error;
use crate::model::open_translator;
use crate::recipe::{DataSettings, Recipe};

/// Lines that are translated together, at most.
const BATCH: usize = 256;

/// How long the next line may take to come to be translated with those before it: what a program writes at one go
/// comes faster, what a person types is slower.
const NEXT_LINE: Duration = Duration::from_millis(10);

/// The options of `etudiant translate`.
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub struct TranslateArgs {
    /// The model file
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    #[command(flatten)]
    search: SearchArgs,
    /// Print the K best translations of each line, at most as many as the beam is wide
    #[arg(long, value_name = "K", default_value_t = 1)]
    n_best: usize,
    /// Print the log-probability of each translation, and the score that it was ranked by
    #[arg(long)]
    scores: bool,
    /// Print which source token each token comes from, as far as attention says: 0-0 1-2
    #[arg(long)]
    align: bool,
    /// Print an object a line, with tokens and scores in full precision
    #[arg(long)]
    json: bool,
    /// What to translate, gzipped or not; - and no FILE are standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
For each line of FILE, or of standard input as it arrives, a line to standard output, in order; an empty line for an
empty line. At a terminal there is a prompt.

    echo \"quatre-vingt-dix-sept\" | etudiant translate --model runs/numbers/model.safetensors
    etudiant translate --model M --beam 5 --n-best 3 --scores test.fr > test.tsv

What is asked for beside the text stands behind it, parted by tabs: the log-probability (natural, of all tokens and
<eos>) and the score, which is that divided by the length penalty; then the alignment, SOURCE-TARGET token numbers from
0, <eos> left out. Attention is a hint, not an explanation; --json names the tokens. With --n-best 2 or more, each line
begins with the number of the line that it translates, from 1, and a tab; an empty line has one.

Lines longer than the model's max_len tokens are cut, which is told on standard error. RAYON_NUM_THREADS sets the number
of threads.";

pub(super) fn run(args: &TranslateArgs) -> Result<(), Error> {
    let translator = open_translator(&args.model)?;
    let settings = args.search.settings(&translator.search())?;
    args.search.tell_of_no_use(&settings);
    if !(1..=settings.beam).contains(&args.n_best) {
        let (n_best, beam) = (args.n_best, settings.beam);
        let remedy = if n_best == 0 { "ask for 1 at least".into() } else { format!("add --beam {n_best}") };
        return Err(Error::Input(format!("--n-best is {n_best}, and the beam {beam} wide; {remedy}")));
    }
    let form = Form { numbered: args.n_best > 1, scores: args.scores, align: args.align, json: args.json };
    let mut session = Session {
        request: translator.request().search(settings).n_best(args.n_best).align(args.align),
        translator: &translator,
        form,
        lines: 0,
        cut: 0,
        heard: Some(vec![]),
    };
    let file = args.file.clone().filter(|path| path.as_os_str() != "-");
    let to_a_person = file.is_none() && stdin().is_terminal();
    if to_a_person {
        let recipe = Recipe::of_metadata(&translator.about().recipe).unwrap_or_default(); // one of a newer version
        say(&greeting(&recipe.data));
    }
    session.talk(listen(file), to_a_person)
}

/// Translating what comes, batch after batch.
struct Session<'a> {
    translator: &'a Translator,
    request: Request<'a>,
    form: Form,
    /// Lines translated so far.
    lines: usize,
    /// How many of them were cut.
    cut: usize,
    /// The first lines, which show how the input is written, until they are enough or something was told of them.
    heard: Option<Vec<String>>,
}

impl Session<'_> {
    /// Answers until the input ends, or nobody reads any more.
    fn talk(&mut self, input: Input, to_a_person: bool) -> Result<(), Error> {
        loop {
            if to_a_person {
                let _ = write!(stderr(), "> ");
            }
            let Arrived { lines, end } = arrived(&input);
            if !offer(&self.answer(&lines)?)? {
                return Ok(());
            }
            if let Some(end) = end {
                if to_a_person {
                    say("");
                }
                if self.cut > 0 {
                    say(&format!("warning: {} of {} lines were cut", self.cut, self.lines));
                }
                return end;
            }
        }
    }

    /// The translations of the next lines, as they are printed.
    fn answer(&mut self, lines: &[String]) -> Result<String, Error> {
        let first = self.lines + 1;
        if let Some(heard) = &mut self.heard {
            heard.extend_from_slice(lines); // a short line alone says little
            if tell_warnings(self.translator, heard) || heard.len() >= BATCH {
                self.heard = None;
            }
        }
        let sources = encode_sources(self.translator, lines, first);
        self.lines += lines.len();
        self.cut += sources.iter().filter(|source| source.cut > 0).count();
        let found = self.request.translate_encoded(sources, |_| ())?;
        let answers = (first..).zip(lines.iter().zip(&found));
        let answers =
            answers.map(|(line, (text, found))| Answer::new(self.translator.text(), line, text, found));
        Ok(answers.map(|answer| answer.print(&self.form)).collect())
    }
}

/// Lines as they come.
type Input = Receiver<Result<String, Error>>;

/// The lines of a file, or of standard input, read on a thread of their own.
fn listen(file: Option<PathBuf>) -> Input {
    let (sender, receiver) = sync_channel(BATCH);
    thread::spawn(move || {
        let lines: Box<dyn Iterator<Item = Result<String, text::Error>>> =
            match file.map(|path| lines_in(&path)) {
                None => Box::new(lines_of(stdin().lock(), "standard input")),
                Some(Ok(lines)) => Box::new(lines),
                Some(Err(error)) => Box::new(once(Err(error))),
            };
        for line in lines {
            if sender.send(line.map_err(Error::from)).is_err() {
                break; // nobody listens any more
            }
        }
    });
    receiver
}

/// Lines that can be translated together, and what ended the input, if it ended.
struct Arrived {
    lines: Vec<String>,
    end: Option<Result<(), Error>>,
}

/// Waits for a line, and takes along those that follow at once.
fn arrived(input: &Input) -> Arrived {
    let mut lines = Vec::new();
    let mut next = input.recv().map_err(RecvTimeoutError::from);
    loop {
        let end = match next {
            Ok(Ok(line)) => {
                lines.push(line);
                (lines.len() == BATCH).then_some(None)
            }
            Ok(Err(error)) => Some(Some(Err(error))),
            Err(RecvTimeoutError::Disconnected) => Some(Some(Ok(()))),
            Err(RecvTimeoutError::Timeout) => Some(None),
        };
        if let Some(end) = end {
            return Arrived { lines, end };
        }
        next = input.recv_timeout(NEXT_LINE);
    }
}

/// What someone at a terminal is told first.
fn greeting(data: &DataSettings) -> String {
    let languages = languages(data).map(|(src, tgt)| format!("From {src} to {tgt}. ")).unwrap_or_default();
    format!("{languages}Type a sentence and Enter; Ctrl-D leaves.")
}

/// The languages of a model, as the names of its training files have them: `train.fr`, `train.en.gz`.
fn languages(data: &DataSettings) -> Option<(String, String)> {
    if let Some(corpus) = Builtin::named(&data.builtin) {
        return Some(corpus.languages().map(str::to_string).into());
    }
    let of_file = |files: &[PathBuf]| {
        let name = files.first()?.file_name()?.to_str()?;
        let (_, extension) = name.trim_end_matches(".gz").rsplit_once('.')?;
        let is_code = extension.len() == 2 && extension.bytes().all(|byte| byte.is_ascii_lowercase());
        is_code.then(|| extension.to_string())
    };
    Some((of_file(&data.train.source)?, of_file(&data.train.target)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use text::corpus::CorpusFiles;

    #[test]
    fn what_is_there_is_taken_together_up_to_a_batch() {
        let (sender, input) = sync_channel(2 * BATCH);
        for line in 0..BATCH + 3 {
            sender.send(Ok(line.to_string())).unwrap();
        }
        let Arrived { lines, end } = arrived(&input);
        assert_eq!((lines.len(), end.is_none()), (BATCH, true));
        let Arrived { lines, end } = arrived(&input);
        assert_eq!(lines, [BATCH, BATCH + 1, BATCH + 2].map(|line| line.to_string()));
        assert!(end.is_none(), "more may come");
        drop(sender);
        let Arrived { lines, end } = arrived(&input);
        assert!(lines.is_empty() && matches!(end, Some(Ok(()))));
    }

    #[test]
    fn what_came_before_an_error_is_answered() {
        let (sender, input) = sync_channel(3);
        sender.send(Ok("un".into())).unwrap();
        sender.send(Err(Error::Input("bad line".into()))).unwrap();
        let Arrived { lines, end } = arrived(&input);
        assert_eq!(lines, ["un"]);
        assert_eq!(end.unwrap().unwrap_err().to_string(), "bad line");
    }

    #[test]
    fn languages_are_read_from_the_names_of_the_files() {
        let named = |src: &str, tgt: &str| {
            let train = CorpusFiles { source: vec![src.into()], target: vec![tgt.into()], pairs: vec![] };
            languages(&DataSettings { train, ..DataSettings::default() })
        };
        let known = |src: &str, tgt: &str| Some((src.to_string(), tgt.to_string()));
        assert_eq!(named("a/train.lc.fr", "a/train.lc.en.gz"), known("fr", "en"));
        assert_eq!(named("train-src.txt", "train.en"), None);
        assert_eq!(named("fr", "en"), None);
        let builtin = DataSettings { builtin: Builtin::NumbersFrEn.name().into(), ..DataSettings::default() };
        assert_eq!(languages(&builtin), known("fr", "en"));
        assert_eq!(greeting(&builtin), "From fr to en. Type a sentence and Enter; Ctrl-D leaves.");
        assert!(greeting(&DataSettings::default()).starts_with("Type a sentence"));
    }
}
