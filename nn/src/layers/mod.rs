//! Layers: small structs of parameter ids and settings, each with
//! `forward(&self, cx: &Context, x: &Var) -> Var`.
//!
//! What is particular to the Transformer (attention with heads, the feed-forward block, residual and norm)
//! is built from these in the crate `transformer`. Losses are operations and live in `autograd`.

mod dropout;
mod embedding;
mod layer_norm;
mod linear;

pub use dropout::Dropout;
pub use embedding::Embedding;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
