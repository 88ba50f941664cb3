//! Decimal point or decimal comma: which of them a file writes, and numbers with a comma.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What stands before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecimalMark {
    /// `1234.56`
    #[default]
    Point,
    /// `1234,56`, or `1.234,56` with points between thousands.
    Comma,
}

/// What the separators of one number say about the decimal mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It can be read with this mark only.
    For(DecimalMark),
    /// `1.234` or `1,234`: thousands with the one mark and decimals with the other. This is the separator in it.
    Either(DecimalMark),
}

/// What `cell` says about the decimal mark; `None` if it has no separator, or is no such number.
pub(crate) fn evidence(cell: &str) -> Option<Evidence> {
    let unsigned = super::split_sign(cell.trim()).1;
    let at = unsigned.rfind(['.', ','])?;
    let (whole, fraction) = (&unsigned[..at], &unsigned[at + 1..]);
    if fraction.is_empty() || !is_digits(fraction) {
        return None;
    }
    let (mark, thousands) = match unsigned.as_bytes()[at] {
        b',' => (DecimalMark::Comma, '.'),
        _ => (DecimalMark::Point, ','),
    };
    if is_digits(whole) {
        let is_group = fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
        return Some(if is_group { Evidence::Either(mark) } else { Evidence::For(mark) });
    }
    is_grouped(whole, thousands).then_some(Evidence::For(mark))
}

/// `cell`, in which a comma stands before the decimals, as it is written with a point; `None` if its points are not
/// between thousands.
pub(super) fn with_point(cell: &str) -> Option<Cow<'_, str>> {
    if !cell.contains(['.', ',']) {
        return Some(Cow::Borrowed(cell));
    }
    let (sign, unsigned) = cell.split_at(cell.len() - super::split_sign(cell).1.len());
    let (whole, rest) = unsigned.split_at(unsigned.find([',', 'e', 'E']).unwrap_or(unsigned.len()));
    if rest.contains('.') || (whole.contains('.') && !is_grouped(whole, '.')) {
        return None;
    }
    Some(Cow::Owned(format!("{sign}{}{}", whole.replace('.', ""), rest.replacen(',', ".", 1))))
}

/// `1.234.567`: one to three digits, then groups of three.
fn is_grouped(whole: &str, separator: char) -> bool {
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    (1..=3).contains(&first.len())
        && is_digits(first)
        && rest.peek().is_some()
        && rest.all(|group| group.len() == 3 && is_digits(group))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_tell_the_mark_unless_they_may_be_thousands() {
        let (point, comma) = (DecimalMark::Point, DecimalMark::Comma);
        for (cell, expected) in [
            ("1.234,56", Some(Evidence::For(comma))),
            ("-1234,5", Some(Evidence::For(comma))),
            ("1234,567", Some(Evidence::For(comma))),
            ("0,125", Some(Evidence::For(comma))),
            (",5", Some(Evidence::For(comma))),
            ("1.234.567,8", Some(Evidence::For(comma))),
            ("1,234.56", Some(Evidence::For(point))),
            ("1.5", Some(Evidence::For(point))),
            ("0.125", Some(Evidence::For(point))),
            ("1.234", Some(Evidence::Either(point))),
            ("123,456", Some(Evidence::Either(comma))),
            ("12", None),
            ("1,", None),
            ("1.2.2024", None),
            ("1.234.567", None),
            ("192.168.100.200", None),
            ("12.34,5", None),
            ("a,5", None),
            ("", None),
        ] {
            assert_eq!(evidence(cell), expected, "{cell}");
        }
    }
}
