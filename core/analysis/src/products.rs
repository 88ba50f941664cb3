//! The second engine's plans: terms as products of encrypted columns, which the cloud multiplies itself.
//!
//! Under BFV a dataset stores one column per *factor*, a deviation or an indicator, and nothing else: squares, products
//! and masks are multiplied in the cloud when somebody asks. Deviations are 0 where a cell is blank, so that products
//! mask themselves. What a term gives is the same integer as under the first engine.

use num_traits::ToPrimitive;
use veilsum_crypto::bfv::noise::{self, Circuit, PlanError as NoiseError};
use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_protocol::answer;
use veilsum_protocol::manifest::{Column, FactorColumn, Manifest};
use veilsum_protocol::plan::Aggregate;
use veilsum_protocol::term::{Factor, Power, Term};

use crate::derive::{Cell, describe, holds, largest_total};
use crate::error::PlanError;
use crate::request::Request;
use crate::schema::Schema;

/// How the total of a term is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The term.
    pub term: Term,
    /// The columns that are multiplied row by row, at least one.
    pub factors: Vec<Factor>,
    /// Largest |value| of a slot of the sum over the blocks of a row group.
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
    powers.chain(term.indicators().iter().map(|&indicator| Factor::Indicator { indicator })).collect()
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

/// The set to encrypt under: the one that bears as many factors as some term of `requests` has, and of these the one with
/// the largest primes. The last one where none bears them; planning says so.
///
/// # Errors
/// [`PlanError`] if these columns cannot answer a request.
pub fn choose_set(schema: Schema<'_>, requests: &[Request]) -> Result<ParameterSet, PlanError> {
    let mut most = 0;
    for request in requests {
        most = request.terms(schema)?.iter().map(|term| factors(term).len()).max().unwrap_or(0).max(most);
    }
    let bears = |set: &ParameterSet| usize::from(set.max_factors()) >= most;
    Ok(ParameterSet::ALL.into_iter().find(bears).unwrap_or(ParameterSet::N8192T30))
}

/// Plans a term over row groups of at most `block_count` blocks; each of them is decrypted by itself. The empty term, the
/// row count, needs nothing.
///
/// # Errors
/// [`PlanError`] if the term has more factors than the set bears, is too wide for its primes, or drowns in noise.
pub fn plan(
    schema: Schema<'_>,
    set: ParameterSet,
    term: Term,
    block_count: u64,
) -> Result<Product, PlanError> {
    let factors = factors(&term);
    let what = || describe(schema, &term);
    // A slot adds one row of every block.
    let slot_bound = largest_total(schema, &term, block_count)?.to_u128();
    let too_wide = || PlanError::TooWide { what: what() };
    // What is opened is an i128.
    let slot_bound = slot_bound.filter(|&bound| i128::try_from(bound).is_ok()).ok_or_else(too_wide)?;
    let primes = set.primes_for(slot_bound).ok_or_else(too_wide)?;
    let count = u8::try_from(factors.len()).unwrap_or(u8::MAX);
    let circuit = Circuit { factors: count, weight: block_count, partials: 1 };
    let level = noise::plan(set, circuit).map_err(|error| match error {
        NoiseError::TooManyBlocks { .. } => PlanError::TooNoisy { what: what() },
        NoiseError::Factors { .. } | _ => {
            PlanError::TooManyFactors { what: what(), largest: set.max_factors().into() }
        }
    })?;
    Ok(Product { term, factors, slot_bound, primes, level })
}

impl Product {
    /// Bytes that it takes up in the partial of a row group.
    #[must_use]
    pub fn partial_bytes(&self, set: ParameterSet) -> u64 {
        let polynomials = u8::try_from(self.factors.len() + 1).unwrap_or(u8::MAX);
        let bytes =
            Ciphertext::answer_bytes(set, self.level, polynomials).unwrap_or(0) + answer::LENGTH_BYTES;
        u64::from(self.primes) * bytes as u64
    }

    /// What the cloud is asked for: one aggregate under each prime. `None` if a factor is not stored under as many.
    #[must_use]
    pub fn aggregates(&self, manifest: &Manifest) -> Option<Vec<Aggregate>> {
        let stored = self.factors.iter().map(|factor| manifest.factor(*factor));
        let stored = stored.collect::<Option<Vec<&FactorColumn>>>()?;
        let of_prime = |prime: u8| {
            let columns = stored.iter().map(|factor| factor.columns.get(usize::from(prime)).copied());
            Some(Aggregate::Product { columns: columns.collect::<Option<_>>()?, prime, level: self.level })
        };
        (0..self.primes).map(of_prime).collect()
    }
}

/// What a column of `factor` holds in a row with these cells, one per column of the table.
#[must_use]
pub fn integer(factor: Factor, columns: &[Column], cells: &[Cell]) -> i64 {
    let at = |column: u32| (columns.get(column as usize), cells.get(column as usize));
    match factor {
        Factor::Deviation { column } => match at(column) {
            (Some(found), Some(Cell { integer: Some(integer), .. })) => {
                integer - found.number().map_or(0, |number| number.centring().centre)
            }
            _ => 0,
        },
        Factor::Indicator { indicator } => {
            let (Some(found), Some(cell)) = at(indicator.column()) else { return 0 };
            i64::from(holds(indicator, &found.binnings, cell))
        }
    }
}

/// The largest |integer| that a column of `factor` can hold.
///
/// # Errors
/// [`PlanError`] if it is about a column that it cannot be made from.
pub fn largest_magnitude(schema: Schema<'_>, factor: Factor) -> Result<u64, PlanError> {
    match factor {
        Factor::Deviation { column } => Ok(schema.number(column)?.centring().largest_deviation),
        Factor::Indicator { .. } => Ok(1),
    }
}
