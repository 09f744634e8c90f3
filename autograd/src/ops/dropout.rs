//! `dropout` (Srivastava et al. 2014).

use tensor::Seed;

use crate::var::Var;

impl Var {
    /// Each element set to zero with probability `p`, else divided by `1 - p`, so that its expectation
    /// stays. Which ones is decided by `seed` and the element's place alone.
    ///
    /// This is a product with fixed factors, 0 or `1 / (1 - p)`, and so is its vjp:
    /// `grad_self = dropout(grad_out)` with the same seed. The seed is all that is saved; the factors are
    /// computed again.
    ///
    /// # Panics
    /// If `p` is not in [0, 1).
    #[must_use]
    #[track_caller]
    pub fn dropout(&self, p: f64, seed: Seed) -> Var {
        Var::record("dropout", &[self], self.value().dropout(p, seed), move |grad_out, grads| {
            grads.add(0, || grad_out.dropout(p, seed));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check, normal};
    use tensor::{DType, Tensor};

    #[test]
    fn gradients() {
        let seed = Seed::new(3);
        for p in [0.0, 0.3, 0.9] {
            check("dropout", &[normal("x", [3, 5])], |v| v[0].dropout(p, seed));
            // With a grad_out that is not contiguous.
            check("dropout", &[normal("x", [3, 5])], |v| v[0].dropout(p, seed).transpose(0, 1));
            check("shared", &[normal("x", [2, 3])], |v| {
                v[0].dropout(p, seed) * v[0].dropout(p, Seed::new(4))
            });
        }
    }

    #[test]
    fn equals_a_product_with_its_factors() {
        let factors = Var::constant(Tensor::ones([4, 5], DType::F64).dropout(0.4, Seed::new(3)));
        assert_agree(&[normal("x", [4, 5])], |v| v[0].dropout(0.4, Seed::new(3)), |v| &v[0] * &factors);
    }

    #[test]
    fn what_was_dropped_gets_no_gradient_and_the_rest_is_scaled() {
        let x = Tape::new().var(Tensor::ones([1000], DType::F64));
        let out = x.dropout(0.5, Seed::new(7));
        let kept = out.value().clone();
        assert_eq!(out.sum(.., false).backward().get(&x), Some(&kept));
        let kept = kept.to_f64_vec();
        assert!(kept.iter().all(|&x| x == 0.0 || x == 2.0));
        assert!((400..600).contains(&kept.iter().filter(|&&x| x == 0.0).count()));
    }
}
