use super::driver::{Product, Right};
use super::pack::Packed;
use super::panels::gemm_parallel;
use super::rounding::round;
use super::tile::Tiles;
use super::*;
use crate::element::Element;
use crate::kernels::isa::Isa;

/// What a product computes: out[i, j] += sum_l a[i, l] b[l, j], one sum for each element, in the order of l, with one
/// rounding a term.
pub(crate) fn naive_gemm<T: Element>(a: MatRef<T>, b: MatRef<T>, out: &mut [T]) {
    for (i, j) in (0..a.rows * b.cols).map(|e| (e / b.cols, e % b.cols)) {
        let at = |x: MatRef<T>, i, j| x.data[i * x.row_stride + j * x.col_stride];
        let sum = &mut out[i * b.cols + j];
        (0..a.cols).for_each(|l| *sum = at(a, i, l).mul_add(at(b, l, j), *sum));
    }
}

/// What `out` holds before anything is added to it.
fn start<T: Element>(add_to: AddTo<T>, out: &[T], m: usize) -> Vec<T> {
    match add_to {
        AddTo::Zero => vec![T::zero(); out.len()],
        AddTo::Row(row) => row.repeat(m),
        AddTo::Out => out.to_vec(),
    }
}

/// Small integers, so that every order of summation is exact.
fn integers<T: Element>(len: usize, start: usize) -> Vec<T> {
    (start..start + len).map(|i| T::of((i * 7 % 11) as f64 - 5.0)).collect()
}

#[test]
fn agrees_with_the_naive_product_for_every_layout() {
    agrees_for_every_layout::<f32>();
    agrees_for_every_layout::<f64>();
}

fn agrees_for_every_layout<T: Gemm>() {
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
        let (a, b) = (integers::<T>(m * k, 1), integers(k * n, 2));
        for layout in 0..4 {
            let a =
                if layout & 1 == 0 { MatRef::row_major(&a, m, k) } else { MatRef::row_major(&a, k, m).t() };
            let b =
                if layout & 2 == 0 { MatRef::row_major(&b, k, n) } else { MatRef::row_major(&b, n, k).t() };
            let row = integers(n, 4);
            for add_to in [AddTo::Zero, AddTo::Row(&row), AddTo::Out] {
                let before = integers(m * n, 3);
                let mut expected = start(add_to, &before, m);
                naive_gemm(a, b, &mut expected);
                let (mut serial, mut parallel) = (before.clone(), before);
                gemm(a, b, add_to, MatMut::row_major(&mut serial, m, n));
                gemm_parallel(a, b, add_to, &mut parallel);
                assert_eq!(serial, expected, "{add_to:?}, [{m}, {k}] x [{k}, {n}], layout {layout}");
                assert_eq!(parallel, expected, "{add_to:?}, [{m}, {k}] x [{k}, {n}], layout {layout}");
            }
        }
    }
}

#[test]
fn panels_agree_when_sizes_are_odd() {
    agree_when_sizes_are_odd::<f32>();
    agree_when_sizes_are_odd::<f64>();
}

fn agree_when_sizes_are_odd<T: Gemm>() {
    for (m, k, n) in [(333, 65, 129), (129, 65, 333), (1, 512, 4097), (4097, 512, 1)] {
        let (a, b) = (integers::<T>(m * k, 1), integers(k * n, 2));
        let (a, b) = (MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n));
        let (mut expected, mut out) = (vec![T::zero(); m * n], vec![T::zero(); m * n]);
        naive_gemm(a, b, &mut expected);
        gemm_parallel(a, b, AddTo::Zero, &mut out);
        assert_eq!(out, expected, "[{m}, {k}] x [{k}, {n}]");
    }
}

#[test]
fn what_is_not_added_to_is_not_read() {
    let mut out = vec![f64::NAN; 4];
    let a = MatRef::row_major(&[1.0, 2.0, 3.0, 4.0], 2, 2);
    gemm(a, a, AddTo::Zero, MatMut::row_major(&mut out, 2, 2));
    assert_eq!(out, [7.0, 10.0, 15.0, 22.0]);
    let empty: [f64; 0] = [];
    let mut out = vec![f64::NAN; 4];
    gemm_parallel(MatRef::row_major(&empty, 2, 0), MatRef::row_major(&empty, 0, 2), AddTo::Zero, &mut out);
    assert_eq!(out, [0.0; 4], "a product over no elements is zero");
}

#[test]
#[should_panic(expected = "an operand is too short")]
fn short_operands_are_refused() {
    let (a, b) = ([1.0f32; 3], [1.0; 2]);
    let out = &mut [0.0; 2];
    gemm(MatRef::row_major(&a, 2, 2), MatRef::row_major(&b, 2, 1), AddTo::Zero, MatMut::row_major(out, 2, 1));
}

#[test]
#[should_panic(expected = "rows of out overlap")]
fn overlapping_outputs_are_refused() {
    let a = MatRef::row_major(&[1.0f32; 4], 2, 2);
    gemm(a, a, AddTo::Zero, MatMut { data: &mut [0.0; 4], rows: 2, cols: 2, row_stride: 1 });
}

#[test]
#[should_panic(expected = "the row to add to is of another length")]
fn a_bias_of_another_length_is_refused() {
    let a = MatRef::row_major(&[1.0f32; 4], 2, 2);
    gemm(a, a, AddTo::Row(&[1.0]), MatMut::row_major(&mut [0.0; 4], 2, 2));
}

#[test]
#[should_panic(expected = "an operand is too short")]
fn strides_that_wrap_around_are_refused() {
    let a = [1.0f32; 4];
    let wrapping = MatRef { data: &a[..], rows: 2, cols: 2, row_stride: usize::MAX, col_stride: 1 };
    gemm(wrapping, MatRef::row_major(&a, 2, 2), AddTo::Zero, MatMut::row_major(&mut [0.0; 4], 2, 2));
}

#[test]
#[should_panic(expected = "out does not hold")]
fn sizes_that_wrap_around_are_refused() {
    let (huge, none) = (1 << 32, [0.0f32; 0]);
    let (a, b) = (MatRef::row_major(&none, huge, 0), MatRef::row_major(&none, 0, huge));
    gemm_parallel(a, b, AddTo::Zero, &mut []);
}

/// Numbers whose sums are rounded at every term.
fn wave<T: Element>(len: usize, phase: f64) -> Vec<T> {
    (0..len).map(|i| T::of((phase + i as f64 * 0.7).sin())).collect()
}

/// A matrix `[rows, cols]` in three layouts: by rows, by columns, and with gaps that hold no number.
struct Layouts<T> {
    dims: [usize; 2],
    by_rows: Vec<T>,
    by_cols: Vec<T>,
    with_gaps: Vec<T>,
}

impl<T: Element> Layouts<T> {
    fn wave(rows: usize, cols: usize, phase: f64) -> Self {
        let by_rows = wave(rows * cols, phase);
        let by_cols = (0..rows * cols).map(|i| by_rows[i % rows * cols + i / rows]).collect();
        let with_gaps = by_rows.iter().flat_map(|&x| [x, T::nan()]).collect();
        Layouts { dims: [rows, cols], by_rows, by_cols, with_gaps }
    }

    fn all(&self) -> [MatRef<'_, T>; 3] {
        let [rows, cols] = self.dims;
        let with_gaps = MatRef { data: &self.with_gaps[..], rows, cols, row_stride: 2 * cols, col_stride: 2 };
        let by_cols = MatRef::row_major(&self.by_cols, cols, rows).t();
        [MatRef::row_major(&self.by_rows, rows, cols), by_cols, with_gaps]
    }
}

/// Both products in all layouts; the results must be those of the first.
fn products<T: Gemm>(m: usize, k: usize, n: usize) -> Vec<T> {
    let (lhs, rhs, row) = (Layouts::<T>::wave(m, k, 0.1), Layouts::wave(k, n, 0.2), wave::<T>(n, 0.4));
    let mut results = Vec::new();
    for add_to in [AddTo::Zero, AddTo::Row(&row), AddTo::Out] {
        let mut expected = None;
        for (a, b) in lhs.all().iter().flat_map(|&a| rhs.all().map(|b| (a, b))) {
            let [mut serial, mut parallel] = [(); 2].map(|()| wave(m * n, 0.3));
            gemm(a, b, add_to, MatMut::row_major(&mut serial, m, n));
            gemm_parallel(a, b, add_to, &mut parallel);
            let expected = expected.get_or_insert_with(|| serial.clone());
            let (a, b) = ((a.row_stride, a.col_stride), (b.row_stride, b.col_stride));
            assert!(serial == *expected, "[{m}, {k}] {a:?} x [{k}, {n}] {b:?} {add_to:?}");
            assert!(parallel == *expected, "[{m}, {k}] {a:?} x [{k}, {n}] {b:?} {add_to:?}, shared");
        }
        results.extend(expected.expect("nine pairs"));
    }
    results
}

/// Sizes on both sides of every decision: tiles and their edges, blocks of terms and of panels, few rows and many.
const SIZES: [[usize; 3]; 21] = [
    [520, 300, 70],
    [3, 0, 1030],
    [100, 0, 1030],
    [5, 2, 1030],
    [1, 1, 1],
    [1, 40, 130],
    [2, 3, 33],
    [3, 600, 128],
    [4, 31, 70],
    [5, 17, 200],
    [7, 2, 31],
    [14, 64, 64],
    [15, 300, 17],
    [28, 9, 65],
    [29, 256, 96],
    [43, 257, 40],
    [130, 600, 210],
    [9, 7, 7000],
    [7000, 7, 9],
    [70, 1100, 600],
    [500, 40, 1000],
];

#[test]
fn layouts_and_sharing_do_not_change_a_bit() {
    for [m, k, n] in SIZES {
        products::<f32>(m, k, n);
        products::<f64>(m, k, n);
    }
}

#[test]
fn products_in_f32_are_the_naive_ones_bit_for_bit() {
    if Tiles::current().is_none() || cfg!(target_arch = "wasm32") {
        return; // two roundings a term
    }
    for [m, k, n] in SIZES {
        let found = products::<f32>(m, k, n);
        let (a, b, row) = (wave::<f32>(m * k, 0.1), wave(k * n, 0.2), wave(n, 0.4));
        let (a, b) = (MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n));
        let before = wave(m * n, 0.3);
        for (add_to, found) in
            [AddTo::Zero, AddTo::Row(&row), AddTo::Out].into_iter().zip(found.chunks(m * n))
        {
            let mut expected = start(add_to, &before, m);
            naive_gemm(a, b, &mut expected);
            assert!(found == expected, "[{m}, {k}] x [{k}, {n}] {add_to:?}");
        }
    }
}

#[test]
fn every_kind_of_register_computes_the_same_bits() {
    for isa in Isa::available() {
        let [whole, halves] = Tiles::of(isa);
        for [m, k, n] in SIZES.into_iter().filter(|[m, k, n]| m * k * n < 1 << 24) {
            let (lhs, rhs) = (Layouts::<f32>::wave(m, k, 0.1), Layouts::wave(k, n, 0.2));
            let (row, before) = (wave::<f32>(n, 0.4), wave::<f32>(m * n, 0.3));
            for add_to in [AddTo::Zero, AddTo::Row(&row), AddTo::Out] {
                let mut expected = start(add_to, &before, m);
                naive_gemm(lhs.all()[0], rhs.all()[0], &mut expected);
                let by_rows: Vec<f32> = rhs.by_rows.iter().map(|&x| round(x)).collect();
                let mut expected_rounded = start(add_to, &before, m);
                naive_gemm(lhs.all()[0], MatRef::row_major(&by_rows, k, n), &mut expected_rounded);
                for (a, b) in lhs.all().iter().flat_map(|&a| rhs.all().map(|b| (a, b))) {
                    for b in [
                        Right::Matrix(b),
                        Right::Packed(Packed::new(b)),
                        Right::Kept(Packed::new(b).kept()),
                        Right::Halves(Packed::new(b).halves()),
                    ] {
                        let rounded = matches!(b, Right::Halves(_));
                        let (tiles, expected) =
                            if rounded { (halves, &expected_rounded) } else { (whole, &expected) };
                        let mut found = before.clone();
                        let out = MatMut::row_major(&mut found, m, n).into();
                        // SAFETY: the processor has the registers; `found` is this test's own; the operands are whole.
                        unsafe { Product { tiles, a, b: &b, add_to, out, rounding: None }.compute(0..n) };
                        assert!(
                            found == *expected,
                            "{isa:?}: [{m}, {k}] x [{k}, {n}] {add_to:?}, rounded: {rounded}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_error_is_that_of_a_sum_of_so_many_terms() {
    for [m, k, n] in SIZES {
        let (a, b) = (wave::<f32>(m * k, 0.1), wave::<f32>(k * n, 0.2));
        let mut found = vec![0.0; m * n];
        gemm_parallel(MatRef::row_major(&a, m, k), MatRef::row_major(&b, k, n), AddTo::Zero, &mut found);
        for (i, j) in (0..m * n).step_by(7).map(|e| (e / n, e % n)) {
            let terms = (0..k).map(|l| f64::from(a[i * k + l]) * f64::from(b[l * n + j]));
            let (exact, size) = terms.fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
            let error = (f64::from(found[i * n + j]) - exact).abs();
            let bound = (k as f64 + 1.0) * f64::from(f32::EPSILON) / 2.0 * size; // Higham 2002, section 3.1
            assert!(error <= bound, "[{m}, {k}] x [{k}, {n}]: {error} beyond {bound}");
        }
    }
}
