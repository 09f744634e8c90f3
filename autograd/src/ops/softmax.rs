//! `softmax`, `log_softmax` and `masked_softmax`: distributions from scores.

use tensor::Mask;
use tensor::ops::masked_softmax::masked_softmax_vjp;
use tensor::ops::softmax::{log_softmax_vjp, softmax_vjp};

use crate::var::Var;

impl Var {
    /// `exp(self)` divided by its sum along `axis`.
    ///
    /// From `out_i = exp(x_i) / Z` follows `d out_i / d x_j = out_i ((i = j) - out_j)`;
    /// vjp: `grad_self = out * (grad_out - sum of grad_out * out along axis)`.
    ///
    /// # Panics
    /// If the axis does not exist.
    #[must_use]
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Var {
        let out = self.value().softmax(axis);
        let saved = out.clone();
        Var::record("softmax", &[self], out, move |grad_out, grads| {
            grads.add(0, || softmax_vjp(&saved, grad_out, axis));
        })
    }

    /// The logarithm of [`Var::softmax`], computed without forming it.
    ///
    /// From `out_i = x_i - log Z` follows `d out_i / d x_j = (i = j) - softmax_j`;
    /// vjp: `grad_self = grad_out - exp(out) * sum of grad_out along axis`.
    ///
    /// # Panics
    /// If the axis does not exist.
    #[must_use]
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Var {
        let out = self.value().log_softmax(axis);
        let saved = out.clone();
        Var::record("log_softmax", &[self], out, move |grad_out, grads| {
            grads.add(0, || log_softmax_vjp(&saved, grad_out, axis));
        })
    }

    /// `softmax(scale * self)` over the last axis, where `mask` is true: the weights of attention
    /// (Vaswani et al. 2017, §3.2.1). A row in which nothing may be attended to becomes zeros, and so
    /// does its gradient.
    ///
    /// Masked places have `out = 0`, and so the vjp of softmax gives them no gradient without a second
    /// look at the mask; vjp: `grad_self = scale * out * (grad_out - sum of grad_out * out along the last
    /// axis)`.
    ///
    /// # Panics
    /// If the mask does not broadcast to the shape of `self`.
    #[must_use]
    #[track_caller]
    pub fn masked_softmax(&self, scale: f64, mask: Option<&Mask>) -> Var {
        let out = self.value().masked_softmax(scale, mask);
        let saved = out.clone();
        Var::record("masked_softmax", &[self], out, move |grad_out, grads| {
            grads.add(0, || masked_softmax_vjp(&saved, grad_out, scale));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check, normal};
    use tensor::{DType, Tensor};

    /// Row 0 sees everything, row 1 nothing, row 2 every second place.
    fn mask() -> Mask {
        Mask::from_fn([3, 4], |index| index[0] == 0 || (index[0] == 2 && index[1] % 2 == 0))
    }

    #[test]
    fn gradients() {
        for shape in [&[4][..], &[2, 3], &[2, 3, 2]] {
            let x = [normal("x", shape)];
            for axis in [0, -1] {
                check("softmax", &x, |v| v[0].softmax(axis));
                check("log_softmax", &x, |v| v[0].log_softmax(axis));
            }
        }
        let x = [normal("x", [2, 3, 4])];
        check("softmax", &x, |v| v[0].softmax(1));
        check("log_softmax", &x, |v| v[0].log_softmax(1));
        for mask in [None, Some(mask()), Some(Mask::causal(4).reshape([1, 4, 4]))] {
            let rows = mask.as_ref().map_or(3, |mask| mask.shape()[mask.shape().rank() - 2]);
            let x = [normal("x", [2, rows, 4])];
            check("masked_softmax", &x, |v| v[0].masked_softmax(0.7, mask.as_ref()));
        }
        let columns = Mask::from_vec(vec![true, false, true, true], [4]);
        check("masked_softmax", &x, |v| v[0].masked_softmax(-1.3, Some(&columns)));
    }

    #[test]
    fn gradients_of_a_shared_input() {
        check("shared", &[normal("x", [3, 4])], |v| {
            v[0].softmax(0) * v[0].log_softmax(1) + &v[0] * v[0].masked_softmax(2.0, Some(&mask()))
        });
    }

    #[test]
    fn equal_their_composed_forms() {
        let x = [normal("x", [3, 4])];
        let composed = |x: &Var, axis| x.exp() / x.exp().sum(axis, true);
        for axis in [0, 1] {
            assert_agree(&x, |v| v[0].softmax(axis), |v| composed(&v[0], axis));
            assert_agree(&x, |v| v[0].log_softmax(axis), |v| composed(&v[0], axis).log());
        }
        // Without row 1, whose composed form would divide zero by zero.
        let some = Mask::from_fn([3, 4], |index| index[1] <= index[0]);
        assert_agree(
            &x,
            |v| v[0].masked_softmax(0.7, Some(&some)),
            |v| (&v[0] * 0.7).masked_fill(&some.not(), f64::NEG_INFINITY).softmax(-1),
        );
    }

    #[test]
    fn a_fully_masked_row_is_zeros_with_zero_gradients() {
        let x = Tape::new().var(normal("x", [3, 4]));
        let out = x.masked_softmax(1.0, Some(&mask()));
        assert_eq!(out.value().slice(0, 1..2), Tensor::zeros([1, 4], DType::F64));
        let gradients = out.backward_with(normal("grad_out", [3, 4]));
        let grad = gradients.get(&x).unwrap();
        assert!(grad.all_finite());
        assert_eq!(grad.slice(0, 1..2), Tensor::zeros([1, 4], DType::F64));
    }

    #[test]
    fn hand_computed_gradients() {
        // Two equal scores: out = [1/2, 1/2], d out_0 / d x = [1/4, -1/4], d log out_0 / d x = [1/2, -1/2].
        let x = Tape::new().var(Tensor::from([0.0, 0.0]));
        let first = || Tensor::from([1.0, 0.0]);
        let grad = |out: Var| out.backward_with(first()).take(&x).unwrap();
        assert_eq!(grad(x.softmax(0)), Tensor::from([0.25, -0.25]));
        assert_eq!(grad(x.log_softmax(0)), Tensor::from([0.5, -0.5]));
    }
}
