//! A row folded into one number: its sum, its largest element, sums of terms that are computed on the way.
//!
//! A plain running sum is a chain in which every addition waits for the one before it, and because
//! floating-point addition is not associative the compiler must keep the chain. Here term `i` goes to
//! lane `i % LANES`, and the lanes are then added in a tree. The order is fixed, so the bits are too; the
//! lanes are independent, so they become vector registers.
//!
//! What a row loses to rounding is kept small in three ways. Sums of elements ([`sum_row`]) are formed in f64, so that
//! f32 is rounded once, at the end; ten million are as good as ten, and sums of numbers near the largest f32 do not
//! overflow on the way. Sums of terms in the innermost loops ([`sum_of`], [`map_sum`], [`dot`]) take [`PART`] of them in
//! their own type, which is 32 additions a lane, and parts in f64. And the sums of blocks are added in pairs
//! ([`Pairwise`]), so that the error of f64, too, grows with the logarithm of the length
//! (Higham 1993, The accuracy of floating point summation, §3).

use crate::element::Element;

/// How many partial results a row is folded into side by side.
pub const LANES: usize = 16;

/// How many terms of a row are summed in their own type, before they are taken to f64.
const PART: usize = 32 * LANES;

/// How many elements are folded in lanes, before results are combined in pairs.
const BLOCK: usize = 64 * LANES;

/// Pairs of pairs of .. blocks: enough for more elements than memory holds.
const LEVELS: usize = 40;

/// Results of blocks, combined as they come: two of blocks, two of pairs, and so on, as a binary counter carries.
struct Pairwise<A> {
    /// Of 2^level blocks, for each bit that is set in `count`.
    levels: [A; LEVELS],
    count: usize,
}

impl<A: Element> Pairwise<A> {
    #[inline(always)]
    fn new(identity: A) -> Pairwise<A> {
        Pairwise { levels: [identity; LEVELS], count: 0 }
    }

    #[inline(always)]
    fn push(&mut self, mut block: A, combine: impl Fn(A, A) -> A) {
        let carries = self.count.trailing_ones() as usize;
        for &level in &self.levels[..carries] {
            block = combine(level, block);
        }
        self.levels[carries] = block;
        self.count += 1;
    }

    #[inline(always)]
    fn total(mut self, identity: A, combine: impl Fn(A, A) -> A) -> A {
        let mut total = identity;
        while self.count != 0 {
            total = combine(self.levels[self.count.trailing_zeros() as usize], total);
            self.count &= self.count - 1;
        }
        total
    }
}

/// The lanes combined in a tree.
#[inline(always)]
fn fold_lanes<A: Element>(mut lanes: [A; LANES], combine: impl Fn(A, A) -> A) -> A {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = combine(lanes[lane], lanes[lane + width]);
        }
    }
    lanes[0]
}

/// `combine` over `lift(x)` of a row: in lanes, and blocks of lanes in pairs. `identity` for an empty one.
#[inline(always)]
pub fn fold_row<T: Element, A: Element>(
    row: &[T],
    identity: A,
    lift: impl Fn(T) -> A,
    combine: impl Fn(A, A) -> A,
) -> A {
    if row.len() <= BLOCK {
        return fold_block(row, identity, &lift, &combine);
    }
    let mut blocks = Pairwise::new(identity);
    for block in row.chunks(BLOCK) {
        blocks.push(fold_block(block, identity, &lift, &combine), &combine);
    }
    blocks.total(identity, &combine)
}

#[inline(always)]
fn fold_block<T: Element, A: Element>(
    block: &[T],
    identity: A,
    lift: impl Fn(T) -> A,
    combine: impl Fn(A, A) -> A,
) -> A {
    let mut lanes = [identity; LANES];
    let (parts, rest) = block.as_chunks::<LANES>();
    for part in parts {
        for (lane, &x) in lanes.iter_mut().zip(part) {
            *lane = combine(*lane, lift(x));
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = combine(*lane, lift(x));
    }
    fold_lanes(lanes, &combine)
}

/// The sum of a row, every element of it taken to f64: no sum of f32 overflows. 0 for an empty one.
#[inline(always)]
pub fn sum_row<T: Element>(row: &[T]) -> f64 {
    sum_wide(row, T::f64)
}

/// The sum of `f(x)` over a row in f64; 0 for an empty one.
#[inline(always)]
pub fn sum_wide<T: Element>(row: &[T], f: impl Fn(T) -> f64) -> f64 {
    fold_row(row, 0.0, f, |a, b| a + b)
}

/// The largest element of a row; NaN if there is one; minus infinity for an empty row.
#[inline(always)]
pub fn max_row<T: Element>(row: &[T]) -> T {
    fold_row(row, T::neg_infinity(), |x| x, max)
}

/// The larger of two numbers; NaN if either is.
#[inline(always)]
pub fn max<T: Element>(a: T, b: T) -> T {
    if a > b || a.is_nan() { a } else { b }
}

/// The sum of `f(x)` over a row; 0 for an empty one.
#[inline(always)]
pub fn sum_of<T: Element>(row: &[T], f: impl Fn(T) -> T) -> f64 {
    if row.len() <= PART {
        return sum_of_part(row, &f).f64();
    }
    let mut parts = Pairwise::new(0.0);
    for part in row.chunks(PART) {
        parts.push(sum_of_part(part, &f).f64(), |a, b| a + b);
    }
    parts.total(0.0, |a, b| a + b)
}

#[inline(always)]
fn sum_of_part<T: Element>(part: &[T], f: impl Fn(T) -> T) -> T {
    let mut lanes = [T::zero(); LANES];
    let (whole, rest) = part.as_chunks::<LANES>();
    for xs in whole {
        for (lane, &x) in lanes.iter_mut().zip(xs) {
            *lane += f(x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += f(x);
    }
    sum_of_lanes(&lanes)
}

/// Replaces each `x` of a row by `f(x)`, which takes part in vectors, and returns the sum.
///
/// Rows of attention are short, 10 to 30 elements, and a compiler's vector loop begins at some 32. So
/// whole lanes are computed, the last ones filled up with zeros.
#[inline(always)]
pub fn map_sum<T: Element>(row: &mut [T], f: impl Fn(T) -> T) -> f64 {
    if row.len() <= PART {
        return map_sum_of_part(row, &f).f64();
    }
    let mut parts = Pairwise::new(0.0);
    for part in row.chunks_mut(PART) {
        parts.push(map_sum_of_part(part, &f).f64(), |a, b| a + b);
    }
    parts.total(0.0, |a, b| a + b)
}

#[inline(always)]
fn map_sum_of_part<T: Element>(part: &mut [T], f: impl Fn(T) -> T) -> T {
    let mut lanes = [T::zero(); LANES];
    let (whole, rest) = part.as_chunks_mut::<LANES>();
    for xs in whole {
        for (lane, x) in lanes.iter_mut().zip(xs) {
            *x = f(*x);
            *lane += *x;
        }
    }
    if !rest.is_empty() {
        let mut xs = [T::zero(); LANES];
        xs[..rest.len()].copy_from_slice(rest);
        xs.iter_mut().for_each(|x| *x = f(*x));
        rest.copy_from_slice(&xs[..rest.len()]);
        for (lane, &x) in lanes.iter_mut().zip(&*rest) {
            *lane += x;
        }
    }
    sum_of_lanes(&lanes)
}

/// The sum of `x * y` over two rows.
///
/// # Panics
/// If the rows differ in length.
#[inline(always)]
pub fn dot<T: Element>(xs: &[T], ys: &[T]) -> f64 {
    assert_eq!(xs.len(), ys.len(), "dot: lengths differ");
    if xs.len() <= PART {
        return dot_of_part(xs, ys).f64();
    }
    let mut parts = Pairwise::new(0.0);
    for (xs, ys) in xs.chunks(PART).zip(ys.chunks(PART)) {
        parts.push(dot_of_part(xs, ys).f64(), |a, b| a + b);
    }
    parts.total(0.0, |a, b| a + b)
}

#[inline(always)]
fn dot_of_part<T: Element>(xs: &[T], ys: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    let ((x_whole, x_rest), (y_whole, y_rest)) = (xs.as_chunks::<LANES>(), ys.as_chunks::<LANES>());
    for (xs, ys) in x_whole.iter().zip(y_whole) {
        for (lane, (&x, &y)) in lanes.iter_mut().zip(xs.iter().zip(ys)) {
            *lane += x * y;
        }
    }
    for (lane, (&x, &y)) in lanes.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *lane += x * y;
    }
    sum_of_lanes(&lanes)
}

/// The sum of lanes. They are added to zeros first: as a row of their own, which keeps the loop that filled them one over
/// whole registers. Combined in a tree at once, the compiler takes them for pairs from the start.
#[inline(always)]
fn sum_of_lanes<T: Element>(lanes: &[T; LANES]) -> T {
    fold_block(lanes, T::zero(), |x| x, |a, b| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small integers, so that every order of summation is exact.
    fn integers(len: usize, step: usize) -> Vec<f64> {
        (0..len).map(|i| (i * step % 23) as f64 - 11.0).collect()
    }

    #[test]
    fn agrees_with_a_running_sum_for_every_length() {
        let long = [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 5, 7 * BLOCK, 100_000];
        for len in (0..100).chain(long) {
            let (xs, ys) = (integers(len, 7), integers(len, 5));
            assert_eq!(sum_row(&xs), xs.iter().sum::<f64>(), "sum of {len}");
            assert_eq!(sum_of(&xs, |x| x * x), xs.iter().map(|x| x * x).sum::<f64>(), "squares of {len}");
            let mut squares = xs.clone();
            assert_eq!(map_sum(&mut squares, |x| x * x), sum_of(&xs, |x| x * x), "squares of {len} in place");
            assert!(squares.iter().zip(&xs).all(|(y, x)| *y == x * x));
            assert_eq!(dot(&xs, &ys), xs.iter().zip(&ys).map(|(x, y)| x * y).sum::<f64>(), "dot of {len}");
            assert_eq!(max_row(&xs), xs.iter().copied().fold(f64::NEG_INFINITY, f64::max), "max of {len}");
        }
    }

    #[test]
    fn many_equal_terms_do_not_drift() {
        for len in [1 << 20, 10_000_000] {
            let (mut narrow, wide) = (vec![0.1f32; len], vec![0.1f64; len]);
            let close = |what: &str, sum: f64, term: f64, bound: f64| {
                let error = (sum / (term * len as f64) - 1.0).abs();
                assert!(error < bound, "{what} of {len}: {error}");
            };
            close("sum of f32", sum_row(&narrow), f64::from(0.1f32), 4e-15);
            close("sum of f64", sum_row(&wide), 0.1, 4e-15);
            close("dot of f64", dot(&wide, &wide), 0.1 * 0.1, 4e-15);
            close("terms of f64", sum_of(&wide, |x| 0.5 * x), 0.05, 4e-15);
            close("terms of f32", sum_of(&narrow, |x| x), f64::from(0.1f32), 5e-7);
            close("dot of f32", dot(&narrow, &narrow), f64::from(0.1f32 * 0.1f32), 5e-7);
            close("terms of f32 in place", map_sum(&mut narrow, |x| 0.5 * x), f64::from(0.5 * 0.1f32), 5e-7);
        }
    }

    #[test]
    fn sums_of_the_largest_numbers_do_not_overflow_on_the_way() {
        let row = [[f32::MAX; 40], [-f32::MAX; 40]].concat();
        assert_eq!(sum_row(&row), 0.0);
    }
}
