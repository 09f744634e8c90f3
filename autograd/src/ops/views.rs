//! Views: `reshape`, `transpose`, `permute`, `slice`, `broadcast_to`, `squeeze`, `unsqueeze`.
//!
//! A view moves elements without changing them, so its vjp moves the gradients back. An element that the
//! view leaves out gets zero; one that it shows several times gets the sum.

use std::ops::Range;

use tensor::{Shape, Tensor};

use crate::var::Var;

impl Var {
    /// The same elements in row-major order under another shape.
    /// vjp: `grad_self = grad_out` under the shape of `self`.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[must_use]
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Var {
        let from = self.shape();
        Var::record("reshape", &[self], self.value().reshape(shape), move |grad_out, grads| {
            grads.add(0, || grad_out.reshape(from));
        })
    }

    /// With two axes swapped; negative ones count from the end.
    /// vjp: `grad_self = grad_out` with the same axes swapped.
    ///
    /// # Panics
    /// If an axis does not exist.
    #[must_use]
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Var {
        Var::record("transpose", &[self], self.value().transpose(a, b), move |grad_out, grads| {
            grads.add(0, || grad_out.transpose(a, b));
        })
    }

    /// With axis `axes[i]` of `self` as axis i.
    /// vjp: `grad_self = grad_out` with axis i as axis `axes[i]`, the inverse permutation.
    ///
    /// # Panics
    /// If `axes` does not name every axis once.
    #[must_use]
    #[track_caller]
    pub fn permute(&self, axes: &[isize]) -> Var {
        let out = self.value().permute(axes);
        let mut inverse = vec![0; axes.len()];
        for (to, &from) in axes.iter().enumerate() {
            inverse[self.shape().axis(from)] = to as isize;
        }
        Var::record("permute", &[self], out, move |grad_out, grads| {
            grads.add(0, || grad_out.permute(&inverse));
        })
    }

    /// The part of `axis` that lies in `range`.
    /// vjp: `grad_self = grad_out` with zeros around it.
    ///
    /// # Panics
    /// If the axis does not exist or the range does not lie in it.
    #[must_use]
    #[track_caller]
    pub fn slice(&self, axis: isize, range: Range<usize>) -> Var {
        let out = self.value().slice(axis, range.clone());
        let len = self.dim(axis);
        Var::record("slice", &[self], out, move |grad_out, grads| {
            grads.accumulate(0, |sum| add_slice(sum, grad_out, axis, range, len));
        })
    }

    /// Repeated along axes of length 1, and along new leading axes, to `shape`.
    /// vjp: `grad_self = grad_out` summed over the repeated axes.
    ///
    /// # Panics
    /// If `self` does not broadcast to `shape`.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Var {
        let from = self.shape();
        Var::record("broadcast_to", &[self], self.value().broadcast_to(shape), move |grad_out, grads| {
            grads.add(0, || grad_out.sum_to(from));
        })
    }

    /// Without `axis`, which has length 1. vjp: `grad_self = grad_out` with that axis put back.
    ///
    /// # Panics
    /// If the axis does not exist or its length is not 1.
    #[must_use]
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Var {
        let from = self.shape();
        Var::record("squeeze", &[self], self.value().squeeze(axis), move |grad_out, grads| {
            grads.add(0, || grad_out.reshape(from));
        })
    }

    /// With an axis of length 1 put in front of position `axis` (-1: after the last).
    /// vjp: `grad_self = grad_out` without that axis.
    ///
    /// # Panics
    /// If `axis` is beyond the rank, or the rank is already the largest.
    #[must_use]
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Var {
        let from = self.shape();
        Var::record("unsqueeze", &[self], self.value().unsqueeze(axis), move |grad_out, grads| {
            grads.add(0, || grad_out.reshape(from));
        })
    }
}

/// `sum` with `part` added where `range` lies in `axis`, which is `len` long; without a sum yet, zeros around `part`.
///
/// So what many slices of one variable cost depends on what they show, not on their number times the whole.
pub(crate) fn add_slice(
    sum: Option<Tensor>,
    part: &Tensor,
    axis: isize,
    range: Range<usize>,
    len: usize,
) -> Tensor {
    let Some(mut sum) = sum else { return part.pad(axis, range.start, len - range.end, 0.0) };
    sum.add_slice_assign(axis, range, part);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{check, normal};
    use std::cell::RefCell;
    use std::rc::Rc;

    #[test]
    fn gradients() {
        let x = [normal("x", [2, 3, 2])];
        check("reshape", &x, |v| v[0].reshape([3, 4]));
        check("reshape", &x, |v| v[0].transpose(0, 1).reshape([12]));
        check("transpose", &x, |v| v[0].transpose(0, -1));
        check("permute", &x, |v| v[0].permute(&[2, 0, -2]));
        check("slice", &x, |v| v[0].slice(-2, 1..3));
        check("slice", &x, |v| v[0].slice(0, 1..1));
        check("squeeze", &[normal("x", [2, 1, 3])], |v| v[0].squeeze(-2));
        check("unsqueeze", &x, |v| v[0].unsqueeze(-1));
        check("unsqueeze", &x, |v| v[0].unsqueeze(0));
        check("broadcast_to", &[normal("x", [2, 1, 3])], |v| v[0].broadcast_to([2, 2, 2, 3]));
        check("broadcast_to", &[normal("x", [])], |v| v[0].broadcast_to([3]));
    }

    #[test]
    fn gradients_of_several_views_of_one_variable() {
        check("views", &[normal("x", [3, 3])], |v| {
            let x = &v[0];
            x.transpose(0, 1).mul(x) + x.slice(0, 0..1).broadcast_to([3, 3]) * x.slice(1, 2..3)
        });
    }

    #[test]
    fn a_slice_leaves_zeros_around_its_gradient() {
        let x = Tape::new().var(Tensor::from([1.0, 2.0, 3.0, 4.0]));
        let y = (x.slice(0, 1..3) * 5.0).sum(.., false);
        assert_eq!(y.backward().get(&x), Some(&Tensor::from([0.0, 5.0, 5.0, 0.0])));
    }

    #[test]
    fn many_slices_of_one_variable_are_added_where_their_sum_stands() {
        let x = Tape::new().var(Tensor::from([1.0, 2.0, 3.0, 4.0]));
        let places = Rc::new(RefCell::new(Vec::new()));
        let look = || {
            let places = places.clone();
            Var::record("look", &[&x], Tensor::scalar(0.0), move |_, grads| {
                grads.accumulate(0, |sum| {
                    let sum = sum.expect("the slices after this one have been differentiated");
                    places.borrow_mut().push(sum.data::<f64>().as_ptr());
                    sum
                });
            })
        };
        let cut = |range: Range<usize>, weight: f64| (x.slice(0, range) * weight).sum(.., false);
        let cuts = cut(0..2, 10.0) + look() + cut(1..4, 100.0) + look() + cut(2..2, 1.0) + look();
        let parts = x.split(0, &[1, 3]);
        let y = cuts + parts[0].sum(.., false) * 2.0 + parts[1].sum(.., false) * 3.0;
        assert_eq!(y.backward().get(&x), Some(&Tensor::from([12.0, 113.0, 103.0, 103.0])));
        let places = places.borrow();
        assert!(places.len() == 3 && places.iter().all(|place| *place == places[0]), "{places:?}");
    }

    #[test]
    fn the_gradient_of_one_slice_is_moved_to_the_sign_of_zero() {
        let x = Tape::new().var(Tensor::from([1.0, 2.0, 3.0]));
        let grad = x.slice(0, 1..2).backward_with(Tensor::from([-0.0])).take(&x).unwrap();
        assert_eq!([0, 1, 2].map(|i| grad.at(&[i]).is_sign_negative()), [false, true, false]);
    }

    #[test]
    #[should_panic(expected = "reshape: [2, 3] does not hold as many elements as [4]")]
    fn panics_name_the_operation_and_both_shapes() {
        let _ = Tape::new().var(normal("x", [2, 3])).reshape([4]);
    }
}
