//! Checks of chapter 4.

use etudiant::autograd::{Tape, Var, gradcheck};
use etudiant::tensor::{DType, Seed, Tensor};

use crate::kit::{Verdict, same, tensors};

pub fn softplus(softplus: fn(&Var) -> Var) -> Verdict {
    let values = Tensor::from([[-2.0, -0.5], [0.3, 4.0]]);
    let tape = Tape::new();
    let out = softplus(&tape.var(values.clone()));
    tensors("the value", out.value(), &values.exp().add_scalar(1.0).log())?;
    same("how many entries the tape has, x and one operation", tape.len(), 2)?;
    gradient_is_right("softplus", &values, softplus)
}

/// Whether backward agrees with central differences.
pub fn gradient_is_right(name: &str, x: &Tensor, f: fn(&Var) -> Var) -> Verdict {
    let report = gradcheck(name, std::slice::from_ref(x), |vars| f(&vars[0]));
    report.map(drop).map_err(|failure| format!("expected the derivative, found another:\n{failure}"))
}

pub fn matmul_vjp(vjp: fn(&Tensor, &Tensor, &Tensor) -> (Tensor, Tensor)) -> Verdict {
    let [a, b, g] = [[2, 3], [3, 4], [2, 4]].map(random);
    let tape = Tape::new();
    let vars = [&a, &b].map(|x| tape.var(x.clone()));
    let gradients = vars[0].matmul(&vars[1]).backward_with(g.clone());
    let (grad_a, grad_b) = vjp(&g, &a, &b);
    for (what, found, var) in [("grad_a", grad_a, &vars[0]), ("grad_b", grad_b, &vars[1])] {
        tensors(what, &found, gradients.get(var).ok_or("expected a gradient, found none")?)?;
    }
    Ok(())
}

pub fn log_softmax_vjp(vjp: fn(&Tensor, &Tensor) -> Tensor) -> Verdict {
    let half = Tensor::from([[0.5f64.ln(), 0.5f64.ln()]]);
    let found = vjp(&half, &Tensor::from([[1.0, 0.0]]));
    tensors("grad_x, where out is [[ln 0.5, ln 0.5]] and g [[1, 0]]", &found, &Tensor::from([[0.5, -0.5]]))?;
    let (x, g) = (Tape::new().var(random([3, 4])), random([3, 4]));
    let out = x.log_softmax(-1);
    let expected = out.backward_with(g.clone()).take(&x).ok_or("expected a gradient, found none")?;
    tensors("grad_x, three rows of four", &vjp(out.value(), &g), &expected)
}

fn random(shape: [usize; 2]) -> Tensor {
    let seed = Seed::new(4).derive_index(shape[0] as u64).derive_index(shape[1] as u64);
    Tensor::normal(shape, 0.0, 1.0, seed, DType::F64)
}
