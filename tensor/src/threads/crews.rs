//! Crews: who works on which job, so that jobs of several threads run side by side.
//!
//! In one pool for all, a small job that waits for a part of itself is given a part of another job to do in the
//! meantime, perhaps a second of somebody's training; and a job that asks for every worker waits until each is free.
//! So a job gets workers who do nothing else until it ends: a *crew*.
//!
//! A job that is alone gets the whole machine, which is rayon's global pool. One of two gets half as many threads, one
//! of three or four a quarter, and so on, but at least one. A crew at work is not made smaller. Jobs are short, a
//! training step or a search, so that the shares are soon those of the jobs there are. As many jobs as the machine has
//! threads run at a time; others wait for their turn, first come, first served.
//!
//! Results don't depend on the number of threads, which is why it may be chosen as late as this
//! (`docs/adr/0006-a-crew-for-each-job.md`).

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};
use watch::watched;

mod watch;

/// The crews of this program.
static CREWS: Crews = Crews::new();

/// Runs `f` on a worker of a crew, where this thread is none and the machine has so many threads.
pub(super) fn run<R: Send>(machine: usize, f: impl FnOnce() -> R + Send) -> R {
    CREWS.hire(machine).run(f)
}

/// Who works, and who waits for work.
struct Crews {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Jobs that came, began and ended since the program started.
    came: usize,
    began: usize,
    ended: usize,
    /// Crews without a job, but for the global pool. None is ever dismissed: threads that sleep cost little, and
    /// all crews of one size have together at most as many as the machine.
    idle: Vec<ThreadPool>,
}

impl Crews {
    const fn new() -> Self {
        let state = State { came: 0, began: 0, ended: 0, idle: Vec::new() };
        Crews { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner) // nothing panics while it is locked
    }

    /// A crew for a job, once it is its turn.
    fn hire(&self, machine: usize) -> Hired<'_> {
        let mut state = self.lock();
        let turn = state.came;
        state.came += 1;
        let waits = |state: &mut State| state.began < turn || state.began - state.ended >= machine;
        state = self.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
        state.began += 1;
        let threads = share(machine, state.began - state.ended);
        let idle = state.idle.iter().rposition(|pool| pool.current_num_threads() == threads);
        let idle = idle.filter(|_| threads < machine).map(|place| state.idle.remove(place));
        drop(state);
        self.changed.notify_all(); // it may be the next one's turn
        let mut hired = Hired { crews: self, pool: None }; // from here on the job's end is noted, also if this panics
        if threads < machine {
            hired.pool = idle.or_else(|| Some(new_pool(threads)));
        }
        hired
    }
}

/// How many of the machine's threads a job gets that is one of so many.
fn share(machine: usize, jobs: usize) -> usize {
    (machine / jobs.next_power_of_two()).max(1)
}

fn new_pool(threads: usize) -> ThreadPool {
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    builder.build().unwrap_or_else(|why| panic!("threads: {threads} more cannot be started: {why}"))
}

/// A crew at work. Dropped, it is given back.
struct Hired<'a> {
    crews: &'a Crews,
    /// None: the global pool.
    pool: Option<ThreadPool>,
}

impl Hired<'_> {
    fn run<R: Send>(&self, f: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(|| watched(f)),
            None => rayon::scope(|_| watched(f)),
        }
    }
}

impl Drop for Hired<'_> {
    fn drop(&mut self) {
        let mut state = self.crews.lock();
        state.ended += 1;
        state.idle.extend(self.pool.take());
        drop(state);
        self.crews.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
