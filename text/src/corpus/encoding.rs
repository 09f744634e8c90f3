//! Which encoding a text is in. It should be UTF-8; the others that editors save by are told by name.

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The whole text of a file, without a byte order mark.
///
/// # Errors
/// What is wrong with it, and what would be right, if it is not UTF-8.
pub fn decode_file(bytes: &[u8]) -> Result<&str, String> {
    if let Some(name) = foreign(bytes) {
        return Err(format!("the text is {name}; save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let lines = bytes.split(|&byte| byte == b'\n').zip(1..);
        let mut problems = lines.filter_map(|(line, number)| Some((number, decode(line).err()?)));
        problems.next().map_or(error.to_string(), |(number, problem)| format!("line {number}: {problem}"))
    })
}

/// A line as text, or what is wrong with it.
pub(super) fn decode(line: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(line).map_err(|error| {
        format!("invalid UTF-8 at byte {} of the line; save the text as UTF-8", error.valid_up_to() + 1)
    })
}

/// The name of the encoding of a text that begins with `bytes`, if that is clearly another than UTF-8: by its byte
/// order mark, or by the zeros that UTF-16 and UTF-32 have in every other place. No text in UTF-8 has them there; a
/// single zero by accident is let pass.
pub(super) fn foreign(bytes: &[u8]) -> Option<&'static str> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes); // in a line of UTF-16 it is half of a character
    let is_utf32 = |high: usize| {
        let mut characters = bytes.chunks_exact(4);
        characters.len() > 1 && characters.all(|c| c[high] == 0 && c[high.abs_diff(1)] <= 0x10)
    };
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") || is_utf32(0) || is_utf32(3)
    {
        return Some("UTF-32");
    }
    // The high bytes of most scripts are below 0x20, and those of Latin letters and spaces are 0. A line feed is more
    // likely one of a text in UTF-8 than a letter of Gurmukhi.
    let is_utf16 = |high: usize| {
        let (highs, lows) = (bytes.iter().skip(high).step_by(2), bytes.iter().skip(1 - high).step_by(2));
        let small = highs.clone().filter(|&&byte| byte < 0x20 && byte != b'\n').count();
        let zeros = |bytes: std::iter::StepBy<std::iter::Skip<std::slice::Iter<u8>>>| {
            bytes.filter(|&&byte| byte == 0).count()
        };
        // A few letters have a low byte of 0, as U+0100 in Latvian.
        let (zero_highs, zero_lows) = (zeros(highs.clone()), zeros(lows));
        highs.len() > 1 && zero_highs > 8 * zero_lows && 4 * small >= 3 * highs.len()
    };
    let has_mark = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    (has_mark || is_utf16(0) || is_utf16(1)).then_some("UTF-16")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` in UTF-16 and UTF-32, little and big endian.
    fn in_others(text: &str) -> [(Vec<u8>, &'static str); 4] {
        let units: Vec<u16> = text.encode_utf16().collect();
        let characters: Vec<u32> = text.chars().map(u32::from).collect();
        [
            (units.iter().flat_map(|unit| unit.to_le_bytes()).collect(), "UTF-16"),
            (units.iter().flat_map(|unit| unit.to_be_bytes()).collect(), "UTF-16"),
            (characters.iter().flat_map(|c| c.to_le_bytes()).collect(), "UTF-32"),
            (characters.iter().flat_map(|c| c.to_be_bytes()).collect(), "UTF-32"),
        ]
    }

    const TEXTS: [&str; 10] = [
        "un\tone\n",
        "[data]\ntrain.pairs = [\"a.tsv\"]\n",
        "L’été, c’est bien.\r\n",
        "Он говорит: «да»",
        "Αυτό είναι ένα βιβλίο.",
        "यह एक किताब है।",
        "זה ספר. هذا كتاب.",
        "\nun livre\n",
        "мир\nдва\n",
        "Ārā ir ļoti auksts laiks.\n",
    ];

    #[test]
    fn what_is_not_utf8_is_named_with_a_mark_and_without_one() {
        for text in TEXTS {
            for (bytes, name) in in_others(&format!("\u{feff}{text}")).into_iter().chain(in_others(text)) {
                assert_eq!(foreign(&bytes), Some(name), "{text:?} {bytes:x?}");
                assert_eq!(decode_file(&bytes).unwrap_err(), format!("the text is {name}; save it as UTF-8"));
            }
            assert_eq!(decode_file(text.as_bytes()), Ok(text));
            assert_eq!(decode_file(format!("\u{feff}{text}").as_bytes()), Ok(text));
        }
    }

    #[test]
    fn zeros_by_accident_do_not_make_utf16() {
        for text in [
            "a\0b\n",
            "\0",
            "a\0\n",
            "\0\0\n",
            "un\0 deux\0",
            "\0un\tone\0\n",
            "ab\0cd\0ef\0",
            "",
            "\n",
            "a",
            "a\0b\nc\nd\n",
        ] {
            assert_eq!(decode_file(text.as_bytes()), Ok(text));
        }
    }

    #[test]
    fn an_invalid_byte_is_named_by_line_and_byte() {
        let problem = decode_file(b"\xef\xbb\xbfa\nbc\xffd\n").unwrap_err();
        assert_eq!(problem, "line 2: invalid UTF-8 at byte 3 of the line; save the text as UTF-8");
        assert!(decode_file(b"\xe9").unwrap_err().starts_with("line 1: invalid UTF-8 at byte 1 "));
    }
}
