use super::tile::TILE;
use super::*;
use crate::kernels::softmax::tests::{naive_softmax, naive_softmax_vjp};
use crate::random::Seed;
use crate::shape::Shape;
use approx::assert_relative_eq;

/// Element (sentence, position, head, column) of a projection.
fn at(x: &Heads<f64>, sentence: usize, position: usize, head: usize, column: usize) -> f64 {
    x.data[sentence * x.batch_stride + position * x.row_stride + head * x.d_head + column]
}

/// What attention computes, loop by loop: context, weights, and for a gradient `g` of the context, laid out
/// as the query is, the gradients of query, key and value.
fn naive_attention(a: &Attention<f64>, g: &Heads<f64>) -> [Vec<f64>; 5] {
    let (q_len, k_len, heads, d_head) = (a.query.len, a.key.len, a.query.heads, a.query.d_head);
    let [mut context, mut grad_query] = [0, 1].map(|_| vec![0.0; a.batch * a.query.sentence_len()]);
    let [mut grad_key, mut grad_value] = [0, 1].map(|_| vec![0.0; a.batch * a.key.sentence_len()]);
    let mut all_weights = Vec::new();
    for (s, h, i) in (0..a.batch * heads * q_len).map(|r| (r / q_len / heads, r / q_len % heads, r % q_len)) {
        let kv = h / (heads / a.key.heads);
        let dot = |x: &Heads<f64>, j: usize, y: &Heads<f64>| -> f64 {
            (0..d_head).map(|c| at(y, s, i, h, c) * at(x, s, j, kv, c)).sum()
        };
        let scores: Vec<f64> = (0..k_len).map(|j| dot(&a.key, j, &a.query)).collect();
        let attend = |j: usize| {
            let places =
                |mask: Strided<bool>| [0, 1, 2, 3].map(|axis| [s, h, i, j][axis] * mask.strides[axis]);
            a.mask.is_none_or(|mask| mask.data[places(mask).iter().sum::<usize>()])
        };
        let weights = naive_softmax(&scores, a.scale, attend);
        let first = ((s * heads + h) * q_len + i) * k_len;
        let drop = |mut values: Vec<f64>| {
            a.dropout.inspect(|dropout| dropout.apply(&mut values, first));
            values
        };
        let used = drop(weights.clone());
        let grad_weights = drop((0..k_len).map(|j| dot(&a.value, j, g)).collect());
        let grad_scores = naive_softmax_vjp(&weights, &grad_weights, a.scale);
        for (j, c) in (0..k_len * d_head).map(|e| (e / d_head, e % d_head)) {
            let q = ((s * q_len + i) * heads + h) * d_head + c;
            let k = ((s * k_len + j) * a.key.heads + kv) * d_head + c;
            context[q] += used[j] * at(&a.value, s, j, kv, c);
            grad_value[k] += used[j] * at(g, s, i, h, c);
            grad_query[q] += grad_scores[j] * at(&a.key, s, j, kv, c);
            grad_key[k] += grad_scores[j] * at(&a.query, s, i, h, c);
        }
        all_weights.extend(weights);
    }
    [context, all_weights, grad_query, grad_key, grad_value]
}

#[test]
fn agrees_with_the_naive_twin() {
    let data: Vec<f64> = (0..40_000).map(|i| (i as f64 * 0.37).sin()).collect();
    let bits: Vec<bool> = (0..40_000).map(|i| i % 5 != 2 && i % 7 > 1).collect();
    let sizes = [
        [1, 1, 1, 1, 1, 1],
        [0, 2, 3, 2, 2, 4],
        [2, 0, 3, 2, 2, 4],
        [2, 3, 0, 2, 2, 4],
        [2, 3, 5, 2, 2, 3],
        [3, 4, 2, 6, 2, 5],
        [2, 7, 7, 4, 1, 8],
        [40, 5, 6, 2, 2, 16],
        [2, TILE + 3, 9, 2, 1, 5],
        [1, 2 * TILE, 2 * TILE, 1, 1, 3],
    ];
    for [batch, q_len, k_len, heads, kv_heads, d_head] in sizes {
        // Contiguous queries; keys from a wider projection; the values of one sentence for all.
        let query = Heads::contiguous(&data, q_len, heads, d_head);
        let row_stride = 2 * kv_heads * d_head + 1;
        let key = Heads::contiguous(&data[7..], k_len, kv_heads, d_head);
        let key = Heads { batch_stride: k_len * row_stride, row_stride, ..key };
        let value = Heads { data: &data[3..], batch_stride: 0, ..key };
        let grad_context = Heads { data: &data[11..], ..query };
        for (masked, dropout) in [(false, None), (true, None), (true, Some(Dropout::new(0.3, Seed(1))))] {
            let strides = Shape::from([q_len * k_len, 0, k_len, 1]);
            let shape = Shape::from([batch, heads, q_len, k_len]);
            let mask = masked.then_some(Strided { data: &bits[..], shape, strides });
            let attention = Attention { batch, query, key, value, scale: 0.4, mask, dropout };
            let expected = naive_attention(&attention, &grad_context);
            let (grad_query, grad_key, grad_value) = attention.vjp(grad_context.data);
            let results = [attention.forward(), attention.weights(), grad_query, grad_key, grad_value];
            for (out, expected) in results.iter().zip(&expected) {
                assert_relative_eq!(out[..], expected[..], epsilon = 1e-12);
            }
        }
    }
}
