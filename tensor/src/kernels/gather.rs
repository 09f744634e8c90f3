//! Rows of a table by their numbers: the forward and the vjp of an embedding.

use crate::element::Element;
use crate::pool::take;
use crate::simd;
use crate::threads::{GRAIN, for_each_chunk, rows_per_chunk};

/// Row `ids[i]` of the table as row i: table `[rows, d]`, ids `[n]`, result `[n, d]`.
///
/// # Panics
/// If an id is not below the number of rows.
pub fn gather_rows<T: Element>(table: &[T], d: usize, ids: &[u32]) -> Vec<T> {
    let mut out = take(ids.len() * d);
    let rows = rows_per_chunk(d);
    for_each_chunk(&mut out, (rows * d).max(1), |chunk, out| {
        for (out, &id) in out.chunks_exact_mut(d).zip(&ids[chunk * rows..]) {
            out.copy_from_slice(&table[id as usize * d..][..d]);
        }
    });
    out
}

/// The most bands that [`scatter_add_rows`] cuts its table into; each reads all of the ids.
const MAX_BANDS: usize = 64;

/// Adds row i to row `ids[i]` of the table: values `[n, d]`, ids `[n]`, table `[rows, d]`.
///
/// A task owns a band of the table and takes the ids that fall into it, in their order. So every sum is
/// formed as the plain loop over the ids forms it, without atomics and for any number of threads.
///
/// # Panics
/// If the lengths do not fit or an id is not below the number of rows.
pub fn scatter_add_rows<T: Element>(values: &[T], d: usize, ids: &[u32], table: &mut [T]) {
    assert_eq!(values.len(), ids.len() * d, "scatter_add_rows: length of values");
    if d == 0 {
        return;
    }
    let rows = table.len() / d;
    assert!(ids.iter().all(|&id| (id as usize) < rows), "scatter_add_rows: an id is not below {rows}");
    let band = if values.len() <= GRAIN { rows } else { rows.div_ceil(MAX_BANDS) };
    for_each_chunk(table, (band * d).max(1), |chunk, table| {
        let first = chunk * band;
        simd!(for (value, &id) in values.chunks_exact(d).zip(ids) {
            if let Some(row) = (id as usize).checked_sub(first).filter(|row| row * d < table.len()) {
                for (sum, &value) in table[row * d..][..d].iter_mut().zip(value) {
                    *sum += value;
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive_gather(table: &[f64], d: usize, ids: &[u32]) -> Vec<f64> {
        ids.iter().flat_map(|&id| (0..d).map(move |j| table[id as usize * d + j])).collect()
    }

    fn naive_scatter_add(values: &[f64], d: usize, ids: &[u32], rows: usize) -> Vec<f64> {
        let mut table = vec![0.0; rows * d];
        for (i, &id) in ids.iter().enumerate() {
            for j in 0..d {
                table[id as usize * d + j] += values[i * d + j];
            }
        }
        table
    }

    #[test]
    fn agree_with_the_naive_twins_bit_for_bit() {
        for (rows, d, count) in
            [(1, 1, 0), (1, 1, 5), (3, 0, 4), (7, 3, 20), (1000, 17, 3000), (50, 512, 100)]
        {
            let ids: Vec<u32> = (0..count).map(|i| (i * i % rows) as u32).collect();
            let wave = |len: usize| (0..len).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<_>>();
            let (table, values) = (wave(rows * d), wave(count * d));
            assert_eq!(
                gather_rows(&table, d, &ids),
                naive_gather(&table, d, &ids),
                "{count} of [{rows}, {d}]"
            );
            let mut sums = vec![0.0; rows * d];
            scatter_add_rows(&values, d, &ids, &mut sums);
            assert_eq!(sums, naive_scatter_add(&values, d, &ids, rows), "{count} into [{rows}, {d}]");
        }
    }
}
