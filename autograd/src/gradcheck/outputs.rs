//! What a function that is checked gives: one variable, or several.

use std::ops::Range;

use tensor::{DType, Shape, Tensor};

use crate::var::Var;

/// One variable, or several: as an array, a list or a tuple (of up to six), also of each other. All are checked.
pub trait Outputs {
    /// The variables, in order.
    fn into_vars(self) -> Vec<Var>;
}

impl Outputs for Var {
    fn into_vars(self) -> Vec<Var> {
        vec![self]
    }
}

impl<T: Outputs> Outputs for Vec<T> {
    fn into_vars(self) -> Vec<Var> {
        self.into_iter().flat_map(T::into_vars).collect()
    }
}

impl<T: Outputs, const N: usize> Outputs for [T; N] {
    fn into_vars(self) -> Vec<Var> {
        self.into_iter().flat_map(T::into_vars).collect()
    }
}

macro_rules! tuples {
    ($(($($part:ident)+))+) => {$(
        impl<$($part: Outputs),+> Outputs for ($($part,)+) {
            #[allow(non_snake_case)] // each part is called as its type
            fn into_vars(self) -> Vec<Var> {
                let ($($part,)+) = self;
                [$($part.into_vars()),+].concat()
            }
        }
    )+};
}

tuples! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

/// The outputs as one variable: the only one as it is, several one after the other, `[all their elements]`.
pub(super) fn joined(outputs: &[Var]) -> Var {
    if let [only] = outputs {
        return only.clone();
    }
    let flat: Vec<Var> = outputs.iter().map(|output| output.reshape([output.numel()])).collect();
    Var::concatenate(&flat.iter().collect::<Vec<_>>(), 0)
}

/// The values of the outputs, and where each stands among the [`joined`].
pub struct Values(pub Vec<Tensor>);

impl Values {
    pub fn of(outputs: &[Var]) -> Values {
        Values(outputs.iter().map(|output| output.value().clone()).collect())
    }

    /// The shape of the joined outputs.
    pub fn shape(&self) -> Shape {
        match &self.0[..] {
            [only] => only.shape(),
            _ => [self.numel()].into(),
        }
    }

    pub fn numel(&self) -> usize {
        self.0.iter().map(Tensor::numel).sum()
    }

    /// All elements, output after output.
    pub fn elements(&self) -> Vec<f64> {
        self.0.iter().flat_map(Tensor::to_f64_vec).collect()
    }

    /// Where each output stands among all elements.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        let starts = self.0.iter().scan(0, |end, output| {
            *end += output.numel();
            Some(*end - output.numel()..*end)
        });
        starts.collect()
    }

    /// To which output an element belongs, and its index there.
    pub fn place(&self, element: usize) -> (usize, Vec<usize>) {
        let ranges = self.ranges();
        let output =
            ranges.iter().position(|range| range.contains(&element)).expect("an element of an output");
        (output, self.0[output].shape().index_of(element - ranges[output].start))
    }

    /// Zeros but for the elements of one output, which are those of `weights`; both in the shape of the joined.
    pub fn only(&self, output: usize, weights: &Tensor) -> Tensor {
        let mut part = vec![0.0; self.numel()];
        let range = self.ranges()[output].clone();
        part[range.clone()].copy_from_slice(&weights.to_f64_vec()[range]);
        Tensor::from_vec(part, self.shape())
    }

    /// The number of an output, if there are several.
    pub fn number(&self, output: usize) -> Option<usize> {
        (self.0.len() > 1).then_some(output)
    }

    /// The first output that is in another dtype.
    pub fn not_in(&self, dtype: DType) -> Option<(usize, DType)> {
        self.0.iter().map(Tensor::dtype).enumerate().find(|(_, found)| *found != dtype)
    }
}

/// What an output is called: by its number, if there are several.
pub(super) fn output_name(number: Option<usize>) -> String {
    number.map_or("output".to_string(), |number| format!("output {number}"))
}
