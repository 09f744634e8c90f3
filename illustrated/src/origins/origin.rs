//! The rules by which numbers are made.

use serde::Serialize;

/// By which rule the numbers of a path are made, and of which paths. Written as JSON, the rule's name is in `rule`.
///
/// In the equations `y[i, c]` is the number of row i and column c, `h` a head and `d` the width of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Origin {
    /// The model learned it.
    Parameter,
    /// `y[i, c] = scale · table[id of word i, c]`; zeros where there is no word.
    Embedding {
        /// `[vocab_size, d_model]`
        table: String,
        /// Whose words: `src` or `tgt_in` of the pass.
        words: &'static str,
        /// √d_model.
        scale: f64,
    },
    /// Positions that are computed: `sin(i · frequency)` and `cos(i · frequency)`, the frequency falling from 1 by powers
    /// of 10000. In pairs of columns, 2k and 2k + 1 with `10000^(-2k/d_model)`; or, in `halves`, columns k and
    /// d_model/2 + k with `10000^(-k/(d_model/2 - 1))`.
    Sinusoid {
        /// Whether all sines come first.
        halves: bool,
    },
    /// `y[i, c] = 0`
    Zeros,
    /// `y[i, c] = table[i, c]`
    Rows {
        /// `[max_len, d_model]`
        table: String,
    },
    /// `y[i, c] = a[i, c] + b[i, c]`
    Sum {
        /// What comes from below, unchanged.
        a: String,
        /// What is added.
        b: String,
    },
    /// `y[i, c] = Σk x[i, k] · weight[c, k] + bias[c]`: the weight is kept `[d_out, d_in]`.
    Linear {
        /// `[len, d_in]`
        x: String,
        /// `[d_out, d_in]`
        weight: String,
        /// `[d_out]`
        bias: Option<String>,
    },
    /// `y[h, i, j] = Σk query[i, h·d + k] · key[j, h·d + k]`
    Scores {
        /// `[q_len, d_model]`
        query: String,
        /// `[k_len, d_model]`
        key: String,
        /// How many heads the columns are those of.
        n_heads: usize,
    },
    /// `y[h, i, j] = factor · x[h, i, j]`
    Scaled {
        /// The scores.
        x: String,
        /// `1/√d`.
        factor: f64,
    },
    /// `y[h, i, j] = x[h, i, j]`, or minus infinity where position i must not see position j.
    Masked {
        /// The scaled scores.
        x: String,
        /// Whether it must not see what comes later, j > i.
        causal: bool,
    },
    /// `y[h, i, j] = x[h, i, j]`, and minus infinity in the columns behind those of x, where a sentence is padded.
    Padded {
        /// The scaled scores of the sentence by itself.
        x: String,
    },
    /// `y[h, i, j] = exp x[h, i, j] / Σk exp x[h, i, k]`
    Softmax {
        /// The masked scores.
        x: String,
    },
    /// The heads' outputs side by side, `y[i, h·d + k] = Σj weights[h, i, j] · value[j, h·d + k]`.
    Mix {
        /// `[n_heads, q_len, k_len]`
        weights: String,
        /// `[k_len, d_model]`
        value: String,
        /// How many heads the columns are those of.
        n_heads: usize,
    },
    /// One term of that sum: `y[h, i, j, k] = weights[h, i, j] · value[j, h·d + k]`.
    Weighted {
        /// `[n_heads, q_len, k_len]`
        weights: String,
        /// `[k_len, d_model]`
        value: String,
        /// How many heads the columns are those of.
        n_heads: usize,
    },
    /// `y[i] = Σc x[i, c] / width`
    Mean {
        /// `[len, width]`
        x: String,
    },
    /// `y[i] = Σc (x[i, c] - mean[i])² / width`
    Variance {
        /// `[len, width]`
        x: String,
    },
    /// `y[i, c] = gamma[c] · (x[i, c] - mean[i]) / √(variance[i] + eps) + beta[c]`, both over row i, the variance with the
    /// row's length as its divisor.
    Norm {
        /// `[len, d_model]`
        x: String,
        /// `[d_model]`
        gamma: String,
        /// `[d_model]`
        beta: String,
        /// What is added to the variance.
        eps: f64,
    },
    /// `y[i, c] = max(0, x[i, c])`
    Relu {
        /// Before it.
        x: String,
    },
    /// `y[i, c] = x[i, c] · Φ(x[i, c])`, Φ the normal distribution function.
    Gelu {
        /// Before it.
        x: String,
    },
    /// The same numbers under another name.
    Same {
        /// The other name.
        x: String,
    },
    /// Linear, with the rows of the weight in the order of the words listed: `y[i, c] = Σk x[i, k] · weight[w, k] + bias[w]`,
    /// w being the id of word c at position i.
    Logits {
        /// `[tgt_len, d_model]`
        x: String,
        /// `[vocab_size, d_model]`
        weight: String,
        /// `[vocab_size]`
        bias: Option<String>,
    },
    /// `y[i, c] = x[i, c] - log Σv exp x[i, v]`, over all words of the vocabulary.
    LogSoftmax {
        /// The logits.
        x: String,
    },
    /// `y[i, c] = exp x[i, c]`
    Exp {
        /// The log-probabilities.
        x: String,
    },
    /// `y[i, c] = smoothing / vocab_size`, and `1 - smoothing` more for the word that is the label.
    Label {
        /// The share that is spread.
        smoothing: f64,
        /// Over so many words.
        vocab_size: usize,
    },
}
