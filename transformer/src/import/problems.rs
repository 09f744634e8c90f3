//! What to say of tensors that are missing, left over or unfit: which option, most likely, is not as in PyTorch.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use nn::NamedTensors;
use tensor::{DType, Shape, Tensor};

use super::names::{StateDictNames, join};

/// What to say of a file that `torch.save` wrote, if it is one.
pub(super) fn torch_save(path: &Path) -> Option<String> {
    // A zip archive, and before PyTorch 1.6 a pickle of a magic number. Where they go on, the length of a
    // safetensors header, which is below 2^32, has four zeros.
    const BEGINNINGS: [&[u8; 4]; 2] = [b"PK\x03\x04", b"\x80\x02\x8a\x0a"];
    let mut start = [0; 8];
    File::open(path).ok()?.read_exact(&mut start).ok()?;
    let is_one = start[4..] != [0; 4] && BEGINNINGS.iter().any(|beginning| start.starts_with(*beginning));
    is_one.then(|| {
        format!(
            "it is one of torch.save; if it holds a state dict, convert it in Python with \
             `safetensors.torch.save_file({{name: tensor.clone() for name, tensor in torch.load({path:?}, \
             map_location=\"cpu\").items()}}, \"converted.safetensors\")`"
        )
    })
}

/// The fields of the configuration that give this parameter of ours its shape.
pub(super) fn sizes(parameter: &str) -> &'static str {
    match parameter {
        "embedding.weight" => "`src_vocab_size`, `tgt_vocab_size` and `d_model`",
        "encoder.embedding.weight" => "`src_vocab_size` and `d_model`",
        "decoder.embedding.weight" | "projection.weight" => "`tgt_vocab_size` and `d_model`",
        "projection.bias" => "`tgt_vocab_size`",
        "encoder.positions.weight" | "decoder.positions.weight" => "`max_len` and `d_model`",
        _ if parameter.ends_with("linear1.bias") => "`d_ff`",
        _ if parameter.ends_with("linear1.weight") || parameter.ends_with("linear2.weight") => {
            "`d_ff` and `d_model`"
        }
        _ => "`d_model`",
    }
}

/// What to say of a tensor that is not there.
pub(super) fn missing(state_dict: &NamedTensors, names: &StateDictNames, name: &str, shape: Shape) -> String {
    if let Some((partner, tie)) = partner(state_dict, names, name, shape) {
        return format!(
            "is missing, but `{partner}` has the shape {shape} it needs; if they are tied in Python, set \
             `tie_embeddings: TieEmbeddings::{tie}`, otherwise compare `StateDictNames` with the Python model"
        );
    }
    let last_two = |name: &str| name.rsplitn(3, '.').take(2).map(str::to_string).collect::<Vec<_>>();
    let alike = state_dict.iter().find(|(other, _)| last_two(other) == last_two(name));
    let remedy = match (kind(name), alike) {
        (Kind::AttentionBias, _) => "without such biases, set `attention_bias: false`".to_string(),
        (Kind::FinalNorm, _) => "only `NormPlacement::Post` has no norm on top of each stack".to_string(),
        (Kind::Bias, _) => {
            "the projection can do without (`projection_bias: false`), the layers cannot".into()
        }
        (_, Some((other, _))) => format!(
            "there is `{other}`; compare the numbers of layers, and `StateDictNames` with the Python model"
        ),
        (_, None) => "compare `StateDictNames` with the Python model's attributes".to_string(),
    };
    format!("is missing; the model needs it with shape {shape}; {remedy}")
}

/// A tensor of this shape that may be tied to the one of that name, which is not there; and the variant of
/// `TieEmbeddings` that ties them.
fn partner(
    state_dict: &NamedTensors,
    names: &StateDictNames,
    name: &str,
    shape: Shape,
) -> Option<(String, &'static str)> {
    let [src, tgt, projection] =
        [&names.src_embedding, &names.tgt_embedding, &names.projection].map(|module| join(module, "weight"));
    let partners = match name {
        _ if name == src => [(tgt, "ThreeWay"), (projection, "ThreeWay")],
        _ if name == tgt => [(projection, "TargetWithOutput"), (src, "ThreeWay")],
        _ if name == projection => [(tgt, "TargetWithOutput"), (src, "ThreeWay")],
        _ => return None,
    };
    partners.into_iter().find(|(partner, _)| state_dict.get(partner).is_some_and(|it| it.shape() == shape))
}

/// What to say of a tensor that nothing asked for, where these are what was asked for.
pub(super) fn left_over(names: &StateDictNames, name: &str, shape: Shape, asked: &[String]) -> String {
    let positions = [&names.src_positions, &names.tgt_positions];
    let is_table = positions.iter().any(|module| join(module, "weight") == name);
    let layer = layer(name);
    let no_such_layer = |layer: &&str| !asked.iter().any(|asked| asked.starts_with(*layer));
    let remedy = match (layer.filter(no_such_layer), kind(name)) {
        _ if is_table && shape.rank() == 2 => {
            format!("set `positions: Positions::Learned` and `max_len: {}`", shape[0])
        }
        _ if is_table || positions.contains(&&name.to_string()) => {
            "`StateDictNames` says that it holds positions, which must be the weight of an `nn.Embedding`"
                .into()
        }
        (Some(layer), _) => {
            let option = if layer.contains("encoder.") { "n_encoder_layers" } else { "n_decoder_layers" };
            format!("the model has no layer `{}`, set `{option}`", layer.trim_end_matches('.'))
        }
        (None, Kind::AttentionBias) => "set `attention_bias: true` in the configuration".into(),
        (None, Kind::FinalNorm) => {
            "only `NormPlacement::PostFinal` and `Pre` have a norm on top of each stack".into()
        }
        (None, Kind::Bias) if layer.is_none() => {
            "if it is the projection's, set `projection_bias: true` in the configuration".into()
        }
        _ => "only if the model computes the same without it, name it in `StateDictNames::ignored`".into(),
    };
    format!("of shape {shape} has no place in the model; {remedy}")
}

/// What to say of a tensor that has a number which cannot be a parameter of that dtype, if it has.
pub(super) fn unfit(tensor: &Tensor, dtype: DType) -> Option<String> {
    let rounded = tensor.to_dtype(dtype);
    if rounded.all_finite() {
        return None;
    }
    let element = rounded.to_f64_vec().iter().position(|x| !x.is_finite())?;
    let (number, index) = (tensor.to_f64_vec()[element], tensor.shape().index_of(element));
    Some(match number.is_finite() {
        true => format!("has {number:e} at {index:?}, too large for {dtype}; make the parameters in f64"),
        false => format!("has {number} at {index:?}; all parameters have to be finite"),
    })
}

/// What a tensor's name tells of why it may be missing or left over.
enum Kind {
    AttentionBias,
    FinalNorm,
    Bias,
    Other,
}

/// The beginning of a tensor's name that says which layer it is of, with a dot at the end.
fn layer(name: &str) -> Option<&str> {
    const LAYERS: &str = "coder.layers.";
    let number = name.find(LAYERS)? + LAYERS.len();
    let dot = name[number..].find('.')?;
    Some(&name[..=number + dot])
}

fn kind(name: &str) -> Kind {
    let ends_with = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    if ends_with(&["attn.in_proj_bias", "attn.out_proj.bias"]) {
        Kind::AttentionBias
    } else if ends_with(&["coder.norm.weight", "coder.norm.bias"]) {
        Kind::FinalNorm
    } else if ends_with(&[".bias"]) {
        Kind::Bias
    } else {
        Kind::Other
    }
}
