//! The book: twelve short chapters along the source, from one number and its derivative to a translator.
//!
//! It is for you if you know calculus and some Python. Neither Rust nor Transformers are taken for granted. Each
//! chapter has an aim, a little text, code that runs, one figure, three exercises, and says where to read on in the
//! source. All code on these pages is compiled and run by `cargo test --doc`, and every link leads to the very item,
//! so what you read is what the crates do.
//!
//! *The paper* is [*Attention Is All You Need*](https://arxiv.org/abs/1706.03762) (Vaswani et al. 2017), and *§* one
//! of its sections; *the article* is [*The Illustrated
//! Transformer*](https://jalammar.github.io/illustrated-transformer/). Neither need be read first.
//!
//! | chapter | after it you can |
//! |---|---|
//! | [1 Numbers and views](ch01_numbers) | say what a derivative is for, and find any element of any tensor in memory |
//! | [2 The multiply-add](ch02_multiply_add) | say where the time goes, and what keeps a processor busy |
//! | [3 The chain rule as a loop](ch03_backward) | write `backward` |
//! | [4 An operation and its vjp](ch04_vjp) | add an operation of your own |
//! | [5 How we know that a gradient is right](ch05_gradcheck) | check it, and know what the check is worth |
//! | [6 Parameters and optimizers](ch06_learning) | write a training loop |
//! | [7 Attention](ch07_attention) | build it from two products and a softmax |
//! | [8 Positions](ch08_positions) | tell words their places |
//! | [9 Encoder and decoder](ch09_encoder_decoder) | name every part of the model, its shape and its parameters |
//! | [10 Loss and training](ch10_training) | train a translator |
//! | [11 Decoding](ch11_decoding) | make it speak: greedily, by a beam, by chance |
//! | [12 Speed, and the rest](ch12_beyond) | say what made it fast, and what the article leaves out |
//!
//! # The exercises
//!
//! They are functions for you to write, three for each chapter, in the folder `examples/exercises/yours/` of the
//! repository. The command says which are solved, and of the others what was expected and what was found:
//!
//! ```sh
//! cargo run --example exercises         # all chapters at a glance
//! cargo run --example exercises -- 3    # the third, in detail
//! ```
//!
//! All that is needed is Rust, from [rustup.rs](https://rustup.rs). The first time takes some minutes, for everything
//! is compiled; after that, seconds. What does not compile stops all exercises, and the compiler says where and often
//! what to write instead. Solutions stand beside them in `examples/exercises/solutions/`, tested as everything else
//! is.
//!
//! # Rust in one page
//!
//! Little of it is needed to read on. `cargo` builds and runs, and fetches what is needed, as pip does; a *crate* is
//! a package.
//!
//! ```
//! use etudiant::tensor::Tensor;  // as Python's `from .. import ..`
//!
//! // names first, then types; f64 is Python's float, f32 half as wide
//! fn square(x: f64) -> f64 {
//!     x * x                     // the last expression, without a semicolon, is the result
//! }
//!
//! let y = square(3.0);          // the type of y is worked out; y never changes
//! let mut sum = 0.0;            // `mut`: this one does
//! for i in 0..4 {               // 0, 1, 2, 3
//!     sum += square(i as f64);  // numbers convert only when asked
//! }
//! let add = |a: f64, b: f64| a + b;  // a closure, Python's lambda
//! assert_eq!(add(y, sum), 23.0);  // stops the program if the two differ
//!
//! let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
//! let z = &x + &x;              // `&x` lends x to the sum, which gives it back
//! assert_eq!(z.sum(.., false).item(), 20.0);  // `..` is "all": here, all axes
//! assert_eq!(z.shape(), [2, 2].into());  // `.into()` converts to the type that is wanted
//! let ones = x.softmax(-1).sum(-1, false);  // axes count from the end as in NumPy
//! assert_eq!(ones, Tensor::from([1.0, 1.0]));
//! ```
//!
//! And to write in it:
//!
//! ```
//! let mut list = Vec::new();         // a list that grows
//! list.push(1.5);
//! list.push(2.5);                    // now list.len() is 2
//! // a list made of another; 2.0, for `2 * x` is no f64 and does not compile
//! let doubled: Vec<f64> = list.iter().map(|x| 2.0 * x).collect();
//! let mut numbers = vec![0.0; 3];    // three zeros
//! numbers[2] = doubled[1];           // places count from 0
//! for (place, x) in numbers.iter().enumerate() {
//!     if place < 2 {
//!         assert_eq!(*x, 0.0);       // `x` points into the list, `*x` is the number there
//!     } else {
//!         assert_eq!(*x, 5.0);
//!     }
//! }
//! let (half, rest) = (7 / 2, 7 % 2);  // whole numbers: 3, and 1; a pair is taken apart
//! let [a, b] = [half as f64, rest as f64];  // and so is an array
//! assert_eq!(a.powi(2) + b.sqrt(), 10.0);  // also exp(), ln(), cos(), powf(0.5), max(b)
//! ```
//!
//! And what else you will meet:
//!
//! ```
//! struct Point { x: f64, y: f64 }       // a type with two named parts, a dataclass
//! let p = Point { x: 3.0, y: 4.0 };
//! let q = Point { y: 0.0, ..p };        // the rest as in p
//! fn twice(f: fn(f64) -> f64, start: f64) -> f64 { f(f(start)) }  // takes a function
//! fn double(x: &mut f64) { *x *= 2.0; } // is lent a number to write to
//!
//! let mut size = twice(f64::sqrt, 16.0);
//! double(&mut size);
//! assert!(size == 4.0 && !(q.x < 0.0 || q.y > 0.0));  // and, not, or
//! let pair = (size, "four");            // its parts are pair.0 and pair.1
//! let sign = if pair.0 < 0.0 { -1.0 } else { 1.0 };   // `if` has a value
//! let sum = (1..=3).map(|i| i as f64).sum::<f64>();  // 3 as well; `::<f64>` names the type
//! for (i, (a, b)) in [1.0, 2.0].iter().zip([sum, sign]).enumerate().rev() {
//!     if i == 0 { break; }              // `rev`: from the end, so 1 comes before
//!     assert_eq!((*a, b), (2.0, 1.0));
//! }
//! ```
//!
//! A `[f64; 3]` is an array of three numbers, a `Vec<f64>` a list, a `&[f64]` a look at several numbers in a row,
//! wherever they stand. What a function is given as `x: &Tensor` is lent already: there it is `x + &y`, and not `&x +
//! &y`. A `usize` is a whole number that counts, `u32`, `u64` and `i32` are others, and `1.0f32` is a
//! 1.0 that is an `f32`. What can fail gives a `Result`: `?` at the end of a call hands an error on to the caller,
//! and `unwrap()` stops the program with it. What may be absent is an `Option`: `Some(value)` or `None`. A name that
//! ends with `!`, as `assert!`, is a macro: it writes code. `_` stands for what can be worked out or is not needed. A
//! line that begins with `#[..]` says something about the item below it.
//!
//! To try something, write it into a file `examples/mine.rs` and say `cargo run --example mine`:
//!
//! ```
//! //! What this file is: here the compiler wants it said.
//!
//! use etudiant::tensor::Tensor;
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {  // with this, `?` can be used
//!     println!("{:?}", Tensor::from([1.0, 2.0]).softmax(-1));
//!     Ok(())
//! }
//! ```
//!
//! An excerpt may need lines of the one before it, which are not shown again; *Source*, at the top of each page, has
//! them. A *lesson*, such as `e01_backward`, is run by `cargo run --release --example e01_backward`.

pub mod ch01_numbers;
pub mod ch02_multiply_add;
pub mod ch03_backward;
pub mod ch04_vjp;
pub mod ch05_gradcheck;
pub mod ch06_learning;
pub mod ch07_attention;
pub mod ch08_positions;
pub mod ch09_encoder_decoder;
pub mod ch10_training;
pub mod ch11_decoding;
pub mod ch12_beyond;
