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

/// The most bands that [`scatter_add_rows`] cuts its table into.
const MAX_BANDS: usize = 64;

/// How many rows of the same id are summed before their sum is added to those before it: in f64 too what is rounded off then grows
/// with the number of blocks.
const BLOCK: usize = 1024;

/// Adds row i to row `ids[i]` of the table: values `[n, d]`, ids `[n]`, table `[rows, d]`.
///
/// Rows of the same id are summed in f64, in their order and in blocks, and rounded once: a word that stands a million
/// times in a batch gets its gradient to the last digit. A task owns a band of the table and takes the ids that fall into
/// it, without atomics and with the same bits for any number of threads.
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
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by_key(|&i| ids[i]);
    let band = if values.len() <= GRAIN { rows } else { rows.div_ceil(MAX_BANDS) };
    for_each_chunk(table, (band * d).max(1), |chunk, table| {
        let first = chunk * band;
        let before = |row: usize| order.partition_point(|&i| (ids[i] as usize) < row);
        let here = &order[before(first)..before(first + table.len() / d)];
        let mut room = vec![0.0; 2 * d];
        simd!(for same in here.chunk_by(|&i, &j| ids[i] == ids[j]) {
            let row = ids[same[0]] as usize - first;
            add_rows(values, same, &mut room, &mut table[row * d..][..d]);
        });
    });
}

/// Adds the rows `same` of `values` to `row`. `room` is for two rows.
#[inline(always)]
fn add_rows<T: Element>(values: &[T], same: &[usize], room: &mut [f64], row: &mut [T]) {
    let d = row.len();
    let value = |i: usize| &values[i * d..][..d];
    if let &[i] = same {
        row.iter_mut().zip(value(i)).for_each(|(sum, &value)| *sum += value);
        return;
    }
    let (total, part) = room.split_at_mut(d);
    total.fill(0.0);
    for block in same.chunks(BLOCK) {
        part.fill(0.0);
        for &i in block {
            part.iter_mut().zip(value(i)).for_each(|(sum, value)| *sum += value.f64());
        }
        total.iter_mut().zip(&*part).for_each(|(total, &part)| *total += part);
    }
    row.iter_mut().zip(&*total).for_each(|(sum, &total)| *sum = T::of(sum.f64() + total));
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

    #[test]
    fn a_row_that_is_added_to_again_and_again_keeps_its_digits() {
        fn worst<T: Element>(value: f64) -> f64 {
            let (count, d) = (1 << 19, 3);
            let ids: Vec<u32> = (0..count).map(|i| u32::from(i % 16 == 7)).collect();
            let mut table = vec![T::zero(); 2 * d];
            scatter_add_rows(&vec![T::of(value); count * d], d, &ids, &mut table);
            let expected = |row: usize| T::of(value).f64() * [count - count / 16, count / 16][row] as f64;
            let error = |(j, sum): (usize, &T)| (sum.f64() / expected(j / d) - 1.0).abs();
            table.iter().enumerate().map(error).fold(0.0, f64::max)
        }
        for value in [0.1, 0.7, 1e-3] {
            assert!(worst::<f32>(value) < 1e-7, "{value} in f32: {:e}", worst::<f32>(value));
            assert!(worst::<f64>(value) < 1e-12, "{value} in f64: {:e}", worst::<f64>(value));
        }
    }
}
