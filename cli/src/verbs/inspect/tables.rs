//! Tables and lines of plain text.

use nn::NamedTensors;
use nn::checkpoint::Listed;

use crate::console::shown;
use crate::model::part;
use crate::recipe::ValidationMetric;
use translate::Validated;

/// Where lists are broken.
const WIDTH: usize = 90;
/// Most validations in a table, the best apart.
const VALIDATIONS: usize = 12;
/// Most bars in a row.
const BARS: usize = 60;

/// Labels and what they stand for, side by side; what has several lines is indented.
pub(super) fn rows(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0) + 2;
    let indent = format!("\n{:width$}", "");
    rows.iter().map(|(label, value)| format!("{label:width$}{}\n", value.replace('\n', &indent))).collect()
}

/// A list in lines of a readable width.
pub(super) fn wrapped(items: &[String], separator: &str) -> String {
    let (mut text, mut width) = (String::new(), 0);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            text += separator;
            width += separator.len();
        }
        if width > 0 && width + item.chars().count() > WIDTH {
            text.truncate(text.trim_end_matches(' ').len());
            text += "\n";
            width = 0;
        }
        text += item;
        width += item.chars().count();
    }
    text
}

/// `1234567` -> `1,234,567`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many parameters each part of a model has.
pub(super) fn parts(tensors: &NamedTensors) -> String {
    let mut parts: Vec<(&str, usize)> = Vec::new();
    for (name, tensor) in tensors.iter() {
        match parts.last_mut().filter(|(last, _)| *last == part(name)) {
            Some((_, numel)) => *numel += tensor.numel(),
            None => parts.push((part(name), tensor.numel())),
        }
    }
    let total: usize = parts.iter().map(|(_, numel)| numel).sum();
    let width = parts.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max("total".len());
    let row = |name: &str, numel: usize| {
        let share = 100.0 * numel as f64 / total.max(1) as f64;
        format!("{name:width$}  {:>12}  {share:>5.1} %\n", grouped(numel))
    };
    let heading = format!("{:width$}  {:>12}  {:>7}\n", "part", "parameters", "share");
    let body: String = parts.iter().map(|&(name, numel)| row(name, numel)).collect();
    heading + &body + &row("total", total)
}

/// Every tensor with its shape.
pub(super) fn tensors(tensors: &[Listed]) -> String {
    let longest =
        |texts: &mut dyn Iterator<Item = String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let name_width = longest(&mut tensors.iter().map(|tensor| shown(&tensor.name))).max(6);
    let dtype_width = longest(&mut tensors.iter().map(|tensor| tensor.dtype.clone())).max(5);
    let shape_width = longest(&mut tensors.iter().map(|tensor| format!("{:?}", tensor.shape))).max(16);
    let row = |name: &str, shape: &str, dtype: &str, numel: &str| {
        format!("{name:name_width$}  {shape:>shape_width$}  {dtype:>dtype_width$}  {numel:>12}\n")
    };
    let mut text = row("tensor", "shape", "dtype", "numbers");
    let mut total = 0;
    for Listed { name, dtype, shape, .. } in tensors {
        let numel = if shape.contains(&0) { 0 } else { shape.iter().product() };
        total += numel;
        text += &row(&shown(name), &format!("{shape:?}"), &dtype.to_lowercase(), &grouped(numel));
    }
    text + &row("total", "", "", &grouped(total))
}

/// The validations of a run, or some of them, and a curve of them all.
pub(super) fn history(history: &[Validated], metric: ValidationMetric) -> String {
    let best = best(history, metric);
    let mut places = spread(history.len(), VALIDATIONS);
    places.extend(best);
    places.sort_unstable();
    places.dedup();
    let mut text = format!("{:>10}  {:>8}  {:>10}  {:>6}\n", "validation", "nll", "perplexity", "BLEU");
    for &place in &places {
        let Validated { step, nll, bleu } = history[place];
        let (perplexity, bleu) =
            (history[place].perplexity(), bleu.map_or("-".into(), |bleu| format!("{bleu:.2}")));
        let mark = if Some(place) == best { "  best" } else { "" };
        text += &format!("{step:>10}  {nll:>8.4}  {perplexity:>10.3}  {bleu:>6}{mark}\n");
    }
    if places.len() < history.len() {
        text += &format!("({} of {} validations)\n", places.len(), history.len());
    }
    let curve: Vec<f64> = spread(history.len(), BARS).into_iter().map(|place| history[place].nll).collect();
    text + &format!("{:>10}  {}\n", "nll", sparkline(&curve))
}

/// A validation in a line.
pub(super) fn validated(validated: &Validated) -> String {
    let bleu = validated.bleu.map_or(String::new(), |bleu| format!(", BLEU {bleu:.2}"));
    format!("step {}, perplexity {:.3}{bleu}", validated.step, validated.perplexity())
}

/// The place of the best validation, as the run chose it.
pub(super) fn best(history: &[Validated], metric: ValidationMetric) -> Option<usize> {
    let better = |best: Option<usize>, new: usize| {
        let is_better = metric.prefers(&history[new], best.map(|best| &history[best]));
        if is_better { Some(new) } else { best }
    };
    (0..history.len()).fold(None, better)
}

/// At most `most` of the numbers below `count`, evenly spread, the first and the last among them.
pub(super) fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        (0..count).collect()
    } else {
        (0..most).map(|i| i * (count - 1) / (most - 1)).collect()
    }
}

/// Each value as a bar between the least and the greatest; `?` if it is not finite.
pub(super) fn sparkline(values: &[f64]) -> String {
    let finite = || values.iter().copied().filter(|x| x.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let height = |x: f64| ((x - low) / (high - low).max(f64::MIN_POSITIVE) * 7.0).round() as usize;
    let bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    values.iter().map(|&x| if x.is_finite() { bars[height(x).min(7)] } else { '?' }).collect()
}
