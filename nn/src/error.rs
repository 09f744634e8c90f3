//! What data can get wrong: files, checkpoints, optimizer states.
//!
//! Every message says what was wrong, where, and what would be right. What only a change of the code can
//! mend (a duplicate parameter name, a wrong shape in a forward pass) panics instead.

use std::io;
use std::path::PathBuf;

use tensor::DType;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An optimizer was asked to step, but a trainable parameter took no part in the loss.
    #[error(
        "parameter `{name}` is trainable but has no gradient: use it in the loss, or freeze it with \
         `Params::set_trainable`"
    )]
    MissingGradient {
        /// The parameter's full name.
        name: String,
    },

    /// An optimizer was asked to step, but what it remembers of a gradient would no longer be a finite number, and stay
    /// so for all steps to come.
    #[error(
        "the {memory} of parameter `{name}` would not be finite: its gradient has an element of {gradient:e}; leave out \
         the step, or clip gradients with `ParamGradients::clip_global_norm`"
    )]
    NotFinite {
        /// What would not be finite: "second moment", "velocity", "new value".
        memory: &'static str,
        /// The parameter's full name.
        name: String,
        /// The gradient's element there.
        gradient: f64,
    },

    /// The operating system refused to read or write a file.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was attempted: "read the file", "write the file".
        action: &'static str,
        /// The operating system's answer.
        source: io::Error,
    },

    /// The file is not safetensors, or was cut short.
    #[error("{}: not a complete safetensors file: {problem}", path.display())]
    NotSafetensors {
        /// The file.
        path: PathBuf,
        /// What the parser met.
        problem: String,
    },

    /// The file carries a checksum and its bytes do not agree with it.
    #[error(
        "{}: the file is damaged {place}: its checksum is {stored}, its bytes give `{computed}`; restore it \
         from a copy (or, if another tool rewrote it, remove the metadata keys `etudiant.checksum`, \
         `etudiant.tensor_checksums` and `etudiant.format`)",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, as far as is known: "in tensor `projection.weight`", "in its header", "somewhere".
        place: String,
        /// The checksum in the file's metadata, or a remark if it is not where it belongs.
        stored: String,
        /// The checksum of the bytes that were read.
        computed: String,
    },

    /// The file was written by a version of this crate that lays it out differently.
    #[error("{}: checkpoint format `{found}`, but this version reads format `{supported}`", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format version in the file.
        found: String,
        /// The format version this crate reads and writes.
        supported: &'static str,
    },

    /// A tensor of a file cannot be represented here: its dtype, its rank, its size.
    #[error("{}: tensor `{name}`: {problem}", path.display())]
    UnsupportedTensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        name: String,
        /// What it is and what would be right.
        problem: String,
    },

    /// What was to be saved cannot be told apart again when the file is read.
    #[error("{}: cannot save: {problem}", path.display())]
    Unwritable {
        /// The file that was not written.
        path: PathBuf,
        /// What stands in the way, and what would be right.
        problem: String,
    },

    /// Parameters were given to a model that they were not made for.
    #[error("these parameters are of another model: {difference}")]
    OtherModel {
        /// What there is instead of what: "n_heads 4 instead of 2".
        difference: String,
    },

    /// A tensor that is needed is absent.
    #[error("{origin}: tensor `{name}` is missing; the model needs it with shape {shape:?}")]
    MissingTensor {
        /// The file, or what else the tensors came from.
        origin: String,
        /// The name looked for.
        name: String,
        /// The shape it should have.
        shape: Vec<usize>,
    },

    /// A tensor is present that nothing asks for: it belongs to another model.
    #[error("{origin}: tensor `{name}` is not part of the model; was it saved with another configuration?")]
    UnexpectedTensor {
        /// The file, or what else the tensors came from.
        origin: String,
        /// The name that is not known.
        name: String,
    },

    /// A tensor has the right name and the wrong shape.
    #[error("{origin}: tensor `{name}` has shape {found:?}, the model needs {expected:?}")]
    ShapeMismatch {
        /// The file, or what else the tensors came from.
        origin: String,
        /// The tensor's name.
        name: String,
        /// The model's shape.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },

    /// A tensor has the right name and the wrong element type.
    #[error(
        "{origin}: tensor `{name}` has dtype {found}, the model needs {expected}; convert the model with \
         `Params::to_dtype`"
    )]
    DTypeMismatch {
        /// The file, or what else the tensors came from.
        origin: String,
        /// The tensor's name.
        name: String,
        /// The model's dtype.
        expected: DType,
        /// The dtype that was found.
        found: DType,
    },
}
