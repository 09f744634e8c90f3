//! How the loss fell: with and without smoothing, the floor that a smoothed loss cannot fall below, and the learning rate
//! beneath (Vaswani et al. 2017, §5.3 and §5.4).

use maud::{Markup, html};

use crate::look::Figure;
use crate::look::chart::{Chart, plain};
use crate::look::matrix::Drawn;
use crate::look::number::short;
use crate::recording::{About, Event, Recording, Step, Validated};

/// The left edge of the charts, and their width; more than this many steps are not told in numbers.
const LEFT: f64 = 92.0;
const WIDTH: f64 = 720.0;
const MAX_MARKS: usize = 8;

/// More than this many validations are a curve without squares on it.
const MAX_SQUARES: usize = 64;

/// The curve of the training, or, of a model that was trained elsewhere, of its validations.
pub fn draw(recording: &Recording) -> Option<Figure> {
    let history = History::of(recording);
    let max_x = history.all().map(|(step, ..)| step).reduce(f64::max)?.max(1.0);
    let floor = floor(recording.about());
    let losses = history.all().flat_map(|(_, loss, nll)| [loss, nll]).filter(|y| y.is_finite());
    let max_y = losses.fold(floor, f64::max).clamp(1e-9, 1e30) * 1.05;
    let has_steps = !history.steps.is_empty();
    let chart = Chart { left: LEFT, top: 30.0, width: WIDTH, height: 220.0, max_x, max_y };
    let rates = history.steps.iter().map(|(_, step)| step.learning_rate).filter(|rate| rate.is_finite());
    let max_rate = rates.fold(1e-12, f64::max).min(1e30) * 1.05;
    let rate = Chart { top: 304.0, height: 70.0, max_y: max_rate, ..chart };
    let bottom = if has_steps { 410.0 } else { 286.0 };
    let table = history.table(recording);
    let height = bottom + 24.0 + 20.0 * (table.rows.len() as f64);
    let drawing = html! {
        (legend(has_steps, !history.validations.is_empty(), floor > 0.0))
        (chart.axes(true))
        text class="tick" text-anchor="end" x=(LEFT + WIDTH + 24.0) y=(chart.top + chart.height + 30.0) { "step" }
        @if floor > 0.0 && has_steps { (chart.curve(&[(0.0, floor), (max_x, floor)], "floor")) }
        (chart.curve(&history.points(|step| step.nll), "nll")) (chart.curve(&history.points(|step| step.loss), "loss"))
        (chart.curve(&history.validated(), "validated"))
        @for (x, y) in history.squares() {
            @let (x, y) = chart.at(x, y);
            rect class="mark validated" x=(format!("{:.1}", x - 2.5)) y=(format!("{:.1}", y - 2.5)) width="5" height="5" {}
        }
        @for &(x, y) in table.marks.iter().filter(|(_, y)| y.is_finite()) {
            @let (x, y) = chart.at(x, y);
            circle class="mark loss" cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="3.5" {}
        }
        @if has_steps {
            text class="label" x="0" y=(rate.top - 8.0) { "learning rate" }
            (rate.axes(false)) (rate.curve(&history.points(|step| step.learning_rate), "rate"))
        }
        g transform={ "translate(0 " (bottom) ")" } { (table.markup()) }
    };
    Some(Figure::new(
        "loss",
        "How the loss fell",
        caption(recording, &history, floor),
        Drawn::whole(drawing, LEFT + WIDTH + 28.0, height),
        Vec::new(),
    ))
}

/// The least smoothed cross-entropy: the entropy of a smoothed label; 0 without smoothing.
pub(crate) fn floor(about: &About) -> f64 {
    let n_words = about.tgt_vocab_size.max(1) as f64;
    let other = about.smoothing / n_words;
    let label = 1.0 - about.smoothing + other;
    let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    term(label) + (n_words - 1.0) * term(other)
}

/// Steps and validations, each with the number of its event.
struct History<'a> {
    steps: Vec<(usize, &'a Step)>,
    validations: Vec<(usize, &'a Validated)>,
}

impl<'a> History<'a> {
    fn of(recording: &'a Recording) -> History<'a> {
        let mut history = History { steps: Vec::new(), validations: Vec::new() };
        for (at, event) in recording.events().iter().enumerate() {
            match event {
                Event::Step(step) => history.steps.push((at, step)),
                Event::Validated(validated) => history.validations.push((at, validated)),
                _ => {}
            }
        }
        history
    }

    /// Step, loss and negative log-likelihood of all there is.
    fn all(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let steps = self.steps.iter().map(|(_, step)| (step.step as f64, step.loss, step.nll));
        steps.chain(self.validations.iter().map(|(_, one)| (one.step as f64, one.nll, one.nll)))
    }

    fn points(&self, of: impl Fn(&Step) -> f64) -> Vec<(f64, f64)> {
        self.steps.iter().map(|(_, step)| (step.step as f64, of(step))).collect()
    }

    fn validated(&self) -> Vec<(f64, f64)> {
        self.validations.iter().map(|(_, one)| (one.step as f64, one.nll)).collect()
    }

    /// Where validations have squares: some of them, if they are many.
    fn squares(&self) -> Vec<(f64, f64)> {
        let stride = self.validations.len().div_ceil(MAX_SQUARES).max(1);
        let finite = self.validated().into_iter().filter(|(_, nll)| nll.is_finite());
        finite.step_by(stride).collect()
    }

    /// The numbers at the marks: of steps, those that recorded passes stand before; of validations, some.
    fn table(&self, recording: &Recording) -> Table {
        if self.steps.is_empty() {
            let marked = some_of(self.validations.len()).map(|at| self.validations[at]);
            return Table::of_validations(&marked.collect::<Vec<_>>());
        }
        let passes = recording.passes();
        let at_pass = |pass: u64| {
            let next = self.steps.iter().position(|(_, step)| step.step > pass);
            next.unwrap_or(self.steps.len() - 1)
        };
        let mut marked: Vec<usize> = if passes.len() > 1 {
            some_of(passes.len()).map(|pass| at_pass(passes[pass].head().step)).collect()
        } else {
            some_of(self.steps.len()).collect()
        };
        marked.dedup();
        Table::of_steps(&marked.into_iter().map(|at| self.steps[at]).collect::<Vec<_>>())
    }
}

/// At most [`MAX_MARKS`] of so many, spread evenly, the first and the last among them.
fn some_of(count: usize) -> impl Iterator<Item = usize> {
    let kept = count.min(MAX_MARKS);
    (0..kept).map(move |at| if kept > 1 { at * (count - 1) / (kept - 1) } else { 0 })
}

/// The numbers at the marks, and where these are on the curve.
struct Table {
    heads: Vec<String>,
    /// Each with its name, its numbers, and where they stand in the recording.
    rows: Vec<(&'static str, Vec<(String, String)>)>,
    marks: Vec<(f64, f64)>,
}

impl Table {
    fn of_steps(marked: &[(usize, &Step)]) -> Table {
        let row = |field: &str, of: fn(&Step) -> String| {
            marked.iter().map(|(at, step)| (of(step), format!("{at}.step.{field}"))).collect()
        };
        Table {
            heads: marked.iter().map(|(_, step)| step.step.to_string()).collect(),
            rows: vec![
                ("loss", row("loss", |step| short(step.loss as f32))),
                ("nll", row("nll", |step| short(step.nll as f32))),
                ("learning rate", row("learning_rate", |step| plain(step.learning_rate))),
            ],
            marks: marked.iter().map(|(_, step)| (step.step as f64, step.loss)).collect(),
        }
    }

    fn of_validations(marked: &[(usize, &Validated)]) -> Table {
        let row = |field: &str, of: fn(&Validated) -> Option<f64>| {
            let number = |(at, one): &(usize, &Validated)| {
                of(one).map_or(Default::default(), |number| {
                    (short(number as f32), format!("{at}.validated.{field}"))
                })
            };
            marked.iter().map(number).collect()
        };
        Table {
            heads: marked.iter().map(|(_, one)| one.step.to_string()).collect(),
            rows: vec![("nll", row("nll", |one| Some(one.nll))), ("BLEU", row("bleu", |one| one.bleu))],
            marks: marked.iter().map(|(_, one)| (one.step as f64, one.nll)).collect(),
        }
    }

    fn markup(&self) -> Markup {
        let x = |place: usize| LEFT + 56.0 + place as f64 * WIDTH / MAX_MARKS as f64;
        html! {
            text class="label" x="0" y="12" { "at step" }
            @for (place, head) in self.heads.iter().enumerate() {
                text class="label" text-anchor="end" x=(x(place)) y="12" { (head) }
            }
            @for (row, (name, numbers)) in self.rows.iter().enumerate() {
                @let y = 32 + 20 * row;
                text class="label" x="0" y=(y) { (name) }
                @for (place, (number, at)) in numbers.iter().enumerate() {
                    @if !at.is_empty() {
                        text class="number" text-anchor="end" x=(x(place)) y=(y) data-at=(at) { (number) }
                    }
                }
            }
        }
    }
}

/// Which curve is which: each has a stroke of its own, so that colour is not needed.
fn legend(has_steps: bool, has_validations: bool, has_floor: bool) -> Markup {
    let curves = [
        ("loss", "loss of the batch", has_steps),
        ("nll", "nll of the batch", has_steps),
        ("floor", "floor of the loss", has_steps && has_floor),
        ("validated", "nll of a validation", has_validations),
    ];
    let shown = curves.into_iter().filter(|(.., shown)| *shown);
    html! {
        @for (at, (class, text, _)) in shown.enumerate() {
            @let x = LEFT + at as f64 * 186.0;
            path class={ "curve " (class) } d={ "M" (x) " 10H" (x + 26.0) } {}
            text class="note" x=(x + 32.0) y="14" { (text) }
        }
    }
}

fn caption(recording: &Recording, history: &History, floor: f64) -> String {
    let about = recording.about();
    let (Some((_, first)), Some((_, last))) = (history.steps.first(), history.steps.last()) else {
        let best = history.validations.iter().map(|(_, one)| one.nll).fold(f64::INFINITY, f64::min);
        return format!(
            "The negative log-likelihood of pairs that the model does not learn from, in nats per token; the lowest is {best:.2}, \
             a perplexity of {:.1}.",
            best.exp()
        );
    };
    let held_out = held_out(history);
    let floor = if floor > 0.0 {
        let (n, e) = (about.tgt_vocab_size, about.smoothing);
        let q = e / n.max(1) as f64;
        let p = 1.0 - e + q;
        format!(
            " It cannot fall below the entropy of its smoothed target: p = 1 − {e} + {e}/{n} = {p:.3} for the label, q = {e}/{n} \
             = {q:.3} for each of the other {}, and −p ln p − {} q ln q = {floor:.3}.",
            n.saturating_sub(1),
            n.saturating_sub(1),
        )
    } else {
        String::new()
    };
    format!(
        "In {} steps the loss of the batch fell from {:.2} to {:.2}, and its negative log-likelihood, the loss without smoothing, from \
         {:.2} to {:.2}.{floor}{held_out} Circles are told in numbers below; steps are counted from 1, and each loss is that before its step.",
        last.step, first.loss, last.loss, first.nll, last.nll
    )
}

/// What became of the pairs that are held out while the others were learned.
fn held_out(history: &History) -> String {
    let mut finite = history.validations.iter().map(|(_, one)| one).filter(|one| one.nll.is_finite());
    let lowest = finite.clone().min_by(|a, b| a.nll.total_cmp(&b.nll));
    let (Some(first), Some(last), Some(lowest)) = (finite.clone().next(), finite.next_back(), lowest) else {
        return String::new();
    };
    format!(
        " On the pairs that are held out, the negative log-likelihood went from {:.2} to {:.2}; it was lowest after step {}: {:.2}.",
        first.nll, last.nll, lowest.step, lowest.nll
    )
}

#[cfg(test)]
mod tests;
