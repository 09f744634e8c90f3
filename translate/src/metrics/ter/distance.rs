//! The edit distance of words, near the diagonal only.

/// Cells on either side of the diagonal that are looked at.
const BEAM: usize = 25;

/// More than any distance.
const FAR: u32 = u32::MAX / 2;

/// What leads to a cell from one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The same word on both sides.
    Keep,
    /// Another word.
    Replace,
    /// A word of the hypothesis that the reference has not.
    Delete,
    /// A word of the reference that the hypothesis has not.
    Insert,
    /// The cell is outside the beam.
    Unseen,
}

/// Distances to one reference. Rows of the last hypothesis serve the next one as far as both begin alike: those that are
/// asked for are of one length and differ by a stretch that is moved.
pub struct Distance {
    reference: Vec<u32>,
    hypothesis: Vec<u32>,
    /// Cell j of row i: the edits from the first i words of the hypothesis to the first j of the reference.
    rows: Vec<Row>,
}

/// The cells of a row that are looked at: of long sentences a few.
#[derive(Default)]
struct Row {
    /// The place of the first.
    start: usize,
    cells: Vec<(u32, Edit)>,
}

impl Row {
    /// Cell `j`.
    fn at(&self, j: usize) -> (u32, Edit) {
        let cell = j.checked_sub(self.start).and_then(|at| self.cells.get(at));
        cell.copied().unwrap_or((FAR, Edit::Unseen))
    }
}

impl Distance {
    /// Distances to this reference.
    pub fn to(reference: Vec<u32>) -> Distance {
        let cells = (0..=reference.len()).map(|j| (j as u32, Edit::Insert)).collect();
        Distance { reference, hypothesis: Vec::new(), rows: vec![Row { start: 0, cells }] }
    }

    /// The words of the reference.
    pub fn reference(&self) -> &[u32] {
        &self.reference
    }

    /// The edits from this hypothesis.
    pub fn of(&mut self, hypothesis: &[u32]) -> u32 {
        let same = self.hypothesis.iter().zip(hypothesis).take_while(|(a, b)| a == b).count();
        // The diagonal is another one for another length.
        let same = if self.hypothesis.len() == hypothesis.len() { same } else { 0 };
        self.hypothesis = hypothesis.to_vec();
        self.rows.resize_with(hypothesis.len() + 1, Row::default);
        for i in same + 1..=hypothesis.len() {
            self.fill(i);
        }
        self.rows[hypothesis.len()].at(self.reference.len()).0
    }

    /// Fills row `i` from the one above.
    fn fill(&mut self, i: usize) {
        let (n, m) = (self.hypothesis.len(), self.reference.len());
        let ratio = m as f64 / n as f64;
        // A row far longer than high needs a wider one, or rows would not meet.
        let half = ratio / 2.0;
        let beam = if half > BEAM as f64 { (half + BEAM as f64).ceil() as usize } else { BEAM };
        let diagonal = (i as f64 * ratio).floor() as usize;
        let end = if i == n { m + 1 } else { (diagonal + beam).min(m + 1) };

        let mut row = std::mem::take(&mut self.rows[i]);
        row.cells.clear();
        row.start = diagonal.saturating_sub(beam);
        let above = &self.rows[i - 1];
        for j in row.start..end {
            if j == 0 {
                row.cells.push((above.at(0).0 + 1, Edit::Delete));
                continue;
            }
            let keep = self.hypothesis[i - 1] == self.reference[j - 1];
            let (cost, edit) = if keep { (0, Edit::Keep) } else { (1, Edit::Replace) };
            let ways = [
                (above.at(j - 1).0 + cost, edit),
                (above.at(j).0 + 1, Edit::Delete),
                (row.at(j - 1).0 + 1, Edit::Insert),
            ];
            // Of equals the first is taken.
            let least = ways.into_iter().min_by_key(|way| way.0).filter(|way| way.0 < FAR);
            row.cells.push(least.unwrap_or((FAR, Edit::Unseen)));
        }
        self.rows[i] = row;
    }

    /// The edits of the last hypothesis, from its beginning.
    ///
    /// # Panics
    /// If the beam does not lead back, which it does by its width.
    pub fn path(&self) -> Vec<Edit> {
        let (mut i, mut j) = (self.hypothesis.len(), self.reference.len());
        let mut path = Vec::with_capacity(i + j);
        while i > 0 || j > 0 {
            let edit = self.rows[i].at(j).1;
            match edit {
                Edit::Keep | Edit::Replace => (i, j) = (i - 1, j - 1),
                Edit::Delete => i -= 1,
                Edit::Insert => j -= 1,
                Edit::Unseen => unreachable!("the path left the beam at ({i}, {j})"),
            }
            path.push(edit);
        }
        path.reverse();
        path
    }
}
