//! What enters a stack: embeddings plus positions, then dropout (Vaswani et al. 2017, §3.4, §3.5, §5.4).
//!
//! Embeddings start from N(0, 1/d_model) (the variance) and are multiplied by sqrt(d_model) on the way in,
//! so that their elements have unit variance beside the sinusoids', which lie in -1..=1. The same matrix,
//! unscaled, can serve as the output projection. Positions are added rather than concatenated: the width
//! stays d_model and the projections learn which directions to read places from.

use autograd::Var;
use nn::{Context, Dropout, Embedding, Init, ParamBuilder, ParamId};

use crate::config::Architecture;
use crate::config::Positions;
use crate::error::Error;

/// Tokens and their places as vectors.
#[derive(Clone, Debug)]
pub struct Embed {
    embedding: Embedding,
    positions: Positions,
    learned_positions: Option<ParamId>,
    max_len: usize,
    dropout: Dropout,
}

impl Embed {
    /// Looks tokens up in `embedding`; what else belongs to it lies under the builder's scope.
    pub(crate) fn new(builder: &mut ParamBuilder, embedding: Embedding, architecture: &Architecture) -> Self {
        let init = embedding_init(architecture);
        let shape = [architecture.max_len, architecture.d_model];
        let learned = architecture.positions == Positions::Learned;
        Embed {
            embedding,
            positions: architecture.positions,
            learned_positions: learned.then(|| builder.scope("positions").param("weight", shape, init)),
            max_len: architecture.max_len,
            dropout: Dropout::new(&mut builder.scope("dropout"), architecture.dropout),
        }
    }

    /// The vectors of tokens `ids` `[batch, len]`, without their places. `-> [batch, len, d_model]`
    pub(crate) fn tokens(&self, cx: &Context, ids: &[u32], [batch, len]: [usize; 2]) -> Var {
        let rows = self.embedding.forward(cx, ids); // [batch * len, d_model]
        let d_model = rows.dim(1);
        rows.reshape([batch, len, d_model])
    }

    /// Adds to vectors `x` `[batch, len, d_model]` the positions from `starts[row]` on, or from the only one of `starts`.
    ///
    /// # Errors
    /// [`Error::TooLong`] if positions are learned and do not reach so far.
    pub(crate) fn place(&self, cx: &Context, x: &Var, starts: &[usize]) -> Result<Var, Error> {
        let (len, d_model) = (x.dim(1), x.dim(2));
        let (first, last) = (starts.iter().min().copied(), starts.iter().max().copied());
        let (first, end) = (first.unwrap_or(0), last.unwrap_or(0) + len);
        let positions = match self.learned_positions {
            Some(_) if end > self.max_len => {
                return Err(Error::TooLong { len: end, max_len: self.max_len });
            }
            Some(table) => cx.param(table).slice(0, first..end),
            None => self
                .positions
                .table(first..end, d_model, x.dtype())
                .map(Var::constant)
                .expect("positions that are not learned have a table"),
        }; // [end - first, d_model]
        let positions = match starts {
            [_] => positions, // [len, d_model]
            _ => {
                let of_row =
                    |&start: &usize| (start - first..start - first + len).map(|position| position as u32);
                let rows = positions.gather_rows(&starts.iter().flat_map(of_row).collect::<Vec<_>>());
                rows.reshape([starts.len(), len, d_model]) // [batch, len, d_model]
            }
        };
        cx.trace("tokens", x);
        cx.trace("positions", &positions);
        let out = self.dropout.forward(cx, &(x + &positions)); // [batch, len, d_model]
        cx.trace("embedded", &out);
        Ok(out)
    }
}

/// N(0, 1/d_model), for every matrix whose rows are tokens or positions.
pub(crate) fn embedding_init(architecture: &Architecture) -> Init {
    Init::Normal { std: (architecture.d_model as f64).powf(-0.5) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, VocabSizes};
    use nn::Params;
    use tensor::{DType, Seed, Tensor};

    fn embed(positions: Positions) -> (Embed, Params) {
        let config = Config::toy(VocabSizes::Shared(5)).with(|model| {
            model.d_model = 4;
            model.n_heads = 2;
            model.max_len = 3;
            model.positions = positions;
        });
        let mut params = Params::new(DType::F64);
        let mut builder = ParamBuilder::new(&mut params, Seed::new(1));
        let embedding =
            Embedding::new(&mut builder.scope("embedding"), 5, 4, embedding_init(&config.architecture))
                .with_scale(2.0);
        (Embed::new(&mut builder, embedding, &config.architecture), params)
    }

    #[test]
    fn tokens_are_scaled_and_positions_are_added() {
        let (embed, params) = embed(Positions::Sinusoidal);
        let cx = Context::inference(&params);
        let tokens = embed.tokens(&cx, &[4, 0, 4, 1, 2, 3], [2, 3]); // [2, 3, 4]
        let table = params.get(params.id("embedding.weight").unwrap());
        assert_eq!(tokens.value().at(&[1, 0, 2]), 2.0 * table.at(&[1, 2]));
        let placed = embed.place(&cx, &tokens, &[7]).unwrap();
        let position = crate::layers::positions::interleaved(8..9, 4, DType::F64);
        let difference = placed.value().at(&[0, 1, 3]) - tokens.value().at(&[0, 1, 3]);
        assert!((difference - position.at(&[0, 3])).abs() < 1e-15);
        let each = embed.place(&cx, &tokens, &[9, 7]).unwrap();
        assert_eq!(each.value().slice(0, 1..2), placed.value().slice(0, 1..2), "each row from its own start");
        assert_eq!(
            each.value().slice(0, 0..1),
            embed.place(&cx, &tokens, &[9]).unwrap().value().slice(0, 0..1)
        );
    }

    #[test]
    fn learned_positions_are_rows_of_a_table_and_end_with_it() {
        let (embed, params) = embed(Positions::Learned);
        let cx = Context::inference(&params);
        let zeros = Var::constant(Tensor::zeros([1, 2, 4], DType::F64));
        let placed = embed.place(&cx, &zeros, &[1]).unwrap();
        assert_eq!(
            placed.value().squeeze(0),
            params.get(params.id("positions.weight").unwrap()).slice(0, 1..3)
        );
        assert!(matches!(embed.place(&cx, &zeros, &[2]), Err(Error::TooLong { len: 4, max_len: 3 })));
    }
}
