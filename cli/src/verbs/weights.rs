//! `--weights`: how the weights of a model in use are kept.

use clap::ValueEnum;
use tensor::Packing;

/// How weights are kept; see [`Packing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Weights {
    /// As they are in the model's file, 4 bytes each
    F32,
    /// Rounded to bf16, 2 bytes each
    Bf16,
    /// Whole numbers of a byte each, and a scale for each output; what they multiply is rounded too
    Int8,
}

impl From<Weights> for Packing {
    fn from(weights: Weights) -> Packing {
        match weights {
            Weights::F32 => Packing::F32,
            Weights::Bf16 => Packing::Bf16,
            Weights::Int8 => Packing::Int8,
        }
    }
}
