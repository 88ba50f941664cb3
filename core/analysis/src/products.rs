//! The second engine's plans: terms as products of encrypted columns, which the cloud multiplies itself.
//!
//! Under BFV a dataset stores one column per *factor*, a deviation or an indicator, and nothing else: squares, products
//! and masks are multiplied in the cloud when somebody asks. Deviations are 0 where a cell is blank, so that products
//! mask themselves. What a term gives is the same integer as under the first engine.

use num_traits::ToPrimitive;
use veilsum_crypto::bfv::ParameterSet;
use veilsum_crypto::bfv::noise::{self, Circuit, PlanError as NoiseError};
use veilsum_protocol::manifest::Column;
use veilsum_protocol::term::{Indicator, Power, Term};

use crate::derive::{Cell, describe, holds, largest_total};
use crate::error::PlanError;
use crate::request::Request;
use crate::schema::Schema;

/// What one encrypted column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Factor {
    /// The deviation of a column of numbers, 0 where it is blank.
    Deviation {
        /// Position of the column.
        column: u32,
    },
    /// 1 or 0.
    Indicator(Indicator),
}

/// How the total of a term is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The term.
    pub term: Term,
    /// The columns that are multiplied row by row, at least one.
    pub factors: Vec<Factor>,
    /// Largest |value| of a slot of the sum over all blocks.
    pub slot_bound: u128,
    /// Plaintext primes that hold it.
    pub primes: u8,
    /// The level that partial answers are brought to.
    pub level: u8,
}

/// The factors of a term, in the order of the term: a power is its deviation several times.
#[must_use]
pub fn factors(term: &Term) -> Vec<Factor> {
    let powers = term.powers().iter().flat_map(|&Power { column, exponent }| {
        std::iter::repeat_n(Factor::Deviation { column }, exponent.into())
    });
    powers.chain(term.indicators().iter().copied().map(Factor::Indicator)).collect()
}

/// The encrypted columns that `requests` need, ascending.
///
/// # Errors
/// [`PlanError`] if these columns cannot answer a request.
pub fn columns(schema: Schema<'_>, requests: &[Request]) -> Result<Vec<Factor>, PlanError> {
    let mut columns = Vec::new();
    for request in requests {
        columns.extend(request.terms(schema)?.iter().flat_map(factors));
    }
    columns.sort_unstable();
    columns.dedup();
    Ok(columns)
}

/// Plans the terms of `requests` over `row_count` rows in `partials` row groups of `block_count` blocks in all. The empty
/// term, the row count, needs nothing.
///
/// # Errors
/// [`PlanError`] if a term has more factors than the set bears, is too wide for its primes, or drowns in noise.
pub fn plan(
    columns: &[Column],
    set: ParameterSet,
    requests: &[Request],
    block_count: u64,
    partials: u32,
) -> Result<Vec<Product>, PlanError> {
    let schema = Schema::new(columns);
    let mut terms = Vec::new();
    for request in requests {
        terms.extend(request.terms(schema)?);
    }
    terms.sort_unstable();
    terms.dedup();
    terms.retain(|term| !term.is_one());
    terms.into_iter().map(|term| product(schema, set, term, block_count, partials)).collect()
}

fn product(
    schema: Schema<'_>,
    set: ParameterSet,
    term: Term,
    block_count: u64,
    partials: u32,
) -> Result<Product, PlanError> {
    let factors = factors(&term);
    let what = || describe(schema, &term);
    // A slot adds one row of every block.
    let slot_bound = largest_total(schema, &term, block_count)?.to_u128();
    let too_wide = || PlanError::TooWide { what: what() };
    let slot_bound = slot_bound.ok_or_else(too_wide)?;
    let primes = set.primes_for(slot_bound).ok_or_else(too_wide)?;
    let count = u8::try_from(factors.len()).unwrap_or(u8::MAX);
    let circuit = Circuit { factors: count, weight: block_count, partials };
    let level = noise::plan(set, circuit).map_err(|error| match error {
        NoiseError::TooManyBlocks { largest, .. } => PlanError::BoundTooLarge {
            what: what(),
            rows: block_count * set.degree() as u64,
            largest_rows: largest * set.degree() as u64,
        },
        NoiseError::Factors { .. } | _ => {
            PlanError::TooManyFactors { what: what(), largest: set.max_factors().into() }
        }
    })?;
    Ok(Product { term, factors, slot_bound, primes, level })
}

impl Factor {
    /// What a column of it holds in a row with these cells, one per column of the table.
    #[must_use]
    pub fn integer(self, columns: &[Column], cells: &[Cell]) -> i64 {
        let at = |column: u32| (columns.get(column as usize), cells.get(column as usize));
        match self {
            Self::Deviation { column } => match at(column) {
                (Some(found), Some(Cell { integer: Some(integer), .. })) => {
                    integer - found.number().map_or(0, |number| number.centring().centre)
                }
                _ => 0,
            },
            Self::Indicator(indicator) => {
                let (Some(found), Some(cell)) = at(indicator.column()) else { return 0 };
                i64::from(holds(indicator, &found.binnings, cell))
            }
        }
    }
}
