//! Checks of chapter 9.

use etudiant::tensor::{DType, Seed, Tensor};
use etudiant::transformer::{Config, Transformer, VocabSizes};

use crate::kit::{Verdict, all_close, same, tensors};

pub fn layer_norm(layer_norm: fn(&[f64], f64) -> Vec<f64>) -> Verdict {
    for (row, eps) in
        [([1.0, 2.0, 3.0, 6.0], 0.0), ([0.1, 0.1, 0.1, 0.1], 1e-5), ([-4.0, 0.0, 2.0, 9.0], 0.5)]
    {
        let [gamma, beta] = [1.0, 0.0].map(|value| Tensor::full([4], value, DType::F64));
        let expected = Tensor::from([row]).layer_norm(&gamma, &beta, eps).out.to_vec::<f64>();
        all_close(&format!("{row:?} with eps {eps}"), &layer_norm(&row, eps), &expected, 1e-9)?;
    }
    Ok(())
}

type OfTensor = fn(&Tensor) -> Tensor;

pub fn residual(residual: fn(&Tensor, OfTensor, OfTensor, bool) -> Tensor) -> Verdict {
    let (sublayer, norm): (OfTensor, OfTensor) = (|x| x.powi(2), |x| x.mul_scalar(0.5));
    let x = Tensor::from([2.0, 4.0]);
    let found = [false, true].map(|norm_first| residual(&x, sublayer, norm, norm_first));
    let what = "x = [2, 4], a sublayer that squares, a norm that halves";
    tensors(&format!("{what}, behind the sum"), &found[0], &Tensor::from([3.0, 10.0]))?;
    tensors(&format!("{what}, in front"), &found[1], &Tensor::from([3.0, 8.0]))
}

pub fn n_parameters(n_parameters: fn(usize, usize) -> usize) -> Verdict {
    for (d_model, d_ff) in [(4, 8), (16, 16), (64, 256)] {
        let config =
            Config::toy(VocabSizes::Shared(5)).with(|model| (model.d_model, model.d_ff) = (d_model, d_ff));
        let (_, params) =
            Transformer::new(&config, Seed::new(1), DType::F32).map_err(|error| error.to_string())?;
        let of_layer = params.iter().filter(|(_, name, _)| name.starts_with("encoder.layers.0."));
        let expected = of_layer.map(|(_, _, tensor)| tensor.numel()).sum();
        same(&format!("d_model {d_model}, d_ff {d_ff}"), n_parameters(d_model, d_ff), expected)?;
    }
    Ok(())
}
