use super::*;

/// What a reduction computes, in plain order.
fn naive_reduce(
    x: &[f64],
    [outer, len, inner]: [usize; 3],
    identity: f64,
    f: fn(f64, f64) -> f64,
) -> Vec<f64> {
    let at = |o: usize, l: usize, i: usize| x[(o * len + l) * inner + i];
    let cell = |cell: usize| (0..len).fold(identity, |a, l| f(a, at(cell / inner, l, cell % inner)));
    (0..outer * inner).map(cell).collect()
}

#[test]
fn agrees_with_the_naive_twin_on_integers() {
    let sizes = [
        [0, 3, 2],
        [2, 0, 3],
        [2, 3, 0],
        [1, 1, 1],
        [3, 17, 1],
        [1, 40_000, 1],
        [50_000, 3, 1],
        [2, 5, 7],
        [1, 9000, 5],
        [3, 9000, 7],
        [400, 3, 129],
        [1, 3, 20_000],
        [2, 100, 3000],
        [3, 9, 2048],
    ];
    for [outer, len, inner] in sizes {
        let dims = [outer, len, inner];
        let x: Vec<f64> = (0..outer * len * inner).map(|i| (i * 31 % 101) as f64 - 50.0).collect();
        assert_eq!(sum(&x, dims), naive_reduce(&x, dims, 0.0, |a, b| a + b), "{dims:?}");
        let lowest = f64::NEG_INFINITY;
        assert_eq!(largest(&x, dims), naive_reduce(&x, dims, lowest, f64::max), "max of {dims:?}");
    }
}

/// Numbers added in pairs of pairs of ..; what is left over comes last.
fn in_pairs(x: &[f64]) -> f64 {
    match x.len() {
        0 | 1 => x.iter().sum(),
        n => {
            let (left, right) = x.split_at(n.next_power_of_two() / 2);
            in_pairs(left) + in_pairs(right)
        }
    }
}

#[test]
fn every_sum_is_that_of_its_parts_in_pairs() {
    let sum_of_parts = |x: &[f64]| {
        let parts = x.chunks(PART).map(|part| part.iter().fold(0.0, |sum, x| sum + x));
        in_pairs(&parts.collect::<Vec<_>>())
    };
    for dims @ [outer, len, inner] in
        [[2, 9000, 7], [1, 200, 1500], [2, 100, 3000], [1, 9, 2048], [2, 5, 9000], [1, 700, 2500]]
    {
        let x: Vec<f32> = (0..outer * len * inner).map(|i| (i as f32 * 0.7).sin()).collect();
        let block = rows_per_chunk(inner);
        let sum_of = |cell: usize| {
            let at = |l: usize| f64::from(x[(cell / inner * len + l) * inner + cell % inner]);
            let column: Vec<f64> = (0..len).map(at).collect();
            let by_blocks = len > block && block > FEW_ROWS;
            let blocks = column.chunks(if by_blocks { block } else { len }).map(sum_of_parts);
            sum_of_parts(&blocks.collect::<Vec<_>>())
        };
        let expected: Vec<f64> = (0..outer * inner).map(sum_of).collect();
        assert!(sum(&x, dims) == expected, "{dims:?}");
    }
}

/// A tenth added up again and again, of any axis: in plain order the last of these is 1.4e-13 off.
#[test]
fn many_equal_f64_do_not_drift_along_any_axis() {
    for dims @ [outer, len, inner] in [[1, 1_000_000, 1], [1, 500_000, 2], [2, 60_000, 9], [1, 8_000, 2048]] {
        let x = vec![0.1f64; outer * len * inner];
        let expected = 0.1 * len as f64;
        let worst = sum(&x, dims).into_iter().map(|sum| (sum / expected - 1.0).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-14, "{dims:?}: {worst:e}");
    }
}

#[test]
fn one_number_that_is_not_finite_is_found_at_every_place() {
    let mut x = vec![f32::MAX; 2100]; // two blocks and a part of one
    assert!(all_finite(&x) && all_finite::<f64>(&[]));
    for place in 0..x.len() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            x[place] = wrong;
            assert_eq!(all_finite(&x), x.iter().all(|x| x.is_finite()), "{wrong} at {place}");
        }
        x[place] = f32::MIN;
    }
}

#[test]
fn max_and_argmax_do_not_lose_a_nan() {
    assert!(largest(&[1.0, f64::NAN, 2.0], [1, 3, 1])[0].is_nan());
    assert!(largest(&[f64::NAN, 1.0], [1, 2, 1])[0].is_nan());
    assert_eq!(argmax(&[1.0, f64::NAN, 2.0, f64::NAN]), 1);
    assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
    assert_eq!(argmax_rows(&[1.0f32, 2.0, 5.0, 4.0], 2, 2), [1, 0]);
}

#[test]
fn every_row_of_many_has_its_argmax() {
    let (rows, len) = (GRAIN, 3); // several chunks of rows
    let largest = |row: usize| row * 7 % 5 % len;
    let x: Vec<f32> = (0..rows * len).map(|i| f32::from(u8::from(i % len == largest(i / len)))).collect();
    assert!(argmax_rows(&x, rows, len).into_iter().eq((0..rows).map(|row| largest(row) as u32)));
}

#[test]
fn sum_f64_applies_its_function() {
    let x: Vec<f32> = (0..40_000).map(|i| (i % 5) as f32).collect();
    assert_eq!(sum_f64(&x, |x| x * x), 8000.0 * 30.0);
    assert_eq!(sum_f64::<f32>(&[], |x| x), 0.0);
}
