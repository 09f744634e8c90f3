//! The batches of a training run, step after step and epoch after epoch, from any place in it.
//!
//! [`Trainer::train_epoch`](crate::train::trainer::Trainer::train_epoch) makes each batch when its step comes. A program
//! that wants the next ones made meanwhile, on another thread, or that stops and goes on in the middle of an
//! epoch, takes them from a [`BatchStream`]: the same batches in the same steps. It is plain data and an
//! iterator, so it moves to a thread; and as the plan of an epoch depends on (seed, epoch) alone, two numbers
//! say where a run stands.
//!
//! ```
//! use std::sync::mpsc::sync_channel;
//! use std::thread;
//! use transformer::data::stream::{BatchStream, Cursor};
//! use transformer::{DecoderStart, Pair, TrainOptions};
//!
//! let pairs: Vec<Pair> = (3..20).map(|id| Pair { src: vec![id, id], tgt: vec![id, 2] }).collect();
//! let options = TrainOptions { max_tokens: 8, accumulate: 2, ..TrainOptions::default() }.batches();
//! let stream = BatchStream::new(pairs.into(), options, DecoderStart::Token(1), Cursor::default())?;
//!
//! let (sender, steps) = sync_channel(4); // up to four steps wait to be taken
//! let prefetching = thread::spawn(move || {
//!     for step in stream {
//!         if sender.send(step).is_err() {
//!             break; // nobody listens any more
//!         }
//!     }
//! });
//! let mut position = Cursor::default();
//! for _ in 0..10 {
//!     let step = steps.recv()??;
//!     // trainer.train_step(&step.batches)?;
//!     position = step.next; // saved with the model, it is where to go on
//! }
//! assert_eq!(position, Cursor { epoch: 3, batch: 2 });
//! # drop(steps);
//! # prefetching.join().unwrap();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::DecoderStart;
use crate::data::batch::{Batch, Pair};
use crate::data::options::BatchOptions;
use crate::data::plan::BatchPlan;
use crate::error::Error;

/// A place between two batches of a run; the default is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The epoch, from 0.
    pub epoch: u64,
    /// How many batches of it were taken. Never all of them: that place is the start of the next epoch.
    pub batch: u64,
}

/// What one step learns from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepBatches {
    /// [`BatchOptions::accumulate`] batches, or what was left of the epoch.
    pub batches: Vec<Batch>,
    /// Where the first of them stands.
    pub from: Cursor,
    /// Where the next step begins: the place to go on from once this one is taken.
    pub next: Cursor,
}

impl StepBatches {
    /// Whether this is the last step of its epoch.
    pub fn ends_epoch(&self) -> bool {
        self.next.batch == 0
    }
}

/// The steps of a run, without end. After an error there are no more.
#[derive(Clone, Debug)]
pub struct BatchStream {
    pairs: Arc<[Pair]>,
    options: BatchOptions,
    decoder_start: DecoderStart,
    /// The batches of epoch `next.epoch`, once that is known to have begun.
    plan: BatchPlan,
    next: Cursor,
    failed: bool,
}

impl BatchStream {
    /// The batches that a trainer with these options makes of these pairs, from a place on.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`] if there is no pair; [`Error::Config`] if an option is out of range, or the epoch has
    /// no batch at that place: then the pairs or the options are not those of the run that was there.
    pub fn new(
        pairs: Arc<[Pair]>,
        options: BatchOptions,
        decoder_start: DecoderStart,
        from: Cursor,
    ) -> Result<Self, Error> {
        options.check()?;
        let plan = options.plan_epoch(&pairs, from.epoch)?;
        if from.batch >= plan.len() as u64 {
            return Err(Error::Config(format!(
                "epoch {} has {} batches, so it cannot go on after {}; take the data and the batch size that the \
                 run began with",
                from.epoch,
                plan.len(),
                from.batch
            )));
        }
        Ok(BatchStream { pairs, options, decoder_start, plan, next: from, failed: false })
    }

    /// The plan of the present epoch: how many batches it has, and how well they are filled.
    pub fn plan(&self) -> &BatchPlan {
        &self.plan
    }

    /// Makes the next step and moves on.
    fn advance(&mut self) -> Result<StepBatches, Error> {
        let from = self.next;
        let first = from.batch as usize; // below the plan's length
        let end = first.saturating_add(self.options.accumulate).min(self.plan.len());
        let batch = |index| self.plan.batch(index, &self.pairs, self.decoder_start, 0);
        let batches = (first..end).map(batch).collect::<Result<_, _>>()?;
        self.next.batch = end as u64;
        if end == self.plan.len() {
            self.next = Cursor { epoch: from.epoch.saturating_add(1), batch: 0 };
            self.plan = self.options.plan_epoch(&self.pairs, self.next.epoch)?;
        }
        Ok(StepBatches { batches, from, next: self.next })
    }
}

/// Errors are those of [`Batch::new`]: a target without a token, or with a reserved id.
impl Iterator for BatchStream {
    type Item = Result<StepBatches, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.advance();
        self.failed = step.is_err();
        Some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use crate::model::Transformer;
    use crate::train::options::TrainOptions;
    use crate::train::trainer::Trainer;
    use nn::{Adam, Constant};
    use std::ops::ControlFlow;
    use tensor::{DType, Seed};

    const START: DecoderStart = DecoderStart::Token(1);

    fn pairs() -> Arc<[Pair]> {
        (0..23u32).map(|i| Pair { src: vec![3 + i % 4; 1 + i as usize % 5], tgt: vec![4, 2] }).collect()
    }

    fn options(accumulate: usize) -> TrainOptions {
        TrainOptions { max_tokens: 9, accumulate, seed: Seed::new(5), ..TrainOptions::default() }
    }

    fn stream(accumulate: usize, from: Cursor) -> BatchStream {
        BatchStream::new(pairs(), options(accumulate).batches(), START, from).unwrap()
    }

    fn steps(accumulate: usize, from: Cursor, count: usize) -> Vec<StepBatches> {
        stream(accumulate, from).take(count).map(Result::unwrap).collect()
    }

    #[test]
    fn training_by_the_stream_is_training_by_epochs_bit_for_bit() {
        for accumulate in [1, 3, 100] {
            let trainer = || {
                let sizes = Config::toy(VocabSizes::Shared(9)).with(|model| {
                    model.d_model = 4;
                    model.d_ff = 4;
                    model.n_heads = 2;
                });
                let config = sizes.with(|model| model.dropout = 0.2);
                let model = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
                let schedule = Constant { learning_rate: 0.01 };
                Trainer::new(model, Adam::default(), schedule, options(accumulate)).unwrap()
            };
            let (mut by_epochs, mut by_steps) = (trainer(), trainer());
            for epoch in 0..3 {
                by_epochs.train_epoch(&pairs(), epoch, |_| ControlFlow::Continue(())).unwrap();
            }
            let mut stream = stream(accumulate, Cursor::default());
            while by_steps.step() < by_epochs.step() {
                by_steps.train_step(&stream.next().unwrap().unwrap().batches).unwrap();
            }
            assert_eq!(stream.next, Cursor { epoch: 3, batch: 0 });
            for (id, name, value) in by_epochs.params.iter() {
                assert_eq!(by_steps.params.get(id), value, "{name}");
            }
        }
    }

    #[test]
    fn from_any_place_it_goes_on_as_it_would_have() {
        for accumulate in [1, 2, 3] {
            let whole = steps(accumulate, Cursor::default(), 40);
            assert!(whole.last().unwrap().from.epoch >= 3);
            for (taken, step) in whole.iter().enumerate() {
                assert_eq!(steps(accumulate, step.from, 40 - taken), whole[taken..]);
            }
            assert!(whole.windows(2).all(|steps| steps[0].next == steps[1].from));
        }
    }

    #[test]
    fn a_step_takes_its_batches_from_one_epoch() {
        let len = stream(2, Cursor::default()).plan().len();
        assert!(len % 2 == 1, "the last step of the epoch is a short one");
        let first_epoch = steps(2, Cursor::default(), len.div_ceil(2));
        let (last, full) = first_epoch.split_last().unwrap();
        assert!(full.iter().all(|step| step.batches.len() == 2 && !step.ends_epoch()));
        assert!(last.batches.len() == 1 && last.ends_epoch());
        assert_eq!(last.next, Cursor { epoch: 1, batch: 0 });
        let sentences: usize = first_epoch.iter().flat_map(|step| &step.batches).map(Batch::batch_size).sum();
        assert_eq!(sentences, pairs().len());
        // A place within what was a step is a place like any other.
        let odd = steps(2, Cursor { epoch: 0, batch: 1 }, 1).remove(0);
        assert_eq!(odd.batches, [first_epoch[0].batches[1].clone(), first_epoch[1].batches[0].clone()]);
    }

    #[test]
    fn another_thread_can_own_it() {
        let stream = stream(2, Cursor::default());
        let elsewhere = std::thread::spawn(move || stream.take(20).map(Result::unwrap).collect::<Vec<_>>());
        assert_eq!(elsewhere.join().unwrap(), steps(2, Cursor::default(), 20));
    }

    #[test]
    fn a_position_comes_back_from_json() {
        let position = Cursor { epoch: 3, batch: 71 };
        let json = serde_json::to_string(&position).unwrap();
        assert_eq!(json, r#"{"epoch":3,"batch":71}"#);
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), position);
        assert!(serde_json::from_str::<Cursor>(r#"{"epoch":3,"batch":71,"step":9}"#).is_err());
    }

    #[test]
    fn what_makes_no_stream_is_an_error() {
        let new = |pairs: Arc<[Pair]>, options: TrainOptions, from| {
            BatchStream::new(pairs, options.batches(), START, from).map(drop)
        };
        let start = Cursor::default();
        assert!(matches!(new(Vec::new().into(), options(1), start), Err(Error::EmptyBatch(_))));
        assert!(matches!(new(pairs(), options(0), start), Err(Error::Config(_))));
        let empty = TrainOptions { max_tokens: 0, ..options(1) };
        assert!(matches!(new(pairs(), empty, start), Err(Error::Config(_))));
        let len = stream(1, start).plan().len() as u64;
        for batch in [len, u64::MAX] {
            let problem = new(pairs(), options(1), Cursor { epoch: 0, batch }).unwrap_err().to_string();
            assert!(problem.contains(&format!("epoch 0 has {len} batches, so it cannot go on after")));
        }
        new(pairs(), options(usize::MAX), Cursor { epoch: u64::MAX, batch: 0 }).unwrap();
    }

    #[test]
    fn after_an_error_there_are_no_more_steps() {
        let pairs = vec![Pair { src: vec![3], tgt: vec![] }];
        let mut stream =
            BatchStream::new(pairs.into(), options(1).batches(), START, Cursor::default()).unwrap();
        assert!(matches!(stream.next(), Some(Err(Error::EmptyBatch(_)))));
        assert!(stream.next().is_none());
    }

    #[test]
    fn the_last_epoch_that_can_be_counted_does_not_overflow() {
        let mut stream = stream(usize::MAX, Cursor { epoch: u64::MAX, batch: 0 });
        assert!(stream.next().unwrap().unwrap().ends_epoch());
        assert!(stream.next().unwrap().is_ok());
    }
}
