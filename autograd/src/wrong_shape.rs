//! What is wrong with a vjp that gives a gradient of the wrong shape or dtype.

use std::fmt;

use tensor::{DType, Shape};

/// A gradient that has not the shape or dtype of what it is the gradient of. Displayed, it says how to mend it.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongShape {
    /// The operation whose vjp gave it.
    pub operation: &'static str,
    /// To which of its inputs, counted from 0.
    pub input: usize,
    /// The gradient's shape and dtype.
    pub found: (Shape, DType),
    /// The input's shape and dtype.
    pub expected: (Shape, DType),
}

impl fmt::Display for WrongShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WrongShape { operation, input, found: (shape, dtype), expected: (of_input, input_dtype) } = self;
        if shape == of_input {
            return write!(
                f,
                "{operation}: the vjp gives a gradient in {dtype} to input {input} in {input_dtype}, both of shape \
                 {shape}; convert it with Tensor::to_dtype"
            );
        }
        write!(
            f,
            "{operation}: the vjp gives a gradient of shape {shape} ({dtype}) to input {input} of shape {of_input} \
             ({input_dtype}); {}",
            remedy(*shape, *of_input)
        )?;
        if dtype != input_dtype {
            write!(f, "; and convert it from {dtype} to {input_dtype} with Tensor::to_dtype")?;
        }
        Ok(())
    }
}

/// How a gradient of this shape becomes one of the input's.
fn remedy(shape: Shape, of_input: Shape) -> &'static str {
    let sorted = |shape: Shape| {
        let mut lengths = shape.to_vec();
        lengths.sort_unstable();
        lengths
    };
    match of_input.broadcast(shape) {
        Some(common) if common == shape => {
            "where the input was broadcast, sum its gradient with Tensor::sum_to"
        }
        Some(common) if common == of_input => {
            "where the input was summed, repeat its gradient with Tensor::broadcast_to, after Tensor::unsqueeze if \
             the axis was dropped"
        }
        _ if sorted(shape) == sorted(of_input) => {
            "its axes are in another order: Tensor::transpose or permute"
        }
        _ if shape.numel() == of_input.numel() => "bring it back to the input's shape with Tensor::reshape",
        _ => "the gradient of an input has the input's shape, whatever the output's is",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(found: (&[usize], DType), expected: (&[usize], DType)) -> String {
        let of = |(shape, dtype): (&[usize], DType)| (Shape::from(shape), dtype);
        WrongShape { operation: "scale", input: 1, found: of(found), expected: of(expected) }.to_string()
    }

    #[test]
    fn each_wrong_shape_has_its_remedy() {
        let cases: [(&[usize], &[usize], &str); 12] = [
            (&[2, 3], &[3], "Tensor::sum_to"),
            (&[2, 3], &[2, 1], "Tensor::sum_to"),
            (&[2, 3], &[], "Tensor::sum_to"),
            (&[1, 3], &[3], "Tensor::sum_to"),
            (&[2, 1], &[2, 3], "Tensor::broadcast_to"),
            (&[], &[2, 3], "Tensor::broadcast_to"),
            (&[3], &[2, 3], "Tensor::broadcast_to"),
            (&[2, 3], &[3, 2], "in another order"),
            (&[2, 3, 4], &[4, 2, 3], "in another order"),
            (&[6], &[2, 3], "Tensor::reshape"),
            (&[2, 2], &[2, 3], "the input's shape, whatever the output's is"),
            (&[2], &[2, 3], "the input's shape, whatever the output's is"),
        ];
        for (found, expected, remedy) in cases {
            let text = said((found, DType::F64), (expected, DType::F64));
            assert!(text.contains(remedy), "{found:?} for {expected:?}: {text}");
            assert_eq!(
                text.matches("Tensor::sum_to").count(),
                usize::from(remedy == "Tensor::sum_to"),
                "{text}"
            );
            assert!(!text.contains("to_dtype"), "{text}");
        }
    }

    #[test]
    fn a_wrong_dtype_is_named_with_both() {
        let text = said((&[3], DType::F32), (&[3], DType::F64));
        let expected = "scale: the vjp gives a gradient in f32 to input 1 in f64, both of shape [3]; convert it with \
                        Tensor::to_dtype";
        assert_eq!(text, expected);
        let both = said((&[2, 3], DType::F64), (&[3], DType::F32));
        assert!(
            both.ends_with("Tensor::sum_to; and convert it from f64 to f32 with Tensor::to_dtype"),
            "{both}"
        );
    }
}
