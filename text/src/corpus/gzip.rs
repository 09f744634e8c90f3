//! Text in gzip files (RFC 1952), which are members one behind the other.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The first bytes of every member (section 2.3.1).
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The text of all members. Zeros behind one are padding, as tapes and block devices leave it, and are skipped, as
/// `gzip` and Python do; anything else is an error, and errors say that it is the gzip data that is wrong.
pub(super) struct Gzip<R> {
    /// None behind the last one, where any number of further reads find nothing.
    member: Option<GzDecoder<R>>,
    /// How many members have ended.
    ended: usize,
    /// What went wrong behind what was read last.
    failed: Option<io::Error>,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(reader: R) -> Self {
        Gzip { member: Some(GzDecoder::new(reader)), ended: 0, failed: None }
    }

    /// Goes on to the next member, if there is one.
    fn next_member(&mut self, ended: GzDecoder<R>) -> io::Result<()> {
        let mut reader = ended.into_inner();
        self.ended += 1;
        match skip_zeros(&mut reader)? {
            Some(byte) if byte != GZIP_MAGIC[0] => {
                Err(io::Error::new(io::ErrorKind::InvalidData, format!("byte {byte:#04x}")))
            }
            next => {
                self.member = next.map(|_| GzDecoder::new(reader));
                Ok(())
            }
        }
    }
}

/// The first byte that is not zero.
fn skip_zeros(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        let zeros = buffer.iter().take_while(|&&byte| byte == 0).count();
        let next = buffer.get(zeros).copied();
        reader.consume(zeros);
        if next.is_some() {
            return Ok(next);
        }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    /// Fills the buffer while there is text, so that what is read at a time does not tell where members end: by the first part
    /// of a text it is judged in what encoding it is.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() && self.failed.is_none() {
            match self.read_some(&mut buffer[count..]) {
                Ok(0) => break,
                Ok(more) => count += more,
                Err(error) => self.failed = Some(error),
            }
        }
        match self.failed.take_if(|_| count == 0) {
            Some(error) => Err(error),
            None => Ok(count),
        }
    }
}

impl<R: BufRead> Gzip<R> {
    /// Some text, nothing only at the end.
    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut member) = self.member.take() {
            // A member whose header was read is gzip data, whatever follows.
            let is_gzip = |member: &GzDecoder<R>| self.ended == 0 || member.header().is_some();
            let count = member.read(buffer).map_err(|error| in_words(&error, is_gzip(&member)))?;
            if count > 0 || buffer.is_empty() {
                self.member = Some(member);
                return Ok(count);
            }
            self.next_member(member).map_err(|error| in_words(&error, false))?;
        }
        Ok(0)
    }
}

/// What is wrong with the data, or with what stands behind it.
fn in_words(error: &io::Error, is_gzip: bool) -> io::Error {
    let text = match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "the gzip data ends too early; the file was cut off, get it once more".into()
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if !is_gzip => format!(
            "behind the gzip data stands what is none ({error}); get the file once more, or cut that off: \
             `gunzip -c FILE | gzip > NEW`"
        ),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            format!("the gzip data is damaged ({error}); get the file once more")
        }
        _ => error.to_string(),
    };
    io::Error::new(error.kind(), text)
}
