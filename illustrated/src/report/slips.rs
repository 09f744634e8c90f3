//! Where the article and this run differ: its numbers and claims beside ours.

use maud::{Markup, html};

use super::losses;
use crate::look::chart::plain;
use crate::recording::{Pass, Recording};

pub(super) fn text(recording: &Recording) -> Markup {
    let architecture = &recording.about().architecture;
    let d_head = architecture.d_model / architecture.n_heads;
    html! {
        p { "The article simplifies in places, as it must. What a real run shows instead:" }
        ul {
            li {
                "It divides scores by 8, the root of 64. Here a head is " (d_head) " wide, and they are "
                @if architecture.scale_scores { "divided by " (plain((d_head as f64).sqrt())) "." } @else { "not divided at all." }
            }
            li {
                "It says that positions follow a pattern that the model learns. The sines and cosines have no parameters; models with "
                "learned positions exist. This one has " (architecture_positions(recording)) "."
            }
            li {
                "It subtracts one distribution from the other to compare them. The " (losses::link("loss")) " is the cross-entropy: of each word minus the "
                "logarithm of the probability that the model gives it, times that of the label. The difference of the two, over the number of labels, is its gradient "
                "at the logits, as the chapter on the way back shows."
            }
            @if let Some(text) = recording.last_pass().and_then(|pass| own_word(&pass)) { li { (text) } }
            li {
                "Its vocabulary of six words has no word to begin with. A vector of zeros can stand there, as in the code of the paper's "
                "authors; " (begins(recording))
            }
            li {
                "One of its pictures wires the first encoder layer to the first decoder layer. Every decoder layer reads what the top "
                "layer of the encoder says."
            }
            li {
                "Its index of the word “am” is 1 in one picture and 5 in another. " (index_of(recording))
            }
            li {
                "A sentence that was learned by heart is not a translation. What counts is what a model makes of sentences that it has not seen; "
                a href="#chapter-questions" { "the questions" } " have some of that. How good a model is, one sentence cannot say."
            }
        }
    }
}

fn architecture_positions(recording: &Recording) -> &'static str {
    use transformer::Positions;
    match recording.about().architecture.positions {
        Positions::Sinusoidal | Positions::SinusoidalConcatenated => "the sines and cosines",
        Positions::Learned => "learned ones",
        Positions::None => "none",
    }
}

/// How often a word looks most at itself, which the article says is to be expected.
fn own_word(pass: &Pass) -> Option<Markup> {
    let weights = pass.value("encoder.layers.0.self_attn.weights")?;
    let (heads, words) = (weights.shape[0], weights.shape[1]);
    let most_at_itself = |head: usize, word: usize| {
        let own = weights.at(&[head, word, word]);
        (0..words).all(|other| weights.at(&[head, word, other]) <= own)
    };
    let count =
        (0..heads).map(|head| (0..words).filter(|&word| most_at_itself(head, word)).count()).sum::<usize>();
    Some(html! {
        "It expects a word to look most at itself. In the first layer that is so in " (count) " of " (heads * words)
        " rows of weights, counting every head."
    })
}

fn begins(recording: &Recording) -> String {
    let start = recording.last_pass().and_then(|pass| pass.head().tgt_in.first().cloned());
    match start {
        Some(token) if token.id.is_none() => "so it is here.".into(),
        Some(token) => format!("this model has a word for it, {}.", token.text),
        None => String::new(),
    }
}

fn index_of(recording: &Recording) -> String {
    let found = recording.about().tgt_words.iter().position(|word| word == "am");
    found.map_or("A word has one index, in all places.".into(), |index| {
        format!("Here it is {index} everywhere.")
    })
}
