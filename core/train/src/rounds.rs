//! Training without seeing rows: owners add up integers, and only the sum over all owners is decrypted.
//!
//! Every round has public numbers in (coefficients or centroids) and one [`Contribution`] of each owner out. A
//! contribution is a list of signed integers, one for each slot of a packed plaintext: the number of rows, a 1 for the
//! owner, and sums over the owner's rows in fixed point. Contributions are added slot by slot, under encryption or not,
//! and the total makes the numbers of the next round. A total that lacks an owner, or has one twice, is refused.
//!
//! **Bounds.** With at most [`Terms::most_rows`] rows of all owners together and numbers of at most [`Terms::bound`],
//! every total lies within ±2⁶¹, so that it fits a signed slot of 64 bits that holds less than 2⁶². The scale of each
//! kind of sum is the power of two that its bound leaves room for, [`scale_bits`]; it follows from the terms, and nobody
//! has to send it. Rounding moves a total by at most half a unit of the scale for each owner.
//!
//! **What a round reveals** to whoever decrypts the total: exactly these sums over all rows of all owners, and by
//! subtraction, to an owner who decrypts, the sums over the others' rows. Therefore an owner takes part with at least
//! [`Terms::least_rows`] rows. Each function says what its sums are.

use serde::{Deserialize, Serialize};

use crate::data::Features;

mod fixed;
pub mod kmeans;
pub mod linear;
pub mod logistic;
pub mod moments;

pub use fixed::{TOTAL_BITS, scale_bits};

/// What all owners agree on before the first round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Owners who take part in every round; from 1 to 2²⁰.
    pub owners: u32,
    /// Most rows of all owners together; from 1 to 2⁴⁰.
    pub most_rows: u64,
    /// Fewest rows of each owner; at least 1.
    pub least_rows: u64,
    /// Largest absolute value of a number in the rounds of [`linear`], [`logistic`] and [`kmeans`]; from 1 to 2²⁰. Of columns that
    /// were standardised over all rows, none is above √(most_rows − 1).
    pub bound: f64,
}

impl Terms {
    /// Succeeds if each of them is in its range.
    ///
    /// # Errors
    /// [`RoundError::Choice`] names the first that is not.
    pub fn check(&self) -> Result<(), RoundError> {
        let choices = [
            ("the number of owners", (1..=1 << 20).contains(&self.owners), "from 1 to 2^20"),
            ("the most rows of all owners", (1..=1 << 40).contains(&self.most_rows), "from 1 to 2^40"),
            ("the fewest rows of an owner", self.least_rows > 0, "at least 1"),
            (
                "the bound of standardised numbers",
                (1.0..=1_048_576.0).contains(&self.bound),
                "from 1 to 2^20",
            ),
        ];
        let wrong = choices.into_iter().find(|(_, is_right, _)| !is_right);
        wrong.map_or(Ok(()), |(what, _, expected)| Err(RoundError::Choice { what, expected }))
    }
}

/// Sums over rows: of one owner, or of several added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contribution {
    /// The number of rows, the number of owners, then sums in fixed point in the order that the round says.
    pub slots: Vec<i64>,
}

impl Contribution {
    /// Adds another contribution to the same round, slot by slot.
    ///
    /// # Errors
    /// [`RoundError`] if it has another number of slots, or a sum leaves 64 bits: it is of other terms.
    pub fn add(&mut self, other: &Self) -> Result<(), RoundError> {
        let (expected, actual) = (self.slots.len(), other.slots.len());
        if expected != actual {
            return Err(RoundError::WrongShape { expected, actual });
        }
        let sums = self.slots.iter().zip(&other.slots).map(|(a, b)| a.checked_add(*b));
        self.slots = sums.collect::<Option<_>>().ok_or(RoundError::OutOfRange)?;
        Ok(())
    }

    /// One owner's, of these sums.
    fn of_owner(rows: usize, sums: impl IntoIterator<Item = i64>) -> Result<Self, RoundError> {
        let rows = i64::try_from(rows).map_err(|_| RoundError::OutOfRange)?;
        Ok(Self { slots: [rows, 1].into_iter().chain(sums).collect() })
    }

    /// The number of rows and the sums, as many as expected, of a total that these terms allow.
    fn open(&self, terms: &Terms, expected: usize) -> Result<(u64, &[i64]), RoundError> {
        let [rows, owners, sums @ ..] = self.slots.as_slice() else {
            return Err(RoundError::WrongShape { expected: expected + 2, actual: self.slots.len() });
        };
        if sums.len() != expected {
            return Err(RoundError::WrongShape { expected: expected + 2, actual: self.slots.len() });
        }
        if *owners != i64::from(terms.owners) {
            return Err(RoundError::OwnersMismatch { expected: terms.owners, actual: *owners });
        }
        let rows = u64::try_from(*rows).map_err(|_| RoundError::OutOfRange)?;
        check_rows(rows, terms.least_rows.saturating_mul(terms.owners.into()), terms.most_rows)?;
        let is_within = |sum: &i64| sum.unsigned_abs() <= fixed::LARGEST_TOTAL;
        if sums.iter().all(is_within) { Ok((rows, sums)) } else { Err(RoundError::OutOfRange) }
    }
}

/// Why there is no contribution, or no next round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoundError {
    /// Sums over so few rows would tell much of each.
    #[error(
        "{actual} rows are fewer than the {least} that were agreed on: sums over so few tell too much of each row"
    )]
    TooFewRows {
        /// Rows agreed on.
        least: u64,
        /// Rows given.
        actual: u64,
    },
    /// More rows than the scale has room for.
    #[error("{actual} rows are more than the {most} that were agreed on: agree on more and start again")]
    TooManyRows {
        /// Rows agreed on.
        most: u64,
        /// Rows given.
        actual: u64,
    },
    /// A number is larger than the scale has room for.
    #[error(
        "row {row} of column “{column}” is larger than agreed on: agree on a larger bound and start again"
    )]
    OutOfBound {
        /// Position of the row, from 0.
        row: usize,
        /// The column.
        column: String,
    },
    /// Features and target are of different lengths.
    #[error("there are {rows} rows of features and {targets} of the target: each row needs both")]
    LengthMismatch {
        /// Rows of features.
        rows: usize,
        /// Rows of the target.
        targets: usize,
    },
    /// The owner's table has other columns than the round.
    #[error(
        "this round is about {expected} columns, and the table has {actual}: choose the columns agreed on"
    )]
    ColumnMismatch {
        /// Columns expected.
        expected: usize,
        /// Columns given.
        actual: usize,
    },
    /// A contribution is of another round or kind.
    #[error(
        "a contribution to this round has {expected} numbers, and this one has {actual}: it is of another round"
    )]
    WrongShape {
        /// Slots expected.
        expected: usize,
        /// Slots given.
        actual: usize,
    },
    /// The total lacks an owner's contribution, or has one more than once.
    #[error(
        "this total is over {actual} owners, and {expected} take part: add up the contribution of each once"
    )]
    OwnersMismatch {
        /// Owners who take part.
        expected: u32,
        /// Contributions in the total.
        actual: i64,
    },
    /// A total is larger than the terms allow.
    #[error("a total is larger than the agreed terms allow: a contribution was made under other terms")]
    OutOfRange,
    /// The total of this round is over other rows than that of the last.
    #[error(
        "this round is over {now} rows and the last was over {before}: every owner must use the same rows again"
    )]
    RowsChanged {
        /// Rows of the last round.
        before: u64,
        /// Rows of this round.
        now: u64,
    },
    /// A column is the same in all rows of all owners.
    #[error("column number {column} is the same in every row of every owner: leave it out")]
    ConstantColumn {
        /// Position of the column, from 0.
        column: usize,
    },
    /// A column is a combination of others in all rows of all owners.
    #[error(
        "column number {column} follows from the columns before it: leave one of them out or use a ridge penalty"
    )]
    Collinear {
        /// Position of the column, from 0.
        column: usize,
    },
    /// All rows of all owners are of one class.
    #[error("all rows of all owners are of one class: training needs rows of both")]
    OneClass,
    /// The numbers do not settle.
    #[error("the fit did not settle in {rounds} rounds: use a stronger penalty")]
    NotSettled {
        /// Rounds made.
        rounds: u32,
    },
    /// The fit has ended.
    #[error("this fit has settled: there is no further round")]
    Settled,
    /// A choice is out of range.
    #[error("{what} must be {expected}: correct it")]
    Choice {
        /// What was chosen.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
    },
}

fn check_rows(actual: u64, least: u64, most: u64) -> Result<(), RoundError> {
    if actual < least {
        return Err(RoundError::TooFewRows { least, actual });
    }
    if actual > most { Err(RoundError::TooManyRows { most, actual }) } else { Ok(()) }
}

/// What an owner checks before a contribution: terms, number of rows, columns, and the bound of each column.
fn check_owner(features: &Features, terms: &Terms, bounds: &[f64]) -> Result<(), RoundError> {
    terms.check()?;
    check_rows(features.row_count() as u64, terms.least_rows, terms.most_rows)?;
    let (expected, actual) = (bounds.len(), features.column_count());
    if expected != actual {
        return Err(RoundError::ColumnMismatch { expected, actual });
    }
    for (row, values) in features.rows().enumerate() {
        if let Some(column) = values.iter().zip(bounds).position(|(value, bound)| value.abs() > *bound) {
            return Err(RoundError::OutOfBound { row, column: features.names()[column].clone() });
        }
    }
    Ok(())
}
