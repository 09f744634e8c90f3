//! Numbers that no one computes on the way, but that a reader wants to see.

use crate::recording::Array;

/// More numbers than this are not recorded.
const MAX_NUMBERS: usize = 4096;

/// The values times their weights, before they are summed, `[n_heads, q_len, k_len, d_head]`, of each self-attention of
/// the encoder in which they are few: `weighted_values` beside `weights`, [h, i, j, c] being
/// `weights[h, i, j] * value[j, h * d_head + c]`.
pub(super) fn weighted_values(seen: &[(bool, Array)], n_heads: usize) -> Vec<Array> {
    let value_of = |path: &str| seen.iter().find(|(is_gradient, array)| !is_gradient && array.path == path);
    let of = |weights: &Array| -> Option<Array> {
        let scope = weights.path.strip_suffix("weights")?;
        let (_, value) = value_of(&format!("{scope}value"))?;
        let (&[_, q_len, k_len], &[_, width]) = (&weights.shape[..], &value.shape[..]) else { return None };
        let d_head = width / n_heads;
        if weights.data.len() * d_head > MAX_NUMBERS {
            return None;
        }
        let row = |at: usize| {
            let (head, key) = (at / (q_len * k_len), at % k_len);
            &value.row(key)[head * d_head..(head + 1) * d_head]
        };
        let weighted = weights.data.iter().enumerate();
        let data =
            weighted.flat_map(|(at, weight)| row(at).iter().map(move |number| weight * number)).collect();
        let (path, shape) = (format!("{scope}weighted_values"), vec![n_heads, q_len, k_len, d_head]);
        Some(Array { path, shape, rows: None, data })
    };
    let weights = seen.iter().filter(|(is_gradient, array)| {
        !is_gradient && array.path.starts_with("encoder.") && array.path.ends_with(".self_attn.weights")
    });
    weights.filter_map(|(_, weights)| of(weights)).collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::toy;

    #[test]
    fn weighted_values_add_up_to_the_context() {
        for pass in toy().passes() {
            let context = pass.value("encoder.layers.1.self_attn.context").expect("it is traced");
            let weighted = pass.value("encoder.layers.1.self_attn.weighted_values").expect("they are few");
            assert_eq!(weighted.shape, [4, 3, 3, 16]);
            for (head, word, column) in [(0, 0, 0), (2, 1, 5), (3, 2, 15)] {
                let sum: f32 = (0..3).map(|key| weighted.at(&[head, word, key, column])).sum();
                let expected = context.at(&[word, 16 * head + column]);
                assert!((sum - expected).abs() < 3e-3, "{sum}, not {expected}");
            }
        }
    }
}
