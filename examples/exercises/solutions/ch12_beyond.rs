//! Solutions of chapter 12.

pub fn sum_in_chunks(numbers: &[f32], chunk: usize) -> f32 {
    let mut total = 0.0;
    for chunk in numbers.chunks(chunk) {
        let mut sum = 0.0;
        for number in chunk {
            sum += number;
        }
        total += sum;
    }
    total
}

pub fn dropout(x: &[f64], random: &[f64], p: f64) -> Vec<f64> {
    x.iter().zip(random).map(|(x, random)| if *random < p { 0.0 } else { x / (1.0 - p) }).collect()
}

pub fn clipped_matches(hypothesis: &[&str], reference: &[&str]) -> usize {
    let mut left = reference.to_vec();
    let mut matches = 0;
    for word in hypothesis {
        if let Some(place) = left.iter().position(|other| other == word) {
            left.remove(place);
            matches += 1;
        }
    }
    matches
}
