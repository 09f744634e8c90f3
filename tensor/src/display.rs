//! Printing tensors for people: shape and dtype, then rows with aligned columns, the middle left out
//! where there is much of it.
//!
//! ```
//! use tensor::Tensor;
//! let x = Tensor::from([[1.0f32, -2.5], [10.0, 0.125]]);
//! assert_eq!(x.to_string(), "[2, 2] f32\n[[ 1.000 -2.500]\n [10.000  0.125]]");
//! ```

use std::fmt;

use crate::tensor::Tensor;

/// Tensors with more elements than this are abbreviated.
const ABBREVIATE_ABOVE: usize = 200;
/// How many entries an abbreviated axis shows at each end.
const EDGE: usize = 3;

/// Digits after the point: `{:.2}` shows two, the default is three. Numbers too large or too small for
/// that are shown with an exponent.
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.shape(), self.dtype())?;
        write_elements(f, self, f.precision().unwrap_or(3))
    }
}

/// As Display, with twice the digits, and with the strides if they are not those of row-major memory: what a
/// failed test shows has to be enough to make it fail again.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.shape(), self.dtype())?;
        if !self.is_contiguous() {
            write!(f, ", strides {}", self.strides())?;
        }
        write_elements(f, self, f.precision().unwrap_or(6))
    }
}

/// The elements: a scalar on the same line, all else below.
fn write_elements(f: &mut fmt::Formatter<'_>, tensor: &Tensor, precision: usize) -> fmt::Result {
    f.write_str(if tensor.rank() == 0 { " " } else { "\n" })?;
    let abbreviate = tensor.numel() > ABBREVIATE_ABOVE;
    let mut shown = Vec::new();
    collect(tensor, abbreviate, &mut shown);
    let style = Style::new(&shown, precision);
    let mut cells = shown.into_iter().map(|x| style.cell(x));
    write_axis(f, tensor, 0, abbreviate, &mut cells)
}

/// Calls `f(Some(i))` for every index of an axis that is shown and `f(None)` for the gap.
fn for_each_shown<E>(
    len: usize,
    abbreviate: bool,
    mut f: impl FnMut(Option<usize>) -> Result<(), E>,
) -> Result<(), E> {
    for i in 0..len {
        let hidden = abbreviate && len > 2 * EDGE + 1 && (EDGE..len - EDGE).contains(&i);
        if !hidden {
            f(Some(i))?;
        } else if i == EDGE {
            f(None)?;
        }
    }
    Ok(())
}

fn entry(x: &Tensor, i: usize) -> Tensor {
    x.slice(0, i..i + 1).squeeze(0)
}

fn collect(x: &Tensor, abbreviate: bool, shown: &mut Vec<f64>) {
    if x.rank() == 0 {
        return shown.push(x.item());
    }
    let Ok(()) = for_each_shown(x.dim(0), abbreviate, |i| {
        if let Some(i) = i {
            collect(&entry(x, i), abbreviate, shown);
        }
        Ok::<(), std::convert::Infallible>(())
    });
}

fn write_axis(
    f: &mut fmt::Formatter<'_>,
    x: &Tensor,
    depth: usize,
    abbreviate: bool,
    cells: &mut impl Iterator<Item = String>,
) -> fmt::Result {
    if x.rank() == 0 {
        return f.write_str(&cells.next().unwrap_or_default());
    }
    f.write_str("[")?;
    let mut first = true;
    for_each_shown(x.dim(0), abbreviate, |i| {
        if !std::mem::take(&mut first) {
            match x.rank() {
                1 => f.write_str(" ")?,
                // A blank line between matrices, as many as there are axes above.
                rank => write!(f, "{}{}", "\n".repeat(rank - 1), " ".repeat(depth + 1))?,
            }
        }
        match i {
            Some(i) => write_axis(f, &entry(x, i), depth + 1, abbreviate, cells),
            None => f.write_str("..."),
        }
    })?;
    f.write_str("]")
}

/// How the numbers of one tensor are written: all alike, in columns of one width.
struct Style {
    digits: usize,
    exponent: bool,
    width: usize,
}

impl Style {
    fn new(shown: &[f64], digits: usize) -> Style {
        let finite = shown.iter().map(|x| x.abs()).filter(|x| x.is_finite() && *x > 0.0);
        let largest = finite.clone().fold(0.0, f64::max);
        let smallest_step = 0.5 * 10f64.powi(-(digits as i32));
        let exponent = largest >= 1e6 || (largest > 0.0 && largest < smallest_step);
        let mut style = Style { digits, exponent, width: 0 };
        style.width = shown.iter().map(|&x| style.cell(x).len()).max().unwrap_or(0);
        style
    }

    fn cell(&self, x: f64) -> String {
        let text = match (x.is_finite(), self.exponent) {
            (false, _) => format!("{x}").to_lowercase(),
            (true, true) => format!("{x:.*e}", self.digits),
            (true, false) => format!("{x:.*}", self.digits),
        };
        format!("{text:>width$}", width = self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;

    #[test]
    fn ranks_and_alignment() {
        assert_eq!(Tensor::scalar(1.5f32).to_string(), "[] f32 1.500");
        assert_eq!(Tensor::from([1.0f64, -10.0]).to_string(), "[2] f64\n[  1.000 -10.000]");
        let x = Tensor::arange(0.0, 8.0, 1.0, DType::F32).reshape([2, 2, 2]);
        assert_eq!(format!("{x:.0}"), "[2, 2, 2] f32\n[[[0 1]\n  [2 3]]\n\n [[4 5]\n  [6 7]]]");
        assert_eq!(Tensor::zeros([0, 2], DType::F32).to_string(), "[0, 2] f32\n[]");
    }

    #[test]
    fn debug_is_enough_to_make_the_tensor_again() {
        let x = Tensor::from([[0.015625f64, 3.0], [-1.5, 2.0]]);
        let rows = "\n[[ 0.015625  3.000000]\n [-1.500000  2.000000]]";
        assert_eq!(format!("{x:?}"), format!("[2, 2] f64{rows}"));
        let view = x.transpose(0, 1).contiguous().transpose(0, 1);
        assert_eq!(format!("{view:?}"), format!("[2, 2] f64, strides [1, 2]{rows}"));
    }

    #[test]
    fn extremes_get_an_exponent_and_specials_a_name() {
        assert_eq!(Tensor::from([1e-8f64, 2e-7]).to_string(), "[2] f64\n[1.000e-8 2.000e-7]");
        assert_eq!(Tensor::from([3e7f64]).to_string(), "[1] f64\n[3.000e7]");
        assert_eq!(
            Tensor::from([f64::NAN, f64::NEG_INFINITY, 1.0]).to_string(),
            "[3] f64\n[  nan  -inf 1.000]"
        );
    }

    #[test]
    fn large_tensors_are_abbreviated() {
        let x = Tensor::arange(0.0, 10_000.0, 1.0, DType::F32).reshape([100, 100]);
        let text = format!("{x:.0}");
        assert_eq!(text.lines().count(), 1 + 3 + 1 + 3);
        assert!(text.contains("[[   0    1    2 ...   97   98   99]"), "{text}");
        assert!(text.ends_with("[9900 9901 9902 ... 9997 9998 9999]]"), "{text}");
    }
}
