//! The strategies draw what they promise, and failures shrink to what a person would have written.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use super::*;
use crate::element::DType;
use crate::mask::Mask;
use crate::shape::{Axes, Shape};
use crate::tensor::Tensor;

fn runner(seed: u64) -> TestRunner {
    let rng_seed = RngSeed::Fixed(seed);
    TestRunner::new(Config { cases: 500, rng_seed, failure_persistence: None, ..Config::default() })
}

/// 500 cases of a strategy.
fn drawn<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = runner(1);
    (0..500).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What the first failure of `holds` shrinks to.
fn minimal<T: std::fmt::Debug>(
    strategy: &impl Strategy<Value = T>,
    seed: u64,
    holds: impl Fn(&T) -> bool,
) -> T {
    let test = |case| if holds(&case) { Ok(()) } else { Err(TestCaseError::fail("found")) };
    match runner(seed).run(strategy, test) {
        Err(TestError::Fail(_, case)) => case,
        other => panic!("no failure: {other:?}"),
    }
}

#[test]
fn every_rank_length_and_layout_is_drawn() {
    let tensors = drawn(tensors(shapes(0..=4), numbers()));
    let ranks: HashSet<usize> = tensors.iter().map(Tensor::rank).collect();
    let lengths: HashSet<usize> = tensors.iter().flat_map(|x| x.shape().to_vec()).collect();
    assert_eq!((ranks.len(), lengths.len()), (5, MAX_LEN + 1));
    assert!(tensors.iter().all(|x| x.dtype() == DType::F64 && x.all_finite()));
    let count = |holds: fn(&Tensor) -> bool| tensors.iter().filter(|x| x.numel() > 1 && holds(x)).count();
    assert!(count(Tensor::is_contiguous) > 50);
    assert!(count(|x| x.strides().contains(&0)) > 50);
    assert!(count(|x| x.strides() == x.transpose(0, -1).shape().contiguous_strides()) > 5);
    assert!(tensors.iter().any(|x| x.to_f64_vec().iter().any(|&value| value < -1.5)));
}

#[test]
fn a_layout_changes_nothing_but_the_memory() {
    for layout in drawn(layouts()) {
        let x = Tensor::arange(0.0, 24.0, 1.0, DType::F32).reshape([2, 3, 4]);
        let found = layout.of(&x);
        assert_eq!((found.shape(), found.dtype()), (x.shape(), x.dtype()));
        if layout.repeated == 0 {
            assert_eq!(found, x, "{layout:?}");
            assert_eq!(found.is_contiguous(), layout == Layout::default());
        } else {
            assert!(found.all_finite());
            assert_eq!(found.strides()[2] == 0, layout.repeated & 1 == 1, "{layout:?}");
        }
        assert_eq!(layout.of(&Tensor::scalar(3.0)), Tensor::scalar(3.0));
    }
    let repeated = Layout { repeated: 2, ..Layout::default() }.of(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    assert_eq!((repeated.strides()[0], repeated), (0, Tensor::from([[1.0, 2.0], [1.0, 2.0]])));
}

#[test]
fn shapes_of_operands_fit() {
    let pairs = drawn(broadcastable_shapes());
    assert!(pairs.iter().all(|[lhs, rhs]| lhs.broadcast(*rhs).is_some()));
    let widened = |[lhs, rhs]: &&[Shape; 2]| ![*lhs, *rhs].contains(&lhs.broadcast(*rhs).unwrap());
    assert!(pairs.iter().filter(widened).count() > 10, "both sides are repeated");
    for [lhs, rhs] in drawn(matmul_shapes()) {
        let zeros = |shape| Tensor::zeros(shape, DType::F32);
        let (m, n) = (lhs[lhs.rank() - 2], rhs[rhs.rank() - 1]);
        assert!(zeros(lhs).matmul(&zeros(rhs)).shape().ends_with(&[m, n]));
    }
}

#[test]
fn axes_exist() {
    for (shape, choice) in drawn((shapes(1..=4), axis_choices())) {
        shape.axis(choice.axis(shape));
        choice.axes(shape).chosen(shape); // panics if one does not exist
    }
    let choices = drawn(axis_choices());
    let chosen: HashSet<_> =
        choices.iter().map(|choice| choice.axes([2, 2].into()).chosen([2, 2].into())).collect();
    assert_eq!(chosen.len(), 4, "none, each and both");
    assert!(choices.iter().any(|choice| choice.axes([2].into()) == Axes::Some(vec![])));
    assert!(choices.iter().any(|choice| choice.axis([2].into()) == -1));
}

#[test]
fn every_kind_of_mask_is_drawn() {
    let masks = drawn(masks(Just(Shape::from([2, 3, 3]))));
    let blind = |mask: &Mask| mask.to_vec().chunks(3).any(|row| row == [false; 3]);
    let padding = Mask::from_fn([2, 3, 3], |index| index[2] < 2 - index[0]);
    let causal = Mask::causal(3).broadcast_to([2, 3, 3]);
    for expected in [&Mask::full([2, 3, 3], true), &Mask::full([2, 3, 3], false), &causal, &padding] {
        assert!(masks.contains(expected), "{expected:?}");
    }
    assert!(masks.iter().filter(|mask| blind(mask) && mask.count() > 0).count() > 50);
    assert!(masks.iter().map(Mask::to_vec).collect::<HashSet<_>>().len() > 100);
}

#[test]
fn a_failure_shrinks_to_the_shortest_axis_plain_memory_and_zeros() {
    let strategy = tensors(shapes(0..=4), numbers());
    for seed in 0..20 {
        let found = minimal(&strategy, seed, |x| x.shape().last().is_none_or(|&len| len < 3));
        assert_eq!(found, Tensor::zeros([3], DType::F64));
        assert!(found.is_contiguous());
        let found = minimal(&strategy, seed, |x| x.numel() < 3);
        assert!([Shape::from([3]), [2, 2].into()].contains(&found.shape()), "{found}");
        assert!(found.is_contiguous() && found == Tensor::zeros(found.shape(), DType::F64));
    }
}

#[test]
fn an_empty_axis_a_value_and_a_layout_are_found_each_on_its_own() {
    let strategy = tensors(shapes(0..=4), numbers());
    for seed in 0..20 {
        let empty = minimal(&strategy, seed, |x| x.numel() > 0);
        assert_eq!(empty, Tensor::zeros([0], DType::F64));
        let large = minimal(&strategy, seed, |x| x.to_f64_vec().iter().all(|&value| value < 1.0));
        assert_eq!(large, Tensor::scalar(1.0));
        let repeated = minimal(&strategy, seed, |x| x.numel() < 2 || x.strides()[x.rank() - 1] != 0);
        assert_eq!((repeated.shape(), repeated.strides()), ([2].into(), [0].into()));
        let strided = minimal(&strategy, seed, |x| x.numel() == 0 || x.is_contiguous());
        assert!(strided.numel() <= 4 && strided.shape().iter().all(|&len| len <= 2), "{strided}");
        assert_eq!(strided, Tensor::zeros(strided.shape(), DType::F64));
    }
}

#[test]
fn values_of_the_caller_stay_in_their_range_while_they_shrink() {
    for seed in 0..20 {
        let positive = tensors(shapes(0..=2), numbers_in(0.5..=2.0));
        let found = minimal(&positive, seed, |x| x.numel() < 2 || !x.to_f64_vec().iter().all(|&v| v >= 0.5));
        assert_eq!(found, Tensor::full([2], 0.5, DType::F64));
        let found = minimal(&tensors(shapes(1..=2), 0.5..2.0), seed, |x| x.numel() < 2);
        assert!(found.to_f64_vec().iter().all(|value| (0.5..2.0).contains(value)));
    }
}

#[test]
fn operands_shrink_to_short_axes_and_still_broadcast() {
    let strategy = operands(broadcastable_shapes(), integers());
    for seed in 0..20 {
        let [lhs, rhs] = minimal(&strategy, seed, |[lhs, rhs]| lhs.shape() == rhs.shape());
        let small = |x: &Tensor| x.shape().iter().all(|&len| len <= 2);
        assert!(small(&lhs) && small(&rhs), "seed {seed}: {lhs} and {rhs}");
        assert!(lhs.to_f64_vec().iter().chain(&rhs.to_f64_vec()).all(|&value| value == 0.0));
    }
}

#[test]
fn masks_shrink_to_what_matters() {
    for seed in 0..20 {
        let found = minimal(&masks(shapes(2..=3)), seed, |mask| mask.count() == mask.shape().numel());
        assert!(
            [&[false][..], &[true, false]].contains(&&found.to_vec()[..]),
            "nothing or the future: {found:?}"
        );
    }
}
