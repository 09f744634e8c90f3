//! [`Packing`]: how a matrix is kept that is multiplied by many times.

use std::fmt;
use std::str::FromStr;

/// How [`Tensor::prepacked`](crate::Tensor::prepacked) keeps the weights of a model in use. Decoding reads every weight for every
/// token and waits for memory: the fewer bytes, the faster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Packing {
    /// As they are, 4 bytes a number; the same bits as unpacked.
    #[default]
    F32,
    /// Rounded to bf16, 2 bytes a number. What it is multiplied by is not rounded.
    Bf16,
    /// Whole numbers of -127..=127, a byte each, and a scale for each row of the matrix. What it is multiplied by is rounded in the same way
    /// as it comes, and sums are exact (Jacob et al. 2018, section 2, without zero points).
    Int8,
}

impl Packing {
    /// All of them.
    pub const ALL: [Packing; 3] = [Packing::F32, Packing::Bf16, Packing::Int8];
}

/// By the name that it is displayed by.
impl FromStr for Packing {
    type Err = String;

    fn from_str(name: &str) -> Result<Packing, String> {
        let found = Packing::ALL.into_iter().find(|packing| packing.to_string() == name);
        found.ok_or_else(|| format!("{name:?} is none of f32, bf16 and int8"))
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Packing::F32 => "f32",
            Packing::Bf16 => "bf16",
            Packing::Int8 => "int8",
        })
    }
}
