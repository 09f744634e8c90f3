//! Where in the sequence a token stands (Vaswani et al. 2017, §3.5).
//!
//! Attention sees a set, not a sequence; the position is therefore added to each embedding. The paper's
//! sinusoids, for pair i = 0 .. d_model/2:
//!
//! ```text
//! PE(pos, 2i)   = sin(pos · 10000^(-2i/d_model))
//! PE(pos, 2i+1) = cos(pos · 10000^(-2i/d_model))
//! ```
//!
//! have no parameters, no greatest length, and PE(pos + k) is a rotation of PE(pos) that does not depend on
//! pos. The authors' code, tensor2tensor, computes something else, and *The Illustrated Transformer* draws
//! both: sines in the left half and cosines in the right, at frequencies 10000^(-i/(d_model/2 - 1)), so
//! that the slowest is exactly 1/10000. The two differ in frequency, not only in layout.
//!
//! A table is computed for any range of positions when it is asked for, in f64 and rounded once, rather than
//! kept for a greatest length: incremental decoding asks for one row at a time, and gets the same bits.

use std::ops::Range;

use tensor::{DType, Tensor};

use crate::config::Positions;

impl Positions {
    /// The rows to add at `positions`, `[len, d_model]`; none for learned positions, which are parameters.
    ///
    /// # Panics
    /// If `d_model` is odd and they are sinusoids.
    #[track_caller]
    pub fn table(self, positions: Range<usize>, d_model: usize, dtype: DType) -> Option<Tensor> {
        match self {
            Positions::Sinusoidal => Some(interleaved(positions, d_model, dtype)),
            Positions::SinusoidalConcatenated => Some(concatenated(positions, d_model, dtype)),
            Positions::Learned => None,
            Positions::None => Some(Tensor::zeros([positions.len(), d_model], dtype)),
        }
    }
}

/// The paper's sinusoids, `[len, d_model]`: column 2i is sin(pos · 10000^(-2i/d_model)), column 2i+1 its
/// cosine.
///
/// # Panics
/// If `d_model` is odd.
#[track_caller]
pub fn interleaved(positions: Range<usize>, d_model: usize, dtype: DType) -> Tensor {
    let frequency = |i: usize| 10000f64.powf(-2.0 * i as f64 / d_model as f64);
    sinusoids(positions, d_model, dtype, frequency, |i| (2 * i, 2 * i + 1))
}

/// tensor2tensor's sinusoids, `[len, d_model]`: column i is sin(pos · 10000^(-i/(d_model/2 - 1))), column
/// d_model/2 + i its cosine. With d_model = 2 the one frequency is 1.
///
/// # Panics
/// If `d_model` is odd.
#[track_caller]
pub fn concatenated(positions: Range<usize>, d_model: usize, dtype: DType) -> Tensor {
    let half = d_model / 2;
    let steps = half.saturating_sub(1).max(1) as f64;
    let frequency = |i: usize| 10000f64.powf(-(i as f64) / steps);
    sinusoids(positions, d_model, dtype, frequency, |i| (i, half + i))
}

/// sin and cos of pos · frequency(i), in the two columns(i), for each pair i.
#[track_caller]
fn sinusoids(
    positions: Range<usize>,
    d_model: usize,
    dtype: DType,
    frequency: impl Fn(usize) -> f64,
    columns: impl Fn(usize) -> (usize, usize),
) -> Tensor {
    assert!(d_model.is_multiple_of(2), "positions: sinusoids come in pairs, but d_model {d_model} is odd");
    let frequencies: Vec<f64> = (0..d_model / 2).map(frequency).collect();
    let mut table = vec![0.0; positions.len() * d_model];
    for (row, position) in positions.clone().enumerate() {
        for (i, frequency) in frequencies.iter().enumerate() {
            let (sin, cos) = (position as f64 * frequency).sin_cos();
            let (sin_column, cos_column) = columns(i);
            table[row * d_model + sin_column] = sin;
            table[row * d_model + cos_column] = cos;
        }
    }
    Tensor::from_vec(table, [positions.len(), d_model]).to_dtype(dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_row(table: &Tensor, row: usize, printed: &[f64], digits: f64) {
        for (column, &expected) in printed.iter().enumerate() {
            let value = table.at(&[row, column]);
            assert!((value - expected).abs() <= digits, "[{row}, {column}]: {value}, printed {expected}");
        }
    }

    #[test]
    fn the_printed_numbers_of_both_forms() {
        let paper = interleaved(0..2, 4, DType::F64);
        assert_row(&paper, 0, &[0.0, 1.0, 0.0, 1.0], 0.0);
        assert_row(&paper, 1, &[0.8415, 0.5403, 0.01, 1.0], 0.5e-4);
        let tensor2tensor = concatenated(0..2, 4, DType::F64);
        assert_row(&tensor2tensor, 0, &[0.0, 0.0, 1.0, 1.0], 0.0);
        assert_row(&tensor2tensor, 1, &[0.84, 0.0001, 0.54, 1.0], 0.5e-2);
        assert!((tensor2tensor.at(&[1, 1]) - 0.0001).abs() < 1e-9);
    }

    #[test]
    fn the_slowest_sinusoid_differs_between_the_forms() {
        let (d_model, position) = (512, 1);
        let paper = interleaved(position..position + 1, d_model, DType::F64);
        let tensor2tensor = concatenated(position..position + 1, d_model, DType::F64);
        assert!((paper.at(&[0, 510]) - 10000f64.powf(-510.0 / 512.0).sin()).abs() < 1e-15);
        assert!((tensor2tensor.at(&[0, 255]) - 1e-4f64.sin()).abs() < 1e-15);
    }

    #[test]
    fn any_range_has_the_bits_of_the_whole() {
        for form in [Positions::Sinusoidal, Positions::SinusoidalConcatenated] {
            for dtype in [DType::F32, DType::F64] {
                let whole = form.table(0..70, 6, dtype).unwrap();
                for start in [0, 1, 7, 69] {
                    let part = form.table(start..start + 1, 6, dtype).unwrap();
                    assert_eq!(part, whole.slice(0, start..start + 1));
                }
                assert_eq!(form.table(5..5, 6, dtype).unwrap().shape(), [0, 6].into());
            }
        }
        assert!(Positions::Learned.table(0..3, 6, DType::F32).is_none());
    }

    #[test]
    fn f32_is_f64_rounded_once() {
        let wide = interleaved(1000..1010, 64, DType::F64);
        let narrow = interleaved(1000..1010, 64, DType::F32);
        let rounded: Vec<f32> = wide.to_vec::<f64>().into_iter().map(|x| x as f32).collect();
        assert_eq!(narrow.to_vec::<f32>(), rounded);
    }

    #[test]
    fn a_shift_is_a_rotation_whatever_the_position() {
        let (d_model, shift) = (8, 5);
        let table = interleaved(0..40, d_model, DType::F64);
        for position in 0..30 {
            for i in 0..d_model / 2 {
                let angle = shift as f64 * 10000f64.powf(-2.0 * i as f64 / d_model as f64);
                let (sin, cos) = (table.at(&[position, 2 * i]), table.at(&[position, 2 * i + 1]));
                let rotated = sin * angle.cos() + cos * angle.sin();
                assert!((table.at(&[position + shift, 2 * i]) - rotated).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn the_smallest_widths_have_no_infinity() {
        let one = concatenated(1..2, 2, DType::F64);
        assert_row(&one, 0, &[1f64.sin(), 1f64.cos()], 1e-15);
        assert_eq!(concatenated(0..3, 0, DType::F64).shape(), [3, 0].into());
    }

    #[test]
    #[should_panic(expected = "sinusoids come in pairs, but d_model 5 is odd")]
    fn an_odd_width_panics() {
        interleaved(0..1, 5, DType::F32);
    }
}
