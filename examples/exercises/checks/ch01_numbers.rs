//! Checks of chapter 1.

use etudiant::tensor::{DType, Tensor};

use crate::kit::{Verdict, close, same, tensors};

pub fn slope(slope: fn(fn(f64) -> f64, f64) -> f64) -> Verdict {
    close("the slope of x³ at 2", slope(|x| x * x * x, 2.0), 12.0, 1e-8)?;
    close("the slope of e^x at 0", slope(f64::exp, 0.0), 1.0, 1e-8)?;
    close("the slope of sin at 1", slope(f64::sin, 1.0), 1f64.cos(), 1e-8)
}

/// A tensor of the numbers 0, 1, 2, .. in order: what stands at an index is its place.
pub fn place(place: fn([usize; 2], [usize; 2], usize) -> usize) -> Verdict {
    let x = Tensor::arange(0.0, 24.0, 1.0, DType::F64).reshape([4, 6]);
    let cases = [
        ("a matrix [4, 6]", x.clone(), 0),
        ("its transpose", x.transpose(0, 1), 0),
        ("its columns 2..5, which begin at 2", x.slice(1, 2..5), 2),
        ("its row 3 four times, which begins at 18", x.slice(0, 3..4).broadcast_to([4, 6]), 18),
    ];
    for (what, view, offset) in cases {
        let strides = [view.strides()[0], view.strides()[1]];
        for element in 0..view.numel() {
            let index = view.shape().index_of(element);
            let found = place([index[0], index[1]], strides, offset);
            let what = format!("{what}, strides {strides:?}: the place of {index:?}");
            same(&what, found, view.at(&index) as usize)?;
        }
    }
    Ok(())
}

pub fn outer(outer: fn(&Tensor, &Tensor) -> Tensor) -> Verdict {
    let found = outer(&Tensor::from([1.0, 2.0, 3.0]), &Tensor::from([1.0, 10.0]));
    tensors("[1, 2, 3] by [1, 10]", &found, &Tensor::from([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]))
}
