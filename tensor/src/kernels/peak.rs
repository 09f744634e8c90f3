//! What this machine can do at most, to say of a benchmark how much of it was used: multiply-adds that touch
//! no memory, and reads that compute nothing.
//!
//! For benchmarks alone.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use super::pages::Pages;
use crate::simd;
use crate::threads;

/// Independent sums, enough to hide the latency of a multiply-add on today's processors (4 to 5 cycles, two
/// per cycle), and few enough to stay in registers.
const CHAINS: usize = 12;
/// Multiply-adds per lane in one measurement, and measurements on each thread.
const ROUNDS: usize = 1 << 17;
const WINDOWS: usize = 200;
/// What is read in one measurement, and in all: more than caches hold.
const WINDOW_BYTES: usize = 1 << 20;
const READ_BYTES: usize = 512 * WINDOW_BYTES;
/// From how many places a thread reads.
const PLACES: usize = 4;

/// Multiply-adds in f32, two operations each, in operations per second: all threads of the current pool
/// together, in the registers that are fastest here.
///
/// # Panics
/// If the system has no clock.
#[must_use]
pub fn fma_flops() -> f64 {
    let rate_in = |&(lanes, chains): &(usize, fn())| {
        let operations = (ROUNDS * CHAINS * lanes * 2) as f64;
        rate(WINDOWS, operations, |_| chains())
    };
    registers().iter().map(rate_in).fold(0.0, f64::max)
}

/// Bytes read from memory per second by all threads of the current pool together: from large pages, where there are any, and
/// from several places at a time, which is how they come fastest.
///
/// # Panics
/// If the system has no clock.
#[must_use]
pub fn read_bandwidth() -> f64 {
    let window = vec![1u64; WINDOW_BYTES / 8];
    let windows: Vec<Pages<u64>> = (0..READ_BYTES / WINDOW_BYTES).map(|_| Pages::of(&window)).collect();
    let per_thread = windows.len().div_ceil(threads::count());
    rate(per_thread, WINDOW_BYTES as f64, |index| {
        let sum = simd!(sum_of_places(&windows[index % windows.len()]));
        black_box(sum);
    })
}

/// The sum of numbers that are read from `PLACES` places in turn, a cache line from each.
#[inline(always)]
fn sum_of_places(numbers: &[u64]) -> u64 {
    let (lines, _) = numbers.as_chunks::<8>();
    let mut sums = [0u64; 8];
    let places = lines.len() / PLACES;
    for line in 0..places {
        for place in 0..PLACES {
            let line = &lines[place * places + line];
            sums.iter_mut().zip(line).for_each(|(sum, x)| *sum = sum.wrapping_add(*x));
        }
    }
    sums.iter().fold(0, |sum, x| sum.wrapping_add(*x))
}

/// How much the threads of the current pool do per second, all at the same time: the sum of the median rates of
/// each, which does `amount` in each of its windows. They are shorter than a time slice, so that where the machine has
/// more to do the median is of those that nothing interrupts. `work` gets a number that no other window has.
fn rate(windows: usize, amount: f64, work: impl Fn(usize) + Sync) -> f64 {
    threads::on_worker(|| {
        let together = Barrier::new(threads::count());
        let rates = rayon::broadcast(|worker| {
            let seconds = |window| {
                let started = Instant::now();
                work(worker.index() * windows + window);
                started.elapsed().as_secs_f64()
            };
            together.wait();
            let mut seconds: Vec<f64> = (0..windows).map(seconds).collect();
            seconds.sort_by(f64::total_cmp);
            amount / seconds[windows / 2]
        });
        rates.iter().sum()
    })
}

/// Keeps `CHAINS` registers busy.
#[inline(always)]
fn chains<Register: Copy>(start: Register, multiply_add: impl Fn(Register) -> Register) {
    let mut sums = [start; CHAINS];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = multiply_add(*sum);
        }
    }
    black_box(sums);
}

/// The kinds of registers that this processor has: how many lanes, and a function that uses them.
fn registers() -> Vec<(usize, fn())> {
    #[allow(unused_mut)] // what follows is of one kind of processor
    let mut found: Vec<(usize, fn())> = vec![(4, four_lanes)];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the features that the function is compiled for.
            found.push((8, || unsafe { avx_fma() }));
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has the feature that the function is compiled for.
            found.push((16, || unsafe { avx512() }));
        }
    }
    found
}

/// What every x86-64 and aarch64 has. Fused where each processor of the kind can; elsewhere that would be a call.
fn four_lanes() {
    let (factor, term) = (black_box(0.999f32), black_box(0.001));
    let multiply_add = |x: f32| match cfg!(target_arch = "aarch64") {
        true => x.mul_add(factor, term),
        false => x * factor + term,
    };
    chains([term; 4], |sum| sum.map(multiply_add));
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx,fma")]
fn avx_fma() {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps};
    let (factor, term) = (_mm256_set1_ps(black_box(0.999)), _mm256_set1_ps(black_box(0.001)));
    chains(term, |sum| _mm256_fmadd_ps(sum, factor, term));
}

/// With intrinsics, because in a loop over 16 lanes the compiler finds no vectors.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512() {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
    let (factor, term) = (_mm512_set1_ps(black_box(0.999)), _mm512_set1_ps(black_box(0.001)));
    chains(term, |sum| _mm512_fmadd_ps(sum, factor, term));
}
