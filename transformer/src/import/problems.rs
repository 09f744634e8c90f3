//! What to say of tensors that are missing or left over: which option, most likely, is not as in PyTorch.

use nn::NamedTensors;
use tensor::Shape;

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

/// What to say of a tensor that nothing asked for.
pub(super) fn left_over(name: &str, shape: Shape) -> String {
    let remedy = match kind(name) {
        Kind::AttentionBias => "set `attention_bias: true` in the configuration",
        Kind::FinalNorm => "only `NormPlacement::PostFinal` and `Pre` have a norm on top of each stack",
        Kind::Layer => "compare the numbers of layers",
        Kind::Bias => "if it is the projection's, set `projection_bias: true` in the configuration",
        Kind::Other => "if the model can do without it, name it in `StateDictNames::ignored`",
    };
    format!("of shape {shape} has no place in the model; {remedy}")
}

/// What a tensor's name tells of why it may be missing or left over.
enum Kind {
    AttentionBias,
    FinalNorm,
    Layer,
    Bias,
    Other,
}

fn kind(name: &str) -> Kind {
    let ends_with = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    if ends_with(&["attn.in_proj_bias", "attn.out_proj.bias"]) {
        Kind::AttentionBias
    } else if ends_with(&["coder.norm.weight", "coder.norm.bias"]) {
        Kind::FinalNorm
    } else if ends_with(&[".bias"]) {
        Kind::Bias
    } else if name.contains("coder.layers.") {
        Kind::Layer
    } else {
        Kind::Other
    }
}
