//! `add`, `sub`, `mul`, `div` with NumPy broadcasting; `neg`, `add_scalar`, `mul_scalar`, `powi`.
//!
//! Broadcasting copies an element to several places, so that its gradient is the sum of the gradients at
//! those places: `sum_to(shape)` adds up `grad_out` over the axes along which `shape` was repeated.
//! (Where nothing was repeated it does nothing.)

use tensor::Tensor;

use crate::var::Var;

impl Var {
    /// `self + rhs`. vjp: `grad_self = grad_out`, `grad_rhs = grad_out`, each summed over the axes it was
    /// broadcast along.
    ///
    /// # Panics
    /// If the shapes do not broadcast or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn add(&self, rhs: &Var) -> Var {
        let (lhs_shape, rhs_shape) = (self.shape(), rhs.shape());
        Var::record("add", &[self, rhs], self.value().add(rhs.value()), move |grad_out, grads| {
            grads.add(0, || grad_out.sum_to(lhs_shape));
            grads.add(1, || grad_out.sum_to(rhs_shape));
        })
    }

    /// `self - rhs`. vjp: `grad_self = grad_out`, `grad_rhs = -grad_out`, each summed over the axes it
    /// was broadcast along.
    ///
    /// # Panics
    /// If the shapes do not broadcast or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn sub(&self, rhs: &Var) -> Var {
        let (lhs_shape, rhs_shape) = (self.shape(), rhs.shape());
        Var::record("sub", &[self, rhs], self.value().sub(rhs.value()), move |grad_out, grads| {
            grads.add(0, || grad_out.sum_to(lhs_shape));
            grads.add(1, || grad_out.sum_to(rhs_shape).neg());
        })
    }

    /// `self * rhs`, element by element. vjp: `grad_self = grad_out * rhs`, `grad_rhs = grad_out * self`,
    /// each summed over the axes it was broadcast along.
    ///
    /// # Panics
    /// If the shapes do not broadcast or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn mul(&self, rhs: &Var) -> Var {
        let (lhs_shape, rhs_shape) = (self.shape(), rhs.shape());
        let (lhs_value, rhs_value) = (self.save_for(rhs), rhs.save_for(self)); // kept if the other wants them
        Var::record("mul", &[self, rhs], self.value().mul(rhs.value()), move |grad_out, grads| {
            grads.add(0, || grad_out.mul(&rhs_value).sum_to(lhs_shape));
            grads.add(1, || grad_out.mul(&lhs_value).sum_to(rhs_shape));
        })
    }

    /// `self / rhs`. vjp: `grad_self = grad_out / rhs`, `grad_rhs = -grad_out * self / rhs^2`, each summed
    /// over the axes it was broadcast along.
    ///
    /// Note: where `rhs` is 0, value and slopes are not finite. Where the result is not wanted there,
    /// [`masked_fill`](Var::masked_fill) of `rhs` has the way to a finite gradient.
    ///
    /// # Panics
    /// If the shapes do not broadcast or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn div(&self, rhs: &Var) -> Var {
        let (lhs_shape, rhs_shape) = (self.shape(), rhs.shape());
        let (lhs_value, rhs_value) = (self.save_for(rhs), rhs.value().clone());
        Var::record("div", &[self, rhs], self.value().div(rhs.value()), move |grad_out, grads| {
            let quotient = grad_out.div(&rhs_value); // in both gradients, of which one at least is wanted
            grads.add(0, || quotient.sum_to(lhs_shape));
            grads.add(1, || quotient.mul(&lhs_value).div(&rhs_value).neg().sum_to(rhs_shape));
        })
    }

    /// `-self`. vjp: `grad_self = -grad_out`.
    #[must_use]
    pub fn neg(&self) -> Var {
        Var::record("neg", &[self], self.value().neg(), |grad_out, grads| {
            grads.add(0, || grad_out.neg());
        })
    }

    /// `self + number`. vjp: `grad_self = grad_out`.
    #[must_use]
    pub fn add_scalar(&self, number: f64) -> Var {
        Var::record("add_scalar", &[self], self.value().add_scalar(number), |grad_out, grads| {
            grads.add(0, || grad_out.clone());
        })
    }

    /// `number * self`. vjp: `grad_self = number * grad_out`.
    #[must_use]
    pub fn mul_scalar(&self, number: f64) -> Var {
        Var::record("mul_scalar", &[self], self.value().mul_scalar(number), move |grad_out, grads| {
            grads.add(0, || grad_out.mul_scalar(number));
        })
    }

    /// `self` to a whole power. vjp: `grad_self = n * self^(n-1) * grad_out`; zero for n = 0, also where
    /// `self` is 0. Of negative powers holds at 0 what does of [`div`](Var::div).
    #[must_use]
    pub fn powi(&self, n: i32) -> Var {
        let x = self.value().clone();
        Var::record("powi", &[self], self.value().powi(n), move |grad_out, grads| {
            grads.add(0, || match n {
                0 => Tensor::zeros(x.shape(), x.dtype()), // 0 * self^-1 would be NaN at 0
                _ => x.powi(n - 1).mul_scalar(f64::from(n)).mul(grad_out),
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::tape::Tape;
    use crate::testing::{check, normal, positive};
    use crate::var::Var;
    use tensor::{DType, Shape, Tensor};

    /// Shapes of two operands: equal, broadcast on either side or both, of different ranks, rank 0,
    /// empty.
    fn shape_pairs() -> Vec<(Shape, Shape)> {
        let pairs: [(&[usize], &[usize]); 8] = [
            (&[2, 3], &[2, 3]),
            (&[2, 3], &[3]),
            (&[1, 3], &[2, 1]),
            (&[2, 1, 2], &[3, 1]),
            (&[], &[2, 2]),
            (&[2], &[]),
            (&[], &[]),
            (&[0, 2], &[1, 2]),
        ];
        pairs.map(|(lhs, rhs)| (lhs.into(), rhs.into())).to_vec()
    }

    #[test]
    fn gradients_of_binary_operations() {
        for (lhs, rhs) in shape_pairs() {
            let inputs = [normal("lhs", lhs), positive("rhs", rhs)];
            check("add", &inputs, |v| v[0].add(&v[1]));
            check("sub", &inputs, |v| v[0].sub(&v[1]));
            check("mul", &inputs, |v| v[0].mul(&v[1]));
            check("div", &inputs, |v| v[0].div(&v[1]));
        }
    }

    #[test]
    fn gradients_of_an_operation_with_itself() {
        let x = [positive("x", [2, 3])];
        check("add", &x, |v| v[0].add(&v[0]));
        check("sub", &x, |v| v[0].sub(&v[0]));
        check("mul", &x, |v| v[0].mul(&v[0]));
        check("div", &x, |v| v[0].div(&v[0]));
        check("mul", &x, |v| v[0].mul(&v[0].slice(1, 0..1))); // [2, 3] * [2, 1]
    }

    #[test]
    fn gradients_of_unary_operations() {
        let x = [normal("x", [2, 3])];
        check("neg", &x, |v| v[0].neg());
        check("add_scalar", &x, |v| v[0].add_scalar(0.7));
        check("mul_scalar", &x, |v| v[0].mul_scalar(-1.3));
        for n in [-2, -1, 0, 1, 2, 5] {
            check("powi", &[positive("x", [2, 2])], |v| v[0].powi(n));
        }
    }

    #[test]
    fn only_the_other_operand_is_differentiated() {
        let constant = Var::constant(positive("constant", [2, 3]));
        let x = [positive("x", [2, 3])];
        check("mul", &x, |v| constant.mul(&v[0]));
        check("mul", &x, |v| v[0].mul(&constant));
        check("div", &x, |v| constant.div(&v[0]));
        check("div", &x, |v| v[0].div(&constant));
    }

    #[test]
    fn powers_at_zero() {
        let slope = |n| {
            let x = Tape::new().var(Tensor::scalar(0.0));
            x.powi(n).backward().get(&x).unwrap().item()
        };
        assert_eq!([0, 1, 2].map(slope), [0.0, 1.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "mul: shapes [2, 3] and [4] do not broadcast")]
    fn panics_name_the_operation_and_both_shapes() {
        let x = Tape::new().var(Tensor::ones([2, 3], DType::F64));
        let _ = x * Var::constant(Tensor::ones([4], DType::F64));
    }
}
