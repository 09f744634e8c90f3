//! What goes in and what comes out: memory, targets, search.

use maud::{Markup, html};

use super::answer::answer;
use crate::look::number::counted;
use crate::recording::{Recording, Unit};

pub(super) fn keys_and_values(recording: &Recording) -> Option<Markup> {
    let pass = recording.last_pass()?;
    let layers = recording.about().architecture.n_decoder_layers;
    let (key, query) =
        (pass.value("decoder.layers.0.cross_attn.key")?, pass.value("decoder.layers.0.cross_attn.query")?);
    answer(
        "Where do the keys and values of cross-attention come from?",
        html! {
            p {
                "From what the top layer of the encoder says, in every decoder layer: the same " (counted(key.shape[0], "row")) " for "
                (counted(layers, "layer")) ", each with matrices of its own for keys and values. The queries come from the decoder, one for "
                "each of its " (counted(query.shape[0], "position")) ". So the weights have " (counted(query.shape[0], "row")) " and "
                (counted(key.shape[0], "column")) "."
            }
        },
    )
}

pub(super) fn shifted_right(recording: &Recording) -> Option<Markup> {
    let Unit { one, many } = recording.about().unit();
    let pass = recording.last_pass()?;
    let head = pass.head();
    answer(
        "What is shifted right, and what is teacher forcing?",
        html! {
            p {
                "The decoder reads the right translation one place late, and must say it. Whatever it would have said itself, it "
                "reads the right " (one) " next: that is teacher forcing, and only training does it. Decoding reads its own " (many) "."
            }
            div class="wide" tabindex="0" role="region" aria-label="the numbers" {
            table {
                tr { @for name in ["position", "it reads", "it must say"] { th scope="col" { (name) } } }
                @for (at, (read, said)) in head.tgt_in.iter().zip(&head.tgt_out).enumerate() {
                    tr { th scope="row" { (at) } td { (read.text) } td { (said.text) } }
                }
            }
            }
        },
    )
}

pub(super) fn all_positions(recording: &Recording) -> Option<Markup> {
    let Unit { one, .. } = recording.about().unit();
    let pass = recording.last_pass()?;
    let n = pass.head().tgt_out.len();
    let is_causal = recording.about().architecture.causal_mask;
    answer(
        "Does the loss look at all positions, or only at the last?",
        html! {
            p {
                "At all of them, here " (n) ", each with a label of its own; the loss is their mean. "
                @if is_causal { "The causal mask makes that honest, for no position sees a later one. " }
                @else { "This model has no causal mask, so every position but the last sees its own label. " }
                "Decoding needs only the last position, the one whose " (one) " is not yet known."
            }
        },
    )
}
