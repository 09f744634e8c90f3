//! Checks of chapter 10.

use etudiant::tensor::Tensor;
use etudiant::tensor::ops::cross_entropy::cross_entropy as by_tensor;
use etudiant::transformer::{Batch, DecoderStart, Pair};

use crate::kit::{Verdict, close, same};

pub fn cross_entropy(cross_entropy: fn(&[f64], usize) -> f64) -> Verdict {
    for logits in [[2.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1000.0, 998.0, -1000.0]] {
        for label in 0..3 {
            let expected = by_tensor(&Tensor::from([logits]), &[label as u32], 0.0).loss_sum;
            close(&format!("{logits:?}, label {label}"), cross_entropy(&logits, label), expected, 1e-12)?;
        }
    }
    Ok(())
}

/// The least over all that a model could say is at the smoothed label itself.
pub fn floor(floor: fn(usize, f64) -> f64) -> Verdict {
    for (vocab_size, smoothing) in [(6, 0.1), (2, 0.5), (1000, 0.1)] {
        let other = smoothing / vocab_size as f64;
        let mut logits = vec![other.ln(); vocab_size];
        logits[0] = (1.0 - smoothing + other).ln();
        let logits = Tensor::from_vec(logits, [1, vocab_size]);
        let expected = by_tensor(&logits, &[0], smoothing).loss_sum;
        close(&format!("{vocab_size} words, {smoothing}"), floor(vocab_size, smoothing), expected, 1e-12)?;
    }
    Ok(())
}

pub fn shift_right(shift_right: fn(&[u32], u32) -> Vec<u32>) -> Verdict {
    for tgt in [vec![7, 8, 2], vec![2], vec![9, 9, 9, 2]] {
        let pair = Pair { src: vec![3], tgt: tgt.clone() };
        let batch = Batch::new([&pair], DecoderStart::Token(1), 0).map_err(|error| error.to_string())?;
        same(&format!("{tgt:?} after 1"), shift_right(&tgt, 1), batch.tgt_in.ids)?;
    }
    Ok(())
}
