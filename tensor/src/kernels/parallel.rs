//! How kernels share work between threads: fixed chunks, never a share per thread.
//!
//! The chunks of a problem depend on its sizes alone. Each is computed by one thread from start to
//! end, and reductions combine the chunks in order. Results are therefore the same, bit for bit, for
//! any number of threads; splitting by thread count would have been simpler and would have lost that.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::thread;

use rayon::prelude::*;

/// The number of elements that make a task worth handing to another thread.
pub const GRAIN: usize = 1 << 14;

/// How many rows of `row_len` elements make one chunk; at least 1.
pub fn rows_per_chunk(row_len: usize) -> usize {
    (GRAIN / row_len.max(1)).max(1)
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
        out.par_chunks_mut(chunk_len).enumerate().for_each(|(index, chunk)| f(index, chunk));
    }
}

/// Calls `f(index)` for `0..count`, in parallel where there is more than one.
pub fn for_each_index(count: usize, f: impl Fn(usize) + Sync + Send) {
    if count == 1 {
        f(0);
    } else {
        (0..count).into_par_iter().for_each(f);
    }
}

/// Runs `f` on one of the threads that share the work, and returns what it returns.
///
/// From any other thread every shared loop is handed over anew, and the thread sleeps until it is done, which
/// takes longer than a small loop. Who runs many, a training step say, runs them in here. The calls of one thread go
/// to the same worker, because allocators keep memory by threads: what another one had freed would lie idle.
///
/// Returns once every worker has been free for a moment. So threads of one program that train side by side wait for
/// each other; programs that train side by side don't.
///
/// # Panics
/// If `f` does.
pub fn on_worker<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    if rayon::current_thread_index().is_some() {
        return f(); // it is one of them already
    }
    let mut hasher = DefaultHasher::new();
    thread::current().id().hash(&mut hasher);
    let home = hasher.finish() as usize % rayon::current_num_threads();
    let (f, result) = (Mutex::new(Some(f)), Mutex::new(None));
    rayon::broadcast(|worker| {
        if worker.index() == home {
            let f = f.lock().ok().and_then(|mut f| f.take()).expect("only this worker takes it, once");
            let found = f();
            *result.lock().expect("only this worker locks it") = Some(found);
        }
    });
    result.into_inner().ok().flatten().expect("a panic in f has passed on")
}

/// Computes `f(index)` for `0..count`, in parallel where there is more than one, and returns the results in
/// order.
pub fn map_indices<R: Send>(count: usize, f: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
    (0..count).into_par_iter().map(f).collect() // rayon, too, calls f right here if there is only one
}

#[cfg(test)]
mod tests {
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
    fn a_worker_runs_it_and_is_always_the_same() {
        let index = || on_worker(rayon::current_thread_index);
        let home = index();
        assert!(home.is_some());
        assert_eq!([index(), on_worker(index)], [home; 2]);
        let sum = || on_worker(|| map_indices(1000, |i| i).into_iter().sum::<usize>());
        let threads: Vec<_> = (0..4).map(|_| thread::spawn(move || [(); 20].map(|()| sum()))).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == [499_500; 20]));
        let caught = std::panic::catch_unwind(|| on_worker(|| panic!("as it should")));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"as it should"));
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
