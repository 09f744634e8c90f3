//! Functions of one element.

use num_traits::{Float, One, Zero};

use crate::dispatch;
use crate::element::Element;
use crate::kernels::elementwise::{map, map2};
use crate::tensor::{Tensor, check_alike};

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident = $f:expr;)*) => {
        impl Tensor {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(&self) -> Tensor {
                    dispatch!(self.dtype(), T => {
                        Tensor::from_vec(map(self.strided::<T>(), #[inline(always)] |x: T| $f(x)), self.shape())
                    })
                }
            )*
        }
    };
}

unary! {
    /// `e` to the power of each element.
    exp = Element::fast_exp;
    /// The natural logarithm of each element; NaN below 0, minus infinity at 0.
    log = Float::ln;
    /// The square root of each element; NaN below 0.
    sqrt = Float::sqrt;
    /// The hyperbolic tangent of each element.
    tanh = Element::fast_tanh;
    /// The error function of each element.
    erf = Element::erf;
    /// The rectified linear unit: `max(0, x)`. NaN stays NaN.
    relu = relu;
    /// The Gaussian error linear unit `x * (1 + erf(x / sqrt 2)) / 2`, in its exact form
    /// (Hendrycks and Gimpel 2016), not the tanh approximation. In f32 `1 + erf` is formed as it stands, as PyTorch
    /// does: exact to a rounding of `x`, so that far to the left, where the result is small, its digits get fewer. In f64
    /// all are kept.
    gelu = gelu;
    /// The logistic function `1 / (1 + exp(-x))`.
    sigmoid = sigmoid;
}

impl Tensor {
    /// `-self`, element by element.
    #[must_use]
    pub fn neg(&self) -> Tensor {
        self.mul_scalar(-1.0)
    }

    /// Each element to an integer power.
    #[must_use]
    pub fn powi(&self, exponent: i32) -> Tensor {
        dispatch!(self.dtype(), T => {
            Tensor::from_vec(map(self.strided::<T>(), |x: T| x.powi(exponent)), self.shape())
        })
    }
}

#[inline(always)]
fn relu<T: Element>(x: T) -> T {
    if x < T::zero() { T::zero() } else { x }
}

macro_rules! unary_vjp {
    ($($(#[$doc:meta])* $name:ident($saved:ident) = $f:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If the shapes or dtypes differ.
            #[must_use]
            #[track_caller]
            pub fn $name($saved: &Tensor, grad_out: &Tensor) -> Tensor {
                check_alike(stringify!($name), $saved, grad_out);
                dispatch!(grad_out.dtype(), T => {
                    let (saved, grad_out) = ($saved.strided::<T>(), grad_out.strided::<T>());
                    let grad = map2(saved, grad_out, #[inline(always)] |saved: T, grad: T| $f(saved, grad));
                    Tensor::from_vec(grad, $saved.shape())
                })
            }
        )*
    };
}

// The vjps with more than one arithmetic step: composed of tensor operations, each step would read and write a
// tensor.
unary_vjp! {
    /// The vjp of [`Tensor::relu`] from its output: `grad_out` where `out > 0`, else 0.
    relu_vjp(out) = |y, grad| if y > T::zero() { grad } else { T::zero() };
    /// The vjp of [`Tensor::tanh`] from its output: `grad_out * (1 - out^2)`.
    tanh_vjp(out) = |y: T, grad: T| grad * (T::one() - y * y);
    /// The vjp of [`Tensor::sigmoid`] from its output: `grad_out * out * (1 - out)`.
    sigmoid_vjp(out) = |y: T, grad: T| grad * y * (T::one() - y);
    /// The vjp of [`Tensor::gelu`] from its input: `grad_out * (Phi(x) + x * phi(x))`, with the distribution
    /// function Phi of N(0, 1) and its density phi.
    gelu_vjp(x) = |x: T, grad: T| grad * gelu_slope(x);
}

#[inline(always)]
fn gelu_slope<T: Element>(x: T) -> T {
    x.normal_cdf() + x * x.normal_density()
}

#[inline(always)]
fn gelu<T: Element>(x: T) -> T {
    x * x.normal_cdf()
}

/// Both forms are exact; the one whose exponential cannot overflow is used.
#[inline(always)]
fn sigmoid<T: Element>(x: T) -> T {
    let e = (-x.abs()).fast_exp();
    if x < T::zero() { e / (T::one() + e) } else { T::one() / (T::one() + e) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::DType;
    use approx::assert_relative_eq;

    #[test]
    fn known_values() {
        let x = Tensor::from([-2.0f64, 0.0, 0.5]);
        let close = |actual: Tensor, expected: [f64; 3]| {
            for (a, e) in actual.to_f64_vec().into_iter().zip(expected) {
                assert_relative_eq!(a, e, max_relative = 1e-14);
            }
        };
        close(x.exp(), [0.1353352832366127, 1.0, 1.6487212707001282]);
        close(x.tanh(), [-0.9640275800758169, 0.0, 0.46211715726000973]);
        close(x.erf(), [-0.9953222650189527, 0.0, 0.5204998778130465]);
        close(x.relu(), [0.0, 0.0, 0.5]);
        close(x.gelu(), [-0.04550026389635839, 0.0, 0.34573123063700656]);
        close(x.sigmoid(), [0.11920292202211755, 0.5, 0.6224593312018546]);
        close(x.neg(), [2.0, 0.0, -0.5]);
        close(x.powi(3), [-8.0, 0.0, 0.125]);
        let positive = Tensor::from([0.25f64, 1.0, 9.0]);
        close(positive.log(), [-1.3862943611198906, 0.0, 2.1972245773362196]);
        close(positive.sqrt(), [0.5, 1.0, 3.0]);
    }

    /// Rows of x, gelu and its slope, from fifty digits.
    #[test]
    fn gelu_keeps_its_digits_far_to_the_left() {
        for [x, expected, slope] in [
            [-30.3, -1.736712221504595e-200, -5.262225612426452e-199],
            [-20.1, -7.416258536079994e-89, -1.4906499224620214e-87],
            [-12.7, -3.754736413362103e-36, -4.7681595122108847e-35],
            [-9.0, -1.0157295653584566e-18, -9.138937373906639e-18],
            [-8.3, -4.3206228882589113e-16, -3.584705034023844e-15],
            [-7.1, -4.4288695689654295e-12, -3.142237566182604e-11],
            [-6.05, -4.381586481608271e-09, -2.6473556907116382e-08],
            [-5.5, -1.0444259356238245e-07, -5.733472398739924e-07],
            [-4.2, -5.605214586680658e-05, -0.00023421513556156094],
            [-2.0, -0.04550026389635842, -0.0852318010781969],
            [-1.1, -0.14923266704102092, -0.10397133378942293],
            [-0.3, -0.1146265733433142, 0.26767223317289013],
            [0.4, 0.2621686966441297, 0.8027297977316535],
            [3.0, 2.99595030590511, 1.011945647204184],
            [8.5, 8.5, 1.0000000000000007],
        ] {
            let x = Tensor::from([x]);
            assert_relative_eq!(x.gelu().item(), expected, epsilon = 0.0, max_relative = 1e-14);
            let slope_there = gelu_vjp(&x, &Tensor::from([1.0])).item();
            assert_relative_eq!(slope_there, slope, epsilon = 0.0, max_relative = 1e-14);
        }
        let ends = Tensor::from([-1e200, -50.0, 1e200]);
        assert_eq!(ends.gelu(), Tensor::from([0.0, 0.0, 1e200]));
        assert_eq!(gelu_vjp(&ends, &Tensor::ones([3], DType::F64)), Tensor::from([0.0, 0.0, 1.0]));
    }

    #[test]
    fn extremes_neither_overflow_nor_hide_nan() {
        let x = Tensor::from([-1000.0f32, 1000.0, f32::NAN]);
        assert_eq!(x.sigmoid().to_vec::<f32>()[..2], [0.0, 1.0]);
        assert_eq!(x.gelu().to_vec::<f32>()[..2], [0.0, 1000.0]);
        assert!(x.relu().at(&[2]).is_nan() && x.sigmoid().at(&[2]).is_nan());
    }

    #[test]
    fn views_are_walked_in_their_own_order() {
        let x = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]).transpose(0, 1);
        assert_eq!(x.neg(), Tensor::from([[-1.0f32, -3.0], [-2.0, -4.0]]));
    }
}
