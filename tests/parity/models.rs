//! Layers and whole models beside PyTorch's, a state dict of PyTorch, and the sinusoids.

use autograd::{Gradients, Tape, Var};
use nn::{Context, NamedTensors, ParamBuilder, Params};
use tensor::{DType, Seed, Tensor};
use transformer::data::batch::IGNORE;
use transformer::import::{StateDictNames, load_state_dict, translate_state_dict};
use transformer::layers::decoder::DecoderLayer;
use transformer::layers::encoder::{EncoderLayer, Memory};
use transformer::{
    Activation, Batch, Config, NormPlacement, Positions, TieEmbeddings, TokenBatch, Transformer, VocabSizes,
    layers::masks,
};

use super::Counterparts;
use super::fixture::{Case, Comparison, path};

const SEED: Seed = Seed::new(1);

pub fn layers() -> Counterparts {
    let mut counterparts = Counterparts::new();
    for variant in ["post, relu", "post, gelu", "pre, relu", "pre, gelu"] {
        counterparts.insert(format!("encoder layer/{variant}"), Box::new(encoder_layer));
        counterparts.insert(format!("decoder layer/{variant}"), Box::new(decoder_layer));
    }
    counterparts
}

pub fn models() -> Counterparts {
    let mut counterparts = Counterparts::new();
    for variant in [
        "post, relu, separate",
        "post, relu, tied",
        "post + final, gelu, separate",
        "pre, relu, separate",
        "pre, gelu, tied",
    ] {
        counterparts.insert(format!("transformer/{variant}"), Box::new(model));
    }
    counterparts
}

pub fn state_dict() -> Counterparts {
    let mut counterparts = Counterparts::new();
    counterparts.insert("state dict".into(), Box::new(loaded_state_dict));
    counterparts
}

pub fn positions() -> Counterparts {
    let mut counterparts = Counterparts::new();
    for (key, form) in [
        ("positions/interleaved", Positions::Sinusoidal),
        ("positions/concatenated", Positions::SinusoidalConcatenated),
    ] {
        counterparts.insert(key.into(), Box::new(move |case, dtype| table(form, case, dtype)));
    }
    counterparts
}

/// The sizes of `tests/fixtures/models.py` and the options that the case's name says.
fn config(case: &Case) -> Config {
    let tied = case.is("tied");
    Config::toy(VocabSizes::Separate { src: 9, tgt: if tied { 9 } else { 7 } }).with(|model| {
        model.d_model = 8;
        model.d_ff = 12;
        model.n_heads = 2;
        model.norm = match () {
            () if case.is("pre") => NormPlacement::Pre,
            () if case.is("post") => NormPlacement::Post,
            () => NormPlacement::PostFinal,
        };
        model.activation = if case.is("gelu") { Activation::Gelu } else { Activation::Relu };
        model.attention_bias = true;
        model.projection_bias = !tied;
        model.tie_embeddings = if tied { TieEmbeddings::ThreeWay } else { TieEmbeddings::Separate };
    })
}

/// PyTorch's parameters (`param.`), or their gradients (`grad.param.`), under our names, in f64.
fn translated(case: &Case, prefix: &str, params: &Params) -> NamedTensors {
    let transformer = if case.group() == "transformer" { "transformer" } else { "" };
    let names = StateDictNames { transformer: transformer.into(), ..StateDictNames::default() };
    translate_state_dict(&case.under(prefix), &names, params.layout(), DType::F64).unwrap()
}

fn load(case: &Case, params: &mut Params) {
    let mut wide = params.to_dtype(DType::F64);
    wide.load_from(&translated(case, "param.", params)).unwrap();
    *params = wide.to_dtype(params.dtype());
}

fn encoder_layer(case: &Case, dtype: DType) -> Vec<Comparison> {
    let mut params = Params::new(dtype);
    let mut builder = ParamBuilder::new(&mut params, SEED);
    let layer = EncoderLayer::new(&mut builder.scope("encoder.layers.0"), &config(case).architecture);
    load(case, &mut params);

    let tape = Tape::new();
    let cx = Context::inference(&params).with_tape(&tape);
    let inputs = case.inputs(&tape, dtype);
    let mask = masks::padding(&lens(case), inputs[0].dim(1));
    let out = layer.forward(&cx, &inputs[0], &mask);
    compare(case, cx, &inputs, &out)
}

fn decoder_layer(case: &Case, dtype: DType) -> Vec<Comparison> {
    let mut params = Params::new(dtype);
    let mut builder = ParamBuilder::new(&mut params, SEED);
    let layer = DecoderLayer::new(&mut builder.scope("decoder.layers.0"), &config(case).architecture);
    load(case, &mut params);

    let tape = Tape::new();
    let cx = Context::inference(&params).with_tape(&tape);
    let inputs = case.inputs(&tape, dtype);
    let mask = masks::padding(&lens(case), inputs[1].dim(1));
    let memory = Memory { states: inputs[1].clone(), mask };
    let real = Var::constant(case.part("real").to_dtype(dtype)); // what comes out at padding has no meaning
    let out = layer.forward(&cx, &inputs[0], &memory) * real;
    compare(case, cx, &inputs, &out)
}

fn model(case: &Case, dtype: DType) -> Vec<Comparison> {
    let (model, mut params) = Transformer::new(&config(case), SEED, dtype).unwrap();
    load(case, &mut params);
    let batch = batch(case);
    let tape = Tape::new();
    let cx = Context::inference(&params).with_tape(&tape);
    let loss = model.loss(&cx, &batch, 0.1).unwrap().loss;
    let mut compared = compare(case, cx, &[], &loss);
    compared.push(case.compare("logits", &real_logits(&model, &params, &batch)));
    compared
}

fn loaded_state_dict(case: &Case, dtype: DType) -> Vec<Comparison> {
    let config = config(case).with(|model| model.norm = NormPlacement::PostFinal);
    let model = Transformer::without_params(&config).unwrap();
    let names = StateDictNames::default().under("model");
    let params = load_state_dict(path("pytorch_model"), &names, model.layout(), dtype).unwrap();
    vec![case.compare("out", &real_logits(&model, &params, &batch(case)))]
}

/// Compares `out` and the gradients of inputs and parameters for the case's cotangent.
fn compare(case: &Case, cx: Context, inputs: &[Var], out: &Var) -> Vec<Comparison> {
    let gradients: Gradients = out.backward_with(case.part("grad_out").to_dtype(out.dtype()));
    let mut compared = vec![case.compare("out", out.value())];
    let of_inputs = inputs.iter().enumerate();
    compared.extend(of_inputs.map(|(i, x)| case.compare_gradient(i, gradients.get(x))));

    let params = cx.params();
    let expected = translated(case, "grad.param.", params);
    let found = cx.gradients(gradients);
    compared.extend(params.iter().map(|(id, name, _)| {
        // A bias of the keys is the one gradient that is not measured by itself; see there.
        let scale = match name.strip_suffix("k_proj.bias") {
            Some(attention) => scale_of_key_bias(attention, &expected),
            None => 0.0,
        };
        Comparison::gradient(name, found.get(id), expected.get(name).unwrap(), scale)
    }));
    compared
}

/// What the error of the gradient of a bias of the keys is relative to.
///
/// Such a bias adds one number to all scores of a query, which softmax does not notice: its gradient is zero but
/// for rounding, PyTorch's like ours. It is measured by the gradients of the biases of queries and values, with
/// which it is one tensor in PyTorch.
fn scale_of_key_bias(attention: &str, expected: &NamedTensors) -> f64 {
    let beside =
        ["q_proj.bias", "v_proj.bias"].map(|bias| expected.get(&format!("{attention}{bias}")).unwrap());
    beside.iter().flat_map(|bias| bias.to_f64_vec()).map(f64::abs).fold(0.0, f64::max)
}

/// The logits, zeros at padding, where they have no meaning.
fn real_logits(model: &Transformer, params: &Params, batch: &Batch) -> Tensor {
    let logits = model.forward(&Context::inference(params), batch).unwrap().into_value();
    let labels = batch.tgt_out.iter().map(|&label| if label == IGNORE { 0.0 } else { 1.0 }).collect();
    let real = Tensor::from_vec::<f64>(labels, [batch.batch_size(), batch.tgt_len(), 1]);
    logits.mul(&real.to_dtype(logits.dtype()))
}

/// The batch of the case, in which id 0 is padding.
fn batch(case: &Case) -> Batch {
    let tokens = |name: &str| {
        let (ids, len) = (case.ids(name), case.part(name).dim(1));
        let lens = ids.chunks(len).map(|row| row.iter().filter(|&&id| id != 0).count()).collect();
        TokenBatch { ids, lens, len }
    };
    let label = |id: u32| if id == 0 { IGNORE } else { id };
    let tgt_out = tokens("tgt_out").ids.into_iter().map(label).collect();
    Batch { src: tokens("src"), tgt_in: tokens("tgt_in"), tgt_out }
}

fn lens(case: &Case) -> Vec<usize> {
    case.part("lens").to_f64_vec().into_iter().map(|len| len as usize).collect()
}

fn table(form: Positions, case: &Case, dtype: DType) -> Vec<Comparison> {
    let d_model = case.part("out").dim(1);
    let row = |row: u32| form.table(row as usize..row as usize + 1, d_model, dtype).unwrap();
    let rows: Vec<Tensor> = case.ids("rows").into_iter().map(row).collect();
    vec![case.compare("out", &Tensor::concatenate(&rows.iter().collect::<Vec<_>>(), 0))]
}

#[test]
fn a_state_dict_that_does_not_fit_or_is_cut_short_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.safetensors");
    let whole = std::fs::read(path("pytorch_model")).unwrap();
    std::fs::write(&cut, &whole[..whole.len() - 1]).unwrap();
    let case = Case { name: "state dict".into(), parts: Default::default() };
    let config = config(&case).with(|model| model.norm = NormPlacement::PostFinal);
    let names = StateDictNames::default().under("model");
    for (config, path, expected) in [
        (config.clone(), cut, "not a complete safetensors file"),
        (
            config.clone().with(|model| model.d_ff = 13),
            path("pytorch_model"),
            "has shape [12, 8], the model needs [13, 8]",
        ),
        (
            config.with(|model| model.norm = NormPlacement::Post),
            path("pytorch_model"),
            "`NormPlacement::PostFinal`",
        ),
    ] {
        let model = Transformer::without_params(&config).unwrap();
        let loaded = load_state_dict(&path, &names, model.layout(), DType::F32);
        let message = loaded.unwrap_err().to_string();
        assert!(message.contains(&path.display().to_string()) && message.contains(expected), "{message}");
    }
}
