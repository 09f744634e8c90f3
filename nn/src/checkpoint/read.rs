//! Reading a file no further than its header allows.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::Metadata;

use crate::error::Error;

/// The largest header that readers of safetensors accept.
pub(super) const MAX_HEADER_LEN: usize = 100_000_000;

/// A file whose tensors fill it without gap or overlap.
pub(super) struct Whole {
    pub header: Metadata,
    pub bytes: Vec<u8>,
    /// Where the numbers begin.
    pub data_start: usize,
}

/// Reads the file at `path`. A model given by mistake may be any file, and larger than the memory: if the header is
/// none, or announces another length than the file has, nothing behind the header is read.
pub(super) fn read(path: &Path) -> Result<Whole, Error> {
    let io = |source| Error::Io { path: path.into(), action: "read the file", source };
    let file = File::open(path).map_err(io)?;
    let about = file.metadata().map_err(io)?;
    // What is no file, a pipe for example, does not know its length.
    read_from(path, file, about.is_file().then_some(about.len()))
}

/// As [`read`]; `len` is the length of what is behind the reader, where it is known.
pub(super) fn read_from(path: &Path, mut reader: impl Read, len: Option<u64>) -> Result<Whole, Error> {
    let bad = |problem: String| Error::NotSafetensors { path: path.into(), problem };
    let io = |source| Error::Io { path: path.into(), action: "read the file", source };
    let mut bytes = Vec::new();
    let mut read_on = |bytes: &mut Vec<u8>, limit: u64| {
        reader.by_ref().take(limit).read_to_end(bytes).map(drop).map_err(io)
    };
    read_on(&mut bytes, 8)?;
    let header_len = bytes.first_chunk::<8>().ok_or_else(|| bad("it has fewer than 8 bytes".into()))?;
    let header_len = u64::from_le_bytes(*header_len);
    if header_len > MAX_HEADER_LEN as u64 {
        return Err(bad("it does not begin with the length of a header".into()));
    }
    read_on(&mut bytes, header_len)?;
    let data_start = bytes.len();
    if data_start as u64 != header_len + 8 {
        let found = len.unwrap_or(data_start as u64);
        return Err(bad(format!("a header of {header_len} bytes in {found} bytes")));
    }
    // This checks that each tensor's place has the size its shape and dtype ask for, and follows the one before.
    let header: Metadata = serde_json::from_slice(&bytes[8..]).map_err(|error| bad(error.to_string()))?;
    let announced = header.data_len() as u64;
    let check = |found: u64| match found == announced {
        true => Ok(()),
        false => Err(bad(format!("{announced} bytes of numbers announced, {found} found"))),
    };
    if let Some(len) = len {
        check(len.saturating_sub(data_start as u64))?;
        bytes.try_reserve_exact(header.data_len()).map_err(|error| io(error.into()))?;
    }
    read_on(&mut bytes, announced.saturating_add(1))?; // one more shows that there is more
    check((bytes.len() - data_start) as u64)?;
    Ok(Whole { header, bytes, data_start })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::fs;
    use std::io;

    use tensor::Tensor;

    use super::*;
    use crate::named::NamedTensors;

    /// Zeros without end behind some bytes, and how many bytes were read.
    struct Endless<'a>(&'a [u8], &'a Cell<usize>);

    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = if self.0.is_empty() { buffer.len() } else { self.0.read(buffer)? };
            self.1.set(self.1.get() + n);
            Ok(n)
        }
    }

    fn start(header: &str) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()
    }

    #[test]
    fn of_a_file_that_is_something_else_only_the_start_is_read() {
        let (text, no_json) = (b"this is no model at all", start("no JSON"));
        let model = start(r#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#);
        let large = Some(60_000_000_000);
        for (start, len, expected, most) in [
            (&text[..], large, "it does not begin with the length of a header", 8),
            (text, None, "it does not begin with the length of a header", 8),
            (&no_json, large, "expected ident", no_json.len()),
            (&model, large, "4 bytes of numbers announced, 59999999938 found", model.len()),
            (&model, None, "4 bytes of numbers announced, 5 found", model.len() + 5),
        ] {
            let count = Cell::new(0);
            let found = read_from(Path::new("model.safetensors"), Endless(start, &count), len);
            let error = found.err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
            assert_eq!(count.get(), most, "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_can_be_loaded_though_it_has_no_length() {
        let folder = tempfile::tempdir().unwrap();
        let (file, pipe) = (folder.path().join("file"), folder.path().join("pipe"));
        let mut tensors = NamedTensors::new("test");
        tensors.insert("x", Tensor::from([1.0f32, 2.0]));
        crate::checkpoint::save(&file, &tensors, &BTreeMap::new()).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::thread::scope(|scope| {
            scope.spawn(|| fs::write(&pipe, fs::read(&file).unwrap()));
            let loaded = crate::checkpoint::load(&pipe).unwrap();
            assert_eq!(loaded.tensors.get("x"), tensors.get("x"));
        });
    }
}
