//! Who may attend to whom (Vaswani et al. 2017, §3.2.3). True = may attend.
//!
//! Masks broadcast to `[batch, n_heads, q_len, k_len]`. The encoder and cross-attention use [`padding`] of
//! the source. The decoder's self-attention uses [`causal_after`]: no position sees a later one, and since
//! padding stands at the end of a target, no token sees padding either. An [`Architecture`](crate::Architecture) without
//! the causal mask has [`padding`] there too.
//!
//! Lengths, not pad ids, say where padding begins: a `<pad>` in the text is a word like any other.
//!
//! A query that may attend to nothing (padding of an empty sentence) gets zeros from attention, never NaN.

use tensor::Mask;

/// Keys that are real tokens, `[batch, 1, 1, len]`: true at `[i, 0, 0, j]` if j < lens\[i\].
///
/// # Panics
/// If a sequence is longer than `len`.
#[track_caller]
pub fn padding(lens: &[usize], len: usize) -> Mask {
    for (row, &row_len) in lens.iter().enumerate() {
        assert!(row_len <= len, "padding: sequence {row} has {row_len} tokens, the batch {len}");
    }
    Mask::from_fn([lens.len(), 1, 1, len], |index| index[3] < lens[index[0]])
}

/// In each row, positions `past[row] .. past[row] + len` may attend to themselves and all before them:
/// `[rows, 1, len, longest past + len]`, true at `[row, 0, i, j]` if j <= past\[row\] + i. One row serves all where all
/// have the same past.
pub fn causal_after(past: &[usize], len: usize) -> Mask {
    let longest = past.iter().max().copied().unwrap_or(0);
    Mask::from_fn([past.len(), 1, len, longest + len], |index| index[3] <= past[index[0]] + index[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_follows_the_lengths() {
        let mask = padding(&[2, 0, 3], 3);
        assert_eq!(mask.shape(), [3, 1, 1, 3].into());
        assert_eq!(mask.to_vec(), [true, true, false, false, false, false, true, true, true]);
    }

    #[test]
    fn causal_sees_itself_and_the_past() {
        let mask = causal_after(&[0], 3);
        assert_eq!(mask.shape(), [1, 1, 3, 3].into());
        assert_eq!(mask.to_vec(), [true, false, false, true, true, false, true, true, true]);
    }

    #[test]
    fn later_positions_have_the_rows_of_the_whole_mask() {
        let whole = causal_after(&[0], 5);
        let later = causal_after(&[2], 3);
        assert_eq!(later.shape(), [1, 1, 3, 5].into());
        for query in 0..3 {
            for key in 0..5 {
                assert_eq!(later.at(&[0, 0, query, key]), whole.at(&[0, 0, query + 2, key]));
            }
        }
    }

    #[test]
    fn rows_of_different_pasts_see_each_their_own() {
        let mask = causal_after(&[2, 0], 1);
        assert_eq!(
            (mask.shape(), mask.to_vec()),
            ([2, 1, 1, 3].into(), vec![true, true, true, true, false, false])
        );
    }

    #[test]
    fn empty_batches_and_sequences_have_masks() {
        assert_eq!(padding(&[], 3).shape(), [0, 1, 1, 3].into());
        assert_eq!(causal_after(&[0], 0).shape(), [1, 1, 0, 0].into());
    }

    #[test]
    #[should_panic(expected = "padding: sequence 1 has 4 tokens, the batch 3")]
    fn a_sequence_longer_than_its_batch_panics() {
        padding(&[3, 4], 3);
    }
}
