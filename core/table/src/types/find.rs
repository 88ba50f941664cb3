//! Finds the type of a column in its cells.

use super::number::split_currency;
use super::{BooleanWords, ColumnType, DateOrder, NumberStyle};
use crate::cell::is_usual_missing_word;
use crate::decimal::{Decimal, DecimalMark};
use crate::found::Found;
use crate::words::{counted, grouped};

/// One cell in so many may contradict the type of its column, besides the first few.
const TOLERATED_SHARE: u64 = 20;
/// Cells that may contradict a type before the share counts.
const FEW: u64 = 2;
/// Cells without a currency after which there will be none.
const CELLS_BEFORE_CURRENCY: u64 = 20;
/// Bytes of the longest cell that may be anything else than plain text.
const MAX_CELL_BYTES: usize = 64;

/// Finds the type of one column, cell by cell, in constant memory.
#[derive(Debug, Clone)]
pub struct TypeFinder {
    mark: DecimalMark,
    /// Cells that are neither blank nor a usual word for "missing".
    cells: u64,
    /// Of them, numbers with the decimal mark of the file.
    plain: u64,
    leading_zeros: u64,
    /// Of digits alone.
    digits: u64,
    ones: u64,
    zeros: u64,
    with_currency: u64,
    /// Dates with slashes or hyphens, which alone do not tell their order.
    dates_without_points: u64,
    /// Numbers that all candidates for numbers read alike, and that are not in their counts.
    same_in_every_style: u64,
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone)]
struct Candidate {
    column: ColumnType,
    fits: u64,
    /// A hash of all numbers: two candidates with the same one read all cells alike.
    values: u64,
}

impl Candidate {
    fn is_number(&self) -> bool {
        matches!(self.column, ColumnType::Number { .. } | ColumnType::Money { .. })
    }

    /// Cells that fit, where so many are the same in every style.
    fn all_fits(&self, same_in_every_style: u64) -> u64 {
        self.fits + if self.is_number() { same_in_every_style } else { 0 }
    }
}

impl Default for TypeFinder {
    fn default() -> Self {
        Self::with_mark(DecimalMark::Point)
    }
}

impl TypeFinder {
    /// A finder for a column of a file with this decimal mark.
    #[must_use]
    pub fn with_mark(mark: DecimalMark) -> Self {
        let mut styles = NumberStyle::ALL;
        // Of styles that fit alike, the first is taken; the sort is stable.
        styles.sort_by_key(|style| style.decimal_mark != mark);
        let mut columns: Vec<ColumnType> = Vec::new();
        let words = [BooleanWords::TrueFalse, BooleanWords::YesNo, BooleanWords::YN, BooleanWords::TF];
        columns.extend(words.map(|words| ColumnType::Boolean { words }));
        let orders = match mark {
            DecimalMark::Point => [DateOrder::YearMonthDay, DateOrder::MonthDayYear, DateOrder::DayMonthYear],
            DecimalMark::Comma => DateOrder::ALL,
        };
        columns.extend(orders.map(|order| ColumnType::Date { order }));
        columns.extend(orders.map(|order| ColumnType::DateTime { order }));
        columns.push(ColumnType::Time);
        columns.extend(styles.map(|style| ColumnType::Percent { style }));
        columns.extend(styles.map(|style| ColumnType::Number { style }));
        columns.extend(styles.map(|style| ColumnType::Money { style, currency: String::new() }));
        let candidate = |column| Candidate { column, fits: 0, values: 0 };
        Self {
            mark,
            cells: 0,
            plain: 0,
            leading_zeros: 0,
            digits: 0,
            ones: 0,
            zeros: 0,
            with_currency: 0,
            dates_without_points: 0,
            same_in_every_style: 0,
            candidates: columns.into_iter().map(candidate).collect(),
        }
    }

    /// Takes note of a cell.
    pub fn push(&mut self, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() || is_usual_missing_word(cell) {
            return;
        }
        self.cells += 1;
        let plain = self.note_plain(cell);
        let is_plain = plain.is_some();
        if self.candidates.is_empty() {
            return;
        }
        // Where the first cells have none, money is no candidate any more.
        let may_have_currency = self.with_currency > 0 || self.cells <= CELLS_BEFORE_CURRENCY;
        let currency =
            if may_have_currency { split_currency(cell).map_or("", |(currency, _)| currency) } else { "" };
        self.with_currency += u64::from(!currency.is_empty());
        let tolerated = FEW + self.cells / TOLERATED_SHARE;
        let cells = self.cells;
        let is_short = cell.len() <= MAX_CELL_BYTES;
        let has_no_currency = self.with_currency == 0 && cells > CELLS_BEFORE_CURRENCY;
        // A number without separators is the same in every style: it counts for each, and tells none from another.
        let is_same = is_plain && cell.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-'));
        // One with a decimal mark that can be no separator is the same in all styles of its mark, and none in others.
        let of_mark = plain.filter(|_| !is_same && self.has_clear_decimals(cell));
        let mark = self.mark;
        self.same_in_every_style += u64::from(is_same);
        let same = self.same_in_every_style;
        self.candidates.retain_mut(|candidate| {
            if has_no_currency && matches!(candidate.column, ColumnType::Money { .. }) {
                return false;
            }
            if is_same && candidate.is_number() {
                return true;
            }
            // The first currency is that of the column.
            if let ColumnType::Money { currency: known, .. } = &mut candidate.column
                && known.is_empty()
            {
                currency.clone_into(known);
            }
            let number = match (&candidate.column, of_mark) {
                (ColumnType::Number { style } | ColumnType::Money { style, .. }, Some(number)) => {
                    (style.decimal_mark == mark).then_some(number)
                }
                _ => is_short.then(|| candidate.column.number(cell)).flatten(),
            };
            if let Some(number) = number {
                candidate.fits += 1;
                candidate.values = chained(candidate.values, number);
            }
            cells - candidate.all_fits(same) <= tolerated
        });
    }

    /// Whether the cell is digits, the mark of the file, and one, two or more than three digits: `-12.5`. Three could be
    /// thousands in another style.
    fn has_clear_decimals(&self, cell: &str) -> bool {
        let mark = match self.mark {
            DecimalMark::Point => '.',
            DecimalMark::Comma => ',',
        };
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        cell.strip_prefix('-')
            .unwrap_or(cell)
            .split_once(mark)
            .is_some_and(|(whole, decimals)| is_digits(whole) && is_digits(decimals) && decimals.len() != 3)
    }

    /// The number that the cell is without a type.
    fn note_plain(&mut self, cell: &str) -> Option<Decimal> {
        let is_short = cell.len() <= MAX_CELL_BYTES;
        let plain = is_short.then(|| Decimal::parse_with(self.mark, cell).ok().flatten()).flatten();
        self.plain += u64::from(plain.is_some());
        if cell.bytes().all(|byte| byte.is_ascii_digit()) {
            self.digits += 1;
            self.leading_zeros += u64::from(cell.len() > 1 && cell.starts_with('0'));
        }
        self.ones += u64::from(cell == "1");
        self.zeros += u64::from(cell == "0");
        self.dates_without_points += u64::from(cell.len() >= 8 && cell.contains(['/', '-']));
        plain
    }

    /// The type and its reason.
    #[must_use]
    pub fn finish(self) -> Found<ColumnType> {
        let all = match self.cells {
            1 => "the only cell that is not blank".to_owned(),
            cells => format!("all {} cells that are not blank", grouped(cells)),
        };
        if self.cells == 0 {
            return Found::surely(ColumnType::Plain, "no cell says otherwise");
        }
        if self.leading_zeros > 0 && self.digits == self.cells {
            let zeros = counted(self.leading_zeros, "cell starts", "cells start");
            let reason = format!("{zeros} with a zero, as no number does: digits are kept as they are");
            return Found {
                is_doubtful: self.leading_zeros * 10 < self.cells,
                ..Found::surely(ColumnType::Identifier, &reason)
            };
        }
        if self.ones > 0 && self.zeros > 0 && self.ones + self.zeros == self.cells {
            let words = BooleanWords::OneZero;
            return Found::surely(ColumnType::Boolean { words }, &format!("{all} are 1 or 0"));
        }
        let fits = |candidate: &Candidate| candidate.all_fits(self.same_in_every_style);
        let usable = |candidate: &&Candidate| {
            let tolerated = (self.cells - fits(candidate)) * TOLERATED_SHARE <= self.cells;
            let has_currency =
                !matches!(candidate.column, ColumnType::Money { .. }) || self.with_currency > 0;
            tolerated && fits(candidate) > self.plain && has_currency
        };
        let most = self.candidates.iter().filter(usable).map(fits).max();
        let mut best =
            self.candidates.iter().filter(usable).filter(|candidate| Some(fits(candidate)) == most);
        let Some(chosen) = best.next() else {
            return self.plain_with_reason();
        };
        // A date is also a date with a time, and nobody wonders.
        let kind = |candidate: &Candidate| std::mem::discriminant(&candidate.column);
        let other = best.find(|other| other.values != chosen.values && kind(other) == kind(chosen));
        self.chosen(chosen, other, &all)
    }

    fn plain_with_reason(&self) -> Found<ColumnType> {
        let reason =
            if self.plain == self.cells { "its cells are plain numbers" } else { "no type fits its cells" };
        Found::surely(ColumnType::Plain, reason)
    }

    fn chosen(&self, chosen: &Candidate, other: Option<&Candidate>, all: &str) -> Found<ColumnType> {
        // A thousand times too large or too small: nobody but the owner knows.
        if let (
            ColumnType::Number { style },
            Some(Candidate { column: ColumnType::Number { style: second }, .. }),
        ) = (&chosen.column, other)
        {
            let reason = format!(
                "its numbers may be written like {} or like {}, and no cell tells which: choose one",
                style.example(),
                second.example()
            );
            return Found::perhaps(ColumnType::Plain, reason);
        }
        let are = if self.cells == 1 { "is one of" } else { "are" };
        let fits = chosen.all_fits(self.same_in_every_style);
        let mut reason = match self.cells - fits {
            0 => format!("{all} {are} {}", chosen.column.in_words()),
            misfits => format!(
                "{} of {} cells are {}, and {}",
                grouped(fits),
                grouped(self.cells),
                chosen.column.in_words(),
                if misfits == 1 { "1 is not".to_owned() } else { format!("{} are not", grouped(misfits)) }
            ),
        };
        let mut is_doubtful = fits < self.cells;
        if let Some(other) = other {
            // With points, the day comes first everywhere.
            let is_settled = match (&chosen.column, &other.column) {
                (ColumnType::Date { .. } | ColumnType::DateTime { .. }, _) => self.dates_without_points == 0,
                _ => false,
            };
            if is_settled {
                let is_day_first = matches!(
                    other.column,
                    ColumnType::Date { order: DateOrder::DayMonthYear }
                        | ColumnType::DateTime { order: DateOrder::DayMonthYear }
                );
                let column = if is_day_first { &other.column } else { &chosen.column };
                let reason = format!("{all} {are} {}: with points, the day comes first", column.in_words());
                return Found::surely(column.clone(), &reason);
            }
            is_doubtful = true;
            reason.push_str(&format!(", but they may as well be {}", other.column.in_words()));
        }
        if matches!(chosen.column, ColumnType::Money { .. }) && self.with_currency < fits {
            is_doubtful = true;
            let without = fits - self.with_currency;
            reason.push_str(&format!("; {} no currency", counted(without, "cell has", "cells have")));
        }
        Found { value: chosen.column.clone(), reason, is_doubtful }
    }
}

/// Mixes a number into a hash; nobody is harmed by a collision that was made on purpose.
fn chained(before: u64, number: Decimal) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = number.mantissa().to_le_bytes();
    let [low, high] = [0, 8].map(|at| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte])));
    [low, high, number.scale().into()]
        .into_iter()
        .fold(before, |hash, part| (hash.rotate_left(23) ^ part).wrapping_mul(ODD))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cells: &[&str]) -> Found<ColumnType> {
        found_with(DecimalMark::Point, cells)
    }

    fn found_with(mark: DecimalMark, cells: &[&str]) -> Found<ColumnType> {
        let mut finder = TypeFinder::with_mark(mark);
        cells.iter().for_each(|cell| finder.push(cell));
        finder.finish()
    }

    fn style(decimal_mark: DecimalMark, thousands: super::super::Thousands) -> NumberStyle {
        NumberStyle { decimal_mark, thousands }
    }

    #[test]
    fn clear_decimals_are_read_by_all_styles_of_their_mark_and_by_no_other() {
        let mut clear = 0;
        for (mark, point) in [(DecimalMark::Point, '.'), (DecimalMark::Comma, ',')] {
            let finder = TypeFinder::with_mark(mark);
            for sign in ["", "-", "+"] {
                for (whole, decimals) in [
                    ("0", "5"),
                    ("12", "50"),
                    ("1234", "5678"),
                    ("1", "234"),
                    ("007", "00"),
                    ("", "5"),
                    ("5", ""),
                ] {
                    let cell = format!("{sign}{whole}{point}{decimals}");
                    let Ok(Some(plain)) = Decimal::parse_with(mark, &cell) else { continue };
                    if !finder.has_clear_decimals(&cell) {
                        continue;
                    }
                    clear += 1;
                    for candidate in finder.candidates.iter().filter(|candidate| candidate.is_number()) {
                        let (ColumnType::Number { style } | ColumnType::Money { style, .. }) =
                            &candidate.column
                        else {
                            unreachable!("these are numbers")
                        };
                        let expected = (style.decimal_mark == mark).then_some(plain);
                        assert_eq!(
                            candidate.column.number(&cell),
                            expected,
                            "{cell}: {:?}",
                            candidate.column
                        );
                    }
                }
            }
        }
        assert!(clear >= 10, "{clear} cells are clear");
    }

    #[test]
    fn dates_tell_their_order_or_say_that_they_do_not() {
        let date = |order| ColumnType::Date { order };
        for (cells, order, is_doubtful) in [
            (&["2024-01-05", "2024-02-03", ""][..], DateOrder::YearMonthDay, false),
            (&["13/01/2024", "01/02/2024"], DateOrder::DayMonthYear, false),
            (&["01/13/2024", "01/02/2024"], DateOrder::MonthDayYear, false),
            (&["01/02/2024", "03/04/2024"], DateOrder::MonthDayYear, true),
            (&["1.2.2024", "3.4.2024"], DateOrder::DayMonthYear, false),
            // Both orders give the same days.
            (&["01/01/2024", "02/02/2024"], DateOrder::MonthDayYear, false),
        ] {
            let found = found(cells);
            assert_eq!((found.value, found.is_doubtful), (date(order), is_doubtful), "{cells:?}");
        }
        let comma = found_with(DecimalMark::Comma, &["01/02/2024", "03/04/2024"]);
        assert_eq!((comma.value, comma.is_doubtful), (date(DateOrder::DayMonthYear), true));
        assert_eq!(
            comma.reason,
            "all 2 cells that are not blank are dates like 31.1.2024, as days since 1970-01-01, but they may as well be \
             dates like 1/31/2024, as days since 1970-01-01"
        );
        assert_eq!(
            found(&["2024-01-05T10:00:00Z", "2024-01-05"]).value,
            ColumnType::DateTime { order: DateOrder::YearMonthDay }
        );
        assert_eq!(found(&["10:00", "23:59:59"]).value, ColumnType::Time);
    }

    #[test]
    fn thousands_are_read_where_a_cell_proves_them() {
        use super::super::Thousands::{Apostrophe, Comma};
        let number = |thousands| ColumnType::Number { style: style(DecimalMark::Point, thousands) };
        assert_eq!(found(&["1,200.5", "12", "1,000"]).value, number(Comma));
        assert_eq!(found(&["1'200.50", "12.25"]).value, number(Apostrophe));
        assert_eq!(found(&["1,234,567", "1"]).value, number(Comma));
        let unclear = found(&["1,200", "3,400"]);
        assert_eq!((unclear.value, unclear.is_doubtful), (ColumnType::Plain, true));
        assert_eq!(found(&["1200.5", "12"]), Found::surely(ColumnType::Plain, "its cells are plain numbers"));
    }

    #[test]
    fn money_and_percentages_are_numbers() {
        use super::super::Thousands;
        let us = style(DecimalMark::Point, Thousands::Comma);
        let dollars = found(&["$1,200.50", "-$3", "$7"]);
        assert_eq!(dollars.value, ColumnType::Money { style: us, currency: "$".to_owned() });
        assert!(!dollars.is_doubtful, "{}", dollars.reason);
        assert!(found(&["$1.50", "3", "$7"]).is_doubtful);
        // Two currencies cannot be added.
        assert_eq!(found(&["$1", "€2", "$3", "€4", "€4", "€4"]).value, ColumnType::Plain);
        let percent = found(&["12.5 %", "3%"]);
        let point = style(DecimalMark::Point, Thousands::None);
        assert_eq!(percent.value, ColumnType::Percent { style: point });
        assert_eq!(percent.value.number("12.5 %").unwrap().to_string(), "0.125");
        assert_eq!(
            found_with(DecimalMark::Comma, &["12,5 %"]).value.number("12,5 %").unwrap().to_string(),
            "0.125"
        );
    }

    #[test]
    fn yes_and_no_in_five_spellings() {
        for (cells, words) in [
            (&["true", "FALSE"][..], BooleanWords::TrueFalse),
            (&["yes", "No", "N/A"], BooleanWords::YesNo),
            (&["y", "n"], BooleanWords::YN),
            (&["T", "F"], BooleanWords::TF),
            (&["1", "0", "1"], BooleanWords::OneZero),
        ] {
            assert_eq!(found(cells).value, ColumnType::Boolean { words });
        }
        assert_eq!(found(&["1", "1"]).value, ColumnType::Plain);
        assert_eq!(found(&["1", "0", "2"]).value, ColumnType::Plain);
    }

    #[test]
    fn leading_zeros_make_a_name_and_not_a_number() {
        let found = found(&["01067", "80331"]);
        assert_eq!(found.value, ColumnType::Identifier);
        assert_eq!(found.reason, "1 cell starts with a zero, as no number does: digits are kept as they are");
    }

    #[test]
    fn a_few_cells_may_contradict() {
        let mut cells = vec!["2024-01-05"; 40];
        cells.push("unknown");
        let found = found(&cells);
        assert_eq!(found.value, ColumnType::Date { order: DateOrder::YearMonthDay });
        assert!(found.is_doubtful);
        assert!(found.reason.starts_with("40 of 41 cells are dates"), "{}", found.reason);
        assert_eq!(self::found(&["2024-01-05", "x", "y", "z"]).value, ColumnType::Plain);
        assert_eq!(self::found(&["some text", "more"]).value, ColumnType::Plain);
    }
}
