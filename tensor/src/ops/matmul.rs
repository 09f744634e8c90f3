//! Matrix products over the last two axes, the others being batch axes that broadcast.
//!
//! `out[.., i, j] = sum over l of lhs[.., i, l] * rhs[.., l, j]`. Transposed operands are passed to the
//! kernel as strides. When `rhs` is a single matrix, all rows of `lhs` are multiplied in one product,
//! `[batch * m, k] x [k, n]`, instead of one small product per batch entry.

use crate::dispatch;
use crate::element::{DType, Element};
use crate::kernels::gemm::bf16::gemm_bf16;
use crate::kernels::gemm::gemm;
use crate::kernels::gemm::matrix::{AddTo, MatMut, MatRef};
use crate::kernels::gemm::panels::gemm_parallel;
use crate::pool::take;
use crate::precision::Precision;
use crate::shape::Shape;
use crate::tensor::{Tensor, check_dtypes};
use crate::threads::{GRAIN, for_each_chunk};

impl Tensor {
    /// The matrix product over the last two axes: `[.., m, k] x [.., k, n] -> [.., m, n]`.
    ///
    /// In f32 each element takes its k terms one after the other: the same bits however the work is cut, and a rounding
    /// that grows with k, unlike that of [`sum`](Tensor::sum). Of a million equal terms two digits are kept.
    ///
    /// # Panics
    /// If a rank is below 2, the inner dimensions differ, the batch axes do not broadcast, or the dtypes
    /// differ.
    #[must_use]
    #[track_caller]
    pub fn matmul(&self, rhs: &Tensor) -> Tensor {
        check_dtypes("matmul", self, rhs);
        let (l, r) = (self.shape(), rhs.shape());
        assert!(l.rank() >= 2 && r.rank() >= 2, "matmul: operands must have rank 2 or more: {l} x {r}");
        assert!(self.dim(-1) == rhs.dim(-2), "matmul: inner dimensions differ: {l} x {r}");
        let (lhs_batch, rhs_batch) = (Shape::new(&l[..l.rank() - 2]), Shape::new(&r[..r.rank() - 2]));
        let Some(batch) = lhs_batch.broadcast(rhs_batch) else {
            panic!("matmul: batch axes do not broadcast: {l} x {r}");
        };
        if rhs_batch.numel() == 1 && batch == lhs_batch {
            return one_product(self, &rhs.reshape([rhs.dim(-2), rhs.dim(-1)]));
        }
        batched(self, rhs, batch)
    }

    /// Adds the product of two matrices in place: `self += lhs rhs`, `[m, k] x [k, n]` onto `[m, n]`, without a
    /// tensor for the product.
    ///
    /// # Panics
    /// If the shapes do not fit or the dtypes differ.
    #[track_caller]
    pub fn add_matmul_assign(&mut self, lhs: &Tensor, rhs: &Tensor) {
        self.add_matmul_assign_in(Precision::F32, lhs, rhs);
    }

    /// [`Tensor::add_matmul_assign`] with the operands taken as finely as `precision` says.
    ///
    /// # Panics
    /// As [`Tensor::add_matmul_assign`].
    #[track_caller]
    pub fn add_matmul_assign_in(&mut self, precision: Precision, lhs: &Tensor, rhs: &Tensor) {
        check_dtypes("add_matmul_assign", self, lhs);
        check_dtypes("add_matmul_assign", lhs, rhs);
        let (sum, l, r) = (self.shape(), lhs.shape(), rhs.shape());
        let fits = l.rank() == 2 && r.rank() == 2 && l[1] == r[0] && sum[..] == [l[0], r[1]];
        assert!(fits, "add_matmul_assign: {l} x {r} onto {sum}");
        if (precision, self.dtype()) == (Precision::Bf16, DType::F32) {
            return gemm_bf16(mat_ref(lhs, 0), mat_ref(rhs, 0), AddTo::Out, self.data_mut());
        }
        dispatch!(self.dtype(), T => {
            gemm_parallel(mat_ref::<T>(lhs, 0), mat_ref::<T>(rhs, 0), AddTo::Out, self.data_mut());
        });
    }

    /// The product of two matrices, `[m, k] x [k, n] -> [m, n]`, with the operands taken as finely as `precision` says.
    ///
    /// # Panics
    /// If the operands are not matrices, the inner dimensions differ, or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn matmul_in(&self, precision: Precision, rhs: &Tensor) -> Tensor {
        let (l, r) = (self.shape(), rhs.shape());
        assert!(l.rank() == 2 && r.rank() == 2, "matmul_in: operands must be matrices: {l} x {r}");
        if precision == Precision::F32 || self.dtype() == DType::F64 || rhs.dtype() == DType::F64 {
            return self.matmul(rhs);
        }
        assert!(l[1] == r[0], "matmul_in: inner dimensions differ: {l} x {r}");
        let mut out = take(l[0] * r[1]);
        gemm_bf16(mat_ref(self, 0), mat_ref(rhs, 0), AddTo::Zero, &mut out);
        Tensor::from_vec(out, [l[0], r[1]])
    }
}

/// `[.., m, k] x [k, n] -> [.., m, n]` as one product over all rows.
fn one_product(lhs: &Tensor, rhs: &Tensor) -> Tensor {
    let (k, n) = (rhs.dim(0), rhs.dim(1));
    let rows = lhs.shape()[..lhs.rank() - 1].iter().product();
    let matrix = lhs.reshape([rows, k]); // [batch * m, k]
    let mut out_shape = lhs.shape();
    out_shape[lhs.rank() - 1] = n;
    dispatch!(lhs.dtype(), T => {
        let mut out = take::<T>(rows * n);
        gemm_parallel(mat_ref::<T>(&matrix, 0), mat_ref::<T>(rhs, 0), AddTo::Zero, &mut out);
        Tensor::from_vec(out, out_shape)
    })
}

/// One product per batch entry, shared between threads by whole entries.
fn batched(lhs: &Tensor, rhs: &Tensor, batch: Shape) -> Tensor {
    let (m, k, n) = (lhs.dim(-2), lhs.dim(-1), rhs.dim(-1));
    let count = batch.numel();
    let full = |rows, cols| Shape::from([&batch[..], &[rows, cols]].concat());
    // A broadcast batch axis keeps stride 0; flattening it copies only where no single stride fits.
    let lhs = lhs.broadcast_to(full(m, k)).reshape([count, m, k]);
    let rhs = rhs.broadcast_to(full(k, n)).reshape([count, k, n]);
    dispatch!(lhs.dtype(), T => {
        let mut out = take::<T>(count * m * n);
        let product = |entry: usize, out: &mut [T]| {
            let (a, b) = (mat_ref::<T>(&lhs, entry), mat_ref::<T>(&rhs, entry));
            gemm(a, b, AddTo::Zero, MatMut::row_major(out, m, n));
        };
        if m * n > 0 {
            let per_chunk = (GRAIN / (m * n.max(k))).max(1);
            for_each_chunk(&mut out, per_chunk * m * n, |chunk, out| {
                for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
                    product(chunk * per_chunk + i, out);
                }
            });
        }
        Tensor::from_vec(out, full(m, n))
    })
}

/// Entry `batch` of a matrix `[rows, cols]` or stack of matrices `[batch, rows, cols]` for the kernel.
pub(crate) fn mat_ref<T: Element>(x: &Tensor, batch: usize) -> MatRef<'_, T> {
    let strided = x.strided::<T>();
    let rank = x.rank();
    let start = if rank == 3 { batch * x.strides[0] } else { 0 };
    MatRef {
        data: &strided.data[start.min(strided.data.len())..],
        rows: x.shape[rank - 2],
        cols: x.shape[rank - 1],
        row_stride: x.strides[rank - 2],
        col_stride: x.strides[rank - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    /// What a matrix product computes, on tensors whose batch axes are already equal.
    fn naive_matmul(lhs: &Tensor, rhs: &Tensor) -> Tensor {
        let (m, k, n) = (lhs.dim(-2), lhs.dim(-1), rhs.dim(-1));
        let batch: usize = lhs.shape()[..lhs.rank() - 2].iter().product();
        let (a, b) = (lhs.reshape([batch, m, k]), rhs.reshape([batch, k, n]));
        let mut out = Vec::new();
        for cell in 0..batch * m * n {
            let (e, i, j) = (cell / (m * n), cell / n % m, cell % n);
            out.push((0..k).map(|l| a.at(&[e, i, l]) * b.at(&[e, l, j])).sum::<f64>());
        }
        let mut shape = lhs.shape();
        shape[lhs.rank() - 1] = n;
        Tensor::from_vec(out, shape)
    }

    /// Integers of small size, so that sums are exact in any order.
    fn integers(shape: impl Into<Shape>, name: &str) -> Tensor {
        let x = Tensor::uniform(shape, -4.0, 5.0, Seed::new(1).derive(name), DType::F64);
        Tensor::from_vec(x.to_vec::<f64>().into_iter().map(f64::floor).collect(), x.shape())
    }

    fn check(lhs: &Tensor, rhs: &Tensor) {
        let out = lhs.matmul(rhs);
        let batch = Shape::new(&out.shape()[..out.rank() - 2]);
        let full = |x: &Tensor| x.broadcast_to([&batch[..], &x.shape()[x.rank() - 2..]].concat());
        assert_eq!(out, naive_matmul(&full(lhs), &full(rhs)), "{} x {}", lhs.shape(), rhs.shape());
        assert_eq!(lhs.to_dtype(DType::F32).matmul(&rhs.to_dtype(DType::F32)), out.to_dtype(DType::F32));
    }

    #[test]
    fn plain_batched_and_broadcast_products() {
        let sizes: [(&[usize], &[usize]); 12] = [
            (&[2, 3], &[3, 4]),
            (&[1, 1], &[1, 1]),
            (&[0, 3], &[3, 2]),
            (&[2, 0], &[0, 3]),
            (&[2, 3], &[3, 0]),
            (&[5, 2, 3], &[3, 4]),
            (&[5, 2, 3], &[1, 3, 4]),
            (&[2, 3], &[5, 3, 4]),
            (&[2, 1, 2, 3], &[3, 3, 4]),
            (&[0, 2, 3], &[0, 3, 4]),
            (&[40, 17, 33], &[40, 33, 9]),
            (&[3, 1, 7, 2], &[1, 4, 2, 5]),
        ];
        for (l, r) in sizes {
            check(&integers(l, "lhs"), &integers(r, "rhs"));
        }
    }

    #[test]
    fn a_product_can_be_added_in_place() {
        let (a, b, c) = (integers([4, 6], "a"), integers([5, 6], "b").transpose(0, 1), integers([4, 5], "c"));
        for mut sum in [c.clone(), c.transpose(0, 1).contiguous().transpose(0, 1)] {
            sum.add_matmul_assign(&a, &b);
            assert_eq!(sum, &c + &a.matmul(&b));
        }
        assert_eq!(c, integers([4, 5], "c"), "what shares the storage is not changed");
    }

    #[test]
    #[should_panic(expected = "add_matmul_assign: [2, 3] x [3, 4] onto [4, 2]")]
    fn what_is_added_to_must_have_the_shape_of_the_product() {
        let zeros = |shape: [usize; 2]| Tensor::zeros(shape, DType::F32);
        zeros([4, 2]).add_matmul_assign(&zeros([2, 3]), &zeros([3, 4]));
    }

    #[test]
    fn views_of_every_kind() {
        let (a, b) = (integers([4, 6, 5], "a"), integers([4, 6, 5], "b"));
        check(&a.transpose(1, 2), &b);
        check(&a, &b.transpose(1, 2));
        check(&a.transpose(0, 1), &b.permute(&[1, 2, 0]));
        check(&a.slice(1, 1..4), &b.slice(1, 1..6).slice(2, 1..3));
        check(&a.slice(0, 1..2).broadcast_to([3, 6, 5]), &b.transpose(1, 2).slice(0, 0..3));
        check(
            &integers([1, 5], "row").broadcast_to([6, 5]),
            &integers([5, 1], "column").broadcast_to([5, 4]),
        );
        check(&integers([1, 1], "one").broadcast_to([3, 4]), &b.slice(1, 0..4));
        check(&a.slice(2, 0..0), &b.slice(1, 0..0));
    }

    #[test]
    #[should_panic(expected = "matmul: inner dimensions differ: [2, 3] x [4, 5]")]
    fn inner_dimensions_must_agree() {
        let _ = Tensor::zeros([2, 3], DType::F32).matmul(&Tensor::zeros([4, 5], DType::F32));
    }

    #[test]
    #[should_panic(expected = "matmul: batch axes do not broadcast: [2, 1, 1] x [3, 1, 1]")]
    fn batch_axes_must_broadcast() {
        let _ = Tensor::zeros([2, 1, 1], DType::F32).matmul(&Tensor::zeros([3, 1, 1], DType::F32));
    }

    #[test]
    #[should_panic(expected = "matmul: operands must have rank 2 or more: [3] x [3, 1]")]
    fn vectors_are_refused() {
        let _ = Tensor::zeros([3], DType::F32).matmul(&Tensor::zeros([3, 1], DType::F32));
    }
}
