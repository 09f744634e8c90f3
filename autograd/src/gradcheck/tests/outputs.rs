//! Functions that give several variables.

use super::*;

fn twice_wrong(x: &Var) -> Var {
    square(x, |grad| grad.mul_scalar(2.0))
}

#[test]
fn tuples_lists_and_arrays_are_checked_as_one() {
    let x = [Tensor::from([[1.0, -2.0, 0.5], [3.0, 0.25, 4.0]]), Tensor::from([0.5, 1.5, 2.5])];
    let compared = |report: Result<GradcheckReport, GradcheckFailure>| report.unwrap().compared();
    let together = 9 * (6 + 3 + 1); // nine inputs by the outputs' elements
    let sum = |v: &[Var]| v[0].sum(.., false);
    assert_eq!(compared(gradcheck("tuple", &x, |v| (&v[0] * &v[1], v[1].exp(), sum(v)))), together);
    assert_eq!(compared(gradcheck("list", &x, |v| vec![&v[0] * &v[1], v[1].exp(), sum(v)])), together);
    assert_eq!(compared(gradcheck("array", &x, |v| [&v[0] * &v[1], v[1].exp(), sum(v)])), together);
    assert_eq!(compared(gradcheck("nested", &x, |v| (vec![&v[0] * &v[1]], [v[1].exp(), sum(v)]))), together);
    assert_eq!(compared(gradcheck("split", &x, |v| v[0].split(1, &[2, 0, 1]))), 9 * 6);
    assert_eq!(compared(gradcheck("itself", &x, |v| (v[0].clone(), v[0].clone()))), 9 * 12);
    crate::assert_gradients!(|x, y| (x * y, y.exp()), x[0].transpose(0, 1), Tensor::scalar(0.5));
}

#[test]
fn whichever_output_is_wrong_it_is_named() {
    let x = [Tensor::from([[1.0, 2.0, 3.0]])];
    for wrong in 0..3 {
        let f = |v: &[Var]| -> Vec<Var> {
            let output = |i| if i == wrong { twice_wrong(&v[0]) } else { square(&v[0], |grad| grad) };
            (0..3).map(output).collect()
        };
        let failure = gradcheck("three", &x, f).unwrap_err();
        assert!(failure.to_string().contains(&format!("d output {wrong}[0, 2] / d input 0[0, 2] is 12 by")));
        let (_, count, worst) = mismatches(Err(failure));
        assert_eq!((count, worst[0].output, worst.len()), (3, Some(wrong), 3));
        // By random directions, each output by itself.
        let failure = Gradcheck::new().directions(4).run("three", &x, f).unwrap_err();
        assert!(failure.to_string().contains(&format!("d (weighted sum of output {wrong}) / d input 0[0, ")));
        let (compared, count, worst) = mismatches(Err(failure));
        assert_eq!((compared, count, worst[0].output), (12, 4, Some(wrong)));
    }
}

#[test]
fn a_small_output_is_not_lost_beside_a_large_one() {
    let x = [normal(&[600])];
    let f = |v: &[Var]| (v[0].exp() * 1e9, v[0].sum(.., false), twice_wrong(&v[0]) * 1e-3);
    let (_, wrong, worst) = mismatches(gradcheck("three sizes", &x, f));
    assert_eq!((wrong, worst[0].output), (8, Some(2)));
    // Nor in f32, where each value is held to its own size.
    let lossy = |x: &Var| x.add_scalar(1e3).add_scalar(-1e3).tanh();
    let check = Gradcheck::new().f32_tolerance(1e-6);
    let found = check.run("lossy", &[normal(&[4])], |v| (v[0].exp() * 1e6, lossy(&v[0])));
    let Fault::SinglePrecision { what, .. } = fault(found) else { panic!() };
    assert_eq!(what, "value of output 1");
}

#[test]
fn an_output_that_is_cut_off_is_wrong_unless_it_is_constant() {
    let x = [Tensor::from([1.0, 2.0])];
    let (_, wrong, worst) = mismatches(gradcheck("cut", &x, |v| (v[0].exp(), v[0].exp().detach())));
    assert_eq!((wrong, worst[0].output, worst[0].analytic), (2, Some(1), 0.0));
    let hint = "; no gradient arrives there: was it detached, or does a vjp leave it out?\n";
    for (what, check) in [("full", Gradcheck::new()), ("directions", Gradcheck::new().directions(2))] {
        let inputs = [x[0].clone(), Tensor::from([3.0, 4.0])];
        let failure = check.run(what, &x, |v| (v[0].exp(), v[0].detach())).unwrap_err().to_string();
        assert!(failure.contains(hint), "cut off all inputs: {failure}");
        let failure = check.run(what, &inputs, |v| (&v[0] * &v[1], &v[0] * v[1].detach())).unwrap_err();
        assert!(failure.to_string().contains(hint), "cut off one input: {failure}");
        let zeros = |v: &[Var]| (v[0].exp(), square(&v[0], |grad| grad.mul_scalar(0.0)));
        let failure = check.run(what, &x, zeros).unwrap_err().to_string();
        assert!(!failure.contains("no gradient arrives"), "zeros do arrive: {failure}");
    }
    let constant = Var::constant(Tensor::from([3.0, 4.0]));
    let report = gradcheck("beside a constant", &x, |v| (v[0].exp(), constant.clone())).unwrap();
    assert_eq!((report.certified(), report.zero()), (2, 6));
    assert_eq!(fault(gradcheck("all cut", &x, |v| [v[0].detach(), v[0].detach()])), Fault::NoGradient);
}

#[test]
fn what_holds_for_every_vjp_holds_for_each_output() {
    let strided = [Tensor::from([[1.0, 2.0], [3.0, 4.0]]).transpose(0, 1)];
    let by_memory = |x: &Var| {
        let weights = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
        let weights = if x.value().is_contiguous() { weights } else { weights.transpose(0, 1) };
        x.mul(&Var::constant(weights))
    };
    let found = gradcheck("layout", &strided, |v| (v[0].exp(), by_memory(&v[0])));
    assert!(matches!(fault(found), Fault::LayoutMatters { .. }));
    let found = gradcheck("not linear", &strided, |v| (v[0].exp(), square(&v[0], |grad| grad.powi(2))));
    assert!(matches!(fault(found), Fault::NotLinear { .. }));
    let found = gradcheck("log", &strided, |v| (v[0].exp(), v[0].add_scalar(-2.0).log()));
    let Fault::NonFinite(found) = fault(found) else { panic!() };
    assert_eq!(found.operation, "log");
}

#[test]
fn outputs_without_elements_are_nothing_to_compare() {
    let f = |v: &[Var]| (v[0].slice(0, 0..0), v[0].slice(0, 1..1));
    let x = [Tensor::from([1.0, 2.0])];
    assert_eq!(fault(gradcheck("empty", &x, f)), Fault::NothingToCompare);
    assert_eq!(Gradcheck::new().allow_empty().run("empty", &x, f).unwrap().compared(), 0);
}

#[test]
#[should_panic(expected = "gradcheck of `nothing`: the function gives no variable")]
fn a_function_that_gives_nothing_is_none() {
    let _ = gradcheck("nothing", &[Tensor::scalar(1.0)], |_| Vec::<Var>::new());
}
