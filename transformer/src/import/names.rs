//! What PyTorch calls our parameters.

use nn::Layout;

/// Which part of PyTorch's tensor a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// This third of its rows, counted from 0: PyTorch keeps the matrices of query, key and value one upon
    /// the other.
    Third(usize),
}

/// For each parameter of a layer, and of the norm on top of a stack: its name here, its name in PyTorch, and
/// which part of PyTorch's tensor it is. What comes before, such as `encoder.layers.0.`, is the same.
pub const NAMES: [(&str, &str, Part); 28] = [
    ("self_attn.q_proj.weight", "self_attn.in_proj_weight", Part::Third(0)),
    ("self_attn.k_proj.weight", "self_attn.in_proj_weight", Part::Third(1)),
    ("self_attn.v_proj.weight", "self_attn.in_proj_weight", Part::Third(2)),
    ("self_attn.q_proj.bias", "self_attn.in_proj_bias", Part::Third(0)),
    ("self_attn.k_proj.bias", "self_attn.in_proj_bias", Part::Third(1)),
    ("self_attn.v_proj.bias", "self_attn.in_proj_bias", Part::Third(2)),
    ("self_attn.out_proj.weight", "self_attn.out_proj.weight", Part::Whole),
    ("self_attn.out_proj.bias", "self_attn.out_proj.bias", Part::Whole),
    ("cross_attn.q_proj.weight", "multihead_attn.in_proj_weight", Part::Third(0)),
    ("cross_attn.k_proj.weight", "multihead_attn.in_proj_weight", Part::Third(1)),
    ("cross_attn.v_proj.weight", "multihead_attn.in_proj_weight", Part::Third(2)),
    ("cross_attn.q_proj.bias", "multihead_attn.in_proj_bias", Part::Third(0)),
    ("cross_attn.k_proj.bias", "multihead_attn.in_proj_bias", Part::Third(1)),
    ("cross_attn.v_proj.bias", "multihead_attn.in_proj_bias", Part::Third(2)),
    ("cross_attn.out_proj.weight", "multihead_attn.out_proj.weight", Part::Whole),
    ("cross_attn.out_proj.bias", "multihead_attn.out_proj.bias", Part::Whole),
    ("linear1.weight", "linear1.weight", Part::Whole),
    ("linear1.bias", "linear1.bias", Part::Whole),
    ("linear2.weight", "linear2.weight", Part::Whole),
    ("linear2.bias", "linear2.bias", Part::Whole),
    ("norm1.weight", "norm1.weight", Part::Whole),
    ("norm1.bias", "norm1.bias", Part::Whole),
    ("norm2.weight", "norm2.weight", Part::Whole),
    ("norm2.bias", "norm2.bias", Part::Whole),
    ("norm3.weight", "norm3.weight", Part::Whole),
    ("norm3.bias", "norm3.bias", Part::Whole),
    ("norm.weight", "norm.weight", Part::Whole),
    ("norm.bias", "norm.bias", Part::Whole),
];

/// What the Python model calls its modules: the names of its attributes, with dots where they are nested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDictNames {
    /// The `nn.Transformer`; empty if it is the model itself.
    pub transformer: String,
    /// The `nn.Embedding` of the source.
    pub src_embedding: String,
    /// The `nn.Embedding` of the target.
    pub tgt_embedding: String,
    /// The `nn.Linear` from vectors to words.
    pub projection: String,
    /// The `nn.Embedding` of the source's positions, if they are learned (`Positions::Learned`); it may be the
    /// target's too.
    pub src_positions: String,
    /// The `nn.Embedding` of the target's positions, if they are learned.
    pub tgt_positions: String,
    /// Tensors that are not needed, by their full names: a buffer with a table of sinusoids, for example.
    pub ignored: Vec<String>,
}

impl Default for StateDictNames {
    /// `transformer`, and the others by the names of the fields; nothing ignored.
    fn default() -> Self {
        StateDictNames {
            transformer: "transformer".into(),
            src_embedding: "src_embedding".into(),
            tgt_embedding: "tgt_embedding".into(),
            projection: "projection".into(),
            src_positions: "src_positions".into(),
            tgt_positions: "tgt_positions".into(),
            ignored: Vec::new(),
        }
    }
}

impl StateDictNames {
    /// The same in a model that is itself an attribute of another: `model`, or `module` after
    /// `nn.DataParallel`.
    pub fn under(self, module: &str) -> Self {
        let under = |name: String| join(module, &name);
        StateDictNames {
            transformer: under(self.transformer),
            src_embedding: under(self.src_embedding),
            tgt_embedding: under(self.tgt_embedding),
            projection: under(self.projection),
            src_positions: under(self.src_positions),
            tgt_positions: under(self.tgt_positions),
            ignored: self.ignored.into_iter().map(under).collect(),
        }
    }

    /// The tensors of PyTorch that the parameter `name` of `layout` may come from, the first that is there
    /// being as good as any, and which part it is.
    pub(super) fn pytorch(&self, name: &str, layout: &Layout) -> (Vec<String>, Part) {
        let Self { src_embedding, tgt_embedding, projection, .. } = self;
        let own_projection = layout.id("projection.weight").is_some();
        let modules = match name {
            "embedding.weight" => vec![src_embedding, tgt_embedding, projection],
            "encoder.embedding.weight" => vec![src_embedding],
            "decoder.embedding.weight" if own_projection => vec![tgt_embedding],
            "decoder.embedding.weight" => vec![tgt_embedding, projection],
            "projection.weight" | "projection.bias" => vec![projection],
            "encoder.positions.weight" => vec![&self.src_positions],
            "decoder.positions.weight" => vec![&self.tgt_positions],
            _ => {
                let (in_transformer, part) = in_transformer(name);
                return (vec![join(&self.transformer, &in_transformer)], part);
            }
        };
        let tensor = name.rsplit('.').next().unwrap_or(name); // weight or bias
        (modules.into_iter().map(|module| join(module, tensor)).collect(), Part::Whole)
    }
}

/// What a parameter of the stacks is called inside `nn.Transformer`, and which part it is.
fn in_transformer(name: &str) -> (String, Part) {
    let translated = NAMES.iter().find_map(|&(ours, pytorch, part)| {
        let prefix = name.strip_suffix(ours)?;
        prefix.ends_with('.').then(|| (format!("{prefix}{pytorch}"), part))
    });
    translated.unwrap_or_else(|| (name.to_string(), Part::Whole))
}

/// A name inside a module; either may be empty.
pub(super) fn join(module: &str, name: &str) -> String {
    let dot = if module.is_empty() || name.is_empty() { "" } else { "." };
    format!("{module}{dot}{name}")
}
