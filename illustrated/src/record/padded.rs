//! What the mask makes of a sentence that is padded to the length of another one beside it.

use nn::{Context, Params};
use tensor::threads::on_worker;
use transformer::Transformer;
use transformer::data::batch::TokenBatch;

use super::sink::Attention;
use crate::error::Error;
use crate::recording::Array;
use crate::recording::event::N_PADDED;

/// The encoder's first self-attention.
const SCOPE: &str = "encoder.layers.0.self_attn";

/// Masked scores and weights of the encoder's first layer, `padded.masked_scores` and `padded.weights` below its
/// self-attention, `[n_heads, src_len, src_len + N_PADDED]`, with the sentence in a batch beside a longer one. Only the
/// rows of its words: what padding would look at, nobody reads. Nothing if there is no word, or the model reaches no
/// further.
///
/// # Errors
/// [`Error::Model`] if the model does not take the sentence.
pub(super) fn padded(model: &Transformer, params: &Params, src: &[u32]) -> Result<Vec<Array>, Error> {
    if src.is_empty() {
        return Ok(Vec::new());
    }
    let longer: Vec<u32> = src.iter().chain(src.iter().cycle().take(N_PADDED)).copied().collect();
    let batch = TokenBatch::new(&[src, &longer], src[0]);
    let seen = on_worker(|| {
        let sink = Attention::of(SCOPE);
        let encoded = model.encode(&Context::inference(params).with_trace(&sink), &batch).map(drop);
        encoded.map(|()| sink.into_seen())
    });
    let of_words = |array: Array| -> Option<Array> {
        let &[_, n_heads, _, k_len] = &array.shape[..] else { return None };
        let name = array.path.strip_prefix(SCOPE)?.to_owned();
        let head = |head: usize| &array.data[head * k_len * k_len..][..src.len() * k_len];
        Some(Array {
            path: format!("{SCOPE}.padded{name}"),
            shape: vec![n_heads, src.len(), k_len],
            rows: None,
            data: (0..n_heads).flat_map(head).copied().collect(),
        })
    };
    match seen {
        Ok(seen) => Ok(seen.into_iter().filter_map(of_words).collect()),
        Err(transformer::Error::TooLong { .. }) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use tensor::{DType, Seed};
    use transformer::{Config, VocabSizes};

    use super::*;
    use crate::testing::{recorded, toy};

    /// To the bit: what is masked has no part in it.
    #[test]
    fn padding_changes_no_number_of_the_words() {
        for (recording, n) in [(toy(), 3), (&recorded(|_| (), 1), 1), (&recorded(|_| (), 30), 30)] {
            for pass in recording.passes() {
                for (of, beside) in [("masked_scores", f32::NEG_INFINITY), ("weights", 0.0)] {
                    let [plain, padded] =
                        ["", "padded."].map(|part| pass.value(&format!("{SCOPE}.{part}{of}")).unwrap());
                    assert_eq!(padded.shape, [4, n, n + N_PADDED]);
                    for (row, expected) in padded.data.chunks(n + N_PADDED).zip(plain.data.chunks(n)) {
                        assert_eq!(row[..n], *expected, "{of} of {n} words");
                        assert_eq!(row[n..], [beside; N_PADDED]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_model_that_reaches_no_further_has_none() {
        let reach = |model: &mut transformer::Architecture| {
            (model.positions, model.max_len) = (transformer::Positions::Learned, 5);
        };
        let path = format!("{SCOPE}.padded.weights");
        assert!(recorded(reach, 4).last_pass().unwrap().value(&path).is_none());
        assert!(recorded(reach, 3).last_pass().unwrap().value(&path).is_some());
    }

    #[test]
    fn what_else_is_wrong_is_said() {
        let config = Config::toy(VocabSizes::Shared(7));
        let (model, params) = Transformer::new(&config, Seed::new(1), DType::F32).unwrap();
        let error = padded(&model, &params, &[3, 99]).unwrap_err();
        assert!(error.to_string().contains("99"), "{error}");
    }
}
