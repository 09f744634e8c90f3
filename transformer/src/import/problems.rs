//! What to say of tensors that are missing, left over or unfit: which option, most likely, is not as in PyTorch.

use nn::NamedTensors;
use tensor::{DType, Shape, Tensor};

/// What to say of a tensor that is not there.
pub(super) fn missing(state_dict: &NamedTensors, name: &str, shape: Shape) -> String {
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

/// What to say of a tensor that nothing asked for, where these are what was asked for.
pub(super) fn left_over(name: &str, shape: Shape, asked: &[String]) -> String {
    let layer = layer(name);
    let no_such_layer = |layer: &&str| !asked.iter().any(|asked| asked.starts_with(*layer));
    let remedy = match (layer.filter(no_such_layer), kind(name)) {
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
        _ => "if the model can do without it, name it in `StateDictNames::ignored`".to_string(),
    };
    format!("of shape {shape} has no place in the model; {remedy}")
}

/// What to say of a tensor that has a number which cannot be a parameter of that dtype, if it has.
pub(super) fn unfit(tensor: &Tensor, dtype: DType) -> Option<String> {
    let not_finite = |tensor: &Tensor| tensor.to_f64_vec().iter().position(|x| !x.is_finite());
    let rounded = tensor.to_dtype(dtype);
    let element = not_finite(&rounded)?;
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
