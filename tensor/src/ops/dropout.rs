//! Dropout (Srivastava et al. 2014).

use crate::dispatch;
use crate::kernels::dropout::{self, Dropout};
use crate::random::Seed;
use crate::tensor::Tensor;

impl Tensor {
    /// Each element zero with probability `p`, else divided by `1 - p`.
    ///
    /// Which ones is a function of `seed` and the element's row-major index alone. The operation is linear
    /// and its matrix is diagonal, so it is its own vjp: `grad_out.dropout(p, seed)`. A `p` of 0 is the
    /// identity.
    ///
    /// # Panics
    /// If `p` is not in [0, 1).
    #[must_use]
    #[track_caller]
    pub fn dropout(&self, p: f64, seed: Seed) -> Tensor {
        let dropout = Dropout::new(p, seed);
        if p == 0.0 {
            return self.clone();
        }
        let x = self.contiguous();
        dispatch!(x.dtype(), T => Tensor::from_vec(dropout::dropout::<T>(x.data(), dropout), x.shape()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;

    const SEED: Seed = Seed(3);

    #[test]
    fn the_choice_depends_on_the_index_and_the_seed_alone() {
        let x = Tensor::arange(1.0, 61.0, 1.0, DType::F64).reshape([6, 10]);
        let kept = Tensor::ones([6, 10], DType::F64).dropout(0.4, SEED);
        assert_eq!(x.dropout(0.4, SEED), x.mul(&kept), "every tensor of a shape loses the same elements");
        assert_eq!(x.transpose(0, 1).dropout(0.4, SEED), x.transpose(0, 1).mul(&kept.reshape([10, 6])));
        assert_ne!(kept, Tensor::ones([6, 10], DType::F64).dropout(0.4, Seed(4)));
        let f32 = Tensor::ones([6, 10], DType::F32).dropout(0.5, SEED);
        assert_eq!(f32.to_dtype(DType::F64), Tensor::ones([6, 10], DType::F64).dropout(0.5, SEED));
    }

    #[test]
    fn it_is_its_own_vjp() {
        let normal = |name: &str| Tensor::normal([7, 9], 0.0, 1.0, SEED.derive(name), DType::F64);
        let (x, grad_out) = (normal("x"), normal("grad"));
        let forward = x.dropout(0.25, SEED).mul(&grad_out).sum(.., false).item();
        let backward = x.mul(&grad_out.dropout(0.25, SEED)).sum(.., false).item();
        assert!((forward - backward).abs() < 1e-12, "<dropout(x), g> = <x, dropout(g)>");
    }

    #[test]
    fn zero_is_the_identity() {
        let x = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]).transpose(0, 1);
        assert_eq!(x.dropout(0.0, SEED), x);
        assert_eq!(Tensor::zeros([0], DType::F32).dropout(0.5, SEED).numel(), 0);
    }

    #[test]
    #[should_panic(expected = "dropout: probability -0.1 is not in [0, 1)")]
    fn a_negative_probability_panics() {
        let _ = Tensor::zeros([1], DType::F32).dropout(-0.1, SEED);
    }
}
