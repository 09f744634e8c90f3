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
/// How long it rests between two looks, in turns of an empty loop: some tenth of a microsecond. Looking takes the memory that
/// those who work write to.
const REST: usize = 8;

/// Runs `f` on this worker, the others of its pool being on the watch.
pub(super) fn watched<R>(f: impl FnOnce() -> R) -> R {
    if rayon::current_num_threads() == 1 {
        return f();
    }
    let job = Job::default();
    let (ended, caller) = (job.ended.clone(), rayon::current_thread_index());
    rayon::spawn_broadcast(move |worker| {
        if Some(worker.index()) != caller {
            watch(&ended);
        }
    });
    f()
}

/// A job, which has ended when this is dropped.
#[derive(Default)]
struct Job {
    ended: Arc<AtomicBool>,
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
    use std::thread::sleep;

    use super::*;

    #[test]
    fn those_on_the_watch_take_part_and_leave_when_the_job_ends_or_is_idle() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        for pause in [Duration::ZERO, 3 * PATIENCE] {
            let sum = pool.install(|| {
                watched(|| {
                    sleep(pause);
                    let (a, b) = rayon::join(|| 1, || 2);
                    a + b
                })
            });
            assert_eq!(sum, 3);
            assert_eq!(pool.broadcast(|worker| worker.index()), [0, 1, 2], "everyone is free again");
        }
        let panics = || pool.install(|| watched(|| panic!("as a job may")));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(pool.broadcast(|worker| worker.index()), [0, 1, 2]);
    }
}
