//! Reading a file no further than its header allows, and each byte once.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read};
use std::path::Path;

use crc32fast::Hasher;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use tensor::{Element, Shape, Tensor};

use super::numbers::{LittleEndian, append_bf16, append_f16, append_i8};
use super::sizes::{memory, shape};
use crate::error::Error;

/// The largest header that readers of safetensors accept.
pub(super) const MAX_HEADER_LEN: usize = 100_000_000;

/// How many bytes are read at a time: many, for few calls, and few enough to stay in a core's cache.
const BLOCK: usize = 1 << 18;

/// A file whose tensors fill it without gap or overlap.
pub(super) struct Whole {
    /// All before the first tensor: the length of the header, and the header.
    pub start: Vec<u8>,
    pub header: Metadata,
    /// The tensors' names in the order of the file; of those without numbers, which lie in one place, that of the header.
    pub names: Vec<String>,
    /// The tensors in that order; of one that cannot be represented, why.
    pub tensors: Vec<Result<Tensor, String>>,
    /// The checksum of the bytes of each.
    pub hashers: Vec<Hasher>,
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
    read_all(&mut reader, len).map_err(|problem| match problem {
        Problem::Io(source) => Error::Io { path: path.into(), action: "read the file", source },
        Problem::Content(problem) => Error::NotSafetensors { path: path.into(), problem },
    })
}

/// Why a file was not read to its end.
enum Problem {
    Io(io::Error),
    /// It is something else, or cut short.
    Content(String),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Problem::Io(error)
    }
}

fn read_all(reader: &mut impl Read, len: Option<u64>) -> Result<Whole, Problem> {
    let (start, header, names) = read_start(reader)?;
    if let Some(len) = len {
        check_len(&header, len.saturating_sub(start.len() as u64))?;
        // A file that no memory can hold is refused before it fills it.
        let mut room = Vec::<u8>::new();
        room.try_reserve_exact(memory(&header, &names)).map_err(io::Error::from)?;
        black_box(&room);
    }
    let mut numbers = Numbers { reader, header: &header, block: Vec::new(), found: 0 };
    let (mut tensors, mut hashers) = (Vec::new(), Vec::new());
    for name in &names {
        let info = header.info(name).expect("the name is from this header");
        let (tensor, hasher) = numbers.tensor(info, len.is_some())?;
        tensors.push(tensor);
        hashers.push(hasher);
    }
    numbers.next_block(1)?; // one more shows that there is more
    check_len(&header, numbers.found)?;
    Ok(Whole { start, header, names, tensors, hashers })
}

/// All before the first tensor, the header in it, and the names of the tensors in the order of the file.
fn read_start(reader: &mut impl Read) -> Result<(Vec<u8>, Metadata, Vec<String>), Problem> {
    let bad = |problem: String| Err(Problem::Content(problem));
    let mut start = Vec::new();
    reader.take(8).read_to_end(&mut start)?;
    let Some(&header_len) = start.first_chunk::<8>() else {
        return bad("it has fewer than 8 bytes".into());
    };
    let header_len = u64::from_le_bytes(header_len);
    if header_len > MAX_HEADER_LEN as u64 {
        return bad("it does not begin with the length of a header".into());
    }
    reader.take(header_len).read_to_end(&mut start)?;
    if start.len() as u64 != header_len + 8 {
        return bad(format!("a header of {header_len} bytes in {} bytes", start.len()));
    }
    let json = |error: serde_json::Error| Problem::Content(error.to_string());
    let Names { mut names, metadata } = serde_json::from_slice(&start[8..]).map_err(json)?;
    if let Some(name) = named_twice(&names) {
        let what = if name == METADATA { "the metadata" } else { "the tensor" };
        return bad(format!("{what} {name:?} is named twice in the header"));
    }
    if let Some(key) = named_twice(&metadata) {
        return bad(format!("the key {key:?} is named twice in the metadata"));
    }
    // This checks that each tensor's place has the size its shape and dtype ask for, and follows the one before.
    let header: Metadata = serde_json::from_slice(&start[8..]).map_err(json)?;
    names.retain(|name| header.info(name).is_some());
    names.sort_by_key(|name| header.info(name).map(|info| info.data_offsets));
    Ok((start, header, names))
}

/// The first name of two things, of which readers would silently drop one.
fn named_twice(names: &[String]) -> Option<&String> {
    let mut seen = HashSet::new();
    names.iter().find(|&name| !seen.insert(name))
}

/// The name in a header that is no tensor's.
const METADATA: &str = "__metadata__";

/// The names in a header, and those in its metadata, in their order.
struct Names {
    names: Vec<String>,
    metadata: Vec<String>,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let (mut names, mut metadata) = (Vec::new(), Vec::new());
                while let Some(name) = map.next_key::<String>()? {
                    if name == METADATA {
                        let Names { names, .. } = map.next_value()?;
                        metadata.extend(names);
                    } else {
                        let IgnoredAny = map.next_value()?;
                    }
                    names.push(name);
                }
                Ok(Names { names, metadata })
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Whether there are as many bytes of numbers as the header announces.
fn check_len(header: &Metadata, found: u64) -> Result<(), Problem> {
    if found == header.data_len() as u64 { Ok(()) } else { Err(wrong_len(header, found)) }
}

fn wrong_len(header: &Metadata, found: u64) -> Problem {
    Problem::Content(format!("{} bytes of numbers announced, {found} found", header.data_len()))
}

/// What is behind a header, block by block.
struct Numbers<'a, R> {
    reader: &'a mut R,
    header: &'a Metadata,
    /// What was read last.
    block: Vec<u8>,
    /// How many bytes were read.
    found: u64,
}

impl<R: Read> Numbers<'_, R> {
    /// The next tensor, or why it cannot be represented, and the checksum of its bytes. If they are known to be there,
    /// memory is taken for all of them at once, else as they arrive.
    fn tensor(
        &mut self,
        info: &TensorInfo,
        are_there: bool,
    ) -> Result<(Result<Tensor, String>, Hasher), Problem> {
        let len = info.data_offsets.1 - info.data_offsets.0;
        match (shape(info), info.dtype) {
            (Ok(shape), Dtype::F32) => self.tensor_of(shape, len, are_there, f32::append),
            (Ok(shape), Dtype::F64) => self.tensor_of(shape, len, are_there, f64::append),
            (Ok(shape), Dtype::F16) => self.tensor_of(shape, len, are_there, append_f16),
            (Ok(shape), Dtype::BF16) => self.tensor_of(shape, len, are_there, append_bf16),
            (Ok(shape), Dtype::I8) => self.tensor_of(shape, len, are_there, append_i8),
            (shape, dtype) => {
                let problem = || format!("it has dtype {dtype}; F64, F32, F16 and BF16 are read; convert it");
                Ok((Err(shape.err().unwrap_or_else(problem)), self.for_each_block(len, |_| ())?))
            }
        }
    }

    /// `append` appends the numbers in a block of bytes.
    fn tensor_of<T: Element>(
        &mut self,
        shape: Shape,
        len: usize,
        are_there: bool,
        append: impl Fn(&[u8], &mut Vec<T>),
    ) -> Result<(Result<Tensor, String>, Hasher), Problem> {
        let mut values = Vec::new();
        if are_there {
            values.try_reserve_exact(shape.numel()).map_err(io::Error::from)?;
        }
        let hasher = self.for_each_block(len, |block| append(block, &mut values))?;
        Ok((Ok(Tensor::from_vec(values, shape)), hasher))
    }

    /// Shows the next `len` bytes, and returns their checksum.
    fn for_each_block(&mut self, len: usize, mut visit: impl FnMut(&[u8])) -> Result<Hasher, Problem> {
        let (mut hasher, mut left) = (Hasher::new(), len);
        while left > 0 {
            let wanted = left.min(BLOCK);
            self.next_block(wanted)?;
            if self.block.len() < wanted {
                return Err(wrong_len(self.header, self.found));
            }
            hasher.update(&self.block);
            visit(&self.block);
            left -= wanted;
        }
        Ok(hasher)
    }

    /// Reads `len` bytes, fewer only if there are no more.
    fn next_block(&mut self, len: usize) -> io::Result<()> {
        self.block.clear();
        self.found += self.reader.take(len as u64).read_to_end(&mut self.block)? as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;
    use std::fs;

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
