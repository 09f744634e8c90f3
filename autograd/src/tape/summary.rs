//! A tape as text.

use std::fmt;

use super::Tape;

/// As [`Tape::summary`].
impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.list.borrow();
        let shapes: Vec<String> = list.nodes.iter().map(|node| node.shape.to_string()).collect();
        let place_width = list.nodes.len().saturating_sub(1).to_string().len();
        let name_width = list.nodes.iter().map(|node| node.name.len()).max().unwrap_or(0);
        let shape_width = shapes.iter().map(String::len).max().unwrap_or(0);
        for (index, (node, shape)) in list.nodes.iter().zip(&shapes).enumerate() {
            let inputs: Vec<String> = list.inputs(index).iter().map(|&input| place(input)).collect();
            let of = if inputs.is_empty() { String::new() } else { format!("of {}", inputs.join(", ")) };
            let line =
                format!("%{index:<place_width$}  {:name_width$}  {shape:shape_width$}  {of}", node.name);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// How a summary names an input.
fn place(input: Option<usize>) -> String {
    input.map_or("constant".to_string(), |index| format!("%{index}"))
}
