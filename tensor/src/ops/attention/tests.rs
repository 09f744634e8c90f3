use super::*;
use crate::element::DType;
use approx::assert_relative_eq;

fn normal(shape: [usize; 3], name: &str) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, Seed::new(1).derive(name), DType::F64)
}

fn assert_close(a: &Tensor, b: &Tensor) {
    assert_eq!(a.shape(), b.shape());
    assert_relative_eq!(a.to_f64_vec()[..], b.to_f64_vec()[..], epsilon = 1e-12);
}

/// `[batch, len, d_model]` to `[batch, n_heads, len, d_head]`.
fn split_heads(x: &Tensor, d_head: usize) -> Tensor {
    x.reshape([x.dim(0), x.dim(1), x.dim(2) / d_head, d_head]).transpose(1, 2)
}

/// And back.
fn join_heads(x: &Tensor) -> Tensor {
    x.transpose(1, 2).reshape([x.dim(0), x.dim(2), x.dim(1) * x.dim(3)])
}

/// Context and weights from the operations that attention is made of.
fn composed(query: &Tensor, key: &Tensor, value: &Tensor, spec: &AttentionSpec) -> (Tensor, Tensor) {
    let d_head = query.dim(2) / spec.n_heads;
    let [query, key, value] = [query, key, value].map(|x| split_heads(x, d_head));
    let weights = query.matmul(&key.transpose(-1, -2)).masked_softmax(spec.scale, spec.mask);
    let used = spec.dropout.map_or(weights.clone(), |(p, seed)| weights.dropout(p, seed));
    (join_heads(&used.matmul(&value)), weights)
}

#[test]
fn any_layout_agrees_with_the_composed_form() {
    let (contiguous, batch) = (normal([2, 5, 6], "key"), 2);
    let projected = normal([batch, 5, 18], "qkv").split(2, &[6, 6, 6]);
    let swapped = normal([6, 5, batch], "key").transpose(0, 2);
    let shared = normal([1, 5, 6], "key").broadcast_to([batch, 5, 6]);
    let padding = Mask::from_fn([batch, 1, 1, 5], |index| index[3] < 4 - index[0]);
    let hidden = padding.and(&Mask::from_fn([3, 1], |index| index[0] != 1)); // query 1 sees nothing
    for (key, value) in
        [(&contiguous, &swapped), (&projected[1], &projected[2]), (&shared, &contiguous), (&swapped, &shared)]
    {
        for query in [normal([batch, 3, 6], "query"), projected[0].slice(1, 2..5)] {
            for mask in [None, Some(&padding), Some(&hidden)] {
                for dropout in [None, Some((0.3, Seed::new(5)))] {
                    let spec = AttentionSpec { n_heads: 3, scale: 0.7, mask, dropout };
                    let (context, weights) = composed(&query, key, value, &spec);
                    assert_close(&attention(&query, key, value, &spec), &context);
                    assert_close(&attention_weights(&query, key, &spec), &weights);
                }
            }
        }
    }
}

/// The slope of `<context, grad_out>` along a direction equals `<gradient, direction>`.
#[test]
fn the_vjp_agrees_with_differences_of_the_forward() {
    const STEP: f64 = 1e-5;
    let padding = Mask::from_fn([2, 1, 3, 4], |index| index[2] != 1 && index[3] < 4 - index[0]);
    let dot = |a: &Tensor, b: &Tensor| a.mul(b).sum(.., false).item();
    // Keys of their own, shared by the sentences, and shared by two heads each.
    for (key_batch, d_key) in [(2, 8), (1, 8), (2, 4), (1, 2)] {
        for (mask, dropout) in
            [(None, None), (Some(&padding), None), (Some(&padding), Some((0.3, Seed::new(5))))]
        {
            let spec = AttentionSpec { n_heads: 4, scale: 0.7, mask, dropout };
            let grad_out = normal([8, 3, 2], "grad").transpose(0, 2); // [2, 3, 8]
            let inputs = [
                normal([2, 3, 8], "query"),
                normal([key_batch, 4, d_key], "key"),
                normal([key_batch, 4, d_key], "value"),
            ];
            let [query, key, value] = &inputs;
            let grads = attention_vjp(query, key, value, &grad_out, &spec);
            for (i, grad) in [grads.0, grads.1, grads.2].iter().enumerate() {
                let direction = Tensor::normal(inputs[i].shape(), 0.0, 1.0, Seed::new(9), DType::F64);
                let loss = |step: f64| {
                    let mut moved = inputs.clone();
                    moved[i].add_assign(&direction.mul_scalar(step));
                    dot(&attention(&moved[0], &moved[1], &moved[2], &spec), &grad_out)
                };
                assert_eq!(grad.shape(), inputs[i].shape());
                let slope = (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
                assert_relative_eq!(dot(grad, &direction), slope, max_relative = 1e-7, epsilon = 1e-8);
            }
        }
    }
}

#[test]
fn grouped_heads_equal_repeated_ones() {
    let (query, key) = (normal([2, 3, 8], "query"), normal([2, 5, 4], "key")); // 4 heads on 2
    let repeated = key.reshape([2, 5, 2, 1, 2]).broadcast_to([2, 5, 2, 2, 2]).reshape([2, 5, 8]);
    let spec = AttentionSpec { n_heads: 4, scale: 1.0, mask: None, dropout: None };
    let (grouped, full) =
        (attention(&query, &key, &key, &spec), attention(&query, &repeated, &repeated, &spec));
    assert_eq!(grouped, full);
}

#[test]
fn f32_agrees_with_f64() {
    let (query, key) = (normal([2, 3, 8], "query"), normal([2, 5, 8], "key"));
    let mask = Mask::causal(5).reshape([1, 1, 5, 5]);
    let spec = AttentionSpec { n_heads: 2, scale: 0.5, mask: Some(&mask), dropout: None };
    let (q, k) = (query.to_dtype(DType::F32), key.to_dtype(DType::F32));
    let (wide, narrow) = (attention(&key, &key, &key, &spec), attention(&k, &k, &k, &spec));
    let close = |a: &Tensor, b: &Tensor| {
        assert_relative_eq!(a.to_f64_vec()[..], b.to_f64_vec()[..], epsilon = 1e-5);
    };
    close(&wide, &narrow);
    let spec = AttentionSpec { mask: None, ..spec };
    let wide = attention_vjp(&query, &key, &key, &query, &spec);
    let narrow = attention_vjp(&q, &k, &k, &q, &spec);
    close(&wide.0, &narrow.0);
    close(&wide.1, &narrow.1);
    close(&wide.2, &narrow.2);
}

#[test]
fn no_keys_and_no_queries_are_no_trouble() {
    let spec = AttentionSpec { n_heads: 2, scale: 1.0, mask: None, dropout: None };
    for (batch, q_len, k_len) in [(0, 3, 2), (2, 0, 3), (2, 3, 0)] {
        let (query, key) = (normal([batch, q_len, 4], "query"), normal([batch, k_len, 4], "key"));
        assert_eq!(attention(&query, &key, &key, &spec), Tensor::zeros(query.shape(), DType::F64));
        let grads = attention_vjp(&query, &key, &key, &query, &spec);
        assert_eq!((grads.0.shape(), grads.1), (query.shape(), Tensor::zeros(key.shape(), DType::F64)));
    }
}

#[test]
#[should_panic(expected = "attention: query [2, 3, 4], key [3, 3, 4] and value [3, 3, 4] do not fit")]
fn another_batch_panics() {
    let spec = AttentionSpec { n_heads: 2, scale: 1.0, mask: None, dropout: None };
    let (query, key) = (normal([2, 3, 4], "query"), normal([3, 3, 4], "key"));
    let _ = attention(&query, &key, &key, &spec);
}

#[test]
#[should_panic(expected = "attention: 3 heads do not divide query [1, 1, 4]")]
fn heads_that_do_not_divide_panic() {
    let x = normal([1, 1, 4], "x");
    let _ = attention(&x, &x, &x, &AttentionSpec { n_heads: 3, scale: 1.0, mask: None, dropout: None });
}
