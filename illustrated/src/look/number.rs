//! Numbers as they are shown.

/// A number in a cell: two decimals, fewer where it would not fit; nothing of a sign before zero.
pub fn short(number: f32) -> String {
    let decimals = match number.abs() {
        size if size < 99.995 => 2,
        size if size < 999.95 => 1,
        _ => 0,
    };
    let text = format!("{number:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if reads_as_nothing(digits) => digits.to_owned(),
        _ => text,
    }
}

/// A gradient in a cell. It is mostly small: what [`short`] would show as nothing has its first digit and a
/// power of ten.
pub fn small(number: f32) -> String {
    if number != 0.0 && number.abs() < 0.0095 { format!("{number:.0e}") } else { short(number) }
}

/// Whether a number is shown as nothing: no digit of it but zeros is left.
pub fn reads_as_nothing(text: &str) -> bool {
    text.bytes().all(|c| matches!(c, b'0' | b'.'))
}

/// So many of what is called `one` if it is one: `1 layer`, `2 layers`.
pub fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A count with thin spaces between groups of three digits.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_into_cells() {
        let shown = [0.0, -0.0, -0.001, 1.005, -2.5, 99.99, 99.999, -112.25, 1234.5, -123456.0].map(short);
        assert_eq!(
            shown,
            ["0.00", "0.00", "0.00", "1.00", "-2.50", "99.99", "100.0", "-112.2", "1234", "-123456"]
        );
    }

    #[test]
    fn small_gradients_keep_their_first_digit() {
        let shown = [0.0, 0.00018, -0.00264, 0.0094, 0.0096, -0.0264, -0.25].map(small);
        assert_eq!(shown, ["0.00", "2e-4", "-3e-3", "9e-3", "0.01", "-0.03", "-0.25"]);
    }

    #[test]
    fn counts_are_grouped() {
        let shown = [0, 999, 1000, 65_000_000].map(grouped);
        assert_eq!(shown, ["0", "999", "1\u{202f}000", "65\u{202f}000\u{202f}000"]);
    }
}
