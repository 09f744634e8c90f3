//! Questions that learners ask, answered by the numbers of the recording and of its variants.

use maud::{Markup, html};

use crate::record::variants::names;
use crate::recording::{Array, Pass, Recording, Variant};

pub(super) fn text(recording: &Recording) -> Markup {
    let answers = [
        keys_and_values(recording),
        shifted_right(recording),
        all_positions(recording),
        scaling(recording),
        rows_sum_to_one(recording),
        mask_at_inference(recording),
        order(recording),
        norm_placement(recording),
        slices(recording),
        short_outputs(recording),
    ];
    html! { @for answer in answers.into_iter().flatten() { (answer) } }
}

/// A question, and what the numbers say to it.
fn answer(question: &str, text: Markup) -> Option<Markup> {
    Some(html! {
        details class="question" open {
            summary { (question) }
            (text)
        }
    })
}

fn keys_and_values(recording: &Recording) -> Option<Markup> {
    let pass = recording.last_pass()?;
    let layers = recording.about().architecture.n_decoder_layers;
    let (key, query) =
        (pass.value("decoder.layers.0.cross_attn.key")?, pass.value("decoder.layers.0.cross_attn.query")?);
    answer(
        "Where do the keys and values of cross-attention come from?",
        html! {
            p {
                "From what the top layer of the encoder says, in every decoder layer: the same " (key.shape[0]) " rows go into all "
                (layers) " of them, each with matrices of its own for keys and values. The queries come from the decoder, one for "
                "each of its " (query.shape[0]) " positions. So the weights have " (query.shape[0]) " rows and " (key.shape[0]) " columns."
            }
        },
    )
}

fn shifted_right(recording: &Recording) -> Option<Markup> {
    let pass = recording.last_pass()?;
    let head = pass.head();
    answer(
        "What is shifted right, and what is teacher forcing?",
        html! {
            p {
                "The decoder reads the right translation one place late, and must say it. Whatever it would have said itself, it "
                "reads the right word next: that is teacher forcing, and only training does it. Decoding reads its own words."
            }
            table {
                tr { th scope="row" { "it reads" } @for token in &head.tgt_in { td { (token.text) } } }
                tr { th scope="row" { "it must say" } @for token in &head.tgt_out { td { (token.text) } } }
            }
        },
    )
}

fn all_positions(recording: &Recording) -> Option<Markup> {
    let pass = recording.last_pass()?;
    let n = pass.head().tgt_out.len();
    answer(
        "Does the loss look at all positions, or only at the last?",
        html! {
            p {
                "At all " (n) " of them, each with a label of its own; the loss is their mean. The causal mask makes that honest, for "
                "no position sees a later one. Decoding needs only the last position, the one whose word is not yet known."
            }
        },
    )
}

/// The standard deviation of what is not masked.
fn spread(array: &Array) -> f64 {
    let numbers: Vec<f64> =
        array.data.iter().filter(|number| number.is_finite()).map(|&number| f64::from(number)).collect();
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / numbers.len() as f64).sqrt()
}

fn scaling(recording: &Recording) -> Option<Markup> {
    let passes = recording.passes();
    let architecture = &recording.about().architecture;
    let first: &Pass = passes.first()?;
    let raw = first.value("encoder.layers.0.self_attn.scores")?;
    let d_head = architecture.d_model / architecture.n_heads;
    let (before, after) = (spread(raw), spread(raw) / (d_head as f64).sqrt());
    let variant = |name: &str| recording.variants().into_iter().find(|variant| variant.name == name);
    answer(
        "Why are the scores divided by √d_head?",
        html! {
            p {
                "A score is a sum of " (d_head) " products, and the more there are the further it strays: in the first layer, at step "
                (first.head().step) ", scores differ by ±" (format!("{before:.2}")) ", divided by √" (d_head) " by ±"
                (format!("{after:.2}")) ". Softmax of far strewn scores is nearly a choice of one, and passes next to no gradient on."
                @if let (Some(with), Some(without)) = (variant(names::AS_IT_IS), variant(names::NO_SCALING)) {
                    " The same training ends with " (learned(with)) "; without the division, with " (learned(without)) "."
                    @if alike(with, without) { " On so little to learn it makes no difference; it does where heads are wide and much is to be learned." }
                }
            }
        },
    )
}

/// How far a variant came: `loss 0.02 after 64 steps, "i am a student"`.
fn learned(variant: &Variant) -> String {
    let last = variant.nll.last().copied().unwrap_or(f64::NAN);
    format!("a negative log-likelihood of {last:.3} after {} steps", variant.nll.len())
}

fn rows_sum_to_one(recording: &Recording) -> Option<Markup> {
    let pass = recording.last_pass()?;
    let weights = pass.value("encoder.layers.0.self_attn.weights")?;
    let n = weights.shape[1];
    let sums: Vec<f32> = (0..n).map(|col| (0..n).map(|row| weights.at(&[0, row, col])).sum()).collect();
    let sums: Vec<String> = sums.iter().map(|sum| format!("{sum:.2}")).collect();
    answer(
        "Do the rows of the weights sum to one, or the columns?",
        html! {
            p {
                "The rows: each word shares out its attention. How much a word gets from all others is free; here, in the first head, "
                "the columns sum to " (sums.join(", ")) "."
            }
        },
    )
}

/// Whether two trainings ended at about the same loss.
fn alike(a: &Variant, b: &Variant) -> bool {
    let [a, b] = [a, b].map(|variant| variant.nll.last().copied().unwrap_or(f64::NAN));
    (a - b).abs() < 0.1 * a.max(b)
}

/// The last negative log-likelihood.
fn last(variant: &Variant) -> String {
    variant.nll.last().map_or_else(String::new, |nll| format!("{nll:.3}"))
}

/// A difference that may be none.
fn change(size: f64) -> String {
    match size {
        size if size < 1e-5 => "not at all".into(),
        size if size < 0.005 => format!("by {size:.0e}"),
        size => format!("by {size:.2}"),
    }
}

/// The number of that name.
fn fact(variant: &Variant, name: &str) -> Option<f64> {
    variant.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value)
}

fn mask_at_inference(recording: &Recording) -> Option<Markup> {
    let variants = recording.variants();
    let of = |name: &str| variants.iter().find(|variant| variant.name == name).copied();
    let (plain, one, none) = (of(names::AS_IT_IS)?, of(names::ONE_LAYER)?, of(names::NO_CAUSAL_MASK)?);
    let [many, single] = [fact(plain, names::CHANGE_BY_MASK)?, fact(one, names::CHANGE_BY_MASK)?];
    let layers = recording.about().architecture.n_decoder_layers;
    answer(
        "Why mask at all when decoding, where nothing stands behind the last word?",
        html! {
            p {
                "With one decoder layer it makes no difference: switch the mask off, and the last logits change "
                (change(single)) ". With " (layers) " they change " (change(many))
                ", for a second layer reads what the first has made of earlier words, and without the mask those have looked ahead. "
                "A model trained without the mask reads off what it should say: after "
                (none.nll.len()) " steps its negative log-likelihood is " (last(none)) " (with the mask " (last(plain)) "), and on its own it says “" (none.said) "”."
                @if none.said == plain.said { " That is right, for the sentence was learned by heart; sentences that were not would show what it never had to learn." }
            }
        },
    )
}

fn order(recording: &Recording) -> Option<Markup> {
    let variants = recording.variants();
    let of = |name: &str| variants.iter().find(|variant| variant.name == name).copied();
    let by_order = |variant| fact(of(variant)?, names::CHANGE_BY_ORDER);
    let (with, without) = (by_order(names::AS_IT_IS)?, by_order(names::NO_POSITIONS)?);
    let d_model = recording.about().architecture.d_model;
    answer(
        "Why are positions added, and not put beside the words?",
        html! {
            p {
                "Without them the order of the source is not seen at all: read backwards, it changes the last logits "
                (change(without)) ", with them " (change(with)) ". Put beside the words they would make every vector "
                "longer, and every matrix that reads it larger; " (d_model) " numbers have room for both, and what the model wants to keep "
                "apart it can put into different directions."
            }
        },
    )
}

fn norm_placement(recording: &Recording) -> Option<Markup> {
    let variants = recording.variants();
    let of = |name: &str| variants.iter().find(|variant| variant.name == name).copied();
    let ratio = |variant: &Variant| Some(variant.facts.last()?.value / variant.facts.first()?.value);
    let (post, pre) = (of(names::DEEP_POST_NORM)?, of(names::DEEP_PRE_NORM)?);
    answer(
        "Norm before or after a sublayer, and what does it do to gradients by depth?",
        html! {
            p {
                "In stacks of " (post.facts.len()) " layers, before training, the gradient of the top decoder layer is "
                (format!("{:.2}", ratio(post)?)) " times that of the lowest with the norm after, as in the paper, and "
                (format!("{:.2}", ratio(pre)?)) " times with the norm before. That gradients with the norm after are large near the top at the start "
                "is why such models are trained with small steps at first, as the paper does (Xiong et al. 2020)."
            }
        },
    )
}

fn slices(recording: &Recording) -> Option<Markup> {
    let architecture = &recording.about().architecture;
    let (d_model, n_heads) = (architecture.d_model, architecture.n_heads);
    answer(
        "Does each head see a slice of the input?",
        html! {
            p {
                "No. Each head's query is all " (d_model) " numbers of a word times " (d_model / n_heads) " columns of W^Q. The columns are the "
                "head's own, the input is everybody's."
            }
        },
    )
}

fn short_outputs(recording: &Recording) -> Option<Markup> {
    let searches = recording.searches();
    let candidates: Vec<_> = searches
        .iter()
        .max_by_key(|search| search.candidates.len())?
        .candidates
        .iter()
        .map(|(_, candidate)| *candidate)
        .collect();
    let finished =
        |candidate: &&&crate::recording::Candidate| candidate.fate == crate::recording::Fate::Finished;
    let shortest = candidates.iter().filter(finished).min_by_key(|candidate| candidate.tokens.len())?;
    let likeliest = candidates.iter().filter(finished).max_by(|a, b| a.log_prob.total_cmp(&b.log_prob))?;
    answer(
        "Why does beam search like short outputs?",
        html! {
            p {
                "Every word makes a sentence less likely: log-probabilities are negative, and their sum only falls. Of the finished "
                "candidates here the shortest has " (shortest.tokens.len()) " tokens and a sum of " (format!("{:.2}", shortest.log_prob))
                ", the likeliest " (likeliest.tokens.len()) " and " (format!("{:.2}", likeliest.log_prob))
                ". Where models are less sure than this one, a short translation wins by being short; so sums are divided by a penalty "
                "that grows with the length."
            }
        },
    )
}
