//! The draws of numpy's `default_rng`, which sacrebleu's samples come from.
//!
//! A seed is stirred to 256 bits as `SeedSequence` does (O'Neill's `seed_seq`, with a pool of four words); they start a
//! PCG64 (O'Neill 2014); its numbers of 64 bits are taken as two of 32, the lower first; and an index below n is the
//! upper half of n times such a number, where those that would favour some index are drawn again (Lemire 2019).

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// numpy's `Generator`, as far as it is needed.
#[derive(Clone)]
pub struct Generator {
    pcg: Pcg64,
    /// The upper half of the last number, where only the lower one is used yet.
    half: Option<u32>,
}

impl Generator {
    /// `numpy.random.default_rng(seed)`.
    pub fn new(seed: u64) -> Generator {
        let [a, b, c, d] = stirred(seed);
        let wide = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        Generator { pcg: Pcg64::new(wide(a, b), wide(c, d)), half: None }
    }

    fn next_u32(&mut self) -> u32 {
        self.half.take().unwrap_or_else(|| {
            let both = self.pcg.next_u64();
            self.half = Some((both >> 32) as u32);
            both as u32
        })
    }

    /// `integers(n)`: an index below `n`. Of one there is nothing to draw.
    ///
    /// # Panics
    /// If `n` is 0 or beyond 32 bits.
    #[track_caller]
    pub fn below(&mut self, n: usize) -> usize {
        let bound = u32::try_from(n).expect("below: n fits 32 bits");
        assert!(bound > 0, "below: there is no index below 0");
        if bound == 1 {
            return 0;
        }
        let favoured = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= favoured {
                return (product >> 32) as usize;
            }
        }
    }

    /// `integers(2, size=len, dtype=bool)`, whatever the `len`: bits of numbers of 32, the lowest first. What is left of
    /// the last is lost.
    pub fn coins(&mut self) -> impl Iterator<Item = bool> {
        let mut bits = 0;
        (0usize..).map(move |i| {
            bits = if i.is_multiple_of(32) { self.next_u32() } else { bits >> 1 };
            bits & 1 == 1
        })
    }
}

/// `SeedSequence(seed).generate_state(4, numpy.uint64)`.
fn stirred(seed: u64) -> [u64; 4] {
    let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0];
    let mut hash = hash(0x43b0_d7e5, 0x931e_8875);
    pool = pool.map(&mut hash);
    for from in 0..pool.len() {
        for to in (0..pool.len()).filter(|&to| to != from) {
            let (x, y) = (pool[to].wrapping_mul(0xca01_f9dd), hash(pool[from]).wrapping_mul(0x4973_f715));
            let mixed = x.wrapping_sub(y);
            pool[to] = mixed ^ mixed >> 16;
        }
    }
    let mut hash = self::hash(0x8b51_f9dd, 0x58f3_8ded);
    let mut words = pool.iter().cycle().map(|&word| u64::from(hash(word)));
    std::array::from_fn(|_| {
        let (low, high) = (words.next().unwrap_or(0), words.next().unwrap_or(0));
        high << 32 | low
    })
}

/// A hash of words, each with another constant.
fn hash(mut constant: u32, factor: u32) -> impl FnMut(u32) -> u32 {
    move |word| {
        let word = word ^ constant;
        constant = constant.wrapping_mul(factor);
        let word = word.wrapping_mul(constant);
        word ^ word >> 16
    }
}
