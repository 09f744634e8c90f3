//! Points without a derivative.

use super::*;
use crate::gradcheck::kinks::{distance_to, distance_to_tie};

#[test]
fn a_kink_that_was_not_named_is_pointed_out() {
    let (_, _, worst) = mismatches(gradcheck("relu", &[Tensor::from([1.0, 0.0])], |v| v[0].relu()));
    assert_eq!((worst.len(), &worst[0].input_index[..], worst[0].kink), (1, &[1][..], true));
    assert!(worst[0].to_string().ends_with("name it with Gradcheck::kink"));
    assert!(gradcheck("relu", &[Tensor::from([1.0, 1e-5])], |v| v[0].relu()).is_ok(), "close, but not at it");
}

#[test]
fn inputs_move_away_from_a_kink_that_was_named() {
    let check = Gradcheck::new().kink("relu at 0", |x| distance_to(&x[0], 0.0));
    let far = check.run("relu", &[Tensor::from([1.0, -0.1])], |v| v[0].relu()).unwrap();
    assert_eq!((far.moved, far.to_string().contains("moved")), (0, false));
    let near = check.run("relu", &[Tensor::from([1.0, 0.0, 0.0, 1e-9])], |v| v[0].relu()).unwrap();
    assert_eq!((near.moved > 0, near.compared()), (true, 16));
    assert!(near.to_string().contains("; moved 1 time(s) to get away from a kink\n"), "{near}");
    assert!(format!("{check:?}").contains("relu at 0"));
    let tie = Gradcheck::new().kink("tie", |x| distance_to_tie(&x[0], 1));
    let equal = [Tensor::from([[1.0, 1.0], [2.0, 3.0]])];
    assert!(tie.run("max", &equal, |v| v[0].max(1, false)).unwrap().moved > 0);
}

#[test]
fn a_kink_that_cannot_be_left_is_an_error() {
    for distance in [0.0, f64::NAN] {
        let found = Gradcheck::new()
            .kink("elsewhere", |_| f64::INFINITY)
            .kink("everywhere", move |_| distance)
            .run("exp", &[Tensor::from([1.0])], |v| v[0].exp());
        let Fault::AtKink { kink, margin, .. } = fault(found) else { panic!() };
        assert_eq!((kink.as_str(), margin), ("everywhere", 4e-3 / 1024.0));
    }
}

#[test]
fn distances_are_the_smallest() {
    assert_eq!(distance_to(&Tensor::from([3.0, -1.5, 0.5]), 0.25), 0.25);
    assert_eq!(distance_to(&Tensor::zeros([0], DType::F64), 0.0), f64::INFINITY);
    let x = Tensor::from([[1.0, 5.0], [2.0, 4.5], [4.0, -9.0]]);
    assert_eq!(distance_to_tie(&x, 0), 0.5); // 4 over 2, and 5 over 4.5
    assert_eq!(distance_to_tie(&x, 1), 2.5);
    assert_eq!(distance_to_tie(&x.slice(0, 0..1), 0), f64::INFINITY);
    let stacked = Tensor::from([[[1.0, 1.0], [4.0, 2.0]], [[2.5, 8.0], [3.0, 9.5]]]);
    assert_eq!([0, 1, 2].map(|axis| distance_to_tie(&stacked, axis)), [1.0, 0.5, 0.0]);
}

#[test]
fn a_bend_is_no_corner() {
    let (_, _, worst) = mismatches(gradcheck("log", &[Tensor::from([1e-5])], |v| {
        let x = v[0].value().clone();
        Var::record("log", &[&v[0]], x.log(), move |grad_out, grads| {
            grads.add(0, || grad_out.div(&x).mul_scalar(1.1));
        })
    }));
    assert!(!worst[0].kink, "{}", worst[0]);
    // At a stationary point the slopes to both sides have opposite signs, but both go to zero.
    let (_, _, worst) = mismatches(gradcheck("square", &[Tensor::from([0.0])], |v| {
        Var::record("square", &[&v[0]], v[0].value().powi(2), |grad_out, grads| {
            grads.add(0, || grad_out.mul_scalar(0.1));
        })
    }));
    assert!(!worst[0].kink, "{}", worst[0]);
}

#[test]
fn many_elements_can_be_kept_away_from_a_kink() {
    let check = Gradcheck::new().kink("relu at 0", |x| distance_to(&x[0], 0.0));
    let mut elements = normal(&[10_000]).to_f64_vec();
    elements[123] = 0.0;
    let report = check.run("relu", &[Tensor::from_vec(elements, [10_000])], |v| v[0].relu()).unwrap();
    assert!(report.moved > 0);
    assert_eq!(report.certified(), 8);
}

#[test]
fn the_distance_to_a_kink_grows_with_the_step() {
    let check = Gradcheck::new().kink("relu at 10000", |x| distance_to(&x[0], 1e4));
    let report = check.run("relu", &[Tensor::from([1e4 + 0.01])], |v| (&v[0] - 1e4).relu()).unwrap();
    assert!(report.moved > 0);
}

#[test]
fn inputs_move_by_about_a_tenth() {
    use std::cell::Cell;
    use std::rc::Rc;

    let farthest = Rc::new(Cell::new(0.0));
    let seen = farthest.clone();
    let check = Gradcheck::new().kink("relu at 0", move |x| {
        seen.set(x[0].to_f64_vec().into_iter().map(f64::abs).fold(seen.get(), f64::max));
        distance_to(&x[0], 0.0)
    });
    check.run("relu", &[Tensor::zeros([20], DType::F64)], |v| v[0].relu()).unwrap();
    assert!((0.1..0.5).contains(&farthest.get()), "{}", farthest.get());
}

#[test]
fn a_corner_nearby_is_not_blamed_for_what_is_wrong_here() {
    let (_, _, worst) = mismatches(gradcheck("relu", &[Tensor::from([1e-4])], |v| {
        Var::record("relu", &[&v[0]], v[0].value().relu(), |grad_out, grads| {
            grads.add(0, || grad_out.mul_scalar(0.5));
        })
    }));
    assert!(!worst[0].kink, "{}", worst[0]);
}
