//! `where_`, `masked_fill` and `tril`: choosing elements by a mask.
//!
//! An element that was not chosen has no influence on the result, and so the gradient zero.

use tensor::{Mask, Tensor};

use crate::var::Var;

impl Var {
    /// `on_true` where `mask` is true, else `on_false`; all three broadcast. vjp:
    /// `grad_on_true = grad_out` where `mask` is true, else 0; `grad_on_false` the other way round; each
    /// summed over the axes it was broadcast along.
    ///
    /// Note: both branches are computed everywhere, and 0 is passed back into the one that was not taken. Where the slope
    /// of that branch is infinite, as that of [`sqrt`](Var::sqrt), [`log`](Var::log), [`div`](Var::div) and negative
    /// powers is at 0, or not a number, `0 * inf` makes the gradient NaN, though the value is right. (PyTorch and JAX do
    /// the same.) So choose before the operation too: give it a harmless number where its result is not wanted.
    ///
    /// ```
    /// use autograd::{Tape, Var};
    /// use tensor::Tensor;
    ///
    /// let x = Tape::new().var(Tensor::from([0.0, 4.0]));
    /// let zero = Var::constant(Tensor::scalar(0.0));
    /// let is_zero = x.value().equal(zero.value());
    ///
    /// let naive = Var::where_(&is_zero, &zero, &x.sqrt());
    /// let grad = naive.sum(.., false).backward().take(&x).unwrap().to_vec::<f64>();
    /// assert!(grad[0].is_nan() && grad[1] == 0.25);
    ///
    /// let safe = Var::where_(&is_zero, &zero, &x.masked_fill(&is_zero, 1.0).sqrt());
    /// assert_eq!(safe.value(), naive.value());
    /// assert_eq!(safe.sum(.., false).backward().get(&x), Some(&Tensor::from([0.0, 0.25])));
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn where_(mask: &Mask, on_true: &Var, on_false: &Var) -> Var {
        let out = Tensor::where_(mask, on_true.value(), on_false.value());
        let (true_shape, false_shape, mask) = (on_true.shape(), on_false.shape(), mask.clone());
        Var::record("where_", &[on_true, on_false], out, move |grad_out, grads| {
            grads.add(0, || grad_out.masked_fill(&mask.not(), 0.0).sum_to(true_shape));
            grads.add(1, || grad_out.masked_fill(&mask, 0.0).sum_to(false_shape));
        })
    }

    /// `value` where `mask` is true, else the element of `self`; the mask broadcasts to the shape of
    /// `self`. vjp: `grad_self = 0` where `mask` is true, else `grad_out`.
    ///
    /// Note: filled *behind* an operation it hides an infinity from the value and not from the gradient, as
    /// [`where_`](Var::where_) does; filled *before* it, from both.
    ///
    /// ```
    /// use autograd::Tape;
    /// use tensor::Tensor;
    ///
    /// let x = Tape::new().var(Tensor::from([0.0, 2.0]));
    /// let is_zero = x.value().equal(&Tensor::scalar(0.0));
    ///
    /// let behind = x.log().masked_fill(&is_zero, 0.0); // [0, ln 2], but 0 * (1 / 0) is passed back
    /// assert!(behind.sum(.., false).backward().get(&x).unwrap().at(&[0]).is_nan());
    ///
    /// let before = x.masked_fill(&is_zero, 1.0).log();
    /// assert_eq!(before.value(), behind.value());
    /// assert_eq!(before.sum(.., false).backward().get(&x), Some(&Tensor::from([0.0, 0.5])));
    /// ```
    ///
    /// # Panics
    /// If the mask does not broadcast to the shape of `self`.
    #[must_use]
    #[track_caller]
    pub fn masked_fill(&self, mask: &Mask, value: f64) -> Var {
        let out = self.value().masked_fill(mask, value);
        let mask = mask.clone();
        Var::record("masked_fill", &[self], out, move |grad_out, grads| {
            grads.add(0, || grad_out.masked_fill(&mask, 0.0));
        })
    }

    /// The lower triangle of the last two axes: element (i, j) is kept where j <= i + `diagonal`, and 0
    /// elsewhere. vjp: `grad_self` is the same triangle of `grad_out`.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[must_use]
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Var {
        Var::record("tril", &[self], self.value().tril(diagonal), move |grad_out, grads| {
            grads.add(0, || grad_out.tril(diagonal));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{check, normal};

    fn checkerboard(shape: [usize; 2]) -> Mask {
        Mask::from_fn(shape, |index| index.iter().sum::<usize>() % 2 == 0)
    }

    #[test]
    fn gradients() {
        let shapes: [(&[usize], &[usize], [usize; 2]); 4] = [
            (&[2, 3], &[2, 3], [2, 3]),
            (&[3], &[2, 1], [2, 3]),
            (&[], &[2, 3], [1, 3]),
            (&[3], &[], [2, 1]),
        ];
        for (on_true, on_false, mask) in shapes {
            let mask = checkerboard(mask);
            let inputs = [normal("on_true", on_true), normal("on_false", on_false)];
            check("where_", &inputs, |v| Var::where_(&mask, &v[0], &v[1]));
        }
        let x = [normal("x", [2, 2, 3])];
        check("masked_fill", &x, |v| v[0].masked_fill(&checkerboard([2, 3]), -1e9));
        check("masked_fill", &x, |v| v[0].masked_fill(&checkerboard([2, 1]), 2.0));
        for diagonal in [-1, 0, 1] {
            check("tril", &x, |v| v[0].tril(diagonal));
        }
    }

    #[test]
    fn gradients_of_a_shared_input() {
        let mask = checkerboard([2, 2]);
        check("where_", &[normal("x", [2, 2])], |v| {
            Var::where_(&mask, &v[0], &v[0].transpose(0, 1)) * v[0].masked_fill(&mask, 3.0) + v[0].tril(0)
        });
    }

    #[test]
    #[should_panic(expected = "masked_fill: mask [2, 3] does not broadcast to [3]")]
    fn panics_name_the_operation_and_both_shapes() {
        let _ = Tape::new().var(normal("x", [3])).masked_fill(&checkerboard([2, 3]), 0.0);
    }
}
