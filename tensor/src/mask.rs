//! [`Mask`]: true or false for every element of a tensor.
//!
//! A mask has one meaning everywhere: true selects. For attention, true means "may attend". Libraries
//! that mark what to hide, or add minus infinity, make every reader check which; this one does not.

use std::fmt;
use std::sync::Arc;

use crate::kernels::elementwise::{Strided, map, map2};
use crate::shape::Shape;
use crate::view;

/// A boolean array with views and NumPy broadcasting, rank 0 to 6. Cloning it is free.
///
/// ```
/// use tensor::Mask;
/// let mask = Mask::causal(3);                     // [3, 3]
/// assert!(mask.at(&[2, 0]) && !mask.at(&[0, 2])); // the past may be attended to, the future not
/// ```
#[derive(Clone)]
pub struct Mask {
    data: Arc<Vec<bool>>,
    shape: Shape,
    strides: Shape,
}

impl Mask {
    /// A mask of `shape` over `data` in row-major order.
    ///
    /// # Panics
    /// If `data` does not have as many elements as `shape`.
    #[track_caller]
    pub fn from_vec(data: Vec<bool>, shape: impl Into<Shape>) -> Mask {
        let shape = shape.into();
        assert!(data.len() == shape.numel(), "from_vec: {} elements do not fill shape {shape}", data.len());
        Mask { data: Arc::new(data), shape, strides: shape.contiguous_strides() }
    }

    /// Every element `value`.
    pub fn full(shape: impl Into<Shape>, value: bool) -> Mask {
        let shape = shape.into();
        Mask::from_vec(vec![value; shape.numel()], shape)
    }

    /// The element at each index is `f(index)`.
    pub fn from_fn(shape: impl Into<Shape>, mut f: impl FnMut(&[usize]) -> bool) -> Mask {
        let shape = shape.into();
        let mut index = shape;
        index.fill(0);
        let mut data = Vec::with_capacity(shape.numel());
        for _ in 0..shape.numel() {
            data.push(f(&index));
            for axis in (0..shape.rank()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Mask::from_vec(data, shape)
    }

    /// Position i may attend to positions 0..=i. `[len, len]`
    pub fn causal(len: usize) -> Mask {
        Mask::from_fn([len, len], |index| index[1] <= index[0])
    }

    /// The length of each axis.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The element at `index`.
    ///
    /// # Panics
    /// If `index` does not have one entry per axis, each below the axis' length.
    #[track_caller]
    pub fn at(&self, index: &[usize]) -> bool {
        let inside =
            index.len() == self.shape.rank() && index.iter().zip(&self.shape[..]).all(|(i, len)| i < len);
        assert!(inside, "at: index {index:?} is outside mask of shape {}", self.shape);
        self.data[index.iter().zip(&self.strides[..]).map(|(i, s)| i * s).sum::<usize>()]
    }

    /// True where both are, with broadcasting.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn and(&self, rhs: &Mask) -> Mask {
        self.combine("and", rhs, |a, b| a && b)
    }

    /// True where either is, with broadcasting.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[must_use]
    #[track_caller]
    pub fn or(&self, rhs: &Mask) -> Mask {
        self.combine("or", rhs, |a, b| a || b)
    }

    /// True where this mask is false.
    #[must_use]
    pub fn not(&self) -> Mask {
        Mask::from_vec(map(self.strided(), |x: bool| !x), self.shape)
    }

    #[track_caller]
    fn combine(&self, operation: &str, rhs: &Mask, f: impl Fn(bool, bool) -> bool + Sync + Send) -> Mask {
        let shape = view::common_shape(operation, self.shape, rhs.shape);
        let (lhs, rhs) = (self.broadcast_to(shape), rhs.broadcast_to(shape));
        Mask::from_vec(map2(lhs.strided(), rhs.strided(), f), shape)
    }

    /// This mask repeated to `shape` without a copy.
    ///
    /// # Panics
    /// If it does not broadcast to `shape`.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Mask {
        let shape = shape.into();
        Mask {
            strides: view::broadcast_strides(self.shape, self.strides, shape),
            shape,
            data: self.data.clone(),
        }
    }

    /// The same elements under another shape.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[must_use]
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Mask {
        let shape = shape.into();
        let fits = self.shape.numel() == shape.numel();
        assert!(fits, "reshape: mask {} does not hold as many elements as {shape}", self.shape);
        Mask::from_vec(self.to_vec(), shape)
    }

    /// With an axis of length 1 put in front of position `axis`.
    ///
    /// # Panics
    /// If `axis` is beyond the rank, or the rank is already the largest.
    #[must_use]
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Mask {
        let axis = view::insertion_axis(self.shape, axis);
        let (shape, strides) = (self.shape.with_inserted(axis, 1), self.strides.with_inserted(axis, 0));
        Mask { data: self.data.clone(), shape, strides }
    }

    /// The elements in row-major order.
    pub fn to_vec(&self) -> Vec<bool> {
        map(self.strided(), |x| x)
    }

    /// How many elements are true.
    pub fn count(&self) -> usize {
        self.to_vec().iter().filter(|&&x| x).count()
    }

    /// This mask as kernels see it.
    pub(crate) fn strided(&self) -> Strided<'_, bool> {
        Strided { data: &self.data, shape: self.shape, strides: self.strides }
    }
}

/// Same shape and same elements.
impl PartialEq for Mask {
    fn eq(&self, other: &Mask) -> bool {
        self.shape == other.shape && self.to_vec() == other.to_vec()
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask {} ", self.shape)?;
        let cells: String = self.to_vec().iter().map(|&x| if x { '1' } else { '.' }).collect();
        let row = self.shape.last().copied().unwrap_or(1).max(1);
        for (i, cell) in cells.chars().enumerate() {
            if i > 0 && i % row == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{cell}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_message;

    #[test]
    fn causal_shows_the_past_only() {
        assert_eq!(format!("{:?}", Mask::causal(3)), "Mask [3, 3] 1.. 11. 111");
    }

    #[test]
    fn combining_broadcasts() {
        let padding = Mask::from_vec(vec![true, true, false], [1, 3]);
        let both = Mask::causal(3).and(&padding);
        assert_eq!(both.to_vec(), [true, false, false, true, true, false, true, true, false]);
        assert_eq!(both.count(), 5);
        assert_eq!(both.not().or(&both), Mask::full([3, 3], true));
    }

    #[test]
    fn views_keep_elements() {
        let mask = Mask::from_fn([2, 3], |index| (index[0] + index[1]) % 2 == 0);
        let four = mask.unsqueeze(1).unsqueeze(1); // [2, 1, 1, 3]
        assert_eq!(four.shape(), Shape::from([2, 1, 1, 3]));
        let wide = four.broadcast_to([2, 2, 4, 3]);
        assert!(wide.at(&[1, 1, 3, 1]) && !wide.at(&[1, 0, 2, 0]));
        assert_eq!(wide.count(), 3 * 8);
        assert_eq!(mask.reshape([6]).to_vec(), mask.to_vec());
    }

    #[test]
    fn equal_means_the_same_shape_and_the_same_elements() {
        let row = Mask::from_vec(vec![true, false], [2]);
        assert_eq!(row, row.unsqueeze(0).reshape([2]));
        assert_ne!(row, row.unsqueeze(0), "another shape");
        assert_ne!(row, row.not(), "other elements");
        assert_eq!(Mask::full([3, 2], true), Mask::full([2], true).broadcast_to([3, 2]), "another layout");
    }

    #[test]
    fn an_index_has_to_be_inside() {
        let mask = Mask::full([2, 3], true);
        for index in [&[2, 0][..], &[0, 3], &[0], &[0, 0, 0]] {
            let said = panic_message(|| mask.at(index));
            assert_eq!(said, format!("at: index {index:?} is outside mask of shape [2, 3]"));
        }
    }

    #[test]
    #[should_panic(expected = "and: shapes [2] and [3] do not broadcast")]
    fn unrelated_shapes_panic() {
        let _ = Mask::full([2], true).and(&Mask::full([3], true));
    }
}
