//! A pass, with what belongs to it.

use super::event::{Array, Event, Output, PassHead, select};

/// A pass and all that was recorded of it.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    head: &'a PassHead,
    events: &'a [Event],
}

impl<'a> Pass<'a> {
    /// The pass that begins with the first of these events.
    pub(super) fn new(events: &'a [Event]) -> Pass<'a> {
        match events {
            [Event::Pass(head), ..] => Pass { head, events },
            _ => unreachable!("a pass begins with its head"),
        }
    }

    /// Its sentences and its loss.
    pub fn head(&self) -> &'a PassHead {
        self.head
    }

    /// The value of that path, if it was recorded.
    pub fn value(&self, path: &str) -> Option<&'a Array> {
        self.values().into_iter().find(|array| array.path == path)
    }

    /// The gradient of the loss there, if it was recorded.
    pub fn gradient(&self, path: &str) -> Option<&'a Array> {
        let gradients =
            select(self.events, |event| if let Event::Gradient(array) = event { Some(array) } else { None });
        gradients.into_iter().find(|array| array.path == path)
    }

    /// All values, in the order in which they were computed.
    pub fn values(&self) -> Vec<&'a Array> {
        select(self.events, |event| if let Event::Value(array) = event { Some(array) } else { None })
    }

    /// What the model says at each position of the target.
    pub fn outputs(&self) -> Vec<&'a Output> {
        select(self.events, |event| if let Event::Output(output) = event { Some(output) } else { None })
    }
}

impl Array {
    /// The number at an index, one for each axis.
    ///
    /// # Panics
    /// If there is no such index.
    #[track_caller]
    pub fn at(&self, index: &[usize]) -> f32 {
        let fits = index.len() == self.shape.len() && index.iter().zip(&self.shape).all(|(at, len)| at < len);
        assert!(fits, "{}: no index {index:?} in the shape {:?}", self.path, self.shape);
        self.data[index.iter().zip(&self.shape).fold(0, |offset, (at, len)| offset * len + at)]
    }

    /// The numbers of one row of the last axis.
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn row(&self, row: usize) -> &[f32] {
        let width = self.shape.last().copied().unwrap_or(1);
        &self.data[row * width..(row + 1) * width]
    }
}
