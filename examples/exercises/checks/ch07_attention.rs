//! Checks of chapter 7.

use etudiant::tensor::ops::attention::{AttentionSpec, attention as fused};
use etudiant::tensor::{DType, Mask, Seed, Tensor};

use crate::kit::{Verdict, all_close, same, tensors};

pub fn attention(attention: fn(&Tensor, &Tensor, &Tensor) -> Tensor) -> Verdict {
    let of_figure = attention(
        &Tensor::from([[1.0, 0.0], [0.5, 1.0], [0.0, 2.0]]),
        &Tensor::from([[1.0, 0.5], [0.0, 1.0], [1.0, 1.5]]),
        &Tensor::from([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]]),
    );
    same("the shape for the chapter's figure", of_figure.shape(), [3, 2].into())?;
    let expected = [1.20, 1.00, 1.26, 1.26, 1.29, 1.44];
    all_close("the chapter's figure, row after row", &of_figure.to_f64_vec(), &expected, 0.005)?;
    for (q_len, k_len, d) in [(3, 3, 4), (2, 5, 16)] {
        let random =
            |len: usize, name| Tensor::normal([len, d], 0.0, 1.0, Seed::new(7).derive(name), DType::F64);
        let (query, key, value) = (random(q_len, "query"), random(k_len, "key"), random(k_len, "value"));
        let spec = AttentionSpec { n_heads: 1, scale: 1.0 / (d as f64).sqrt(), mask: None, dropout: None };
        let [q, k, v] = [&query, &key, &value].map(|x| x.unsqueeze(0));
        let expected = fused(&q, &k, &v, &spec).squeeze(0);
        let what = format!("query [{q_len}, {d}], key [{k_len}, {d}]");
        tensors(&what, &attention(&query, &key, &value), &expected)?;
    }
    Ok(())
}

pub fn causal(causal: fn(usize) -> Mask) -> Verdict {
    for len in [1, 4] {
        let (found, expected) = (causal(len), Mask::causal(len));
        same("the shape", found.shape(), expected.shape())?;
        for index in (0..len * len).map(|element| [element / len, element % len]) {
            let what = format!("whether word {} may see word {}", index[0], index[1]);
            same(&what, found.at(&index), expected.at(&index))?;
        }
    }
    Ok(())
}

pub fn heads(heads: fn(&Tensor, usize) -> Tensor) -> Verdict {
    let x = Tensor::arange(0.0, 24.0, 1.0, DType::F64).reshape([3, 8]);
    let found = heads(&x, 2);
    same("the shape of [3, 8] as two heads", found.shape(), [2, 3, 4].into())?;
    for head in 0..2 {
        let expected = x.slice(1, head * 4..(head + 1) * 4);
        tensors(&format!("head {head}"), &found.slice(0, head..head + 1).squeeze(0), &expected)?;
    }
    same("the strides, if nothing is copied", found.strides(), [4, 8, 1].into())
}
