//! Depth and norms.

use maud::{Markup, html};
use transformer::NormPlacement;

use super::answer::answer;
use super::measured::{at_once, in_training, variant};
use crate::record::lesson::SHALLOW;
use crate::record::probes::NO_TOP_LAYERS;
use crate::record::variants::names;
use crate::recording::{Recording, Variant};

pub(super) fn depth(recording: &Recording) -> Option<Markup> {
    let architecture = &recording.about().architecture;
    let (encoder, decoder) = (architecture.n_encoder_layers, architecture.n_decoder_layers);
    answer(
        "What is a second layer for?",
        html! {
            p {
                "A layer of attention finds words by what stands at their places. The next finds them by what the first has gathered "
                "there. This model has " (encoder) " in the encoder and " (decoder) " in the decoder."
            }
            @if let Some(text) = at_once(recording, NO_TOP_LAYERS) {
                p { "Take away the top layer of each stack, and leave the rest as it is." (text) " What the layers below say was made for the top layer, not for the " (recording.about().unit().one) "." }
            }
            @if let Some(text) = in_training(recording, SHALLOW, "one layer") { (text) }
        },
    )
}

pub(super) fn norm_placement(recording: &Recording) -> Option<Markup> {
    let ratio = |variant: &Variant| Some(variant.facts.last()?.value / variant.facts.first()?.value);
    let (post, pre) = (variant(recording, names::DEEP_POST_NORM)?, variant(recording, names::DEEP_PRE_NORM)?);
    let own = match recording.about().architecture.norm {
        NormPlacement::Post | NormPlacement::PostFinal => "after",
        NormPlacement::Pre => "before",
    };
    answer(
        "Norm before or after a sublayer, and what does it do to gradients by depth?",
        html! {
            p {
                "This model has it " (own) ". In untrained stacks of " (post.facts.len()) " layers the gradient of the top decoder layer is "
                (format!("{:.2}", ratio(post)?)) " times that of the lowest with the norm after, as in the paper, and "
                (format!("{:.2}", ratio(pre)?)) " times with the norm before. "
                @if ratio(post)? > 1.5 {
                    "That gradients with the norm after are large near the top at the start is why such models are trained with small steps "
                    "at first, as the paper does (Xiong et al. 2020)."
                }
            }
        },
    )
}
