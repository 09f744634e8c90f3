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
        (3, 300, 700),
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
                let (mut serial, mut parallel) = (expected.clone(), expected.clone());
                naive_gemm(alpha, a, b, beta, &mut expected);
                gemm(alpha, a, b, beta, MatMut::row_major(&mut serial, m, n));
                gemm_parallel(alpha, a, b, beta, &mut parallel);
                assert_eq!(serial, expected, "[{m}, {k}] x [{k}, {n}], layout {layout}");
                assert_eq!(parallel, expected, "panels of [{m}, {k}] x [{k}, {n}], layout {layout}");
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
        gemm_parallel(1.0, a, b, 0.0, &mut out);
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
    gemm_parallel(1.0, MatRef::row_major(&empty, 2, 0), MatRef::row_major(&empty, 0, 2), 0.0, &mut out);
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
    gemm_parallel(1.0, a, b, 0.0, &mut []);
}
