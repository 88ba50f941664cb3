//! Numbers in sentences, with as many digits as they deserve.

use crate::catalogue::value;
use crate::rational::{self, Rational, float};

/// “95 %”, “99.9 %”.
pub(crate) fn percent(level: u16) -> String {
    let (whole, tenth) = (level / 10, level % 10);
    if tenth == 0 { format!("{whole} %") } else { format!("{whole}.{tenth} %") }
}

/// “1 row”, “10 rows”.
pub(crate) fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// “p = 0.80”, “p = 0.012”, “p < 0.001”.
pub(crate) fn p(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".to_owned()
    } else if p < 0.0995 {
        format!("p = {p:.3}")
    } else {
        format!("p = {p:.2}")
    }
}

/// Three significant digits, or all of the whole part.
pub(crate) fn short(number: f64) -> String {
    fixed(number, decimals_for(number, 2))
}

/// A bound in three significant digits, never below it.
pub(crate) fn at_most(bound: f64) -> String {
    let said = short(bound);
    if said.parse::<f64>().is_ok_and(|said| said >= bound) {
        return said;
    }
    // One more in the last digit that is said.
    let step = 0.1_f64.powi(i32::try_from(decimals_for(bound, 2)).unwrap_or(0));
    short(bound + step)
}

/// A share in per cent: “12.3 %”. What is not all is not called 100 %.
pub(crate) fn share(share: &Rational) -> String {
    let percent = float(share) * 100.0;
    if percent > 99.9 && *share < rational::whole(1) {
        "over 99.9 %".to_owned()
    } else {
        format!("{} %", short(percent))
    }
}

/// A correlation: two decimals.
pub(crate) fn hundredths(number: f64) -> String {
    fixed(number, 2)
}

/// “1.28 to 6.72”: with three significant digits of half the width.
pub(crate) fn interval(low: &Rational, high: &Rational) -> String {
    let (from, to) = (float(low), float(high));
    if low == high {
        let text = value::rational(low).text;
        return format!("{text} to {text}");
    }
    let decimals = decimals_for((to - from) / 2.0, 2);
    format!("{} to {}", fixed(from, decimals), fixed(to, decimals))
}

/// “a”, “b” and “c”, in quotes.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names, "and")
}

/// “a”, “b” or “c”, in quotes.
pub(crate) fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    joined(names, "or")
}

fn joined<'a>(names: impl IntoIterator<Item = &'a str>, word: &str) -> String {
    let mut quoted: Vec<String> = names.into_iter().map(|name| format!("“{name}”")).collect();
    match (quoted.pop(), quoted.is_empty()) {
        (None, _) => String::new(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} {word} {last}", quoted.join(", ")),
    }
}

/// Decimals that show `more` digits after the first significant one.
fn decimals_for(number: f64, more: i32) -> usize {
    if number == 0.0 || !number.is_finite() {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "logarithms of floats are below 1000")]
    let exponent = number.abs().log10().floor() as i32;
    usize::try_from((more - exponent).clamp(0, 340)).unwrap_or(0)
}

fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    // Not “-0.00”.
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rational::{from_decimal, whole};

    #[test]
    fn digits_are_as_many_as_they_deserve() {
        let decimal = |text| from_decimal(text).unwrap();
        assert_eq!(interval(&decimal("1.2812"), &decimal("6.7188")), "1.28 to 6.72");
        assert_eq!(interval(&decimal("103977.96"), &decimal("109229.8")), "103978 to 109230");
        assert_eq!(interval(&whole(1), &whole(1)), "1 to 1");
        assert_eq!(
            (p(0.8046), p(0.0123), p(2e-9)),
            ("p = 0.80".into(), "p = 0.012".into(), "p < 0.001".into())
        );
        assert_eq!(
            (short(0.002_345_6), short(-1234.5), short(0.0)),
            ("0.00235".into(), "-1234".into(), "0".into())
        );
        assert_eq!((hundredths(-0.0001), hundredths(0.09)), ("0.00".into(), "0.09".into()));
        assert_eq!((percent(950), percent(999)), ("95 %".into(), "99.9 %".into()));
        assert_eq!(share(&decimal("0.6273")), "62.7 %");
        assert_eq!((share(&decimal("0.9999")), share(&whole(1))), ("over 99.9 %".into(), "100 %".into()));
        assert_eq!(list(["a", "b", "c"]), "“a”, “b” and “c”");
        assert_eq!(list(["a"]), "“a”");
    }
}
