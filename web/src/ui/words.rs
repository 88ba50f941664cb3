//! Sizes, times and counts in words.

/// `1234567` → `1,234,567`.
pub(crate) fn count(value: u64) -> String {
    group_digits(&value.to_string())
}

/// A count with its noun: `1 row`, `12 rows`.
pub(crate) fn counted(value: u64, one: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(value))
}

/// Groups a run of digits by thousands.
pub(crate) fn group_digits(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in decimal units, three digits: `742 bytes`, `25.7 kB`, `1.25 GB`.
pub(crate) fn bytes(value: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if value < 1_000 {
        return counted(value, "byte");
    }
    let mut scaled = value;
    let mut thousandths = 0;
    let mut unit = 0;
    while scaled >= 1_000 {
        thousandths = scaled % 1_000;
        scaled /= 1_000;
        unit += 1;
    }
    let name = UNITS[(unit - 1).min(UNITS.len() - 1)];
    match scaled {
        0..10 => format!("{scaled}.{:02} {name}", thousandths / 10),
        10..100 => format!("{scaled}.{} {name}", thousandths / 100),
        _ => format!("{scaled} {name}"),
    }
}

/// A length of time: `under 0.01 s`, `0.42 s`, `12 s`, `3 min 5 s`, `2 h 4 min`.
pub(crate) fn seconds(value: f64) -> String {
    if !value.is_finite() || value < 0.0 {
        return "an unknown time".into();
    }
    if value < 0.01 {
        return "under 0.01 s".into();
    }
    if value < 9.995 {
        return format!("{} s", fixed(value, 2));
    }
    let whole = whole(value);
    if whole < 60 {
        format!("{whole} s")
    } else if whole < 3_600 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{} h {} min", whole / 3_600, whole % 3_600 / 60)
    }
}

/// A time still to wait, without false precision.
pub(crate) fn seconds_left(value: f64) -> String {
    if value < 1.0 { "under a second left".into() } else { format!("{} left", seconds(value.ceil())) }
}

/// A rate: `1,234 rows per second`.
pub(crate) fn rate(per_second: f64, unit: &str) -> String {
    if per_second < 10.0 {
        format!("{} {unit} per second", fixed(per_second, 1))
    } else {
        format!("{} {unit} per second", count(whole(per_second)))
    }
}

/// A rate of bytes.
pub(crate) fn byte_rate(per_second: f64) -> String {
    format!("{} per second", bytes(whole(per_second)))
}

/// A moment as `2026-03-01 14:05`, in the time zone of this browser.
pub(crate) fn moment(seconds_since_1970: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "exact for the next 285,000 years")]
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(seconds_since_1970 as f64 * 1_000.0));
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes(),
    )
}

/// A number that is not negative, with `places` digits behind the point. (The formatting of floats in the standard
/// library weighs as much as a screen of this page.)
pub(crate) fn fixed(value: f64, places: u32) -> String {
    let step = 10_u64.pow(places);
    #[expect(clippy::cast_precision_loss, reason = "a small power of ten")]
    let steps = whole(value * step as f64);
    format!("{}.{:0width$}", steps / step, steps % step, width = places as usize)
}

/// With a capital first letter.
pub(crate) fn capitalised(text: &str) -> String {
    match text.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => text.to_owned(),
    }
}

/// How much of a whole, from 0 to 100.
pub(crate) fn percent(done: u64, total: u64) -> u64 {
    (done.min(total) * 100).checked_div(total).unwrap_or(0)
}

/// The nearest whole number, for display.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
pub(crate) fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn groups_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(1_200, "row"), "1,200 rows");
    }

    #[test]
    fn sizes_have_three_digits() {
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(1_259), "1.25 kB");
        assert_eq!(bytes(25_682), "25.6 kB");
        assert_eq!(bytes(121_388), "121 kB");
        assert_eq!(bytes(1_000_000), "1.00 MB");
        assert_eq!(bytes(5_070_000_000_000), "5.07 TB");
    }

    #[test]
    fn times_lose_precision_as_they_grow() {
        assert_eq!(seconds(0.001), "under 0.01 s");
        assert_eq!(seconds(0.424), "0.42 s");
        assert_eq!(seconds(9.999), "10 s");
        assert_eq!(seconds(12.4), "12 s");
        assert_eq!(fixed(0.0456, 3), "0.046");
        assert_eq!(seconds(185.0), "3 min 5 s");
        assert_eq!(seconds(7_440.0), "2 h 4 min");
        assert_eq!(seconds(f64::NAN), "an unknown time");
    }

    #[test]
    fn percent_of_nothing_is_nothing() {
        assert_eq!(percent(5, 0), 0);
        assert_eq!(percent(1, 3), 33);
        assert_eq!(percent(7, 3), 100);
    }
}
