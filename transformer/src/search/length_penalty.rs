//! Making translations of different lengths comparable.
//!
//! Sums of log-probabilities fall with every word, so short translations score better than they deserve.

/// What log-probabilities are divided by before translations of different lengths are compared. Lengths
/// count tokens, `<eos>` included. The two forms are not interchangeable: the same alpha means different
/// things.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LengthPenalty {
    /// 1: log-probabilities as they are.
    None,
    /// ((5 + len) / 6)^alpha: Wu et al. 2016 (GNMT), tensor2tensor, and the paper with alpha 0.6.
    Gnmt {
        /// The exponent; 0 is no penalty.
        alpha: f64,
    },
    /// len^alpha: fairseq, Marian, CTranslate2. With alpha 1, the mean log-probability per token.
    Power {
        /// The exponent; 0 is no penalty.
        alpha: f64,
    },
}

impl LengthPenalty {
    /// The divisor for a translation of `len` tokens.
    pub fn divisor(self, len: usize) -> f64 {
        match self {
            LengthPenalty::None => 1.0,
            LengthPenalty::Gnmt { alpha } => ((5.0 + len as f64) / 6.0).powf(alpha),
            LengthPenalty::Power { alpha } => (len as f64).powf(alpha),
        }
    }

    /// The exponent; 0 for none.
    pub(super) fn alpha(self) -> f64 {
        match self {
            LengthPenalty::None => 0.0,
            LengthPenalty::Gnmt { alpha } | LengthPenalty::Power { alpha } => alpha,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_length_penalties_are_not_the_same() {
        let gnmt = LengthPenalty::Gnmt { alpha: 0.6 };
        assert!((gnmt.divisor(7) - 2f64.powf(0.6)).abs() < 1e-15); // (5 + 7) / 6 = 2
        assert_eq!(LengthPenalty::Power { alpha: 1.0 }.divisor(7), 7.0);
        assert_eq!((gnmt.divisor(1), LengthPenalty::None.divisor(9)), (1.0, 1.0));
    }
}
