//! Checks of chapter 12.

use crate::kit::{Verdict, all_close, same};

pub fn sum_in_chunks(sum: fn(&[f32], usize) -> f32) -> Verdict {
    let numbers = [1.0, 1e8, -1e8, 1.0];
    same("[1, 1e8, -1e8, 1] in chunks of 4", sum(&numbers, 4), 1.0)?;
    same("the same in chunks of 2", sum(&numbers, 2), 0.0)?;
    same("the same in chunks of 3", sum(&numbers, 3), 1.0)?;
    let thirds: Vec<f32> = (1..=10).map(|i| i as f32 / 3.0).collect();
    let expected = thirds.chunks(4).map(|chunk| chunk.iter().fold(0.0, |a, b| a + b)).fold(0.0, |a, b| a + b);
    same("1/3, 2/3 .. 10/3 in chunks of 4", sum(&thirds, 4), expected)
}

pub fn dropout(dropout: fn(&[f64], &[f64], f64) -> Vec<f64>) -> Verdict {
    let (x, random) = ([1.0, 2.0, 3.0, 4.0], [0.1, 0.9, 0.49, 0.5]);
    let what = "[1, 2, 3, 4] with the random numbers [0.1, 0.9, 0.49, 0.5]";
    all_close(&format!("{what}, p = 0.5"), &dropout(&x, &random, 0.5), &[0.0, 4.0, 0.0, 8.0], 1e-12)?;
    let expected = [0.0, 2.0 / 0.8, 3.0 / 0.8, 4.0 / 0.8];
    all_close(&format!("{what}, p = 0.2"), &dropout(&x, &random, 0.2), &expected, 1e-12)?;
    all_close(&format!("{what}, p = 0"), &dropout(&x, &random, 0.0), &x, 1e-12)
}

pub fn clipped_matches(matches: fn(&[&str], &[&str]) -> usize) -> Verdict {
    let cases = [
        ("the the the", "the cat on the mat", 2),
        ("a cat on a mat", "the cat on the mat", 3),
        ("the cat", "the cat on the mat", 2),
        ("", "the cat", 0),
        ("a a b", "b a", 2),
    ];
    for (hypothesis, reference, expected) in cases {
        let [words, of_reference] =
            [hypothesis, reference].map(|text| text.split_whitespace().collect::<Vec<_>>());
        same(&format!("{hypothesis:?} with {reference:?}"), matches(&words, &of_reference), expected)?;
    }
    Ok(())
}
