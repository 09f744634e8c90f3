//! Arithmetic with NumPy broadcasting: `+ - * /` as methods and as operators, and with numbers.

use std::ops;

use crate::dispatch;
use crate::element::Element;
use crate::kernels::elementwise::{map, map2, map2_assign};
use crate::tensor::{Tensor, check_dtypes};
use crate::threads::{GRAIN, for_each_chunk};
use crate::view::common_shape;

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident, $Operator:ident, $symbol:tt;)*) => {
        impl Tensor {
            $(
                $(#[$doc])*
                ///
                /// # Panics
                /// If the shapes do not broadcast or the dtypes differ.
                #[must_use]
                #[track_caller]
                pub fn $name(&self, rhs: &Tensor) -> Tensor {
                    check_dtypes(stringify!($name), self, rhs);
                    let shape = common_shape(stringify!($name), self.shape(), rhs.shape());
                    let (lhs, rhs) = (self.broadcast_to(shape), rhs.broadcast_to(shape));
                    dispatch!(lhs.dtype(), T => {
                        let out = map2(lhs.strided::<T>(), rhs.strided::<T>(), |a, b| a $symbol b);
                        Tensor::from_vec(out, shape)
                    })
                }
            )*
        }

        $(
            impl ops::$Operator<&Tensor> for &Tensor {
                type Output = Tensor;

                #[track_caller]
                fn $name(self, rhs: &Tensor) -> Tensor {
                    Tensor::$name(self, rhs)
                }
            }
        )*
    };
}

binary! {
    /// `self + rhs`, element by element.
    add, Add, +;
    /// `self - rhs`, element by element.
    sub, Sub, -;
    /// `self * rhs`, element by element.
    mul, Mul, *;
    /// `self / rhs`, element by element.
    div, Div, /;
}

impl Tensor {
    /// `self + value`, element by element.
    #[must_use]
    pub fn add_scalar(&self, value: f64) -> Tensor {
        dispatch!(self.dtype(), T => {
            let value = T::of(value);
            Tensor::from_vec(map(self.strided::<T>(), |x| x + value), self.shape())
        })
    }

    /// `self * value`, element by element.
    #[must_use]
    pub fn mul_scalar(&self, value: f64) -> Tensor {
        dispatch!(self.dtype(), T => {
            let value = T::of(value);
            Tensor::from_vec(map(self.strided::<T>(), |x| x * value), self.shape())
        })
    }

    /// `self += rhs`, in place where the storage is not shared; `rhs` is broadcast to this shape.
    ///
    /// # Panics
    /// If `rhs` does not broadcast to this shape or the dtypes differ.
    #[track_caller]
    pub fn add_assign(&mut self, rhs: &Tensor) {
        check_dtypes("add_assign", self, rhs);
        let fits = self.shape().broadcast(rhs.shape()) == Some(self.shape());
        assert!(fits, "add_assign: {} does not broadcast to {}", rhs.shape(), self.shape());
        let rhs = rhs.broadcast_to(self.shape());
        dispatch!(rhs.dtype(), T => map2_assign(self.data_mut::<T>(), rhs.strided::<T>(), |a, b| a + b));
    }

    /// `self *= value`, in place where the storage is not shared.
    pub fn mul_scalar_assign(&mut self, value: f64) {
        dispatch!(self.dtype(), T => {
            let value = T::of(value);
            for_each_chunk(self.data_mut::<T>(), GRAIN, |_, chunk| chunk.iter_mut().for_each(|x| *x *= value));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;

    #[test]
    fn operators_broadcast_as_numpy_does() {
        let row = Tensor::from([1.0f32, 2.0, 3.0]);
        let column = Tensor::from([[10.0f32], [20.0]]);
        assert_eq!(&column + &row, Tensor::from([[11.0f32, 12.0, 13.0], [21.0, 22.0, 23.0]]));
        assert_eq!(&row - &column, Tensor::from([[-9.0f32, -8.0, -7.0], [-19.0, -18.0, -17.0]]));
        assert_eq!(&(&row * &column) / &column, row.broadcast_to([2, 3]));
        assert_eq!(&Tensor::scalar(2.0f32) * &row, row.mul_scalar(2.0));
        assert_eq!(row.add_scalar(1.0), Tensor::from([2.0f32, 3.0, 4.0]));
        assert_eq!((&Tensor::zeros([0, 3], DType::F32) + &row).numel(), 0);
    }

    #[test]
    fn assigning_leaves_other_holders_alone() {
        let original = Tensor::from([[1.0f64, 2.0], [3.0, 4.0]]);
        let mut sum = original.clone();
        sum.add_assign(&Tensor::from([10.0f64, 20.0]));
        sum.mul_scalar_assign(2.0);
        assert_eq!(sum, Tensor::from([[22.0f64, 44.0], [26.0, 48.0]]));
        assert_eq!(original.at(&[0, 0]), 1.0);
    }

    #[test]
    #[should_panic(expected = "add: shapes [2, 3] and [2] do not broadcast")]
    fn unrelated_shapes_panic() {
        let _ = Tensor::zeros([2, 3], DType::F32).add(&Tensor::zeros([2], DType::F32));
    }

    #[test]
    #[should_panic(expected = "mul: dtypes differ: f32 [1] with f64 [1]")]
    fn mixed_dtypes_panic() {
        let _ = &Tensor::from([1.0f32]) * &Tensor::from([1.0f64]);
    }

    #[test]
    #[should_panic(expected = "add_assign: [2, 3] does not broadcast to [3]")]
    fn add_assign_does_not_grow() {
        Tensor::zeros([3], DType::F32).add_assign(&Tensor::zeros([2, 3], DType::F32));
    }
}
