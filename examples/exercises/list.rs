//! All exercises, and what each is held to.

use crate::kit::Verdict;
use crate::{checks, yours};
#[cfg(test)]
use crate::{mistakes, solutions};

/// The chapters, as their modules are called, and their titles.
pub const CHAPTERS: [(&str, &str); 12] = [
    ("ch01_numbers", "Numbers and views"),
    ("ch02_multiply_add", "The multiply-add"),
    ("ch03_backward", "The chain rule as a loop"),
    ("ch04_vjp", "An operation and its vjp"),
    ("ch05_gradcheck", "Is a gradient right?"),
    ("ch06_learning", "Parameters and optimizers"),
    ("ch07_attention", "Attention"),
    ("ch08_positions", "Positions"),
    ("ch09_encoder_decoder", "Encoder and decoder"),
    ("ch10_training", "Loss and training"),
    ("ch11_decoding", "Decoding"),
    ("ch12_beyond", "Speed, and the rest"),
];

/// A function to be written.
pub struct Exercise {
    /// The chapter that it belongs to.
    pub chapter: &'static str,
    /// The function's name.
    pub name: &'static str,
    /// The check of what stands in `yours/`.
    pub yours: fn() -> Verdict,
    /// The check of the solution.
    #[cfg(test)]
    pub solution: fn() -> Verdict,
    /// The check of a mistake that one might make.
    #[cfg(test)]
    pub mistake: fn() -> Verdict,
}

/// Each function has the same name in `yours`, in `solutions` and in `mistakes`, and so has its check.
macro_rules! exercises {
    ($($chapter:ident { $($name:ident),+ })+) => {
        /// In the order of the book.
        pub fn exercises() -> Vec<Exercise> {
            vec![$($(Exercise {
                chapter: stringify!($chapter),
                name: stringify!($name),
                yours: || checks::$chapter::$name(yours::$chapter::$name),
                #[cfg(test)]
                solution: || checks::$chapter::$name(solutions::$chapter::$name),
                #[cfg(test)]
                mistake: || checks::$chapter::$name(mistakes::$chapter::$name),
            }),+),+]
        }
    };
}

exercises! {
    ch01_numbers { slope, place, outer }
    ch02_multiply_add { multiply_adds_per_number, pack, transposed_product }
    ch03_backward { by_hand, backward, half_the_gradient }
    ch04_vjp { softplus, matmul_vjp, log_softmax_vjp }
    ch05_gradcheck { four_points, mended, along }
    ch06_learning { sgd, adam, noam }
    ch07_attention { attention, causal, heads }
    ch08_positions { sinusoid, turn, similarity }
    ch09_encoder_decoder { layer_norm, residual, n_parameters }
    ch10_training { cross_entropy, floor, shift_right }
    ch11_decoding { greedy, best, beam }
    ch12_beyond { sum_in_chunks, dropout, clipped_matches }
}
