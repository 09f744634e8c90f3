//! The affine map of a layer: `x W^T + b`, the product being added to the bias panel by panel, while that is in
//! cache.

use std::sync::Arc;

use crate::dispatch;
use crate::element::DType;
use crate::kernels::gemm::bf16::gemm_bf16;
use crate::kernels::gemm::int8;
use crate::kernels::gemm::matrix::{AddTo, MatRef};
use crate::kernels::gemm::packed::{PackedMatrix, gemm_packed};
use crate::kernels::gemm::panels::gemm_parallel;
use crate::kernels::gemm::rounding::round;
use crate::ops::matmul::mat_ref;
use crate::packing::Packing;
use crate::pool::take;
use crate::precision::Precision;
use crate::tensor::{Prepacked, Tensor, check_dtypes};

impl Tensor {
    /// The same matrix `[d_out, d_in]`, rounded as `packing` says, and beside it what [`Tensor::linear`] by it reads, packed
    /// once: for few rows many times as fast. Clones share it; who writes into the tensor loses it.
    ///
    /// In `F32` nothing is rounded, and products have the same bits as without; in `Bf16` they are those by the rounded matrix; in
    /// `Int8` the rows that it is multiplied by are rounded too. Only f32 is packed, on processors with fused multiply-adds (but
    /// for `Int8`, which takes any): else this is the rounded matrix alone. A matrix that whole numbers cannot hold, because it has a number
    /// that is not finite or more than 66,311 columns, is left as it is.
    ///
    /// # Panics
    /// If the tensor is not a matrix.
    #[must_use]
    #[track_caller]
    pub fn prepacked(&self, packing: Packing) -> Tensor {
        assert!(self.rank() == 2, "prepacked: {} is not a matrix", self.shape());
        let is_packed = self.packed_as_it_stands().is_some_and(|packed| packed.packing == packing);
        if self.dtype() != DType::F32 || is_packed {
            return self.clone();
        }
        let rounded = self.rounded(packing);
        let matrix = PackedMatrix::new(mat_ref::<f32>(&rounded, 0).t(), packing);
        rounded.beside(matrix, packing)
    }

    /// [`Tensor::prepacked`] in f32 for some products and not for good: in memory that other tensors use when it is dropped.
    ///
    /// # Panics
    /// If the tensor is not a matrix.
    #[must_use]
    #[track_caller]
    pub fn prepacked_for_now(&self) -> Tensor {
        assert!(self.rank() == 2, "prepacked_for_now: {} is not a matrix", self.shape());
        if self.dtype() != DType::F32 {
            return self.clone();
        }
        self.clone().beside(PackedMatrix::for_now(mat_ref::<f32>(self, 0).t()), Packing::F32)
    }

    /// This matrix, with what it is packed into.
    fn beside(self, matrix: Option<PackedMatrix>, packing: Packing) -> Tensor {
        let Tensor { shape, strides, offset, .. } = self;
        let packed = matrix.map(|matrix| Arc::new(Prepacked { matrix, packing, shape, strides, offset }));
        Tensor { packed, ..self }
    }

    /// The nearest matrix that `packing` can hold; itself, if there is none.
    ///
    /// # Panics
    /// If the tensor is no matrix, or not f32.
    #[must_use]
    #[track_caller]
    pub fn rounded(&self, packing: Packing) -> Tensor {
        match packing {
            Packing::F32 => self.clone(),
            Packing::Bf16 => {
                let rounded = self.contiguous().data::<f32>().iter().map(|&x| round(x)).collect();
                Tensor::from_vec::<f32>(rounded, self.shape())
            }
            Packing::Int8 => match self.whole_numbers() {
                Some((whole, scales)) => whole.mul(&scales.unsqueeze(1)),
                None => self.clone(),
            },
        }
    }

    /// A matrix in f32 as [`Packing::Int8`] has it: whole numbers of -127..=127, of its shape, and the scale of each row. None if
    /// a number is not finite, or it has more than 66,311 columns, whose sums would not be exact.
    ///
    /// # Panics
    /// If the tensor is no matrix, or not f32.
    #[track_caller]
    pub fn whole_numbers(&self) -> Option<(Tensor, Tensor)> {
        assert!(self.rank() == 2, "whole_numbers: {} is not a matrix", self.shape());
        let (matrix, cols) = (self.contiguous(), self.dim(1));
        if cols > int8::MOST_TERMS {
            return None;
        }
        let row = |row: usize| &matrix.data::<f32>()[row * cols..][..cols];
        let scales: Vec<f32> = (0..self.dim(0)).map(|i| int8::scale_of(row(i).iter().copied())).collect();
        if scales.iter().any(|scale| scale.is_nan()) {
            return None;
        }
        let whole = |(i, &scale)| row(i).iter().map(move |&x| int8::whole(x, scale) as f32);
        let whole: Vec<f32> = scales.iter().enumerate().flat_map(whole).collect();
        let rows = self.dim(0);
        Some((Tensor::from_vec(whole, self.shape()), Tensor::from_vec(scales, [rows])))
    }

    /// What was packed, if it is of this view of the storage.
    fn packed_as_it_stands(&self) -> Option<&Prepacked> {
        let packed = self.packed.as_ref()?;
        let this = (self.shape, self.strides, self.offset) == (packed.shape, packed.strides, packed.offset);
        this.then_some(packed)
    }

    /// `self weight^T + bias`: `[.., d_in] x [d_out, d_in] + [d_out] -> [.., d_out]`.
    ///
    /// # Panics
    /// If the shapes do not fit or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn linear(&self, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        self.linear_in(Precision::F32, weight, bias)
    }

    /// [`Tensor::linear`] with `self` and `weight` taken as finely as `precision` says.
    ///
    /// # Panics
    /// As [`Tensor::linear`].
    #[must_use]
    #[track_caller]
    pub fn linear_in(&self, precision: Precision, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        check_dtypes("linear", self, weight);
        let fits = self.rank() >= 1 && weight.rank() == 2 && self.dim(-1) == weight.dim(1);
        assert!(fits, "linear: weight {} does not apply to {}", weight.shape(), self.shape());
        let (d_out, d_in) = (weight.dim(0), weight.dim(1));
        let rows = self.shape()[..self.rank() - 1].iter().product();
        let mut out_shape = self.shape();
        out_shape[self.rank() - 1] = d_out;
        if let Some(bias) = bias {
            check_dtypes("linear", self, bias);
            assert!(
                bias.shape()[..] == [d_out],
                "linear: bias {} does not fit weight {}",
                bias.shape(),
                weight.shape()
            );
        }
        let (x, bias) = (self.reshape([rows, d_in]).contiguous(), bias.map(Tensor::contiguous));
        let rounded = precision == Precision::Bf16 && self.dtype() == DType::F32;
        let packed = weight.packed_as_it_stands().filter(|_| !rounded);
        if rounded || packed.is_some() {
            let bias = bias.as_ref().map(Tensor::data);
            let x = MatRef::row_major(x.data(), rows, d_in);
            let mut out = take(rows * d_out);
            match packed {
                Some(packed) => gemm_packed(x, &packed.matrix, bias, &mut out),
                None => gemm_bf16(x, mat_ref(weight, 0).t(), bias.map_or(AddTo::Zero, AddTo::Row), &mut out),
            }
            return Tensor::from_vec(out, out_shape);
        }
        let weight = weight.contiguous();
        dispatch!(self.dtype(), T => {
            let add_to = bias.as_ref().map_or(AddTo::Zero, |bias| AddTo::Row(bias.data::<T>()));
            let x = MatRef::row_major(x.data::<T>(), rows, d_in);
            let weight = MatRef::row_major(weight.data::<T>(), d_out, d_in);
            let mut out = take(rows * d_out);
            gemm_parallel(x, weight.t(), add_to, &mut out);
            Tensor::from_vec(out, out_shape)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use crate::shape::Shape;

    #[test]
    fn equals_the_composed_form() {
        let x = Tensor::arange(0.0, 24.0, 1.0, DType::F64).reshape([2, 3, 4]);
        let weight = Tensor::arange(-10.0, 10.0, 1.0, DType::F64).reshape([5, 4]);
        let bias = Tensor::arange(0.0, 5.0, 1.0, DType::F64);
        let product = x.matmul(&weight.transpose(0, 1)); // [2, 3, 5]
        assert_eq!(x.linear(&weight, None), product);
        assert_eq!(x.linear(&weight, Some(&bias)), &product + &bias);
        let strided = x.transpose(0, 1);
        assert_eq!(strided.linear(&weight, Some(&bias)), (&product + &bias).transpose(0, 1));
        assert_eq!(x.slice(0, 0..0).linear(&weight, Some(&bias)).numel(), 0);
    }

    #[test]
    fn what_was_packed_gives_the_same_bits_and_is_never_stale() {
        let normal = |shape: [usize; 2]| Tensor::normal(shape, 0.0, 1.0, Seed::new(3), DType::F32);
        for [rows, d_in, d_out] in
            [[1, 5, 3], [1, 300, 4000], [3, 64, 64], [40, 257, 70], [0, 2, 2], [0, 300, 400], [500, 100, 300]]
        {
            let (x, weight, bias) =
                (normal([rows, d_in]), normal([d_out, d_in]), normal([1, d_out]).reshape([d_out]));
            let [packed, for_now] = [weight.prepacked(Packing::F32), weight.prepacked_for_now()];
            assert!(for_now == weight && for_now.packed_as_it_stands().is_some());
            assert!(packed == weight && packed.prepacked(Packing::F32).packed_as_it_stands().is_some());
            for (bias, packed) in
                [None, Some(&bias)].into_iter().flat_map(|bias| [(bias, &packed), (bias, &for_now)])
            {
                assert_eq!(
                    x.linear(packed, bias),
                    x.linear(&weight, bias),
                    "[{rows}, {d_in}] by [{d_out}, {d_in}]"
                );
            }
            for packing in [Packing::Bf16, Packing::Int8] {
                let out = x.linear(&weight.prepacked(packing), Some(&bias));
                assert_eq!(out.shape(), Shape::from([rows, d_out]), "also of no rows");
            }
        }
        let (x, weight) = (normal([2, 6]), normal([6, 6]));
        let mut packed = weight.prepacked(Packing::F32);
        assert_eq!(
            x.linear(&packed.transpose(0, 1), None),
            x.linear(&weight.transpose(0, 1), None),
            "a view of it"
        );
        assert_eq!(x.linear(&packed.slice(0, 2..5), None), x.linear(&weight.slice(0, 2..5), None));
        packed.data_mut::<f32>()[7] += 1.0;
        assert_eq!(
            x.linear(&packed, None),
            x.linear(&packed.contiguous(), None),
            "written to where others hold it"
        );
        let mut alone = normal([6, 6]).prepacked(Packing::F32);
        alone.mul_scalar_assign(2.0);
        assert_eq!(x.linear(&alone, None), x.linear(&weight, None).mul_scalar(2.0), "and where nobody does");
    }

    #[test]
    fn what_was_packed_smaller_is_the_product_by_the_rounded_matrix() {
        let normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, Seed::new(3), DType::F32);
        for [rows, d_in, d_out] in
            [[1, 5, 3], [1, 300, 4000], [3, 64, 64], [40, 257, 70], [0, 2, 2], [2, 0, 3]]
        {
            let (x, weight, bias) = (normal(&[rows, d_in]), normal(&[d_out, d_in]), normal(&[d_out]));
            for packing in [Packing::Bf16, Packing::Int8] {
                let packed = weight.prepacked(packing);
                let (found, whole) = (x.linear(&packed, Some(&bias)), packed.mul_scalar(1.0));
                assert_eq!(whole.prepacked(packing), packed, "rounding twice is rounding once");
                assert_eq!(x.linear(&whole.prepacked(packing), Some(&bias)), found);
                let rounded = x.linear(&whole, Some(&bias));
                match packing {
                    Packing::Bf16 => assert_eq!(found, rounded, "[{rows}, {d_in}] by [{d_out}, {d_in}]"),
                    _ => {
                        let off = (&found - &rounded).contiguous();
                        let most = off.data::<f32>().iter().fold(0.0f32, |most, x| most.max(x.abs()));
                        // Each of the row's numbers, up to 5, is off by 5 / 127 / 2 at most, at random.
                        assert!(
                            most <= 0.1 * (d_in as f32).sqrt(),
                            "{most} in [{rows}, {d_in}] by [{d_out}, {d_in}]"
                        );
                        assert!(found.data::<f32>().iter().all(|x| x.is_finite()));
                    }
                }
                let strided = weight.transpose(0, 1).contiguous().transpose(0, 1).prepacked(packing);
                assert_eq!(x.linear(&strided, Some(&bias)), found);
            }
        }
        let wide = normal(&[2, int8::MOST_TERMS + 1]);
        assert_eq!(wide.prepacked(Packing::Int8), wide, "too many terms, and left as it is");
        let bad = Tensor::from([[1.0f32, f32::INFINITY]]).prepacked(Packing::Int8);
        assert_eq!(bad, Tensor::from([[1.0f32, f32::INFINITY]]), "no whole numbers, and left as it is");
    }

    #[test]
    fn in_bf16_operands_are_rounded_and_sums_are_not() {
        let normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, Seed::new(3), DType::F32);
        let rounded = |x: &Tensor| {
            let x = x.contiguous();
            let data = x.data::<f32>().iter().map(|&x| round(x)).collect();
            Tensor::from_vec::<f32>(data, x.shape()).to_dtype(DType::F64)
        };
        let size = |x: &Tensor| (x * x).sum(.., false).item().sqrt();
        for [rows, d_in, d_out] in [[1, 5, 3], [40, 257, 70], [0, 2, 2], [3, 0, 2]] {
            let (x, weight, bias) = (normal(&[rows, d_in]), normal(&[d_out, d_in]), normal(&[d_out]));
            let agrees = |found: &Tensor, expected: &Tensor| {
                let error = size(&(&found.to_dtype(DType::F64) - expected));
                let bound = 1e-6 * (1.0 + size(expected));
                assert!(error <= bound, "[{rows}, {d_in}] by [{d_out}, {d_in}]: {error}");
            };
            let product = rounded(&x).matmul(&rounded(&weight).transpose(0, 1)); // [rows, d_out]
            let found = x.linear_in(Precision::Bf16, &weight, Some(&bias));
            agrees(&found, &(&product + &bias.to_dtype(DType::F64)));
            assert_eq!(x.linear_in(Precision::Bf16, &weight.prepacked(Packing::F32), Some(&bias)), found);
            assert_eq!(x.linear_in(Precision::F32, &weight, Some(&bias)), x.linear(&weight, Some(&bias)));
            agrees(&x.matmul_in(Precision::Bf16, &weight.transpose(0, 1)), &product);
            let mut sum = normal(&[rows, d_out]);
            let expected = &sum.to_dtype(DType::F64) + &product;
            sum.add_matmul_assign_in(Precision::Bf16, &x, &weight.transpose(0, 1));
            agrees(&sum, &expected);
        }
        let (x, weight) = (normal(&[3, 4]).to_dtype(DType::F64), normal(&[2, 4]).to_dtype(DType::F64));
        assert_eq!(
            x.linear_in(Precision::Bf16, &weight, None),
            x.linear(&weight, None),
            "in f64 nothing is rounded"
        );
        assert_eq!(x.matmul_in(Precision::Bf16, &weight.transpose(0, 1)), x.matmul(&weight.transpose(0, 1)));
    }

    #[test]
    #[should_panic(expected = "linear: weight [5, 4] does not apply to [2, 3]")]
    fn widths_must_agree() {
        let _ = Tensor::zeros([2, 3], DType::F32).linear(&Tensor::zeros([5, 4], DType::F32), None);
    }

    #[test]
    #[should_panic(expected = "linear: bias [4] does not fit weight [5, 3]")]
    fn bias_must_fit() {
        let (x, weight) = (Tensor::zeros([2, 3], DType::F32), Tensor::zeros([5, 3], DType::F32));
        let _ = x.linear(&weight, Some(&Tensor::zeros([4], DType::F32)));
    }
}
