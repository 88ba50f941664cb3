//! Numbers in cells: how they are read and written.

use std::fmt::Write as _;

use veilsum_table::decimal::Decimal;
use veilsum_table::types::ColumnType;

use crate::moment::{is_moment, spelt};

/// Most decimals that a step may write: more are beyond what a 64-bit float of everyday size holds.
pub const MAX_DECIMALS: u8 = 15;
/// Decimals that a step writes at least where nothing else is said.
pub(crate) const USUAL_DECIMALS: u8 = 6;
/// Digits that numbers have behind their first one at least where nothing else is said.
const KEPT_DIGITS: f64 = 4.0;
/// Numbers of this size or more are none for `veilsum_table::decimal` either.
const TOO_LARGE: f64 = 1.7e38;

/// What a cell is to a step that computes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell {
    Missing,
    Number(f64),
    Text,
}

/// How the cells of a column are read as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Plain decimals.
    Plain,
    /// Names made of digits are no numbers.
    Text,
    /// Plain decimals, or still as amounts, per cent, yes and no are written.
    Typed(ColumnType),
    /// Dates and times as they are written: a number among them is none.
    Moment(ColumnType),
}

impl Reading {
    pub(crate) fn of(column: &ColumnType) -> Self {
        if *column == ColumnType::Plain {
            Self::Plain
        } else if *column == ColumnType::Identifier {
            Self::Text
        } else if is_moment(column) {
            Self::Moment(column.clone())
        } else {
            Self::Typed(column.clone())
        }
    }

    /// The text of a computed number: a date or time, or as [`write`] has it.
    pub(crate) fn write(&self, number: f64, decimals: u8, room: &mut String) {
        match self {
            Self::Moment(column) if let Some(text) = spelt(column, number) => *room = text,
            Self::Moment(_) | Self::Typed(_) | Self::Plain | Self::Text => write(number, decimals, room),
        }
    }

    pub(crate) fn read(&self, cell: &str) -> Cell {
        let cell = trimmed(cell);
        if cell.is_empty() {
            return Cell::Missing;
        }
        let number = match self {
            Self::Text => None,
            Self::Plain => plain(cell),
            Self::Typed(column) => plain(cell).or_else(|| column.number(cell).map(Decimal::to_f64)),
            Self::Moment(column) => column.number(cell).map(Decimal::to_f64),
        };
        number.map_or(Cell::Text, Cell::Number)
    }
}

/// A cell without blanks at its ends; fast where there are none.
pub(crate) fn trimmed(cell: &str) -> &str {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| (0x21..0x7f).contains(byte));
    let bytes = cell.as_bytes();
    if is_letter(bytes.first()) && is_letter(bytes.last()) { cell } else { cell.trim() }
}

/// A number with a decimal point, an optional sign and exponent: what `Decimal::parse` takes, as the nearest float.
pub(crate) fn plain(cell: &str) -> Option<f64> {
    if let Some(number) = short(cell.as_bytes()) {
        return Some(number);
    }
    let is_of_number = |byte: u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    if !cell.bytes().all(is_of_number) {
        return None;
    }
    cell.parse::<f64>().ok().filter(|number| number.abs() < TOO_LARGE)
}

/// Powers of ten that are exact.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A number of at most 15 digits without an exponent, as almost all are: mantissa and power of ten are exact in 53 bits,
/// so that the quotient is rounded once. `None` says nothing.
fn short(cell: &[u8]) -> Option<f64> {
    let (is_negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > 16 {
        return None;
    }
    let (mut mantissa, mut count, mut point) = (0_u64, 0, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                count += 1;
            }
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    if !(1..=15).contains(&count) {
        return None;
    }
    let decimals = point.map_or(0, |point| digits.len() - 1 - point);
    let number = mantissa as f64 / POWERS[decimals];
    Some(if is_negative { -number } else { number })
}

/// Whether a number can stand in a table.
pub(crate) fn is_writable(number: f64) -> bool {
    number.abs() < TOO_LARGE
}

/// Writes a number with at most `decimals` decimals, rounded half to even on its binary value, without needless zeros;
/// zero has no sign. The error is at most `0.5 · 10^-decimals`.
pub(crate) fn write(number: f64, decimals: u8, room: &mut String) {
    room.clear();
    if let Some(scaled) = scaled(number, decimals) {
        push_scaled(number.is_sign_negative(), scaled, decimals, room);
        return;
    }
    // Writing to a string never fails.
    let _ = write!(room, "{number:.*}", usize::from(decimals));
    if decimals > 0 {
        let kept = room.trim_end_matches('0').trim_end_matches('.').len();
        room.truncate(kept);
    }
    if room == "-0" {
        room.remove(0);
    }
}

/// `|number| · 10^decimals`, rounded, where the rounding of the product cannot have changed which integer is nearest.
fn scaled(number: f64, decimals: u8) -> Option<u64> {
    /// Products up to here are off by less than 2⁻¹⁰.
    const LARGEST: f64 = (1_u64 << 42) as f64;
    let product = number.abs() * POWERS.get(usize::from(decimals))?;
    let distance_to_tie = (product.fract() - 0.5).abs();
    let is_certain = product < LARGEST && distance_to_tie > 1.0 / 512.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be below 2⁴²")]
    is_certain.then(|| product.round() as u64)
}

/// Appends `±scaled · 10^-decimals` without needless zeros; zero has no sign.
fn push_scaled(is_negative: bool, mut scaled: u64, decimals: u8, room: &mut String) {
    let mut decimals = usize::from(decimals);
    if scaled == 0 {
        room.push('0');
        return;
    }
    while decimals > 0 && scaled.is_multiple_of(10) {
        scaled /= 10;
        decimals -= 1;
    }
    // From the last digit to the first; 2⁴² has 13 digits, and there are at most 15 decimals.
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while scaled > 0 || digits.len() - start <= decimals {
        start -= 1;
        digits[start] = b'0' + u8::try_from(scaled % 10).unwrap_or(0);
        scaled /= 10;
    }
    if is_negative {
        room.push('-');
    }
    let digits = std::str::from_utf8(&digits[start..]).unwrap_or_default();
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    room.push_str(whole);
    if decimals > 0 {
        room.push('.');
        room.push_str(fraction);
    }
}

/// Decimals for numbers of this size where nothing else is said: 6, or as many as keep `10⁻⁴ · size`; at most 15.
pub(crate) fn decimals_of(size: f64) -> u8 {
    let size = size.abs();
    // Most numbers are larger than the smallest that the usual decimals do for.
    if size >= 0.01 || size == 0.0 || size.is_nan() {
        return USUAL_DECIMALS;
    }
    let needed = KEPT_DIGITS - size.log10().floor();
    whole(needed.clamp(USUAL_DECIMALS.into(), MAX_DECIMALS.into()))
}

/// Decimals for a number among others that spread like this, where nothing else is said: as [`decimals_of`] has it for the
/// spread, or for the number where there is no spread, but no more than 15 digits in all beyond the usual decimals.
pub(crate) fn decimals_for(number: f64, spread: f64) -> u8 {
    let wanted = decimals_of(if spread > 0.0 { spread } else { number });
    if wanted == USUAL_DECIMALS {
        return wanted;
    }
    // A number ten times larger has one decimal less that means anything.
    let whole_digits = if number.abs() >= 1.0 { number.abs().log10().floor() + 1.0 } else { 0.0 };
    let meaningful =
        (f64::from(MAX_DECIMALS) - whole_digits).clamp(USUAL_DECIMALS.into(), MAX_DECIMALS.into());
    if meaningful < f64::from(wanted) { whole(meaningful) } else { wanted }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 6 to 15 before")]
fn whole(decimals: f64) -> u8 {
    decimals as u8
}

/// How far rounding to so many decimals moves a number at most.
pub(crate) fn half_of_last(decimals: u8) -> f64 {
    0.5 / POWERS[usize::from(decimals.min(MAX_DECIMALS))]
}

/// How far rounding to so many decimals moves a number.
pub(crate) fn rounding_error(number: f64, decimals: u8) -> f64 {
    let power = POWERS[usize::from(decimals.min(MAX_DECIMALS))];
    let scaled = number * power;
    // Where products have no fraction left, nothing is rounded.
    (scaled - scaled.round()).abs() / power
}

/// As [`write`], as a new string.
pub(crate) fn written(number: f64, decimals: u8) -> String {
    let mut text = String::new();
    write(number, decimals, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use veilsum_table::types::DateOrder;

    use super::*;

    #[test]
    fn writes_short_and_without_a_negative_zero() {
        assert_eq!(written(0.5, 6), "0.5");
        assert_eq!(written(-0.000_000_2, 6), "0");
        assert_eq!(written(100.0, 0), "100");
        assert_eq!(written(1.0 / 3.0, 3), "0.333");
        assert_eq!(written(-2.5, 0), "-2");
    }

    #[test]
    fn small_numbers_keep_their_digits() {
        for (size, decimals) in
            [(1e9, 6), (1.0, 6), (0.01, 6), (0.001, 7), (3.2e-7, 11), (1e-40, 15), (0.0, 6)]
        {
            assert_eq!((decimals_of(size), decimals_of(-size)), (decimals, decimals), "{size}");
        }
        assert_eq!(decimals_of(f64::NAN), USUAL_DECIMALS);
        assert_eq!(written(-3.2e-7, decimals_of(3.2e-7)), "-0.00000032");
        // Of numbers that hardly differ no noise behind the 15th digit.
        assert_eq!(decimals_for(1_234.1, 1e-13), 11);
        assert_eq!(
            (decimals_for(3.2e-7, 1e-7), decimals_for(3.2e-7, 0.0), decimals_for(0.0, 0.0)),
            (11, 11, 6)
        );
        assert_eq!(rounding_error(3.25, 0), 0.25);
        assert_eq!(rounding_error(1e300, 6), 0.0);
    }

    #[test]
    fn reads_dates_and_takes_no_number_for_one() {
        let reading = Reading::of(&ColumnType::Date { order: DateOrder::YearMonthDay });
        assert_eq!(reading.read("2024-02-29"), Cell::Number(19_782.0));
        assert_eq!(reading.read("2024"), Cell::Text);
        let mut room = String::new();
        reading.write(19_782.4, 6, &mut room);
        assert_eq!(room, "2024-02-29");
        assert_eq!(Reading::of(&ColumnType::Identifier).read("0123"), Cell::Text);
        assert_eq!(Reading::Plain.read(" \u{a0}"), Cell::Missing);
    }

    proptest! {
        #[test]
        fn writes_as_the_standard_library_rounds(
            number in prop_oneof![
                any::<f64>().prop_filter("finite", |number| number.abs() < 1e30),
                (-1_000_000_i64..1_000_000).prop_map(|number| number as f64 / 1_000.0),
                (-1_000_000_i64..1_000_000).prop_map(|number| number as f64 / 64.0),
            ],
            decimals in 0..=MAX_DECIMALS,
        ) {
            let text = format!("{number:.*}", usize::from(decimals));
            let mut expected = text.as_str();
            if decimals > 0 {
                expected = expected.trim_end_matches('0').trim_end_matches('.');
            }
            prop_assert_eq!(written(number, decimals), if expected == "-0" { "0" } else { expected });
        }

        #[test]
        fn reads_the_numbers_that_the_table_reads(
            text in r"[-+]?[0-9]{0,12}\.?[0-9]{0,12}([eE][-+]?[0-9]{1,2})?|nan|inf|1e400|-|\.|[0-9]{1,3}[a-z]",
        ) {
            let table = Decimal::parse(&text).ok().flatten().map(Decimal::to_f64);
            prop_assert_eq!(plain(text.trim()).is_some(), table.is_some(), "{}", text);
            if let (Some(ours), Some(theirs)) = (plain(&text), table) {
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}
