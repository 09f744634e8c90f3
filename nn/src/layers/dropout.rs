//! Dropout (Srivastava et al. 2014), inverted: what is kept is scaled up in training, so that using the
//! model needs no change.

use autograd::Var;
use tensor::Seed;

use crate::builder::ParamBuilder;
use crate::context::Context;

/// In training sets each element to 0 with probability `p` and multiplies the others by 1 / (1 - p); at
/// inference does nothing at all.
///
/// What is dropped depends on the step's seed and on the scope the layer was built in. Use one layer per
/// place: the same layer applied twice in a step drops the same elements twice.
#[derive(Clone, Debug)]
pub struct Dropout {
    p: f64,
    stream: String,
}

impl Dropout {
    /// Dropout with the random stream named by the builder's scope.
    ///
    /// # Panics
    /// If `p` is not in [0, 1), or the scope already has a random stream.
    #[track_caller]
    pub fn new(builder: &mut ParamBuilder, p: f64) -> Self {
        assert!((0.0..1.0).contains(&p), "dropout: p must be in [0, 1), not {p}");
        Dropout { p, stream: builder.stream() }
    }

    /// The probability and the random stream of this step, if there is anything to drop. For operations that
    /// do their own dropout, such as attention.
    pub fn active(&self, cx: &Context) -> Option<(f64, Seed)> {
        cx.seed(&self.stream).filter(|_| self.p > 0.0).map(|seed| (self.p, seed))
    }

    /// `[..] -> [..]`
    pub fn forward(&self, cx: &Context, x: &Var) -> Var {
        match self.active(cx) {
            Some((p, seed)) => x.dropout(p, seed),
            None => x.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use autograd::Tape;
    use tensor::{DType, Tensor};

    use super::*;
    use crate::params::Params;

    fn drop_ones(p: f64, scope: &str, step: u64) -> Vec<f64> {
        let mut params = Params::new(DType::F64);
        let dropout = Dropout::new(&mut ParamBuilder::new(&mut params, Seed::new(0)).scope(scope), p);
        let tape = Tape::new();
        let cx = Context::training(&params, &tape, Seed::new(1).derive_index(step));
        dropout.forward(&cx, &Var::constant(Tensor::ones([10_000], DType::F64))).value().to_f64_vec()
    }

    #[test]
    fn drops_the_share_asked_for_and_scales_the_rest() {
        let values = drop_ones(0.2, "a", 1);
        assert!(values.iter().all(|&x| x == 0.0 || x == 1.25));
        let dropped = values.iter().filter(|&&x| x == 0.0).count();
        assert!((1800..2200).contains(&dropped), "{dropped} of 10000"); // five standard deviations
    }

    #[test]
    fn the_stream_is_named_by_step_and_scope() {
        assert_eq!(drop_ones(0.5, "a", 1), drop_ones(0.5, "a", 1));
        assert_ne!(drop_ones(0.5, "a", 1), drop_ones(0.5, "a", 2));
        assert_ne!(drop_ones(0.5, "a", 1), drop_ones(0.5, "b", 1));
    }

    #[test]
    fn inference_and_p_zero_pass_the_value_through() {
        let mut params = Params::new(DType::F32);
        let mut root = ParamBuilder::new(&mut params, Seed::new(0));
        let (some, none) = (Dropout::new(&mut root.scope("a"), 0.5), Dropout::new(&mut root.scope("b"), 0.0));
        let tape = Tape::new();
        let x = tape.var(Tensor::ones([4], DType::F32));
        let training = Context::training(&params, &tape, Seed::new(0));
        let recorded = tape.len();
        assert_eq!(none.forward(&training, &x).value(), x.value());
        assert_eq!(some.forward(&Context::inference(&params), &x).value(), x.value());
        assert_eq!(tape.len(), recorded);
    }

    #[test]
    #[should_panic(expected = "dropout: p must be in [0, 1), not 1")]
    fn everything_cannot_be_dropped() {
        Dropout::new(&mut ParamBuilder::new(&mut Params::new(DType::F32), Seed::new(0)), 1.0);
    }
}
