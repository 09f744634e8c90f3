//! The numbers a tensor can hold, and the one place where a dynamic [`DType`] becomes a static type.

use std::fmt;
use std::iter::Sum;
use std::sync::Arc;

use num_traits::{Float, NumAssign};

use crate::pool::{Buffer, Pooled};

mod math;
mod normal;

/// The type of a tensor's elements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DType {
    /// 32-bit floating point: what models are trained in.
    F32,
    /// 64-bit floating point: what gradients are checked in.
    F64,
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DType::F32 => "f32",
            DType::F64 => "f64",
        })
    }
}

/// Elements of one dtype, shared between the tensors that view them.
#[doc(hidden)]
#[derive(Clone)]
pub enum Storage {
    F32(Arc<Buffer<f32>>),
    F64(Arc<Buffer<f64>>),
}

/// Keeps [`Element`] to the numbers of this file.
mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A number that a tensor can hold: `f32` or `f64`. Kernels are generic over it. Sealed.
pub trait Element:
    sealed::Sealed
    + Float
    + NumAssign
    + Default
    + Sum
    + Pooled
    + fmt::Debug
    + fmt::Display
    + Send
    + Sync
    + 'static
{
    /// The dtype of this number.
    const DTYPE: DType;

    /// The nearest number to `x`.
    fn of(x: f64) -> Self;

    /// This number as `f64`, exactly.
    fn f64(self) -> f64;

    /// `e` to the power of this number. f32: a polynomial, which loops turn into vector instructions
    /// (`element/math.rs`); f64: the library's.
    fn fast_exp(self) -> Self;

    /// The hyperbolic tangent, as [`fast_exp`](Element::fast_exp).
    fn fast_tanh(self) -> Self;

    /// The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to this number.
    fn erf(self) -> Self;

    /// The distribution function of N(0, 1): how likely a number below this one is.
    fn normal_cdf(self) -> Self;

    /// The density of N(0, 1) at this number.
    fn normal_density(self) -> Self;

    /// The largest number below this one.
    fn before(self) -> Self;

    #[doc(hidden)]
    fn store(data: Vec<Self>) -> Storage;

    #[doc(hidden)]
    fn stored(storage: &Storage) -> Option<&[Self]>;

    #[doc(hidden)]
    fn stored_mut(storage: &mut Storage) -> Option<&mut [Self]>;
}

macro_rules! element {
    ($T:ident, $dtype:ident, $exp:path, $tanh:path, $erf:path) => {
        impl Element for $T {
            const DTYPE: DType = DType::$dtype;

            #[inline(always)]
            fn of(x: f64) -> Self {
                x as $T
            }

            #[inline(always)]
            fn f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn fast_exp(self) -> Self {
                $exp(self)
            }

            #[inline(always)]
            fn fast_tanh(self) -> Self {
                $tanh(self)
            }

            #[inline(always)]
            fn erf(self) -> Self {
                $erf(self)
            }

            #[inline(always)]
            fn normal_cdf(self) -> Self {
                normal::$T::cdf(self)
            }

            #[inline(always)]
            fn normal_density(self) -> Self {
                normal::$T::density(self)
            }

            #[inline(always)]
            fn before(self) -> Self {
                self.next_down()
            }

            fn store(data: Vec<Self>) -> Storage {
                Storage::$dtype(Arc::new(Buffer::new(data)))
            }

            fn stored(storage: &Storage) -> Option<&[Self]> {
                match storage {
                    Storage::$dtype(data) => Some(data),
                    _ => None,
                }
            }

            fn stored_mut(storage: &mut Storage) -> Option<&mut [Self]> {
                match storage {
                    Storage::$dtype(data) => Arc::get_mut(data).map(Buffer::as_mut_slice),
                    _ => None,
                }
            }
        }
    };
}

element!(f32, F32, math::exp, math::tanh, math::erf);
element!(f64, F64, f64::exp, f64::tanh, libm::erf);

/// Runs an expression with a type name bound to the element type of a [`DType`].
///
/// ```
/// use tensor::{DType, Element, dispatch};
/// let size = dispatch!(DType::F64, T => size_of::<T>());
/// assert_eq!(size, 8);
/// ```
#[macro_export]
macro_rules! dispatch {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::DType::F64 => {
                type $T = f64;
                $body
            }
        }
    };
}
