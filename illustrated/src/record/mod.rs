//! Making a recording of a model: a pass over one pair of sentences, forward and backward; the steps of its training;
//! the search for a translation.

mod derived;
mod followed;
pub mod lengths;
pub mod lesson;
mod moments;
mod outputs;
mod padded;
pub mod peaks;
pub mod probes;
pub mod search;
mod sink;
mod translator;
pub mod unseen;
pub mod variants;
mod words;

use autograd::Tape;
use autograd::ops::cross_entropy::CrossEntropy;
use nn::{Context, Optimizer, ParamGradients, Params, Schedule};
use tensor::threads::on_worker;
use transformer::search::beam::BeamOptions;
use transformer::train::trainer::StepReport;
use transformer::{Batch, DecoderStart, Pair, Trainer, Transformer};

use crate::error::Error;
use crate::recording::event::{Event, PassHead};
use crate::recording::{About, Array, Followed, Norms, Parameter, Recording, Step, Token};

use followed::Moment;

pub use translator::{MAX_PARAMETERS, Options, record};
pub use words::{MAX_WORDS, Words};

/// Records one model.
pub struct Recorder<'a> {
    recording: Recording,
    words: Words<'a>,
    smoothing: f64,
    digits: Option<u32>,
    places: followed::Places,
}

impl<'a> Recorder<'a> {
    /// A recording of this model, whose tokens are these words. Of `about`, what the model says of itself is filled in:
    /// architecture, parameters, words.
    pub fn new(model: &Transformer, params: &Params, words: Words<'a>, about: About) -> Recorder<'a> {
        let parameter = |(_, name, tensor): (_, &str, &tensor::Tensor)| Parameter {
            name: name.into(),
            shape: tensor.shape().to_vec(),
        };
        let listed = |words: &[String]| if words.len() <= MAX_WORDS { words.to_vec() } else { Vec::new() };
        let about = About {
            program: concat!("etudiant ", env!("CARGO_PKG_VERSION")).into(),
            architecture: model.config().architecture.clone(),
            parameters: params.iter().map(parameter).collect(),
            src_words: listed(&words.src),
            tgt_words: listed(&words.tgt),
            tgt_vocab_size: words.tgt.len(),
            pieces: words.pieces,
            ..about
        };
        let (smoothing, digits) = (about.smoothing, about.digits);
        let places = followed::Places::default();
        Recorder { recording: Recording::new(about), words, smoothing, digits, places }
    }

    /// Takes a step of training, the same to the bit as without a recorder. Of Adam and AdamW it follows single weights
    /// too: of a few parameters the number whose gradient was the largest at the first of these steps.
    ///
    /// # Errors
    /// [`Error::Model`] as [`Trainer::train_step`].
    pub fn train_step<O: Optimizer, S: Schedule>(
        &mut self,
        trainer: &mut Trainer<O, S>,
        batches: &[Batch],
    ) -> Result<StepReport, Error> {
        let (params, memory) = (trainer.params.clone(), trainer.optimizer.state(&trainer.params));
        let (report, gradients) = trainer.train_step_traced(batches, &sink::Nothing)?;
        let before = Moment { params: &params, memory: &memory };
        let after = Moment { params: &trainer.params, memory: &trainer.optimizer.state(&trainer.params) };
        let rule = trainer.optimizer.rule();
        self.recording.set_optimizer(rule.and_then(followed::recorded));
        let followed = self.places.follow(rule, &before, &after, &gradients);
        let followed = followed.into_iter().map(|one| self.rounded_all(one)).collect();
        let step = self.norms(&report, &gradients, &params, &trainer.params);
        self.recording.push(Event::Step(Step { followed, ..step }));
        Ok(report)
    }

    /// A step of training: what it reported, the gradients it followed, and the parameters before and after it.
    pub fn step(&mut self, report: &StepReport, gradients: &ParamGradients, before: &Params, after: &Params) {
        let step = self.norms(report, gradients, before, after);
        self.recording.push(Event::Step(step));
    }

    /// The same, not yet recorded.
    fn norms(
        &self,
        report: &StepReport,
        gradients: &ParamGradients,
        before: &Params,
        after: &Params,
    ) -> Step {
        let norms = before.iter().map(|(id, _, weight)| Norms {
            gradient: self.rounded(gradients.get(id).map_or(0.0, norm)),
            weight: self.rounded(norm(weight)),
            update: self.rounded(norm(&after.get(id).sub(weight))),
        });
        Step { norms: norms.collect(), ..taken(report) }
    }

    /// A step of training of which only what it reported is recorded, for those that are not worth more.
    pub fn step_taken(&mut self, report: &StepReport) {
        self.recording.push(Event::Step(taken(report)));
    }

    /// A followed weight with as many digits as are recorded; the weight itself with all, for it moves little.
    fn rounded_all(&self, of: Followed) -> Followed {
        let both = |numbers: [f64; 2]| numbers.map(|number| self.rounded(number));
        Followed {
            gradient: self.rounded(of.gradient),
            first_moment: both(of.first_moment),
            second_moment: both(of.second_moment),
            corrected: both(of.corrected),
            weight: of.weight.map(|weight| round_to(self.digits.map(|digits| digits.max(7)), weight)),
            update: self.rounded(of.update),
            ..of
        }
    }

    /// The pair through the model, forward and backward, as it is after `step` steps: without dropout, and the loss of
    /// this pair alone. `with_parameters` records these too: where numbers are multiplied, they are the other factor.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not take the pair, or what it computes is not finite.
    #[allow(clippy::missing_panics_doc)] // the loss has a gradient at the logits
    pub fn pass(
        &mut self,
        model: &Transformer,
        params: &Params,
        pair: &Pair,
        step: u64,
        with_parameters: bool,
    ) -> Result<(), Error> {
        let batch = Batch::new([pair], model.config().decoder_start, 0)?;
        let (sink, stats, logits, of_logits) = on_worker(|| -> Result<_, Error> {
            let (tape, sink) = (Tape::new(), sink::Sink::default());
            let cx = Context::inference(params).with_tape(&tape).with_trace(&sink);
            let logits =
                model.forward(&cx, &batch)?.reshape([batch.tgt_out.len(), model.config().tgt_vocab_size]);
            let CrossEntropy { loss, stats } = logits.cross_entropy(&batch.tgt_out, self.smoothing);
            logits.retain_grad();
            let gradients = loss.backward();
            let of_logits = gradients.get(&logits).expect("the loss is made of them").clone();
            cx.gradients(gradients);
            Ok((sink.into_seen(), stats, logits.into_value(), of_logits))
        })?;
        sink::check(&sink, stats.loss())?;
        let padded = padded::padded(model, params, &pair.src)?;
        let of = |ids: &[u32], side: &[String]| {
            ids.iter().map(|&id| words::token(id, side)).collect::<Vec<Token>>()
        };
        let mut tgt_in = of(&batch.tgt_in.ids, &self.words.tgt);
        if model.config().decoder_start == DecoderStart::ZeroVector {
            tgt_in.insert(0, Token { id: None, text: "zeros".into() });
        }
        let (src, tgt_out) = (of(&batch.src.ids, &self.words.src), of(&batch.tgt_out, &self.words.tgt));
        let (loss, nll) = (stats.loss(), stats.nll());
        self.recording.push(Event::Pass(PassHead { step, src, tgt_in, tgt_out, loss, nll }));
        let n_heads = model.config().architecture.n_heads;
        let weighted = derived::weighted_values(&sink, n_heads);
        for (is_gradient, array) in sink {
            let moments = if is_gradient { Vec::new() } else { moments::moments(&array) };
            self.push(array, if is_gradient { Event::Gradient } else { Event::Value });
            moments.into_iter().for_each(|moment| self.push(moment, Event::Value));
        }
        weighted.into_iter().chain(padded).for_each(|array| self.push(array, Event::Value));
        for output in outputs::outputs(&logits, &of_logits, &batch.tgt_out, self.smoothing, &self.words.tgt) {
            self.recording.push(Event::Output(output));
        }
        if with_parameters {
            self.parameters(params, &batch);
        }
        Ok(())
    }

    /// Records an array, rounded, as the event that `kind` makes of it.
    fn push(&mut self, mut array: Array, kind: fn(Array) -> Event) {
        sink::round(&mut array.data, self.digits);
        self.recording.push(kind(array));
    }

    /// The numbers of the parameters, of large tables the rows that the batch and the words said use.
    fn parameters(&mut self, params: &Params, batch: &Batch) {
        for (_, path, tensor) in params.iter() {
            let shape = tensor.shape().to_vec();
            let is_table = shape.len() == 2 && shape[0] > MAX_WORDS && !path.contains("layers");
            let rows = is_table.then(|| self.rows_used(batch));
            let tensor = match &rows {
                Some(rows) => tensor.gather_rows(rows),
                None => tensor.clone(),
            };
            let shape = tensor.shape().to_vec();
            let array = Array { path: path.into(), shape, rows, data: sink::numbers(&tensor) };
            self.push(array, Event::Value);
        }
    }

    /// The search for the best translations of a source.
    ///
    /// # Errors
    /// [`Error::Model`] if the model does not take the source, or an option is out of range.
    pub fn search(
        &mut self,
        model: &Transformer,
        params: &Params,
        src: &[u32],
        options: &BeamOptions,
    ) -> Result<(), Error> {
        let events = search::events(model, params, &self.words, src, options)?;
        events.into_iter().for_each(|event| self.recording.push(event));
        Ok(())
    }

    /// With as many digits as are recorded.
    fn rounded(&self, number: f64) -> f64 {
        round_to(self.digits, number)
    }

    /// What was recorded so far.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// What was recorded so far, to forget some of it or add to it.
    pub fn recording_mut(&mut self) -> &mut Recording {
        &mut self.recording
    }

    /// The recording.
    pub fn finish(self) -> Recording {
        self.recording
    }
}

impl Recorder<'_> {
    /// The rows of a table that belong to tokens of the batch or to words that are said, in the order of the ids.
    fn rows_used(&self, batch: &Batch) -> Vec<u32> {
        let pass = self.recording.last_pass().expect("parameters belong to a pass");
        let said = pass
            .outputs()
            .into_iter()
            .flat_map(|output| output.words.iter().filter_map(|word| word.token.id));
        let mut rows: Vec<u32> = batch.src.ids.iter().chain(&batch.tgt_in.ids).copied().chain(said).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

/// What a step reported, without norms.
fn taken(report: &StepReport) -> Step {
    Step {
        step: report.step,
        loss: report.stats.loss(),
        nll: report.stats.nll(),
        learning_rate: report.learning_rate,
        grad_norm: report.grad_norm,
        norms: Vec::new(),
        followed: Vec::new(),
    }
}

/// With so many significant digits.
fn round_to(digits: Option<u32>, number: f64) -> f64 {
    let Some(digits) = digits else { return number };
    format!("{number:.*e}", digits.max(1) as usize - 1).parse().unwrap_or(number)
}

/// The Euclidean norm.
fn norm(tensor: &tensor::Tensor) -> f64 {
    sink::numbers(tensor).iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()
}
