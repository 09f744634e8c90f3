//! A mistake that one might make in each exercise: its check has to find it, and to say what it expected.

pub mod ch01_numbers {
    use etudiant::tensor::Tensor;

    pub fn slope(f: fn(f64) -> f64, x: f64) -> f64 {
        (f(x + 1e-5) - f(x)) / 1e-5 // to one side
    }

    pub fn place(index: [usize; 2], strides: [usize; 2], _offset: usize) -> usize {
        index[0] * strides[0] + index[1] * strides[1]
    }

    pub fn outer(a: &Tensor, b: &Tensor) -> Tensor {
        &b.unsqueeze(1) * a // [n, m]
    }
}

pub mod ch02_multiply_add {
    pub fn multiply_adds_per_number(m: usize, k: usize, n: usize) -> f64 {
        (m * k * n / (m * k + k * n + m * n)) as f64 // rounded down
    }

    pub fn pack(a: &[f64], _rows: usize, _cols: usize, _height: usize) -> Vec<f64> {
        a.to_vec()
    }

    pub fn transposed_product(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
        let element = |i: usize, j: usize| (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum(); // a b
        (0..m * n).map(|place| element(place / n, place % n)).collect()
    }
}

pub mod ch03_backward {
    use etudiant::autograd::Var;

    use crate::checks::ch03_backward::Step;

    pub fn by_hand(w: f64, x: f64, b: f64) -> [f64; 3] {
        let guess = w * x + b;
        [2.0 * guess, 2.0 * guess, 2.0 * guess]
    }

    pub fn backward(leaves: usize, tape: &[Step]) -> Vec<f64> {
        let mut grad = vec![0.0; leaves + tape.len()];
        grad[leaves + tape.len() - 1] = 1.0;
        for (i, step) in tape.iter().enumerate().rev() {
            for (place, slope) in step.inputs.iter().zip(step.slopes) {
                grad[*place] = grad[leaves + i] * slope; // the last reader's share only
            }
        }
        grad
    }

    pub fn half_the_gradient(x: &Var) -> Var {
        x * 0.5
    }
}

pub mod ch04_vjp {
    use etudiant::autograd::Var;
    use etudiant::tensor::Tensor;

    pub fn softplus(x: &Var) -> Var {
        let value = x.value().clone();
        Var::record("softplus", &[x], value.exp().add_scalar(1.0).log(), move |g, grads| {
            grads.add(0, || g.mul(&value.exp().add_scalar(1.0).log().sigmoid())); // of the result
        })
    }

    pub fn matmul_vjp(g: &Tensor, a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
        (g.matmul(&b.transpose(0, 1)), g.transpose(0, 1).matmul(a)) // the second is transposed
    }

    pub fn log_softmax_vjp(out: &Tensor, g: &Tensor) -> Tensor {
        g - &out.exp().mul(&g.sum(.., false)) // over all rows
    }
}

pub mod ch05_gradcheck {
    use etudiant::autograd::Var;
    use etudiant::tensor::Tensor;

    pub fn four_points(f: fn(f64) -> f64, x: f64, h: f64) -> f64 {
        (f(x + h) - f(x - h)) / (2.0 * h) // two
    }

    pub fn mended(x: &Var) -> Var {
        let value = x.value().clone();
        Var::record("mean_of_squares", &[x], value.powi(2).mean(.., false), move |g, grads| {
            grads.add(0, || value.mul(g).mul_scalar(2.0));
        })
    }

    pub fn along(f: &dyn Fn(&Tensor) -> f64, x: &Tensor, direction: &Tensor, h: f64) -> f64 {
        (f(&x.add(&direction.mul_scalar(h))) - f(x)) / h
    }
}

pub mod ch06_learning {
    use etudiant::tensor::Tensor;

    use crate::checks::ch06_learning::Moments;

    pub fn sgd(param: &Tensor, velocity: &mut Tensor, gradient: &Tensor, momentum: f64, rate: f64) -> Tensor {
        let moved = velocity.mul_scalar(momentum).add(gradient); // and forgotten
        param.sub(&moved.mul_scalar(rate))
    }

    pub fn adam(moments: &mut Moments, gradient: f64, _step: i32, learning_rate: f64) -> f64 {
        moments.m = 0.9 * moments.m + 0.1 * gradient;
        moments.v = 0.98 * moments.v + 0.02 * gradient * gradient;
        -learning_rate * moments.m / (moments.v.sqrt() + 1e-9) // not corrected
    }

    pub fn noam(step: u64, d_model: usize, _warmup_steps: u64) -> f64 {
        ((d_model as f64) * step as f64).powf(-0.5) // never rises
    }
}

pub mod ch07_attention {
    use etudiant::tensor::{Mask, Tensor};

    pub fn attention(query: &Tensor, key: &Tensor, value: &Tensor) -> Tensor {
        query.matmul(&key.transpose(0, 1)).softmax(-1).matmul(value) // not scaled
    }

    pub fn causal(len: usize) -> Mask {
        Mask::from_fn([len, len], |index| index[1] < index[0]) // not itself
    }

    pub fn heads(x: &Tensor, n_heads: usize) -> Tensor {
        x.reshape([n_heads, x.dim(0), x.dim(1) / n_heads]) // cuts rows
    }
}

pub mod ch08_positions {
    pub fn sinusoid(position: usize, column: usize, d_model: usize) -> f64 {
        let angle = position as f64 * 10000f64.powf(-(column as f64) / d_model as f64); // each column its own
        if column.is_multiple_of(2) { angle.sin() } else { angle.cos() }
    }

    pub fn turn(hand: [f64; 2], angle: f64) -> [f64; 2] {
        [hand[0] + angle.sin(), hand[1] + angle.cos()]
    }

    pub fn similarity(distance: usize, d_model: usize) -> f64 {
        (0..d_model / 2).map(|i| (distance as f64 * 10000f64.powf(-(i as f64) / d_model as f64)).cos()).sum()
    }
}

pub mod ch09_encoder_decoder {
    use etudiant::tensor::Tensor;

    pub fn layer_norm(row: &[f64], eps: f64) -> Vec<f64> {
        let n = row.len() as f64;
        let mean = row.iter().sum::<f64>() / n;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0); // of a sample
        row.iter().map(|x| (x - mean) / (variance + eps).sqrt()).collect()
    }

    type OfTensor = fn(&Tensor) -> Tensor;

    pub fn residual(x: &Tensor, sublayer: OfTensor, norm: OfTensor, norm_first: bool) -> Tensor {
        let normed = norm(x);
        if norm_first { &normed + &sublayer(&normed) } else { norm(&(x + &sublayer(x))) } // the norm on both ways
    }

    pub fn n_parameters(d_model: usize, d_ff: usize) -> usize {
        4 * d_model * d_model + 2 * d_model * d_ff // the matrices
    }
}

pub mod ch10_training {
    pub fn cross_entropy(logits: &[f64], label: usize) -> f64 {
        -(logits[label].exp() / logits.iter().map(|logit| logit.exp()).sum::<f64>()).ln() // NaN for 1000
    }

    pub fn floor(vocab_size: usize, smoothing: f64) -> f64 {
        let other = smoothing / (vocab_size - 1) as f64;
        -(1.0 - smoothing) * (1.0 - smoothing).ln() - smoothing * other.ln() // tensor2tensor's definition
    }

    pub fn shift_right(target: &[u32], bos_id: u32) -> Vec<u32> {
        [&[bos_id], target].concat() // with <eos>
    }
}

pub mod ch11_decoding {
    use crate::checks::ch11_decoding::Next;

    pub fn greedy(next: Next, _eos: u32, max_len: usize) -> Vec<u32> {
        let mut said: Vec<u32> = Vec::new();
        for _ in 0..max_len.min(5) {
            let p = next(&said);
            said.push((0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap_or(0) as u32); // after the end
        }
        said
    }

    pub fn best(translations: &[(f64, usize)], _alpha: f64) -> usize {
        let order = |&a: &usize, &b: &usize| translations[a].0.total_cmp(&translations[b].0);
        (0..translations.len()).max_by(order).unwrap_or(0)
    }

    pub fn beam(next: Next, eos: u32, _beam_size: usize, max_len: usize) -> Vec<u32> {
        greedy(next, eos, max_len)
    }
}

pub mod ch12_beyond {
    pub fn sum_in_chunks(numbers: &[f32], _chunk: usize) -> f32 {
        numbers.iter().sum()
    }

    pub fn dropout(x: &[f64], random: &[f64], p: f64) -> Vec<f64> {
        x.iter().zip(random).map(|(x, random)| if *random < p { 0.0 } else { *x }).collect() // not made larger
    }

    pub fn clipped_matches(hypothesis: &[&str], reference: &[&str]) -> usize {
        hypothesis.iter().filter(|word| reference.contains(word)).count() // "the" three times
    }
}
