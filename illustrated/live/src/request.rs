//! What a page asks, and who answers.

use illustrated::figures::{self, Follows};
use illustrated::recording::Recording;
use illustrated::report;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::error::Error;
use crate::opened::Opened;
use crate::session::Session;
use crate::settings::Settings;

/// What a page asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// The settings that are there at first.
    Defaults,
    /// Begins a run.
    Begin {
        /// What it is.
        settings: Box<Settings>,
    },
    /// Goes on with the run in the bytes, which [`Request::Keep`] gave.
    Resume,
    /// The run as bytes.
    Keep,
    /// Opens the model in the bytes.
    Open {
        /// The name of the file.
        name: String,
    },
    /// Takes so many steps, and makes the last a moment if asked to.
    Train {
        /// How many.
        steps: usize,
        /// Whether the last becomes a moment.
        record: bool,
    },
    /// Goes back to a moment.
    Back {
        /// After which step.
        step: u64,
    },
    /// Shows another sentence.
    Show {
        /// The sentence.
        line: String,
        /// Its translation, for a model from a file.
        #[serde(default)]
        reference: Option<String>,
    },
    /// Searches for a translation of the shown sentence.
    Search {
        /// How many hypotheses are kept.
        beam: usize,
    },
    /// What the model makes of the sentences to try, and of those it learns.
    Try,
    /// The chapters with all figures, and what the script needs to know of them.
    Chapters,
    /// Figures by their names.
    Figures {
        /// Which.
        names: Vec<String>,
    },
    /// The numbers of passes.
    Passes {
        /// After which steps.
        steps: Vec<u64>,
    },
    /// The model as a file.
    Save,
    /// The recording as a file.
    Recording,
}

/// What is open in the page.
enum Open {
    Run(Box<Session>),
    Model(Box<Opened>),
}

/// The page's other half: it holds what is open, and answers.
#[derive(Default)]
pub struct Live {
    open: Option<Open>,
}

impl Live {
    /// The answer to a request in JSON, to which bytes may belong; what went wrong is an answer too: `{"error": ..}`.
    pub fn answer(&mut self, request: &str, bytes: &[u8]) -> Answer {
        let request = serde_json::from_str(request);
        let answer = request
            .map_err(|problem| Error::Settings(format!("this is not understood: {problem}")))
            .and_then(|request| self.respond(request, bytes));
        answer.unwrap_or_else(|error| json!({ "error": error.to_string() }).into())
    }

    fn respond(&mut self, request: Request, bytes: &[u8]) -> Result<Answer, Error> {
        match request {
            Request::Defaults => Ok(json!({ "settings": Settings::default() }).into()),
            Request::Begin { settings } => self.begun(Session::begin(*settings)?),
            Request::Resume => self.begun(Session::from_bytes(bytes)?),
            Request::Open { name } => {
                let opened = Opened::open(&name, bytes)?;
                let about = about(&opened);
                self.open = Some(Open::Model(Box::new(opened)));
                Ok(about.into())
            }
            Request::Show { line, reference } => {
                let unknown = match self.open.as_mut() {
                    Some(Open::Run(session)) => session.show(&line)?,
                    Some(Open::Model(opened)) => opened.show(&line, reference.as_deref())?,
                    None => return Err(nothing_open()),
                };
                let said = self.recording()?.translation().map_or("", |found| found.text.as_str());
                Ok(json!({ "unknown": unknown, "moments": self.moments(), "said": said }).into())
            }
            Request::Chapters => self.recording().map(chapters),
            Request::Figures { names } => {
                let recording = self.recording()?;
                let drawn = names.iter().filter_map(|name| figures::named(name, recording));
                let drawn: serde_json::Map<String, Value> = drawn
                    .map(|figure| {
                        let (html, caption) = (figure.html().into_string(), &figure.caption);
                        (figure.id.into(), json!({ "html": html, "caption": caption }))
                    })
                    .collect();
                Ok(json!({ "figures": drawn }).into())
            }
            Request::Passes { steps } => Ok(answer::passes(self.recording()?, |step| steps.contains(&step))),
            Request::Recording => {
                let bytes = self.recording()?.to_json().into_bytes();
                Ok(Answer { json: json!({}), bytes })
            }
            of_run => self.run()?.respond(of_run),
        }
    }

    fn begun(&mut self, session: Session) -> Result<Answer, Error> {
        let n_parameters = session.trainer.params.numel();
        let answer = json!({
            "settings": session.settings(),
            "n_parameters": n_parameters,
            "step": session.trainer.step(),
            "shown": session.shown(),
            "moments": session.moments(),
            "steps": session.recording().steps(),
        });
        self.open = Some(Open::Run(Box::new(session)));
        Ok(answer.into())
    }

    fn run(&mut self) -> Result<&mut Session, Error> {
        match self.open.as_mut() {
            Some(Open::Run(session)) => Ok(session),
            Some(Open::Model(_)) => {
                Err(Error::Settings("a model from a file does not train here; begin a run".into()))
            }
            None => Err(nothing_open()),
        }
    }

    fn recording(&self) -> Result<&Recording, Error> {
        match &self.open {
            Some(Open::Run(session)) => Ok(session.recording()),
            Some(Open::Model(opened)) => opened
                .recording()
                .ok_or_else(|| Error::Settings("no sentence has gone through the model yet".into())),
            None => Err(nothing_open()),
        }
    }

    /// After which steps there are passes.
    fn moments(&self) -> Vec<u64> {
        let passes = self.recording().map(Recording::passes).unwrap_or_default();
        passes.iter().map(|pass| pass.head().step).collect()
    }
}

impl Session {
    /// The answer to what only a run can be asked.
    fn respond(&mut self, request: Request) -> Result<Answer, Error> {
        match request {
            Request::Keep => {
                Ok(Answer { json: json!({ "step": self.trainer.step() }), bytes: self.to_bytes()? })
            }
            Request::Train { steps, record } => {
                let reports = self.train(steps)?;
                if record {
                    self.record()?;
                }
                let losses: Vec<[f64; 2]> =
                    reports.iter().map(|report| [report.stats.loss(), report.stats.nll()]).collect();
                Ok(json!({ "step": self.trainer.step(), "losses": losses, "moments": self.moments() }).into())
            }
            Request::Back { step } => {
                self.go_back(step)?;
                Ok(json!({ "step": step, "moments": self.moments() }).into())
            }
            Request::Search { beam } => {
                self.search(beam)?;
                let said = self.recording().translation().map(|found| found.text.clone());
                Ok(json!({ "said": said }).into())
            }
            Request::Try => {
                let learned: Vec<String> = self.settings().pairs.iter().map(|(src, _)| src.clone()).collect();
                let (learned, tried) = (self.translate(&learned)?, self.translate(&self.settings().tried)?);
                let shown = self.translate(&[self.shown().to_owned()])?.remove(0);
                let wanted = self.settings().pairs.iter().map(|(_, tgt)| self.text().as_decoded(tgt));
                let wanted: Vec<String> = wanted.collect();
                let step = self.trainer.step();
                Ok(json!({ "step": step, "learned": learned, "wanted": wanted, "tried": tried, "shown": shown })
                    .into())
            }
            Request::Save => Ok(Answer { json: json!({}), bytes: self.translator()?.to_bytes()? }),
            _ => unreachable!("what everybody answers was answered"),
        }
    }
}

fn nothing_open() -> Error {
    Error::Settings("nothing is open: begin a run, or open a model".into())
}

/// What a page says of a model from a file.
fn about(opened: &Opened) -> Value {
    let translator = opened.translator();
    json!({
        "step": translator.about().step,
        "n_parameters": translator.params().numel(),
        "architecture": translator.model().config().architecture,
        "text": translator.text().summary(),
    })
}

/// The chapters, and what the script of the report needs.
fn chapters(recording: &Recording) -> Answer {
    let (of, body) = (figures::following, report::Body::of(recording));
    json!({
        "html": body.html.into_string(),
        "captions": body.captions,
        "about": recording.about(),
        "origins": illustrated::origins::origins(recording.about()),
        "follow": { "steps": of(Follows::Steps), "search": of(Follows::Search) },
    })
    .into()
}
