use tensor::{DType, Tensor};

use super::*;

fn store() -> (Params, ParamId, ParamId) {
    let mut params = Params::new(DType::F64);
    let a = params.add("a", Tensor::from([3.0f64]));
    let b = params.add("b", Tensor::from([5.0f64]));
    (params, a, b)
}

#[test]
fn a_tied_parameter_gets_the_sum_of_its_uses() {
    let (params, a, b) = store();
    let tape = Tape::new();
    let cx = Context::training(&params, &tape, Seed::new(0));
    // a² + b a: the gradient of a is 2a + b = 11.
    let loss = cx.param(a).mul(&cx.param(a)).add(&cx.param(b).mul(&cx.param(a))).sum(.., false);
    let gradients = cx.gradients(loss.backward());
    assert_eq!(gradients.get(a), Some(&Tensor::from([11.0f64])));
    assert_eq!(gradients.get(b), Some(&Tensor::from([3.0f64])));
}

#[test]
fn frozen_and_unused_parameters_have_no_gradient() {
    let (mut params, a, b) = store();
    let c = params.add("c", Tensor::from([1.0f64]));
    params.set_trainable(b, false);
    let tape = Tape::new();
    let cx = Context::inference(&params).with_tape(&tape);
    let loss = cx.param(a).mul(&cx.param(b)).sum(.., false);
    let gradients = cx.gradients(loss.backward());
    assert_eq!(gradients.get(a), Some(&Tensor::from([5.0f64])));
    assert!(gradients.get(b).is_none() && gradients.get(c).is_none());
}

#[test]
fn variables_can_stand_for_the_parameters() {
    let (params, a, b) = store();
    let tape = Tape::new();
    let root = tape.var(Tensor::from([2.0f64]));
    let cx = Context::inference(&params).with_leaves(&[root.powi(2), Var::constant(Tensor::from([7.0]))]);
    let out = cx.param(a).mul(&cx.param(b));
    assert_eq!(out.item(), 28.0); // root² b, whatever the store holds
    assert_eq!(out.backward().get(&root), Some(&Tensor::from([28.0])));
}

#[test]
#[should_panic(expected = "with_leaves: a variable f64 [2] for b f64 [1]")]
fn a_variable_of_another_shape_is_no_parameter() {
    let (params, ..) = store();
    let [one, two] = [Tensor::from([1.0]), Tensor::from([1.0, 2.0])].map(Var::constant);
    let _ = Context::inference(&params).with_leaves(&[one, two]);
}

#[test]
#[should_panic(expected = "with_leaves: 1 variables for 2 parameters")]
fn every_parameter_needs_a_variable() {
    let (params, ..) = store();
    let _ = Context::inference(&params).with_leaves(&[Var::constant(Tensor::from([1.0]))]);
}

/// As a layer would be used with the parameters of a model that has another layer in its place.
#[test]
#[should_panic(
    expected = "the id of `b` is of another model than these parameters, of which number 1 is `gamma` [1]"
)]
fn a_parameter_of_another_model_panics_with_both_names() {
    let (_, _, b) = store();
    let mut params = Params::new(DType::F64);
    params.add("a", Tensor::from([3.0f64]));
    params.add("gamma", Tensor::from([5.0f64]));
    Context::inference(&params).param(b);
}

/// Nothing but the settings tells the two apart.
#[test]
#[should_panic(
    expected = "the id of `a` is of another model than these parameters, of which number 0 is `a` [1]"
)]
fn a_parameter_of_a_model_of_other_settings_panics() {
    let (_, a, _) = store();
    let mut params = Params::with_settings([("n_heads".to_string(), "2".to_string())], DType::F64);
    params.add("a", Tensor::from([3.0f64]));
    Context::inference(&params).param(a);
}

#[test]
fn copies_of_the_parameters_serve_the_same_layers() {
    let (params, a, b) = store();
    let narrow = params.to_dtype(DType::F32);
    let read = Params::from_named(params.layout(), params.as_ref(), DType::F64).unwrap();
    for copy in [&params.clone(), &narrow, &narrow.to_dtype(DType::F64), &read] {
        let cx = Context::inference(copy);
        assert_eq!((cx.param(a).item(), cx.param(b).item()), (3.0, 5.0));
    }
}

#[test]
fn inference_records_nothing_and_has_no_randomness() {
    let (params, a, _) = store();
    let cx = Context::inference(&params);
    assert!(!cx.is_training() && !cx.param(a).requires_grad());
    assert!(cx.seed("dropout").is_none());
}

#[test]
fn random_streams_depend_on_the_step_and_the_name() {
    let (params, ..) = store();
    let tape = Tape::new();
    let draw = |step, name| {
        let step_seed = Seed::new(9).derive_index(step);
        Context::training(&params, &tape, step_seed).seed(name).unwrap().0
    };
    assert_eq!(draw(1, "x"), draw(1, "x"));
    assert_ne!(draw(1, "x"), draw(2, "x"));
    assert_ne!(draw(1, "x"), draw(1, "y"));
}

#[derive(Default)]
struct Paths(RefCell<Vec<String>>);

impl Trace for Paths {
    fn record(&self, path: &str, _: &Var) {
        self.0.borrow_mut().push(path.to_string());
    }
}

#[test]
fn traces_are_named_by_the_scopes_entered() {
    let (params, a, _) = store();
    let paths = Paths::default();
    let cx = Context::inference(&params).with_trace(&paths);
    let x = cx.param(a);
    {
        let _decoder = cx.enter("decoder");
        for layer in 0..2 {
            let _layer = cx.enter(format!("layers.{layer}"));
            cx.trace("weights", &x);
        }
        cx.trace("out", &x);
    }
    cx.trace("logits", &x);
    let expected = ["decoder.layers.0.weights", "decoder.layers.1.weights", "decoder.out", "logits"];
    assert_eq!(*paths.0.borrow(), expected);
}

#[test]
fn without_a_trace_a_name_is_not_even_formatted() {
    struct Unprintable;
    impl Display for Unprintable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            unreachable!("formatted without a trace")
        }
    }
    let (params, a, _) = store();
    let cx = Context::inference(&params);
    let _scope = cx.enter(Unprintable);
    cx.trace("x", &cx.param(a));
}

#[test]
fn a_trace_is_handed_what_it_wants_and_nothing_else() {
    struct Weights(Paths);

    impl Trace for Weights {
        fn wants(&self, path: &str) -> bool {
            path == "layers.1.weights"
        }

        fn record(&self, path: &str, value: &Var) {
            self.0.record(path, value);
        }
    }

    let (params, a, _) = store();
    let trace = Weights(Paths::default());
    let cx = Context::inference(&params).with_trace(&trace);
    for layer in 0..3 {
        let _scope = cx.enter(format_args!("layers.{layer}"));
        for name in ["weights", "out"] {
            assert_eq!(cx.is_traced(name), layer == 1 && name == "weights");
            cx.trace(name, &cx.param(a));
        }
    }
    assert_eq!(*trace.0.0.borrow(), ["layers.1.weights"]);
    assert!(!Context::inference(&params).is_traced("weights"));
}

/// Wants all there is, parameters and gradients.
#[derive(Default)]
struct Everything(RefCell<Vec<(String, f64)>>);

impl Trace for Everything {
    fn wants_parameter(&self, name: &str) -> bool {
        name != "c"
    }

    fn wants_gradients(&self) -> bool {
        true
    }

    fn record(&self, path: &str, value: &Var) {
        self.0.borrow_mut().push((path.to_string(), value.item()));
    }

    fn gradient(&self, path: &str, gradient: &Tensor) {
        self.0.borrow_mut().push((format!("d {path}"), gradient.item()));
    }
}

/// `(a b)² a + c` at a = 3, b = 5, c = 1, of which b is frozen: `(a b)²` is seen, and so is `a b`, from which it follows,
/// but apart.
#[test]
fn a_trace_sees_parameters_once_and_all_gradients_in_the_order_of_the_values() {
    let (mut params, a, b) = store();
    let c = params.add("c", Tensor::from([1.0f64]));
    params.set_trainable(b, false);
    let (tape, seen) = (Tape::new(), Everything::default());
    let cx = Context::training(&params, &tape, Seed::new(0)).with_trace(&seen);
    let loss = {
        let _scope = cx.enter("layer");
        let product = cx.param(a).mul(&cx.param(b));
        let square = product.powi(2);
        let value = product.into_value();
        let factor = value.mul_scalar(2.0);
        cx.trace_apart(["product"], [value], &square, move |gradient| [gradient.mul(&factor)]);
        cx.trace("square", &square);
        square.mul(&cx.param(a)).add(&cx.param(c))
    };
    cx.trace("constant", &cx.param(b));
    let gradients = cx.gradients(loss.backward());
    assert_eq!(gradients.get(a), Some(&Tensor::from([675.0]))); // 3 a² b²
    let values =
        [("a", 3.0), ("b", 5.0), ("layer.product", 15.0), ("layer.square", 225.0), ("constant", 5.0)];
    let told = [("d a", 675.0), ("d layer.product", 90.0), ("d layer.square", 3.0)];
    let expected: Vec<_> = values.into_iter().chain(told).map(|(path, x)| (path.to_string(), x)).collect();
    assert_eq!(*seen.0.borrow(), expected);
}

/// What a trace that wants no gradients sees is not kept for it.
#[test]
fn gradients_that_nobody_wants_are_not_kept() {
    let (params, a, _) = store();
    let (tape, seen) = (Tape::new(), Paths::default());
    let cx = Context::training(&params, &tape, Seed::new(0)).with_trace(&seen);
    let square = cx.param(a).powi(2);
    cx.trace("square", &square);
    cx.trace_apart(["apart"], [square.value().clone()], &square, |_| unreachable!("nobody wants it"));
    let gradients = square.powi(2).backward();
    assert!(gradients.get(&square).is_none());
    cx.gradients(gradients);
    assert_eq!(*seen.0.borrow(), ["square", "apart"], "and no parameter");
}
