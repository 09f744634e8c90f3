//! What is said of state dicts that do not fit.

use super::*;

#[test]
fn what_is_missing_is_named_with_its_shape_and_what_to_do() {
    let names = StateDictNames::default();
    let whole = state_dict(&random_params(&config(), DType::F64), &names);
    let without = |name: &str, expected: &str| {
        assert_problem(&with(&whole, name, None), &config(), name, expected);
    };
    without(
        "transformer.encoder.layers.1.self_attn.in_proj_weight",
        "is missing; the model needs it with shape [12, 4]; there is `transformer.",
    );
    without("transformer.decoder.layers.0.multihead_attn.in_proj_bias", "set `attention_bias: false`");
    without("transformer.encoder.norm.weight", "only `NormPlacement::Post` has no norm on top");
    without("transformer.encoder.layers.0.linear1.bias", "the layers cannot");
    without("projection.bias", "(`projection_bias: false`)");
    without("src_embedding.weight", "`StateDictNames`");
}

#[test]
fn what_is_left_over_is_named_with_its_shape_and_what_to_do() {
    let names = StateDictNames::default();
    let whole = state_dict(&random_params(&config(), DType::F64), &names);
    let left = |config: Config, name: &str, expected: &str| assert_problem(&whole, &config, name, expected);
    let unbiased = config().with(|model| model.attention_bias = false);
    let name = "transformer.decoder.layers.0.multihead_attn.in_proj_bias";
    left(unbiased, name, "set `attention_bias: true`");
    let post = config().with(|model| model.norm = NormPlacement::Post);
    left(post, "transformer.decoder.norm.bias", "`NormPlacement::PostFinal`");
    let unbiased = config().with(|model| model.projection_bias = false);
    left(unbiased, "projection.bias", "set `projection_bias: true`");

    let buffer = with(&whole, "positions.table", Some(Tensor::zeros([5, 4], DType::F64)));
    assert_problem(&buffer, &config(), "positions.table", "name it in `StateDictNames::ignored`");
    let ignoring = StateDictNames { ignored: vec!["positions.table".into()], ..names };
    let params = random_params(&config(), DType::F64);
    let found = translate_state_dict(&buffer, &ignoring, params.layout(), DType::F64).unwrap();
    assert_same(&found, &params);
}

#[test]
fn a_layer_too_many_is_named_whichever_of_its_tensors_is_left_over() {
    let names = StateDictNames::default();
    let whole = state_dict(&random_params(&config(), DType::F64), &names);
    let message = |config: Config, state_dict: &NamedTensors| {
        translate_state_dict(state_dict, &names, &layout(&config), DType::F64).unwrap_err().to_string()
    };
    let shallow = config().with(|model| model.n_decoder_layers = 1);
    assert_eq!(
        message(shallow.clone(), &whole),
        "translator.safetensors: tensor `transformer.decoder.layers.1.linear1.bias` of shape [6] has no place in \
         the model; the model has no layer `transformer.decoder.layers.1`, set `n_decoder_layers`"
    );
    let fitting = state_dict(&random_params(&shallow, DType::F64), &names);
    for (tensor, option) in [
        ("transformer.decoder.layers.10.self_attn.in_proj_bias", "n_decoder_layers"),
        ("transformer.encoder.layers.2.norm1.weight", "n_encoder_layers"),
    ] {
        let deeper = with(&fitting, tensor, Some(Tensor::zeros([12], DType::F64)));
        let layer = tensor.rsplitn(3, '.').last().unwrap();
        assert_eq!(
            message(shallow.clone(), &deeper),
            format!(
                "translator.safetensors: tensor `{tensor}` of shape [12] has no place in the model; the model \
                 has no layer `{layer}`, set `{option}`"
            )
        );
    }
    // The layer is there, so this is no question of layers, nor of the projection's bias.
    let odd = "transformer.encoder.layers.0.norm3.bias";
    let odd = with(&fitting, odd, Some(Tensor::zeros([4], DType::F64)));
    assert!(message(shallow, &odd).ends_with("name it in `StateDictNames::ignored`"));
}

#[test]
fn numbers_that_cannot_be_parameters_are_refused_with_their_place() {
    let names = StateDictNames::default();
    let tied =
        Config { src_vocab_size: 7, ..config().with(|model| model.tie_embeddings = TieEmbeddings::ThreeWay) };
    for (config, name) in [
        (config(), "transformer.encoder.layers.0.self_attn.in_proj_weight"),
        (tied, "src_embedding.weight"), // not taken for one that differs from itself
    ] {
        let whole = state_dict(&random_params(&config, DType::F64), &names);
        let message = |number: f64, dtype: DType| {
            let mut tensor = whole.get(name).unwrap().clone();
            tensor.data_mut::<f64>()[9] = number; // of rows of 4
            let changed = with(&whole, name, Some(tensor));
            let translated = translate_state_dict(&changed, &names, &layout(&config), dtype);
            translated.map_err(|error| error.to_string())
        };
        let expected = |problem| Some(format!("translator.safetensors: tensor `{name}` has {problem}"));
        for (number, shown) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
            let problem = format!("{shown} at [2, 1]; all parameters have to be finite");
            assert_eq!(message(number, DType::F64).err(), expected(problem));
        }
        let problem = "1e300 at [2, 1], too large for f32; make the parameters in f64".to_string();
        assert_eq!(message(1e300, DType::F32).err(), expected(problem));
        assert_eq!(message(1e300, DType::F64).err(), None);
    }
}

#[test]
fn another_shape_is_named_beside_the_one_that_is_needed() {
    let whole = state_dict(&random_params(&config(), DType::F64), &StateDictNames::default());
    let name = "transformer.encoder.layers.0.self_attn.in_proj_weight";
    let short = with(&whole, name, Some(Tensor::zeros([8, 4], DType::F64)));
    assert_problem(&short, &config(), name, "has shape [8, 4], the model needs [12, 4]; compare `d_model`");
}

#[test]
fn the_fields_that_make_a_shape_are_named() {
    let learned = config().with(|model| model.positions = Positions::Learned);
    let whole = state_dict(&random_params(&learned, DType::F64), &StateDictNames::default());
    for (name, fields) in [
        ("transformer.encoder.layers.0.linear1.weight", "`d_ff` and `d_model`"),
        ("transformer.encoder.layers.0.linear1.bias", "`d_ff`"),
        ("transformer.encoder.layers.0.linear2.bias", "`d_model`"),
        ("src_positions.weight", "`max_len` and `d_model`"),
        ("src_embedding.weight", "`src_vocab_size` and `d_model`"),
        ("tgt_embedding.weight", "`tgt_vocab_size` and `d_model`"),
        ("projection.bias", "`tgt_vocab_size`"),
    ] {
        let other = with(&whole, name, Some(Tensor::zeros([20], DType::F64)));
        assert_problem(&other, &learned, name, &format!("; compare {fields}"));
    }
}

#[test]
fn a_tensor_that_was_saved_once_for_several_is_said_to_be_tied() {
    let separate = Config { src_vocab_size: 7, ..config() };
    let whole = state_dict(&random_params(&separate, DType::F64), &StateDictNames::default());
    let only = |kept: &str, missing: &[&str], tie: &str| {
        let file = missing.iter().fold(whole.clone(), |file, name| with(&file, name, None));
        let expected = format!(
            "is missing, but `{kept}` has the shape [7, 4] it needs; if they are tied in Python, set \
             `tie_embeddings: TieEmbeddings::{tie}`, otherwise"
        );
        assert_problem(&file, &separate, missing[0], &expected);
    };
    let [src, tgt, projection] = ["src_embedding.weight", "tgt_embedding.weight", "projection.weight"];
    only(tgt, &[projection], "TargetWithOutput");
    only(projection, &[tgt], "TargetWithOutput");
    only(src, &[tgt, projection], "ThreeWay");
    only(projection, &[src, tgt], "ThreeWay");
}

#[test]
fn learned_positions_without_a_place_are_never_advised_to_be_ignored() {
    let names =
        StateDictNames { src_positions: "pos".into(), tgt_positions: "pos".into(), ..Default::default() };
    let whole = state_dict(&random_params(&config(), DType::F64), &names);
    for (name, tensor, expected) in [
        (
            "pos.weight",
            Tensor::zeros([5, 4], DType::F64),
            "set `positions: Positions::Learned` and `max_len: 5`",
        ),
        ("pos.weight", Tensor::zeros([], DType::F64), "must be the weight of an `nn.Embedding`"),
        ("pos", Tensor::zeros([1, 5, 4], DType::F64), "must be the weight of an `nn.Embedding`"),
    ] {
        let shape = tensor.shape();
        let file = with(&whole, name, Some(tensor));
        let translated = translate_state_dict(&file, &names, &layout(&config()), DType::F64);
        let message = translated.unwrap_err().to_string();
        assert!(message.contains(&format!("`{name}` of shape {shape} has no place")), "{message}");
        assert!(message.ends_with(expected), "{message}");
    }
}

#[test]
fn a_file_of_torch_save_is_recognised_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("translator.pt");
    let (names, layout) = (StateDictNames::default(), layout(&config()));
    let message = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        load_state_dict(&path, &names, &layout, DType::F32).unwrap_err().to_string()
    };
    let python = format!("tensor in torch.load({path:?}, map_location=\"cpu\").items()}}");
    for bytes in [b"PK\x03\x04\0\0\x08\x08\0\0", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 "] {
        let message = message(bytes);
        assert!(message.contains("it is one of torch.save") && message.contains(&python), "{message}");
    }
    let headers_cut_short =
        [b"PK\x03\x04\0\0\0\0{}", b"\x80\x02\0\0\0\0\0\0{}"].map(|bytes| bytes.as_slice());
    for bytes in [b"PK".as_slice()].into_iter().chain(headers_cut_short) {
        let message = message(bytes);
        assert!(
            message.contains("not a complete safetensors file") && !message.contains("torch"),
            "{message}"
        );
    }
}
