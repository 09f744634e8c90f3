//! Translating what comes, batch after batch, and what is told of it.

use std::io::{IsTerminal, stdout};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use translate::{Request, Sampling, Source, Translated, Translator};

use super::answer::{Answer, Form};
use super::explain::Explainer;
use super::input::{Arrived, BATCH, Input, InputName, Line, arrived};
use super::prompt::{Prompt, Typed};
use crate::console::{offer, say};
use crate::error::Error;
use crate::verbs::common::{encode_sources, some_of, tell_warnings};
use crate::verbs::search::tell_of_unjudged;

/// Translating what comes.
pub struct Session<'a> {
    translator: &'a Translator,
    request: Request<'a>,
    sampling: Option<Sampling>,
    form: Form,
    explainer: Option<Explainer<'a>>,
    /// Whether faulty lines are answered by empty ones.
    lenient: bool,
    name: InputName,
    /// Lines translated so far.
    lines: usize,
    /// How many of them were cut.
    cut: usize,
    /// Of which nothing that was found can be read by the model of `--rerank`.
    unjudged: Vec<usize>,
    /// Which of them were faulty, and what the first one's fault was.
    faulty: Vec<usize>,
    first_fault: Option<String>,
    /// The first lines, which show how the input is written, until they are enough or something was told of them.
    heard: Option<Vec<String>>,
}

/// What became of some lines: what is printed for them, up to one that ends the work.
struct Answered {
    text: String,
    end: Result<(), Error>,
}

impl<'a> Session<'a> {
    pub fn new(
        translator: &'a Translator,
        request: Request<'a>,
        sampling: Option<Sampling>,
        form: Form,
        explainer: Option<Explainer<'a>>,
        lenient: bool,
        name: InputName,
    ) -> Session<'a> {
        Session {
            translator,
            request,
            sampling,
            form,
            explainer,
            lenient,
            name,
            lines: 0,
            cut: 0,
            unjudged: Vec::new(),
            faulty: Vec::new(),
            first_fault: None,
            heard: Some(Vec::new()),
        }
    }

    /// Answers until the input ends, or nobody reads any more. What was translated before an error is written.
    ///
    /// # Errors
    /// [`Error::Input`] if the input cannot be read on, a line is faulty, or the output cannot be written.
    pub fn translate(mut self, input: &Input) -> Result<(), Error> {
        let bar = bar(&self.name);
        loop {
            let Arrived { lines, is_end } = arrived(input);
            let Answered { text, end } = bar.suspend(|| self.answer(lines));
            if !offer(&text)? {
                return Ok(());
            }
            bar.set_position(self.lines as u64);
            if is_end || end.is_err() {
                bar.finish_and_clear();
                self.tell_of_faults();
                return end;
            }
        }
    }

    /// Answers what someone types, line by line, until they have enough.
    ///
    /// # Errors
    /// [`Error::Input`] if the terminal cannot be read, or the output not be written.
    pub fn converse(mut self) -> Result<(), Error> {
        let mut prompt = Prompt::open()?;
        loop {
            match prompt.ask()? {
                Typed::Lines(lines) => {
                    let typed = lines.len();
                    let Answered { text, end } = self.answer(lines.into_iter().map(Ok).collect());
                    if !offer(&text)? {
                        return Ok(());
                    }
                    tell_of_unjudged(&std::mem::take(&mut self.unjudged), typed);
                    if let Err(problem) = end {
                        say(&format!("error: {problem}")); // of this line; the next may do
                    }
                }
                Typed::Nothing => {}
                Typed::NoText => {
                    self.lines += 1;
                    say(&format!(
                        "error: line {} is not UTF-8; let the terminal send that, and type it again",
                        self.lines
                    ));
                }
                Typed::End => return Ok(()),
            }
        }
    }

    /// The answers to the next lines, up to one that ends the work.
    fn answer(&mut self, lines: Vec<Line>) -> Answered {
        let first = self.lines + 1;
        let (mut texts, mut problems, mut end) = (Vec::new(), Vec::new(), Ok(()));
        for line in lines {
            let (text, problem) = match line {
                Ok(text) => (text, None),
                Err(fault @ text::Error::Line { .. }) if self.lenient => {
                    (String::new(), Some(fault.to_string()))
                }
                Err(error) => {
                    end = Err(error.into());
                    break;
                }
            };
            texts.push(text);
            problems.push(problem);
        }
        self.warn(&texts);
        let sources = encode_sources(self.translator, &texts, first);
        let mut found = Vec::with_capacity(sources.len());
        if let Err(problem) = self.translations(sources, &mut problems, &mut found) {
            end = Err(problem);
        }
        self.lines += found.len();
        self.cut += found.iter().filter(|found| found.source.cut > 0).count();
        let mut text = String::new();
        for (line, (found, problem)) in (first..).zip(found.iter().zip(problems)) {
            if self.request.is_unjudged(found) {
                self.unjudged.push(line);
            }
            text += &Answer::new(self.translator.text(), line, found, problem.as_deref()).print(&self.form);
            match self.explainer.as_ref().map(|explainer| explainer.explain(self.translator, found)) {
                Some(Ok(explained)) => text += &explained,
                Some(Err(problem)) => end = end.and(Err(problem)),
                None => {}
            }
            if problem.is_some() {
                self.faulty.push(line);
                self.first_fault = self.first_fault.take().or(problem);
            }
        }
        Answered { text, end }
    }

    /// The translations of the next lines. If they cannot be had together, one by one, up to the line that is to blame;
    /// where that is let pass, its problem is noted.
    fn translations(
        &self,
        sources: Vec<Source>,
        problems: &mut [Option<String>],
        found: &mut Vec<Translated>,
    ) -> Result<(), Error> {
        if let Ok(together) = self.request_from(0).translate_encoded(sources.clone(), |_| ()) {
            found.extend(together);
            return Ok(());
        }
        for (index, source) in sources.into_iter().enumerate() {
            match self.request_from(index).translate_encoded(vec![source.clone()], |_| ()) {
                Ok(alone) => found.extend(alone),
                Err(problem) => {
                    let problem = format!("{}:{}: {problem}", self.name, self.lines + 1 + index);
                    if !self.lenient {
                        return Err(Error::Input(problem));
                    }
                    problems[index] = Some(problem);
                    found.push(Translated { source, translations: Vec::new() });
                }
            }
        }
        Ok(())
    }

    /// What is asked of the lines from `index` of the next on.
    fn request_from(&self, index: usize) -> Request<'a> {
        let first = (self.lines + index) as u64;
        match self.sampling.clone() {
            Some(sampling) => self.request.clone().sample(Sampling { first, ..sampling }),
            None => self.request.clone(),
        }
    }

    /// Tells once, of the first lines together, if they are written otherwise than the training text.
    fn warn(&mut self, lines: &[String]) {
        if let Some(heard) = &mut self.heard {
            heard.extend_from_slice(lines); // a short line alone says little
            if tell_warnings(self.translator, heard) || heard.len() >= BATCH {
                self.heard = None;
            }
        }
    }

    fn tell_of_faults(&self) {
        if self.cut > 0 {
            say(&format!("warning: {} of {} lines were cut", self.cut, self.lines));
        }
        tell_of_unjudged(&self.unjudged, self.lines);
        if let Some(fault) = &self.first_fault {
            let (n, all, list) = (self.faulty.len(), self.lines, some_of(&self.faulty));
            say(&format!(
                "warning: {n} of {all} lines were faulty and became empty lines: line {list}; the first: {fault}"
            ));
        }
    }
}

/// How far the work is, where someone watches and the translations go elsewhere.
fn bar(name: &InputName) -> ProgressBar {
    let bar = match stdout().is_terminal() {
        true => ProgressBar::hidden(),
        false => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
    };
    if bar.is_hidden() {
        return bar;
    }
    let (length, template) = match name.count_lines() {
        Some(length) => (Some(length), "{wide_bar} {pos} of {len} lines  {elapsed}, {eta} left"),
        None => (None, "{spinner} {pos} lines  {elapsed}, {per_sec}"),
    };
    if let Some(length) = length {
        bar.set_length(length);
    }
    bar.with_style(ProgressStyle::with_template(template).expect("the template is valid"))
}
