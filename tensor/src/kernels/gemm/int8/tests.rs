use super::*;
use crate::kernels::gemm::tests::naive_gemm;

/// Numbers of many sizes and both signs.
fn numbers(len: usize, seed: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7919 + seed * 104_729) % 1013) as f32 / 300.0 - 1.5).collect()
}

/// What a product computes: whole numbers, their sum, and the scales.
fn naive(a: MatRef<f32>, b: MatRef<f32>, bias: Option<&[f32]>, out: &mut [f32]) {
    let at = |x: MatRef<f32>, i: usize, j: usize| x.data[i * x.row_stride + j * x.col_stride];
    let scale = |x: MatRef<f32>, i: usize| {
        let quotient = (0..x.cols).map(|j| at(x, i, j).abs()).fold(0.0, f32::max) / 127.0;
        f32::from_bits(quotient.to_bits().next_multiple_of(256))
    };
    let whole = |x: f32, scale: f32| if scale == 0.0 { 0 } else { (x / scale).round_ties_even() as i64 };
    for (i, j) in (0..a.rows * b.cols).map(|e| (e / b.cols, e % b.cols)) {
        let (a_scale, b_scale) = (scale(a, i), scale(b.t(), j));
        let sum: i64 = (0..a.cols).map(|l| whole(at(a, i, l), a_scale) * whole(at(b, l, j), b_scale)).sum();
        out[i * b.cols + j] = sum as f32 * a_scale * b_scale + bias.map_or(0.0, |bias| bias[j]);
    }
}

const SIZES: [[usize; 3]; 11] = [
    [0, 3, 2],
    [2, 0, 3],
    [1, 1, 1],
    [1, 5, 33],
    [2, 64, 64],
    [3, 7, 31],
    [4, 130, 70],
    [5, 512, 300],
    [17, 33, 9],
    [1, 512, 4000],
    [40, 257, 65],
];

#[test]
fn products_are_the_naive_ones_bit_for_bit() {
    for [m, k, n] in SIZES {
        let (a, b, bias) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 3));
        let by_cols: Vec<f32> = (0..k * n).map(|i| b[i % k * n + i / k]).collect();
        let a = MatRef::row_major(&a, m, k);
        for (b, bias) in [MatRef::row_major(&b, k, n), MatRef::row_major(&by_cols, n, k).t()]
            .into_iter()
            .flat_map(|b| [(b, None), (b, Some(&bias[..]))])
        {
            let packed = PackedInt8::new(b).unwrap();
            let (mut found, mut expected) = (vec![f32::NAN; m * n], vec![0.0; m * n]);
            naive(a, b, bias, &mut expected);
            gemm_int8(a, &packed, bias, &mut found);
            assert_eq!(found, expected, "[{m}, {k}] x [{k}, {n}]");
        }
    }
}

#[test]
fn the_smallest_numbers_and_the_largest_have_a_scale_or_are_zero() {
    let tiny = f32::from_bits(1);
    for (row, column) in [
        ([tiny, 7.0 * tiny, 0.0], [1.0, -1.0, 2.0]),
        ([63.0 * tiny, -63.0 * tiny, 0.0], [1.0, -1.0, 2.0]),
        ([64.0 * tiny, -200.0 * tiny, tiny], [1.0, -1.0, 2.0]),
        ([1.0, -1.0, 2.0], [tiny, 7.0 * tiny, 0.0]),
        ([1e25, 1e25, 1.0], [1e25, -1e25, 0.0]), // whose scales' product is no number
    ] {
        let (a, b) = (MatRef::row_major(&row, 1, 3), MatRef::row_major(&column, 3, 1));
        let packed = PackedInt8::new(b).unwrap();
        assert!((0..3).all(|term| packed.at(term, 0).abs() <= 127));
        let mut found = [f32::NAN];
        gemm_int8(a, &packed, None, &mut found);
        let (mut expected, mut exact) = ([0.0], [0.0]);
        naive(a, b, None, &mut expected);
        naive_gemm(a, b, &mut exact);
        assert_eq!(found, expected, "{row:?} by {column:?}");
        assert!((found[0] - exact[0]).abs() <= 0.02 * exact[0].abs() + 400.0 * tiny, "{row:?} by {column:?}");
    }
}

#[test]
fn sums_are_those_of_plain_loops_at_their_largest() {
    for (rows, len) in [(1, 4), (2, 64), (3, 2048), (4, MOST_TERMS / GROUP * GROUP)] {
        let any = |i: usize| (i * 7919 % 256) as u8;
        for left in [&|_| 255, &any] as [&dyn Fn(usize) -> u8; 2] {
            let row: Vec<u8> = (0..rows * len).map(left).collect();
            let panel: Vec<i8> =
                (0..len * PANEL).map(|i| if i % 2 == 0 { 127 } else { any(i) as i8 }).collect();
            let mut found = [[1; PANEL]; dots::ROWS];
            let mut expected = found;
            dots::dots(&row, &panel, &mut found[..rows]);
            for (i, j) in (0..rows).flat_map(|i| (0..PANEL).map(move |j| (i, j))) {
                let factor = |l: usize| panel[(l / GROUP * PANEL + j) * GROUP + l % GROUP];
                let sum: i64 = (0..len).map(|l| i64::from(row[i * len + l]) * i64::from(factor(l))).sum();
                expected[i][j] = sum.try_into().expect("a sum that an i32 holds");
            }
            let mut plain = [[1; PANEL]; dots::ROWS];
            dots::plain(&row, &panel, &mut plain[..rows]);
            assert_eq!(plain, expected, "{rows} rows of {len}, in plain loops");
            assert_eq!(found, expected, "{rows} rows of {len}");
        }
    }
}

#[test]
fn what_was_packed_is_the_nearest_whole_number() {
    let (k, n) = (37, 40);
    let b = numbers(k * n, 5);
    let packed = PackedInt8::new(MatRef::row_major(&b, k, n)).unwrap();
    for (term, col) in (0..k * n).map(|i| (i / n, i % n)) {
        let (x, scale) = (b[term * n + col], packed.scales()[col]);
        assert!((x - packed.at(term, col) as f32 * scale).abs() <= scale * 0.500_01);
        assert_eq!(whole(x, scale), packed.at(term, col));
    }
    assert!((0..n).all(|col| (0..k).any(|term| packed.at(term, col).abs() == 127)));
}

#[test]
fn the_error_is_that_of_two_roundings() {
    let [m, k, n] = [6, 300, 50];
    let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
    let (a, b) = (MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n));
    let (mut found, mut exact) = (vec![0.0; m * n], vec![0.0; m * n]);
    gemm_int8(a, &PackedInt8::new(b).unwrap(), None, &mut found);
    naive_gemm(a, b, &mut exact);
    for (found, exact) in found.iter().zip(exact) {
        // Each factor is off by 1.9 / 127 / 2 at most, and the factors are of up to 1.9.
        assert!((found - exact).abs() < 2.0 * 1.9 * 1.9 / 254.0 * k as f32, "{found} is not {exact}");
    }
}

#[test]
fn what_is_not_finite_is_not_hidden() {
    let b = [1.0f32, 2.0, 3.0, 4.0];
    let packed = PackedInt8::new(MatRef::row_major(&b, 2, 2)).unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut out = [0.0; 4];
        gemm_int8(MatRef::row_major(&[1.0, bad, 1.0, 1.0], 2, 2), &packed, None, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan() && out[2].is_finite() && out[3].is_finite());
        assert!(PackedInt8::new(MatRef::row_major(&[1.0, bad], 1, 2)).is_none());
    }
    let zeros = PackedInt8::new(MatRef::row_major(&[0.0; 4], 2, 2)).unwrap();
    let mut out = [1.0; 2];
    gemm_int8(MatRef::row_major(&[0.0, 0.0], 1, 2), &zeros, Some(&[5.0, 6.0]), &mut out);
    assert_eq!(out, [5.0, 6.0]);
}

#[test]
fn more_terms_than_an_exact_sum_has_are_refused() {
    let b = vec![1.0f32; MOST_TERMS + 1];
    assert!(PackedInt8::new(MatRef::row_major(&b, MOST_TERMS + 1, 1)).is_none());
    assert!(PackedInt8::new(MatRef::row_major(&b[1..], MOST_TERMS, 1)).is_some());
}
