//! Solutions of chapter 11.

use crate::checks::ch11_decoding::Next;

pub fn greedy(next: Next, eos: u32, max_len: usize) -> Vec<u32> {
    let mut said = Vec::new();
    while said.len() < max_len && said.last() != Some(&eos) {
        let probabilities = next(&said);
        let mut likeliest = 0;
        for (word, p) in probabilities.iter().enumerate() {
            if *p > probabilities[likeliest] {
                likeliest = word;
            }
        }
        said.push(likeliest as u32);
    }
    said
}

pub fn best(translations: &[(f64, usize)], alpha: f64) -> usize {
    let score = |&(log_prob, words): &(f64, usize)| log_prob / ((5.0 + words as f64) / 6.0).powf(alpha);
    let mut best = 0;
    for place in 1..translations.len() {
        if score(&translations[place]) > score(&translations[best]) {
            best = place;
        }
    }
    best
}

pub fn beam(next: Next, eos: u32, beam_size: usize, max_len: usize) -> Vec<u32> {
    let mut live = vec![(Vec::new(), 1.0)];
    let mut finished = Vec::new();
    for _ in 0..max_len {
        let mut longer = Vec::new();
        for (said, probability) in &live {
            for (word, p) in next(said).iter().enumerate() {
                let mut said: Vec<u32> = said.clone();
                said.push(word as u32);
                let list = if word as u32 == eos { &mut finished } else { &mut longer };
                list.push((said, probability * p));
            }
        }
        likeliest_first(&mut longer);
        longer.truncate(beam_size);
        live = longer;
    }
    likeliest_first(&mut finished);
    finished.swap_remove(0).0
}

fn likeliest_first(list: &mut [(Vec<u32>, f64)]) {
    list.sort_by(|a, b| b.1.total_cmp(&a.1));
}
