use super::super::rounding::{INFINITY, multiply_add_flushed, rounded};
use super::*;
use crate::kernels::gemm::panels::gemm_parallel;

/// What a product in bf16 computes: pair after pair, the second term before the first.
fn naive(a: MatRef<f32>, b: MatRef<f32>, out: &mut [f32]) {
    let at = |x: MatRef<f32>, i, j| {
        if i < x.rows && j < x.cols { round(x.data[i * x.row_stride + j * x.col_stride]) } else { 0.0 }
    };
    for (i, j) in (0..a.rows * b.cols).map(|e| (e / b.cols, e % b.cols)) {
        let sum = &mut out[i * b.cols + j];
        for l in (0..a.cols).step_by(2).flat_map(|l| [l + 1, l]) {
            *sum = multiply_add_flushed(*sum, at(a, i, l), at(b, l, j));
        }
    }
}

/// Any numbers: of all signs and sizes, or of sizes about `2^exponent`.
fn numbers(len: usize, seed: u64, exponent: Option<i32>) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u32
    };
    let near = |bits: u32, exponent: i32| {
        let field = (exponent + 127 + (bits >> 28) as i32 % 5 - 2).clamp(0, 254) as u32;
        f32::from_bits(bits & 0x807f_ffff | field << 23)
    };
    (0..len).map(|_| next()).map(|bits| exponent.map_or(f32::from_bits(bits), |e| near(bits, e))).collect()
}

/// The forms that this processor multiplies.
fn forms() -> Vec<Form> {
    [tiles::pairs().map(|_| Form::Pairs), Some(Form::Swapped)].into_iter().flatten().collect()
}

fn same(x: &[f32], y: &[f32]) -> bool {
    x.iter().zip(y).all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan())
}

#[test]
fn rounding_is_to_the_nearest_and_even() {
    let one = 1.0f32.to_bits();
    for (bits, expected) in [
        (one, one),
        (one + 0x7fff, one),
        (one + 0x8000, one), // a tie, and one is even
        (one + 0x8001, one + 0x1_0000),
        (one + 0x1_8000, one + 0x2_0000), // a tie between an odd and an even one
        (f32::MAX.to_bits(), INFINITY),
        (INFINITY, INFINITY),
        (0x0000_0001, 0),
        (0x007f_7fff, 0),
        (0x8000_0001, 0x8000_0000),
        (0x007f_8000, 0), // though the nearest is no longer subnormal
        (0x0080_0000, 0x0080_0000),
    ] {
        assert_eq!(rounded(f32::from_bits(bits)), expected, "{bits:#x}");
    }
    for bits in [0x7f80_0001, 0x7fc0_0000, 0xff80_ffff] {
        assert!(round(f32::from_bits(bits)).is_nan(), "{bits:#x}");
    }
    for x in numbers(10_000, 1, None).into_iter().filter(|x| x.is_normal()) {
        let (y, error) = (round(x), (round(x) - x).abs());
        assert!(y.is_infinite() || error <= x.abs() / 256.0, "{x} became {y}");
    }
}

const SIZES: [[usize; 3]; 12] = [
    [0, 3, 2],
    [3, 0, 40],
    [1, 1, 1],
    [2, 3, 33],
    [1, 300, 130],
    [5, 17, 70],
    [14, 64, 64],
    [29, 513, 96],
    [130, 600, 40],
    [43, 1100, 33],
    [9, 2, 700],
    [300, 31, 65],
];

#[test]
fn both_forms_compute_the_naive_product_bit_for_bit() {
    if cfg!(target_arch = "wasm32") {
        return; // rounds twice a term
    }
    // Ordinary numbers; such that all, many or some sums are flushed; and any bits at all.
    for exponents in
        [Some((0, 0)), Some((-60, -64)), Some((-20, -105)), Some((-50, -52)), Some((-126, 0)), None]
    {
        for [m, k, n] in SIZES {
            let (first, second) = (exponents.map(|e| e.0), exponents.map(|e| e.1));
            let (a, b) = (numbers(m * k, 1, first), numbers(k * n, 2, second));
            let both = exponents.map(|(first, second)| first + second);
            let (row, before) = (numbers(n, 3, both), numbers(m * n, 4, both));
            let transposed = |x: &[f32], rows, cols| -> Vec<f32> {
                (0..rows * cols).map(|i| x[i % rows * cols + i / rows]).collect()
            };
            let (a_cols, b_cols) = (transposed(&a, m, k), transposed(&b, k, n));
            let gaps: Vec<f32> = a.iter().flat_map(|&x| [x, f32::NAN]).collect();
            let gaps = MatRef { data: &gaps[..], rows: m, cols: k, row_stride: 2 * k, col_stride: 2 };
            let lhs = [MatRef::row_major(&a, m, k), MatRef::row_major(&a_cols, k, m).t(), gaps];
            let rhs = [MatRef::row_major(&b, k, n), MatRef::row_major(&b_cols, n, k).t()];
            for add_to in [AddTo::Zero, AddTo::Row(&row), AddTo::Out] {
                let mut expected = match add_to {
                    AddTo::Zero => vec![0.0; m * n],
                    AddTo::Row(row) => row.repeat(m),
                    AddTo::Out => before.clone(),
                };
                naive(lhs[0], rhs[0], &mut expected);
                for (a, b, form) in lhs.iter().flat_map(|&a| {
                    rhs.iter().flat_map(move |&b| forms().into_iter().map(move |form| (a, b, form)))
                }) {
                    let mut found = before.clone();
                    in_form(form, a, b, add_to, &mut found);
                    assert!(
                        same(&found, &expected),
                        "{form:?}, 2^{exponents:?}: [{m}, {k}] x [{k}, {n}] {add_to:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_would_round_to_the_smallest_normal_number_is_flushed_as_the_processor_does_it() {
    let power = |exponent| 2.0f32.powi(exponent);
    for sign in [1.0, -1.0] {
        for (eighths, flushed) in
            [(0, false), (4, false), (8, false), (9, true), (12, true), (16, true), (17, true)]
        {
            let (a, b) = ([-sign * eighths as f32 * power(-80)], [power(-74)]); // the product: so many eighths of 2^-151
            let start = [sign * f32::MIN_POSITIVE];
            let expected = if flushed { 0.0f32.copysign(sign) } else { start[0] };
            assert_eq!(multiply_add_flushed(start[0], a[0], b[0]).to_bits(), expected.to_bits(), "{eighths}");
            for form in forms() {
                let mut found = start;
                in_form(
                    form,
                    MatRef::row_major(&a, 1, 1),
                    MatRef::row_major(&b, 1, 1),
                    AddTo::Out,
                    &mut found,
                );
                assert_eq!(found[0].to_bits(), expected.to_bits(), "{form:?}, {eighths} eighths");
            }
        }
    }
}

#[test]
fn the_processors_instruction_is_as_it_is_said_to_be() {
    assert!(tiles::pairs().is_none() || pairs_are_as_said());
}

#[test]
fn a_sum_that_may_become_tiny_is_noticed() {
    let never = |x: f32, y: f32, add_to: AddTo<f32>, out: &[f32]| {
        let [x, y] = [x, y].map(|x| least_magnitude(&[1.0, x]));
        let start = least_start(add_to, out);
        Rounding::new(Form::Swapped, y, start, tiles::flushing()).flushing(false, x).is_none()
    };
    let two = 2.0f32;
    assert!(never(0.0, 0.0, AddTo::Zero, &[]));
    assert!(never(two.powi(-56), two.powi(-56), AddTo::Zero, &[]));
    assert!(!never(two.powi(-56), two.powi(-57), AddTo::Zero, &[]));
    for (start, fits) in
        [(two.powi(-103), true), (-two.powi(-103), true), (two.powi(-104), false), (0.0, true)]
    {
        assert_eq!(never(1.0, 1.0, AddTo::Row(&[1.0, start]), &[]), fits, "{start:e}");
        assert_eq!(never(1.0, 1.0, AddTo::Out, &[1.0, start]), fits, "{start:e}");
    }
}

#[test]
fn a_sum_that_may_have_become_tiny_is_flushed_by_the_terms_that_follow() {
    let (power, k) = (|exponent| 2.0f32.powi(exponent), TERMS + 2);
    let (mut a, mut b) = (vec![0.0; k], vec![0.0; k]);
    (a[1], b[1]) = (power(-44), power(-68));
    (a[0], b[0]) = (power(-67), power(-68)); // the sum is 2^-112 + 2^-135,
    (a[TERMS + 1], b[TERMS + 1]) = (-power(-44), power(-68)); // and without the first of these subnormal
    let [a, b] = [(1, k, &a), (k, 1, &b)].map(|(rows, cols, data)| MatRef::row_major(data, rows, cols));
    let mut expected = [0.0];
    naive(a, b, &mut expected);
    assert_eq!(expected, [0.0]);
    let mut found = [f32::NAN];
    in_form(Form::Swapped, a, b, AddTo::Zero, &mut found);
    assert_eq!(found, expected);
}

#[test]
fn a_product_without_terms_is_what_it_is_added_to() {
    let gone = MatRef { data: &[][..], rows: 3, cols: 0, row_stride: 5, col_stride: 1 };
    for a in [gone, MatRef { row_stride: 1, col_stride: 5, ..gone }] {
        for form in forms() {
            let mut found = [f32::NAN; 6];
            in_form(form, a, MatRef::row_major(&[], 0, 2), AddTo::Row(&[1.0, 2.0]), &mut found);
            assert_eq!(found, [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
        }
    }
}

#[test]
fn rounded_operands_and_products_in_f32_are_as_near_as_their_sums_allow() {
    let [m, k, n] = [20, 300, 40];
    let (a, b) = (numbers(m * k, 1, Some(0)), numbers(k * n, 2, Some(0)));
    let (x, y): (Vec<f32>, Vec<f32>) =
        (a.iter().map(|&x| round(x)).collect(), b.iter().map(|&x| round(x)).collect());
    let (mut rounded, mut whole) = (vec![0.0; m * n], vec![0.0; m * n]);
    gemm_bf16(MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n), AddTo::Zero, &mut rounded);
    gemm_parallel(MatRef::row_major(&x, m, k), MatRef::row_major(&y, k, n), AddTo::Zero, &mut whole);
    for (i, (&found, &expected)) in rounded.iter().zip(&whole).enumerate() {
        let size: f32 = (0..k).map(|l| (x[i / n * k + l] * y[l * n + i % n]).abs()).sum();
        assert!((found - expected).abs() <= size * k as f32 * f32::EPSILON, "{found} is not {expected}");
    }
}
