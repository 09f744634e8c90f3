//! The engine bears what is done to it: a tape of a million operations is walked and dropped in a small
//! stack; and a wrong shape panics with the operation, both shapes and the line of the caller.

use std::cell::{Cell, RefCell};
use std::panic::{self, PanicHookInfo, UnwindSafe};
use std::sync::Once;
use std::thread;

use autograd::{Tape, Var};
use nn::{Context, Embedding, Init, LayerNorm, Linear, ParamBuilder, Params};
use tensor::ops::attention::AttentionSpec;
use tensor::{DType, Mask, Seed, Tensor};

const OPERATIONS: usize = 1_000_000;
/// Recursion over a million operations would need a frame of a quarter byte.
const STACK_BYTES: usize = 256 * 1024;

/// Runs `f` on a thread with a small stack. An overflow ends the whole process, which no test survives.
fn in_a_small_stack(f: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(STACK_BYTES).spawn(f).unwrap().join().unwrap();
}

/// x = ((1 * one + step) * one + step) ..: half a million products and as many sums.
fn long_chain(tape: &Tape) -> (Var, Var) {
    let (one, step) = (tape.var(Tensor::scalar(1.0)), tape.var(Tensor::scalar(0.5)));
    let mut x = one.clone();
    for _ in 0..OPERATIONS / 2 {
        x = &x * &one + &step;
    }
    assert_eq!(tape.len(), OPERATIONS + 2);
    (x, step)
}

#[test]
fn backward_walks_a_million_operations() {
    in_a_small_stack(|| {
        let tape = Tape::new();
        let (x, step) = long_chain(&tape);
        assert_eq!(x.item(), 1.0 + 0.5 * (OPERATIONS / 2) as f64);
        let gradients = x.backward();
        assert_eq!(gradients.get(&step).unwrap().item(), (OPERATIONS / 2) as f64);
        drop(gradients);
        drop((tape, x, step));
    });
}

#[test]
fn a_million_operations_are_dropped_unused() {
    in_a_small_stack(|| {
        let tape = Tape::new();
        let (x, _) = long_chain(&tape);
        drop(tape);
        drop(x); // the last that holds the tape
    });
}

/// What a panic said and where it said it was.
struct Caught {
    message: String,
    file: String,
    line: u32,
}

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: RefCell<Option<Caught>> = const { RefCell::new(None) };
}

/// Notes the panics of threads that are catching, and leaves those of others to the hook there was.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo| {
            if !CATCHING.get() {
                return previous(info);
            }
            let location = info.location().unwrap();
            let message = info.payload_as_str().unwrap_or_default().to_string();
            let caught = Caught { message, file: location.file().to_string(), line: location.line() };
            CAUGHT.set(Some(caught));
        }));
    });
}

fn caught(f: impl FnOnce() + UnwindSafe) -> Caught {
    install_hook();
    CATCHING.set(true);
    let result = panic::catch_unwind(f);
    CATCHING.set(false);
    assert!(result.is_err(), "it did not panic");
    CAUGHT.take().unwrap()
}

/// Asserts that the expression panics, naming this very line, with a message that begins like this.
macro_rules! assert_panics {
    ($expression:expr, $message:literal) => {
        let Caught { message, file, line } = caught(|| drop($expression));
        assert!(message.starts_with($message), "said: {message}");
        assert_eq!((file.as_str(), line), (file!(), line!()), "said: {message}");
    };
}

fn zeros<const N: usize>(shape: [usize; N]) -> Tensor {
    Tensor::zeros(shape, DType::F32)
}

fn var<const N: usize>(shape: [usize; N]) -> Var {
    Var::constant(zeros(shape))
}

#[test]
fn tensor_panics_name_the_operation_both_shapes_and_the_caller() {
    let mask = Mask::full([4], true);
    assert_panics!(zeros([2, 3]).add(&zeros([4])), "add: shapes do not broadcast: [2, 3] with [4]");
    assert_panics!(&zeros([2, 3]) * &zeros([4]), "mul: shapes do not broadcast: [2, 3] with [4]");
    assert_panics!(zeros([2, 3]).matmul(&zeros([4, 5])), "matmul: inner dimensions differ: [2, 3] x [4, 5]");
    assert_panics!(zeros([2, 3]).reshape([4]), "reshape: ");
    assert_panics!(zeros([2, 3]).broadcast_to([2, 4]), "broadcast_to: ");
    assert_panics!(zeros([2, 3]).masked_fill(&mask, 0.0), "masked_fill: ");
    assert_panics!(zeros([2, 3]).slice(1, 2..5), "slice: ");
    assert_panics!(zeros([2, 3]).transpose(0, 2), "axis 2 ");
    assert_panics!(zeros([2, 3]).sum(5, false), "axis 5 ");
    assert_panics!(Tensor::concatenate(&[&zeros([2, 3]), &zeros([2, 4])], 0), "concatenate: ");
    assert_panics!(zeros([2, 3]).add(&Tensor::zeros([2, 3], DType::F64)), "add: dtypes differ: f32 [2, 3]");
    assert_panics!(zeros([2, 3]).gather_rows(&[2]), "gather_rows: ");
    assert_panics!(zeros([2, 3]).item(), "item: tensor of shape [2, 3]");
}

#[test]
fn autograd_panics_name_the_operation_both_shapes_and_the_caller() {
    let spec = AttentionSpec { n_heads: 2, scale: 1.0, mask: None, dropout: None };
    assert_panics!(var([2, 3]).add(&var([4])), "add: shapes do not broadcast: [2, 3] with [4]");
    assert_panics!(var([2, 3]) - var([4]), "sub: shapes do not broadcast: [2, 3] with [4]");
    assert_panics!(var([2, 3]).matmul(&var([4, 5])), "matmul: inner dimensions differ: [2, 3] x [4, 5]");
    assert_panics!(var([2, 3]).linear(&var([5, 4]), None), "linear: ");
    assert_panics!(var([2, 3]).layer_norm(&var([4]), &var([4]), 1e-5), "layer_norm: ");
    assert_panics!(var([2, 3]).cross_entropy(&[0], 0.0), "cross_entropy: 1 labels for logits [2, 3]");
    assert_panics!(
        var([2, 3]).linear_cross_entropy(&var([5, 4]), None, &[0, 1], 0.0),
        "linear_cross_entropy: "
    );
    assert_panics!(var([1, 2, 4]).attention(&var([1, 2, 6]), &var([1, 2, 6]), &spec), "attention: ");
    assert_panics!(var([2]).backward(), "backward: ");
    assert_panics!(Tape::new().var(zeros([2])).backward(), "backward: shape [2] is not one number");
}

#[test]
fn both_shapes_are_in_the_message() {
    let both = |f: &dyn Fn(), shapes: [&str; 2]| {
        let Caught { message, .. } = caught(panic::AssertUnwindSafe(f));
        assert!(shapes.iter().all(|shape| message.contains(shape)), "said: {message}");
    };
    both(&|| drop(var([2, 3]).linear(&var([5, 4]), None)), ["[2, 3]", "[5, 4]"]);
    both(&|| drop(var([2, 3]).layer_norm(&var([4]), &var([4]), 1e-5)), ["[2, 3]", "[4]"]);
    both(&|| drop(zeros([2, 3]).reshape([4])), ["[2, 3]", "[4]"]);
    both(&|| drop(zeros([2, 3]).broadcast_to([2, 4])), ["[2, 3]", "[2, 4]"]);
    both(&|| drop(Tensor::concatenate(&[&zeros([2, 3]), &zeros([2, 4])], 0)), ["[2, 3]", "[2, 4]"]);
    let spec = AttentionSpec { n_heads: 2, scale: 1.0, mask: None, dropout: None };
    both(
        &|| drop(var([1, 2, 4]).attention(&var([1, 2, 6]), &var([1, 2, 6]), &spec)),
        ["[1, 2, 4]", "[1, 2, 6]"],
    );
}

#[test]
fn layers_pass_the_caller_s_line_on() {
    let mut params = Params::new(DType::F32);
    let mut root = ParamBuilder::new(&mut params, Seed::new(1));
    let linear = Linear::new(&mut root.scope("linear"), 3, 5, true);
    let norm = LayerNorm::new(&mut root.scope("norm"), 3, 1e-5);
    let embedding = Embedding::new(&mut root.scope("embedding"), 4, 3, Init::XavierUniform);
    let forward = |layer: &dyn Fn(&Context)| layer(&Context::inference(&params));
    let wrong = var([2, 4]);
    let at = panic::AssertUnwindSafe((forward, linear, norm, embedding, wrong));
    let panics = |f: &dyn Fn(&Context)| caught(panic::AssertUnwindSafe(|| (at.0)(f)));
    let (linear, norm, embedding, wrong) = (&at.1, &at.2, &at.3, &at.4);
    for Caught { message, file, .. } in [
        panics(&|cx| drop(linear.forward(cx, wrong))),
        panics(&|cx| drop(norm.forward(cx, wrong))),
        panics(&|cx| drop(embedding.forward(cx, &[0, 4]))),
    ] {
        assert_eq!(file, file!(), "said: {message}");
    }
}
