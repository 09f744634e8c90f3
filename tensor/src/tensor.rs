//! [`Tensor`]: numbers in memory, and how to walk them.
//!
//! A tensor is shared storage with a shape, strides and an offset. It is a value: to its users it never
//! changes, cloning it is free, and views (transposes, slices, broadcasts) share the storage. Methods
//! that end in `_assign` and [`Tensor::data_mut`] write in place where nobody else holds the storage
//! and to a copy where somebody does, so sharing is never visible.
//!
//! The element type is a [`DType`] known at run time, not a type parameter, so that the signatures of
//! layers and models read like the paper; [`dispatch!`](crate::dispatch) turns it into a static type
//! once per operation, at the door of a kernel.

use std::sync::Arc;

use crate::dispatch;
use crate::element::{DType, Element, Storage};
use crate::kernels::elementwise::{Strided, map};
use crate::kernels::gemm::packed::PackedMatrix;
use crate::kernels::reduce::all_finite;
use crate::packing::Packing;
use crate::shape::Shape;

/// An n-dimensional array of `f32` or `f64`, rank 0 to 6. See the [module](self) documentation.
///
/// ```
/// use tensor::Tensor;
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);   // [2, 3]
/// let y = x.matmul(&x.transpose(0, 1));                       // [2, 2]
/// assert_eq!(y, Tensor::from([[14.0, 32.0], [32.0, 77.0]]));
/// ```
#[derive(Clone)]
pub struct Tensor {
    pub(crate) storage: Storage,
    pub(crate) shape: Shape,
    pub(crate) strides: Shape,
    pub(crate) offset: usize,
    /// Of a tensor that was [prepacked](Tensor::prepacked), and of its views.
    pub(crate) packed: Option<Arc<Prepacked>>,
}

/// A matrix packed as the right operand of products, transposed, and where it stands in the storage.
pub(crate) struct Prepacked {
    pub(crate) matrix: PackedMatrix,
    pub(crate) packing: Packing,
    pub(crate) shape: Shape,
    pub(crate) strides: Shape,
    pub(crate) offset: usize,
}

impl Tensor {
    /// A tensor of `shape` over `data` in row-major order, without a copy.
    ///
    /// # Panics
    /// If `data` does not have as many elements as `shape`.
    #[track_caller]
    pub fn from_vec<T: Element>(data: Vec<T>, shape: impl Into<Shape>) -> Tensor {
        let shape = shape.into();
        assert!(data.len() == shape.numel(), "from_vec: {} elements do not fill shape {shape}", data.len());
        let strides = shape.contiguous_strides();
        Tensor { storage: T::store(data), shape, strides, offset: 0, packed: None }
    }

    /// The length of each axis.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The length of one axis; negative axes count from the end.
    ///
    /// # Panics
    /// If there is no such axis.
    #[track_caller]
    pub fn dim(&self, axis: isize) -> usize {
        self.shape[self.shape.axis_for("dim", axis)]
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.shape.numel()
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        match self.storage {
            Storage::F32(_) => DType::F32,
            Storage::F64(_) => DType::F64,
        }
    }

    /// How far apart, in elements, neighbours along each axis stand in memory; 0 along broadcast axes.
    pub fn strides(&self) -> Shape {
        self.strides
    }

    /// Whether the elements stand in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        let expected = self.shape.contiguous_strides();
        self.numel() == 0
            || (0..self.rank()).all(|axis| self.shape[axis] == 1 || self.strides[axis] == expected[axis])
    }

    /// This tensor in row-major order: itself where it is so already, else a copy.
    pub fn contiguous(&self) -> Tensor {
        if self.is_contiguous() {
            return Tensor { strides: self.shape.contiguous_strides(), ..self.clone() };
        }
        dispatch!(self.dtype(), T => Tensor::from_vec(map(self.strided::<T>(), |x| x), self.shape))
    }

    /// This tensor with its elements converted, rounding to the nearest.
    pub fn to_dtype(&self, dtype: DType) -> Tensor {
        if dtype == self.dtype() {
            return self.clone();
        }
        dispatch!(self.dtype(), From => dispatch!(dtype, To => {
            Tensor::from_vec(map(self.strided::<From>(), |x| To::of(x.f64())), self.shape)
        }))
    }

    /// The elements of a contiguous tensor.
    ///
    /// # Panics
    /// If `T` is not the dtype, or the tensor is not contiguous.
    #[track_caller]
    pub fn data<T: Element>(&self) -> &[T] {
        assert!(self.is_contiguous(), "data: tensor of shape {} is not contiguous", self.shape);
        let numel = self.numel();
        if numel == 0 { &[] } else { &self.stored()[self.offset..self.offset + numel] }
    }

    /// The elements for writing, in row-major order. Copies first if the storage is shared or the tensor
    /// is not contiguous.
    ///
    /// # Panics
    /// If `T` is not the dtype.
    #[track_caller]
    pub fn data_mut<T: Element>(&mut self) -> &mut [T] {
        self.stored::<T>(); // checks the dtype
        self.packed = None; // what is packed are the numbers before
        if !self.is_contiguous() || T::stored_mut(&mut self.storage).is_none() {
            *self = Tensor::from_vec(map(self.strided::<T>(), |x| x), self.shape);
        }
        let range = self.offset..self.offset + self.numel();
        let data =
            T::stored_mut(&mut self.storage).expect("the dtype was checked and the storage made unique");
        if range.is_empty() { &mut [] } else { &mut data[range] }
    }

    /// The elements in row-major order.
    ///
    /// # Panics
    /// If `T` is not the dtype.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        self.contiguous().data::<T>().to_vec()
    }

    /// The elements in row-major order, as `f64`.
    pub fn to_f64_vec(&self) -> Vec<f64> {
        self.to_dtype(DType::F64).to_vec()
    }

    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one element.
    #[track_caller]
    pub fn item(&self) -> f64 {
        assert!(self.numel() == 1, "item: tensor of shape {} does not hold exactly one element", self.shape);
        dispatch!(self.dtype(), T => self.stored::<T>()[self.offset].f64())
    }

    /// The element at `index`.
    ///
    /// # Panics
    /// If `index` does not have one entry per axis, each below the axis' length.
    #[track_caller]
    pub fn at(&self, index: &[usize]) -> f64 {
        let inside = index.len() == self.rank() && index.iter().zip(&self.shape[..]).all(|(i, len)| i < len);
        assert!(inside, "at: index {index:?} is outside shape {}", self.shape);
        let place = self.offset + index.iter().zip(&self.strides[..]).map(|(i, s)| i * s).sum::<usize>();
        dispatch!(self.dtype(), T => self.stored::<T>()[place].f64())
    }

    /// Whether no element is NaN or infinite.
    pub fn all_finite(&self) -> bool {
        dispatch!(self.dtype(), T => all_finite(self.contiguous().data::<T>()))
    }

    /// The whole storage as elements of `T`.
    #[track_caller]
    pub(crate) fn stored<T: Element>(&self) -> &[T] {
        match T::stored(&self.storage) {
            Some(data) => data,
            None => panic!("tensor of shape {} holds {}, not {}", self.shape, self.dtype(), T::DTYPE),
        }
    }

    /// This tensor as kernels see it.
    pub(crate) fn strided<T: Element>(&self) -> Strided<'_, T> {
        let data = self.stored::<T>();
        Strided { data: &data[self.offset.min(data.len())..], shape: self.shape, strides: self.strides }
    }
}

/// Same shape, dtype and element values (so NaN differs from itself).
impl PartialEq for Tensor {
    fn eq(&self, other: &Tensor) -> bool {
        self.shape == other.shape
            && self.dtype() == other.dtype()
            && dispatch!(self.dtype(), T => self.contiguous().data::<T>() == other.contiguous().data::<T>())
    }
}

/// Panics unless both operands of `operation` have the same dtype.
#[track_caller]
pub(crate) fn check_dtypes(operation: &str, lhs: &Tensor, rhs: &Tensor) {
    assert!(
        lhs.dtype() == rhs.dtype(),
        "{operation}: dtypes differ: {} {} with {} {}",
        lhs.dtype(),
        lhs.shape(),
        rhs.dtype(),
        rhs.shape()
    );
}

/// Panics unless both operands of `operation` have the same dtype and the same shape.
#[track_caller]
pub(crate) fn check_alike(operation: &str, lhs: &Tensor, rhs: &Tensor) {
    check_dtypes(operation, lhs, rhs);
    assert!(lhs.shape() == rhs.shape(), "{operation}: shapes differ: {} and {}", lhs.shape(), rhs.shape());
}

#[cfg(test)]
mod tests;
