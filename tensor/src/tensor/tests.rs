use super::*;
use crate::testing::panic_message;

#[test]
fn writing_never_shows_through_a_clone_or_a_view() {
    let original = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]);
    let view = original.transpose(0, 1);
    let mut written = original.clone();
    written.data_mut::<f32>()[0] = 9.0;
    assert_eq!((original.at(&[0, 0]), view.at(&[0, 0]), written.at(&[0, 0])), (1.0, 1.0, 9.0));
}

#[test]
fn unshared_storage_is_written_in_place() {
    let mut x = Tensor::from([1.0f64, 2.0]);
    let before = x.data::<f64>().as_ptr();
    x.data_mut::<f64>()[1] = 5.0;
    assert_eq!(x.data::<f64>().as_ptr(), before);
    assert_eq!(x, Tensor::from([1.0f64, 5.0]));
}

#[test]
fn data_mut_of_a_view_writes_only_what_the_view_shows() {
    let x = Tensor::arange(0.0, 6.0, 1.0, DType::F32).reshape([2, 3]);
    let mut column = x.slice(1, 1..2);
    drop(x);
    column.data_mut::<f32>().fill(7.0);
    assert_eq!(column, Tensor::from([[7.0f32], [7.0]]));
}

#[test]
fn equality_looks_at_values_not_at_layout() {
    let x = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]);
    assert_eq!(x.transpose(0, 1), Tensor::from([[1.0f32, 3.0], [2.0, 4.0]]));
    assert_ne!(x, x.reshape([4]));
    assert_ne!(x, x.to_dtype(DType::F64));
    assert_ne!(Tensor::from([f32::NAN]), Tensor::from([f32::NAN]));
}

#[test]
fn contiguous_means_row_major_strides_also_along_axes_of_length_one() {
    let column = Tensor::from([[1.0f32, 2.0, 3.0]]).transpose(0, 1); // [3, 1], strides [1, 3]
    assert!(column.is_contiguous());
    assert_eq!(column.contiguous().strides(), Shape::from([1, 1]));
    let x = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]).transpose(0, 1).contiguous();
    assert_eq!((x.strides(), x.to_f64_vec()), (Shape::from([2, 1]), vec![1.0, 3.0, 2.0, 4.0]));
}

#[test]
fn one_number_that_is_not_finite_is_noticed_wherever_it_stands() {
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let x = Tensor::from([[1.0, 2.0], [3.0, wrong]]);
        assert!(!x.all_finite() && !x.transpose(0, 1).all_finite() && !x.to_dtype(DType::F32).all_finite());
        assert!(x.slice(0, 0..1).all_finite(), "what a view leaves out does not count");
    }
}

#[test]
fn empty_tensors_have_no_elements_and_do_not_panic() {
    let x = Tensor::zeros([0, 3], DType::F32);
    assert_eq!(x.to_vec::<f32>(), Vec::<f32>::new());
    assert!(x.transpose(0, 1).is_contiguous() && x.all_finite());
    assert!(x.clone().data_mut::<f32>().is_empty());
}

#[test]
fn an_index_has_to_be_inside() {
    let x = Tensor::zeros([2, 3], DType::F32);
    for index in [&[2, 0][..], &[0, 3], &[0], &[0, 0, 0]] {
        assert_eq!(panic_message(|| x.at(index)), format!("at: index {index:?} is outside shape [2, 3]"));
    }
}

#[test]
#[should_panic(expected = "from_vec: 3 elements do not fill shape [2, 2]")]
fn wrong_length_panics() {
    Tensor::from_vec(vec![1.0f32; 3], [2, 2]);
}

#[test]
#[should_panic(expected = "tensor of shape [2] holds f32, not f64")]
fn wrong_dtype_panics() {
    Tensor::from([1.0f32, 2.0]).data::<f64>();
}

#[test]
#[should_panic(expected = "item: tensor of shape [2] does not hold exactly one element")]
fn item_of_many_panics() {
    Tensor::from([1.0f32, 2.0]).item();
}
