//! The one store of a model's parameters.
//!
//! A layer does not own tensors, it holds [`ParamId`]s into a [`Params`], which know whether they are of this store
//! ([`layout`](crate::layout)). So a tied embedding is one id used
//! twice; gradients, optimizer moments, averages and checkpoints are lists parallel to the store; a copy in
//! f64 for a gradient check is one call; and nothing needs a lock or a derive macro. The price is that a
//! forward pass must be handed the store, which is what [`Context`](crate::context::Context) is for. The
//! refused alternative, tensors inside the layers, needs a walk over the layer tree for each of these.
//!
//! Names follow PyTorch: `encoder.layers.0.self_attn.q_proj.weight`.

use std::sync::Arc;

use tensor::{DType, Packing, Tensor};

use crate::error::Error;
use crate::layout::{Layout, ParamId};
use crate::named::NamedTensors;

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
    layout: Arc<Layout>,
    tensors: NamedTensors,
    trainable: Vec<bool>,
    dtype: DType,
}

impl Params {
    /// An empty store for parameters of that dtype: F32 to train, F64 to check gradients.
    pub fn new(dtype: DType) -> Self {
        Params::with_settings([], dtype)
    }

    /// An empty store for the parameters of a model that these settings tell from others; see [`Layout::new`].
    pub fn with_settings(settings: impl IntoIterator<Item = (String, String)>, dtype: DType) -> Self {
        let (layout, tensors) = (Arc::new(Layout::new(settings)), NamedTensors::new("the model"));
        Params { layout, tensors, trainable: Vec::new(), dtype }
    }

    /// The parameters of a model, all trainable, with the values of `source`, which must hold exactly the names and
    /// shapes of the layout, in that dtype. No initial values are made.
    ///
    /// # Errors
    /// [`Error::MissingTensor`], [`Error::ShapeMismatch`], [`Error::DTypeMismatch`] or
    /// [`Error::UnexpectedTensor`].
    pub fn from_named(layout: &Arc<Layout>, source: &NamedTensors, dtype: DType) -> Result<Self, Error> {
        let values = layout.iter().map(|(_, name, shape)| source.matching(name, shape, dtype).cloned());
        let values = values.collect::<Result<Vec<Tensor>, Error>>()?;
        match source.iter().find(|(name, _)| layout.id(name).is_none()) {
            Some((name, _)) => {
                Err(Error::UnexpectedTensor { origin: source.origin().into(), name: name.into() })
            }
            None => Ok(Params::from_values(layout, values, dtype)),
        }
    }

    /// These values, one for each parameter of the layout, of its shape and that dtype.
    pub(crate) fn from_values(
        layout: &Arc<Layout>,
        values: impl IntoIterator<Item = Tensor>,
        dtype: DType,
    ) -> Self {
        let mut tensors = NamedTensors::new("the model");
        for ((_, name, _), value) in layout.iter().zip(values) {
            tensors.insert(name, value);
        }
        Params { layout: Arc::clone(layout), trainable: vec![true; tensors.len()], tensors, dtype }
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
        let id = Arc::make_mut(&mut self.layout).declare(name.clone(), tensor.shape());
        self.tensors.insert(name, tensor);
        self.trainable.push(true);
        id
    }

    /// The parameter's value.
    ///
    /// # Panics
    /// If the id is of another model's parameters.
    #[track_caller]
    pub fn get(&self, id: ParamId) -> &Tensor {
        self.tensors.at(self.layout.position(id)).1
    }

    /// The parameter's value, to be changed. Keep its shape and dtype: layers and optimizers rely on them.
    ///
    /// # Panics
    /// If the id is of another model's parameters.
    #[track_caller]
    pub fn get_mut(&mut self, id: ParamId) -> &mut Tensor {
        self.tensors.at_mut(self.layout.position(id))
    }

    /// The parameter's full name.
    ///
    /// # Panics
    /// If the id is of another model's parameters.
    #[track_caller]
    pub fn name(&self, id: ParamId) -> &str {
        self.tensors.at(self.layout.position(id)).0
    }

    /// The parameter of that full name.
    pub fn id(&self, name: &str) -> Option<ParamId> {
        self.layout.id(name)
    }

    /// All parameters, in the order they were added.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ParamId, &str, &Tensor)> {
        let named = self.tensors.iter().enumerate();
        named.map(|(position, (name, tensor))| (self.layout.id_at(position), name, tensor))
    }

    /// Names and shapes, and the settings of the model.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
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
    /// If the id is of another model's parameters.
    #[track_caller]
    pub fn set_trainable(&mut self, id: ParamId, trainable: bool) {
        self.trainable[self.layout.position(id)] = trainable;
    }

    /// Whether the parameter gets a gradient and is changed by optimizers.
    ///
    /// # Panics
    /// If the id is of another model's parameters.
    #[track_caller]
    pub fn is_trainable(&self, id: ParamId) -> bool {
        self.trainable[self.layout.position(id)]
    }

    /// A copy in another dtype, under the same ids: a gradient check runs a model's f64 copy.
    pub fn to_dtype(&self, dtype: DType) -> Params {
        let values = self.tensors.iter().map(|(_, tensor)| tensor.to_dtype(dtype));
        let copy = Params::from_values(&self.layout, values, dtype);
        Params { trainable: self.trainable.clone(), ..copy }
    }

    /// The same, for using the model: every matrix is [packed](Tensor::prepacked), once for all products with it, which makes
    /// decoding, whose products have few rows, several times as fast. In [`Packing::F32`] that takes as much memory again and
    /// changes no bit; the smaller ones round. What is written to is packed no more.
    #[must_use]
    pub fn prepacked(&self, packing: Packing) -> Params {
        let mut copy = self.clone();
        copy.tensors
            .tensors_mut()
            .filter(|tensor| tensor.rank() == 2)
            .for_each(|tensor| *tensor = tensor.prepacked(packing));
        copy
    }

    /// Takes every value from `source`, as [`Params::from_named`]. On an error nothing has been changed.
    ///
    /// # Errors
    /// As [`Params::from_named`].
    pub fn load_from(&mut self, source: &NamedTensors) -> Result<(), Error> {
        self.tensors = Params::from_named(&self.layout, source, self.dtype)?.tensors;
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
    fn parameters_from_a_list_are_those_that_were_listed() {
        let (params, weight, bias) = two();
        let made = Params::from_named(params.layout(), params.as_ref(), DType::F32).unwrap();
        assert_eq!((made.get(weight), made.get(bias)), (params.get(weight), params.get(bias)));
        assert!(made.is_trainable(weight) && made.layout() == params.layout());
        let error = Params::from_named(params.layout(), params.as_ref(), DType::F64).unwrap_err();
        assert!(matches!(error, Error::DTypeMismatch { .. }), "{error}");
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
    #[test]
    fn loading_keeps_what_is_frozen() {
        let (mut params, weight, bias) = two();
        params.set_trainable(bias, false);
        let source = two().0;
        params.load_from(source.as_ref()).unwrap();
        assert!(params.is_trainable(weight) && !params.is_trainable(bias));
    }

    #[test]
    #[should_panic(
        expected = "the id of `weight` is of another model than these parameters, of which number 0 is `bias` [1]"
    )]
    fn an_id_of_another_store_finds_nothing() {
        let (_, weight, _) = two();
        let mut other = Params::new(DType::F32);
        other.add("bias", Tensor::from([3.0f32]));
        other.get(weight);
    }
}
