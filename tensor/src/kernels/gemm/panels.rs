//! Products shared by threads, in panels whose sizes depend on those of the product alone, so that results do not
//! depend on the number of threads.

use super::library::Gemm;
use super::matrix::MatRef;
use crate::threads::for_each_index;

/// Multiply-adds below which a product stays on the calling thread.
const PARALLEL_WORK: usize = 1 << 18;
/// Multiply-adds that a panel should at least hold, so that handing it out pays.
const PANEL_WORK: usize = 1 << 24;
/// How long a panel should at least be, so that packing the operand that all panels share pays.
const PANEL_LEN: usize = 256;
/// The most panels a product is cut into.
const MAX_PANELS: usize = 16;
/// Panel boundaries are multiples of this, so that panels end where the library's register blocks do.
const PANEL_ALIGN: usize = 16;

/// The size `(rows, cols)` of the panels that a product `[m, k] x [k, n]` is cut into: the whole, or pieces of
/// the longer side.
fn panel_size(m: usize, k: usize, n: usize) -> (usize, usize) {
    let work = m.saturating_mul(n).saturating_mul(k.max(1));
    let longer = m.max(n);
    if work < PARALLEL_WORK {
        return (m.max(1), n.max(1));
    }
    let panels = (work / PANEL_WORK).min(longer / PANEL_LEN).clamp(2, MAX_PANELS);
    let len = longer.div_ceil(panels).next_multiple_of(PANEL_ALIGN);
    if m >= n { (len, n) } else { (m, len) }
}

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum AddTo<'a, T> {
    /// Nothing: what `out` holds is overwritten.
    Zero,
    /// These numbers in every row, as a bias. `[n]`
    Row(&'a [T]),
    /// What `out` holds.
    Out,
}

/// `out = a b + add_to` into row-major `out` `[m, n]`, in panels that threads share.
///
/// # Panics
/// As [`gemm`](super::gemm()), or if a row to add to does not have the length of those of `out`.
pub fn gemm_parallel<T: Gemm>(a: MatRef<T>, b: MatRef<T>, add_to: AddTo<T>, out: &mut [T]) {
    struct OutPtr<T>(*mut T);
    // SAFETY: threads use the pointer only to write the disjoint panels below.
    unsafe impl<T: Send> Sync for OutPtr<T> {}

    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert!(k == b.rows, "gemm: inner dimensions");
    assert!(Some(out.len()) == m.checked_mul(n), "gemm: out does not hold [{m}, {n}]");
    assert!(a.extent() <= a.data.len() && b.extent() <= b.data.len(), "gemm: an operand is too short");
    assert!(!matches!(add_to, AddTo::Row(row) if row.len() != n), "gemm: the row to add to is not [{n}]");
    let (rows, cols) = panel_size(m, k, n);
    let (down, across) = (m.div_ceil(rows), n.div_ceil(cols));
    let out = &OutPtr(out.as_mut_ptr());
    for_each_index(down * across, |panel| {
        let (i, j) = (panel / across * rows, panel % across * cols);
        let (a, b) = (a.row_panel(i, rows.min(m - i)), b.col_panel(j, cols.min(n - j)));
        if let AddTo::Row(row) = add_to {
            for i in i..i + a.rows {
                // SAFETY: as below; this is row i of the panel.
                let out = unsafe { std::slice::from_raw_parts_mut(out.0.add(i * n + j), b.cols) };
                out.copy_from_slice(&row[j..j + b.cols]);
            }
        }
        let beta = if matches!(add_to, AddTo::Zero) { T::zero() } else { T::one() };
        // SAFETY: `out` points to m * n elements that this function borrows uniquely until the loop has
        // ended. The panel writes rows i..i + a.rows <= m and columns j..j + b.cols <= n, which no other panel
        // does. `a` and `b` were checked above.
        unsafe { T::library_gemm(T::one(), a, b, beta, out.0.add(i * n + j), n, 1) }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_are_long_enough_few_and_aligned() {
        assert_eq!(panel_size(64, 63, 65), (64, 65), "a small product stays whole");
        assert_eq!(panel_size(0, 7, 9), (1, 9));
        assert_eq!(panel_size(64, 64, 64), (32, 64), "two panels are the fewest");
        assert_eq!(panel_size(32, 64, 128), (32, 64), "the longer side is cut");
        assert_eq!(panel_size(100, 1 << 20, 40), (64, 40), "panels end at multiples of 16");
        assert_eq!(panel_size(2048, 512, 512), (256, 512), "panels are long");
        assert_eq!(panel_size(512, 512, 16_000), (512, 1008), "sixteen are the most");
        assert_eq!(panel_size(4096, 64, 128), (2048, 128), "a panel holds enough work");
    }
}
