//! The one store of a model's parameters.
//!
//! A layer does not own tensors, it holds [`ParamId`]s into a [`Params`]. So a tied embedding is one id used
//! twice; gradients, optimizer moments, averages and checkpoints are lists parallel to the store; a copy in
//! f64 for a gradient check is one call; and nothing needs a lock or a derive macro. The price is that a
//! forward pass must be handed the store, which is what [`Context`](crate::context::Context) is for. The
//! refused alternative, tensors inside the layers, needs a walk over the layer tree for each of these.
//!
//! Names follow PyTorch: `encoder.layers.0.self_attn.q_proj.weight`.

use tensor::{DType, Tensor};

use crate::error::Error;
use crate::named::NamedTensors;

/// A parameter's place in its [`Params`]. Using one id in two layers ties their weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub(crate) usize);

/// All parameters of a model: an ordered list of (name, tensor, trainable), of one dtype.
///
/// ```
/// use nn::Params;
/// use tensor::{DType, Tensor};
///
/// let mut params = Params::new(DType::F32);
/// let bias = params.add("output.bias", Tensor::zeros([3], DType::F32));
/// assert_eq!(params.name(bias), "output.bias");
/// assert_eq!(params.id("output.bias"), Some(bias));
/// assert_eq!(params.numel(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Params {
    tensors: NamedTensors,
    trainable: Vec<bool>,
    dtype: DType,
}

impl Params {
    /// An empty store for parameters of that dtype: F32 to train, F64 to check gradients.
    pub fn new(dtype: DType) -> Self {
        Params { tensors: NamedTensors::new("the model"), trainable: Vec::new(), dtype }
    }

    /// Adds a trainable parameter.
    ///
    /// # Panics
    /// If the name is taken, or the dtype is not the store's.
    #[track_caller]
    pub fn add(&mut self, name: impl Into<String>, tensor: Tensor) -> ParamId {
        let name = name.into();
        assert!(
            tensor.dtype() == self.dtype,
            "add: parameter `{name}` has dtype {}, the store {}",
            tensor.dtype(),
            self.dtype
        );
        self.trainable.push(true);
        ParamId(self.tensors.insert(name, tensor))
    }

    /// The parameter's value.
    ///
    /// # Panics
    /// If the id belongs to a larger store.
    pub fn get(&self, id: ParamId) -> &Tensor {
        self.tensors.at(id.0).1
    }

    /// The parameter's value, to be changed. Keep its shape and dtype: layers and optimizers rely on them.
    ///
    /// # Panics
    /// If the id belongs to a larger store.
    pub fn get_mut(&mut self, id: ParamId) -> &mut Tensor {
        self.tensors.at_mut(id.0)
    }

    /// The parameter's full name.
    ///
    /// # Panics
    /// If the id belongs to a larger store.
    pub fn name(&self, id: ParamId) -> &str {
        self.tensors.at(id.0).0
    }

    /// The parameter of that full name.
    pub fn id(&self, name: &str) -> Option<ParamId> {
        self.tensors.position(name).map(ParamId)
    }

    /// All parameters, in the order they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ParamId, &str, &Tensor)> {
        self.tensors.iter().enumerate().map(|(position, (name, tensor))| (ParamId(position), name, tensor))
    }

    /// How many parameter tensors there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// How many numbers the model consists of.
    pub fn numel(&self) -> usize {
        self.tensors.iter().map(|(_, tensor)| tensor.numel()).sum()
    }

    /// The element type of every parameter.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Freezes a parameter (`false`): it gets no gradient and optimizers leave it alone. Or thaws it.
    ///
    /// # Panics
    /// If the id belongs to a larger store.
    pub fn set_trainable(&mut self, id: ParamId, trainable: bool) {
        self.trainable[id.0] = trainable;
    }

    /// Whether the parameter gets a gradient and is changed by optimizers.
    ///
    /// # Panics
    /// If the id belongs to a larger store.
    pub fn is_trainable(&self, id: ParamId) -> bool {
        self.trainable[id.0]
    }

    /// A copy in another dtype, under the same ids: a gradient check runs a model's f64 copy.
    pub fn to_dtype(&self, dtype: DType) -> Params {
        let mut copy = Params::new(dtype);
        for (_, name, tensor) in self.iter() {
            copy.add(name, tensor.to_dtype(dtype));
        }
        copy.trainable.clone_from(&self.trainable);
        copy
    }

    /// Takes every value from `source`, which must hold exactly this store's names, shapes and dtype. On an
    /// error nothing has been changed.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::ShapeMismatch`], [`Error::DTypeMismatch`] or
    /// [`Error::UnexpectedTensor`].
    pub fn load_from(&mut self, source: &NamedTensors) -> Result<(), Error> {
        let values = self
            .iter()
            .map(|(_, name, tensor)| source.matching(name, tensor.shape(), self.dtype).cloned())
            .collect::<Result<Vec<Tensor>, Error>>()?;
        if let Some((name, _)) = source.iter().find(|(name, _)| self.id(name).is_none()) {
            return Err(Error::UnexpectedTensor { origin: source.origin().into(), name: name.into() });
        }
        for (tensor, value) in self.tensors.tensors_mut().zip(values) {
            *tensor = value;
        }
        Ok(())
    }

    /// For each parameter in order its value to be changed, or `None` if it is frozen.
    pub(crate) fn trainable_mut(&mut self) -> impl Iterator<Item = Option<&mut Tensor>> {
        self.tensors.tensors_mut().zip(&self.trainable).map(|(tensor, trainable)| trainable.then_some(tensor))
    }
}

/// Names and tensors, as they are saved to a file.
impl AsRef<NamedTensors> for Params {
    fn as_ref(&self) -> &NamedTensors {
        &self.tensors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> (Params, ParamId, ParamId) {
        let mut params = Params::new(DType::F32);
        let weight = params.add("weight", Tensor::from([[1.0f32, 2.0]]));
        let bias = params.add("bias", Tensor::from([3.0f32]));
        (params, weight, bias)
    }

    #[test]
    fn parameters_are_found_by_id_and_by_name() {
        let (params, weight, bias) = two();
        assert_eq!((params.len(), params.numel(), params.dtype()), (2, 3, DType::F32));
        assert_eq!(
            (params.id("weight"), params.id("bias"), params.id("gamma")),
            (Some(weight), Some(bias), None)
        );
        let names: Vec<&str> = params.iter().map(|(_, name, _)| name).collect();
        assert_eq!(names, ["weight", "bias"]);
    }

    #[test]
    #[should_panic(expected = "the name `bias` is taken")]
    fn a_name_stands_once() {
        two().0.add("bias", Tensor::from([0.0f32]));
    }

    #[test]
    #[should_panic(expected = "add: parameter `gamma` has dtype f64, the store f32")]
    fn a_store_has_one_dtype() {
        two().0.add("gamma", Tensor::from([0.0f64]));
    }

    #[test]
    fn a_copy_in_f64_keeps_ids_values_and_what_is_frozen() {
        let (mut params, weight, bias) = two();
        params.set_trainable(bias, false);
        let copy = params.to_dtype(DType::F64);
        assert_eq!(copy.get(weight), &Tensor::from([[1.0f64, 2.0]]));
        assert_eq!(copy.name(bias), "bias");
        assert!(copy.is_trainable(weight) && !copy.is_trainable(bias));
    }

    #[test]
    fn load_from_takes_all_or_nothing() {
        let (mut params, weight, _) = two();
        let mut source = NamedTensors::new("elsewhere");
        source.insert("bias", Tensor::from([6.0f32]));
        assert!(
            matches!(params.load_from(&source), Err(Error::MissingTensor { name, .. }) if name == "weight")
        );
        source.insert("weight", Tensor::from([[4.0f32, 5.0]]));
        let mut larger = source.clone();
        larger.insert("gamma", Tensor::from([1.0f32]));
        assert!(
            matches!(params.load_from(&larger), Err(Error::UnexpectedTensor { name, .. }) if name == "gamma")
        );
        assert_eq!(params.get(weight), &Tensor::from([[1.0f32, 2.0]]));
        params.load_from(&source).unwrap();
        assert_eq!(params.get(weight), &Tensor::from([[4.0f32, 5.0]]));
    }
}
