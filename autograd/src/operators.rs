//! `+`, `-`, `*`, `/` between variables and numbers, and unary `-`.
//!
//! Operators take variables by value or by reference, in any combination, so that `&x * &x + 1.0` reads
//! as it is meant; the work is done by the methods of [`crate::ops::arithmetic`]. A number on the side
//! where it has no method of its own becomes a constant of rank 0, which broadcasts.

use std::ops::{Add, Div, Mul, Neg, Sub};

use tensor::Tensor;

use crate::var::Var;

/// `lhs op rhs` for one choice of owned or borrowed operands.
macro_rules! operator {
    ($Op:ident, $op:ident, $Lhs:ty, $Rhs:ty, |$lhs:ident, $rhs:ident| $out:expr) => {
        impl $Op<$Rhs> for $Lhs {
            type Output = Var;

            #[track_caller]
            fn $op(self, rhs: $Rhs) -> Var {
                let ($lhs, $rhs) = (&self, &rhs);
                $out
            }
        }
    };
}

/// An operator between variables, variable and number, number and variable.
macro_rules! operators {
    ($Op:ident, $op:ident, |$x:ident, $s:ident| $var_number:expr, |$t:ident, $y:ident| $number_var:expr) => {
        operator!($Op, $op, Var, Var, |lhs, rhs| Var::$op(lhs, rhs));
        operator!($Op, $op, Var, &Var, |lhs, rhs| Var::$op(lhs, rhs));
        operator!($Op, $op, &Var, Var, |lhs, rhs| Var::$op(lhs, rhs));
        operator!($Op, $op, &Var, &Var, |lhs, rhs| Var::$op(lhs, rhs));
        operator!($Op, $op, Var, f64, |$x, $s| $var_number);
        operator!($Op, $op, &Var, f64, |$x, $s| $var_number);
        operator!($Op, $op, f64, Var, |$t, $y| $number_var);
        operator!($Op, $op, f64, &Var, |$t, $y| $number_var);
    };
}

operators!(Add, add, |x, number| x.add_scalar(*number), |number, x| x.add_scalar(*number));
operators!(Sub, sub, |x, number| x.add_scalar(-*number), |number, x| Var::sub(&like(x, *number), x));
operators!(Mul, mul, |x, number| x.mul_scalar(*number), |number, x| x.mul_scalar(*number));
operators!(Div, div, |x, number| Var::div(x, &like(x, *number)), |number, x| Var::div(&like(x, *number), x));

/// `number` as a constant of rank 0 with the dtype of `x`.
fn like(x: &Var, number: f64) -> Var {
    Var::constant(Tensor::full([], number, x.dtype()))
}

impl Neg for &Var {
    type Output = Var;

    fn neg(self) -> Var {
        Var::neg(self)
    }
}

impl Neg for Var {
    type Output = Var;

    fn neg(self) -> Var {
        Var::neg(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradcheck::assert_gradients;
    use crate::tape::Tape;

    #[test]
    fn every_combination_of_operands() {
        let tape = Tape::new();
        let (a, b) = (tape.var(Tensor::from([8.0, 6.0])), tape.var(Tensor::from([2.0, 4.0])));
        let is = |x: Var, expected: [f64; 2]| assert_eq!(x.value(), &Tensor::from(expected));
        let own = |x: &Var| x.clone();
        for x in [&a + &b, own(&a) + &b, &a + own(&b), own(&a) + own(&b)] {
            is(x, [10.0, 10.0]);
        }
        for x in [&a - &b, own(&a) - &b, &a - own(&b), own(&a) - own(&b)] {
            is(x, [6.0, 2.0]);
        }
        for x in [&a * &b, own(&a) * &b, &a * own(&b), own(&a) * own(&b)] {
            is(x, [16.0, 24.0]);
        }
        for x in [&a / &b, own(&a) / &b, &a / own(&b), own(&a) / own(&b)] {
            is(x, [4.0, 1.5]);
        }
        for x in [&a + 1.0, own(&a) + 1.0, 1.0 + &a, 1.0 + own(&a)] {
            is(x, [9.0, 7.0]);
        }
        is(&a - 1.0, [7.0, 5.0]);
        is(own(&a) - 1.0, [7.0, 5.0]);
        is(1.0 - &a, [-7.0, -5.0]);
        is(1.0 - own(&a), [-7.0, -5.0]);
        for x in [&a * 3.0, own(&a) * 3.0, 3.0 * &a, 3.0 * own(&a)] {
            is(x, [24.0, 18.0]);
        }
        is(&a / 2.0, [4.0, 3.0]);
        is(own(&a) / 2.0, [4.0, 3.0]);
        is(24.0 / &a, [3.0, 4.0]);
        is(24.0 / own(&a), [3.0, 4.0]);
        is(-&a, [-8.0, -6.0]);
        is(-own(&a), [-8.0, -6.0]);
    }

    #[test]
    fn gradients_with_numbers_on_either_side() {
        let x = Tensor::from([0.7, -1.3]);
        assert_gradients("operators", &[x], |v| {
            let x = &v[0];
            (1.0 - x) * (x - 2.0) / 3.0 + 4.0 / x - (-x) * 0.5
        });
    }
}
