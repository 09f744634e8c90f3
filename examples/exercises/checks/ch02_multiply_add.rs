//! Checks of chapter 2.

use etudiant::tensor::{DType, Seed, Tensor};

use crate::kit::{Verdict, all_close, close};

pub fn multiply_adds_per_number(ratio: fn(usize, usize, usize) -> f64) -> Verdict {
    close("512 rows by a matrix [512, 512]", ratio(512, 512, 512), 512.0 / 3.0, 1e-12)?;
    close("one row by a matrix [512, 512]", ratio(1, 512, 512), 512.0 * 512.0 / 263_168.0, 1e-12)
}

pub fn pack(pack: fn(&[f64], usize, usize, usize) -> Vec<f64>) -> Verdict {
    let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    all_close("[[1, 2, 3], [4, 5, 6]], height 2", &pack(&a, 2, 3, 2), &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0], 0.0)?;
    all_close("the same with height 1", &pack(&a, 2, 3, 1), &a, 0.0)?;
    let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let expected = [1.0, 3.0, 2.0, 4.0, 5.0, 7.0, 6.0, 8.0];
    all_close("[[1, 2], [3, 4], [5, 6], [7, 8]], height 2", &pack(&a, 4, 2, 2), &expected, 0.0)
}

type Product = fn(&[f64], &[f64], [usize; 3]) -> Vec<f64>;

pub fn transposed_product(product: Product) -> Verdict {
    let (a, b) = ([1.0, 2.0, 3.0, 4.0], [1.0, 10.0, 100.0, 1000.0]);
    let expected = [301.0, 3010.0, 402.0, 4020.0];
    all_close("a [[1, 2], [3, 4]], b [[1, 10], [100, 1000]]", &product(&a, &b, [2, 2, 2]), &expected, 0.0)?;
    let random = |rows, cols| Tensor::normal([rows, cols], 0.0, 1.0, Seed::new(cols as u64), DType::F64);
    for [m, k, n] in [[1, 2, 1], [2, 3, 4], [5, 4, 3]] {
        let (a, b) = (random(k, m), random(k, n));
        let expected = a.transpose(0, 1).matmul(&b).to_vec::<f64>();
        let found = product(&a.to_vec::<f64>(), &b.to_vec::<f64>(), [m, k, n]);
        all_close(&format!("a [{k}, {m}], b [{k}, {n}]"), &found, &expected, 1e-12)?;
    }
    Ok(())
}
