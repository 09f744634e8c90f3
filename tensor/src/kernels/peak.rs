//! What this machine can do at most, to say of a benchmark how much of it was used: multiply-adds that touch
//! no memory, and reads that compute nothing.

use std::hint::black_box;
use std::time::Instant;

use rayon::prelude::*;

/// Independent sums, enough to hide the latency of a multiply-add on today's processors (4 to 5 cycles, two
/// per cycle).
const CHAINS: usize = 12;
/// Multiply-adds per lane in one measurement; some ten milliseconds.
const ROUNDS: usize = 1 << 22;
/// What is read in one measurement: more than any cache holds.
const READ_BYTES: usize = 256 << 20;
/// Of how many measurements the best counts.
const REPEATS: usize = 5;

/// Multiply-adds in f32, two operations each, in operations per second: all threads of the current pool
/// together.
#[must_use]
pub fn fma_flops() -> f64 {
    let threads = rayon::current_num_threads();
    let (lanes, multiply_adds) = widest();
    let best = fastest(|| {
        (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
            black_box(multiply_adds());
        });
    });
    (threads * ROUNDS * CHAINS * lanes * 2) as f64 / best
}

/// Bytes read from memory per second by all threads of the current pool together.
#[must_use]
pub fn read_bandwidth() -> f64 {
    let data = vec![1u64; READ_BYTES / 8];
    let best = fastest(|| {
        let chunk = data.len().div_ceil(rayon::current_num_threads());
        let sum = data.par_chunks(chunk).map(|part| part.iter().fold(0u64, |sum, x| sum.wrapping_add(*x)));
        black_box(sum.reduce(|| 0, u64::wrapping_add));
    });
    READ_BYTES as f64 / best
}

/// Seconds of the fastest of some runs.
fn fastest(run: impl Fn()) -> f64 {
    let seconds = |_| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64()
    };
    (0..REPEATS).map(seconds).fold(f64::INFINITY, f64::min)
}

/// How many lanes the widest registers of this processor have, and a function that uses them.
fn widest() -> (usize, fn() -> f32) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has the feature that the function is compiled for.
            return (16, || unsafe { chains_avx512() });
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the features that the function is compiled for.
            return (8, || unsafe { chains_avx2() });
        }
    }
    (4, chains::<4>)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn chains_avx512() -> f32 {
    chains::<16>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn chains_avx2() -> f32 {
    chains::<8>()
}

/// One register for each chain: with more they would spill to memory.
#[inline(always)]
fn chains<const LANES: usize>() -> f32 {
    let (factor, term) = (black_box(0.999), black_box(0.001));
    let mut sums = [[1.0f32; LANES]; CHAINS];
    for _ in 0..ROUNDS {
        for chain in &mut sums {
            for sum in chain {
                *sum = sum.mul_add(factor, term);
            }
        }
    }
    sums.iter().flatten().sum()
}
