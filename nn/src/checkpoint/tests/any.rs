//! Files that hold what is not computed with.

use super::*;

#[test]
fn a_file_that_may_hold_anything_is_listed_whole() {
    let dtypes = ["I64", "F32", "BOOL", "U8", "I32", "F8_E4M3", "BF16", "C64", "F4"];
    let bits = [64, 32, 8, 8, 32, 8, 16, 64, 4];
    let (mut header, mut end) = (String::new(), 0);
    for (dtype, bits) in dtypes.into_iter().zip(bits) {
        let start = end;
        end += 2 * bits / 8;
        header +=
            &format!(r#""{dtype} x":{{"dtype":"{dtype}","shape":[2,1],"data_offsets":[{start},{end}]}},"#);
    }
    let many =
        format!(r#""axes":{{"dtype":"F32","shape":[1,1,1,1,1,1,1],"data_offsets":[{end},{}]}}"#, end + 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("any.safetensors");
    std::fs::write(&path, foreign(&format!("{{{header}{many}}}"), &vec![0; end + 4])).unwrap();
    let (checkpoint, listed) = load_any(&path).unwrap();
    let names: Vec<&str> = checkpoint.tensors.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["F32 x", "BF16 x"]);
    assert_eq!(listed.len(), 10);
    for (Listed { name, dtype, shape, problem }, expected) in listed.iter().zip(dtypes) {
        assert_eq!((name, &**dtype, &shape[..]), (&format!("{expected} x"), expected, &[2, 1][..]));
        assert_eq!(problem.is_none(), names.contains(&&**name), "{name}");
    }
    assert_eq!(listed[9].problem.as_deref(), Some("it has 7 axes, at most 6 are supported"));
    assert!(matches!(load(&path), Err(Error::UnsupportedTensor { name, .. }) if name == "I64 x"));
}
