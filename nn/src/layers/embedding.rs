//! Token ids to vectors: row `id` of a matrix.

use autograd::Var;

use crate::builder::ParamBuilder;
use crate::context::Context;
use crate::init::Init;
use crate::layout::ParamId;

/// A table with one learned vector per token id (Vaswani et al. 2017, §3.4).
///
/// The Transformer starts it from N(0, 1/d_model), the second being the variance, and multiplies the
/// looked-up vectors by sqrt(d_model), so that they enter with unit variance while the same matrix, used
/// unscaled as the output projection, gives logits of moderate size. [`with_scale`](Self::with_scale) is that
/// factor.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// The table `[vocab_size, d_model]`, named `weight`.
    pub weight: ParamId,
    /// What the vectors are multiplied by, if anything.
    pub scale: Option<f64>,
}

impl Embedding {
    /// A table of `vocab_size` vectors, not scaled.
    ///
    /// # Panics
    /// If the scope already has a `weight`.
    #[track_caller]
    pub fn new(builder: &mut ParamBuilder, vocab_size: usize, d_model: usize, init: Init) -> Self {
        Embedding { weight: builder.param("weight", [vocab_size, d_model], init), scale: None }
    }

    /// The same, multiplying the vectors by `scale`: sqrt(d_model) in the paper.
    pub fn with_scale(self, scale: f64) -> Self {
        Embedding { scale: Some(scale), ..self }
    }

    /// Looks the ids up: `-> [ids, d_model]`
    ///
    /// # Panics
    /// If an id is not below `vocab_size`; check ids where they enter the program.
    #[track_caller]
    pub fn forward(&self, cx: &Context, ids: &[u32]) -> Var {
        let rows = cx.param(self.weight).gather_rows(ids); // [ids, d_model]
        match self.scale {
            Some(scale) => rows.mul_scalar(scale),
            None => rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use autograd::Tape;
    use tensor::{DType, Seed, Tensor};

    use super::*;
    use crate::params::Params;

    #[test]
    fn looks_rows_up_and_adds_their_gradients() {
        let mut params = Params::new(DType::F64);
        let init = Init::Normal { std: 0.5 };
        let plain = Embedding::new(&mut ParamBuilder::new(&mut params, Seed::new(0)), 3, 2, init);
        *params.get_mut(plain.weight) = Tensor::from([[1.0f64, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let scaled = plain.clone().with_scale(2.0);

        let tape = Tape::new();
        let cx = Context::training(&params, &tape, Seed::new(0));
        assert_eq!(plain.forward(&cx, &[2, 0]).value(), &Tensor::from([[5.0f64, 6.0], [1.0, 2.0]]));
        let rows = scaled.forward(&cx, &[2, 0, 2]);
        assert_eq!(rows.value(), &Tensor::from([[10.0f64, 12.0], [2.0, 4.0], [10.0, 12.0]]));

        let gradients = cx.gradients(rows.sum(.., false).backward());
        assert_eq!(gradients.get(plain.weight), Some(&Tensor::from([[2.0f64, 2.0], [0.0, 0.0], [4.0, 4.0]])));
    }
}
