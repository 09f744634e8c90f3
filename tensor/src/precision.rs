//! [`Precision`]: how finely products in f32 take their operands.

use std::fmt;

use crate::kernels::gemm::bf16::pays;

/// How finely the operands of a matrix product in f32 are taken. Sums and results are f32 in any case, and so is all that is no
/// product; products in f64 are always whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// As they are.
    #[default]
    F32,
    /// Rounded to bf16: of the 24 binary digits of an f32 the first 8, with the same exponents. Processors with the
    /// instructions for it (AVX-512-BF16 of AMD's Zen 4 and later) multiply twice as many at a time; on all others with fused
    /// multiply-adds the results are the same bits, and cost a copy of the operands more than those in f32.
    Bf16,
}

impl Precision {
    /// All of them.
    pub const ALL: [Precision; 2] = [Precision::F32, Precision::Bf16];

    /// Whether no other takes less time on this processor: of bf16, whether it has instructions for it that are faster than
    /// those for f32. They are timed once.
    #[must_use]
    pub fn is_fast_here(self) -> bool {
        self == Precision::F32 || pays()
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
        })
    }
}
