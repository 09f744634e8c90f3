//! How far the gradient reaches, layer by layer, and what a step of the optimizer makes of it.

mod told;

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::look::Figure;
use crate::look::chart::plain;
use crate::look::matrix::Drawn;
use crate::look::text::cut;
use crate::recording::{Event, Norms, Pass, Recording, Step};

/// More rows than this are left out.
const MAX_ROWS: usize = 24;

/// Where the names end and the columns begin, from one column to the next, the longest bar, and from row to row.
const LEFT: f64 = 250.0;
const COLUMN: f64 = 205.0;
const BAR: f64 = 120.0;
const ROW: f64 = 22.0;

/// A number with its bar: where it stands in the recording, as attributes.
#[derive(Clone, Debug, Default)]
struct Number {
    value: f64,
    norm_of: Option<String>,
    at: Option<String>,
    over: Option<String>,
    path: Option<String>,
}

/// The norm of the gradient of each layer's parameters at the first and at the last step, and of the gradient of what comes
/// out of the layer in the last pass.
pub fn layers(recording: &Recording) -> Option<Figure> {
    let modules = modules(recording);
    let steps = steps(recording);
    let ends: Vec<&(usize, &Step)> =
        steps.first().into_iter().chain(steps.last().filter(|_| steps.len() > 1)).collect();
    let pass = recording.last_pass();
    let outs = |module: &str| pass.as_ref().and_then(|pass| out(pass, module));
    if ends.is_empty() && !modules.iter().any(|(module, _)| outs(module).is_some()) {
        return None;
    }
    let mut heads: Vec<String> =
        ends.iter().map(|(_, step)| format!("parameters, step {}", step.step)).collect();
    heads.push("what the layer gives, last pass".into());
    let row = |(module, parameters): &(String, Vec<usize>)| {
        let of_step = |(event, step): &&(usize, &Step)| {
            let squares = parameters.iter().map(|&at| step.norms[at].gradient.powi(2));
            let norm_of =
                parameters.iter().map(|at| format!("{event}.step.norms.{at}.gradient")).collect::<Vec<_>>();
            Some(Number {
                value: squares.sum::<f64>().sqrt(),
                norm_of: Some(norm_of.join(" ")),
                ..Number::default()
            })
        };
        (module.clone(), ends.iter().map(of_step).chain([outs(module)]).collect())
    };
    let rows: Vec<Row> =
        modules.iter().map(row).filter(|(_, numbers): &Row| numbers.iter().any(Option::is_some)).collect();
    let caption = layers_caption(&rows);
    Some(figure("gradient-norms", "How strong the gradient is, layer by layer", caption, &heads, rows))
}

type Row = (String, Vec<Option<Number>>);

/// What the last recorded step did to each parameter: its norm before, that of its gradient, that of what was added.
pub fn update(recording: &Recording) -> Option<Figure> {
    let (event, step) = steps(recording).pop()?;
    let parameters = &recording.about().parameters;
    let mut order: Vec<usize> = (0..parameters.len()).collect();
    let moved = |norms: &Norms| if norms.weight > 0.0 { norms.update / norms.weight } else { f64::INFINITY };
    order.sort_by(|&a, &b| moved(&step.norms[b]).total_cmp(&moved(&step.norms[a])));
    let row = |at: usize| {
        let norms = step.norms[at];
        let number = |field: &str, value: f64| Number {
            value,
            at: Some(format!("{event}.step.norms.{at}.{field}")),
            ..Number::default()
        };
        let ratio = Number {
            value: norms.update / norms.weight,
            over: Some(format!("{event}.step.norms.{at}.weight")),
            ..number("update", norms.update)
        };
        let numbers = [
            number("weight", norms.weight),
            number("gradient", norms.gradient),
            number("update", norms.update),
        ];
        let ratio = (norms.weight > 0.0).then_some(ratio);
        (parameters[at].name.clone(), numbers.map(Some).into_iter().chain([ratio]).collect())
    };
    let caption = told::caption(recording, step);
    let heads = ["weight, before", "gradient", "update: what was added", "update / weight"].map(String::from);
    let rows = order.into_iter().map(row).collect();
    Some(figure("step-of-adam", "What one step did to each parameter", caption, &heads, rows))
}

/// The steps whose norms were looked at, each with the number of its event.
fn steps(recording: &Recording) -> Vec<(usize, &Step)> {
    let count = recording.about().parameters.len();
    let whole = |(at, event): (usize, &'_ Event)| match event {
        Event::Step(step) if count > 0 && step.norms.len() == count => Some(at),
        _ => None,
    };
    let found = recording.events().iter().enumerate().filter_map(whole);
    found
        .filter_map(
            |at| if let Event::Step(step) = &recording.events()[at] { Some((at, step)) } else { None },
        )
        .collect()
}

/// The layers, and what else has parameters, in the order of the model, each with the places of its parameters.
fn modules(recording: &Recording) -> Vec<(String, Vec<usize>)> {
    let mut modules: Vec<(String, Vec<usize>)> = Vec::new();
    let mut places = BTreeMap::new();
    for (at, parameter) in recording.about().parameters.iter().enumerate() {
        let module = module(&parameter.name);
        let place = *places.entry(module.clone()).or_insert(modules.len());
        if place == modules.len() {
            modules.push((module, Vec::new()));
        }
        modules[place].1.push(at);
    }
    modules
}

/// The layer that a parameter is of, or what it is a part of: `encoder.layers.0`, `src_embed`.
fn module(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let kept = match parts.iter().position(|part| *part == "layers") {
        Some(at) => at + 2,
        None => parts.len().saturating_sub(1).max(1),
    };
    parts[..kept.min(parts.len())].join(".")
}

/// The norm of the gradient at what comes out of a layer.
fn out(pass: &Pass, module: &str) -> Option<Number> {
    let path = format!("{module}.out");
    let gradient = pass.gradient(&path)?;
    let value = gradient.data.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
    Some(Number { value, path: Some(path), ..Number::default() })
}

fn layers_caption(rows: &[Row]) -> String {
    let layers =
        |stack: &str| rows.iter().filter(move |(name, _)| name.starts_with(stack)).collect::<Vec<_>>();
    let told = ["encoder.layers.", "decoder.layers."].iter().filter_map(|stack| {
        let layers = layers(stack);
        let value = |row: &Row| row.1.first()?.as_ref().map(|number| plain(number.value));
        let (first, last) = (layers.first()?, layers.last()?);
        Some(format!(" {} {} and {} {}", first.0, value(first)?, last.0, value(last)?))
    });
    let told: Vec<String> = told.collect();
    let told =
        if told.is_empty() { String::new() } else { format!(" In the first column:{}.", told.join(",")) };
    format!(
        "On the way back every layer hands on a gradient; residual connections let it pass, so that the lowest layers still learn. \
         A number is the norm of a gradient, the square root of its sum of squares: that of all parameters of a layer in a step of \
         training, and that of what the layer gives. Each column has a scale of its own.{told}"
    )
}

/// Names with columns of bars and numbers, as many as are shown.
fn figure(id: &'static str, title: &str, caption: String, heads: &[String], rows: Vec<Row>) -> Figure {
    let left_out = rows.len().saturating_sub(MAX_ROWS);
    let shown = &rows[..rows.len() - left_out];
    let largest = |column: usize| {
        let all = shown.iter().filter_map(|(_, numbers)| numbers[column].as_ref()).map(|number| number.value);
        all.filter(|value| value.is_finite()).fold(f64::MIN_POSITIVE, f64::max)
    };
    let scales: Vec<f64> = (0..heads.len()).map(largest).collect();
    let bottom = 30.0 + ROW * shown.len() as f64;
    let x = |column: usize| LEFT + COLUMN * column as f64;
    let (width, height) =
        (LEFT + COLUMN * heads.len() as f64, bottom + if left_out > 0 { 24.0 } else { 4.0 });
    let drawing = html! {
        @for (column, head) in heads.iter().enumerate() { text class="label" x=(x(column)) y="14" { (head) } }
        @for (row, (name, numbers)) in shown.iter().enumerate() {
            @let y = 30.0 + ROW * row as f64;
            text class="label beside" x=(LEFT - 10.0) y=(y + 12.0) { (cut(name, LEFT - 10.0)) }
            @for (column, number) in numbers.iter().enumerate() {
                @match number {
                    Some(number) => (bar(number, scales[column], x(column), y)),
                    None => { text class="label" x=(x(column)) y=(y + 12.0) { "–" } }
                }
            }
        }
        @if left_out > 0 { text class="label" x="0" y=(bottom + 14.0) { "… " (left_out) " more, which changed less" } }
    };
    Figure::new(id, title, caption, Drawn::whole(drawing, width, height), Vec::new())
}

fn bar(number: &Number, largest: f64, x: f64, y: f64) -> Markup {
    let width = BAR * (number.value / largest).clamp(0.0, 1.0);
    let width = if width.is_finite() { width } else { 0.0 };
    html! {
        rect class="norm-bar" x=(x) y=(y + 1.0) width=(format!("{width:.1}")) height="14" {}
        text class="number" x=(format!("{:.1}", x + width + 6.0)) y=(y + 12.0)
            data-at=[&number.at] data-over=[&number.over] data-norm-of=[&number.norm_of] data-norm-of-gradient=[&number.path] { (plain(number.value)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{About, Parameter};
    use crate::testing::{checked_events, toy};

    #[test]
    fn the_numbers_are_those_of_the_recording() {
        let drawing = layers(toy()).unwrap().drawing.into_string();
        assert_eq!(
            checked_events(toy(), &drawing),
            2 * 7,
            "two stacks of two layers, two embeddings, the projection"
        );
        let pass = toy().last_pass().unwrap();
        for layer in ["encoder.layers.0", "encoder.layers.1", "decoder.layers.0", "decoder.layers.1"] {
            let shown =
                format!("data-norm-of-gradient=\"{layer}.out\">{}<", plain(out(&pass, layer).unwrap().value));
            assert!(drawing.contains(&shown), "{shown} is not in {drawing}");
        }
        let figure = update(toy()).unwrap();
        assert_eq!(checked_events(toy(), &figure.drawing.into_string()), 4 * MAX_ROWS);
        assert!(
            figure.width <= 1080.0 && figure.caption.first().contains("Step 64"),
            "{}",
            figure.caption.first()
        );
    }

    #[test]
    fn parameters_belong_to_their_layers() {
        let names =
            ["decoder.layers.11.cross_attn.q_proj.weight", "encoder.embedding.weight", "bias", "layers.3"];
        assert_eq!(names.map(module), ["decoder.layers.11", "encoder.embedding", "bias", "layers.3"]);
    }

    #[test]
    fn any_step_is_drawn_or_is_not() {
        let parameter = |name: &str| Parameter { name: name.into(), shape: vec![2, 3] };
        let about =
            About { parameters: vec![parameter("a.weight"), parameter("b.weight")], ..About::default() };
        let mut recording = Recording::new(about);
        assert!(layers(&recording).is_none() && update(&recording).is_none());
        for norms in [vec![], vec![Norms { gradient: 0.0, weight: 0.0, update: 0.0 }; 2]] {
            let step = Step { step: 1, loss: 1.0, nll: 1.0, learning_rate: 1e-3, norms, ..Step::default() };
            recording.push(Event::Step(step));
        }
        let drawings =
            [layers(&recording), update(&recording)].map(|figure| figure.unwrap().drawing.into_string());
        assert!(drawings.iter().all(|drawing| !drawing.contains("NaN\"")), "{drawings:?}");
        assert_eq!(checked_events(&recording, &drawings[1]), 2 * 3, "no ratio to a weight of nothing");
    }
}
