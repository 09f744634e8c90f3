use super::*;

#[test]
fn broadcast_follows_numpy() {
    type Lengths = &'static [usize];
    let cases: [(Lengths, Lengths, Option<Lengths>); 8] = [
        (&[], &[], Some(&[])),
        (&[2, 3], &[3], Some(&[2, 3])),
        (&[2, 1], &[1, 3], Some(&[2, 3])),
        (&[4, 1, 5], &[3, 1], Some(&[4, 3, 5])),
        (&[0], &[1], Some(&[0])),
        (&[2, 3], &[], Some(&[2, 3])),
        (&[2], &[3], None),
        (&[0], &[2], None),
    ];
    for (a, b, expected) in cases {
        let (a, b) = (Shape::new(a), Shape::new(b));
        assert_eq!(a.broadcast(b), expected.map(Shape::new), "{a} with {b}");
        assert_eq!(b.broadcast(a), expected.map(Shape::new), "{b} with {a}");
    }
}

#[test]
fn axes_count_from_the_end_too() {
    let shape = Shape::from([2, 3, 4]);
    assert_eq!((shape.axis(-1), shape.axis(0), shape.axis(-3)), (2, 0, 0));
    assert_eq!(Axes::from([0, -1]).chosen_for("sum", shape)[..3], [true, false, true]);
    assert_eq!(Axes::from(..).chosen(shape)[..3], [true, true, true]);
    assert_eq!(Axes::from(1).chosen(shape)[..3], [false, true, false]);
}

#[test]
#[should_panic(expected = "axis 3 is out of range for shape [2, 3, 4]")]
fn missing_axis_panics() {
    Shape::from([2, 3, 4]).axis(3);
}

#[test]
#[should_panic(expected = "sum: axis 2 is named twice in [2, -1] for shape [2, 3, 4]")]
fn repeated_axis_panics() {
    Axes::from([2, -1]).chosen_for("sum", Shape::from([2, 3, 4]));
}

#[test]
fn sizes_beyond_counting_are_refused_unless_there_is_nothing_to_count() {
    assert_eq!(Shape::from([0, 1 << 40, 1 << 40]).numel(), 0);
    assert!(std::panic::catch_unwind(|| Shape::from([1 << 40, 1 << 40]).numel()).is_err());
}

#[test]
fn indices_count_up_in_row_major_order() {
    let shape = Shape::from([2, 3, 4]);
    let indices: Vec<Vec<usize>> = (0..24).map(|element| shape.index_of(element)).collect();
    assert_eq!((&indices[0][..], &indices[23][..]), (&[0, 0, 0][..], &[1, 2, 3][..]));
    assert!(indices.is_sorted(), "{indices:?}");
    let places = indices.iter().map(|index| index[0] * 12 + index[1] * 4 + index[2]);
    assert!(places.eq(0..24), "{indices:?}");
    assert_eq!(Shape::from([]).index_of(0), []);
}

#[test]
#[should_panic(expected = "index_of: shape [2, 3] has no element 6")]
fn an_element_beyond_the_last_has_no_index() {
    Shape::from([2, 3]).index_of(6);
}

#[test]
fn shapes_are_shown_as_lists() {
    let shape = Shape::from([2, 3]);
    assert_eq!(format!("{shape} {shape:?}"), "[2, 3] [2, 3]");
}

#[test]
fn strides_are_row_major() {
    assert_eq!(Shape::from([2, 3, 4]).contiguous_strides(), Shape::from([12, 4, 1]));
    assert_eq!(Shape::from([]).numel(), 1);
    assert_eq!(Shape::from([2, 3]).with_inserted(1, 7), Shape::from([2, 7, 3]));
    assert_eq!(Shape::from([2, 7, 3]).without(1), Shape::from([2, 3]));
}
