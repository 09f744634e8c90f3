//! Putting tensors together along an axis.

use std::ops::Range;

use crate::dispatch;
use crate::element::Element;
use crate::kernels::block::zip_block;
use crate::shape::Shape;
use crate::simd;
use crate::tensor::{Tensor, check_dtypes};

impl Tensor {
    /// The tensors one after the other along `axis`. All other axes have the same lengths.
    ///
    /// # Panics
    /// If there is no tensor, or the shapes differ in another axis, or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn concatenate(tensors: &[&Tensor], axis: isize) -> Tensor {
        let [first, rest @ ..] = tensors else { panic!("concatenate: there is no tensor to join") };
        let axis = first.shape().axis_for("concatenate", axis);
        let mut shape = first.shape();
        for tensor in rest {
            check_dtypes("concatenate", first, tensor);
            let fits = tensor.rank() == first.rank()
                && (0..first.rank()).all(|a| a == axis || tensor.shape()[a] == first.shape()[a]);
            assert!(
                fits,
                "concatenate: {} does not join {} along axis {axis}",
                tensor.shape(),
                first.shape()
            );
            shape[axis] += tensor.shape()[axis];
        }
        let outer: usize = shape[..axis].iter().product();
        let parts: Vec<Tensor> = tensors.iter().map(|tensor| tensor.contiguous()).collect();
        dispatch!(first.dtype(), T => {
            let parts: Vec<&[T]> = parts.iter().map(|part| part.data()).collect();
            let mut out = Vec::with_capacity(shape.numel());
            for o in 0..outer {
                for part in &parts {
                    let block = part.len() / outer;
                    out.extend_from_slice(&part[o * block..(o + 1) * block]);
                }
            }
            Tensor::from_vec(out, shape)
        })
    }

    /// With `before` and `after` elements of `value` put around it along `axis`.
    ///
    /// # Panics
    /// If the axis does not exist.
    #[must_use]
    #[track_caller]
    pub fn pad(&self, axis: isize, before: usize, after: usize, value: f64) -> Tensor {
        let mut shape = self.shape();
        let axis = shape.axis_for("pad", axis);
        let range = before..before + shape[axis];
        shape[axis] = range.end + after;
        let mut out = Tensor::full(shape, value, self.dtype());
        dispatch!(self.dtype(), T => meet::<T>(out.data_mut(), shape, axis, range, self, <[T]>::copy_from_slice));
        out
    }

    /// Adds `part` to what [`Tensor::slice`] shows of the same axis and range, in place where the storage is not
    /// shared. The time it takes depends on the part, not on the whole.
    ///
    /// # Panics
    /// If the axis does not exist, or `part` has not the shape and dtype of that slice.
    #[track_caller]
    pub fn add_slice_assign(&mut self, axis: isize, range: Range<usize>, part: &Tensor) {
        check_dtypes("add_slice_assign", self, part);
        let shape = self.shape();
        let axis = shape.axis_for("add_slice_assign", axis);
        let inside = range.start <= range.end && range.end <= shape[axis];
        assert!(inside, "add_slice_assign: {range:?} is outside axis {axis} of {shape}");
        let mut shown = shape;
        shown[axis] = range.len();
        let found = part.shape();
        assert!(found == shown, "add_slice_assign: {found} for {range:?} of axis {axis} of {shape}");
        dispatch!(part.dtype(), T => {
            meet::<T>(self.data_mut(), shape, axis, range, part, |sum, part| {
                simd!(sum.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x));
            });
        });
    }
}

/// Calls `f(whole, part)` for stretches of `part` and of what stands in their place in `whole`, of which `part` is the
/// part of `axis` in `range`.
fn meet<T: Element>(
    whole: &mut [T],
    shape: Shape,
    axis: usize,
    range: Range<usize>,
    part: &Tensor,
    f: impl Fn(&mut [T], &[T]) + Sync + Send,
) {
    let inner: usize = shape[axis + 1..].iter().product();
    zip_block(
        whole,
        shape[axis] * inner,
        range.start * inner..range.end * inner,
        part.contiguous().data(),
        f,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;

    #[test]
    fn concatenating_undoes_splitting_along_every_axis() {
        let x = Tensor::arange(0.0, 60.0, 1.0, DType::F32).reshape([3, 4, 5]);
        for view in [x.clone(), x.transpose(0, 2)] {
            for axis in 0..3 {
                let len = view.dim(axis);
                let parts = view.split(axis, &[1, 0, len - 1]);
                let parts: Vec<&Tensor> = parts.iter().collect();
                assert_eq!(Tensor::concatenate(&parts, axis), view);
            }
        }
        let empty = Tensor::zeros([0, 2], DType::F32);
        assert_eq!(Tensor::concatenate(&[&empty, &empty], 1).shape()[..], [0, 4]);
    }

    #[test]
    fn padding() {
        let x = Tensor::from([[1.0f64, 2.0], [3.0, 4.0]]);
        assert_eq!(x.pad(1, 1, 0, 0.0), Tensor::from([[0.0, 1.0, 2.0], [0.0, 3.0, 4.0]]));
        assert_eq!(x.pad(0, 0, 1, -1.0), Tensor::from([[1.0, 2.0], [3.0, 4.0], [-1.0, -1.0]]));
        assert_eq!(x.pad(0, 0, 0, 0.0), x);
    }

    #[test]
    fn a_part_is_added_in_place_and_leaves_other_holders_alone() {
        let original = Tensor::from([[1.0f64, 2.0, -0.0], [4.0, 5.0, 6.0]]);
        let mut sum = original.clone();
        sum.add_slice_assign(1, 0..2, &Tensor::from([[10.0f64, 20.0]]).broadcast_to([2, 2]));
        sum.add_slice_assign(-2, 1..2, &Tensor::from([[100.0f64], [200.0], [300.0]]).transpose(0, 1));
        assert_eq!(sum, Tensor::from([[11.0f64, 22.0, 0.0], [114.0, 225.0, 306.0]]));
        assert!(sum.at(&[0, 2]).is_sign_negative(), "nothing was added here, not even zero");
        assert_eq!(original.at(&[0, 0]), 1.0);
        let place = sum.data::<f64>().as_ptr();
        sum.add_slice_assign(0, 2..2, &Tensor::zeros([0, 3], DType::F64));
        sum.add_slice_assign(0, 0..1, &Tensor::ones([1, 3], DType::F64));
        assert_eq!(sum.data::<f64>().as_ptr(), place);
    }

    #[test]
    fn adding_a_part_to_a_view_is_adding_it_to_its_copy() {
        let x = Tensor::arange(0.0, 24.0, 1.0, DType::F32).reshape([2, 3, 4]);
        let part = Tensor::arange(0.0, 8.0, 0.5, DType::F32).reshape([4, 2, 2]);
        for view in [
            x.permute(&[2, 1, 0]),
            x.slice(0, 1..2).squeeze(0).unsqueeze(-1).permute(&[1, 0, 2]).broadcast_to([4, 3, 2]),
        ] {
            let (mut sum, mut copy) = (view.clone(), view.add_scalar(0.0));
            sum.add_slice_assign(1, 1..3, &part);
            copy.add_slice_assign(1, 1..3, &part);
            assert_eq!(sum, copy);
            assert_eq!(sum, view.add(&part.pad(1, 1, 0, 0.0)));
        }
    }

    #[test]
    #[should_panic(expected = "add_slice_assign: [2, 1] for 1..3 of axis 1 of [2, 3]")]
    fn a_part_of_another_shape_panics() {
        Tensor::zeros([2, 3], DType::F32).add_slice_assign(1, 1..3, &Tensor::zeros([2, 1], DType::F32));
    }

    #[test]
    #[should_panic(expected = "add_slice_assign: 2..4 is outside axis 1 of [2, 3]")]
    fn a_part_beyond_the_whole_panics() {
        Tensor::zeros([2, 3], DType::F32).add_slice_assign(1, 2..4, &Tensor::zeros([2, 2], DType::F32));
    }

    #[test]
    #[should_panic(expected = "concatenate: [2, 3] does not join [2, 2] along axis 0")]
    fn other_axes_must_agree() {
        let (a, b) = (Tensor::zeros([2, 2], DType::F32), Tensor::zeros([2, 3], DType::F32));
        let _ = Tensor::concatenate(&[&a, &b], 0);
    }
}
