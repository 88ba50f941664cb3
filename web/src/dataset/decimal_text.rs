//! Exact decimal numbers as text: `-12.50` is a sign, whole digits, and digits behind the point.

use crate::ui::words::group_digits;

/// The one way of writing a number: no zeros that say nothing, no minus before zero.
pub(super) fn canonical(text: &str) -> String {
    let (negative, whole, fraction) = split(text);
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative && !(whole == "0" && fraction.is_empty()) { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Rounds half away from zero to `places` digits behind the point, for showing; pads with zeros.
pub(super) fn rounded(text: &str, places: usize) -> String {
    let (negative, whole, fraction) = split(text);
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes().take(places)).collect();
    digits.resize(whole.len() + places, b'0');
    let up = fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5');
    if up {
        increment(&mut digits);
    }
    let all_zero = digits.iter().all(|digit| *digit == b'0');
    let text: String = digits.iter().map(|digit| char::from(*digit)).collect();
    let (whole, fraction) = text.split_at(text.len() - places);
    let sign = if negative && !all_zero { "-" } else { "" };
    let point = if places == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// As [`grouped`]; an answer without a value, such as the mean of blank cells, is empty text.
pub(super) fn shown(text: &str) -> String {
    if text.is_empty() { "no value".into() } else { grouped(text) }
}

/// With a comma between thousands of the whole part.
pub(super) fn grouped(text: &str) -> String {
    let (negative, whole, fraction) = split(text);
    let sign = if negative { "−" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", group_digits(whole))
}

/// Digits behind the point.
pub(super) fn places(text: &str) -> usize {
    split(text).2.len()
}

fn split(text: &str) -> (bool, &str, &str) {
    let (negative, magnitude) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let whole = whole.trim_start_matches('0');
    (negative, if whole.is_empty() { "0" } else { whole }, fraction)
}

fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return;
        }
    }
    digits.insert(0, b'1');
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn canonical_text_is_unique() {
        for (text, expected) in [
            ("40", "40"),
            ("40.00", "40"),
            ("-0.0", "0"),
            ("007.50", "7.5"),
            (".5", "0.5"),
            ("-1.20", "-1.2"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn rounds_half_away_from_zero_and_carries() {
        for (text, places, expected) in [
            ("4", 2, "4.00"),
            ("151.13348416289593", 2, "151.13"),
            ("9.995", 2, "10.00"),
            ("-0.004", 2, "0.00"),
            ("-2.5", 0, "-3"),
            ("999.9", 0, "1000"),
        ] {
            assert_eq!(rounded(text, places), expected, "{text}");
        }
    }

    #[test]
    fn groups_only_the_whole_part() {
        assert_eq!(grouped("-1234567.123456"), "−1,234,567.123456");
        assert_eq!(grouped("12"), "12");
        assert_eq!(places("1.250"), 3);
    }
}
