//! Elementwise loops over up to three strided operands, into contiguous output.
//!
//! `out[i] = f(a[i], b[i], c[i])` for every index i of a common shape; broadcasting is a stride of 0.
//! Axes that lie evenly in every operand are merged first, so that a contiguous tensor of any rank is
//! one row and the innermost loop is as long as it can be.

use std::ops::Range;

use crate::pool::{Pooled, take};
use crate::shape::{MAX_RANK, Shape};
use crate::simd;
use crate::threads::{GRAIN, for_each_chunk};

/// Elements in memory with the shape and strides to walk them. Element (0, .., 0) is `data[0]`.
#[derive(Clone, Copy)]
pub struct Strided<'a, T> {
    /// The memory from the first element on.
    pub data: &'a [T],
    /// The length of each axis.
    pub shape: Shape,
    /// The distance between neighbours along each axis.
    pub strides: Shape,
}

/// A walk over a common shape, by segments of rows, for `N` operands.
struct Walk<const N: usize> {
    /// Merged axes without the innermost, outermost first.
    outer: Shape,
    outer_strides: [Shape; N],
    row_len: usize,
    row_strides: [usize; N],
}

impl<const N: usize> Walk<N> {
    fn new(shape: Shape, strides: [Shape; N]) -> Self {
        let mut lengths = [1; MAX_RANK];
        let mut merged = [[0; MAX_RANK]; N];
        let mut rank = 0;
        for axis in (0..shape.rank()).filter(|&axis| shape[axis] != 1) {
            let joins = rank > 0 && (0..N).all(|n| merged[n][rank - 1] == strides[n][axis] * shape[axis]);
            if joins {
                lengths[rank - 1] *= shape[axis];
            } else {
                rank += 1;
                lengths[rank - 1] = shape[axis];
            }
            for n in 0..N {
                merged[n][rank - 1] = strides[n][axis];
            }
        }
        let outer_rank = rank.saturating_sub(1);
        Walk {
            outer: Shape::new(&lengths[..outer_rank]),
            outer_strides: merged.map(|strides| Shape::new(&strides[..outer_rank])),
            row_len: lengths[outer_rank],
            row_strides: merged.map(|strides| strides[outer_rank]),
        }
    }

    /// Calls `f(position, len, starts)` for each piece of a row in `range` of the flat output, where
    /// `position` counts from the start of the range and `starts` are the operands' places in memory.
    fn segments(&self, range: Range<usize>, mut f: impl FnMut(usize, usize, [usize; N])) {
        if range.is_empty() {
            return;
        }
        let mut column = range.start % self.row_len;
        let mut index = unravel(range.start / self.row_len, self.outer);
        let mut position = 0;
        while position < range.len() {
            let len = (self.row_len - column).min(range.len() - position);
            let starts = std::array::from_fn(|n| {
                let row: usize =
                    (0..self.outer.rank()).map(|axis| index[axis] * self.outer_strides[n][axis]).sum();
                row + column * self.row_strides[n]
            });
            f(position, len, starts);
            position += len;
            column = 0;
            for axis in (0..self.outer.rank()).rev() {
                index[axis] += 1;
                if index[axis] < self.outer[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
    }
}

/// The index of the `flat`-th element of `shape` in row-major order.
fn unravel(mut flat: usize, shape: Shape) -> [usize; MAX_RANK] {
    let mut index = [0; MAX_RANK];
    for axis in (0..shape.rank()).rev() {
        index[axis] = flat % shape[axis];
        flat /= shape[axis];
    }
    index
}

/// `out[i] = f(a[i])`.
pub fn map<A, Out>(a: Strided<A>, f: impl Fn(A) -> Out + Sync + Send) -> Vec<Out>
where
    A: Copy + Sync,
    Out: Pooled,
{
    let walk = Walk::new(a.shape, [a.strides]);
    let mut out = take(a.shape.numel());
    for_each_chunk(&mut out, GRAIN, |chunk, out| {
        let first = chunk * GRAIN;
        walk.segments(first..first + out.len(), |position, len, [start]| {
            let out = &mut out[position..position + len];
            match walk.row_strides {
                [1] => simd!(for (o, &a) in out.iter_mut().zip(&a.data[start..start + len]) {
                    *o = f(a);
                }),
                [stride] => out.iter_mut().enumerate().for_each(|(i, o)| *o = f(a.data[start + i * stride])),
            }
        });
    });
    out
}

/// `out[i] = f(a[i], b[i])`; `a` and `b` have the same shape.
pub fn map2<A, B, Out>(a: Strided<A>, b: Strided<B>, f: impl Fn(A, B) -> Out + Sync + Send) -> Vec<Out>
where
    A: Copy + Sync,
    B: Copy + Sync,
    Out: Pooled,
{
    debug_assert_eq!(a.shape, b.shape);
    let walk = Walk::new(a.shape, [a.strides, b.strides]);
    let mut out = take(a.shape.numel());
    for_each_chunk(&mut out, GRAIN, |chunk, out| {
        let first = chunk * GRAIN;
        walk.segments(first..first + out.len(), |position, len, [i, j]| {
            let out = &mut out[position..position + len];
            match walk.row_strides {
                [1, 1] => {
                    let operands = a.data[i..i + len].iter().zip(&b.data[j..j + len]);
                    simd!(for (o, (&a, &b)) in out.iter_mut().zip(operands) {
                        *o = f(a, b);
                    });
                }
                [1, 0] => {
                    let b = b.data[j];
                    simd!(for (o, &a) in out.iter_mut().zip(&a.data[i..i + len]) {
                        *o = f(a, b);
                    });
                }
                [0, 1] => {
                    let a = a.data[i];
                    simd!(for (o, &b) in out.iter_mut().zip(&b.data[j..j + len]) {
                        *o = f(a, b);
                    });
                }
                [p, q] => {
                    for (l, o) in out.iter_mut().enumerate() {
                        *o = f(a.data[i + l * p], b.data[j + l * q]);
                    }
                }
            }
        });
    });
    out
}

/// `out[i] = f(a[i], b[i], c[i])`; all have the same shape.
pub fn map3<A, B, C, Out>(
    a: Strided<A>,
    b: Strided<B>,
    c: Strided<C>,
    f: impl Fn(A, B, C) -> Out + Sync + Send,
) -> Vec<Out>
where
    A: Copy + Sync,
    B: Copy + Sync,
    C: Copy + Sync,
    Out: Pooled,
{
    debug_assert!(a.shape == b.shape && b.shape == c.shape);
    let walk = Walk::new(a.shape, [a.strides, b.strides, c.strides]);
    let mut out = take(a.shape.numel());
    for_each_chunk(&mut out, GRAIN, |chunk, out| {
        let first = chunk * GRAIN;
        walk.segments(first..first + out.len(), |position, len, [i, j, k]| {
            let [p, q, r] = walk.row_strides;
            for (l, o) in out[position..position + len].iter_mut().enumerate() {
                *o = f(a.data[i + l * p], b.data[j + l * q], c.data[k + l * r]);
            }
        });
    });
    out
}

/// `out[i] = f(out[i], b[i])` in place; `out` is the row-major form of `b`'s shape.
pub fn map2_assign<T, B>(out: &mut [T], b: Strided<B>, f: impl Fn(T, B) -> T + Sync + Send)
where
    T: Copy + Send,
    B: Copy + Sync,
{
    debug_assert_eq!(out.len(), b.shape.numel());
    let walk = Walk::new(b.shape, [b.strides]);
    for_each_chunk(out, GRAIN, |chunk, out| {
        let first = chunk * GRAIN;
        walk.segments(first..first + out.len(), |position, len, [start]| {
            let out = &mut out[position..position + len];
            match walk.row_strides {
                [1] => simd!(for (o, &b) in out.iter_mut().zip(&b.data[start..start + len]) {
                    *o = f(*o, b);
                }),
                [stride] => {
                    out.iter_mut().enumerate().for_each(|(l, o)| *o = f(*o, b.data[start + l * stride]));
                }
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the loops compute: the elements of a strided operand in row-major order.
    fn naive_elements(a: Strided<f64>) -> Vec<f64> {
        (0..a.shape.numel())
            .map(|flat| {
                let index = unravel(flat, a.shape);
                a.data[(0..a.shape.rank()).map(|axis| index[axis] * a.strides[axis]).sum::<usize>()]
            })
            .collect()
    }

    /// Contiguous, transposed, broadcast, gapped and empty operands of the same shape.
    fn layouts(data: &[f64], rows: usize, cols: usize) -> Vec<Strided<'_, f64>> {
        let shape = Shape::from([rows, cols]);
        [[cols, 1], [1, rows], [0, 1], [1, 0], [0, 0], [2 * cols, 2], [cols + 3, 1]]
            .map(|strides| Strided { data, shape, strides: strides.into() })
            .to_vec()
    }

    #[test]
    fn every_pair_of_layouts_agrees_with_the_naive_twin() {
        let data: Vec<f64> = (0..200_000).map(|i| i as f64 * 0.5 - 3.0).collect();
        for (rows, cols) in [(0, 0), (0, 4), (1, 1), (1, 7), (5, 1), (3, 5), (60, 301)] {
            for a in layouts(&data, rows, cols) {
                assert_eq!(
                    map(a, |x| x * 2.0),
                    naive_elements(a).iter().map(|x| x * 2.0).collect::<Vec<_>>()
                );
                for b in layouts(&data[1..], rows, cols) {
                    let (x, y) = (naive_elements(a), naive_elements(b));
                    let expected: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x - 2.0 * y).collect();
                    assert_eq!(map2(a, b, |x, y| x - 2.0 * y), expected);
                    let mut assigned = x.clone();
                    map2_assign(&mut assigned, b, |x, y| x - 2.0 * y);
                    assert_eq!(assigned, expected);
                    let expected: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x * y + x).collect();
                    assert_eq!(map3(a, b, a, |x, y, z| x * y + z), expected);
                }
            }
        }
    }

    #[test]
    fn higher_ranks_merge_what_lies_evenly() {
        let data: Vec<f64> = (0..2000).map(f64::from).collect();
        let shape = Shape::from([2, 3, 1, 4, 5]);
        for strides in
            [[60, 20, 20, 5, 1], [1, 2, 6, 6, 24], [0, 20, 7, 0, 1], [60, 0, 0, 1, 4], [300, 100, 9, 20, 2]]
        {
            let a = Strided { data: &data[..], shape, strides: strides.into() };
            assert_eq!(map(a, |x| x), naive_elements(a), "strides {strides:?}");
        }
        let contiguous = Walk::new(shape, [shape.contiguous_strides()]);
        assert_eq!((contiguous.row_len, contiguous.outer.rank()), (120, 0));
    }
}
