//! One layer of the decoder (Vaswani et al. 2017, §3.1): masked self-attention, cross-attention, feed-forward. The keys and
//! values of cross-attention are made of what the top layer of the encoder gives, in every layer of the decoder.

use transformer::{Architecture, NormPlacement};

use crate::look::number::counted;
use crate::look::text::cut;
use crate::look::{Figure, Labels, Matrix, Place, Role, Sheet};
use crate::recording::{Pass, Recording, Token, Unit};

use super::common::{layer_input, numbered};

/// So many numbers of each vector are shown, of so many words.
const MAX: (usize, usize) = (4, 8);

/// Where the columns begin; the first has words beside it.
const COLUMNS: [f64; 3] = [0.0, 390.0, 680.0];

/// Where lines that go around others run.
const MARGIN: f64 = 930.0;

/// The words' vectors at each stage of a layer, and where keys and values come from.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let pass = recording.last_pass()?;
    let architecture = &recording.about().architecture;
    let layer = Layer { pass: &pass, architecture, is_pre: architecture.norm == NormPlacement::Pre };
    let height = |tokens: &[Token]| 64.0 + 30.0 * tokens.len().min(MAX.1) as f64;
    let (of_tgt, of_src) = (height(&pass.head().tgt_in), height(&pass.head().src));
    let mut sheet = Sheet::new();
    let first = layer.own(&mut sheet)?;
    let second = layer.cross(&mut sheet, first, of_tgt + 12.0)?;
    let y = 2.0 * of_tgt + 34.0;
    layer.source(&mut sheet, second.crossed, y)?;
    layer.forward(&mut sheet, second.sum, y + of_src + 34.0)?;
    let caption = caption(recording, &pass, layer.is_pre);
    let controls = vec![numbered("layer", architecture.n_decoder_layers)];
    Some(sheet.into_figure("decoder-layer", "One layer of the decoder", caption, controls))
}

/// A place for a frame, and what was put there: left, top, width, height.
type Frame = [f64; 4];

/// The frames of cross-attention and of the sum behind it.
struct Crossed {
    crossed: Frame,
    sum: Frame,
}

/// The layer that is drawn.
struct Layer<'a> {
    pass: &'a Pass<'a>,
    architecture: &'a Architecture,
    is_pre: bool,
}

impl Layer<'_> {
    /// What comes in and what self-attention makes of it; returns the frame of the sum.
    fn own(&self, sheet: &mut Sheet) -> Option<Frame> {
        let tgt = &self.pass.head().tgt_in;
        let mut input = [0.0; 4];
        for number in 0..self.architecture.n_decoder_layers {
            let mut one = Sheet::new();
            let path = layer_input("decoder", number);
            input = self.put(&mut one, (&path, "in: what was said so far", Role::Words), tgt, (0, 0.0))?;
            sheet.when(&format!("layer={number}"), number == 0, one);
        }
        let is_masked = self.architecture.causal_mask;
        let name = if is_masked { "masked self-attention" } else { "self-attention, no mask" };
        let attended = self.put(sheet, (&of("self_attn.out"), name, Role::Output), tgt, (1, 0.0))?;
        let sum = self.sum(sheet, 1, (2, 0.0))?;
        across(sheet, input, attended);
        across(sheet, attended, sum);
        Some(sum)
    }

    /// Queries of what self-attention gave, and what cross-attention makes of them.
    fn cross(&self, sheet: &mut Sheet, from: Frame, y: f64) -> Option<Crossed> {
        let tgt = &self.pass.head().tgt_in;
        let (query, out) = (of("cross_attn.query"), of("cross_attn.out"));
        let query = self.put(sheet, (&query, "Q of the decoder", Role::Query), tgt, (0, y))?;
        let crossed = self.put(sheet, (&out, "cross-attention", Role::Output), tgt, (1, y))?;
        let sum = self.sum(sheet, 2, (2, y))?;
        around(sheet, from, query, y - 10.0);
        across(sheet, query, crossed);
        across(sheet, crossed, sum);
        Some(Crossed { crossed, sum })
    }

    /// Keys and values, which the encoder's top layer gives.
    fn source(&self, sheet: &mut Sheet, crossed: Frame, y: f64) -> Option<()> {
        let src = &self.pass.head().src;
        let top = match self.architecture.norm.has_final_norm() {
            true => "encoder.norm.out".to_string(),
            false => layer_input("encoder", self.architecture.n_encoder_layers),
        };
        let (key, value) = (of("cross_attn.key"), of("cross_attn.value"));
        let memory = self.put(sheet, (&top, "the encoder's top layer", Role::Words), src, (0, y))?;
        let key = self.put(sheet, (&key, "K of the encoder", Role::Key), src, (1, y))?;
        let value = self.put(sheet, (&value, "V of the encoder", Role::Value), src, (2, y))?;
        across(sheet, memory, key);
        around_keys(sheet, [memory, key, value], crossed);
        Some(())
    }

    /// Feed-forward, and what goes out.
    fn forward(&self, sheet: &mut Sheet, from: Frame, y: f64) -> Option<()> {
        let tgt = &self.pass.head().tgt_in;
        let hidden = (&*of("hidden"), "feed-forward: hidden", Role::Parameter);
        let hidden = self.put(sheet, hidden, tgt, (0, y))?;
        let out = self.sum(sheet, 3, (1, y))?;
        let (right, middle) = (from[0] + from[2] + 4.0, from[1] + from[3] / 2.0);
        let (gap, into) = (y - 10.0, hidden[0] + hidden[2] - 12.0);
        sheet.arrow(&[
            (right, middle),
            (MARGIN, middle),
            (MARGIN, gap),
            (into, gap),
            (into, hidden[1] - 3.0),
        ]);
        across(sheet, hidden, out);
        let note = if self.is_pre {
            "the norm comes before each sublayer"
        } else {
            "each sum is normed before it goes on"
        };
        sheet.text("note", COLUMNS[2], y + 60.0, note);
        Some(())
    }

    /// What stands behind the sublayer of that number.
    fn sum(&self, sheet: &mut Sheet, number: usize, at: (usize, f64)) -> Option<Frame> {
        let (path, name) = match self.is_pre {
            true => (format!("residual{number}.out"), "added"),
            false => (format!("norm{number}.out"), "added and normed"),
        };
        let name = if number == 3 { "out: to the next layer" } else { name };
        self.put(sheet, (&of(&path), name, Role::Words), &self.pass.head().tgt_in, at)
    }

    /// Puts the first columns of an array there; returns where its frame is.
    fn put(
        &self,
        sheet: &mut Sheet,
        (path, name, role): (&str, &str, Role),
        words: &[Token],
        (column, y): (usize, f64),
    ) -> Option<Frame> {
        let words: Vec<String> = words.iter().take(MAX.1).map(|token| cut(&token.text, 84.0)).collect();
        let place = Place::of(path);
        let width = *self.pass.value(&place.path_at(&[("layer", 0)]))?.shape.last()?;
        let matrix = Matrix {
            name: name.into(),
            role,
            place: place.strides(width, 1),
            n_rows: words.len(),
            n_cols: width.min(MAX.0),
            labels: Labels::rows(if column == 0 { &words } else { &[] }),
        };
        let drawn = matrix.draw(self.pass, &[("layer", 0)])?;
        let shift = if column == 0 { 100.0 - drawn.frame[0] } else { 0.0 }; // frames below each other
        Some(sheet.put(&drawn, COLUMNS[column] + shift.max(0.0), y))
    }
}

/// A path in the layer that the reader chose.
fn of(name: &str) -> String {
    format!("decoder.layers.{{layer}}.{name}")
}

/// An arrow from a frame to the next on its right.
fn across(sheet: &mut Sheet, from: Frame, to: Frame) {
    let y = from[1] + from[3].min(to[3]) / 2.0;
    sheet.arrow(&[(from[0] + from[2] + 4.0, y), (to[0] - 4.0, y)]);
}

/// An arrow from the end of a line of frames to the beginning of the next.
fn around(sheet: &mut Sheet, from: Frame, to: Frame, gap: f64) {
    let (right, middle, into) = (from[0] + from[2] + 4.0, from[1] + from[3] / 2.0, to[0] + to[2] - 20.0);
    sheet.arrow(&[
        (right, middle),
        (right + 20.0, middle),
        (right + 20.0, gap),
        (into, gap),
        (into, to[1] - 3.0),
    ]);
}

/// Arrows from what the encoder gives to the values, under the keys; from keys and values up to cross-attention.
fn around_keys(sheet: &mut Sheet, [memory, key, value]: [Frame; 3], crossed: Frame) {
    let below = memory[1] + memory[3] + 22.0;
    let (from, to) = (memory[0] + memory[2] / 2.0, value[0] + 30.0);
    let foot = memory[1] + memory[3];
    sheet.arrow(&[(from, foot + 3.0), (from, below), (to, below), (to, foot + 3.0)]);
    let (right, bottom) = (crossed[0] + crossed[2], crossed[1] + crossed[3]);
    sheet.arrow(&[(right - 48.0, key[1] - 3.0), (right - 48.0, bottom + 3.0)]);
    let (left, middle, turn) = (value[0] - 4.0, value[1] + value[3] / 2.0, value[0] - 44.0);
    sheet.arrow(&[(left, middle), (turn, middle), (turn, bottom - 9.0), (right + 4.0, bottom - 9.0)]);
}

fn caption(recording: &Recording, pass: &Pass, is_pre: bool) -> String {
    let architecture = &recording.about().architecture;
    let Unit { one, many } = recording.about().unit();
    let (tgt, src) = (pass.head().tgt_in.len(), pass.head().src.len());
    let more = (tgt.saturating_sub(MAX.1), src.saturating_sub(MAX.1));
    let hidden = if more == (0, 0) {
        String::new()
    } else {
        format!(" Of the target {} {many} are left out, of the source {}.", more.0, more.1)
    };
    let final_norm = if architecture.norm.has_final_norm() { ", normed" } else { "" };
    let order = if is_pre { " The norm comes before each sublayer." } else { "" };
    let each = match architecture.n_decoder_layers {
        1 => "The one layer".into(),
        count => format!("Each of the {count} layers"),
    };
    let (tgt, src) = (counted(tgt, one), counted(src, one));
    format!(
        "{each} asks with the {tgt} said so far, and finds keys and values of the {src} of the \
         source: they are made of what encoder layer {}, the top one, gives{final_norm}, whichever \
         layer of the decoder asks.{order} The first {} of {} numbers are shown.{hidden}",
        architecture.n_encoder_layers.saturating_sub(1),
        MAX.0.min(architecture.d_model),
        architecture.d_model,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::About;
    use crate::testing::{checked, recorded, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let figure = draw(toy()).unwrap();
        let drawing = figure.drawing.into_string();
        assert_eq!(checked(toy(), &drawing), 4 * (5 * (2 + 2 + 3 + 2) + 3 * 3));
        assert!(drawing.contains("data-path=\"encoder.layers.1.out\""), "the top layer");
        assert!(!drawing.contains("data-path=\"encoder.layers.0"), "and no other");
        assert!(
            figure.caption.first().contains("encoder layer 1, the top one"),
            "{}",
            figure.caption.first()
        );
    }

    /// Keys times values of the recorded top layer: what the arrows say is what was computed.
    #[test]
    fn keys_are_made_of_the_top_layer_in_every_layer() {
        let pass = toy().last_pass().unwrap();
        let memory = pass.value("encoder.layers.1.out").unwrap();
        for layer in 0..2 {
            let of = |name: &str| pass.value(&format!("decoder.layers.{layer}.cross_attn.{name}")).unwrap();
            let (weight, bias) =
                (of("k_proj.weight"), pass.value(&format!("decoder.layers.{layer}.cross_attn.k_proj.bias")));
            for (word, col) in [(0, 0), (1, 17), (2, 63)] {
                let product = |k: usize| f64::from(memory.at(&[word, k])) * f64::from(weight.at(&[col, k]));
                let sum =
                    (0..64).map(product).sum::<f64>() + bias.map_or(0.0, |bias| f64::from(bias.at(&[col])));
                assert!((sum - f64::from(of("key").at(&[word, col]))).abs() < 5e-3);
            }
        }
    }

    #[test]
    fn any_recording_is_drawn_within_its_width_or_not_at_all() {
        assert!(draw(&Recording::new(About::default())).is_none());
        for norm in [NormPlacement::Pre, NormPlacement::PostFinal] {
            let recording = recorded(|model| (model.norm, model.n_decoder_layers) = (norm, 1), 30);
            let figure = draw(&recording).unwrap();
            assert!(figure.width <= 1080.0, "{}", figure.width);
            let drawing = figure.drawing.into_string();
            checked(&recording, &drawing);
            assert!(drawing.contains("encoder.norm.out"));
        }
    }
}
