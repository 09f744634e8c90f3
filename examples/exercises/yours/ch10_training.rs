//! Exercises of chapter 10, `etudiant::book::ch10_training`. Write your code where it says `your_turn!`.

/// Exercise 1: `-ln softmax(logits)[label]`. It should be right for logits of a thousand as well, where `e^x` is
/// infinite: what changes if you take the largest logit from all of them first?
///
/// `logits.iter().copied().fold(f64::NEG_INFINITY, f64::max)` is the largest.
pub fn cross_entropy(logits: &[f64], label: usize) -> f64 {
    your_turn!(logits, label)
}

/// Exercise 2: The least that the loss can be if the label has the probability `1 - smoothing + smoothing /
/// vocab_size`, and every other word `smoothing / vocab_size`. The least is reached when the model says just that;
/// it is `-sum of q ln q`. `smoothing` is above 0.
pub fn floor(vocab_size: usize, smoothing: f64) -> f64 {
    your_turn!(vocab_size, smoothing)
}

/// Exercise 3: What the decoder reads when it should say `target`, which ends with `<eos>`: `bos_id` in front, the
/// last one gone.
pub fn shift_right(target: &[u32], bos_id: u32) -> Vec<u32> {
    your_turn!(target, bos_id)
}
