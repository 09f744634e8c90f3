//! The engine bears what is done to it: a tape of a million operations is walked and dropped in a small
//! stack; and a wrong shape panics with the operation, both shapes and the line of the caller.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
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
            let message = info.payload().downcast_ref::<String>().cloned().unwrap_or_default();
            let caught = Caught { message, file: location.file().to_string(), line: location.line() };
            CAUGHT.set(Some(caught));
        }));
    });
}

fn caught(f: impl FnOnce()) -> Caught {
    install_hook();
    CATCHING.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    CATCHING.set(false);
    assert!(result.is_err(), "it did not panic");
    CAUGHT.take().unwrap()
}

/// Asserts that the expression panics in the name of the operation, showing each of `shown`, and that the
/// panic is located at this very line.
macro_rules! assert_panics {
    ($expression:expr, $operation:literal, $($shown:literal),+) => {
        let Caught { message, file, line } = caught(|| {
            let _ = $expression;
        });
        assert!(message.contains(concat!($operation, ": ")), "said: {message}");
        $(assert!(message.contains($shown), "said: {message}");)+
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
    let (x, mask) = (zeros([2, 3]), Mask::full([4], true));
    assert_panics!(x.add(&zeros([4])), "add", "[2, 3]", "[4]");
    assert_panics!(&x * &zeros([4]), "mul", "[2, 3]", "[4]");
    assert_panics!(x.less(&zeros([4])), "less", "[2, 3]", "[4]");
    assert_panics!(x.matmul(&zeros([4, 5])), "matmul", "[2, 3]", "[4, 5]");
    assert_panics!(x.linear(&zeros([5, 4]), None), "linear", "[2, 3]", "[5, 4]");
    assert_panics!(x.reshape([4]), "reshape", "[2, 3]", "[4]");
    assert_panics!(x.broadcast_to([2, 4]), "broadcast_to", "[2, 3]", "[2, 4]");
    assert_panics!(x.masked_fill(&mask, 0.0), "masked_fill", "[2, 3]", "[4]");
    assert_panics!(Tensor::concatenate(&[&x, &zeros([2, 4])], 0), "concatenate", "[2, 3]", "[2, 4]");
    assert_panics!(x.slice(1, 2..5), "slice", "[2, 3]", "2..5");
    assert_panics!(x.split(1, &[1, 1]), "split", "[2, 3]", "[1, 1]");
    assert_panics!(x.gather_rows(&[2]), "gather_rows", "id 2", "below 2");
    assert_panics!(x.item(), "item", "[2, 3]");
    assert_panics!(x.add(&Tensor::zeros([2, 3], DType::F64)), "add", "f32 [2, 3]", "f64 [2, 3]");
}

#[test]
fn autograd_panics_name_the_operation_both_shapes_and_the_caller() {
    let spec = AttentionSpec { n_heads: 2, scale: 1.0, mask: None, dropout: None };
    let (wide, norm) = (var([1, 2, 6]), var([4]));
    assert_panics!(var([2, 3]).add(&var([4])), "add", "[2, 3]", "[4]");
    assert_panics!(var([2, 3]) - var([4]), "sub", "[2, 3]", "[4]");
    assert_panics!(var([2, 3]).matmul(&var([4, 5])), "matmul", "[2, 3]", "[4, 5]");
    assert_panics!(var([2, 3]).linear(&var([5, 4]), None), "linear", "[2, 3]", "[5, 4]");
    assert_panics!(var([2, 3]).linear(&var([5, 3]), Some(&var([4]))), "linear", "[5, 3]", "[4]");
    assert_panics!(var([2, 3]).layer_norm(&norm, &norm, 1e-5), "layer_norm", "[2, 3]", "[4]");
    assert_panics!(var([2, 3]).cross_entropy(&[0], 0.0), "cross_entropy", "1 labels", "[2, 3]");
    assert_panics!(var([1, 2, 4]).attention(&wide, &wide, &spec), "attention", "[1, 2, 4]", "[1, 2, 6]");
    assert_panics!(var([2, 3]).reshape([4]), "reshape", "[2, 3]", "[4]");
    assert_panics!(var([2, 3]).sum(5, false), "sum", "axis 5", "[2, 3]");
    assert_panics!(var([2, 3]).mean(5, false), "mean", "axis 5", "[2, 3]");
    assert_panics!(var([2, 3]).max(5, false), "max", "axis 5", "[2, 3]");
    assert_panics!(var([2, 3]).variance(5, false), "variance", "axis 5", "[2, 3]");
    assert_panics!(var([2, 3]).log_sum_exp([0, -2], false), "log_sum_exp", "named twice", "[2, 3]");
    assert_panics!(var([2, 3]).gather_rows(&[2]), "gather_rows", "id 2", "below 2");
    assert_panics!(Tape::new().var(zeros([2])).backward(), "backward", "[2]");
}

#[test]
fn layers_pass_the_caller_s_line_on() {
    let mut params = Params::new(DType::F32);
    let mut root = ParamBuilder::new(&mut params, Seed::new(1));
    let linear = Linear::new(&mut root.scope("linear"), 3, 5, true);
    let norm = LayerNorm::new(&mut root.scope("norm"), 3, 1e-5);
    let embedding = Embedding::new(&mut root.scope("embedding"), 4, 3, Init::XavierUniform);
    let cx = Context::inference(&params);
    let wrong = var([2, 4]);
    assert_panics!(linear.forward(&cx, &wrong), "linear", "[2, 4]", "[5, 3]");
    assert_panics!(norm.forward(&cx, &wrong), "layer_norm", "[2, 4]", "[3]");
    assert_panics!(embedding.forward(&cx, &[0, 4]), "gather_rows", "id 4", "below 4");
}
