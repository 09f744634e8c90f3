//! Putting tensors together along an axis.

use crate::dispatch;
use crate::element::DType;
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
        let axis = self.shape().axis_for("pad", axis);
        let filler = |len: usize, dtype: DType| {
            let mut shape = self.shape();
            shape[axis] = len;
            Tensor::full(shape, value, dtype)
        };
        let (before, after) = (filler(before, self.dtype()), filler(after, self.dtype()));
        Tensor::concatenate(&[&before, self, &after], axis as isize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    #[should_panic(expected = "concatenate: [2, 3] does not join [2, 2] along axis 0")]
    fn other_axes_must_agree() {
        let (a, b) = (Tensor::zeros([2, 2], DType::F32), Tensor::zeros([2, 3], DType::F32));
        let _ = Tensor::concatenate(&[&a, &b], 0);
    }
}
