//! Ten steps of each optimizer on each schedule, beside PyTorch's: parameters after every step.

use autograd::{Tape, Var};
use nn::{
    Adam, AdamW, Constant, Context, Cosine, InverseSqrt, Noam, Optimizer, Params, ReduceOnPlateau, Schedule,
    Sgd,
};
use tensor::{DType, Seed, Tensor};

use super::Counterparts;
use super::fixture::{Case, Comparison};

const STEPS: u64 = 10;
const RATE: f64 = 0.05;
const MAX_NORM: f64 = 0.3;

type OptimizerRow = (&'static str, fn() -> Box<dyn Optimizer>);
type ScheduleRow = (&'static str, fn() -> Box<dyn Schedule>);

const OPTIMIZERS: [OptimizerRow; 5] = [
    ("sgd", || Box::new(Sgd::new(0.0, 0.0))),
    ("sgd, momentum", || Box::new(Sgd::new(0.9, 0.0))),
    ("sgd, momentum and decay", || Box::new(Sgd::new(0.9, 0.1))),
    ("adam", || Box::new(Adam::new(0.9, 0.98, 1e-9))),
    ("adamw", || Box::new(AdamW::new(Adam::new(0.9, 0.98, 1e-9), 0.1))),
];

const SCHEDULES: [ScheduleRow; 5] = [
    ("constant", || Box::new(Constant { learning_rate: RATE })),
    ("noam", || Box::new(Noam { factor: 1.0, d_model: 64, warmup_steps: 4 })),
    ("inverse sqrt", || Box::new(InverseSqrt { peak: 0.08, warmup_steps: 4, initial: 0.01 })),
    ("cosine", || Box::new(Cosine { peak: RATE, min: 0.01, warmup_steps: 4, total_steps: STEPS })),
    ("plateau", || {
        let start = ReduceOnPlateau::new(RATE);
        Box::new(ReduceOnPlateau { factor: 0.5, patience: 1, threshold: 0.3, min: 0.01, ..start })
    }),
];

pub fn counterparts() -> Counterparts {
    let mut counterparts = Counterparts::new();
    for (optimizer_name, optimizer) in OPTIMIZERS {
        for (schedule_name, schedule) in SCHEDULES {
            let clip = optimizer_name.starts_with("adam");
            let check = move |case: &Case, dtype| train(case, dtype, optimizer(), schedule(), clip);
            counterparts.insert(format!("{optimizer_name}/{schedule_name}"), Box::new(check));
        }
    }
    counterparts
}

/// Fits tanh(x W' + b) to y.
fn train(
    case: &Case,
    dtype: DType,
    mut optimizer: Box<dyn Optimizer>,
    mut schedule: Box<dyn Schedule>,
    clip: bool,
) -> Vec<Comparison> {
    let [x, y, initial_weight, initial_bias] =
        ["x", "y", "initial_weight", "initial_bias"].map(|part| case.part(part).to_dtype(dtype));
    let [x, y] = [x, y].map(Var::constant);
    let mut params = Params::new(dtype);
    let (weight, bias) = (params.add("weight", initial_weight), params.add("bias", initial_bias));
    let (mut losses, mut rates, mut weights, mut biases) = (vec![], vec![], vec![], vec![]);
    for step in 1..=STEPS {
        let tape = Tape::new();
        let cx = Context::training(&params, &tape, Seed::new(0));
        let out = x.linear(&cx.param(weight), Some(&cx.param(bias))).tanh(); // [5, 3]
        let loss = (out - &y).powi(2).mean(.., false);
        losses.push(loss.value().reshape([1]));
        let mut gradients = cx.gradients(loss.backward());
        if clip {
            // PyTorch's clip_grad_norm_ multiplies by max_norm / (norm + 1e-6); we follow the paper.
            let norm = gradients.global_norm();
            gradients.clip_global_norm(MAX_NORM * norm / (norm + 1e-6));
        }
        rates.push(schedule.learning_rate(step));
        optimizer.step(&mut params, &gradients, schedule.learning_rate(step)).unwrap();
        schedule.observe(loss.item());
        weights.push(params.get(weight).unsqueeze(0));
        biases.push(params.get(bias).unsqueeze(0));
    }
    let stacked = |steps: &[Tensor]| Tensor::concatenate(&steps.iter().collect::<Vec<_>>(), 0);
    let rates = Tensor::from_vec::<f64>(rates, [STEPS as usize]);
    let rate = Comparison { dtype, ..case.compare("rate", &rates) }; // a number, which has no dtype
    vec![
        case.compare("loss", &stacked(&losses)),
        rate,
        case.compare("weight", &stacked(&weights)), // [step, 3, 4]
        case.compare("bias", &stacked(&biases)),    // [step, 3]
    ]
}
