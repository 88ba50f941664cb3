//! What the head of a file says about the rest: whether its first row holds names, and which decimal mark it writes.

use ::csv::ByteRecord;
use serde::{Deserialize, Serialize};

use super::sniff::Delimiter;
use crate::cell::is_usual_missing_word;
use crate::decimal::{Decimal, DecimalMark, Evidence, evidence};
use crate::found::Found;
use crate::words::counted;

/// Years: a row of whole numbers that count up within these is more likely one of names.
const YEARS: core::ops::RangeInclusive<i128> = 1_900..=2_100;

/// What the first row of a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstRow {
    /// The names of the columns.
    #[default]
    Names,
    /// Cells like those of every other row; the columns are called `column 1`, `column 2`, ….
    Data,
}

/// The decimal mark of the numbers in `records`; the point where they do not tell.
pub(super) fn find_decimal_mark(records: &[ByteRecord], delimiter: Delimiter) -> Found<DecimalMark> {
    let mut points = 0_u64;
    let mut commas = 0_u64;
    let (mut either_point, mut either_comma) = (0_u64, 0_u64);
    // Per column: cells like `1.234`, and whether another cell there shows that the comma is the decimal mark.
    let mut columns: Vec<(u64, bool)> =
        vec![(0, false); records.iter().map(ByteRecord::len).max().unwrap_or(0)];
    for (at, cell) in records.iter().flat_map(|record| record.iter().enumerate()) {
        match str::from_utf8(cell).ok().and_then(evidence) {
            Some(Evidence::For(DecimalMark::Point)) => points += 1,
            Some(Evidence::For(DecimalMark::Comma)) => {
                commas += 1;
                columns[at].1 = true;
            }
            Some(Evidence::Either(DecimalMark::Point)) => {
                either_point += 1;
                columns[at].0 += 1;
            }
            Some(Evidence::Either(DecimalMark::Comma)) => either_comma += 1,
            None => {}
        }
    }
    let unclear: u64 = columns.iter().filter(|(_, has_comma)| !has_comma).map(|(cells, _)| cells).sum();
    let with = |count, what: &str| {
        let has = if count == 1 { "has" } else { "have" };
        format!("{} {has} a decimal {what}", counted(count, "cell", "cells"))
    };
    match (points, commas) {
        // Commas elsewhere say little about a column of its own: read wrongly, its numbers would be a thousand times too
        // large or too small. Where a semicolon keeps the comma free, it is the likely decimal mark of all.
        (0, 1..) if unclear > 0 => {
            let mark =
                if delimiter == Delimiter::Semicolon { DecimalMark::Comma } else { DecimalMark::Point };
            let cells = counted(unclear, "cell", "cells");
            let reason = format!(
                "{}, and {cells} in other columns like 1.234 may mean 1234 or 1.234",
                with(commas, "comma")
            );
            Found::perhaps(mark, reason)
        }
        (0, 1..) => {
            Found::surely(DecimalMark::Comma, &format!("{} and none a decimal point", with(commas, "comma")))
        }
        (1.., 1..) => Found::perhaps(
            DecimalMark::Point,
            format!("{} and {}", with(points, "point"), with(commas, "comma")),
        ),
        (1.., 0) => Found::surely(DecimalMark::Point, &with(points, "point")),
        // Where a semicolon keeps the comma free, points may well stand between thousands.
        (0, 0) if either_comma > 0 || (either_point > 0 && delimiter == Delimiter::Semicolon) => {
            let example = if either_comma > 0 { "1,234" } else { "1.234" };
            let count = counted(either_comma.max(either_point), "cell is", "cells are");
            // Files with semicolons come from where the comma stands before decimals; nobody reads 1.234 so there.
            let is_comma = either_comma > 0 && either_point == 0 && delimiter == Delimiter::Semicolon;
            Found::perhaps(
                if is_comma { DecimalMark::Comma } else { DecimalMark::Point },
                format!("{count} like {example}, which may mean 1234 or 1.234, and no other tells which"),
            )
        }
        (0, 0) => Found::surely(DecimalMark::Point, "no cell says otherwise"),
    }
}

/// Rows below the first that are compared with it, so that a row of very many cells above very many rows costs little.
const ROWS_BELOW: usize = 500;

/// What one cell of the first row is, and what stands below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Top {
    /// Whether it stands above words.
    Blank(bool),
    /// Whether it stands above numbers; `None` if all is blank below it.
    Number(Decimal, Option<bool>),
    /// Whether it stands above numbers.
    Word(bool),
}

/// Whether the first of `records` holds names: not if its cells are numbers where the cells below are.
pub(crate) fn find_first_row(records: &[ByteRecord], mark: DecimalMark) -> Found<FirstRow> {
    let Some((first, below)) = records.split_first() else {
        return Found::surely(FirstRow::Names, "the file is empty");
    };
    let tops: Vec<Top> = first.iter().enumerate().map(|(at, cell)| top(cell, at, below, mark)).collect();
    let numbers: Vec<Decimal> = tops.iter().filter_map(|top| number_of(*top)).collect();
    let like_below = tops.iter().filter(|top| matches!(top, Top::Number(_, Some(true)))).count() as u64;
    let is_unlike_below = tops.iter().any(|top| matches!(top, Top::Number(_, Some(false))));
    let has_name = tops.iter().any(|top| matches!(top, Top::Word(_) | Top::Blank(true)));

    if numbers.is_empty() || is_unlike_below {
        let reason = match tops.contains(&Top::Word(true)) {
            true => "it holds words above numbers",
            false => "nothing in it looks like data",
        };
        return Found::surely(FirstRow::Names, reason);
    }
    if !has_name {
        if are_years(&numbers) && like_below > 0 {
            return Found::perhaps(FirstRow::Names, "its numbers count up like years".to_owned());
        }
        let reason = match below.is_empty() {
            true => "the only row holds numbers",
            false => "the first row holds numbers, as do the rows below it",
        };
        return Found::surely(FirstRow::Data, reason);
    }
    // Hardly anybody calls a column -3 or 5.5.
    let is_value = |number: Decimal| number.scale() > 0 || number.mantissa() < 0;
    let values = tops.iter().filter(|top| match top {
        Top::Number(number, Some(true)) => is_value(*number),
        Top::Number(..) | Top::Blank(_) | Top::Word(_) => false,
    });
    match values.count() as u64 {
        0 if like_below == 0 => Found::surely(FirstRow::Names, "nothing in it looks like data"),
        0 => {
            let are = counted(like_below, "of its cells is a number", "of its cells are numbers");
            Found::perhaps(FirstRow::Names, format!("it holds words, but {are} like those below"))
        }
        count => {
            let are =
                counted(count, "cell of the first row is a number", "cells of the first row are numbers");
            Found::surely(FirstRow::Data, &format!("{are} with decimals or a minus sign, like those below"))
        }
    }
}

fn number_of(top: Top) -> Option<Decimal> {
    match top {
        Top::Number(number, _) => Some(number),
        Top::Blank(_) | Top::Word(_) => None,
    }
}

fn top(cell: &[u8], at: usize, below: &[ByteRecord], mark: DecimalMark) -> Top {
    let (numbers, words) = count_below(at, below, mark);
    match number(cell, mark) {
        Ok(None) => Top::Blank(words > numbers),
        Ok(Some(number)) => Top::Number(number, (numbers + words > 0).then_some(numbers >= words)),
        Err(()) => Top::Word(numbers > words),
    }
}

/// Numbers and words in a column; words that mean "missing" are neither.
fn count_below(at: usize, below: &[ByteRecord], mark: DecimalMark) -> (u64, u64) {
    let mut counts = (0, 0);
    for cell in below.iter().take(ROWS_BELOW).filter_map(|record| record.get(at)) {
        match number(cell, mark) {
            Ok(None) => {}
            Ok(Some(_)) => counts.0 += 1,
            Err(()) => {
                let is_missing = str::from_utf8(cell).is_ok_and(|word| is_usual_missing_word(word.trim()));
                counts.1 += u64::from(!is_missing);
            }
        }
    }
    counts
}

/// The number in a cell, if it is not blank; an error if it is a word.
fn number(cell: &[u8], mark: DecimalMark) -> Result<Option<Decimal>, ()> {
    let text = str::from_utf8(cell).map_err(|_| ())?;
    Decimal::parse_with(mark, text).map_err(|_| ())
}

fn are_years(numbers: &[Decimal]) -> bool {
    let is_year = |number: &Decimal| number.scale() == 0 && YEARS.contains(&number.mantissa());
    let follows = |pair: &[Decimal]| pair[1].mantissa() - pair[0].mantissa() == 1;
    numbers.len() > 1 && numbers.iter().all(is_year) && numbers.windows(2).all(follows)
}
