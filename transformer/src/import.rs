//! Models trained in PyTorch: the state dict of a model around `nn.Transformer`, saved as safetensors.
//!
//! In Python, with a model that holds an `nn.Transformer` between two embeddings and a projection:
//!
//! ```python
//! from safetensors.torch import save_file
//! model = Translator(...)            # its training, or model.load_state_dict(torch.load("translator.pt"))
//! save_file(model.state_dict(), "translator.safetensors")
//! ```
//!
//! and here, with the same sizes:
//!
//! ```
//! use tensor::{DType, Seed};
//! use transformer::import::{StateDictNames, load_state_dict};
//! use transformer::{Config, NormPlacement, Transformer, VocabSizes};
//!
//! let path = "translator.safetensors";
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/pytorch_model.safetensors");
//! let config = Config {
//!     d_model: 8,
//!     d_ff: 12,
//!     n_heads: 2,
//!     n_encoder_layers: 2,
//!     n_decoder_layers: 2,
//!     norm: NormPlacement::PostFinal, // nn.Transformer's; `Pre` after norm_first=True
//!     attention_bias: true,
//!     projection_bias: true,          // false after nn.Linear(.., bias=False)
//!     ..Config::base(VocabSizes::Separate { src: 9, tgt: 7 })
//! };
//! let (model, mut params) = Transformer::new(&config, Seed::new(1), DType::F32)?;
//! let names = StateDictNames {
//!     projection: "projection".into(), // the attribute that holds the nn.Linear; this is the default
//!     ..StateDictNames::default()
//! };
//! load_state_dict(path, &names.under("model"), &mut params)?; // the file has model.projection.weight
//! # Ok::<(), transformer::Error>(())
//! ```
//!
//! [`NAMES`] is the whole translation. What the state dict does not say must be said by the configuration:
//! the number of heads (`n_heads`), the activation, the eps of the norms (`norm_eps`), and where the norms stand.
//! `Pre` and `PostFinal` have tensors of the same names and shapes: a state dict of either loads into the other
//! without an error, and the model then computes something else. Tensors of other dtypes than f32 and f64 are
//! refused; `{name: tensor.float() for name, tensor in model.state_dict().items()}` has none.
//!
//! Note: the model here multiplies embeddings by sqrt(d_model) (Vaswani et al. 2017, §3.4), starts targets
//! with [`Config::decoder_start`](crate::config::Config::decoder_start) and adds
//! [`Config::positions`](crate::config::Config::positions). If the Python model does not multiply, divide
//! its embeddings by sqrt(d_model) before saving them.

mod names;
mod problems;

use std::path::Path;

use nn::{NamedTensors, Params, checkpoint};
use tensor::{Shape, Tensor};

use crate::error::Error;
use problems::{left_over, missing, unfit};

pub use names::{NAMES, Part, StateDictNames};

/// Loads a state dict from a safetensors file of f32 or f64 tensors, rounded or widened to the dtype of
/// `params`. On an error nothing has been changed.
///
/// # Errors
/// [`Error::Nn`] if the file cannot be read, is damaged or holds another dtype; [`Error::Import`] as
/// [`translate_state_dict`].
pub fn load_state_dict(
    path: impl AsRef<Path>,
    names: &StateDictNames,
    params: &mut Params,
) -> Result<(), Error> {
    let state_dict = checkpoint::load(path)?.tensors;
    let translated = translate_state_dict(&state_dict, names, params)?;
    params.load_from(&translated)?;
    Ok(())
}

/// The tensors of a state dict (or gradients with the same names) under the names of `params`, in its dtype.
///
/// Where `params` has one matrix for several of PyTorch's, the state dict may hold any of them, since
/// safetensors saves tied tensors once; those it holds must be the same to the bit.
///
/// # Errors
/// [`Error::Import`] if a tensor that `params` needs is missing or has another shape, if it has a number that is
/// not finite or too large for the dtype of `params`, if tied ones differ, or if a tensor is left over that is not among `names.ignored`.
pub fn translate_state_dict(
    state_dict: &NamedTensors,
    names: &StateDictNames,
    params: &Params,
) -> Result<NamedTensors, Error> {
    let mut translated = NamedTensors::new(state_dict.origin());
    let mut asked: Vec<String> = Vec::new();
    for (_, name, param) in params.iter() {
        let (candidates, part) = names.pytorch(name, params);
        let tensor = find(state_dict, &candidates, part, param)
            .map_err(|(tensor, problem)| problem_in(state_dict, tensor, problem))?;
        translated.insert(name, tensor.to_dtype(params.dtype()));
        asked.extend(candidates);
    }
    let known = asked.iter().chain(&names.ignored);
    match state_dict.iter().find(|(name, _)| !known.clone().any(|known| known == name)) {
        Some((name, tensor)) => {
            Err(problem_in(state_dict, name.into(), left_over(name, tensor.shape(), &asked)))
        }
        None => Ok(translated),
    }
}

/// The candidates' part that fits `param`; or the name that is to blame, and why.
fn find(
    state_dict: &NamedTensors,
    candidates: &[String],
    part: Part,
    param: &Tensor,
) -> Result<Tensor, (String, String)> {
    let expected = whole_shape(param.shape(), part);
    let mut found: Option<(&String, &Tensor)> = None;
    for name in candidates {
        let Some(tensor) = state_dict.get(name) else { continue };
        let shape = tensor.shape();
        if shape != expected {
            let problem = format!("has shape {shape}, the model needs {expected}; compare the sizes");
            return Err((name.clone(), problem));
        }
        if let Some(problem) = unfit(tensor, param.dtype()) {
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
            let n = param.dim(0);
            let rows = tensor.slice(0, i * n..(i + 1) * n);
            Ok(Tensor::concatenate(&[&rows], 0)) // a copy, or each third would keep all three in memory
        }
        (None, _) => Err((candidates[0].clone(), missing(state_dict, &candidates[0], expected))),
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
