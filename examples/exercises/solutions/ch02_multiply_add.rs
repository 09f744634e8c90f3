//! Solutions of chapter 2.

pub fn multiply_adds_per_number(m: usize, k: usize, n: usize) -> f64 {
    (m * k * n) as f64 / (m * k + k * n + m * n) as f64
}

pub fn pack(a: &[f64], rows: usize, cols: usize, height: usize) -> Vec<f64> {
    let mut packed = Vec::with_capacity(a.len());
    for panel in 0..rows / height {
        for col in 0..cols {
            for row in panel * height..(panel + 1) * height {
                packed.push(a[row * cols + col]);
            }
        }
    }
    packed
}

pub fn transposed_product(a: &[f64], b: &[f64], sizes: [usize; 3]) -> Vec<f64> {
    let [m, k, n] = sizes;
    let mut out = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            for l in 0..k {
                out[i * n + j] += a[l * m + i] * b[l * n + j];
            }
        }
    }
    out
}
