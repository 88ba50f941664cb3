//! What all analyses need to make answers of totals.

use num_bigint::{BigInt, BigUint};
use num_traits::{One, Zero};
use veilsum_protocol::manifest::EncryptedNumber;
use veilsum_protocol::term::Term;

use crate::answer::{Answer, Cell, Figure, Row, Table, Value};
use crate::catalogue::words;
use crate::derive::describe;
use crate::error::FinishError;
use crate::rational::Rational;
use crate::schema::Schema;
use crate::totals::Totals;
use crate::{distribution, exact, rational};

/// As many digits as tell every float apart.
pub(crate) const SIGNIFICANT_DIGITS: u32 = 17;
/// Digits that people are shown of a number that does not end.
const SHOWN_DIGITS: u32 = 6;
/// Digits up to which people are shown all of a number that ends.
const MOST_EXACT_DIGITS: usize = 12;

/// An answer with nothing in it yet.
pub(crate) fn answer(title: String, row_count: u64) -> Answer {
    Answer {
        title,
        sentences: Vec::new(),
        figures: Vec::new(),
        tables: Vec::new(),
        charts: Vec::new(),
        notes: Vec::new(),
        row_count,
        refinements: Vec::new(),
    }
}

/// A number under a key.
pub(crate) fn figure(key: &str, label: &str, value: Option<Value>) -> Figure {
    Figure { key: key.to_owned(), label: label.to_owned(), value }
}

/// The sum of a term.
pub(crate) fn sum(schema: Schema<'_>, totals: &Totals, term: &Term) -> Result<BigInt, FinishError> {
    totals.sum(&schema.reduced(term)).ok_or_else(|| FinishError { question: describe(schema, term) })
}

/// The rows in which an indicator is 1.
pub(crate) fn count(schema: Schema<'_>, totals: &Totals, term: &Term) -> Result<u64, FinishError> {
    totals.count(&schema.reduced(term)).ok_or_else(|| FinishError { question: describe(schema, term) })
}

/// How a column is encrypted, for an analysis that was planned over it.
pub(crate) fn number(schema: Schema<'_>, column: u32) -> Result<&EncryptedNumber, FinishError> {
    schema.number(column).map_err(|_| FinishError { question: schema.name(column).to_owned() })
}

/// A whole number.
pub(crate) fn integer(value: BigInt) -> Value {
    decimal(&value, 0)
}

/// `numerator / 10^scale`, exact.
pub(crate) fn decimal(numerator: &BigInt, scale: u32) -> Value {
    let exact = exact::decimal(numerator, scale);
    Value {
        text: exact.clone(),
        float: exact::float(numerator, &exact::power_of_ten(scale)),
        exact,
        error: String::new(),
    }
}

/// A fraction, rounded once where its decimal does not end.
pub(crate) fn quotient(numerator: &BigInt, denominator: &BigUint) -> Value {
    let (exact, ends) = exact::quotient(numerator, denominator, SIGNIFICANT_DIGITS);
    let digits = exact.bytes().filter(u8::is_ascii_digit).count();
    let text = if ends && digits <= MOST_EXACT_DIGITS {
        exact.clone()
    } else {
        exact::quotient(numerator, denominator, SHOWN_DIGITS).0
    };
    let error = if ends { String::new() } else { rounded() };
    Value { text, float: exact::float(numerator, denominator), exact, error }
}

/// A fraction, rounded once where its decimal does not end.
pub(crate) fn rational(value: &Rational) -> Value {
    quotient(value.numer(), value.denom().magnitude())
}

fn rounded() -> String {
    format!("rounded to {SIGNIFICANT_DIGITS} significant digits")
}

/// The root of a fraction that is not negative, rounded once where its decimal does not end; with a minus if it is to be.
pub(crate) fn root(square: &Rational, is_negative: bool) -> Value {
    let (numerator, denominator) = (square.numer().magnitude(), square.denom().magnitude());
    let (exact, ends) = exact::root(numerator, denominator, SIGNIFICANT_DIGITS);
    let digits = exact.bytes().filter(u8::is_ascii_digit).count();
    let text = if ends && digits <= MOST_EXACT_DIGITS {
        exact.clone()
    } else {
        exact::root(numerator, denominator, SHOWN_DIGITS).0
    };
    let (sign, factor) = if is_negative && !square.is_zero() { ("-", -1.0) } else { ("", 1.0) };
    Value {
        text: format!("{sign}{text}"),
        float: factor * exact::root_float(numerator, denominator),
        exact: format!("{sign}{exact}"),
        error: if ends { String::new() } else { rounded() },
    }
}

/// A probability that was computed in floats.
pub(crate) fn probability(p: f64) -> Value {
    if p < distribution::SMALLEST {
        return Value {
            text: "< 1e-300".to_owned(),
            exact: "0".to_owned(),
            float: 0.0,
            error: "above 0 and below 1e-300".to_owned(),
        };
    }
    Value {
        text: if p < 0.001 { format!("{p:.2e}") } else { format!("{p:.4}") },
        exact: if p < 1e-6 { format!("{p:e}") } else { p.to_string() },
        float: p,
        error: distribution::ERROR.to_owned(),
    }
}

/// 100, for shares in per cent.
pub(crate) fn hundred() -> Rational {
    rational::whole(100)
}

/// A table.
pub(crate) fn table(caption: String, columns: &[&str], rows: Vec<Row>) -> Table {
    Table { caption, columns: columns.iter().map(|&heading| heading.to_owned()).collect(), rows }
}

/// A row of numbers.
pub(crate) fn row(heading: impl Into<String>, cells: impl IntoIterator<Item = Option<Value>>) -> Row {
    let cells = cells.into_iter().map(|value| value.map_or(Cell::Nothing, Cell::Number)).collect();
    Row { heading: heading.into(), cells }
}

/// The figures as a table, so that every number is in one.
pub(crate) fn figures_table(caption: String, figures: &[Figure]) -> Table {
    let rows = figures.iter().map(|figure| row(figure.label.clone(), [figure.value.clone()])).collect();
    table(caption, &["Figure", "Value"], rows)
}

/// What should be known of the rows that are left out and of cells that were rounded.
pub(crate) fn notes(schema: Schema<'_>, totals: &Totals, columns: &[u32], used: u64) -> Vec<String> {
    let mut notes = Vec::new();
    let left_out = totals.row_count().saturating_sub(used);
    if left_out > 0 {
        let names = words::list(columns.iter().map(|&column| schema.name(column)));
        notes.push(format!(
            "{} of {} left out, because {names} {} blank there.",
            left_out,
            words::rows(totals.row_count()),
            if columns.len() > 1 { "or one of them is" } else { "is" },
        ));
    }
    for &column in columns {
        if let Ok(number) = schema.number(column)
            && number.rounded
        {
            let half = exact::decimal(&5.into(), number.scale + 1);
            let name = schema.name(column);
            notes.push(format!("Cells of “{name}” were rounded by at most {half} when they were encrypted."));
        }
    }
    notes
}

/// Totals that no rows can have.
pub(crate) fn impossible(question: impl Into<String>) -> FinishError {
    FinishError { question: question.into() }
}

/// A mean of rounded cells is off by at most this.
pub(crate) fn cell_rounding(scale: u32) -> String {
    let half = exact::decimal(&(BigInt::one() * 5_u32), scale + 1);
    format!("off by at most {half}, because cells were rounded")
}

/// Adds a cause of error to what is said of a value already.
pub(crate) fn add_error(value: &mut Value, error: &str) {
    if !value.error.is_empty() {
        value.error.push_str("; ");
    }
    value.error.push_str(error);
}
