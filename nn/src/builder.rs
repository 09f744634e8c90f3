//! Building a model: names, initial values and random streams for its layers.
//!
//! Everything random about a layer is named by its place in the model, never drawn from a generator that is
//! handed around: adding a layer does not change the start of the others.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Display;
use std::rc::Rc;

use tensor::{Seed, Shape};

use crate::init::Init;
use crate::layout::{Layout, ParamId};
use crate::params::Params;

/// Hands layers their parameters while a model is built, under names made of the scopes they are in.
///
/// A parameter's initial values depend on (seed, full name, shape) alone.
///
/// ```
/// use nn::{Init, ParamBuilder, Params};
/// use tensor::{DType, Seed};
///
/// let mut params = Params::new(DType::F32);
/// let mut root = ParamBuilder::new(&mut params, Seed::new(1));
/// let mut layers = root.scope("encoder.layers");
/// let mut layer = layers.scope(0);
/// let weight = layer.param("weight", [4, 2], Init::XavierUniform);
/// assert_eq!(params.name(weight), "encoder.layers.0.weight");
/// ```
#[derive(Debug)]
pub struct ParamBuilder<'a> {
    target: Target<'a>,
    /// Empty, or ending in a dot.
    prefix: String,
    streams: Rc<RefCell<HashSet<String>>>,
}

/// What parameters are made in.
#[derive(Debug)]
enum Target<'a> {
    /// With initial values.
    Params(&'a mut Params, Seed),
    /// Without.
    Layout(&'a mut Layout),
}

impl<'a> ParamBuilder<'a> {
    /// A builder at the root of the names, which draws the initial value of each parameter.
    pub fn new(params: &'a mut Params, seed: Seed) -> Self {
        ParamBuilder::at_root(Target::Params(params, seed))
    }

    /// A builder of the same names and shapes without values: those of a model that was trained before come from a
    /// file, by [`Params::from_named`].
    pub fn declaring(layout: &'a mut Layout) -> Self {
        ParamBuilder::at_root(Target::Layout(layout))
    }

    fn at_root(target: Target<'a>) -> Self {
        ParamBuilder { target, prefix: String::new(), streams: Rc::default() }
    }

    /// A builder whose names begin with this one's prefix, `name` and a dot.
    pub fn scope(&mut self, name: impl Display) -> ParamBuilder<'_> {
        ParamBuilder {
            target: match &mut self.target {
                Target::Params(params, seed) => Target::Params(params, *seed),
                Target::Layout(layout) => Target::Layout(layout),
            },
            prefix: format!("{}{name}.", self.prefix),
            streams: Rc::clone(&self.streams),
        }
    }

    /// The full name of `name` in this scope.
    pub fn full_name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Creates the trainable parameter `name` of this scope.
    ///
    /// # Panics
    /// If the name is taken, or a value is drawn, `init` needs a weight `[d_out, d_in]` and the shape has another rank.
    #[track_caller]
    pub fn param(&mut self, name: &str, shape: impl Into<Shape>, init: Init) -> ParamId {
        let (name, shape) = (self.full_name(name), shape.into());
        match &mut self.target {
            Target::Params(params, seed) => {
                let tensor = init.tensor(shape, seed.derive(&name), params.dtype());
                params.add(name, tensor)
            }
            Target::Layout(layout) => layout.declare(name, shape),
        }
    }

    /// Reserves the random stream that is named by this scope, for a layer which draws random numbers in
    /// every training step, and returns the name.
    ///
    /// # Panics
    /// If the stream is taken: two layers that drew the same numbers would drop the same elements.
    #[track_caller]
    pub fn stream(&mut self) -> String {
        let name = self.prefix.trim_end_matches('.').to_string();
        let fresh = self.streams.borrow_mut().insert(name.clone());
        assert!(fresh, "stream: `{name}` already has a random stream; give each layer a scope of its own");
        name
    }
}

#[cfg(test)]
mod tests {
    use tensor::DType;

    use super::*;

    #[test]
    fn scopes_name_parameters_and_their_random_streams() {
        let mut params = Params::new(DType::F32);
        let mut root = ParamBuilder::new(&mut params, Seed::new(7));
        assert_eq!(root.scope("encoder").scope("layers").full_name("x"), "encoder.layers.x");
        assert_eq!(root.scope("a").scope(0).stream(), "a.0");
        let first = root.scope("a").param("weight", [8, 8], Init::XavierUniform);
        let other = root.scope("b").param("weight", [8, 8], Init::XavierUniform);
        assert_eq!(params.name(first), "a.weight");
        assert_ne!(params.get(first), params.get(other));

        // Alone in its model, `b.weight` starts from the same values.
        let mut smaller = Params::new(DType::F32);
        let alone = ParamBuilder::new(&mut smaller, Seed::new(7)).scope("b").param(
            "weight",
            [8, 8],
            Init::XavierUniform,
        );
        assert_eq!(params.get(other), smaller.get(alone));
    }

    #[test]
    fn declaring_gives_the_same_ids_as_drawing() {
        let build = |mut root: ParamBuilder| {
            let mut scope = root.scope("a");
            [scope.param("weight", [8, 4], Init::XavierUniform), scope.param("bias", [8], Init::Zeros)]
        };
        let (mut params, mut layout) = (Params::new(DType::F32), Layout::new([]));
        let drawn = build(ParamBuilder::new(&mut params, Seed::new(7)));
        assert_eq!(drawn, build(ParamBuilder::declaring(&mut layout)));
        assert_eq!(**params.layout(), layout);
    }

    #[test]
    fn declaring_makes_no_values() {
        let mut layout = Layout::new([]);
        let huge = [1 << 30, 1 << 30]; // more than any memory holds
        ParamBuilder::declaring(&mut layout).param("weight", huge, Init::XavierUniform);
        assert_eq!(
            layout.iter().map(|(_, name, shape)| (name, shape)).collect::<Vec<_>>(),
            [("weight", huge.into())]
        );
    }

    #[test]
    #[should_panic(expected = "`ffn.dropout` already has a random stream")]
    fn a_random_stream_has_one_owner() {
        let mut params = Params::new(DType::F32);
        let mut root = ParamBuilder::new(&mut params, Seed::new(7));
        root.scope("ffn").scope("dropout").stream();
        root.scope("ffn").scope("dropout").stream();
    }
}
