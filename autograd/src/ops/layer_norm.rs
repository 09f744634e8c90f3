//! `layer_norm`: layer normalisation (Ba, Kiros and Hinton 2016).

use tensor::ops::layer_norm::layer_norm_vjp;

use crate::var::Var;

impl Var {
    /// Each row of the last axis brought to mean 0 and variance 1, then scaled and shifted:
    /// `out = n * gamma + beta` with `n = (self - mean) * rstd` and `rstd = 1 / sqrt(variance + eps)`,
    /// where the variance is the biased one. `self` is `[.., d]`, `gamma` and `beta` are `[d]`.
    ///
    /// An element of a row acts on its own output, on the mean and on the variance. With
    /// `h = grad_out * gamma`, the gradient of n, the three paths add up to
    /// `grad_self = rstd * (h - mean(h) - n * mean(h * n))`, with means over the row; vjp: that, and
    /// summed over the rows, `grad_gamma = sum of grad_out * n`, `grad_beta = sum of grad_out`.
    ///
    /// Note: the three are computed together, even if not all are wanted: they share n and one pass over
    /// the rows, and training wants all of them.
    ///
    /// # Panics
    /// If `gamma` or `beta` does not have the length of the last axis, or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn layer_norm(&self, gamma: &Var, beta: &Var, eps: f64) -> Var {
        let normed = self.value().layer_norm(gamma.value(), beta.value(), eps);
        let inputs = [self, gamma, beta];
        let (x, gamma, mean, rstd) = (self.value().clone(), gamma.value().clone(), normed.mean, normed.rstd);
        Var::record("layer_norm", &inputs, normed.out, move |grad_out, grads| {
            let (grad_x, grad_gamma, grad_beta) = layer_norm_vjp(&x, &gamma, &mean, &rstd, grad_out);
            grads.add(0, || grad_x);
            grads.add(1, || grad_gamma);
            grads.add(2, || grad_beta);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradcheck::assert_gradients;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check_layouts, normal};
    use tensor::Tensor;

    const EPS: f64 = 1e-5;

    #[test]
    fn gradients() {
        for leading in [&[][..], &[3], &[2, 2], &[0]] {
            let x = normal("x", [leading, &[4]].concat());
            let inputs = [x, normal("gamma", [4]), normal("beta", [4])];
            check_layouts("layer_norm", &inputs, |v| v[0].layer_norm(&v[1], &v[2], EPS));
        }
        // A repeated row, and repeated gammas; a row of equal elements is no test, for rstd is then huge.
        let x = normal("x", [1, 4]).broadcast_to([3, 4]);
        let gamma = normal("gamma", [1]).broadcast_to([4]);
        assert_gradients("layer_norm", &[x, gamma.clone(), gamma], |v| v[0].layer_norm(&v[1], &v[2], EPS));
    }

    #[test]
    fn gradients_of_a_shared_input() {
        check_layouts("layer_norm", &[normal("x", [4])], |v| v[0].layer_norm(&v[0], &v[0], EPS));
    }

    #[test]
    fn equals_its_composed_form() {
        let inputs = [normal("x", [2, 3, 5]), normal("gamma", [5]), normal("beta", [5])];
        assert_agree(
            &inputs,
            |v| v[0].layer_norm(&v[1], &v[2], 0.1),
            |v| {
                let deviation = &v[0] - v[0].mean(-1, true);
                deviation / (v[0].variance(-1, true) + 0.1).sqrt() * &v[1] + &v[2]
            },
        );
    }

    #[test]
    fn only_what_is_wanted() {
        let constant = |name| Var::constant(normal(name, [4]));
        let (gamma, beta) = (constant("gamma"), constant("beta"));
        check_layouts("layer_norm", &[normal("x", [2, 4])], |v| v[0].layer_norm(&gamma, &beta, EPS));
        check_layouts("layer_norm", &[normal("beta", [4])], |v| constant("x").layer_norm(&gamma, &v[0], EPS));
    }

    #[test]
    fn a_gradient_along_the_mean_vanishes() {
        let tape = Tape::new();
        let x = tape.var(normal("x", [2, 4]));
        let (gamma, beta) = (Var::constant(Tensor::from([1.0; 4])), Var::constant(Tensor::from([0.0; 4])));
        let gradients = x.layer_norm(&gamma, &beta, EPS).sum(.., false).backward();
        assert!(gradients.get(&x).unwrap().to_f64_vec().iter().all(|grad| grad.abs() < 1e-12));
    }

    #[test]
    #[should_panic(expected = "layer_norm: gamma [4] does not fit the rows of [2, 3]")]
    fn panics_name_the_operation_and_both_shapes() {
        let constant = |name, len: usize| Var::constant(normal(name, [len]));
        let _ =
            Tape::new().var(normal("x", [2, 3])).layer_norm(&constant("gamma", 4), &constant("beta", 4), EPS);
    }
}
