//! How numbers become pictures.
//!
//! A cell is a number that can be read; a matrix is cells in a frame, with words on its rows and columns; a figure is
//! matrices and words about them. Colours are said by role in one style sheet, [`STYLE`], which follows light and dark.
//!
//! Everything that shows a number says where it stands in the recording, as attributes: `data-path`, and how far it is
//! from one row, column, head or word to the next. So a script can show the numbers of another step, layer or head in the
//! very same picture, and a test can compare every number shown with the recording. Where another choice means another
//! picture, each has its group with `data-when="layer=1 head=0"`, those that are not shown at first with the class `off`;
//! `data-bottom` says how far down a group reaches, for a drawing is as high as what is seen of it.
//! Where it means other words, the [`Caption`] has a text for each choice, and says which controls these follow.

pub mod caption;
mod cell;
pub mod chart;
pub mod control;
pub mod equation;
pub mod figure;
pub mod flow;
pub mod formula;
pub mod matrix;
pub mod number;
pub mod place;
pub mod role;
pub mod sheet;
pub mod text;
pub mod tree;

pub use caption::{Axis, Caption};
pub use control::Control;
pub use figure::{Figure, Note};
pub use matrix::{Labels, Matrix, Style};
pub use number::short;
pub use place::{Heads, Place};
pub use role::Role;
pub use sheet::Sheet;

/// The style sheet of the figures.
pub const STYLE: &str = include_str!("figure.css");
