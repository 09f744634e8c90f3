//! The chapters of the report, in the order of the article: what is told. Which figures show it, `figures` lists by the
//! chapter's name.

use maud::{Markup, html};
use transformer::{Activation, NormPlacement, Positions};

use crate::look::number::{counted, grouped};
use crate::recording::{Recording, Unit};

use super::{about, losses, questions, slips};

/// A chapter.
pub(super) struct Chapter {
    /// Its name.
    pub id: &'static str,
    /// Its heading, in which `{one}`, `{many}` and `{Many}` stand for what the model reads.
    heading: &'static str,
    /// What is told before its figures.
    pub text: fn(&Recording) -> Markup,
}

impl Chapter {
    /// What it is called in addresses, in which a figure has its own name.
    pub fn address(&self) -> String {
        format!("chapter-{}", self.id)
    }

    /// Its heading: a model of pieces has no words.
    pub fn title(&self, Unit { one, many }: Unit) -> String {
        let large = many[..1].to_uppercase() + &many[1..];
        self.heading.replace("{one}", one).replace("{many}", many).replace("{Many}", &large)
    }
}

/// All chapters, in order.
pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter { id: "black-box", heading: "The black box, opened", text: black_box },
    Chapter { id: "words", heading: "{Many} become vectors", text: words },
    Chapter { id: "self-attention", heading: "Self-attention, step by step", text: self_attention },
    Chapter { id: "matrices", heading: "The same, for all {many} at once", text: matrices },
    Chapter { id: "heads", heading: "Several heads", text: heads },
    Chapter { id: "positions", heading: "Where a {one} stands", text: positions },
    Chapter { id: "residuals", heading: "Residuals and norms", text: residuals },
    Chapter { id: "feed-forwards", heading: "Each {one} alone", text: feed_forward },
    Chapter { id: "decoder", heading: "The decoder", text: decoder },
    Chapter { id: "output", heading: "From a vector to a {one}", text: output },
    Chapter { id: "training", heading: "Training", text: training },
    Chapter { id: "way-back", heading: "The way back", text: way_back },
    Chapter { id: "search", heading: "Which {many} in the end", text: search },
    Chapter { id: "explorer", heading: "Who looks at whom", text: explorer },
    Chapter { id: "questions", heading: "Questions, answered by this model", text: questions::text },
    Chapter { id: "article", heading: "Where the article and this run differ", text: slips::text },
    Chapter { id: "about", heading: "What this page was made from", text: about::text },
];

fn black_box(recording: &Recording) -> Markup {
    let about = recording.about();
    let count: usize = about.parameters.iter().map(|parameter| parameter.count()).sum();
    let said = recording.translation().map(|found| found.text.as_str());
    let (encoder, decoder) = (about.architecture.n_encoder_layers, about.architecture.n_decoder_layers);
    html! {
        p {
            "A sentence goes in, a sentence comes out. Here " b { (about.sentence) } " went in"
            @if let Some(said) = said {
                ", and after " (about.step) " steps of training "
                @if said.is_empty() { "nothing" } @else { b { (said) } } " came out"
            }
            ". In between stand " (grouped(count)) " numbers, which training changes: "
            (counted(encoder, "layer")) " that " @if encoder == 1 { "reads" } @else { "read" } ", the encoder, and "
            (counted(decoder, "layer")) " that " @if decoder == 1 { "writes" } @else { "write" } ", the decoder."
            @if (encoder, decoder) != (6, 6) { " The paper has six of each." }
        }
    }
}

fn words(recording: &Recording) -> Markup {
    let Unit { one, .. } = recording.about().unit();
    let d_model = recording.about().architecture.d_model;
    html! {
        p {
            "A model computes with numbers, so every " (one) " is looked up in a table and becomes a vector of " (d_model)
            " numbers. From there on each " (one) " keeps a row of its own: attention mixes the rows, everything else treats each"
            " row alone, by the same weights."
        }
        @if recording.about().pieces { (pieces(recording)) }
    }
}

/// What the tokens of a subword model are.
fn pieces(recording: &Recording) -> Markup {
    let tokens = recording.last_pass().map(|pass| pass.head().src.clone()).unwrap_or_default();
    html! {
        p id="pieces" {
            "What the article calls words are here " b { "pieces of words" } ": a frequent word is one piece, a rare one is several, so that "
            "a small table spells everything (byte-pair encoding, Sennrich et al. 2016). The sign " b { "▁" } " stands for the space before a "
            "word: a piece that has it begins a word, and one without goes on with the word before it. A piece like " code { "<0xC3>" }
            " is a single byte of a letter that training did not see."
            @if !tokens.is_empty() {
                " The sentence of this page is " (counted(tokens.len(), "piece")) ", " code { "<eos>" } " at its end where there is one: "
                @for (at, token) in tokens.iter().enumerate() { @if at > 0 { " " } code class="piece" { (token.text) } }
                "."
            }
        }
    }
}

fn self_attention(recording: &Recording) -> Markup {
    let Unit { one, .. } = recording.about().unit();
    let architecture = &recording.about().architecture;
    let d_head = architecture.d_model / architecture.n_heads;
    html! {
        p {
            "Attention lets a " (one) " take something from the others. From each " (one) "'s vector three are made by three matrices: "
            "a query, what it asks for; a key, what it is found by; a value, what it gives. The query of a " (one) " times the key "
            "of another is a score. "
            @if architecture.scale_scores { "The scores are divided by √" (d_head) ", softmax makes them" }
            @else { "This model does not divide them by √" (d_head) ", as the paper does; softmax makes them" }
            " shares that sum to 1, and by these shares the values are mixed."
        }
        p { "Choose a " (one) ", and open any number to see the two numbers that were multiplied." }
    }
}

fn matrices(recording: &Recording) -> Markup {
    let Unit { many, .. } = recording.about().unit();
    html! {
        p {
            "All " (many) " at once are the rows of a matrix. Three products make all queries, keys and values; one more line makes the scores, "
            "the shares, and what is mixed by them."
        }
    }
}

fn heads(recording: &Recording) -> Markup {
    let n_heads = recording.about().architecture.n_heads;
    html! {
        p {
            @if n_heads == 1 {
                "This model has one head, the paper has eight side by side. More of them would divide the columns of the three matrices, "
                "not the input, which each head reads whole. What a head finds goes through one more matrix, W^O."
            } @else {
                "This model attends " (n_heads) " times side by side. Every head reads all of each vector; what is divided are the "
                "columns of the three matrices, not the input. What the heads find is put side by side again, and one more matrix, "
                "W^O, mixes it."
            }
        }
    }
}

fn positions(recording: &Recording) -> Markup {
    let Unit { one, many } = recording.about().unit();
    let paper =
        "sines and cosines of the position, each pair slower than the one before. Nothing of it is learned.";
    html! {
        p {
            "Attention sees a set of " (many) ". "
            @match recording.about().architecture.positions {
                Positions::Sinusoidal | Positions::SinusoidalConcatenated => {
                    "Where a " (one) " stands is added to its vector: " (paper)
                }
                Positions::Learned => {
                    "Where a " (one) " stands is added to its vector. This model has learned a vector for every position, as it learns one for "
                    "every " (one) ". What the paper adds instead are " (paper)
                }
                Positions::None => {
                    "This model does not say where a " (one) " stands, so it cannot tell the order. What the paper adds to each vector are " (paper)
                }
            }
            " Two forms are in use, and they differ in more than their layout."
        }
    }
}

fn residuals(recording: &Recording) -> Markup {
    let norm = "each row has its mean taken away and is divided by its standard deviation.";
    html! {
        p {
            "What a sublayer finds is added to what it was given, so a layer has to learn only what to change. "
            @match recording.about().architecture.norm {
                NormPlacement::Post | NormPlacement::PostFinal => { "The sum is normalised: " (norm) " No row grows out of hand." }
                NormPlacement::Pre => {
                    "What it is given is normalised before: " (norm) " The sum itself is not, and grows from layer to layer; at the top "
                    "of each stack stands a last norm. In the paper the norm comes after the sum."
                }
            }
        }
    }
}

fn feed_forward(recording: &Recording) -> Markup {
    let Unit { many, .. } = recording.about().unit();
    let (architecture, wide) = (&recording.about().architecture, &recording.about().architecture.d_ff);
    html! {
        p {
            "Attention mixes the " (many) ". Then each goes on alone: one matrix makes " (wide) " numbers of its " (architecture.d_model) ", "
            @match architecture.activation {
                Activation::Relu => { "ReLU sets those below 0 to 0" }
                Activation::Gelu => { "GELU lets those far below 0 fade out" }
            }
            ", and a second matrix leads back to " (architecture.d_model) ". The matrices are the same at every place."
        }
    }
}

fn decoder(recording: &Recording) -> Markup {
    let Unit { one, many } = recording.about().unit();
    let is_causal = recording.about().architecture.causal_mask;
    html! {
        p {
            "The decoder says one " (one) " after another. It attends to what it has said so far, and, in each of its layers, to what "
            "the top layer of the encoder says about the source."
            @if !is_causal {
                " In training all " (many) " stand there at once, and this model hides none: it has no causal mask, as the paper's has, and sees "
                "those that it should say."
            }
        }
    }
}

fn output(recording: &Recording) -> Markup {
    let Unit { many, .. } = recording.about().unit();
    let n_words = recording.about().tgt_vocab_size;
    let tied = recording.about().parameters.iter().all(|one| one.name != "projection.weight");
    html! {
        p {
            "The last vector is multiplied with one vector for each of the " (grouped(n_words)) " " (many)
            @if tied { ", the same by which the decoder reads them" }
            ". These scores are the logits; softmax makes probabilities of them."
        }
    }
}

fn training(recording: &Recording) -> Markup {
    let Unit { one, many } = recording.about().unit();
    let smoothing = recording.about().smoothing;
    let even = (recording.about().tgt_vocab_size as f64).ln();
    let untrained =
        recording.passes().first().filter(|pass| pass.head().step == 0).map(|pass| pass.head().nll);
    html! {
        p {
            "A model to which all " (many) " are equally likely has a " (losses::link("loss")) " of " (format!("{even:.2}")) ", the logarithm of their number"
            @if let Some(nll) = untrained { "; this model, untrained, had " (format!("{nll:.2}")) " on this sentence" }
            ". Training compares what it says with the label, at "
            "all positions at once, and changes every weight a little so that the label becomes likelier."
            @if smoothing > 0.0 {
                " The label is smoothed: a share of " (smoothing) " is spread over all " (many) ", so that no " (one) " needs to become "
                "certain, and the loss cannot reach 0."
            }
        }
        (losses::text(recording))
    }
}

fn way_back(_: &Recording) -> Markup {
    html! {
        p {
            "How to change a weight is said by the gradient of the loss at it, and on the way to the weights every value gets one: "
            "it is the bar under the numbers on this page; that of a weight of the model, its card adds up. Green: the loss falls if this "
            "number grows. Purple: if it shrinks. "
            "It starts at the logits, where it is the difference of two distributions, what was said and what was right."
        }
    }
}

fn search(recording: &Recording) -> Markup {
    let Unit { one, .. } = recording.about().unit();
    html! {
        p {
            "To take the likeliest " (one) " at each step is greedy, and may miss a sentence whose first " (one) " is not the likeliest. A "
            "beam keeps several beginnings side by side. Both follow the slider: a model that is not sure yet searches differently, and "
            a href="#chapter-questions" { "the questions" } " tell why it then likes short outputs."
        }
    }
}

fn explorer(recording: &Recording) -> Markup {
    let Unit { one, .. } = recording.about().unit();
    html! {
        p {
            "Every weight of every head. A " (one) " that is looked at is not thereby the reason for what is said: attention weights are "
            "not an explanation, and the layers above can undo them."
        }
    }
}
