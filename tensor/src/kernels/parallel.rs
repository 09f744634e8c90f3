//! How kernels share work between threads: fixed chunks, never a share per thread.
//!
//! The chunks of a problem depend on its sizes alone. Each is computed by one thread from start to
//! end, and reductions combine the chunks in order. Results are therefore the same, bit for bit, for
//! any number of threads; splitting by thread count would have been simpler and would have lost that.

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

/// Computes `f(index)` for `0..count`, in parallel if `parallel`, and returns the results in order.
pub fn map_indices<R: Send>(count: usize, parallel: bool, f: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
    if parallel && count > 1 {
        (0..count).into_par_iter().map(f).collect()
    } else {
        (0..count).map(f).collect()
    }
}
