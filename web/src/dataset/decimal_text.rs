//! Exact decimal numbers as text: `-12.50` is a sign, whole digits, and digits behind the point.

use crate::ui::words::group_digits;

/// The one way of writing a number: no zeros that say nothing, no minus before zero.
pub(super) fn canonical(text: &str) -> String {
    let (negative, whole, fraction) = split(text);
    let fraction = fraction.trim_end_matches('0');
    let sign = if negative && !(whole == "0" && fraction.is_empty()) { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// With a comma between thousands of the whole part. An answer without a value, such as the mean of blank cells, is
/// empty text; what is no plain decimal stays as it is.
pub(super) fn shown(text: &str) -> String {
    if text.is_empty() {
        return "no value".into();
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.')) {
        return text.to_owned();
    }
    let (negative, whole, fraction) = split(text);
    let sign = if negative { "−" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", group_digits(whole))
}

fn split(text: &str) -> (bool, &str, &str) {
    let (negative, magnitude) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let whole = whole.trim_start_matches('0');
    (negative, if whole.is_empty() { "0" } else { whole }, fraction)
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
    fn groups_only_the_whole_part() {
        assert_eq!(shown("-1234567.123456"), "−1,234,567.123456");
        assert_eq!(shown("12"), "12");
        assert_eq!(shown("1.5e-9"), "1.5e-9");
        assert_eq!(shown(""), "no value");
    }
}
