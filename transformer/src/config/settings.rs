//! What tells one [`Config`]'s model from another's.

use super::Config;

/// What does not decide what a model computes with its parameters: shares of dropout are of training alone, and
/// `max_len` is the shape of learned positions and does not change what sinusoids do.
const IMMATERIAL: [&str; 3] = ["dropout", "attention_dropout", "max_len"];

impl Config {
    /// All that decides what the model computes with its parameters, each with its name, so that parameters of another
    /// model are found out. An option that is added to the configuration is among them.
    #[allow(clippy::missing_panics_doc)] // a configuration is names, numbers and flags
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let json = serde_json::to_value(self).expect("a configuration has a JSON form");
        let fields = json.as_object().expect("it is a table").iter();
        let material = fields.filter(|(name, _)| !IMMATERIAL.contains(&name.as_str()));
        material.map(|(name, value)| (name.clone(), value.to_string())).collect()
    }
}
