//! Functions of one element: `exp`, `log`, `sqrt`, `tanh`, `erf`, `relu`, `gelu`, `sigmoid`.
//!
//! The Jacobian of an elementwise function f is diagonal, so that every vjp here is
//! `grad_out * f'(self)`. Where the derivative can be written in terms of the output, the output is saved
//! rather than the input: it often stands in memory anyway, for the operation that reads it.

use std::f64::consts::PI;

use tensor::ops::unary::{gelu_vjp, relu_vjp, sigmoid_vjp, tanh_vjp};

use crate::var::Var;

impl Var {
    /// e to the power of `self`. vjp: `grad_self = grad_out * out`.
    #[must_use]
    pub fn exp(&self) -> Var {
        let out = self.value().exp();
        let saved = out.clone();
        Var::record("exp", &[self], out, move |grad_out, grads| {
            grads.add(0, || grad_out.mul(&saved));
        })
    }

    /// The natural logarithm. vjp: `grad_self = grad_out / self`.
    ///
    /// Note: at 0 value and slope are infinite. Where the result is not wanted there,
    /// [`masked_fill`](Var::masked_fill) has the way to a finite gradient.
    #[must_use]
    pub fn log(&self) -> Var {
        let x = self.value().clone();
        Var::record("log", &[self], self.value().log(), move |grad_out, grads| {
            grads.add(0, || grad_out.div(&x));
        })
    }

    /// The square root. vjp: `grad_self = grad_out / (2 out)`.
    ///
    /// Note: at 0 the slope is infinite, and what was squared before has the slope 0 there, so that the gradient of a
    /// norm, `sqrt(sum(x^2))`, is NaN where all of x is 0. (So it is in PyTorch's and JAX's composed norms.) So is that of
    /// a root which [`where_`](Var::where_) does not choose. If that can happen, add a little under the root, as
    /// [`layer_norm`](Var::layer_norm) does with eps; or take a harmless number where the sum is 0:
    ///
    /// ```
    /// use autograd::{Tape, Var};
    /// use tensor::Tensor;
    ///
    /// fn norm(x: &Var) -> Var {
    ///     let square = x.powi(2).sum(-1, false);
    ///     let zero = Var::constant(Tensor::full([], 0.0, x.dtype()));
    ///     let is_zero = square.value().equal(zero.value());
    ///     Var::where_(&is_zero, &zero, &square.masked_fill(&is_zero, 1.0).sqrt())
    /// }
    ///
    /// let x = Tape::new().var(Tensor::from([[0.0, 0.0], [0.0, 2.0]]));
    /// assert_eq!(norm(&x).value(), &Tensor::from([0.0, 2.0]));
    /// let grad = norm(&x).sum(.., false).backward().take(&x).unwrap();
    /// assert_eq!(grad, Tensor::from([[0.0, 0.0], [0.0, 1.0]]));
    ///
    /// let naive = x.powi(2).sum(-1, false).sqrt().sum(.., false).backward().take(&x).unwrap();
    /// assert!(naive.to_vec::<f64>()[0].is_nan());
    /// ```
    #[must_use]
    pub fn sqrt(&self) -> Var {
        let out = self.value().sqrt();
        let saved = out.clone();
        Var::record("sqrt", &[self], out, move |grad_out, grads| {
            grads.add(0, || grad_out.mul_scalar(0.5).div(&saved));
        })
    }

    /// The hyperbolic tangent. vjp: `grad_self = grad_out * (1 - out^2)`.
    #[must_use]
    pub fn tanh(&self) -> Var {
        let out = self.value().tanh();
        let saved = out.clone();
        Var::record("tanh", &[self], out, move |grad_out, grads| {
            grads.add(0, || tanh_vjp(&saved, grad_out));
        })
    }

    /// The error function, `2/sqrt(pi)` times the integral of `exp(-t^2)` from 0 to `self`.
    /// vjp: `grad_self = grad_out * 2/sqrt(pi) * exp(-self^2)`.
    #[must_use]
    pub fn erf(&self) -> Var {
        let x = self.value().clone();
        Var::record("erf", &[self], self.value().erf(), move |grad_out, grads| {
            grads.add(0, || grad_out.mul(&x.powi(2).neg().exp()).mul_scalar(2.0 / PI.sqrt()));
        })
    }

    /// The larger of `self` and 0. vjp: `grad_self = grad_out` where `self > 0`, else 0; also at 0, where
    /// there is no derivative.
    #[must_use]
    pub fn relu(&self) -> Var {
        let out = self.value().relu();
        let saved = out.clone();
        Var::record("relu", &[self], out, move |grad_out, grads| {
            grads.add(0, || relu_vjp(&saved, grad_out));
        })
    }

    /// The Gaussian error linear unit in its exact form, `self * Phi(self)`, with Phi the distribution
    /// function of N(0, 1): `Phi(x) = (1 + erf(x / sqrt 2)) / 2` (Hendrycks and Gimpel 2016).
    /// vjp: `grad_self = grad_out * (Phi(self) + self * phi(self))`, with the density
    /// `phi(x) = exp(-x^2 / 2) / sqrt(2 pi)`.
    #[must_use]
    pub fn gelu(&self) -> Var {
        let x = self.value().clone();
        Var::record("gelu", &[self], self.value().gelu(), move |grad_out, grads| {
            grads.add(0, || gelu_vjp(&x, grad_out));
        })
    }

    /// `1 / (1 + exp(-self))`. vjp: `grad_self = grad_out * out * (1 - out)`.
    #[must_use]
    pub fn sigmoid(&self) -> Var {
        let out = self.value().sigmoid();
        let saved = out.clone();
        Var::record("sigmoid", &[self], out, move |grad_out, grads| {
            grads.add(0, || sigmoid_vjp(&saved, grad_out));
        })
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_1_SQRT_2;

    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check, normal, positive};
    use tensor::Tensor;

    #[test]
    fn gradients() {
        for shape in [&[2, 3][..], &[4], &[], &[2, 1, 3]] {
            let x = [normal("x", shape)];
            check("exp", &x, |v| v[0].exp());
            check("tanh", &x, |v| v[0].tanh());
            check("erf", &x, |v| v[0].erf());
            check("relu", &x, |v| v[0].relu()); // no element is within the step of the kink at 0
            check("gelu", &x, |v| v[0].gelu());
            check("sigmoid", &x, |v| v[0].sigmoid());
            check("log", &[positive("x", shape)], |v| v[0].log());
            check("sqrt", &[positive("x", shape)], |v| v[0].sqrt());
        }
    }

    #[test]
    fn gradients_of_a_shared_input() {
        check("shared", &[positive("x", [3])], |v| {
            let x = &v[0];
            x.exp() * x.log() + x.sqrt() * x.tanh() + x.erf() * x.relu() + x.gelu() * x.sigmoid()
        });
    }

    #[test]
    fn gelu_is_its_definition() {
        assert_agree(
            &[normal("x", [5])],
            |v| v[0].gelu(),
            |v| &v[0] * ((&v[0] * FRAC_1_SQRT_2).erf() + 1.0) * 0.5,
        );
    }

    #[test]
    fn relu_is_flat_at_zero() {
        let x = Tape::new().var(Tensor::from([-1.0, 0.0, 2.0]));
        assert_eq!(x.relu().sum(.., false).backward().get(&x), Some(&Tensor::from([0.0, 0.0, 1.0])));
    }

    #[test]
    fn hand_computed_slopes() {
        let slope = |f: fn(&Var) -> Var, at: f64| {
            let x = Tape::new().var(Tensor::scalar(at));
            f(&x).backward().get(&x).unwrap().item()
        };
        assert_eq!(slope(Var::exp, 0.0), 1.0);
        assert_eq!(slope(Var::log, 4.0), 0.25);
        assert_eq!(slope(Var::sqrt, 4.0), 0.25);
        assert_eq!(slope(Var::tanh, 0.0), 1.0);
        assert_eq!(slope(Var::sigmoid, 0.0), 0.25);
        assert_eq!(slope(Var::gelu, 0.0), 0.5);
        assert_eq!(slope(Var::erf, 0.0), 2.0 / PI.sqrt());
    }
}
