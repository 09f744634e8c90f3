//! Checks of chapter 6.

use etudiant::nn::{Adam, Noam, Optimizer, ParamGradients, Params, Schedule, Sgd};
use etudiant::tensor::{DType, Tensor};

use crate::kit::{Verdict, close, tensors};

/// What Adam remembers of one number: the running means of its gradients and of their squares.
#[derive(Default)]
pub struct Moments {
    pub m: f64,
    pub v: f64,
}

/// The parameter after each step of an optimizer, from [1, -1], with these gradients and a learning rate of 0.1.
fn steps(mut optimizer: impl Optimizer, gradients: &[[f64; 2]]) -> Result<Vec<Tensor>, String> {
    let mut params = Params::new(DType::F64);
    let id = params.add("w", Tensor::from([1.0, -1.0]));
    let mut found = Vec::new();
    for gradient in gradients {
        let mut of_params = ParamGradients::empty(&params);
        of_params.set(id, Tensor::from(*gradient));
        optimizer.step(&mut params, &of_params, 0.1).map_err(|error| error.to_string())?;
        found.push(params.get(id).clone());
    }
    Ok(found)
}

const GRADIENTS: [[f64; 2]; 4] = [[1.0, -2.0], [0.5, 4.0], [-3.0, 0.1], [1.0, 1.0]];

pub fn sgd(sgd: fn(&Tensor, &mut Tensor, &Tensor, f64, f64) -> Tensor) -> Verdict {
    for momentum in [0.0, 0.9] {
        let (mut param, mut velocity) = (Tensor::from([1.0, -1.0]), Tensor::from([0.0, 0.0]));
        for (step, expected) in steps(Sgd::new(momentum, 0.0), &GRADIENTS)?.iter().enumerate() {
            param = sgd(&param, &mut velocity, &Tensor::from(GRADIENTS[step]), momentum, 0.1);
            tensors(&format!("momentum {momentum}, after step {}", step + 1), &param, expected)?;
        }
    }
    Ok(())
}

pub fn adam(adam: fn(&mut Moments, f64, i32, f64) -> f64) -> Verdict {
    let (mut param, mut moments) = (1.0, Moments::default());
    for (step, expected) in steps(Adam::default(), &GRADIENTS)?.iter().enumerate() {
        param += adam(&mut moments, GRADIENTS[step][0], step as i32 + 1, 0.1);
        if step == 0 {
            close("m after the first step", moments.m, 0.1 * GRADIENTS[0][0], 1e-12)?;
            close("v after the first step", moments.v, 0.02 * GRADIENTS[0][0].powi(2), 1e-12)?;
        }
        close(&format!("from 1, after step {}", step + 1), param, expected.at(&[0]), 1e-9)?;
    }
    Ok(())
}

pub fn noam(noam: fn(u64, usize, u64) -> f64) -> Verdict {
    let paper = Noam { factor: 1.0, d_model: 512, warmup_steps: 4000 };
    [1, 2000, 4000, 16_000].into_iter().try_for_each(|step| {
        close(&format!("step {step} of the paper"), noam(step, 512, 4000), paper.learning_rate(step), 1e-12)
    })
}
