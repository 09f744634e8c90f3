//! Numbers and their bytes in a file, the least significant first.

use tensor::Element;

/// Numbers to and from bytes.
pub(super) trait LittleEndian: Element {
    /// Replaces the content of `bytes` by that of `values`.
    fn write(values: &[Self], bytes: &mut Vec<u8>);
    /// Appends the numbers in `bytes` to `values`; what is left over of an incomplete last one is not looked at.
    fn append(bytes: &[u8], values: &mut Vec<Self>);
}

macro_rules! little_endian {
    ($T:ty) => {
        impl LittleEndian for $T {
            fn write(values: &[Self], bytes: &mut Vec<u8>) {
                bytes.resize(size_of_val(values), 0);
                for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                    *bytes = value.to_le_bytes();
                }
            }

            fn append(bytes: &[u8], values: &mut Vec<Self>) {
                values.extend(bytes.as_chunks().0.iter().map(|&bytes| Self::from_le_bytes(bytes)));
            }
        }
    };
}

little_endian!(f32);
little_endian!(f64);
