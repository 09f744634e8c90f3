//! The promises of the project, each a module of this one binary. Unit tests at the foot of a file hold one
//! function to its definition; what stands here holds for the crates together, and would still have to hold
//! if everything inside them were written again.
//!
//! | module | the promise |
//! |---|---|
//! | [`registry`] | every operation has its derivative, its adjoint and its composed form, in every layout |
//! | [`planted_bugs`] | the checks find the mistakes that people make |
//! | [`gradients`] | backward through whole models is the derivative, for every parameter |
//! | [`ties`] | a matrix used in several places gets the sum of their gradients |
//! | [`options`] | whatever is chosen of an architecture is obeyed and counted, and keeps the promises beside it here |
//! | [`masks`] | the future, padding and the neighbours in a batch change nothing |
//! | [`decoding`] | searches find what the model says is best, and score it as the model does |
//! | [`streams`] | a sentence's translation is to the bit that of the sentence alone, whoever comes and goes beside it |
//! | [`serve`] | a server loses nothing under load, and answers as if each request were alone |
//! | [`sampling`] | draws follow the model's probabilities |
//! | [`losses`] | the loss is the definition's, per label, however pairs are batched |
//! | [`parity`] | PyTorch and the papers' formulas compute the same numbers |
//! | [`determinism`] | the same seed gives the same bits, on any number of threads |
//! | [`traces`] | what a model computes on the way and its gradients can be seen, by names that its parameters have too |
//! | [`checkpoints`] | what was saved comes back, and what was damaged does not |
//! | [`engine`] | tapes may be long, and a wrong shape is reported where it was written |
//! | [`training`] | training converges, and what goes wrong in it leaves no trace |
//! | [`examples`] | the lessons run and say what they should |
//! | [`book`] | every chapter has its parts, and what it names is there |
//! | [`user_input`] | wrong input is an error that says what would be right |
//!
//! The rules of the house, which are read off the source, are a package of their own in `tests/house`: nothing has to be
//! compiled for it.
//!
//! What they share is in [`common`]. Everything random comes from fixed seeds, also the cases of proptest: a
//! test that passed passes again. Comparisons are to the bit where the order of the arithmetic is the same,
//! and otherwise to 1e-12 in f64, which is rounding and nothing else.

mod book;
mod checkpoints;
mod common;
mod decoding;
mod determinism;
mod engine;
mod examples;
mod gradients;
mod losses;
mod masks;
mod never_said;
mod options;
mod parity;
mod planted_bugs;
mod registry;
mod sampling;
mod serve;
mod streams;
mod ties;
mod traces;
mod training;
mod user_input;
