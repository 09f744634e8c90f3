//! What reports and failures say, and in which order.

use super::*;

#[test]
fn a_report_is_a_table_of_the_inputs() {
    let inputs = [normal(&[2, 3]), normal(&[3])];
    let check = Gradcheck::new().input_names(["x", "gain"]).seed(Seed::new(7));
    let report = check.run("scaled", &inputs, |v| &v[0] * &v[1]).unwrap().to_string();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "gradcheck of `scaled`: 54 derivatives (the full Jacobian), seed 7");
    assert!(lines[1].starts_with("worst relative error "), "{report}");
    assert!(
        lines[2].starts_with("  x          6 certified      30 zero       0 excused  worst "),
        "{report}"
    );
    assert!(
        lines[3].starts_with("  gain       6 certified      12 zero       0 excused  worst "),
        "{report}"
    );
    let unused = Gradcheck::new().run("first", &inputs, |v| v[0].exp()).unwrap().to_string();
    assert!(
        unused
            .ends_with("\n  input 1       0 certified      18 zero       0 excused  nothing shown but zeros")
    );
}

#[test]
fn the_worst_few_are_shown_the_worst_first() {
    let x = Tensor::from([1.0; 8]);
    let spoil = |grad: Tensor| grad.mul(&Tensor::from([1.1, 1.7, 1.3, 1.0, 1.5, 1.6, 1.2, 1.4]));
    let (_, wrong, worst) = mismatches(gradcheck("square", &[x], |v| square(&v[0], spoil)));
    let elements: Vec<usize> = worst.iter().map(|found| found.input_index[0]).collect();
    assert_eq!((wrong, &elements[..]), (7, &[1, 5, 4, 7, 2][..]));
}

#[test]
fn the_worst_of_each_input_is_shown() {
    let inputs = [Tensor::from([1.0; 6]), Tensor::from([1.0; 6]), Tensor::from([1.0; 6])];
    let (_, wrong, worst) = mismatches(gradcheck("sum", &inputs, |v| {
        square(&v[0], |grad| grad.neg()) + v[1].exp() + square(&v[2], |grad| grad.mul_scalar(1.01))
    }));
    let shown: Vec<usize> = worst.iter().map(|found| found.input).collect();
    assert_eq!((wrong, &shown[..]), (12, &[0, 0, 0, 2, 2][..]));
}

#[test]
fn a_failure_shows_itself_when_it_is_unwrapped() {
    let inputs = [Tensor::scalar(1.0), Tensor::scalar(2.0)];
    let wrong = |v: &[Var]| square(&v[0], |grad| grad.neg()) + square(&v[1], |grad| grad.neg());
    let failure = gradcheck("squares", &inputs, wrong).unwrap_err();
    assert_eq!(format!("{failure:?}"), failure.to_string());
    let expected =
        "gradcheck of `squares`: 2 of 2 derivatives are wrong: 1 of 1 by input 0, 1 of 1 by input 1\n";
    assert!(failure.to_string().starts_with(expected), "{failure}");
}

#[test]
fn the_largest_number_shown_has_ten_digits() {
    let x = Tensor::scalar(1.0 / 3.0);
    let failure = gradcheck("square", &[x], |v| square(&v[0], |grad| grad.neg())).unwrap_err();
    assert!(
        failure.to_string().contains("d output / d input 0 is -0.6666666667 by backward but 0.6666666667 by")
    );
    for (x, said) in [(1e150, "2e150"), (5e-160, "1e-159")] {
        let failure = Gradcheck::new()
            .atol(0.0)
            .run("square", &[Tensor::scalar(x)], |v| square(&v[0], |grad| grad.neg()))
            .unwrap_err();
        assert!(failure.to_string().contains(&format!("is -{said} by backward but ")), "{failure}");
    }
}
