//! Batches made on a thread of their own, so that the model never waits for them.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use transformer::Error;
use transformer::data::stream::{BatchStream, StepBatches};

/// Steps made ahead: enough to hide the planning of a new epoch, few enough to hold little memory.
const AHEAD: usize = 4;

/// The steps of a [`BatchStream`], in its order.
pub struct Prefetch {
    steps: Receiver<Result<StepBatches, Error>>,
}

impl Prefetch {
    /// Starts the thread. It ends when this value is dropped.
    pub fn new(stream: BatchStream) -> Prefetch {
        let (sender, steps) = sync_channel(AHEAD);
        thread::spawn(move || {
            for step in stream {
                if sender.send(step).is_err() {
                    return; // nobody waits any more
                }
            }
        });
        Prefetch { steps }
    }

    /// The next step, or why it cannot be made.
    ///
    /// # Errors
    /// As [`BatchStream`].
    ///
    /// # Panics
    /// After an error, and if the thread panicked: the stream itself has no end, and without it a run must not look
    /// as if it were done.
    pub fn next_step(&mut self) -> Result<StepBatches, Error> {
        self.steps.recv().expect("a stream of batches has no end")
    }
}
