//! `linear`: the affine map of a layer.

use crate::ops::matmul::{add_product, rows};
use crate::var::Var;

impl Var {
    /// `self weight^T + bias`: `[.., d_in] x [d_out, d_in] + [d_out] -> [.., d_out]`.
    ///
    /// Equal to a [`Var::matmul`] and an [`Var::add`], with the bias put in as the product is computed.
    /// With all leading axes laid end to end as rows, `x = [rows, d_in]` and `grad_out = [rows, d_out]`:
    ///
    /// ```text
    /// out[r, o]         = bias[o] + sum over i of x[r, i] weight[o, i]
    ///
    /// grad_x[r, i]      = sum over o of grad_out[r, o] weight[o, i]     grad_x      = grad_out weight
    /// grad_weight[o, i] = sum over r of grad_out[r, o] x[r, i]          grad_weight = grad_out^T x
    /// grad_bias[o]      = sum over r of grad_out[r, o]
    /// ```
    ///
    /// All three products take their operands as finely as the [tape](crate::Tape::with_precision) says.
    ///
    /// # Panics
    /// If the shapes do not fit or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn linear(&self, weight: &Var, bias: Option<&Var>) -> Var {
        let inputs: Vec<&Var> = [self, weight].into_iter().chain(bias).collect();
        let precision = Var::precision(&inputs);
        let out = self.value().linear_in(precision, weight.value(), bias.map(Var::value));
        let (x_shape, w_shape) = (self.shape(), weight.shape());
        let (x, w) = (self.save_for(weight), weight.save_for(self));
        let has_bias = bias.is_some();
        Var::record("linear", &inputs, out, move |grad_out, grads| {
            let grad_out = rows(grad_out); // [rows, d_out]
            grads.accumulate(0, |sum| add_product(sum, [&grad_out, &w], precision, x_shape)); // [.., d_in]
            grads.accumulate(1, |sum| {
                add_product(sum, [&grad_out.transpose(0, 1), &rows(&x)], precision, w_shape) // [d_out, d_in]
            });
            if has_bias {
                grads.add(2, || grad_out.sum(0, false)); // [d_out]
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check, normal};
    use crate::var::Var;
    use tensor::{DType, Precision};

    #[test]
    fn gradients() {
        for leading in [&[][..], &[3], &[1], &[2, 2], &[0]] {
            let x = normal("x", [leading, &[3]].concat());
            let inputs = [x, normal("weight", [2, 3]), normal("bias", [2])];
            check("linear", &inputs, |v| v[0].linear(&v[1], Some(&v[2])));
            check("linear", &inputs[..2], |v| v[0].linear(&v[1], None));
        }
    }

    #[test]
    fn gradients_of_shared_and_constant_inputs() {
        let x = [normal("x", [3, 3])];
        check("linear", &x, |v| v[0].linear(&v[0], None));
        let constant = Var::constant(normal("constant", [3, 3]));
        check("linear", &x, |v| constant.linear(&v[0], None));
        check("linear", &x, |v| v[0].linear(&constant, None));
        check("linear", &[normal("bias", [3])], |v| constant.linear(&constant, Some(&v[0])));
    }

    #[test]
    fn equals_matmul_and_add() {
        let inputs = [normal("x", [2, 3, 4]), normal("weight", [5, 4]), normal("bias", [5])];
        assert_agree(
            &inputs,
            |v| v[0].linear(&v[1], Some(&v[2])),
            |v| v[0].matmul(&v[1].transpose(0, 1)) + &v[2], // [2, 3, 4] x [4, 5] + [5]
        );
    }

    #[test]
    fn a_tape_in_bf16_rounds_what_is_multiplied_forward_and_backward() {
        let [x, weight, grad_out] = [("x", [4, 6]), ("weight", [5, 6]), ("grad_out", [4, 5])]
            .map(|(name, shape)| normal(name, shape).to_dtype(DType::F32));
        let bf16 = Precision::Bf16;
        let tape = Tape::new().with_precision(bf16);
        let (x_var, weight_var) = (tape.var(x.clone()), tape.var(weight.clone()));
        let out = x_var.linear(&weight_var, None);
        assert_eq!(out.value(), &x.linear_in(bf16, &weight, None));
        assert!(out.value() != &x.linear(&weight, None));
        let gradients = out.mul(&Var::constant(grad_out.clone())).sum(.., false).backward();
        assert_eq!(gradients.get(&x_var), Some(&grad_out.matmul_in(bf16, &weight)));
        assert_eq!(gradients.get(&weight_var), Some(&grad_out.transpose(0, 1).matmul_in(bf16, &x)));
    }

    #[test]
    fn what_is_frozen_is_rounded_like_the_rest() {
        let [x, weight, bias] = [("x", &[4, 6][..]), ("weight", &[5, 6]), ("bias", &[5])]
            .map(|(name, shape)| normal(name, shape).to_dtype(DType::F32));
        let tape = Tape::new().with_precision(Precision::Bf16);
        let expected = x.linear_in(Precision::Bf16, &weight, Some(&bias));
        let frozen = [&x, &weight, &bias].map(|value| tape.constant(value.clone()));
        assert_eq!(frozen[0].linear(&frozen[1], Some(&frozen[2])).value(), &expected, "all of it");
        let computed = frozen[0].mul_scalar(1.0).detach().linear(&frozen[1], Some(&frozen[2]));
        assert_eq!(computed.value(), &expected, "and what was computed from it");
        let bias = tape.var(bias);
        let plain = [&x, &weight].map(|value| Var::constant(value.clone()));
        assert_eq!(plain[0].linear(&plain[1], Some(&bias)).value(), &expected, "all but the bias");
    }

    #[test]
    fn a_tape_in_bf16_rounds_the_projection_of_the_loss_too() {
        let [hidden, weight] = [("hidden", [5, 6]), ("weight", [7, 6])]
            .map(|(name, shape)| normal(name, shape).to_dtype(DType::F32));
        let tape = Tape::new().with_precision(Precision::Bf16);
        let (hidden, weight) = (tape.var(hidden), tape.var(weight));
        let labels = [3, 1, 0, 6, 2];
        let fused = hidden.linear_cross_entropy(&weight, None, &labels, 0.1).loss;
        let composed = hidden.linear(&weight, None).cross_entropy(&labels, 0.1).loss;
        assert_eq!(fused.value(), composed.value());
        let (fused, composed) = (fused.backward(), composed.backward());
        for var in [&hidden, &weight] {
            assert_eq!(fused.get(var), composed.get(var));
        }
    }

    #[test]
    #[should_panic(expected = "linear: weight [5, 4] does not apply to [2, 3]")]
    fn panics_name_the_operation_and_both_shapes() {
        let _ = Tape::new().var(normal("x", [2, 3])).linear(&Var::constant(normal("weight", [5, 4])), None);
    }
}
