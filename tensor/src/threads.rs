//! Threads: how work is shared between them. The only door to workers, for kernels and for the crates above.
//!
//! **Chunks.** Work is cut into fixed chunks, never into a share per thread. The chunks of a problem depend on its sizes
//! alone. Each is computed by one thread from start to end, and reductions combine the chunks in order. Results are
//! therefore the same, bit for bit, for any number of threads; splitting by thread count would have been simpler and
//! would have lost that. Matrix products alone ask how many threads there are, where no cut changes a bit.
//!
//! **Jobs.** What a thread does in [`on_worker`], or in one call of a loop from outside, is a job. Each has workers of
//! its own while it lasts, so that jobs of several threads run side by side: a search does not wait for the
//! training step of another thread. Together they have about as many threads as the machine. They stay awake until the job ends,
//! or has had nothing for them for a millisecond.
//!
//! **Whose threads.** The machine is rayon's global pool: `RAYON_NUM_THREADS` or [`set_count`] says how many threads it
//! has. A program
//! that has a pool of its own calls from inside it, and then that pool's threads do everything:
//!
//! ```
//! use tensor::{Tensor, threads};
//!
//! let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build()?;
//! let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
//! let (product, count) = pool.install(|| (x.matmul(&x), threads::count()));
//! assert_eq!((product.at(&[0, 0]), count), (7.0, 3));
//! # Ok::<(), rayon::ThreadPoolBuildError>(())
//! ```
//!
//! Jobs that share such a pool are not kept apart: a worker that waits for a part of one may take up a part of another.
//! On wasm32 there are no threads, and the calling one does everything.

use rayon::prelude::*;

mod crews;

/// The number of elements that make a task worth handing to another thread.
pub const GRAIN: usize = 1 << 14;

/// How many rows of `row_len` elements make one chunk; at least 1.
pub fn rows_per_chunk(row_len: usize) -> usize {
    (GRAIN / row_len.max(1)).max(1)
}

/// How many threads share the work of the current pool, or of the machine where this thread is no worker.
pub fn count() -> usize {
    rayon::current_num_threads()
}

/// Makes the machine one of `count` threads, instead of what `RAYON_NUM_THREADS` or the number of processors says. Once,
/// before anything is computed.
///
/// # Errors
/// If computing has begun, or the system starts no so many; the number is as it was before then.
///
/// # Panics
/// If `count` is 0.
#[track_caller]
pub fn set_count(count: usize) -> Result<(), String> {
    assert!(count > 0, "set_count: there must be a thread");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count);
    pool.build_global().map_err(|why| format!("{count} threads cannot be had: {why}"))
}

/// Runs `f` on a worker, with others beside it that share its loops, and returns what it returns.
///
/// From any other thread every shared loop is handed over anew, and the thread sleeps until it is done, which
/// takes longer than a small loop. Who runs many, a training step say, runs them in here. On a worker it is a plain call.
///
/// Jobs of more threads than the machine has wait for their turn. So what `f` waits for should not need a job of
/// another thread.
///
/// # Panics
/// If `f` does, or if the system starts no more threads.
pub fn on_worker<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    let machine = rayon::current_num_threads(); // and where there are no threads, rayon makes this one a worker
    match rayon::current_thread_index() {
        Some(_) => f(),
        None => crews::run(machine, f),
    }
}

/// Calls `f(index, chunk)` for every chunk of `chunk_len` elements of `out` (the last may be shorter),
/// in parallel where there is more than one.
///
/// # Panics
/// If `chunk_len` is 0.
pub fn for_each_chunk<T: Send>(out: &mut [T], chunk_len: usize, f: impl Fn(usize, &mut [T]) + Sync + Send) {
    assert!(chunk_len > 0, "for_each_chunk: chunk_len must be positive");
    if out.len() <= chunk_len {
        if !out.is_empty() {
            f(0, out);
        }
    } else {
        let chunks = out.par_chunks_mut(chunk_len).enumerate();
        on_worker(|| chunks.for_each(|(index, chunk)| f(index, chunk)));
    }
}

/// Calls `f(index)` for `0..count`, in parallel where there is more than one.
pub fn for_each_index(count: usize, f: impl Fn(usize) + Sync + Send) {
    if count <= 1 {
        (0..count).for_each(f);
    } else {
        on_worker(|| (0..count).into_par_iter().for_each(f));
    }
}

/// Computes `f(index)` for `0..count`, in parallel where there is more than one, and returns the results in
/// order.
pub fn map_indices<R: Send>(count: usize, f: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
    if count <= 1 {
        (0..count).map(f).collect()
    } else {
        on_worker(|| (0..count).into_par_iter().map(f).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn every_element_is_in_one_chunk_and_chunks_know_their_place() {
        for (len, chunk_len) in [(0, 3), (1, 3), (3, 3), (4, 3), (1000, 7)] {
            let mut out = vec![usize::MAX; len];
            for_each_chunk(&mut out, chunk_len, |chunk, out| {
                assert!((1..=chunk_len).contains(&out.len()), "a chunk of {}", out.len());
                out.iter_mut().enumerate().for_each(|(i, out)| *out = chunk * chunk_len + i);
            });
            assert!(out.into_iter().eq(0..len), "{len} in chunks of {chunk_len}");
        }
    }

    #[test]
    fn a_worker_runs_it_and_on_a_worker_it_is_a_plain_call() {
        let worker = || (rayon::current_thread_index().is_some(), thread::current().id());
        let (outer, inner) = on_worker(|| (worker(), on_worker(worker)));
        assert!(outer.0 && outer.1 != thread::current().id());
        assert_eq!(inner, outer);
        for_each_index(2, |_| assert!(worker().0));
        for_each_chunk(&mut [0; 2], 1, |_, _| assert!(worker().0));
        assert!(map_indices(2, |_| worker().0) == [true; 2]);
    }

    #[test]
    fn inside_a_pool_of_the_callers_own_everything_is_done_there() {
        for threads in [1, 3] {
            let name = |_| "host".to_string();
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build().unwrap();
            let is_host = || thread::current().name() == Some("host");
            pool.install(|| {
                assert_eq!(on_worker(|| (is_host(), count())), (true, threads));
                assert_eq!(map_indices(100, |_| is_host()), [true; 100]);
                for_each_chunk(&mut [0; 100], 1, |_, _| assert!(is_host()));
                for_each_index(100, |_| assert!(is_host()));
            });
        }
    }

    #[test]
    fn jobs_of_many_threads_come_to_their_results() {
        let sum = || on_worker(|| map_indices(1000, |i| i).into_iter().sum::<usize>());
        let threads: Vec<_> = (0..8).map(|_| thread::spawn(move || [(); 50].map(|()| sum()))).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == [499_500; 50]));
        let caught = std::panic::catch_unwind(|| on_worker(|| panic!("as it should")));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"as it should"));
    }

    #[test]
    fn the_count_is_set_before_all_work_or_not_at_all() {
        let before = count(); // of the machine; a job beside others may have fewer
        let problem = set_count(before + 1).unwrap_err();
        assert!(problem.contains("threads cannot be had: "), "{problem}");
        assert_eq!(count(), before);
    }

    #[test]
    fn results_come_in_order() {
        assert_eq!(map_indices(100, |i| i * i), (0..100).map(|i| i * i).collect::<Vec<_>>());
        assert_eq!(map_indices(0, |i| i), []);
    }

    #[test]
    fn a_chunk_has_at_least_one_row() {
        assert_eq!((rows_per_chunk(0), rows_per_chunk(GRAIN), rows_per_chunk(2 * GRAIN)), (GRAIN, 1, 1));
    }
}
