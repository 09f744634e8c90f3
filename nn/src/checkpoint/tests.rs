mod any;
mod packed;

use std::fs;

use tensor::{DType, Seed, Tensor};

use super::*;
use crate::params::Params;

/// A small model with an empty tensor, a scalar, and a name that JSON must escape.
fn store() -> Params {
    let mut params = Params::new(DType::F32);
    params.add("encoder.weight", Tensor::normal([3, 2], 0.0, 1.0, Seed::new(1), DType::F32));
    params.add("a \"quoted\"\n\u{1f} name é", Tensor::from([1.5f32]));
    params.add("scalar", Tensor::scalar(f32::MIN_POSITIVE));
    params.add("empty", Tensor::zeros([0, 4], DType::F32));
    params
}

fn metadata() -> BTreeMap<String, String> {
    let pairs =
        [("step", "100"), ("config", "d_model = 8\nname = \"é\"\u{1f}"), ("", ""), ("z", "1"), ("a", "2")];
    pairs.map(|(key, value)| (key.to_string(), value.to_string())).into()
}

fn encode(tensors: &impl AsRef<NamedTensors>, metadata: &BTreeMap<String, String>) -> Vec<u8> {
    to_bytes(tensors, metadata).unwrap()
}

fn decoded(bytes: &[u8]) -> Result<Checkpoint, Error> {
    from_bytes("model.safetensors", bytes)
}

/// A file with this header and these numbers, as another program would write it.
fn foreign(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn save_and_load_give_the_same_bits_names_order_and_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let params = store();
    save(&path, &params, &metadata()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), encode(&params, &metadata()));
    let loaded = load(&path).unwrap();
    assert_eq!(loaded.metadata, metadata());
    assert_eq!(loaded.tensors.origin(), path.display().to_string());
    let mut other = store();
    for (id, ..) in params.iter() {
        *other.get_mut(id) = Tensor::zeros(params.get(id).shape(), DType::F32);
    }
    other.load_from(&loaded.tensors).unwrap();
    for (id, name, tensor) in params.iter() {
        let bits = |tensor: &Tensor| tensor.to_vec::<f32>().into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(tensor), bits(other.get(id)), "{name}");
    }
}

#[test]
fn f64_and_views_are_saved_as_what_they_show() {
    let mut tensors = NamedTensors::new("test");
    let matrix = Tensor::from([[1.0f64, 2.0, 3.0], [4.0, f64::NEG_INFINITY, 6.0]]);
    tensors.insert("transposed", matrix.transpose(0, 1));
    let loaded = decoded(&encode(&tensors, &BTreeMap::new())).unwrap().tensors;
    assert_eq!(loaded.get("transposed"), Some(&matrix.transpose(0, 1).contiguous()));
}

#[test]
fn more_than_one_block_is_written_in_order() {
    let mut tensors = NamedTensors::new("test");
    tensors.insert("long", Tensor::arange(0.0, 150_000.0, 1.0, DType::F32));
    for n in 0..9 {
        tensors.insert(format!("empty{}", n * 5 % 9), Tensor::zeros([0, n], DType::F32)); // all in one place
    }
    let loaded = decoded(&encode(&tensors, &BTreeMap::new())).unwrap().tensors;
    assert!(loaded.iter().eq(tensors.iter()));
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let bytes = encode(&store(), &metadata());
    assert!((0..20).all(|_| encode(&store(), &metadata()) == bytes));
    assert_eq!(bytes.len() % 4, 0);
}

#[test]
fn another_reader_of_safetensors_understands_it() {
    let bytes = encode(&store(), &metadata());
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.len(), 4);
    let view = file.tensor("encoder.weight").unwrap();
    assert_eq!((view.dtype(), view.shape()), (Dtype::F32, [3, 2].as_slice()));
    assert_eq!(view.data().as_ptr() as usize % 4, bytes.as_ptr() as usize % 4);
}

#[test]
fn a_file_of_another_program_is_accepted() {
    let tensors =
        [("x", safetensors::tensor::TensorView::new(Dtype::F32, vec![1], &[0, 0, 128, 63]).unwrap())];
    let metadata = [("format".to_string(), "pt".to_string())].into();
    let bytes = safetensors::serialize(tensors, Some(metadata)).unwrap();
    let loaded = decoded(&bytes).unwrap();
    assert_eq!(loaded.tensors.get("x"), Some(&Tensor::from([1.0f32])));
    assert_eq!(loaded.metadata["format"], "pt");
}

#[test]
fn every_truncation_and_every_addition_is_rejected() {
    let bytes = encode(&store(), &metadata());
    for len in 0..bytes.len() {
        let error = decoded(&bytes[..len]).unwrap_err();
        assert!(
            error.to_string().starts_with("model.safetensors: not a complete safetensors file: "),
            "{error}"
        );
    }
    assert!(decoded(&[&bytes[..], &[0]].concat()).is_err());
    assert!(decoded(&[&bytes[..], &bytes[..]].concat()).is_err());
}

#[test]
fn every_change_of_a_single_byte_is_rejected() {
    let mut bytes = encode(&store(), &metadata());
    decoded(&bytes).unwrap();
    for position in 0..bytes.len() {
        for change in 1..=255 {
            bytes[position] ^= change;
            assert!(decoded(&bytes).is_err(), "byte {position} changed by {change:#04x} was accepted");
            bytes[position] ^= change;
        }
    }
}

/// The message about the file with one bit turned, up to the checksums.
#[track_caller]
fn damage(bytes: &[u8], position: usize) -> String {
    let mut damaged = bytes.to_vec();
    damaged[position] ^= 1;
    let message = decoded(&damaged).unwrap_err().to_string();
    let (start, rest) = message.split_once(": its checksum is `").unwrap();
    assert!(rest.contains("; restore it from a copy"), "{message}");
    start.to_string()
}

#[test]
fn a_damaged_file_says_which_tensors_are_damaged() {
    let bytes = encode(&store(), &metadata());
    let len = bytes.len();
    let prefix = "model.safetensors: the file is damaged ";
    assert_eq!(damage(&bytes, len - 1), format!("{prefix}in tensor `scalar`"));
    assert_eq!(damage(&bytes, len - 8), format!("{prefix}in tensor `a \"quoted\"\n\u{1f} name é`"));
    assert_eq!(damage(&bytes, len - 9), format!("{prefix}in tensor `encoder.weight`"));
    let in_step = bytes.windows(5).position(|window| window == b"\"100\"").unwrap() + 1;
    assert_eq!(damage(&bytes, in_step), format!("{prefix}in its header"));
    assert_eq!(damage(&bytes, 8 + HEADER_START.len()), format!("{prefix}in its header"), "the checksum");

    let mut both = bytes.clone();
    both[len - 1] ^= 1;
    assert!(damage(&both, len - 30).ends_with("in the tensors `encoder.weight`, `scalar`"));
    let mut many = NamedTensors::new("test");
    for i in 0..5 {
        many.insert(i.to_string(), Tensor::from([1.0f64]));
    }
    let mut bytes = encode(&many, &BTreeMap::new());
    let data = bytes.len() - 40;
    [0, 8, 16, 32].iter().for_each(|place| bytes[data + place] ^= 1);
    let last = bytes.len() - 9;
    assert!(damage(&bytes, last).ends_with("in the tensors `0`, `1`, `2` and 2 more"));
}

#[test]
fn a_file_is_as_long_as_its_tensors_and_eight_digits_for_each() {
    let len_with = |n: usize| {
        let mut tensors = NamedTensors::new("test");
        for i in 0..n {
            tensors.insert(i.to_string(), Tensor::zeros([0], DType::F32));
        }
        header(&entries(&tensors, Packing::F32), &BTreeMap::new(), &vec![Hasher::new(); n]).unwrap().len()
    };
    let entry = r#","0":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"#.len();
    assert_eq!(len_with(9) - len_with(3), 6 * (entry + 8));
}

/// As it was written before tensors had checksums, with the same format number.
#[test]
fn a_file_without_checksums_of_its_tensors_is_read() {
    let header = format!(
        r#"{HEADER_START}{BLANK}","{FORMAT_KEY}":"{FORMAT}","step":"7"}},{}"#,
        r#""x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    );
    let mut bytes = foreign(&header, &[0, 0, 128, 63, 0, 0, 0, 64]);
    let mut checksum = Hasher::new();
    checksum.update(&bytes);
    bytes[8 + HEADER_START.len()..][..8].copy_from_slice(checksums::digits(checksum).as_bytes());
    let loaded = decoded(&bytes).unwrap();
    assert_eq!(loaded.tensors.get("x"), Some(&Tensor::from([1.0f32, 2.0])));
    assert_eq!(loaded.metadata, BTreeMap::from([("step".to_string(), "7".to_string())]));
    assert!(damage(&bytes, bytes.len() - 1).ends_with("the file is damaged somewhere"));
}

#[test]
fn a_newer_format_is_reported_as_such() {
    let bytes = encode(&store(), &metadata());
    let text = format!("\"{FORMAT_KEY}\":\"{FORMAT}\"");
    let place = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    let mut newer = bytes.clone();
    newer[place + text.len() - 2] = b'9';
    let message = decoded(&newer).unwrap_err().to_string();
    assert_eq!(message, "model.safetensors: checkpoint format `9`, but this version reads format `1`");
}

#[test]
fn garbage_is_an_error_and_no_panic() {
    let mut random = Vec::new();
    let noise = Tensor::uniform([512], 0.0, 256.0, Seed::new(5), DType::F64).to_f64_vec();
    for byte in noise {
        assert!(decoded(&random).is_err());
        random.push(byte as u8);
    }
    for len in [0, 1, MAX_HEADER_LEN as u64, MAX_HEADER_LEN as u64 + 1, u64::MAX - 8, u64::MAX] {
        assert!(decoded(&len.to_le_bytes()).is_err());
        assert!(decoded(&[&len.to_le_bytes()[..], b"{}"].concat()).is_err());
    }
    for header in ["{}", "[]", "", "{", "null", "{\"x\":1}", "{\"__metadata__\":{\"etudiant.format\":\"1\"}}"]
    {
        assert!(decoded(&foreign(header, &[1, 2, 3])).is_err(), "{header}");
    }
    assert!(decoded(&foreign("{\"__metadata__\":{\"etudiant.format\":\"1\"}}", &[])).is_err());
    assert!(decoded(&foreign(&"[".repeat(100_000), &[])).is_err());
}

#[test]
fn sizes_beyond_all_memory_are_errors() {
    let tensor = |shape: &str, begin: u64, end: u64| {
        format!(r#"{{"dtype":"F64","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
    };
    let huge = 1u64 << 57; // numbers, of 8 bytes each
    let one = format!(r#"{{"x":{}}}"#, tensor(&format!("[{huge}]"), 0, huge * 8));
    let message = decoded(&foreign(&one, &[])).unwrap_err().to_string();
    assert!(message.ends_with(&format!("{} bytes of numbers announced, 0 found", huge * 8)), "{message}");
    // Sixteen of which the sizes add up to nearly 2^64.
    let many: Vec<String> = (0..16)
        .map(|i| {
            let last = u64::from(i == 15);
            let shape = format!("[{}]", huge - last);
            format!(r#""{i}":{}"#, tensor(&shape, i * huge * 8, i * huge * 8 + (huge - last) * 8))
        })
        .collect();
    assert!(decoded(&foreign(&format!("{{{}}}", many.join(",")), &[])).is_err());
    let hidden = format!(r#"{{"x":{}}}"#, tensor(&format!("[0,{huge},{huge}]"), 0, 0));
    let message = decoded(&foreign(&hidden, &[])).unwrap_err().to_string();
    assert!(message.contains("tensor `x`: its shape [0, "), "{message}");
}

#[test]
fn a_file_that_announces_petabytes_is_refused_for_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let header = r#"{"x":{"dtype":"F32","shape":[1000000000000000],"data_offsets":[0,4000000000000000]}}"#;
    fs::write(&path, foreign(header, &[0; 4])).unwrap();
    let message = load(&path).unwrap_err().to_string();
    assert!(message.ends_with("4000000000000000 bytes of numbers announced, 4 found"), "{message}");
    fs::write(&path, 99_000_000u64.to_le_bytes()).unwrap();
    let message = load(&path).unwrap_err().to_string();
    assert!(message.ends_with("a header of 99000000 bytes in 8 bytes"), "{message}");
}

#[test]
fn what_cannot_be_represented_names_the_tensor() {
    let ids = r#"{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#;
    let message = decoded(&foreign(ids, &[0; 8])).unwrap_err().to_string();
    assert!(
        message.ends_with("tensor `ids`: it has dtype I64; F64, F32, F16 and BF16 are read; convert it"),
        "{message}"
    );
    let deep = r#"{"deep":{"dtype":"F32","shape":[1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#;
    let message = decoded(&foreign(deep, &[0; 4])).unwrap_err().to_string();
    assert!(message.ends_with("tensor `deep`: it has 7 axes, at most 6 are supported"), "{message}");
}

#[test]
fn a_name_that_stands_twice_is_named() {
    let entry = r#""x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let message = decoded(&foreign(&format!("{{{entry},{entry}}}"), &[0; 4])).unwrap_err().to_string();
    assert!(message.contains("the tensor \"x\" is named twice"), "{message}");
    let message =
        decoded(&foreign(&format!(r#"{{"__metadata__":{{"a":"1","b":"2","a":"3"}},{entry}}}"#), &[0; 4]));
    assert!(message.unwrap_err().to_string().contains("the key \"a\" is named twice in the metadata"));
    let twice = format!(r#"{{"__metadata__":{{"a":"1"}},{entry},"__metadata__":{{"b":"1"}}}}"#);
    let message = decoded(&foreign(&twice, &[0; 4])).unwrap_err().to_string();
    assert!(message.contains("the metadata \"__metadata__\" is named twice"), "{message}");
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    for key in RESERVED_KEYS {
        let reserved = BTreeMap::from([(key.to_string(), String::new())]);
        assert!(matches!(save(&path, &store(), &reserved), Err(Error::Unwritable { .. })));
    }
    let mut named_metadata = NamedTensors::new("test");
    named_metadata.insert("__metadata__", Tensor::from([1.0f32]));
    assert!(matches!(save(&path, &named_metadata, &BTreeMap::new()), Err(Error::Unwritable { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_file_is_named() {
    let message = load("no/such/model.safetensors").unwrap_err().to_string();
    assert!(message.starts_with("no/such/model.safetensors: cannot read the file: "), "{message}");
}
