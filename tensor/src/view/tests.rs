use super::*;
use crate::element::DType;

fn count(shape: impl Into<Shape>) -> Tensor {
    let shape = shape.into();
    Tensor::arange(0.0, shape.numel() as f64, 1.0, DType::F64).reshape(shape)
}

fn shares_storage(a: &Tensor, b: &Tensor) -> bool {
    a.stored::<f64>().as_ptr() == b.stored::<f64>().as_ptr()
}

#[test]
fn views_share_storage_and_show_the_right_elements() {
    let x = count([2, 3, 4]);
    let t = x.transpose(-1, 0); // [4, 3, 2]
    assert!(shares_storage(&x, &t));
    assert_eq!((t.shape(), t.at(&[3, 1, 1])), (Shape::from([4, 3, 2]), x.at(&[1, 1, 3])));
    assert_eq!(x.permute(&[2, 0, 1]).at(&[3, 1, 2]), x.at(&[1, 2, 3]));
    let s = x.slice(1, 1..3).slice(-1, 2..4); // [2, 2, 2]
    assert_eq!(s.to_vec::<f64>(), [6.0, 7.0, 10.0, 11.0, 18.0, 19.0, 22.0, 23.0]);
    let b = count([3, 1]).broadcast_to([2, 3, 4]);
    assert_eq!(b.strides(), Shape::from([0, 1, 0]));
    assert_eq!(b.at(&[1, 2, 3]), 2.0);
    assert_eq!(x.unsqueeze(-1).shape(), Shape::from([2, 3, 4, 1]));
    assert_eq!(x.unsqueeze(0).squeeze(0), x);
    let parts = x.split(1, &[1, 2]);
    assert_eq!((parts[0].clone(), parts[1].clone()), (x.slice(1, 0..1), x.slice(1, 1..3)));
}

/// Every reshape of every view agrees with copying first; `reshape_strides` decides only about copies.
#[test]
fn reshape_of_any_view_equals_reshape_of_its_copy() {
    let x = count([2, 3, 4]);
    let views = [
        x.clone(),
        x.transpose(0, 1),
        x.transpose(1, 2),
        x.permute(&[2, 0, 1]),
        count([4]).broadcast_to([2, 3, 4]),
        count([2, 1, 1]).broadcast_to([2, 3, 4]),
        count([2, 6, 4]).slice(1, 2..5),
        count([2, 3, 8]).slice(2, 1..5),
    ];
    let shapes: [&[usize]; 8] =
        [&[24], &[2, 12], &[6, 4], &[1, 24, 1], &[2, 3, 2, 2], &[4, 3, 2], &[3, 8], &[1, 2, 1, 3, 4]];
    for view in &views {
        for shape in shapes {
            let expected = Tensor::from_vec(view.to_vec::<f64>(), shape);
            assert_eq!(
                view.reshape(shape),
                expected,
                "{} with strides {} to {shape:?}",
                view.shape(),
                view.strides()
            );
        }
    }
}

#[test]
fn reshape_copies_only_when_it_must() {
    let x = count([2, 3, 4]);
    for shape in [&[24][..], &[6, 4], &[2, 1, 12], &[2, 3, 2, 2], &[1, 2, 3, 4, 1]] {
        assert!(shares_storage(&x, &x.reshape(shape)), "{shape:?}");
    }
    let heads = x.transpose(0, 1); // [3, 2, 4]
    assert!(shares_storage(&heads, &heads.reshape([3, 2, 2, 2])));
    assert!(!shares_storage(&heads, &heads.reshape([6, 4])));
    let columns_first = x.permute(&[2, 0, 1]); // [4, 2, 3], where the last two axes lie evenly
    assert!(shares_storage(&columns_first, &columns_first.reshape([4, 6])));
    let left = x.slice(2, 0..2); // [2, 3, 2], where the first two do
    assert!(shares_storage(&left, &left.reshape([6, 2])));
    assert_eq!(count([1, 1]).reshape([]).item(), 0.0);
    assert_eq!(Tensor::zeros([0, 3], DType::F64).reshape([3, 0]).shape(), Shape::from([3, 0]));
}

#[test]
#[should_panic(expected = "reshape: [2, 3] does not hold as many elements as [4]")]
fn reshape_to_another_size_panics() {
    let _ = count([2, 3]).reshape([4]);
}

#[test]
#[should_panic(expected = "slice: 1..4 is outside axis 1 of [2, 3]")]
fn slice_outside_panics() {
    let _ = count([2, 3]).slice(-1, 1..4);
}

#[test]
#[should_panic(expected = "permute: [0, 0] does not name every axis of [2, 3] once")]
fn repeated_axis_panics() {
    let _ = count([2, 3]).permute(&[0, 0]);
}

#[test]
#[should_panic(expected = "broadcast_to: [2, 3] does not broadcast to [3, 3]")]
fn broadcast_to_unrelated_panics() {
    let _ = count([2, 3]).broadcast_to([3, 3]);
}
