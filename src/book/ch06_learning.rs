//! Chapter 6, parameters and optimizers: numbers that learn, kept in one place, and the rule by which they change.
//!
//! **Aim:** write a training loop, and say what each line of it is for.
//!
//! # Gradient descent
//!
//! Four points lie on the line `y = 3x - 2`. Find it from any other line, by steps against the gradient:
//!
//! ```
//! use etudiant::autograd::{Tape, Var};
//! use etudiant::tensor::Tensor;
//!
//! let x = Var::constant(Tensor::from([-1.0, 0.0, 1.0, 2.0]));
//! let y = Var::constant(Tensor::from([-5.0, -2.0, 1.0, 4.0]));
//! let (mut slope, mut offset) = (Tensor::scalar(0.0), Tensor::scalar(0.0));
//! for _ in 0..100 {
//!     let tape = Tape::new();  // a new tape for each step
//!     let (s, o) = (tape.var(slope.clone()), tape.var(offset.clone()));
//!     let error = &x * &s + &o - &y;
//!     let loss = (&error * &error).mean(.., false);
//!     let gradients = loss.backward();
//!     // 0.2 is the learning rate
//!     slope = slope.sub(&gradients.get(&s).unwrap().mul_scalar(0.2));
//!     offset = offset.sub(&gradients.get(&o).unwrap().mul_scalar(0.2));
//! }
//! assert!((slope.item() - 3.0).abs() < 1e-6 && (offset.item() + 2.0).abs() < 1e-6);
//! ```
//!
//! With a learning rate of 0.2 a hundred steps are enough; with 1.0 each step jumps over the valley, further than it
//! came, and the loss grows without end. Try it.
//!
//! # One store
//!
//! A Transformer has well over a hundred such tensors. Here they all live in one ordered list,
//! [`Params`](nn::Params), each under a name: `encoder.layers.0.self_attn.q_proj.weight`. A layer holds no numbers,
//! it holds [`ParamId`](nn::ParamId)s, which say where in the list. So two layers can share a matrix (one id, used
//! twice), a copy in `f64` for a gradient check is one call, and gradients, an optimizer's memory and a file are
//! lists parallel to this one.
//!
//! What a layer needs to compute goes with it through every call: a [`Context`](nn::Context), which knows the
//! parameters, the tape if there is one, and where randomness comes from. The same loop with these:
//!
//! ```
//! use etudiant::autograd::{Tape, Var};
//! use etudiant::nn::{Adam, Context, Linear, Optimizer, ParamBuilder, Params};
//! use etudiant::tensor::{DType, Seed, Tensor};
//!
//! let (mut params, seed) = (Params::new(DType::F32), Seed::new(1));
//! let mut builder = ParamBuilder::new(&mut params, seed);    // names, and starting values
//! // from one column to one; `true`: with an offset, its bias
//! let line = Linear::new(&mut builder.scope("line"), 1, 1, true);
//! let x = Var::constant(Tensor::from([[-1.0f32], [0.0], [1.0], [2.0]]));
//! let y = Var::constant(Tensor::from([[-5.0f32], [-2.0], [1.0], [4.0]]));
//! let mut adam = Adam::default();
//! for step in 1..=400 {
//!     let tape = Tape::new();
//!     let cx = Context::training(&params, &tape, seed.derive_index(step));
//!     let error = line.forward(&cx, &x) - &y;
//!     let loss = (&error * &error).mean(.., false);
//!     let gradients = cx.gradients(loss.backward());  // a list parallel to the parameters
//!     adam.step(&mut params, &gradients, 0.05)?;      // 0.05: the learning rate
//! }
//! assert!((params.get(line.weight).item() - 3.0).abs() < 1e-2);
//! # Ok::<(), etudiant::nn::Error>(())
//! ```
//!
//! If a parameter got no gradient, the step is an error that names it: a part of a model that silently stopped
//! learning is hard to find later.
//!
//! # Adam
//!
//! Plain gradient descent ([`Sgd`](nn::Sgd)) takes large steps where gradients are large. In a Transformer they may
//! differ a lot from matrix to matrix, and no one learning rate suits all. [`Adam`](nn::Adam) keeps two running means
//! for each number, of the gradient (`m`) and of its square (`v`), and steps by `learning_rate * m / sqrt(v)`: the
//! gradient measured in its own size. So it hardly matters how large it is, and the learning rate says how far a
//! number moves:
//!
//! ```
//! use etudiant::nn::{Adam, Optimizer, ParamGradients, Params};
//! use etudiant::tensor::{DType, Tensor};
//!
//! for size in [1e-4, 1.0, 1e4] {
//!     let mut params = Params::new(DType::F64);
//!     let id = params.add("w", Tensor::from([1.0, 1.0]));
//!     let mut gradients = ParamGradients::empty(&params);
//!     gradients.set(id, Tensor::from([size, -size]));
//!     Adam::default().step(&mut params, &gradients, 0.1)?;
//!     let [down, up] = [0, 1].map(|i| params.get(id).at(&[i]));
//!     assert!((down - 0.9).abs() < 1e-4 && (up - 1.1).abs() < 1e-4);
//! }
//! # Ok::<(), etudiant::nn::Error>(())
//! ```
//!
//! At first the means are of few gradients, and the model is nowhere yet. So the paper lets the learning rate rise
//! for some thousand steps before it falls again: [`Noam`](nn::Noam).
//!
#![doc = include_str!("look.html")]
#![doc = include_str!("ch06.svg")]
//!
//! # Exercises
//!
//! In `examples/exercises/yours/ch06_learning.rs`; `cargo run --example exercises -- 6` says which are solved.
//!
//! 1. `sgd`: one step of gradient descent with momentum.
//! 2. `adam`: one step of Adam for one number, with the correction of its first steps.
//! 3. `noam`: the paper's learning rate.
//!
//! # Read on
//!
//! [`nn`] says in which order to read it. [`Params`](nn::Params), [`ParamBuilder`](nn::ParamBuilder), which names
//! parameters and draws where they start, [`Context`](nn::Context). [`Adam`](nn::Adam) has the equations in its doc
//! comment, and in `nn/src/optim/adam.rs` its loop of five lines. [`nn::schedule`] are the learning rates, and
//! [`ParamGradients::clip_global_norm`](nn::ParamGradients::clip_global_norm) what to do if a gradient is much too
//! large.
//!
//! Next: [attention](super::ch07_attention).
