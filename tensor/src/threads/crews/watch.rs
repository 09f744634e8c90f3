//! The watch: a job's workers look out for its next loop, awake.
//!
//! A step of a search is dozens of products of a few microseconds with a few microseconds between them. In these rayon's
//! workers fall asleep, and waking one takes as long as half such a product. So while a job lasts, its workers look for
//! something to do again and again, and leave that only when there was nothing for a while: as threads of OpenMP do,
//! and with them the libraries that others multiply with.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// For so long a worker looks out in vain before it goes to sleep. Between loops of a step it is a hundredth of that.
const PATIENCE: Duration = Duration::from_millis(1);
/// How long it rests between two looks, in pauses of the processor: less than half a microsecond. Looking takes the memory that
/// those who work write to.
const REST: usize = 8;

/// Runs `f` on this worker, the others of its pool being on the watch.
pub(super) fn watched<R>(f: impl FnOnce() -> R) -> R {
    let _job = (rayon::current_num_threads() > 1).then(Job::begin);
    f()
}

/// A job, which has ended when this is dropped.
struct Job {
    ended: Arc<AtomicBool>,
}

impl Job {
    /// Calls the other workers of this one's pool to the watch.
    fn begin() -> Job {
        let job = Job { ended: Arc::default() };
        let (ended, caller) = (job.ended.clone(), rayon::current_thread_index());
        rayon::spawn_broadcast(move |worker| {
            if Some(worker.index()) != caller {
                watch(&ended);
            }
        });
        job
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Does what there is to do until the job has ended, or there was nothing for too long.
fn watch(ended: &AtomicBool) {
    let mut idle_since = None;
    while !ended.load(Ordering::Relaxed) {
        if let Some(rayon::Yield::Executed) = rayon::yield_now() {
            idle_since = None;
        } else if idle_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return;
        } else {
            (0..REST).for_each(|_| spin_loop());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// Waits until none of the job's workers is on the watch; each has a share in `ended` for so long.
    fn wait_for_all(ended: &Arc<AtomicBool>, others: usize) {
        let started = Instant::now();
        while Arc::strong_count(ended) > others {
            rayon::yield_now(); // this worker was called too
            assert!(started.elapsed() < Duration::from_secs(60), "someone is still on the watch");
        }
    }

    #[test]
    fn those_on_the_watch_leave_when_the_job_ends_and_when_it_has_nothing_for_them() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        pool.install(|| {
            let job = Job::begin();
            let ended = job.ended.clone();
            assert!(Arc::strong_count(&ended) > 2, "they were called");
            drop(job);
            wait_for_all(&ended, 1);
            let job = Job::begin();
            wait_for_all(&job.ended, 1); // which has not ended
            assert!(!job.ended.load(Ordering::Relaxed));
        });
        let panics = || pool.install(|| watched(|| panic!("as a job may")));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(pool.install(|| watched(|| rayon::join(|| 1, || 2))), (1, 2));
    }

    #[test]
    fn the_watch_takes_at_least_its_patience_and_none_after_the_end() {
        let started = Instant::now();
        watch(&AtomicBool::new(false));
        assert!(started.elapsed() > PATIENCE);
        watch(&AtomicBool::new(true));
    }
}
