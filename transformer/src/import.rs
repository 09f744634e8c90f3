//! Models trained in PyTorch: the state dict of a model around `nn.Transformer`, saved as safetensors.
//!
//! In Python, with a model that holds an `nn.Transformer` between two embeddings and a projection:
//!
//! ```python
//! import torch
//! from safetensors.torch import save_model
//! model = Translator(...)            # its training, or model.load_state_dict(torch.load("translator.pt"))
//! save_model(model, "translator.safetensors") # tied tensors once; save_file refuses them
//! model.eval()
//! print(model(torch.tensor([[3, 5, 7, 4]]), torch.tensor([[1, 4, 3, 5, 6]]))) # to compare, see below
//! ```
//!
//! and here, with the same sizes:
//!
//! ```
//! use tensor::DType;
//! use transformer::import::{StateDictNames, load_state_dict};
//! use transformer::{Config, NormPlacement, Transformer, VocabSizes};
//!
//! let path = "translator.safetensors";
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/pytorch_model.safetensors");
//! let config = Config::base(VocabSizes::Separate { src: 9, tgt: 7 }).with(|model| {
//!     (model.d_model, model.d_ff, model.n_heads) = (8, 12, 2);
//!     (model.n_encoder_layers, model.n_decoder_layers) = (2, 2);
//!     model.norm = NormPlacement::PostFinal; // nn.Transformer's; `Pre` after norm_first=True
//!     model.attention_bias = true;
//!     model.projection_bias = true;          // false after nn.Linear(.., bias=False)
//! });
//! let model = Transformer::without_params(&config)?;
//! let names = StateDictNames {
//!     projection: "projection".into(), // the attribute that holds the nn.Linear; this is the default
//!     ..StateDictNames::default()
//! };
//! let names = names.under("model"); // the file has model.projection.weight
//! let params = load_state_dict(path, &names, model.layout(), DType::F32)?;
//!
//! // Is it the same model? Its logits for a pair, beside those that Python printed:
//! use nn::Context;
//! use transformer::{Batch, Pair};
//! let pair = Pair { src: vec![3, 5, 7, 4], tgt: vec![4, 3, 5, 6, 2] };
//! let batch = Batch::new([&pair], config.decoder_start, 0)?; // the decoder reads 1, 4, 3, 5, 6
//! let logits = model.forward(&Context::inference(&params), &batch)?; // [1, tgt_len, tgt_vocab_size]
//! let first_row = [-1.455931, 0.607044, 0.395231, 1.890821, 0.399503, 1.082292, 0.767863]; // PyTorch's
//! for (word, expected) in first_row.into_iter().enumerate() {
//!     assert!((logits.value().at(&[0, 0, word]) - expected).abs() < 1e-4);
//! }
//! # Ok::<(), transformer::Error>(())
//! ```
//!
//! [`NAMES`] is the whole translation. What the state dict does not say must be said by the configuration;
//! where it says something else than Python, the file loads and the model computes something else:
//!
//! - `n_heads`, `activation`, `norm_eps`, and where the norms stand: `Pre` and `PostFinal` have tensors of
//!   the same names and shapes, so that a state dict of either loads into the other.
//! - `decoder_start` and `eos_id`, the ids of `<bos>` and `<eos>`: 1 and 2, unless you set them or take
//!   them with [`Config::with_symbols`](crate::config::Config::with_symbols).
//! - `positions`, which are added to the embeddings. If they are an `nn.Embedding`, set
//!   [`Positions::Learned`](crate::config::Positions::Learned) and `max_len` to its number of rows, and
//!   name it in [`StateDictNames`]. A table that serves both sides in Python is named twice and becomes two
//!   parameters here: equal once loaded, but training would part them.
//! - The model here multiplies embeddings by sqrt(d_model) (Vaswani et al. 2017, §3.4). If the Python model
//!   does not, divide its embeddings by sqrt(d_model) before saving them; if one is tied to the projection,
//!   divide a copy, for the projection stays as it is, and set `TieEmbeddings::Separate`.
//!
//! `batch_first` does not matter: it orders the axes of inputs, and no tensor of the state dict depends on
//! it. Half precision and bfloat16 are read as f32, other dtypes are refused, but for tensors in
//! [`StateDictNames::ignored`]: a counter of steps, say, or a mask.

mod names;
mod problems;

use std::path::Path;
use std::sync::Arc;

use nn::checkpoint::{self, Listed};
use nn::{Layout, NamedTensors, Params};
use tensor::{DType, Shape, Tensor};

use crate::error::Error;
use problems::{left_over, missing, sizes, torch_save, unfit};

pub use names::{NAMES, Part, StateDictNames};

/// The parameters of a model, from a safetensors file of f32, f64, f16 or bf16 tensors, rounded or widened to `dtype`.
/// `layout` is the model's: [`Transformer::layout`](crate::model::Transformer::layout).
///
/// # Errors
/// [`Error::Nn`] if the file cannot be read, is damaged, is one of `torch.save`, or holds another dtype in a tensor that is
/// not among `names.ignored`;
/// [`Error::Import`] as [`translate_state_dict`].
pub fn load_state_dict(
    path: impl AsRef<Path>,
    names: &StateDictNames,
    layout: &Arc<Layout>,
    dtype: DType,
) -> Result<Params, Error> {
    let path = path.as_ref();
    if let Some(problem) = torch_save(path) {
        return Err(nn::Error::NotSafetensors { path: path.into(), problem }.into());
    }
    let (checkpoint::Checkpoint { tensors: state_dict, .. }, listed) = checkpoint::load_any(path)?;
    for Listed { name, problem, .. } in
        listed.into_iter().filter(|listed| !names.ignored.contains(&listed.name))
    {
        if let Some(problem) = problem {
            let problem = format!(
                "{problem}, or name it in `StateDictNames::ignored` if the model computes without it"
            );
            return Err(nn::Error::UnsupportedTensor { path: path.into(), name, problem }.into());
        }
    }
    let translated = translate_state_dict(&state_dict, names, layout, dtype)?;
    Ok(Params::from_named(layout, &translated, dtype)?)
}

/// The tensors of a state dict (or gradients with the same names) under the names of `layout`, in `dtype`.
///
/// Where `layout` has one matrix for several of PyTorch's, the state dict may hold any of them, since
/// safetensors saves tied tensors once; those it holds must be the same to the bit.
///
/// # Errors
/// [`Error::Import`] if a tensor that `layout` needs is missing or has another shape, if it has a number that is
/// not finite or too large for `dtype`, if tied ones differ, or if a tensor is left over that is not among
/// `names.ignored`.
pub fn translate_state_dict(
    state_dict: &NamedTensors,
    names: &StateDictNames,
    layout: &Layout,
    dtype: DType,
) -> Result<NamedTensors, Error> {
    let mut translated = NamedTensors::new(state_dict.origin());
    let mut asked: Vec<String> = Vec::new();
    for (_, name, shape) in layout.iter() {
        let (candidates, part) = names.pytorch(name, layout);
        let wanted = Wanted { name, shape, dtype, candidates: &candidates, part };
        let tensor = find(state_dict, names, wanted)
            .map_err(|(tensor, problem)| problem_in(state_dict, tensor, problem))?;
        translated.insert(name, tensor.to_dtype(dtype));
        asked.extend(candidates);
    }
    let known = asked.iter().chain(&names.ignored);
    match state_dict.iter().find(|(name, _)| !known.clone().any(|known| known == name)) {
        Some((name, tensor)) => {
            Err(problem_in(state_dict, name.into(), left_over(names, name, tensor.shape(), &asked)))
        }
        None => Ok(translated),
    }
}

/// A parameter, and where it may come from.
struct Wanted<'a> {
    name: &'a str,
    shape: Shape,
    dtype: DType,
    /// The tensors of PyTorch of which any will do.
    candidates: &'a [String],
    /// Which part of them it is.
    part: Part,
}

/// What is wanted; or the name of PyTorch's that is to blame, and why.
fn find(
    state_dict: &NamedTensors,
    names: &StateDictNames,
    wanted: Wanted,
) -> Result<Tensor, (String, String)> {
    let Wanted { name: ours, shape: needed, dtype, candidates, part } = wanted;
    let expected = whole_shape(needed, part);
    let mut found: Option<(&String, &Tensor)> = None;
    for name in candidates {
        let Some(tensor) = state_dict.get(name) else { continue };
        let shape = tensor.shape();
        if shape != expected {
            let sizes = sizes(ours);
            let problem = format!("has shape {shape}, the model needs {expected}; compare {sizes}");
            return Err((name.clone(), problem));
        }
        if let Some(problem) = unfit(tensor, dtype) {
            return Err((name.clone(), problem));
        }
        match found {
            Some((first, value)) if bits(value) != bits(tensor) => {
                let ties = "but the configuration ties them; choose another `tie_embeddings`";
                return Err((name.clone(), format!("differs from `{first}`, {ties}")));
            }
            Some(_) => {}
            None => found = Some((name, tensor)),
        }
    }
    match (found, part) {
        (Some((_, tensor)), Part::Whole) => Ok(tensor.clone()),
        (Some((_, tensor)), Part::Third(i)) => {
            let n = needed[0];
            let rows = tensor.slice(0, i * n..(i + 1) * n);
            Ok(Tensor::concatenate(&[&rows], 0)) // a copy, or each third would keep all three in memory
        }
        (None, _) => Err((candidates[0].clone(), missing(state_dict, names, &candidates[0], expected))),
    }
}

fn bits(tensor: &Tensor) -> Vec<u64> {
    tensor.to_f64_vec().into_iter().map(f64::to_bits).collect()
}

/// The shape of PyTorch's tensor, of which `shape` is a part.
fn whole_shape(mut shape: Shape, part: Part) -> Shape {
    if let Part::Third(_) = part {
        shape[0] *= 3;
    }
    shape
}

fn problem_in(state_dict: &NamedTensors, tensor: String, problem: String) -> Error {
    Error::Import { origin: state_dict.origin().into(), tensor, problem }
}

#[cfg(test)]
mod tests;
