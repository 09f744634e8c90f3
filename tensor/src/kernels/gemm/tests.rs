use super::panels::{AddTo, gemm_parallel};
use super::*;

/// What a product computes: out[i, j] = alpha * sum_l a[i, l] b[l, j] + beta * out[i, j].
pub(crate) fn naive_gemm(alpha: f64, a: MatRef<f64>, b: MatRef<f64>, beta: f64, out: &mut [f64]) {
    for i in 0..a.rows {
        for j in 0..b.cols {
            let mut sum = 0.0;
            for l in 0..a.cols {
                sum +=
                    a.data[i * a.row_stride + l * a.col_stride] * b.data[l * b.row_stride + j * b.col_stride];
            }
            let kept = if beta == 0.0 { 0.0 } else { beta * out[i * b.cols + j] };
            out[i * b.cols + j] = alpha * sum + kept;
        }
    }
}

/// Small integers, so that every order of summation is exact.
fn integers(len: usize, start: usize) -> Vec<f64> {
    (start..start + len).map(|i| (i * 7 % 11) as f64 - 5.0).collect()
}

#[test]
fn agrees_with_the_naive_product_for_every_layout() {
    let sizes = [
        (0, 3, 2),
        (1, 1, 1),
        (3, 0, 2),
        (2, 3, 0),
        (5, 7, 3),
        (17, 33, 9),
        (64, 64, 64),
        (3, 130, 700),
        (256, 0, 1024),
        (1024, 0, 256),
    ];
    for (m, k, n) in sizes {
        let (a, b) = (integers(m * k, 1), integers(k * n, 2));
        for layout in 0..4 {
            let a =
                if layout & 1 == 0 { MatRef::row_major(&a, m, k) } else { MatRef::row_major(&a, k, m).t() };
            let b =
                if layout & 2 == 0 { MatRef::row_major(&b, k, n) } else { MatRef::row_major(&b, n, k).t() };
            for (alpha, beta) in [(1.0, 0.0), (2.0, 0.0), (1.0, 1.0), (-3.0, 2.0)] {
                let mut expected = integers(m * n, 3);
                let mut serial = expected.clone();
                naive_gemm(alpha, a, b, beta, &mut expected);
                gemm(alpha, a, b, beta, MatMut::row_major(&mut serial, m, n));
                assert_eq!(serial, expected, "[{m}, {k}] x [{k}, {n}], layout {layout}");
            }
            let row = integers(n, 4);
            for add_to in [AddTo::Zero, AddTo::Row(&row), AddTo::Out] {
                let before = integers(m * n, 3);
                let mut expected = match add_to {
                    AddTo::Zero => vec![0.0; m * n],
                    AddTo::Row(row) => row.repeat(m),
                    AddTo::Out => before.clone(),
                };
                naive_gemm(1.0, a, b, 1.0, &mut expected);
                let mut parallel = before;
                gemm_parallel(a, b, add_to, &mut parallel);
                assert_eq!(parallel, expected, "{add_to:?}, [{m}, {k}] x [{k}, {n}], layout {layout}");
            }
        }
    }
}

#[test]
fn panels_agree_when_sizes_are_odd() {
    for (m, k, n) in [(333, 65, 129), (129, 65, 333), (1, 512, 4097), (4097, 512, 1)] {
        let (a, b) = (integers(m * k, 1), integers(k * n, 2));
        let (a, b) = (MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n));
        let (mut expected, mut out) = (vec![0.0; m * n], vec![0.0; m * n]);
        naive_gemm(1.0, a, b, 0.0, &mut expected);
        gemm_parallel(a, b, AddTo::Zero, &mut out);
        assert_eq!(out, expected, "[{m}, {k}] x [{k}, {n}]");
    }
}

#[test]
fn beta_zero_ignores_what_was_there() {
    let mut out = vec![f64::NAN; 4];
    let a = [1.0, 2.0, 3.0, 4.0];
    gemm(
        1.0,
        MatRef::row_major(&a, 2, 2),
        MatRef::row_major(&a, 2, 2),
        0.0,
        MatMut::row_major(&mut out, 2, 2),
    );
    assert_eq!(out, [7.0, 10.0, 15.0, 22.0]);
    let empty: [f64; 0] = [];
    let mut out = vec![f64::NAN; 4];
    gemm_parallel(MatRef::row_major(&empty, 2, 0), MatRef::row_major(&empty, 0, 2), AddTo::Zero, &mut out);
    assert_eq!(out, [0.0; 4], "a product over no elements is zero");
}

#[test]
#[should_panic(expected = "an operand is too short")]
fn short_operands_are_refused() {
    let a = [1.0f32; 3];
    gemm(
        1.0,
        MatRef::row_major(&a, 2, 2),
        MatRef::row_major(&a, 2, 1),
        0.0,
        MatMut::row_major(&mut [0.0; 2], 2, 1),
    );
}

#[test]
#[should_panic(expected = "elements of out overlap")]
fn overlapping_outputs_are_refused() {
    let a = [1.0f32; 4];
    let mut data = [0.0; 4];
    let out = MatMut { data: &mut data, rows: 2, cols: 2, row_stride: 1, col_stride: 1 };
    gemm(1.0, MatRef::row_major(&a, 2, 2), MatRef::row_major(&a, 2, 2), 0.0, out);
}

#[test]
#[should_panic(expected = "an operand is too short")]
fn strides_that_wrap_around_are_refused() {
    let a = [1.0f32; 4];
    let wrapping = MatRef { data: &a[..], rows: 2, cols: 2, row_stride: usize::MAX, col_stride: 1 };
    gemm(1.0, wrapping, MatRef::row_major(&a, 2, 2), 0.0, MatMut::row_major(&mut [0.0; 4], 2, 2));
}

#[test]
#[should_panic(expected = "out does not hold")]
fn sizes_that_wrap_around_are_refused() {
    let (huge, none) = (1 << 32, [0.0f32; 0]);
    let (a, b) = (MatRef::row_major(&none, huge, 0), MatRef::row_major(&none, 0, huge));
    gemm_parallel(a, b, AddTo::Zero, &mut []);
}

/// The libraries decide by strides what to pack. On both sides of each decision the sums must be the same.
fn assert_layout_does_not_matter<T: Gemm>(m: usize, k: usize, n: usize) {
    let values =
        |len, phase: f64| (0..len).map(|i| T::of((phase + i as f64 * 0.7).sin())).collect::<Vec<T>>();
    let transposed =
        |x: &[T], rows, cols| -> Vec<T> { (0..rows * cols).map(|i| x[i % rows * cols + i / rows]).collect() };
    let spread = |x: &[T]| -> Vec<T> { x.iter().flat_map(|&x| [x, T::nan()]).collect() };
    let (a, b) = (values(m * k, 0.1), values(k * n, 0.2));
    let (a_t, b_t) = (transposed(&a, m, k), transposed(&b, k, n));
    let (a_s, b_s) = (spread(&a), spread(&b));
    let with_gaps = |data, rows, cols| MatRef { data, rows, cols, row_stride: 2 * cols, col_stride: 2 };
    let lhs = [MatRef::row_major(&a, m, k), MatRef::row_major(&a_t, k, m).t(), with_gaps(&a_s, m, k)];
    let rhs = [MatRef::row_major(&b, k, n), MatRef::row_major(&b_t, n, k).t(), with_gaps(&b_s, k, n)];
    for add_to in [AddTo::Zero, AddTo::Out] {
        let product = |a, b| {
            let mut out = values(m * n, 0.3);
            gemm_parallel(a, b, add_to, &mut out);
            out
        };
        let expected = product(lhs[0], rhs[0]);
        for (a, b) in lhs.iter().flat_map(|&a| rhs.map(|b| (a, b))) {
            let (a_strides, b_strides) = ((a.row_stride, a.col_stride), (b.row_stride, b.col_stride));
            assert!(product(a, b) == expected, "[{m}, {k}] {a_strides:?} x [{k}, {n}] {b_strides:?}");
        }
    }
}

#[test]
fn the_layout_of_the_operands_does_not_change_a_bit() {
    for m in [1, 2, 15, 17, 130] {
        for k in [1, 2, 3, 31, 600] {
            for n in [1, 2, 17, 70, 210] {
                assert_layout_does_not_matter::<f32>(m, k, n);
                assert_layout_does_not_matter::<f64>(m, k, n);
            }
        }
    }
    for (m, k, n) in [(9, 7, 7000), (7000, 7, 9), (70, 1100, 500), (500, 40, 1000)] {
        assert_layout_does_not_matter::<f32>(m, k, n);
        assert_layout_does_not_matter::<f64>(m, k, n);
    }
}
