//! `concatenate`, `split` and `pad`: putting tensors together along an axis and taking them apart.

use tensor::Tensor;

use crate::ops::views::add_slice;
use crate::var::Var;

impl Var {
    /// The variables one after the other along `axis`. All other axes have the same lengths.
    /// vjp: each variable's gradient is its part of `grad_out`.
    ///
    /// # Panics
    /// If there is no variable, or the shapes differ in another axis, or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn concatenate(vars: &[&Var], axis: isize) -> Var {
        let values: Vec<&Tensor> = vars.iter().map(|var| var.value()).collect();
        let out = Tensor::concatenate(&values, axis);
        let lengths: Vec<usize> = vars.iter().map(|var| var.dim(axis)).collect();
        Var::record("concatenate", vars, out, move |grad_out, grads| {
            for (input, part) in grad_out.split(axis, &lengths).into_iter().enumerate() {
                grads.add(input, || part);
            }
        })
    }

    /// Cut along `axis` into parts of the given lengths, each recorded on its own.
    /// vjp of a part: `grad_self = grad_out` with zeros where the other parts are.
    ///
    /// # Panics
    /// If the axis does not exist or the lengths do not add up to its length.
    #[must_use]
    #[track_caller]
    pub fn split(&self, axis: isize, lengths: &[usize]) -> Vec<Var> {
        let len = self.dim(axis);
        let mut start = 0;
        let parts = self.value().split(axis, lengths).into_iter().map(|part| {
            let range = start..start + part.dim(axis);
            start = range.end;
            Var::record("split", &[self], part, move |grad_out, grads| {
                grads.accumulate(0, |sum| add_slice(sum, grad_out, axis, range, len));
            })
        });
        parts.collect()
    }

    /// With `before` and `after` elements of `value` put around it along `axis`.
    /// vjp: `grad_self` is the part of `grad_out` that shows `self`.
    ///
    /// # Panics
    /// If the axis does not exist.
    #[must_use]
    #[track_caller]
    pub fn pad(&self, axis: isize, before: usize, after: usize, value: f64) -> Var {
        let out = self.value().pad(axis, before, after, value);
        let shown = before..before + self.dim(axis);
        Var::record("pad", &[self], out, move |grad_out, grads| {
            grads.add(0, || grad_out.slice(axis, shown));
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check, normal};
    use tensor::DType;

    #[test]
    fn gradients() {
        let inputs = [normal("a", [2, 1, 2]), normal("b", [2, 3, 2]), normal("c", [2, 0, 2])];
        check("concatenate", &inputs, |v| Var::concatenate(&[&v[0], &v[1], &v[2]], 1));
        let x = [normal("x", [2, 4])];
        for part in 0..3 {
            check("split", &x, |v| v[0].split(-1, &[1, 0, 3])[part].clone());
        }
        check("pad", &x, |v| v[0].pad(0, 1, 2, 7.0));
        check("pad", &x, |v| v[0].pad(-1, 0, 1, 0.0));
    }

    #[test]
    fn gradients_of_a_shared_input() {
        check("shared", &[normal("x", [2, 3])], |v| {
            let twice = Var::concatenate(&[&v[0], &v[0]], 0); // [4, 3]
            let parts = v[0].split(1, &[1, 2]);
            twice * parts[1].slice(1, 0..1).pad(0, 2, 0, 1.0) * parts[0].pad(0, 0, 2, 1.0) // [4, 1]
        });
    }

    #[test]
    fn constants_between_variables_cost_nothing() {
        let constant = Var::constant(normal("constant", [1, 2]));
        check("concatenate", &[normal("x", [2, 2])], |v| Var::concatenate(&[&constant, &v[0], &constant], 0));
    }

    #[test]
    fn concatenate_undoes_split() {
        assert_agree(
            &[normal("x", [2, 5])],
            |v| {
                let parts = v[0].split(1, &[2, 1, 2]);
                Var::concatenate(&parts.iter().collect::<Vec<_>>(), 1)
            },
            |v| v[0].clone() + 0.0,
        );
    }

    #[test]
    #[should_panic(expected = "concatenate: [2, 3] does not join [2, 2] along axis 0")]
    fn panics_name_the_operation_and_both_shapes() {
        let tape = Tape::new();
        let [a, b] = [2, 3].map(|cols| tape.var(Tensor::zeros([2, cols], DType::F64)));
        let _ = Var::concatenate(&[&a, &b], 0);
    }
}
