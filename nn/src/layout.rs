//! Which parameters a model has: their names and shapes in order, without values.
//!
//! A layer holds places in a list ([`ParamId`]), and a place means something in the parameters of its own model alone.
//! Those of a model with other heads have the same names and shapes, and what comes out is nonsense. So a [`Layout`]
//! also has settings that tell models apart, and every id a key: a hash of the settings and of all names and shapes up
//! to its place. By its key an id is found to be of a store or not, whenever it is used. What the parameters *are*
//! counts, not where they come from: copies in another dtype, averages, parameters of another seed or from a file fit
//! wherever the first ones do. The refused alternative, a number for each store that is made, would part them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use tensor::Shape;

use crate::error::Error;

/// A parameter's place in its [`Params`](crate::params::Params), and in whatever has the same [`Layout`]. Using one id
/// in two layers ties their weights.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId {
    position: usize,
    /// The [`Entry::key`] of the store it was made for.
    key: u64,
    name: Label,
}

/// What parameters a model has, and the settings that their names and shapes do not tell.
///
/// ```
/// use std::sync::Arc;
/// use nn::{Layout, Linear, NamedTensors, ParamBuilder, Params};
/// use tensor::{DType, Tensor};
///
/// let mut layout = Layout::new([]);
/// let linear = Linear::new(&mut ParamBuilder::declaring(&mut layout).scope("out"), 2, 1, false);
/// let mut file = NamedTensors::new("a file");
/// file.insert("out.weight", Tensor::from([[1.0f32, 2.0]]));
/// let params = Params::from_named(&Arc::new(layout), &file, DType::F32)?; // no weight was drawn
/// assert_eq!(params.get(linear.weight), &Tensor::from([[1.0f32, 2.0]]));
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Layout {
    settings: BTreeMap<String, String>,
    /// The key before the first parameter: a hash of the settings.
    root: u64,
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    shape: Shape,
    /// A hash of the key before, the name and the shape.
    key: u64,
}

impl Layout {
    /// No parameters yet, of a model that is told from others of the same names and shapes by these settings: all that
    /// changes what the model computes with its parameters.
    pub fn new(settings: impl IntoIterator<Item = (String, String)>) -> Self {
        let settings = settings.into_iter().collect();
        Layout { root: hash(&settings), settings, entries: Vec::new(), index: HashMap::new() }
    }

    /// Appends a parameter.
    ///
    /// # Panics
    /// If the name is taken.
    #[track_caller]
    pub fn declare(&mut self, name: impl Into<String>, shape: impl Into<Shape>) -> ParamId {
        let (name, shape, position) = (name.into(), shape.into(), self.entries.len());
        let previous = self.index.insert(name.clone(), position);
        assert!(previous.is_none(), "declare: the name `{name}` is taken; a layer has a scope of its own");
        let key = hash(&(self.fingerprint(), &name, shape));
        self.entries.push(Entry { name, shape, key });
        self.id_at(position)
    }

    /// How many parameters there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The parameter of that full name.
    pub fn id(&self, name: &str) -> Option<ParamId> {
        self.index.get(name).map(|&position| self.id_at(position))
    }

    /// All parameters, in the order they were declared.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ParamId, &str, Shape)> {
        let entries = self.entries.iter().enumerate();
        entries.map(|(position, entry)| (self.id_at(position), &*entry.name, entry.shape))
    }

    /// Whether parameters of the layout `params` can stand for those of this one: they are the same, and of the same
    /// settings. More may follow: those of layers around the model.
    ///
    /// # Errors
    /// [`Error::OtherModel`] that names what differs.
    pub fn check(&self, params: &Layout) -> Result<(), Error> {
        match params.key_after(self.len()) == Some(self.fingerprint()) {
            true => Ok(()),
            false => Err(Error::OtherModel { difference: self.difference(params) }),
        }
    }

    /// What there is in `found` instead of what is here: all settings, or the first parameter, that differ.
    pub(crate) fn difference(&self, found: &Layout) -> String {
        let names: BTreeSet<_> = self.settings.keys().chain(found.settings.keys()).collect();
        let values = |name| [found, self].map(|layout| layout.settings.get(name).map_or("unknown", |it| it));
        let settings: Vec<String> = names
            .into_iter()
            .map(|name| (name, values(name)))
            .filter(|(_, [found, expected])| found != expected)
            .map(|(name, [found, expected])| format!("{name} {found} instead of {expected}"))
            .collect();
        if !settings.is_empty() {
            return settings.join(", ");
        }
        match self.entries.iter().zip(&found.entries).find(|(expected, found)| expected.key != found.key) {
            Some((expected, found)) => format!("{found} instead of {expected}"),
            None => format!("{} instead of {} parameters", found.len(), self.len()),
        }
    }

    /// Where the id's parameter stands in lists parallel to this one.
    ///
    /// # Panics
    /// If it was made for parameters that differ from these up to its place.
    #[track_caller]
    pub(crate) fn position(&self, id: ParamId) -> usize {
        match self.entries.get(id.position) {
            Some(entry) if entry.key == id.key => id.position,
            found => foreign(id, found),
        }
    }

    /// The id of a parameter that there is.
    pub(crate) fn id_at(&self, position: usize) -> ParamId {
        let Entry { name, key, .. } = &self.entries[position];
        ParamId { position, key: *key, name: Label::new(name) }
    }

    /// A hash of all there is.
    fn fingerprint(&self) -> u64 {
        self.key_after(self.len()).expect("there are as many as there are")
    }

    /// A hash of the settings and the first `len` parameters, if there are so many.
    fn key_after(&self, len: usize) -> Option<u64> {
        match len {
            0 => Some(self.root),
            _ => self.entries.get(len - 1).map(|entry| entry.key),
        }
    }
}

/// Layouts are equal if their settings, names and shapes are.
impl PartialEq for Layout {
    fn eq(&self, other: &Layout) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.name, self.shape)
    }
}

impl fmt::Debug for ParamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParamId({}, `{}`)", self.position, self.name)
    }
}

/// Keys live in memory alone: they need not be the same tomorrow.
fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cold]
#[track_caller]
fn foreign(id: ParamId, found: Option<&Entry>) -> ! {
    let ParamId { position, name, .. } = id;
    match found {
        Some(found) => panic!(
            "the id of `{name}` is of another model than these parameters, of which number {position} is {found}"
        ),
        None => panic!(
            "the id of `{name}` is of another model than these parameters, which have no number {position}"
        ),
    }
}

/// The end of a name, to be shown. Kept in place, so that ids are copied like numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Label([u8; Label::LEN]);

impl Label {
    /// Enough for `decoder.layers.11.cross_attn.out_proj.weight`.
    const LEN: usize = 48;

    fn new(name: &str) -> Self {
        let mut start = name.len().saturating_sub(Self::LEN);
        while !name.is_char_boundary(start) {
            start += 1;
        }
        let mut bytes = [0; Self::LEN];
        bytes[..name.len() - start].copy_from_slice(&name.as_bytes()[start..]);
        Label(bytes)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(String::from_utf8_lossy(&self.0).trim_end_matches('\0'))
    }
}

#[cfg(test)]
mod tests;
