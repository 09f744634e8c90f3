//! `linear_cross_entropy`: the output projection and its loss, without the logits.
//!
//! The logits `[rows, vocab_size]` are the largest tensor of training: 4096 tokens by 32000 words are
//! half a gigabyte in f32, and their gradient as much again. But the loss of a row needs that row's
//! logits only. So rows are taken in chunks: project, compute the loss, and while the chunk's logits are
//! there, their gradient and what it contributes to the gradients of the hidden states, the weight and
//! the bias. Then the chunk is forgotten.
//!
//! This computes gradients in the forward pass, before `grad_out` is known. It can, because the loss is a
//! single number and its `grad_out` a mere factor: the vjp multiplies by it. The price is that the
//! gradients of the inputs stand in memory between forward and backward; the alternative, computing each
//! chunk's logits again in the vjp, pays a second time for the largest product of the model.

use tensor::ops::cross_entropy::{IGNORE, cross_entropy, cross_entropy_with_vjp};
use tensor::{DType, Tensor};

use crate::ops::cross_entropy::{CrossEntropy, LossStats};
use crate::var::Var;

/// About how many logits stand in memory at a time, 8 MB in f32, unless [`CHUNK_ROWS`] are more.
const CHUNK_LOGITS: usize = 1 << 21;
/// How many rows are taken at a time at least: the weight is read, and its gradient read and written, once for
/// each chunk.
const CHUNK_ROWS: usize = 256;

impl Var {
    /// As `self.linear(weight, bias).cross_entropy(labels, smoothing)`, with hidden states
    /// `[rows, d_model]` as `self`, weight `[vocab_size, d_model]` and bias `[vocab_size]`; the logits
    /// `[rows, vocab_size]` never stand in memory as a whole.
    ///
    /// vjp, with `grad_logits = (softmax(logits) - q) / count` as in
    /// [cross_entropy](crate::ops::cross_entropy): `grad_hidden = grad_out * grad_logits weight`,
    /// `grad_weight = grad_out * grad_logits^T hidden`,
    /// `grad_bias = grad_out * sum of grad_logits over the rows`.
    ///
    /// The products take their operands as finely as the [tape](crate::Tape::with_precision) says.
    ///
    /// # Panics
    /// If no label counts, the shapes do not fit, there is not one label per row, a label is not below
    /// the vocabulary's size, or the dtypes differ.
    #[must_use]
    #[track_caller]
    pub fn linear_cross_entropy(
        &self,
        weight: &Var,
        bias: Option<&Var>,
        labels: &[u32],
        smoothing: f64,
    ) -> CrossEntropy {
        let (hidden_shape, weight_shape) = (self.shape(), weight.shape());
        let fits = self.rank() == 2 && weight.rank() == 2 && self.dim(1) == weight.dim(1);
        assert!(fits, "linear_cross_entropy: weight {weight_shape} does not apply to {hidden_shape}");
        let fits = labels.len() == self.dim(0);
        assert!(fits, "linear_cross_entropy: {} labels for hidden states {hidden_shape}", labels.len());
        in_chunks(chunk_rows(weight.dim(0)), self, weight, bias, labels, smoothing)
    }
}

/// How many rows of logits are computed at a time.
fn chunk_rows(vocab_size: usize) -> usize {
    (CHUNK_LOGITS / vocab_size.max(1)).max(CHUNK_ROWS)
}

/// The operation, `chunk_rows` rows at a time. The result does not depend on that number but for
/// rounding; since the caller chooses it from the problem alone, it does not depend on the machine.
#[track_caller]
fn in_chunks(
    chunk_rows: usize,
    hidden: &Var,
    weight: &Var,
    bias: Option<&Var>,
    labels: &[u32],
    smoothing: f64,
) -> CrossEntropy {
    let count = labels.iter().filter(|&&label| label != IGNORE).count();
    assert!(count > 0, "linear_cross_entropy: none of the labels of hidden states {} counts", hidden.shape());
    let inputs: Vec<&Var> = [hidden, weight].into_iter().chain(bias).collect();
    let wants: Vec<bool> = inputs.iter().map(|input| input.requires_grad()).collect();
    let wants_none = !wants.contains(&true);
    let (scale, precision) = (1.0 / count as f64, Var::precision(&inputs));
    let mut stats = LossStats::default();
    let mut grad_hidden = Vec::new(); // one part per chunk
    let dtype = hidden.dtype();
    let zeros_if = |input: usize, dtype: DType| {
        let input = inputs.get(input).filter(|input| input.requires_grad())?;
        Some(Tensor::zeros(input.shape(), dtype))
    };
    let (mut grad_weight, mut grad_bias) = (zeros_if(1, dtype), zeros_if(2, DType::F64)); // a sum over all labels
    for start in (0..labels.len()).step_by(chunk_rows) {
        let rows = start..(start + chunk_rows).min(labels.len());
        let labels = &labels[rows.clone()];
        let hidden = hidden.value().slice(0, rows); // [chunk_rows, d_model]
        let mut logits = hidden.linear_in(precision, weight.value(), bias.map(Var::value)); // [chunk_rows, vocab_size]
        if wants_none {
            stats.merge(&LossStats::of(&cross_entropy(&logits, labels, smoothing)));
            continue;
        }
        stats.merge(&LossStats::of(&cross_entropy_with_vjp(&mut logits, labels, smoothing, scale)));
        let grad_logits = logits;
        if wants[0] {
            grad_hidden.push(grad_logits.matmul_in(precision, weight.value())); // [chunk_rows, d_model]
        }
        if let Some(sum) = &mut grad_weight {
            sum.add_matmul_assign_in(precision, &grad_logits.transpose(0, 1), &hidden); // [vocab_size, d_model]
        }
        if let Some(sum) = &mut grad_bias {
            sum.add_assign(&grad_logits.sum(0, false).to_dtype(DType::F64)); // [vocab_size]
        }
    }
    let grad_hidden = wants[0].then(|| Tensor::concatenate(&grad_hidden.iter().collect::<Vec<_>>(), 0));
    let grad_bias = grad_bias.map(|sum| sum.to_dtype(dtype));
    let out = Tensor::full([], stats.loss(), dtype);
    let loss = Var::record("linear_cross_entropy", &inputs, out, move |grad_out, grads| {
        let found = [grad_hidden, grad_weight, grad_bias].into_iter().enumerate();
        for (input, mut grad) in found.filter_map(|(input, grad)| Some((input, grad?))) {
            if grad_out.item() != 1.0 {
                grad.mul_scalar_assign(grad_out.item());
            }
            grads.add(input, || grad);
        }
    });
    CrossEntropy { loss, stats }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tape::Tape;
    use crate::testing::{assert_agree, check, normal};

    const LABELS: [u32; 5] = [2, IGNORE, 0, 3, 2];

    fn inputs() -> [Tensor; 3] {
        [normal("hidden", [5, 3]), normal("weight", [4, 3]), normal("bias", [4])]
    }

    #[test]
    fn gradients() {
        for chunk_rows in [1, 2, 5] {
            for smoothing in [0.0, 0.1] {
                check("linear_cross_entropy", &inputs(), |v| {
                    in_chunks(chunk_rows, &v[0], &v[1], Some(&v[2]), &LABELS, smoothing).loss
                });
                check("linear_cross_entropy", &inputs()[..2], |v| {
                    in_chunks(chunk_rows, &v[0], &v[1], None, &LABELS, smoothing).loss * -3.0
                });
            }
        }
    }

    #[test]
    fn gradients_of_tied_and_constant_inputs() {
        // The embedding that made the hidden states is the projection too.
        check("tied", &[normal("table", [4, 3])], |v| {
            v[0].gather_rows(&[1, 0, 3]).linear_cross_entropy(&v[0], None, &[0, 3, 2], 0.1).loss
        });
        let [hidden, weight, bias] = inputs().map(Var::constant);
        check("hidden", &inputs()[..1], |v| {
            v[0].linear_cross_entropy(&weight, Some(&bias), &LABELS, 0.1).loss
        });
        check("weight", &inputs()[1..2], |v| {
            hidden.linear_cross_entropy(&v[0], Some(&bias), &LABELS, 0.1).loss
        });
        check("bias", &inputs()[2..], |v| {
            hidden.linear_cross_entropy(&weight, Some(&v[0]), &LABELS, 0.1).loss
        });
    }

    #[test]
    fn equals_linear_and_cross_entropy() {
        for chunk_rows in [1, 2, 4, 5, 100] {
            for smoothing in [0.0, 0.1] {
                assert_agree(
                    &inputs(),
                    |v| in_chunks(chunk_rows, &v[0], &v[1], Some(&v[2]), &LABELS, smoothing).loss,
                    |v| v[0].linear(&v[1], Some(&v[2])).cross_entropy(&LABELS, smoothing).loss,
                );
            }
        }
        let [hidden, weight, bias] = inputs().map(Var::constant);
        let fused = hidden.linear_cross_entropy(&weight, Some(&bias), &LABELS, 0.1);
        assert_eq!(fused.stats, hidden.linear(&weight, Some(&bias)).cross_entropy(&LABELS, 0.1).stats);
    }

    #[test]
    fn the_bias_keeps_the_digits_of_many_chunks() {
        let (count, dtype) = (100_000, DType::F32);
        let [hidden, weight] = [[count, 1], [3, 1]].map(|shape| Var::constant(Tensor::zeros(shape, dtype)));
        let bias = Tape::new().var(Tensor::zeros([3], dtype));
        let gradients = in_chunks(2, &hidden, &weight, Some(&bias), &vec![0; count], 0.0).loss.backward();
        for (found, expected) in gradients.get(&bias).unwrap().to_f64_vec().iter().zip([-2.0, 1.0, 1.0]) {
            assert!((found * 3.0 - expected).abs() < 1e-6, "{found}"); // p - y, with p = 1 / 3
        }
    }

    #[test]
    fn a_chunk_is_as_many_rows_as_fit_and_not_too_few() {
        for vocab_size in [1, 7, 1000, CHUNK_LOGITS / CHUNK_ROWS] {
            let rows = chunk_rows(vocab_size);
            assert!(rows * vocab_size <= CHUNK_LOGITS && CHUNK_LOGITS < (rows + 1) * vocab_size, "{rows}");
        }
        assert_eq!((chunk_rows(64_000), chunk_rows(0)), (CHUNK_ROWS, CHUNK_LOGITS));
    }

    #[test]
    fn several_chunks_of_the_real_size() {
        let (vocab_size, rows) = (CHUNK_LOGITS / CHUNK_ROWS, CHUNK_ROWS + 3); // the last chunk has three rows
        let inputs = [normal("hidden", [rows, 2]), normal("weight", [vocab_size, 2])];
        let labels: Vec<u32> = (0..rows).map(|row| (row * 7919 % vocab_size) as u32).collect();
        assert_agree(
            &inputs,
            |v| v[0].linear_cross_entropy(&v[1], None, &labels, 0.1).loss,
            |v| v[0].linear(&v[1], None).cross_entropy(&labels, 0.1).loss,
        );
    }

    #[test]
    #[should_panic(expected = "linear_cross_entropy: none of the labels of hidden states [5, 3] counts")]
    fn no_label_that_counts_panics() {
        let [hidden, weight, _] = inputs().map(Var::constant);
        let _ = hidden.linear_cross_entropy(&weight, None, &[IGNORE; 5], 0.1);
    }

    #[test]
    #[should_panic(expected = "linear_cross_entropy: weight [4, 3] does not apply to [2, 5]")]
    fn panics_name_the_operation_and_both_shapes() {
        let hidden = Tape::new().var(normal("hidden", [2, 5]));
        let _ = hidden.linear_cross_entropy(&Var::constant(normal("weight", [4, 3])), None, &[0, 1], 0.1);
    }
}
