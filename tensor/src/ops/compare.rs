//! Comparisons, element by element with broadcasting. Their result is a [`Mask`].

use crate::dispatch;
use crate::kernels::elementwise::map2;
use crate::mask::Mask;
use crate::tensor::{Tensor, check_dtypes};
use crate::view::common_shape;

macro_rules! compare {
    ($($(#[$doc:meta])* $name:ident, $symbol:tt;)*) => {
        impl Tensor {
            $(
                $(#[$doc])*
                ///
                /// # Panics
                /// If the shapes do not broadcast or the dtypes differ.
                #[must_use]
                #[track_caller]
                pub fn $name(&self, rhs: &Tensor) -> Mask {
                    check_dtypes(stringify!($name), self, rhs);
                    let shape = common_shape(stringify!($name), self.shape(), rhs.shape());
                    let (lhs, rhs) = (self.broadcast_to(shape), rhs.broadcast_to(shape));
                    dispatch!(lhs.dtype(), T => {
                        let out = map2(lhs.strided::<T>(), rhs.strided::<T>(), |a, b| a $symbol b);
                        Mask::from_vec(out, shape)
                    })
                }
            )*
        }
    };
}

compare! {
    /// Where `self == rhs`; NaN equals nothing.
    equal, ==;
    /// Where `self != rhs`.
    not_equal, !=;
    /// Where `self < rhs`.
    less, <;
    /// Where `self <= rhs`.
    less_equal, <=;
    /// Where `self > rhs`.
    greater, >;
    /// Where `self >= rhs`.
    greater_equal, >=;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comparison_with_broadcasting_and_nan() {
        let x = Tensor::from([1.0f32, 2.0, f32::NAN]);
        let two = Tensor::scalar(2.0f32);
        assert_eq!(x.equal(&two).to_vec(), [false, true, false]);
        assert_eq!(x.not_equal(&two).to_vec(), [true, false, true]);
        assert_eq!(x.less(&two).to_vec(), [true, false, false]);
        assert_eq!(x.less_equal(&two).to_vec(), [true, true, false]);
        assert_eq!(x.greater(&two).to_vec(), [false, false, false]);
        assert_eq!(x.greater_equal(&two).to_vec(), [false, true, false]);
    }
}
