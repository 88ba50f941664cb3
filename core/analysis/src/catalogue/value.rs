//! What all analyses need to make answers of totals.

use num_bigint::{BigInt, BigUint};
use num_traits::One;
use veilsum_protocol::manifest::EncryptedNumber;
use veilsum_protocol::term::Term;

use crate::answer::{Answer, Figure, Value};
use crate::derive::describe;
use crate::error::FinishError;
use crate::exact;
use crate::schema::Schema;
use crate::totals::Totals;

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
    let error =
        if ends { String::new() } else { format!("rounded to {SIGNIFICANT_DIGITS} significant digits") };
    Value { text, float: exact::float(numerator, denominator), exact, error }
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
