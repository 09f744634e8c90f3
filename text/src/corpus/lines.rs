//! Lines of text from files and streams.
//!
//! A line ends with `\n` or `\r\n` and with nothing else. A form feed, a lone carriage return or U+2028 inside a
//! sentence, which other programs take for an end, would shift all later lines against their translations.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::encoding::{BYTE_ORDER_MARK, decode, foreign};
use super::gzip::{GZIP_MAGIC, Gzip};
use crate::error::Error;

/// The longest line outside a corpus, in bytes: what is longer is no text.
const MAX_BYTES: usize = 1 << 26;

/// The lines of the file at `path`, gzipped or not, empty ones too, without their ends.
///
/// # Errors
/// If the file cannot be read, its gzip data is damaged, or a line is not UTF-8: that is named.
pub fn read_lines(path: &Path) -> Result<Vec<String>, Error> {
    lines_in(path)?.collect()
}

/// As [`read_lines`], each line as soon as it is read.
///
/// # Errors
/// If the file cannot be opened; all else comes in the place of the line.
pub fn lines_in(path: &Path) -> Result<impl Iterator<Item = Result<String, Error>> + use<>, Error> {
    let mut lines = open(Path::new(""), path)?;
    Ok(std::iter::from_fn(move || lines.next_text().transpose()))
}

/// The lines of a stream, each as soon as it is read, empty ones too, without their ends; errors give the line
/// and call the stream `name`. After an [`Error::Line`], of a line that is not UTF-8, the next one follows; after an
/// error of the stream itself nothing does.
pub fn lines_of<R: BufRead>(reader: R, name: &str) -> impl Iterator<Item = Result<String, Error>> + use<R> {
    let mut lines = LineReader::new(reader, name.into());
    std::iter::from_fn(move || lines.next_text().transpose())
}

/// Opens the file at `path`, which starts from the folder `dir` if it is relative.
pub(super) fn open(dir: &Path, path: &Path) -> Result<LineReader<Box<dyn BufRead>>, Error> {
    let full = dir.join(path);
    if full.is_dir() {
        return Err(Error::at(&full, "a folder, not a file; name the files in it that are to be read"));
    }
    let reader = open_by_content(&full).map_err(|error| Error::at(&full, why(&error, dir, path)))?;
    Ok(LineReader::new(reader, full))
}

/// The text of a file, which its first bytes show to be gzipped or not.
fn open_by_content(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let head = reader.fill_buf()?;
    // A file cut off after the first of the two bytes is no text either.
    let is_gzip = !head.is_empty() && GZIP_MAGIC.starts_with(&head[..head.len().min(GZIP_MAGIC.len())]);
    Ok(if is_gzip { Box::new(BufReader::new(Gzip::new(reader))) } else { Box::new(reader) })
}

/// Why a file cannot be opened, and what would be right.
pub(super) fn why(error: &io::Error, dir: &Path, path: &Path) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if path.is_absolute() => "there is no such file".into(),
        io::ErrorKind::NotFound if dir.as_os_str().is_empty() => {
            "there is no such file; relative paths start from the current folder".into()
        }
        io::ErrorKind::NotFound => {
            format!("there is no such file; relative paths start from the folder {}", dir.display())
        }
        io::ErrorKind::PermissionDenied => format!("you may not read it; change its permissions ({error})"),
        _ => format!("cannot be read: {error}"),
    }
}

/// The lines of one file or stream.
pub(super) struct LineReader<R> {
    reader: R,
    path: PathBuf,
    /// How many lines were read.
    count: usize,
    /// Nothing more is to be read: the end was reached, or an error.
    ended: bool,
    buffer: Vec<u8>,
}

impl<R: BufRead> LineReader<R> {
    fn new(reader: R, path: PathBuf) -> Self {
        LineReader { reader, path, count: 0, ended: false, buffer: Vec::new() }
    }

    /// The next line without its end, and the first one without a byte order mark; nothing behind the last. A
    /// line of more than `max_bytes` bytes comes cut off, but still longer than that: a file without line ends
    /// does not fill the memory.
    pub(super) fn next_line(&mut self, max_bytes: usize) -> Result<Option<&[u8]>, Error> {
        if self.ended {
            return Ok(None);
        }
        self.ended = true;
        let name = if self.count == 0 { self.foreign() } else { Ok(None) };
        if let Some(name) = name.map_err(|error| Error::broken_at(&self.path, 1, error))? {
            return Err(Error::at(&self.path, format!("the text is {name}; save it as UTF-8")));
        }
        let read = self.fill(max_bytes);
        if read.map_err(|error| Error::broken_at(&self.path, self.count + 1, error))? == 0 {
            return Ok(None);
        }
        self.count += 1;
        let mut line = &self.buffer[..];
        if self.count == 1 {
            if line.starts_with(&GZIP_MAGIC) {
                return Err(Error::at(
                    &self.path,
                    "the text is gzipped; name the file, or unpack it with `gunzip -c`",
                ));
            }
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
            if line.is_empty() {
                self.count = 0;
                return Ok(None);
            }
        }
        self.ended = false;
        if let Some(text) = line.strip_suffix(b"\n") {
            line = text.strip_suffix(b"\r").unwrap_or(text);
        }
        Ok(Some(line))
    }

    /// The encoding that the text seems to be in, if it is another than UTF-8, by what has come of it.
    fn foreign(&mut self) -> io::Result<Option<&'static str>> {
        self.reader.fill_buf().map(foreign)
    }

    /// Reads a line into the buffer and returns its length, 0 at the end; what exceeds `max_bytes` by more than a
    /// byte order mark and a line end is passed over.
    fn fill(&mut self, max_bytes: usize) -> io::Result<usize> {
        let room = max_bytes.saturating_add(BYTE_ORDER_MARK.len() + b"\r\n".len() + 1);
        self.buffer.clear();
        let read = self.reader.by_ref().take(room as u64).read_until(b'\n', &mut self.buffer)?;
        if read == room && !self.buffer.ends_with(b"\n") {
            self.reader.skip_until(b'\n')?;
        }
        Ok(read)
    }

    /// The next line as text.
    fn next_text(&mut self) -> Result<Option<String>, Error> {
        let Some(line) = self.next_line(MAX_BYTES)? else { return Ok(None) };
        let text = if line.len() > MAX_BYTES {
            Err(format!("a line of more than {} MiB; this is no text", MAX_BYTES >> 20))
        } else {
            decode(line).map(str::to_owned)
        };
        text.map(Some).map_err(|problem| Error::at_line(&self.path, self.count, problem))
    }

    /// How many lines there are in all; those not yet read are passed over.
    pub(super) fn count_to_the_end(&mut self) -> Result<usize, Error> {
        while self.next_line(0)?.is_some() {}
        Ok(self.count)
    }
}
