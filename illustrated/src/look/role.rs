//! What a matrix is in the model. Its frame has the colour of its role, the same everywhere.

/// What a matrix is in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Vectors of words, between the layers.
    Words,
    /// Queries, and the scores that they give.
    Query,
    /// Keys.
    Key,
    /// Values.
    Value,
    /// Attention weights and probabilities.
    Weights,
    /// What comes out of a sublayer or of the model.
    Output,
    /// Nothing of these: a parameter.
    Parameter,
}

impl Role {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Role::Words => "words",
            Role::Query => "query",
            Role::Key => "key",
            Role::Value => "value",
            Role::Weights => "weights",
            Role::Output => "output",
            Role::Parameter => "parameter",
        }
    }
}
