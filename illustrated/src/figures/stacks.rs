//! The black box and what is in it: a sentence in, a sentence out, and between them the encoder's and the decoder's
//! layers (Vaswani et al. 2017, figure 1), as the tree of this model's parameters. What comes out follows the pass that is chosen.

mod tree;

use maud::{Markup, html};

use super::common::{by_pass, spelled};
use crate::look::number::{counted, grouped};
use crate::look::text::{cut, text_width};
use crate::look::{Figure, Sheet};
use crate::recording::{About, Recording, Search, Token};

use tree::{Block, CROSS, blocks};

/// Of each column: how wide it is; where the decoder's begins.
const WIDTH: f64 = 430.0;
const RIGHT: f64 = 510.0;

/// Between two boxes; the height of a line in one, and of its heading.
const GAP: f64 = 26.0;
const LINE: f64 = 19.0;
const HEADING: f64 = 30.0;

/// Above everything: the sentence that comes out.
const TOP: f64 = 24.0;

/// A block at its place.
struct Placed {
    block: Block,
    x: f64,
    y: f64,
}

impl Placed {
    fn height(&self) -> f64 {
        height(&self.block)
    }

    fn middle(&self) -> f64 {
        self.x + WIDTH / 2.0
    }

    /// Where cross-attention reads.
    fn cross(&self) -> Option<f64> {
        let line = self.block.lines.iter().position(|line| line.name == CROSS)?;
        Some(self.y + HEADING + LINE * line as f64 + 5.0)
    }
}

fn height(block: &Block) -> f64 {
    HEADING + LINE * block.lines.len() as f64 + 6.0
}

/// The model's tree.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let about = recording.about();
    let total: usize = about.parameters.iter().map(|parameter| parameter.count()).sum();
    if total == 0 {
        return None;
    }
    let (encoder, decoder) = (blocks(about, "encoder"), blocks(about, "decoder"));
    let tall = |blocks: &[Block]| blocks.iter().map(|block| height(block) + GAP).sum::<f64>();
    let bottom = TOP + tall(&encoder).max(tall(&decoder));
    let (encoder, decoder) = (place(encoder, 4.0, bottom), place(decoder, RIGHT, bottom));
    let mut sheet = Sheet::new();
    let drawing = html! {
        @for placed in encoder.iter().chain(&decoder) { (draw_block(placed)) }
        @for column in [&encoder, &decoder] { @for pair in column.windows(2) { (up(pair[0].middle(), pair[0].y, pair[1].y + pair[1].height())) } }
        (memory(&encoder, &decoder))
        (sentence(about, bottom))
    };
    sheet.markup(drawing, RIGHT + WIDTH + 4.0, bottom + 64.0);
    let all = says(recording);
    let told = |says: &Says| says.told(about) + &caption(about, total);
    let caption = by_pass(&mut sheet, &all, |says| said(says, bottom, decoder.last()), told)?;
    Some(sheet.into_figure("stacks", "The black box, and what is in it", caption, Vec::new()))
}

/// From the bottom up.
fn place(blocks: Vec<Block>, x: f64, bottom: f64) -> Vec<Placed> {
    let mut y = bottom;
    blocks
        .into_iter()
        .map(|block| {
            y -= height(&block) + GAP;
            Placed { y: y + GAP, x, block }
        })
        .collect()
}

fn draw_block(placed: &Placed) -> Markup {
    let (x, y, block) = (placed.x, placed.y, &placed.block);
    let numbers = |count: usize| if count == 0 { String::new() } else { grouped(count) };
    html! {
        g class=(if block.is_encoder { "words" } else { "output" }) {
            rect class="box frame" x=(x) y=(y) width=(WIDTH) height=(placed.height()) rx="6" {}
            text class="head" x=(x + 12.0) y=(y + 19.0) { (block.title) }
            text class="note end" x=(x + WIDTH - 12.0) y=(y + 19.0) { (numbers(block.count)) }
            @for (at, line) in block.lines.iter().enumerate() {
                @let y = y + HEADING + LINE * at as f64 + 9.0;
                text x=(x + 30.0) y=(y) { (line.name) }
                text class="note" x=(x + 150.0) y=(y) { (cut(&line.shapes, 246.0)) }
                text class="note end" x=(x + WIDTH - 12.0) y=(y) { (numbers(line.count)) }
            }
            @for &residual in &block.residuals { (self::residual(placed, residual)) }
        }
    }
}

/// Past a sublayer: what went in is added to what comes out.
fn residual(placed: &Placed, (from, to): (usize, usize)) -> Markup {
    let middle = |line: usize| placed.y + HEADING + LINE * line as f64 + 5.0;
    let (x, start, end) = (placed.x + 12.0, middle(from) + LINE / 2.0 - 1.0, middle(to));
    html! {
        path class="residual" d={ "M" (x + 16.0) " " (start) "H" (x) "V" (end) "H" (x + 8.0) } {}
        path class="tip" d={ "M" (x + 14.0) " " (end) "l-7 -4v8z" } {}
    }
}

/// An arrow upwards.
fn up(x: f64, from: f64, to: f64) -> Markup {
    html! {
        path class="arrow" d={ "M" (x) " " (from) "V" (to + 8.0) } {}
        path class="tip" d={ "M" (x - 4.0) " " (to + 9.0) "h8l-4 -7z" } {}
    }
}

/// From the top of the encoder to the cross-attention of every layer of the decoder.
fn memory(encoder: &[Placed], decoder: &[Placed]) -> Markup {
    let targets: Vec<f64> = decoder.iter().filter_map(Placed::cross).collect();
    let Some(top) = encoder.last().filter(|_| !targets.is_empty()) else { return html! {} };
    let (x, from, bus) = (top.middle(), top.y, RIGHT - 40.0);
    let over = from - 16.0;
    let lowest = targets.iter().copied().fold(over, f64::max);
    let highest = targets.iter().copied().fold(over, f64::min);
    html! {
        path class="arrow" d={ "M" (x) " " (from) "V" (over) "H" (bus) "M" (bus) " " (highest) "V" (lowest) } {}
        text class="note middle" x=((x + bus) / 2.0) y=(over - 7.0) { "memory: what the last layer gives" }
        @for y in &targets {
            path class="arrow" d={ "M" (bus) " " (y) "H" (RIGHT - 8.0) } {}
            path class="tip" d={ "M" (RIGHT - 1.0) " " (y) "l-8 -4v8z" } {}
        }
    }
}

/// The sentence that goes in.
fn sentence(about: &About, bottom: f64) -> Markup {
    let left = 4.0 + WIDTH / 2.0;
    html! {
        (up(left, bottom + 20.0, bottom))
        (word(left, bottom + 38.0, &about.sentence, "words"))
        text class="note middle" x=(left) y=(bottom + 56.0) { "the sentence" }
    }
}

/// So much wider is what stands above and below the stacks than [`text_width`] says: it is larger, and bold.
const BOLD: f64 = 1.2;

/// What goes through the decoder.
struct Says {
    /// After so many steps of training, if the model itself said it.
    step: Option<u64>,
    read: Vec<Token>,
    out: String,
    /// What another search found, and its name, if that is something else.
    other: Option<(String, String)>,
}

impl Says {
    fn told(&self, about: &About) -> String {
        let quoted = |text: &str| if text.is_empty() { "nothing".into() } else { format!("“{text}”") };
        let other =
            self.other.as_ref().map(|(name, text)| format!("; the search {name} finds {}", quoted(text)));
        let (out, other) = (quoted(&self.out), other.unwrap_or_default());
        let told =
            |step| format!("After step {step} of training “{}” becomes {out}{other}. ", about.sentence);
        self.step.map(told).unwrap_or_default()
    }
}

/// What the model as it was at each pass found, and read again word by word. Where nobody searched, the labels.
fn says(recording: &Recording) -> Vec<Option<Says>> {
    let (passes, about) = (recording.passes(), recording.about());
    let begin = |pass: usize| passes.get(pass).and_then(|pass| pass.head().tgt_in.first());
    let says = |(pass, searches): (usize, Vec<Search>)| {
        let (_, found) = searches.last()?.translations.first()?;
        let said = &found.tokens[..found.tokens.len().saturating_sub(1)];
        let step = Some(passes.get(pass).map_or(about.step, |pass| pass.head().step));
        let read = begin(pass).into_iter().chain(said).cloned().collect();
        let others =
            searches.iter().filter_map(|other| Some((other.name(), &other.translations.first()?.1.text)));
        let other = others.rev().find(|(_, text)| **text != found.text);
        let other = other.map(|(name, text)| (name.to_owned(), text.clone()));
        Some(Says { step, read, out: found.text.clone(), other })
    };
    let all: Vec<Option<Says>> = recording.searches_by_pass().into_iter().enumerate().map(says).collect();
    if all.iter().any(Option::is_some) {
        return all;
    }
    let read = passes.last().map(|pass| pass.head().tgt_in.clone()).unwrap_or_default();
    vec![Some(Says { step: None, read, out: about.reference.clone().unwrap_or_default(), other: None })]
}

/// What the decoder reads, and what comes out.
fn said(says: &Says, bottom: f64, top: Option<&Placed>) -> Sheet {
    let right = RIGHT + WIDTH / 2.0;
    let out = cut(&says.out, WIDTH * 0.9 / BOLD);
    let edge = right - BOLD * text_width(&out) / 2.0 - 10.0;
    let over = top.map(|top| (top.y, 30.0_f64.max(top.y - GAP)));
    let has_word = says.read.first().is_some_and(|token| token.id.is_some());
    let begins = if has_word { "where it begins" } else { "zeros to begin with" };
    let markup = html! {
        (up(right, bottom + 20.0, bottom))
        (word(right, bottom + 38.0, &spelled(&says.read).join(" "), "output"))
        text class="note middle" x=(right) y=(bottom + 56.0) { (begins) ", and what it has said" }
        @if let Some((from, to)) = over {
            (up(right, from, to))
            (word(right, to - 8.0, &out, "output"))
            text class="note end" x=(edge) y=(to - 8.0) { @if out.is_empty() { "nothing comes out" } @else { "out" } }
        }
    };
    let mut sheet = Sheet::new();
    sheet.markup(markup, RIGHT + WIDTH + 4.0, bottom + 64.0);
    sheet
}

fn word(x: f64, y: f64, text: &str, class: &str) -> Markup {
    html! { text class={ "head middle " (class) } x=(x) y=(y) { (cut(text, WIDTH * 0.9 / BOLD)) } }
}

fn caption(about: &About, total: usize) -> String {
    let architecture = &about.architecture;
    format!(
        "{} numbers in {} parameters: the encoder has {}, the decoder {}, and every layer of the decoder reads what the top of the \
         encoder gives. The lines at the left of a layer are its residual \
         connections: what goes into a sublayer is added to what comes out. In brackets stand the shapes of the \
         matrices, behind them how many numbers they have: attention has four, W^Q, W^K, W^V and W^O, a norm a factor γ and an \
         offset β for each column.",
        grouped(total),
        about.parameters.len(),
        counted(architecture.n_encoder_layers, "layer"),
        counted(architecture.n_decoder_layers, "layer"),
    )
}
