//! Numbers in cells: how they are read and written.

use std::fmt::Write as _;

use veilsum_table::types::ColumnType;

/// Most decimals that a step may write: more are beyond what a 64-bit float of everyday size holds.
pub const MAX_DECIMALS: u8 = 15;
/// Decimals that a step writes where nothing else is said.
pub(crate) const USUAL_DECIMALS: u8 = 6;
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
    /// Days or seconds as numbers, or still as they are written.
    Typed(ColumnType),
}

impl Reading {
    pub(crate) fn of(column: &ColumnType) -> Self {
        if *column == ColumnType::Plain {
            Self::Plain
        } else if *column == ColumnType::Identifier {
            Self::Text
        } else {
            Self::Typed(column.clone())
        }
    }

    pub(crate) fn read(&self, cell: &str) -> Cell {
        let cell = cell.trim();
        if cell.is_empty() {
            return Cell::Missing;
        }
        let number = match self {
            Self::Text => None,
            Self::Plain => plain(cell),
            Self::Typed(column) => {
                plain(cell).or_else(|| column.number(cell).map(veilsum_table::decimal::Decimal::to_f64))
            }
        };
        number.map_or(Cell::Text, Cell::Number)
    }
}

/// A number with a decimal point, an optional sign and exponent: what `Decimal::parse` takes, as the nearest float.
pub(crate) fn plain(cell: &str) -> Option<f64> {
    let is_of_number = |byte: u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    if !cell.bytes().all(is_of_number) {
        return None;
    }
    cell.parse::<f64>().ok().filter(|number| number.abs() < TOO_LARGE)
}

/// Whether a number can stand in a table.
pub(crate) fn is_writable(number: f64) -> bool {
    number.abs() < TOO_LARGE
}

/// Writes a number with at most `decimals` decimals, rounded half to even on its binary value, without needless zeros;
/// zero has no sign. The error is at most `0.5 · 10^-decimals`.
pub(crate) fn write(number: f64, decimals: u8, room: &mut String) {
    room.clear();
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

/// As [`write`], as a new string.
pub(crate) fn written(number: f64, decimals: u8) -> String {
    let mut text = String::new();
    write(number, decimals, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use veilsum_table::decimal::Decimal;
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
    fn reads_dates_as_days_however_they_come() {
        let reading = Reading::of(&ColumnType::Date { order: DateOrder::YearMonthDay });
        assert_eq!(reading.read("2024-02-29"), Cell::Number(19_782.0));
        assert_eq!(reading.read("19782"), Cell::Number(19_782.0));
        assert_eq!(Reading::of(&ColumnType::Identifier).read("0123"), Cell::Text);
        assert_eq!(Reading::Plain.read(" \u{a0}"), Cell::Missing);
    }

    proptest! {
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
