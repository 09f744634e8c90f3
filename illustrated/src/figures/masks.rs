//! What a mask does (Vaswani et al. 2017, §3.2.3): in the decoder's self-attention no position sees a later one, and nowhere
//! does a word see the places with which a sentence is padded.

use super::common::{MAX_WIDTH, numbered, spelled};
use crate::look::equation::{Part, equation, note, stack};
use crate::look::matrix::{Drawn, shown};
use crate::look::{Figure, Labels, Matrix, Place, Role, Style};
use crate::recording::event::N_PADDED;
use crate::recording::{Pass, Recording, Unit};

/// More rows or columns are folded.
const MAX: usize = 7;

/// Two matrices a line are wide enough, where two are no wider than this.
const TWO: f64 = 720.0;

const FIRST: [(&str, usize); 2] = [("layer", 0), ("head", 0)];

/// Scores on their way to weights, in the decoder of the chosen layer and head, and in the encoder's first layer beside a
/// longer sentence.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let pass = recording.last_pass()?;
    let architecture = &recording.about().architecture;
    let squares =
        Squares { pass: &pass, rows: spelled(&pass.head().tgt_in), is_causal: architecture.causal_mask };
    let unit = recording.about().unit();
    let has_scores = pass.value("decoder.layers.0.self_attn.scores").is_some();
    let mut parts = Vec::new();
    if has_scores {
        parts.push(squares.draw("scores Q Kᵀ", Role::Query, "scores", false)?);
        if architecture.scale_scores {
            let d_head = architecture.d_model.checked_div(architecture.n_heads)?;
            parts.push(squares.draw(
                &format!("scaled by 1 / √{d_head}"),
                Role::Query,
                "scaled_scores",
                false,
            )?);
        }
        if architecture.causal_mask {
            parts.push(squares.draw("masked", Role::Query, "masked_scores", true)?);
        }
    }
    parts.push(squares.draw("softmax by row", Role::Weights, "weights", true)?);
    let widest = parts.iter().map(|drawn| drawn.width).fold(0.0, f64::max);
    let width = if 2.0 * widest + 60.0 > TWO { MAX_WIDTH } else { TWO };
    let parts = parts.into_iter().flat_map(|drawn| [Part::Sign("→"), Part::Matrix(drawn)]).skip(1).collect();
    let mut lines = vec![
        note("The decoder's self-attention: a row is a position, its columns what it may look at"),
        equation(parts, width),
    ];
    if let Some(padded) = padded(&pass) {
        let many = unit.many;
        let says = format!(
            "The encoder's first self-attention, when the sentence stands in a batch beside one of {N_PADDED} {many} more"
        );
        lines.extend([note(&says), padded]);
    }
    let sheet = stack(&lines, 8.0);
    Some(Figure::new(
        "masks",
        "What may not be seen: the mask",
        caption(&pass, architecture.causal_mask, lines.len() > 2, unit),
        sheet,
        vec![numbered("layer", architecture.n_decoder_layers), numbered("head", architecture.n_heads)],
    ))
}

/// The matrices of the decoder's self-attention.
struct Squares<'a> {
    pass: &'a Pass<'a>,
    rows: Vec<String>,
    is_causal: bool,
}

impl Squares<'_> {
    fn draw(&self, name: &str, role: Role, of: &str, masked: bool) -> Option<Drawn> {
        let n = self.rows.len();
        let place = Place::of(format!("decoder.layers.{{layer}}.self_attn.{of}")).strides(n, 1);
        let matrix = Matrix {
            name: name.into(),
            role,
            place: place.control("head", n * n),
            n_rows: n,
            n_cols: n,
            labels: Labels::both(&self.rows, &self.rows),
        };
        let style = Style { causal: masked && self.is_causal, ..Style::folded(MAX, MAX) };
        matrix.draw_as(self.pass, &FIRST, &style)
    }
}

/// Masked scores and weights of the padded sentence, if they were recorded.
fn padded(pass: &Pass) -> Option<Drawn> {
    let rows = spelled(&pass.head().src);
    let (n, cols) = (rows.len(), rows.len() + N_PADDED);
    let words: Vec<String> =
        rows.iter().cloned().chain(std::iter::repeat_n("<pad>".into(), N_PADDED)).collect();
    let draw = |name: &str, role, of: &str| {
        let place = Place::of(format!("encoder.layers.0.self_attn.padded.{of}")).strides(cols, 1);
        let matrix = Matrix {
            name: name.into(),
            role,
            place: place.control("head", n * cols),
            n_rows: n,
            n_cols: cols,
            labels: Labels::both(&rows, &words),
        };
        matrix.draw_masked(pass, &FIRST, &Style::folded(MAX, MAX), |_, col| col >= n)
    };
    let scores = draw("masked", Role::Query, "masked_scores")?;
    let weights = draw("softmax by row", Role::Weights, "weights")?;
    Some(equation(vec![Part::Matrix(scores), Part::Sign("→"), Part::Matrix(weights)], MAX_WIDTH))
}

fn caption(pass: &Pass, is_causal: bool, is_padded: bool, Unit { one, many }: Unit) -> String {
    let n = pass.head().tgt_in.len();
    let own = if is_causal {
        format!(
            "{} of {} scores are masked: they become −∞ before softmax, so that a later {one} has a weight of 0 and the row still \
             sums to 1; no gradient comes back through them.",
            n * n.saturating_sub(1) / 2,
            n * n,
        )
    } else {
        format!(
            "This model has no causal mask: every position of the target sees all of it, the {many} that it must say among them."
        )
    };
    let padded = if is_padded {
        format!(
            " Places that hold no {one} are masked in the same way: to the {many} of the sentence they make no difference, not in \
             the last digit."
        )
    } else {
        String::new()
    };
    let hidden = shown(n, MAX).iter().filter(|one| one.is_none()).count();
    let folded = if hidden > 0 { " Those in the middle are left out of the picture." } else { "" };
    format!("{own}{padded}{folded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Event};
    use crate::testing::{checked, recorded, toy};

    fn masked(figure: &Figure) -> usize {
        figure.drawing.clone().into_string().matches("<g class=\"cell masked").count()
    }

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let figure = draw(toy()).unwrap();
        assert_eq!(checked(toy(), &figure.drawing.clone().into_string()), 4 * 25 + 2 * 15);
        assert_eq!(masked(&figure), 2 * 10 + 2 * 6, "masked scores and weights, and two columns of padding");
        assert!(figure.caption.first().starts_with("10 of 25 scores"), "{}", figure.caption.first());
        assert!(figure.width <= 1080.0, "{}", figure.width);
    }

    /// A gradient at a weight that is masked moves nothing.
    #[test]
    fn no_masked_cell_has_a_bar() {
        let drawing = draw(toy()).unwrap().drawing.into_string();
        let cells: Vec<&str> = drawing.split("<g class=\"cell ").skip(1).collect();
        let bars = |masked: bool| {
            let of = cells.iter().filter(|cell| cell.starts_with("masked") == masked);
            of.filter(|cell| cell.split("</g>").next().unwrap().contains("class=\"bar ")).count()
        };
        assert_eq!(bars(true), 0);
        assert!(bars(false) > 15, "{}", bars(false));
    }

    #[test]
    fn what_a_model_does_not_do_is_left_out() {
        let steps = |causal, scaled| {
            let recording = recorded(|model| (model.causal_mask, model.scale_scores) = (causal, scaled), 3);
            let figure = draw(&recording).unwrap();
            let drawing = figure.drawing.clone().into_string();
            checked(&recording, &drawing);
            assert_eq!(figure.caption.first().contains("has no causal mask"), !causal);
            let count = |name: &str| drawing.matches(&format!("aria-label=\"{name}")).count();
            (["scores", "scaled by", "masked", "softmax"].map(count), masked(&figure))
        };
        assert_eq!(steps(true, true).0, [1, 1, 2, 2]);
        assert_eq!(steps(false, false), ([1, 0, 1, 2], 2 * 6), "those of the padded sentence");
    }

    #[test]
    fn without_scores_the_weights_are_drawn() {
        let mut without = Recording::new(toy().about().clone());
        let is_score = |event: &Event| matches!(event, Event::Value(array) if array.path.ends_with("scores"));
        toy()
            .events()
            .iter()
            .skip(1)
            .filter(|event| !is_score(event))
            .for_each(|event| without.push(event.clone()));
        let figure = draw(&without).unwrap();
        assert_eq!(checked(&without, &figure.drawing.into_string()), 25);
        assert!(
            !figure.caption.first().contains("hold no word")
                && draw(&Recording::new(About::default())).is_none()
        );
    }

    #[test]
    fn long_sentences_are_folded() {
        let recording = recorded(|_| (), 30);
        let figure = draw(&recording).unwrap();
        assert!(figure.width <= 1080.0, "{}", figure.width);
        checked(&recording, &figure.drawing.into_string());
        assert!(figure.caption.first().contains("left out"), "{}", figure.caption.first());
    }
}
