//! What surrounds a sublayer: the residual connection and the norm, `LayerNorm(x + Sublayer(x))` in the paper (Vaswani et
//! al. 2017, §3.1), `x + Sublayer(LayerNorm(x))` in pre-norm models (Xiong et al. 2020).

use transformer::NormPlacement;

use crate::look::text::{cut, lines, text_width};
use crate::look::{Axis, Caption, Figure, Labels, Matrix, Place, Role, Sheet, short};
use crate::recording::{Pass, Recording};

use super::common::{layer_input, numbered};

/// More words than this are left out.
const MAX_WORDS: usize = 8;

/// Where matrices begin: left of it stand the signs.
const LEFT: f64 = 22.0;

/// Self-attention in a layer of the encoder, and what is around it.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let pass = recording.last_pass()?;
    let architecture = &recording.about().architecture;
    let is_pre = architecture.norm == NormPlacement::Pre;
    let rows = Rows::of(&pass, architecture.d_model);
    let mut sheet = Sheet::new();
    let mut y = 0.0;
    let layers = architecture.n_encoder_layers;
    for layer in 0..layers {
        let mut one = Sheet::new();
        let path = layer_input("encoder", layer);
        y = rows.put(&mut one, &pass, (&path, "x, what comes in", Role::Words), is_pre, 0.0)?;
        sheet.when(&format!("layer={layer}"), layer == 0, one);
    }
    let [sublayer, sum, normed] =
        ["self_attn", "residual1", "norm1"].map(|name| format!("encoder.layers.{{layer}}.{name}.out"));
    let of_sublayer = (sublayer.as_str(), "Sublayer(x): what self-attention adds", Role::Output);
    if is_pre {
        y = down(&mut sheet, y, "LayerNorm, before the sublayer");
        y = rows.put(&mut sheet, &pass, (&normed, "LayerNorm(x)", Role::Words), true, y)?;
        y = down(&mut sheet, y, "self-attention reads the normed rows");
        let of_sublayer =
            (sublayer.as_str(), "Sublayer(LayerNorm(x)): what self-attention adds", Role::Output);
        y = rows.put(&mut sheet, &pass, of_sublayer, false, y)?;
        sign(&mut sheet, &rows, y, "=");
        rows.put(
            &mut sheet,
            &pass,
            (&sum, "x + Sublayer(LayerNorm(x)), with the x of the top", Role::Words),
            false,
            y,
        )?;
    } else {
        sign(&mut sheet, &rows, y, "+");
        y = rows.put(&mut sheet, &pass, of_sublayer, false, y)?;
        sign(&mut sheet, &rows, y, "=");
        y = rows.put(&mut sheet, &pass, (&sum, "x + Sublayer(x)", Role::Words), true, y)?;
        y = down(
            &mut sheet,
            y,
            "LayerNorm: each row minus its mean, over the root of its variance; then times γ, plus β, both learned",
        );
        rows.put(&mut sheet, &pass, (&normed, "LayerNorm(x + Sublayer(x))", Role::Words), true, y)?;
    }
    let layer = numbered("layer", layers);
    let caption = caption(recording, Axis::of(&layer), is_pre, rows.hidden)?;
    let controls = vec![layer];
    Some(sheet.into_figure("residual-norm", "Around each sublayer: add, and normalise", caption, controls))
}

/// The rows of the figure's matrices.
struct Rows {
    words: Vec<String>,
    hidden: usize,
    d_model: usize,
}

impl Rows {
    fn of(pass: &Pass, d_model: usize) -> Rows {
        let src = &pass.head().src;
        let words: Vec<String> = src.iter().take(MAX_WORDS).map(|token| cut(&token.text, 62.0)).collect();
        Rows { hidden: src.len() - words.len(), words, d_model }
    }

    /// Puts a matrix there, with the mean and variance of its rows if wanted; returns where the next begins.
    fn put(
        &self,
        sheet: &mut Sheet,
        pass: &Pass,
        (path, name, role): (&str, &str, Role),
        with_moments: bool,
        y: f64,
    ) -> Option<f64> {
        let chosen = [("layer", 0)];
        let matrix = Matrix {
            name: name.into(),
            role,
            place: Place::of(path).strides(self.d_model, 1),
            n_rows: self.words.len(),
            n_cols: self.d_model,
            labels: Labels::rows(&self.words),
        };
        let drawn = matrix.draw(pass, &chosen)?;
        let frame = sheet.put(&drawn, LEFT, y);
        let moments = if with_moments { &["mean", "variance"][..] } else { &[] };
        for (at, moment) in moments.iter().enumerate() {
            let column = Matrix {
                name: moment.to_string(),
                role: Role::Parameter,
                place: Place::of(format!("{path}.{moment}")).strides(1, 1),
                n_cols: 1,
                labels: Labels::default(),
                ..matrix.clone()
            };
            let x = frame[0] + frame[2] + 14.0 + 76.0 * at as f64;
            sheet.put(&column.draw(pass, &chosen)?, x, y);
            sheet.widen(x + 4.0 + (text_width(moment) * 1.1).ceil() + 4.0);
        }
        Some(y + drawn.height + 6.0)
    }
}

/// A sign before the rows of the matrix that begins there.
fn sign(sheet: &mut Sheet, rows: &Rows, y: f64, sign: &str) {
    sheet.text("operator-left", 4.0, y + 34.0 + rows.words.len() as f64 * 15.0, sign);
}

/// An arrow down, with what happens on the way.
fn down(sheet: &mut Sheet, y: f64, text: &str) -> f64 {
    let (lines, x) = (lines(text), LEFT + 8.0);
    let height = 18.0 * lines.len() as f64 + 12.0;
    sheet.arrow(&[(x, y - 4.0), (x, y + height - 6.0)]);
    for (at, line) in lines.iter().enumerate() {
        sheet.text("note", x + 14.0, y + 12.0 + 18.0 * at as f64, line);
    }
    y + height
}

/// How far apart the rows are before the norm and after it.
fn caption(recording: &Recording, layer: Axis, is_pre: bool, hidden: usize) -> Option<Caption> {
    let passes = recording.passes();
    let order = if is_pre {
        "In this model the norm comes first, so the rows of the sum are not normed."
    } else {
        "The norm comes last, as in the paper."
    };
    let more = if hidden > 0 {
        format!(" {hidden} more {} are left out.", recording.about().unit().many)
    } else {
        String::new()
    };
    Caption::over([Axis::passes(passes.len()), layer], |[pass, layer]| {
        let after = format!("encoder.layers.{layer}.norm1.out");
        let before = match is_pre {
            true => layer_input("encoder", layer),
            false => format!("encoder.layers.{layer}.residual1.out"),
        };
        let range = |path: &str, moment: &str| {
            let data = &passes[pass].value(&format!("{path}.{moment}"))?.data;
            let (low, high) =
                data.iter().fold((f32::MAX, f32::MIN), |(low, high), &x| (low.min(x), high.max(x)));
            let (low, high) = (short(low), short(high));
            Some(if low == high { low } else { format!("{low} to {high}") })
        };
        Some(format!(
            "{order} In layer {layer} the variances of the rows are {} before the norm and {} after it, their means {} and {}: \
             γ and β, which start as ones and zeros, may move them off 1 and 0.{more}",
            range(&before, "variance")?,
            range(&after, "variance")?,
            range(&before, "mean")?,
            range(&after, "mean")?,
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Event};
    use crate::testing::{checked, recorded, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let figure = draw(toy()).unwrap();
        let cells = checked(toy(), &figure.drawing.clone().into_string());
        assert_eq!(cells, 5 * 3 * 16 + 2 * 3 * 2, "x of two layers, sublayer, sum, normed; moments of two");
        assert!(figure.width <= 1080.0, "{}", figure.width);
        assert!(!figure.drawing.into_string().contains("layers.1.out\""), "nothing reads the top layer here");
    }

    #[test]
    fn pre_norm_is_drawn_in_its_own_order() {
        let recording = recorded(|model| model.norm = NormPlacement::Pre, 3);
        let drawing = draw(&recording).unwrap().drawing.into_string();
        let at = |text: &str| drawing.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(at("norm1.out\"") < at("self_attn.out\"") && at("self_attn.out\"") < at("residual1.out\""));
        checked(&recording, &drawing);
    }

    #[test]
    fn any_recording_is_drawn_within_its_width_or_not_at_all() {
        let mut empty = Recording::new(About::default());
        assert!(draw(&empty).is_none());
        empty.push(Event::Pass(toy().last_pass().unwrap().head().clone()));
        assert!(draw(&empty).is_none(), "a pass without values");
        let long = recorded(|model| (model.d_model, model.n_heads) = (4, 1), 30);
        let figure = draw(&long).unwrap();
        assert!(figure.caption.first().contains("22 more words") && figure.width <= 1080.0);
        checked(&long, &figure.drawing.into_string());
    }
}
