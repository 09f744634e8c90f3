//! Tensors with names, in order: what parameters, optimizer states and files have in common.
//!
//! A model is a list of named tensors, its Adam moments are two more, and a safetensors file is one too.
//! With one type for the three, saving and restoring any of them is the same few lines, and a wrong shape
//! is reported with the same sentence.

use std::collections::HashMap;

use tensor::{DType, Shape, Tensor};

use crate::error::Error;

/// An ordered list of (name, tensor) in which every name stands once.
///
/// `origin` says where the tensors come from (a file's path, "the optimizer"), so that an error can say it.
#[derive(Clone, Debug)]
pub struct NamedTensors {
    origin: String,
    entries: Vec<(String, Tensor)>,
    index: HashMap<String, usize>,
}

impl NamedTensors {
    /// An empty list whose tensors will come from `origin`.
    pub fn new(origin: impl Into<String>) -> Self {
        NamedTensors { origin: origin.into(), entries: Vec::new(), index: HashMap::new() }
    }

    /// Appends a tensor and returns its position.
    ///
    /// # Panics
    /// If the name is taken.
    #[track_caller]
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) -> usize {
        let (name, position) = (name.into(), self.entries.len());
        let previous = self.index.insert(name.clone(), position);
        assert!(previous.is_none(), "{}: the name `{name}` is taken", self.origin);
        self.entries.push((name, tensor));
        position
    }

    /// Where the tensors come from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The tensor of that name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.position(name).map(|position| &self.entries[position].1)
    }

    /// The position of that name in the list.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Names and tensors, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The tensor of that name, if it has the shape and the dtype that are needed.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::ShapeMismatch`] or [`Error::DTypeMismatch`].
    pub fn matching(&self, name: &str, shape: Shape, dtype: DType) -> Result<&Tensor, Error> {
        let (origin, name) = (self.origin.clone(), name.to_string());
        match self.get(&name) {
            None => Err(Error::MissingTensor { origin, name, shape: shape.to_vec() }),
            Some(found) if found.shape() != shape => Err(Error::ShapeMismatch {
                origin,
                name,
                expected: shape.to_vec(),
                found: found.shape().to_vec(),
            }),
            Some(found) if found.dtype() != dtype => {
                Err(Error::DTypeMismatch { origin, name, expected: dtype, found: found.dtype() })
            }
            Some(found) => Ok(found),
        }
    }

    /// The tensor at a position of [`position`](Self::position).
    pub(crate) fn at(&self, position: usize) -> (&str, &Tensor) {
        let (name, tensor) = &self.entries[position];
        (name, tensor)
    }

    /// The tensors alone, to be changed in place.
    pub(crate) fn tensors_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Tensor> {
        self.entries.iter_mut().map(|(_, tensor)| tensor)
    }

    /// The tensor at a position, to be changed in place.
    pub(crate) fn at_mut(&mut self, position: usize) -> &mut Tensor {
        &mut self.entries[position].1
    }
}

impl AsRef<NamedTensors> for NamedTensors {
    fn as_ref(&self) -> &NamedTensors {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> NamedTensors {
        let mut tensors = NamedTensors::new("here");
        tensors.insert("b", Tensor::zeros([2], DType::F32));
        tensors.insert("a", Tensor::ones([3], DType::F64));
        tensors
    }

    #[test]
    fn keeps_the_order_of_insertion() {
        let tensors = pair();
        assert_eq!(tensors.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!((tensors.len(), tensors.position("a"), tensors.position("c")), (2, Some(1), None));
    }

    #[test]
    #[should_panic(expected = "here: the name `b` is taken")]
    fn a_name_stands_once() {
        pair().insert("b", Tensor::zeros([1], DType::F32));
    }

    #[test]
    fn says_what_does_not_match() {
        let tensors = pair();
        assert!(tensors.matching("b", Shape::from([2]), DType::F32).is_ok());
        let message = |name, shape: [usize; 1], dtype| {
            tensors.matching(name, Shape::from(shape), dtype).unwrap_err().to_string()
        };
        assert_eq!(
            message("c", [2], DType::F32),
            "here: tensor `c` is missing; the model needs it with shape [2]"
        );
        assert_eq!(message("b", [3], DType::F32), "here: tensor `b` has shape [2], the model needs [3]");
        assert!(
            message("b", [2], DType::F64).starts_with("here: tensor `b` has dtype f32, the model needs f64")
        );
    }
}
