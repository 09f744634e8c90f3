//! What a user writes to property-test an operation of their own: the operation, and ten lines. As an example it
//! is here to be read; as a test it shows that the ten lines are enough.

use autograd::{Gradcheck, Var};
use proptest::prelude::*;
use tensor::strategies::{numbers, shapes, tensors};

/// `x * sigmoid(x)`. vjp: `grad_x = grad_out * s (1 + x (1 - s))` with `s = sigmoid(x)`.
fn swish(x: &Var) -> Var {
    let (value, s) = (x.value().clone(), x.value().sigmoid());
    Var::record("swish", &[x], value.mul(&s), move |grad_out, grads| {
        grads.add(0, || {
            let inner = value.mul(&s.neg().add_scalar(1.0)).add_scalar(1.0);
            grad_out.mul(&s).mul(&inner)
        });
    })
}

proptest! {
    #![proptest_config(crate::common::cases(64))]

    #[test]
    fn swish_has_its_derivative_in_every_shape_and_layout(x in tensors(shapes(0..=4), numbers())) {
        Gradcheck::new().allow_empty().run("swish", &[x], |v| swish(&v[0]))?;
    }
}
