//! Checks of chapter 3.

use etudiant::autograd::{Tape, Var};
use etudiant::tensor::{Seed, Tensor};

use crate::kit::{Verdict, all_close, close};

/// A step of a calculation: the places of its two inputs, and the derivative with respect to each.
pub struct Step {
    pub inputs: [usize; 2],
    pub slopes: [f64; 2],
}

pub fn by_hand(by_hand: fn(f64, f64, f64) -> [f64; 3]) -> Verdict {
    for numbers in [[3.0, 2.0, -1.0], [0.5, -1.0, 4.0], [2.0, 1.0, -2.0]] {
        let tape = Tape::new();
        let [w, x, b] = numbers.map(|number| tape.var(Tensor::scalar(number)));
        let gradients = (&w * &x + &b).powi(2).backward();
        let expected = [&w, &x, &b].map(|var| gradients.get(var).map_or(0.0, Tensor::item));
        let [w, x, b] = numbers;
        for (name, (found, expected)) in ["w", "x", "b"].iter().zip(by_hand(w, x, b).iter().zip(expected)) {
            close(&format!("w = {w}, x = {x}, b = {b}, the derivative by {name}"), *found, expected, 1e-12)?;
        }
    }
    Ok(())
}

pub fn backward(backward: fn(usize, &[Step]) -> Vec<f64>) -> Verdict {
    let tape = [
        Step { inputs: [0, 1], slopes: [2.0, 3.0] },
        Step { inputs: [3, 2], slopes: [1.0, 1.0] },
        Step { inputs: [4, 0], slopes: [3.0, 5.0] },
    ];
    all_close("the chapter's tape", &backward(3, &tape), &[11.0, 9.0, 3.0, 3.0, 3.0, 1.0], 1e-12)?;
    (1..=5).try_for_each(|seed| a_random_tape(backward, Seed::new(seed)))
}

/// Sums and products of earlier numbers, some of which nobody reads: by the exercise, and by the engine.
fn a_random_tape(backward: fn(usize, &[Step]) -> Vec<f64>, seed: Seed) -> Verdict {
    let (tape, leaves, mut steps) = (Tape::new(), 4, Vec::new());
    let mut vars: Vec<Var> = (0..leaves).map(|i| tape.var(Tensor::scalar(0.5 + i as f64 / 4.0))).collect();
    for i in 0..8 {
        let draw = |what: &str| seed.derive(what).derive_index(i).0 as usize % vars.len();
        let inputs = [draw("one"), draw("other")];
        let [a, b] = inputs.map(|place| &vars[place]);
        let (out, slopes) = match seed.derive_index(i).0 % 2 {
            0 => (a + b, [1.0, 1.0]),
            _ => (a * b, [b.item(), a.item()]),
        };
        steps.push(Step { inputs, slopes });
        out.retain_grad();
        vars.push(out);
    }
    let gradients = vars[vars.len() - 1].backward();
    let expected: Vec<f64> = vars.iter().map(|var| gradients.get(var).map_or(0.0, Tensor::item)).collect();
    let told: Vec<String> = steps.iter().enumerate().map(|(i, step)| tell(leaves + i, step)).collect();
    all_close(&format!("{}\nits gradients", told.join("\n")), &backward(leaves, &steps), &expected, 1e-12)
}

fn tell(place: usize, step: &Step) -> String {
    format!("place {place}: of {:?}, slopes {:.3?}", step.inputs, step.slopes)
}

pub fn half_the_gradient(half: fn(&Var) -> Var) -> Verdict {
    let x = Tape::new().var(Tensor::scalar(3.0));
    let y = half(&x);
    close("the value at 3", y.item(), 3.0, 1e-12)?;
    let gradient = (&y * 10.0).backward().get(&x).map_or(0.0, Tensor::item);
    close("the gradient of 10 times it", gradient, 5.0, 1e-12)
}
