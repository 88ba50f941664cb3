//! Why a column is taken for what it is, in words.

use super::Kind;
use super::column::{ColumnProfiler, Fault, Tally};
use crate::decimal::NumberError;
use crate::words::{counted, grouped};

pub(super) fn of(column: &ColumnProfiler) -> String {
    let cells = column.count + column.missing + column.text.count;
    match column.kind() {
        Kind::Blank => match cells {
            0 | 1 => "the only cell is blank".to_owned(),
            cells => format!("all {} cells are blank", grouped(cells)),
        },
        Kind::Integer => numbers(column, cells, "a whole number", "whole numbers"),
        Kind::Decimal => {
            let decimals = counted(column.max_decimals.into(), "decimal", "decimals");
            numbers(
                column,
                cells,
                &format!("a number with {decimals}"),
                &format!("numbers with up to {decimals}"),
            )
        }
        Kind::Text => text(column, cells),
    }
}

fn numbers(column: &ColumnProfiler, cells: u64, one: &str, many: &str) -> String {
    let mut reason = if column.missing > 0 {
        let are = if column.count == 1 { format!("is {one}") } else { format!("are {many}") };
        format!("{} of {} cells {are}; {}", grouped(column.count), grouped(cells), blanks(column.missing))
    } else if cells == 1 {
        format!("the only cell is {one}")
    } else {
        format!("all {} cells are {many}", grouped(cells))
    };
    if let Tally { count: count @ 1.., first: Some(first) } = column.leading_zeros {
        let have = if count == 1 {
            "1 starts with a zero".to_owned()
        } else {
            format!("{} start with a zero", grouped(count))
        };
        reason.push_str(&format!("; {have}, which a number does not keep, the first at {first}"));
    }
    reason
}

fn text(column: &ColumnProfiler, cells: u64) -> String {
    let mut parts = Vec::new();
    if column.count > 0 {
        let are = if column.count == 1 { "is a number" } else { "are numbers" };
        parts.push(format!("{} of {} cells {are}", grouped(column.count), grouped(cells)));
    }
    for (fault, tally) in &column.faults {
        parts.push(fault_in_words(column, *fault, *tally, cells));
    }
    if column.missing > 0 {
        parts.push(blanks(column.missing));
    }
    parts.join("; ")
}

fn blanks(missing: u64) -> String {
    format!("{} blank", if missing == 1 { "1 is".to_owned() } else { format!("{} are", grouped(missing)) })
}

fn fault_in_words(column: &ColumnProfiler, fault: Fault, tally: Tally, cells: u64) -> String {
    let is_one = tally.count == 1;
    let subject = if tally.count == cells && !is_one {
        format!("all {} cells", grouped(cells))
    } else {
        counted(tally.count, "cell", "cells")
    };
    let said = match fault {
        // Only words of a fixed list are shown: they say nothing about anybody.
        Fault::MissingWord => {
            let example = column.missing_words.first().map_or("", |word| word.word.as_str());
            if is_one {
                format!("{subject} is the word {example}")
            } else {
                format!("{subject} such as {example} are words")
            }
        }
        Fault::Refused(error) => format!("{subject} {}", refused(error, is_one)),
    };
    match tally.first {
        Some(first) if is_one => format!("{said}, at {first}"),
        Some(first) => format!("{said}, the first at {first}"),
        None => said,
    }
}

fn refused(error: NumberError, is_one: bool) -> String {
    let (verb, what) = match error {
        NumberError::NotANumber => (["is", "are"], "text"),
        NumberError::NotFinite => (["is", "are"], "infinite or not a number"),
        NumberError::Separators => {
            (["has", "have"], "commas, points or spaces between digits that do not fit the decimal mark")
        }
        NumberError::TooLarge => {
            (["is", "are"], "too large to be kept exactly (write the column in a larger unit)")
        }
        NumberError::TooManyDigits => (["has", "have"], "more than 38 digits"),
        NumberError::TooSmall => (["is", "are"], "too close to zero to be kept exactly"),
    };
    format!("{} {what}", verb[usize::from(!is_one)])
}
