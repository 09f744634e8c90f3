//! The parameters of a model, gathered by what they belong to.

use transformer::{Architecture, NormPlacement, Positions};

use crate::recording::{About, Parameter};

/// The most layers that are shown one by one.
const MAX_LAYERS: usize = 3;

/// What the decoder's attention to the encoder is called.
pub(super) const CROSS: &str = "cross-attention";

/// A part of the model: a layer, or what stands before or after them.
pub(super) struct Block {
    pub title: String,
    pub is_encoder: bool,
    /// From the top down; what happens goes up.
    pub lines: Vec<Line>,
    pub count: usize,
    /// Past which lines a residual connection leads: from below the first to the second, which is above it.
    pub residuals: Vec<(usize, usize)>,
}

/// A part of a block: its name, the shapes of its parameters, how many numbers these have.
pub(super) struct Line {
    pub name: String,
    pub shapes: String,
    pub count: usize,
}

/// The blocks of a stack, from the bottom up.
pub(super) fn blocks(about: &About, stack: &str) -> Vec<Block> {
    let is_encoder = stack == "encoder";
    let of = |parameters: Vec<&Parameter>, skip: usize, title: String| {
        let lines = lines(&parameters, skip);
        let count = lines.iter().map(|line| line.count).sum();
        Block { title, is_encoder, count, lines, residuals: Vec::new() }
    };
    let belongs = |prefix: String| {
        about.parameters.iter().filter(move |one| one.name.starts_with(&prefix)).collect::<Vec<_>>()
    };
    let (early, late): (Vec<&Parameter>, Vec<&Parameter>) = belongs(format!("{stack}."))
        .into_iter()
        .filter(|one| !one.name.starts_with(&format!("{stack}.layers.")))
        .partition(|one| !one.name.contains("norm"));
    let shared = about.parameters.iter().filter(|one| one.name == "embedding.weight");
    let mut first =
        of(shared.chain(early).collect(), 0, format!("{stack}: {} to vectors", about.unit().many));
    if let Some(shapes) = places(&about.architecture) {
        first.lines.push(Line { name: "positions".into(), shapes: shapes.into(), count: 0 });
    }
    first.lines.reverse();
    let n_layers = layers(about, stack);
    let mut all = vec![first];
    all.extend(shown(n_layers).into_iter().map(|(at, title)| {
        let prefix = format!("{stack}.layers.{at}.");
        layer(of(belongs(prefix), 3, format!("{stack} {title}")), &about.architecture)
    }));
    if !late.is_empty() {
        all.push(of(late, 0, format!("{stack}: last norm")));
    }
    if !is_encoder {
        let projection: Vec<&Parameter> = belongs("projection.".into());
        let tied = projection.iter().all(|one| one.name != "projection.weight");
        let mut last = of(projection, 0, format!("projection: vectors to {}", about.unit().many));
        if tied {
            last.lines
                .insert(0, Line { name: "embedding".into(), shapes: "the table again".into(), count: 0 });
        }
        all.push(last);
    }
    all
}

/// What is said of positions that are no parameters.
fn places(architecture: &Architecture) -> Option<&'static str> {
    match architecture.positions {
        Positions::Sinusoidal | Positions::SinusoidalConcatenated => Some("no parameters: computed"),
        Positions::None => Some("none"),
        Positions::Learned => None,
    }
}

/// A layer with its parts in the order in which they are gone through, and in words.
fn layer(block: Block, architecture: &Architecture) -> Block {
    let is_pre = architecture.norm == NormPlacement::Pre;
    let (norms, parts): (Vec<Line>, Vec<Line>) =
        block.lines.into_iter().partition(|line| line.name.starts_with("norm"));
    let is_masked = !block.is_encoder && architecture.causal_mask;
    let (mut upwards, mut residuals) = (Vec::new(), Vec::new());
    for (part, norm) in sublayers(parts, is_masked).into_iter().zip(norms) {
        let first = upwards.len();
        if is_pre {
            upwards.push(Line { name: "normalize".into(), ..norm });
            upwards.push(part);
            upwards.push(Line { name: "add".into(), shapes: String::new(), count: 0 });
        } else {
            upwards.push(part);
            upwards.push(Line { name: "add & normalize".into(), ..norm });
        }
        residuals.push((first, upwards.len() - 1));
    }
    let last = upwards.len().saturating_sub(1);
    let residuals = residuals.into_iter().map(|(from, to)| (last - from, last - to)).collect();
    upwards.reverse();
    Block { lines: upwards, residuals, ..block }
}

/// The sublayers in words; the two matrices of the feed-forward are one.
fn sublayers(parts: Vec<Line>, is_masked: bool) -> Vec<Line> {
    let mut all: Vec<Line> = Vec::new();
    for part in parts {
        match (part.name.as_str(), all.last_mut()) {
            ("self_attn", _) if is_masked => all.push(Line { name: "masked self-att.".into(), ..part }),
            ("self_attn", _) => all.push(Line { name: "self-attention".into(), ..part }),
            ("cross_attn", _) => all.push(Line { name: CROSS.into(), ..part }),
            ("linear2", Some(first)) => {
                let weight = |shapes: &str| shapes.split(" + ").next().unwrap_or_default().to_owned();
                let biases = if first.shapes.contains(" + ") { " + biases" } else { "" };
                first.shapes = format!("{}, {}{biases}", weight(&first.shapes), weight(&part.shapes));
                first.count += part.count;
            }
            _ => all.push(Line { name: "feed-forward".into(), ..part }),
        }
    }
    all
}

fn layers(about: &About, stack: &str) -> usize {
    let architecture = &about.architecture;
    if stack == "encoder" { architecture.n_encoder_layers } else { architecture.n_decoder_layers }
}

/// Which layers are shown, and what they are called; many alike are one block.
fn shown(n_layers: usize) -> Vec<(usize, String)> {
    let one = |at: usize| (at, format!("layer {at}"));
    if n_layers <= MAX_LAYERS {
        return (0..n_layers).map(one).collect();
    }
    let (last, count) = (n_layers - 1, n_layers - 2);
    vec![one(0), (1, format!("layers 1 to {count}, {count} alike: each has")), one(last)]
}

/// Parameters by the name that follows so many parts of their paths.
fn lines(parameters: &[&Parameter], skip: usize) -> Vec<Line> {
    let mut lines: Vec<(String, Vec<&Parameter>)> = Vec::new();
    for parameter in parameters {
        let parts: Vec<&str> = parameter.name.split('.').skip(skip).collect();
        let name = match parts.as_slice() {
            ["encoder" | "decoder", name, ..] | [name, ..] => (*name).to_owned(),
            [] => parameter.name.clone(),
        };
        match lines.iter_mut().find(|(other, _)| *other == name) {
            Some((_, all)) => all.push(parameter),
            None => lines.push((name, vec![parameter])),
        }
    }
    lines.into_iter().map(line).collect()
}

fn line((name, parameters): (String, Vec<&Parameter>)) -> Line {
    let mut shapes: Vec<(String, usize)> = Vec::new();
    for parameter in &parameters {
        let sides: Vec<String> = parameter.shape.iter().map(usize::to_string).collect();
        let shape = format!("[{}]", sides.join(", "));
        match shapes.iter_mut().find(|(other, _)| *other == shape) {
            Some((_, count)) => *count += 1,
            None => shapes.push((shape, 1)),
        }
    }
    let times = |(shape, count): &(String, usize)| {
        if *count > 1 { format!("{count} × {shape}") } else { shape.clone() }
    };
    let shapes = shapes.iter().map(times).collect::<Vec<String>>().join(" + ");
    Line { name, shapes, count: parameters.iter().map(|one| one.count()).sum() }
}
