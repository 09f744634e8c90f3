//! Checks of chapter 8.

use etudiant::tensor::DType;
use etudiant::transformer::layers::positions::interleaved;

use crate::kit::{Verdict, all_close, close};

pub fn sinusoid(sinusoid: fn(usize, usize, usize) -> f64) -> Verdict {
    for d_model in [4, 10] {
        let table = interleaved(0..5, d_model, DType::F64);
        for (position, column) in
            (0..5).flat_map(|position| (0..d_model).map(move |column| (position, column)))
        {
            let what = format!("position {position}, column {column} of {d_model}");
            close(&what, sinusoid(position, column, d_model), table.at(&[position, column]), 1e-12)?;
        }
    }
    Ok(())
}

pub fn turn(turn: fn([f64; 2], f64) -> [f64; 2]) -> Verdict {
    for (a, angle) in [(0.0, 0.3), (1.0, 0.5), (2.0, -1.0), (-0.7, 4.0)] {
        let hand = |angle: f64| [angle.sin(), angle.cos()];
        let what = format!("from {a} by {angle}");
        all_close(&what, &turn(hand(a), angle), &hand(a + angle), 1e-12)?;
    }
    Ok(())
}

pub fn similarity(similarity: fn(usize, usize) -> f64) -> Verdict {
    let table = interleaved(0..20, 16, DType::F64);
    let products = table.matmul(&table.transpose(0, 1));
    (0..20).try_for_each(|distance| {
        let what = format!("distance {distance}, d_model 16");
        close(&what, similarity(distance, 16), products.at(&[0, distance]), 1e-12)
    })
}
