//! Named random streams.
//!
//! Every random number in the project comes from a [`Seed`] that is derived from the run's seed by
//! names and step numbers, never from a generator that is passed around. A draw therefore depends on
//! where it is used, not on what was drawn before it: a run can stop, resume, reorder its layers or
//! change its number of threads and still see the same numbers.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The start of a random stream. Derive one stream per use; a stream used twice repeats itself.
///
/// ```
/// use tensor::Seed;
/// let dropout = Seed::new(42).derive("encoder.dropout").derive_index(7);
/// assert_eq!(dropout, Seed::new(42).derive("encoder.dropout").derive_index(7));
/// assert_ne!(dropout, Seed::new(42).derive("decoder.dropout").derive_index(7));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Seed(pub u64);

impl Seed {
    /// The root of a run's streams.
    pub const fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    /// The stream with this name under this one.
    #[must_use]
    pub fn derive(self, name: &str) -> Seed {
        let hash =
            name.bytes().fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
        Seed(mix(self.0 ^ mix(hash)))
    }

    /// The stream with this number (a step, an epoch, a row) under this one.
    #[must_use]
    pub fn derive_index(self, index: u64) -> Seed {
        Seed(mix(mix(self.0.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ index))
    }

    /// A generator at the start of this stream.
    pub fn rng(self) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.0)
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection in which every input bit
/// changes every output bit with probability close to one half.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn streams_do_not_collide() {
        let mut seen = HashSet::new();
        for root in 0..20 {
            for name in ["", "a", "b", "ab", "encoder.0", "encoder.1"] {
                for index in 0..50 {
                    assert!(seen.insert(Seed::new(root).derive(name).derive_index(index)));
                }
            }
        }
    }

    #[test]
    fn mix_changes_about_half_the_bits() {
        for bit in 0..64 {
            let flipped: u32 = (1..200u64).map(|x| (mix(x) ^ mix(x ^ (1 << bit))).count_ones()).sum();
            let mean = f64::from(flipped) / 199.0;
            assert!((28.0..36.0).contains(&mean), "bit {bit} changes {mean} bits on average");
        }
    }
}
