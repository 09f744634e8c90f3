//! What a page asks, and who answers.

use illustrated::figures;
use illustrated::recording::Recording;
use illustrated::report;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{self, Answer};
use crate::error::Error;
use crate::opened::Opened;
use crate::session::Session;
use crate::settings::Settings;

/// What a page asks. Numbers of steps name moments; a model from a file has one, which any number names.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Begins a run.
    Begin {
        /// What it is.
        settings: Box<Settings>,
    },
    /// Goes on with the run in the bytes, which [`Request::Keep`] gave.
    Resume,
    /// The run as bytes, and which of its moments are to be kept beside it.
    Keep,
    /// A moment of it as bytes.
    KeepMoment {
        /// After which step.
        step: u64,
    },
    /// The moment in the bytes, which [`Request::KeepMoment`] gave, can be gone back to again.
    Recall,
    /// Opens the model in the bytes.
    Open {
        /// The name of the file.
        name: String,
    },
    /// Takes so many steps; the last becomes a moment.
    Train {
        /// How many.
        steps: usize,
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
    /// What the model makes of the sentences to try, of those it learns, of those held out, and of the one that is shown.
    Try,
    /// A moment: the numbers of its passes, and figures by their names, or all chapters.
    View {
        /// After which step.
        step: u64,
        /// Which figures; without, the chapters, and in them the search for a translation.
        #[serde(default)]
        figures: Option<Vec<String>>,
        /// The passes whose numbers the page has, by their steps.
        held: Vec<u64>,
    },
    /// The model as a file.
    Save,
    /// A moment as a recording, as a file.
    Recording {
        /// After which step.
        step: u64,
    },
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
    /// The answer to a request in JSON, to which bytes may belong; what went wrong is an answer too: `{"error": ..}`, and,
    /// if numbers have run away, the last moment at which they had not: `{"error": .., "good": 12}`.
    pub fn answer(&mut self, request: &str, bytes: &[u8]) -> Answer {
        let request = serde_json::from_str(request);
        let answer = request
            .map_err(|problem| Error::Settings(format!("this is not understood: {problem}")))
            .and_then(|request| self.respond(request, bytes));
        answer.unwrap_or_else(|error| {
            let good = if error.is_not_finite() { self.last_good() } else { None };
            json!({ "error": error.to_string(), "good": good }).into()
        })
    }

    fn last_good(&mut self) -> Option<u64> {
        self.run().ok()?.last_good()
    }

    fn respond(&mut self, request: Request, bytes: &[u8]) -> Result<Answer, Error> {
        match request {
            Request::Begin { settings } => Ok(self.begun(Session::begin(*settings)?)),
            Request::Resume => Ok(self.begun(Session::from_bytes(bytes)?)),
            Request::Open { name } => {
                let opened = Opened::open(&name, bytes)?;
                let translator = opened.translator();
                let (step, count) = (translator.about().step, translator.params().numel());
                self.open = Some(Open::Model(Box::new(opened)));
                Ok(json!({ "step": step, "n_parameters": count }).into())
            }
            Request::Show { line, reference } => match self.open.as_mut() {
                Some(Open::Run(session)) => Ok(json!({ "unknown": session.show(&line)? }).into()),
                Some(Open::Model(opened)) => {
                    let unknown = opened.show(&line, reference.as_deref())?;
                    let said = opened.recording().and_then(Recording::translation);
                    Ok(json!({ "unknown": unknown, "said": said.map(|found| &found.text) }).into())
                }
                None => Err(nothing_open()),
            },
            Request::View { step, figures, held } => {
                let recording = self.view(step, figures.is_none())?;
                let seen = |step| !held.contains(&step);
                let Answer { json: passes, bytes } = answer::passes(&recording, seen);
                let steps: Vec<u64> = recording.passes().iter().map(|pass| pass.head().step).collect();
                let drawn = match figures {
                    Some(names) => named(&names, &recording),
                    None => chapters(&recording),
                };
                Ok(Answer { json: json!({ "seen": steps, "passes": passes, "drawn": drawn }), bytes })
            }
            Request::Recording { step } => {
                Ok(Answer { json: json!({}), bytes: self.view(step, true)?.to_json().into_bytes() })
            }
            Request::Keep => {
                let session = self.run()?;
                Ok(Answer { json: json!({ "moments": session.moments_kept() }), bytes: session.to_bytes()? })
            }
            Request::KeepMoment { step } => {
                Ok(Answer { json: json!({}), bytes: self.run()?.moment_to_bytes(step)? })
            }
            Request::Recall => {
                let session = self.run()?;
                session.recall_bytes(bytes)?;
                Ok(json!({ "moments": session.moments() }).into())
            }
            Request::Save => Ok(Answer { json: json!({}), bytes: self.run()?.translator()?.to_bytes()? }),
            Request::Train { steps } => self.run()?.trained(steps),
            Request::Back { step } => {
                let session = self.run()?;
                session.go_back(step)?;
                Ok(json!({ "moments": session.moments() }).into())
            }
            Request::Try => self.run()?.tried(),
        }
    }

    fn begun(&mut self, session: Session) -> Answer {
        let (losses, validated) = (session.steps().steps(), session.steps().validations());
        let answer = json!({
            "settings": session.settings(),
            "step": session.trainer.step(),
            "shown": session.shown(),
            "moments": session.moments(),
            "losses": losses.iter().map(|taken| (taken.step, taken.loss)).collect::<Vec<_>>(),
            "validated": validated.iter().map(|found| (found.step, found.nll)).collect::<Vec<_>>(),
            "unknown": session.unknown(),
        });
        self.open = Some(Open::Run(Box::new(session)));
        answer.into()
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

    fn view(&mut self, step: u64, with_search: bool) -> Result<Recording, Error> {
        match self.open.as_mut() {
            Some(Open::Run(session)) => session.view(step, with_search),
            Some(Open::Model(opened)) => opened
                .recording()
                .cloned()
                .ok_or_else(|| Error::Settings("no sentence has gone through the model yet".into())),
            None => Err(nothing_open()),
        }
    }
}

impl Session {
    /// So many steps further.
    fn trained(&mut self, steps: usize) -> Result<Answer, Error> {
        let reports = self.train(steps)?;
        let losses: Vec<(u64, f64)> =
            reports.iter().map(|report| (report.step, report.stats.loss())).collect();
        let step = self.trainer.step();
        let validations = self.steps().validations();
        let found = validations.last().filter(|found| found.step == step);
        Ok(json!({
            "step": step,
            "losses": losses,
            "validated": found.map(|found| (found.step, found.nll)),
            "moments": self.moments(),
        })
        .into())
    }

    fn tried(&self) -> Result<Answer, Error> {
        let Settings { pairs, held_out, tried, .. } = self.settings();
        let sources = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().map(|(src, _)| src.clone()).collect()
        };
        let wanted = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().map(|(_, tgt)| self.text().as_decoded(tgt)).collect()
        };
        Ok(json!({
            "step": self.trainer.step(),
            "learned": self.translate(&sources(pairs))?,
            "wanted": wanted(pairs),
            "held_out": self.translate(&sources(held_out))?,
            "held_out_wanted": wanted(held_out),
            "tried": self.translate(tried)?,
            "shown": self.translate(&[self.shown().to_owned()])?[0],
        })
        .into())
    }
}

fn nothing_open() -> Error {
    Error::Settings("nothing is open: begin a run, or open a model".into())
}

/// Figures by their names, those that the recording has something for.
fn named(names: &[String], recording: &Recording) -> Value {
    let drawn = names.iter().filter_map(|name| figures::named(name, recording)).map(|figure| {
        let (html, caption) = (figure.html().into_string(), &figure.caption);
        (figure.id.into(), json!({ "html": html, "caption": caption }))
    });
    json!({ "figures": drawn.collect::<Map<String, Value>>() })
}

/// The chapters, and what the script of the report needs.
fn chapters(recording: &Recording) -> Value {
    let body = report::Body::of(recording);
    json!({
        "html": body.html.into_string(),
        "captions": body.captions,
        "about": recording.about(),
        "origins": illustrated::origins::origins(recording.about()),
    })
}
