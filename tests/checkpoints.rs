//! What was saved comes back, bit for bit, and gives the same outputs in a model built anew. What does not
//! fit, was cut short or was damaged is an error, never a panic and never a model with other numbers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nn::{Adam, Checkpoint, Error, Noam, Optimizer, OptimizerState, Params, checkpoint};
use tempfile::TempDir;
use tensor::{DType, Seed};
use transformer::search::MaxLen;
use transformer::search::beam::{BeamOptions, beam_search};
use transformer::{Config, NormPlacement, Positions, TieEmbeddings, TrainOptions, Trainer, Transformer};

use crate::common::{VOCAB_SIZE, batch, bits, logits, pairs, param_bits, random_model, small};

/// A folder of its own, and the name of a file in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    (folder, path)
}

fn save(path: &Path, params: &Params) {
    checkpoint::save(path, params, &BTreeMap::from([("step".into(), "100".into())])).unwrap();
}

/// A model of that configuration, from another seed, filled from the file.
fn load_into(config: &Config, dtype: DType, path: &Path) -> Result<(Transformer, Params), Error> {
    let (model, mut params) = Transformer::new(config, Seed::new(77), dtype).unwrap();
    let Checkpoint { tensors, metadata } = checkpoint::load(path)?;
    assert_eq!(metadata, BTreeMap::from([("step".to_string(), "100".to_string())]));
    params.load_from(&tensors)?;
    Ok((model, params))
}

#[test]
fn a_model_built_anew_says_the_same() {
    let departed = small().with(|model| {
        model.norm = NormPlacement::Pre;
        model.positions = Positions::Learned;
        model.attention_bias = true;
        model.tie_embeddings = TieEmbeddings::ThreeWay;
    });
    for (config, dtype) in [(small(), DType::F32), (departed, DType::F64)] {
        let (_folder, path) = place();
        let (model, params) = random_model(&config, 1, dtype);
        save(&path, &params);
        let (loaded_model, loaded) = load_into(&config, dtype, &path).unwrap();
        assert_eq!(param_bits(&loaded), param_bits(&params));

        let pairs = pairs(&[(3, 4), (5, 2)], VOCAB_SIZE, 1);
        let batch = batch(&config, &pairs);
        assert_eq!(bits(&logits(&loaded_model, &loaded, &batch)), bits(&logits(&model, &params, &batch)));
        let sources: Vec<Vec<u32>> = pairs.into_iter().map(|pair| pair.src).collect();
        let options =
            BeamOptions { top_beams: 4, max_len: MaxLen { beyond_source: 3 }, ..BeamOptions::default() };
        let found = beam_search(&loaded_model, &loaded, &sources, &options).unwrap();
        assert_eq!(found, beam_search(&model, &params, &sources, &options).unwrap());
    }
}

#[test]
fn another_configuration_is_an_error_that_names_the_tensor() {
    let (_folder, path) = place();
    save(&path, &random_model(&small(), 1, DType::F32).1);
    let problem = |config: Config, dtype| {
        let error = load_into(&config, dtype, &path).expect_err("another configuration");
        let message = error.to_string();
        assert!(message.starts_with(&path.display().to_string()), "{message}");
        message
    };
    let narrower = problem(small().with(|model| model.d_ff = 8), DType::F32);
    assert!(narrower.contains("tensor `encoder.layers.0.linear1.weight` has shape [12, 8]"), "{narrower}");
    assert!(narrower.ends_with("the model needs [8, 8]"), "{narrower}");
    let longer = problem(small().with(|model| model.n_decoder_layers = 3), DType::F32);
    assert!(longer.contains("tensor `decoder.layers.2.self_attn.q_proj.weight` is missing"), "{longer}");
    let shorter = problem(small().with(|model| model.n_encoder_layers = 1), DType::F32);
    assert!(shorter.contains("tensor `encoder.layers.1."), "{shorter}");
    assert!(shorter.contains("is not part of the model"), "{shorter}");
    let tied = problem(small().with(|model| model.tie_embeddings = TieEmbeddings::ThreeWay), DType::F32);
    assert!(tied.contains("tensor `embedding.weight` is missing"), "{tied}");
    let wider = problem(small(), DType::F64);
    assert!(wider.contains("` has dtype f32, the model needs f64"), "{wider}");
}

#[test]
fn what_does_not_fit_leaves_the_model_as_it_was() {
    let (_folder, path) = place();
    save(&path, &random_model(&small(), 1, DType::F32).1);
    // All tensors fit but for the last ones: a loader that copies as it goes would have begun.
    let config = small().with(|model| model.n_decoder_layers = 3);
    let (_, mut params) = random_model(&config, 2, DType::F32);
    let before = param_bits(&params);
    assert!(params.load_from(&checkpoint::load(&path).unwrap().tensors).is_err());
    assert_eq!(param_bits(&params), before);
}

/// The smallest file that has everything: a few kilobytes, so that every byte can be spoiled.
fn tiny_file() -> (TempDir, PathBuf, Vec<u8>) {
    let (folder, path) = place();
    let sizes = small().with(|model| {
        model.d_model = 2;
        model.d_ff = 1;
        model.n_heads = 1;
        model.n_encoder_layers = 1;
        model.n_decoder_layers = 1;
    });
    save(
        &path,
        &random_model(&sizes.with(|model| model.tie_embeddings = TieEmbeddings::ThreeWay), 1, DType::F32).1,
    );
    let bytes = fs::read(&path).unwrap();
    (folder, path, bytes)
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let (_folder, path, bytes) = tiny_file();
    for len in 0..bytes.len() {
        fs::write(&path, &bytes[..len]).unwrap();
        let error = checkpoint::load(&path).expect_err("a file cut short");
        assert!(matches!(error, Error::NotSafetensors { .. } | Error::Damaged { .. }), "{len}: {error}");
    }
    fs::write(&path, [&bytes[..], b"\0"].concat()).unwrap();
    assert!(checkpoint::load(&path).is_err(), "a byte too many");
    fs::remove_file(&path).unwrap();
    assert!(matches!(checkpoint::load(&path), Err(Error::Io { .. })));
}

#[test]
fn a_file_with_any_bit_turned_is_an_error() {
    let (_folder, path, bytes) = tiny_file();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        fs::write(&path, &damaged).unwrap();
        assert!(checkpoint::load(&path).is_err(), "byte {position} of {} was changed", bytes.len());
    }
    fs::write(&path, &bytes).unwrap();
    assert!(checkpoint::load(&path).is_ok());
}

/// Two steps, then as many from what was saved after the first two: the same bits as four steps, although
/// the learning rate and what is dropped change from step to step.
#[test]
fn weights_and_optimizer_saved_in_the_middle_go_on_as_if_nothing_had_been() {
    let config = small().with(|model| model.dropout = 0.2);
    let batches = [batch(&config, &pairs(&[(3, 4), (5, 2)], VOCAB_SIZE, 1))];
    let trainer = |made, optimizer| {
        let schedule = Noam { factor: 1.0, d_model: 8, warmup_steps: 3 };
        Trainer::new(made, optimizer, schedule, TrainOptions::default()).unwrap()
    };
    let mut through = trainer(random_model(&config, 1, DType::F32), Adam::default());
    let (_folder, path) = place();
    for step in 0..4 {
        if step == 2 {
            save(&path, &through.params);
            let state = through.optimizer.state(&through.params);
            checkpoint::save(path.with_extension("state"), &state.tensors, &BTreeMap::new()).unwrap();
        }
        through.train_step(&batches).unwrap();
    }
    let (model, params) = load_into(&config, DType::F32, &path).unwrap();
    let tensors = checkpoint::load(path.with_extension("state")).unwrap().tensors;
    let mut optimizer = Adam::default();
    optimizer.restore(&params, &OptimizerState { steps: 2, tensors }).unwrap();
    let mut resumed = trainer((model, params), optimizer).resumed_after(2);
    for _ in 0..2 {
        resumed.train_step(&batches).unwrap();
    }
    assert_eq!(param_bits(&resumed.params), param_bits(&through.params));
}
