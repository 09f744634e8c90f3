use super::*;
use crate::element::DType;

fn count(shape: impl Into<Shape>) -> Tensor {
    let shape = shape.into();
    Tensor::arange(0.0, shape.numel() as f64, 1.0, DType::F64).reshape(shape)
}

#[test]
fn sums_over_any_axes() {
    let x = count([2, 3, 4]);
    assert_eq!(x.sum(.., false).item(), 276.0);
    assert_eq!(x.sum(-1, false), Tensor::from([[6.0, 22.0, 38.0], [54.0, 70.0, 86.0]]));
    assert_eq!(x.sum(1, true).shape(), Shape::from([2, 1, 4]));
    assert_eq!(x.sum([0, 2], false), Tensor::from([60.0, 92.0, 124.0]));
    assert_eq!(x.sum([0, 2], true).shape(), Shape::from([1, 3, 1]));
    assert_eq!(x.transpose(0, 2).sum([0, 1], false), Tensor::from([66.0, 210.0]));
    let no_axes: [isize; 0] = [];
    assert_eq!(x.sum(no_axes, false), x);
    assert_eq!(Tensor::zeros([0, 2], DType::F32).sum(0, false), Tensor::zeros([2], DType::F32));
}

#[test]
fn broadcast_input_is_counted_as_often_as_it_shows() {
    let x = Tensor::from([[1.0], [2.0]]).broadcast_to([2, 5]);
    assert_eq!(x.sum(1, false), Tensor::from([5.0, 10.0]));
    assert_eq!(x.sum(0, false), Tensor::full([5], 3.0, DType::F64));
    assert_eq!(x.mean(.., false).item(), 1.5);
}

#[test]
fn mean_variance_max() {
    let x = Tensor::from([[1.0, 3.0], [-2.0, 6.0]]);
    assert_eq!(x.mean(1, false), Tensor::from([2.0, 2.0]));
    assert_eq!(x.variance(1, false), Tensor::from([1.0, 16.0]));
    assert_eq!(x.max(0, false), Tensor::from([1.0, 6.0]));
    assert!(Tensor::zeros([0], DType::F32).mean(.., false).item().is_nan());
    assert_eq!(
        Tensor::zeros([2, 0], DType::F32).max(1, false),
        Tensor::full([2], f64::NEG_INFINITY, DType::F32)
    );
}

#[test]
fn long_sums_of_f32_are_rounded_once() {
    let exact = f64::from(0.1f32);
    for (shape, axes) in [
        ([1, 10_000_000, 1], Axes::from(1)),
        ([10_000_000, 1, 1], Axes::from(..)),
        ([1, 2_000_000, 5], Axes::from(1)),
        ([1000, 3, 1000], Axes::from([0, 2])),
        ([4, 1, 20_000], Axes::from(0)),
    ] {
        let x = Tensor::full(shape, 0.1, DType::F32);
        let sum = x.sum(axes.clone(), false);
        let count = (x.numel() / sum.numel()) as f64;
        let all = |found: Tensor, expected: f64| found == Tensor::full(found.shape(), expected, DType::F32);
        assert!(all(sum, exact * count), "sum of {shape:?}");
        assert!(all(x.mean(axes.clone(), false), 0.1), "mean of {shape:?}");
        assert!(all(x.variance(axes.clone(), false), 0.0), "variance of {shape:?}");
        let log = x.log_sum_exp(axes.clone(), false).to_f64_vec()[0];
        assert!((log / (exact + count.ln()) - 1.0).abs() < 1e-7, "log_sum_exp of {shape:?}: {log}");
    }
    let near = Tensor::full([3], 3e38, DType::F32);
    assert_eq!(near.mean(.., false), Tensor::full([], 3e38, DType::F32), "no overflow on the way");
}

#[test]
fn the_mean_of_ones_is_one() {
    for n in [1, 3, 49, 98, 103, 1000] {
        let ones = |dtype| Tensor::ones([n], dtype).mean(.., false).to_f64_vec();
        assert_eq!([ones(DType::F64), ones(DType::F32)], [[1.0], [1.0]], "{n}");
    }
}

/// Elements an ulp apart, whose mean is no f32.
#[test]
fn what_is_nearly_constant_has_its_variance() {
    let values = [1000.7f32, 1000.7f32.next_up(), 1000.7f32.next_up()];
    let x = Tensor::from(values);
    let exact = x.to_dtype(DType::F64).variance(.., false).item();
    let found = x.variance(.., false).to_f64_vec()[0];
    assert!((found / exact - 1.0).abs() < 1e-5, "{found} instead of {exact}");
    assert!(x.centred(..).sum(.., false).to_f64_vec()[0].abs() < 1e-10);
    assert_eq!(Tensor::full([2, 512], 1000.7, DType::F32).variance(1, false), Tensor::zeros([2], DType::F32));
}

#[test]
fn log_sum_exp_neither_overflows_nor_loses_infinities() {
    let x = Tensor::from([[1000.0, 1000.0], [-1000.0, -1000.0]]);
    let expected = Tensor::from([1000.0 + 2f64.ln(), -1000.0 + 2f64.ln()]);
    assert_eq!(x.log_sum_exp(1, false), expected);
    assert_eq!(x.log_sum_exp(1, true).shape(), Shape::from([2, 1]));
    let low = Tensor::full([3], f64::NEG_INFINITY, DType::F64);
    assert_eq!(low.log_sum_exp(.., false).item(), f64::NEG_INFINITY);
}

#[test]
fn argmax_keeps_the_order_of_the_other_axes() {
    let x = Tensor::from([[1.0f32, 5.0, 5.0], [7.0, 0.0, 2.0]]);
    assert_eq!(x.argmax(1), [1, 0]);
    assert_eq!(x.argmax(0), [1, 0, 0]);
    let y = count([2, 3, 4]).neg();
    assert_eq!(y.argmax(1), [0; 8]);
    let z = Tensor::from([[[1.0, 2.0], [3.0, 0.0]], [[5.0, 9.0], [4.0, 10.0]]]);
    assert_eq!(z.argmax(1), [1, 0, 0, 1]);
}

#[test]
fn squares_are_summed_in_f64_whatever_the_layout() {
    let x = Tensor::from([[3.0f32, 4096.5], [-1.0, 0.25]]);
    let expected = 9.0 + 4096.5f64 * 4096.5 + 1.0 + 0.0625; // of which f32 keeps no fraction
    assert_eq!([x.transpose(0, 1).sum_of_squares(), x.sum_of_squares()], [expected; 2]);
    assert_eq!(Tensor::zeros([0], DType::F64).sum_of_squares(), 0.0);
}

#[test]
fn sum_to_undoes_broadcasting() {
    let x = count([2, 3, 4]);
    assert_eq!(x.sum_to([3, 1]), x.sum([0, 2], true).reshape([3, 1]));
    assert_eq!(x.sum_to([]).item(), 276.0);
    assert_eq!(x.sum_to([1, 3, 4]).shape(), Shape::from([1, 3, 4]));
    assert_eq!(x.sum_to([2, 3, 4]), x);
}

#[test]
#[should_panic(expected = "sum_to: [3] does not broadcast to [2, 2]")]
fn sum_to_unrelated_panics() {
    let _ = count([2, 2]).sum_to([3]);
}
