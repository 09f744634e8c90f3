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

/// Appends numbers of half precision (IEEE 754 binary16), which f32 holds exactly.
pub(super) fn append_f16(bytes: &[u8], values: &mut Vec<f32>) {
    values.extend(bytes.as_chunks().0.iter().map(|&bytes| f16(u16::from_le_bytes(bytes))));
}

/// Appends numbers of bfloat16, which are the upper halves of f32.
pub(super) fn append_bf16(bytes: &[u8], values: &mut Vec<f32>) {
    let number = |&bytes: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16);
    values.extend(bytes.as_chunks().0.iter().map(number));
}

/// Appends whole numbers of a byte.
pub(super) fn append_i8(bytes: &[u8], values: &mut Vec<f32>) {
    values.extend(bytes.iter().map(|&byte| f32::from(byte as i8)));
}

/// Replaces the content of `bytes` by numbers that bfloat16 holds.
pub(super) fn write_bf16<T: Element>(values: &[T], bytes: &mut Vec<u8>) {
    bytes.clear();
    let half = |x: &T| ((x.f64() as f32).to_bits() >> 16) as u16;
    bytes.extend(values.iter().flat_map(|x| half(x).to_le_bytes()));
}

/// Replaces the content of `bytes` by whole numbers of a byte.
pub(super) fn write_i8<T: Element>(values: &[T], bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend(values.iter().map(|x| x.f64() as i8 as u8));
}

/// Shifted to their places in an f32, sign, exponent and fraction make a number too small by the difference of the two
/// exponents' biases, subnormal ones too; infinities and NaN keep the highest exponent.
fn f16(bits: u16) -> f32 {
    let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7fff));
    let magnitude = match rest >> 10 {
        0x1f => f32::from_bits(0xff << 23 | (rest & 0x3ff) << 13),
        _ => f32::from_bits(rest << 13) * 2f32.powi(127 - 15),
    };
    f32::from_bits(magnitude.to_bits() | sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_the_number_that_the_standard_says() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
            let magnitude = match exponent {
                0 => fraction * 2f64.powi(-14),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
            };
            let mut found = vec![];
            append_f16(&bits.to_le_bytes(), &mut found);
            let same = f64::from(found[0]).abs() == magnitude || found[0].is_nan() && magnitude.is_nan();
            assert!(same && found[0].is_sign_negative() == (bits >= 0x8000), "{bits:#06x}: {}", found[0]);
        }
    }

    #[test]
    fn a_bfloat_is_the_upper_half_of_a_float() {
        for number in [0.0f32, -1.0, 3.140625, 1e30, f32::INFINITY] {
            let bits = (number.to_bits() >> 16) as u16;
            let mut found = vec![];
            append_bf16(&bits.to_le_bytes(), &mut found);
            assert!((found[0] == number) || (found[0] / number - 1.0).abs() < 1.0 / 128.0, "{number}");
        }
        let mut found = vec![];
        append_bf16(&[0x49, 0x40, 0x80, 0xbf], &mut found);
        assert_eq!(found, [3.140625, -1.0]);
    }
}
