//! Mean and variance of what goes into layer norms and of what comes out of them.

use crate::recording::Array;

/// Mean and variance (the biased one, as in the norm) of each row of an array that a layer norm reads or gives: what a
/// stack or a layer gives, the sums of residual connections, and what was normed. Their paths are that of the array with
/// `.mean` and `.variance` behind it, their shape is `[len]`. None of any other array. A mean that is
/// no more than the rounding of single precision is 0.
pub(super) fn moments(array: &Array) -> Vec<Array> {
    let [len, width] = array.shape[..] else { return Vec::new() };
    if width == 0 || !is_normed(&array.path) {
        return Vec::new();
    }
    let of = |name: &str, moment: fn(&[f32]) -> f64| Array {
        path: format!("{}.{name}", array.path),
        shape: vec![len],
        rows: None,
        data: array.data.chunks_exact(width).map(|row| moment(row) as f32).collect(),
    };
    vec![of("mean", mean), of("variance", variance)]
}

/// Whether it stands on either side of a norm.
fn is_normed(path: &str) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    match parts[..] {
        [_, "embedded"] => true,
        [_, "layers", _, "out"] | [_, "norm", "out"] => true,
        [_, "layers", _, sublayer, "out"] => sublayer.starts_with("norm") || sublayer.starts_with("residual"),
        _ => false,
    }
}

fn mean(row: &[f32]) -> f64 {
    let of = |number: fn(f64) -> f64| row.iter().map(|&x| number(x.into())).sum::<f64>() / row.len() as f64;
    let (mean, size) = (of(|x| x), of(f64::abs));
    if mean.abs() <= size * f64::from(f32::EPSILON) { 0.0 } else { mean }
}

fn variance(row: &[f32]) -> f64 {
    let mean = mean(row);
    row.iter().map(|&number| (f64::from(number) - mean).powi(2)).sum::<f64>() / row.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::toy;

    #[test]
    fn moments_are_those_of_the_rows() {
        let data = vec![1.0, 3.0, -2.0, 4.0];
        let array =
            |path: &str| Array { path: path.into(), shape: vec![2, 2], rows: None, data: data.clone() };
        let [mean, variance] = &moments(&array("encoder.layers.1.residual2.out"))[..] else { panic!() };
        assert_eq!(
            (mean.path.as_str(), &mean.data[..]),
            ("encoder.layers.1.residual2.out.mean", &[2.0, 1.0][..])
        );
        assert_eq!((&variance.shape[..], &variance.data[..]), (&[2][..], &[1.0, 9.0][..]));
        assert!(moments(&array("encoder.layers.1.self_attn.out")).is_empty());
    }

    #[test]
    fn what_an_untrained_norm_gives_has_mean_0_and_variance_1() {
        let pass = &toy().passes()[0];
        for path in ["encoder.layers.0.norm1.out", "decoder.layers.1.norm3.out"] {
            let of = |name: &str| pass.value(&format!("{path}.{name}")).unwrap();
            assert!(of("mean").data.iter().all(|mean| mean.abs() < 1e-6));
            assert!(of("variance").data.iter().all(|variance| (variance - 1.0).abs() < 1e-3));
        }
    }
}
