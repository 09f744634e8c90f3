//! What the model says, as arrays: figures show it as they show all else.

use super::event::{Array, Said};
use super::pass::Pass;

impl Pass<'_> {
    /// The outputs as an array `[tgt_len, n_listed]`, of the words that are listed at each position: `outputs.logit`,
    /// `outputs.log_prob`, `outputs.probability`, `outputs.target` (what the smoothed label gives each word) and
    /// `outputs.label` (1 for the label, 0 for all others). None of another path, or if positions list unequally many.
    pub fn output(&self, path: &str) -> Option<Array> {
        let of: fn(&Said) -> f64 = match path.strip_prefix("outputs.")? {
            "logit" => |said| said.logit,
            "log_prob" => |said| said.log_prob,
            "probability" => |said| said.log_prob.exp(),
            "target" => |said| said.target,
            "label" => return self.labels(path),
            _ => return None,
        };
        self.table(path, |_, said| of(said))
    }

    /// The gradient of the loss at `outputs.logit`, of the same shape. None of another path.
    pub fn output_gradient(&self, path: &str) -> Option<Array> {
        (path == "outputs.logit").then(|| self.table(path, |_, said| said.gradient))?
    }

    fn labels(&self, path: &str) -> Option<Array> {
        let labels = &self.head().tgt_out;
        let is_label = |at: usize, said: &Said| labels.get(at).is_some_and(|label| label.id == said.token.id);
        self.table(path, |at, said| if is_label(at, said) { 1.0 } else { 0.0 })
    }

    fn table(&self, path: &str, of: impl Fn(usize, &Said) -> f64) -> Option<Array> {
        let outputs = self.outputs();
        let n_listed = outputs.first()?.words.len();
        let mut data = Vec::with_capacity(outputs.len() * n_listed);
        for (at, output) in outputs.iter().enumerate() {
            data.extend(output.words.iter().map(|said| of(at, said) as f32));
        }
        let is_even = outputs.iter().all(|output| output.words.len() == n_listed);
        is_even.then(|| Array { path: path.into(), shape: vec![outputs.len(), n_listed], rows: None, data })
    }
}
