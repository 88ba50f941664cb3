//! What is encrypted of a table: from the owner's choices to the content of an upload, and what it costs.

use veilsum_analysis::Request;
use veilsum_analysis::derive::{self, Facts};
use veilsum_analysis::plan::missing_terms;
use veilsum_analysis::schema::Schema;
use veilsum_protocol::manifest::{Column, DerivedColumn, EncryptedNumber, FIRST_COLUMN_SET, Treatment};
use veilsum_table::decimal::Decimal;
use veilsum_table::encode::CategoryEncoding;
use veilsum_table::profile::{ColumnProfile, Profile};
use veilsum_table::treat::{Choice, NumberEncoding};

use crate::fault::sentence;
use crate::messages::{Fault, Need};
use crate::vault::upload::content::{Content, Holds, value_columns};
use crate::vault::upload::shape::Shape;
use crate::vault::upload::speed::Speed;

/// A dataset may grow to so many times its size before packed counts have to be split over several runs.
const GROWTH: u64 = 4;
/// Small datasets may grow to this many blocks.
const FEWEST_BLOCKS: u64 = 64;

/// The most blocks of a column that an analysis will ever add.
pub(super) fn largest_block_count(block_count: u64) -> u64 {
    block_count.saturating_mul(GROWTH).max(FEWEST_BLOCKS)
}

/// The content of an upload of a table that has no dataset yet.
///
/// # Errors
/// A [`Fault`] if an analysis cannot be prepared.
pub(super) fn content(
    profile: &Profile,
    choices: &[Choice],
    numbers: Vec<NumberEncoding>,
    requests: &[Request],
    shape: &Shape,
) -> Result<Content, Fault> {
    let mut columns = columns(profile, choices, &numbers);
    let facts: Vec<Facts> = facts(profile, &columns);
    derive::prepare(&mut columns, &facts, requests)?;
    let terms = missing_terms(&columns, &[], requests)?;
    let first = u32::try_from(value_columns(&numbers).len()).expect("a table has at most 2,000 columns");
    let blocks = largest_block_count(shape.block_count());
    let derived = derive::derive(&columns, &[], terms, FIRST_COLUMN_SET, first, blocks)?;
    let categories = category_encodings(&columns);
    Ok(Content { columns, numbers, categories, derived, sets: vec![FIRST_COLUMN_SET] })
}

/// What each request needs beside what is stored and what the ones before it need.
pub(super) fn needs(
    columns: &[Column],
    facts: &[Facts],
    stored: &[DerivedColumn],
    requests: &[Request],
    shape: &Shape,
    speed: Speed,
) -> Vec<Need> {
    let mut columns = columns.to_vec();
    let mut known = stored.to_vec();
    let mut needs = Vec::new();
    let blocks = largest_block_count(shape.block_count());
    for request in requests {
        let analysis = request.name(Schema::new(&columns));
        let mut prepared = columns.clone();
        let derived = derive::prepare(&mut prepared, facts, std::slice::from_ref(request))
            .and_then(|()| request.terms(Schema::new(&prepared)))
            .and_then(|terms| derive::derive(&prepared, &known, terms, FIRST_COLUMN_SET, 0, blocks));
        let schema = Schema::new(&prepared);
        let need = match derived {
            Err(error) => Need {
                analysis,
                refused: Some(sentence(&error)),
                terms: Vec::new(),
                columns: 0,
                bytes: 0,
                seconds: 0.0,
            },
            Ok(derived) => {
                let columns = derived.iter().map(|derived| derived.limbs.len() as u64).sum::<u64>();
                let terms = derived.iter().flat_map(|derived| &derived.terms);
                let terms = terms.map(|term| derive::describe(schema, term)).collect();
                let (bytes, seconds) = cost(columns, shape, speed);
                known.extend(derived);
                Need { analysis, refused: None, terms, columns, bytes, seconds }
            }
        };
        if need.refused.is_none() {
            columns = prepared;
        }
        needs.push(need);
    }
    needs
}

/// Bytes and seconds of so many encrypted columns.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn cost(columns: u64, shape: &Shape, speed: Speed) -> (u64, f64) {
    let ciphertexts = shape.block_count() * columns;
    (ciphertexts * u64::from(shape.modulus_bits / 4), ciphertexts as f64 * speed.seconds_per_block())
}

/// The columns as the manifest will list them.
pub(super) fn columns(profile: &Profile, choices: &[Choice], numbers: &[NumberEncoding]) -> Vec<Column> {
    let stored = value_columns(numbers);
    let number_of = |holds| {
        let found = stored.iter().find(|column| column.holds == holds);
        found.map(|column| column.entry.column)
    };
    let columns = profile.columns.iter().zip(choices).enumerate().map(|(at, (column, choice))| {
        let treatment = match choice {
            Choice::SealedOriginalOnly => Treatment::SealedOriginalOnly,
            Choice::Drop => Treatment::Dropped,
            Choice::Category => Treatment::Category { missing_count: column.missing },
            Choice::Number { .. } => {
                let mut encodings = numbers.iter().enumerate();
                let (position, encoding) = encodings
                    .find(|(_, encoding)| encoding.column == at)
                    .expect("every column of numbers is encoded");
                Treatment::Number(EncryptedNumber {
                    column: number_of(Holds::Values(position)).expect("its values are stored"),
                    presence: number_of(Holds::Presence(position)),
                    scale: encoding.scale,
                    rounded: encoding.rounded,
                    largest_magnitude: encoding.largest_magnitude,
                    bound_bits: encoding.bound_bits,
                    missing_count: encoding.missing_count,
                    centring: None,
                })
            }
        };
        Column::new(column.name.clone(), treatment)
    });
    columns.collect()
}

/// What the profile knows of each column that analyses ask for.
pub(super) fn facts(profile: &Profile, columns: &[Column]) -> Vec<Facts> {
    let facts = profile.columns.iter().zip(columns).map(|(found, column)| Facts {
        range: column.number().and_then(|number| range(found, number.scale)),
        categories: found
            .categories
            .as_ref()
            .map(|categories| categories.iter().map(|category| category.text.clone()).collect()),
    });
    facts.collect()
}

/// Smallest and largest stored integer. Rounding keeps the order of numbers.
pub(super) fn range(column: &ColumnProfile, scale: u32) -> Option<(i64, i64)> {
    let scaled = |value: veilsum_table::decimal::Decimal| value.to_scaled_rounded(scale).ok();
    Some((scaled(column.min?)?, scaled(column.max?)?))
}

/// How the cells of all columns with categories are told apart.
pub(crate) fn category_encodings(columns: &[Column]) -> Vec<CategoryEncoding> {
    let encoding = |(at, column): (usize, &Column)| {
        let missing_count = match &column.treatment {
            Treatment::Number(number) => number.missing_count,
            Treatment::Category { missing_count } => *missing_count,
            Treatment::SealedOriginalOnly | Treatment::Dropped => return None,
        };
        // A column in which every cell is a number has its categories in the shortest form of these.
        let is_number = |text: &String| {
            Decimal::parse(text).ok().flatten().is_some_and(|number| number.to_string() == *text)
        };
        (!column.categories.is_empty()).then(|| CategoryEncoding {
            column: at,
            name: column.name.clone(),
            is_number: column.number().is_some() || column.categories.iter().all(is_number),
            categories: column.categories.clone(),
            missing_count,
        })
    };
    columns.iter().enumerate().filter_map(encoding).collect()
}

/// How the columns of numbers of a dataset are encoded.
pub(crate) fn numbers(columns: &[Column]) -> Vec<NumberEncoding> {
    let numbers = columns.iter().enumerate().filter_map(|(at, column)| Some((at, column, column.number()?)));
    numbers
        .map(|(column, found, number)| NumberEncoding {
            column,
            name: found.name.clone(),
            scale: number.scale,
            rounded: number.rounded,
            largest_magnitude: number.largest_magnitude,
            bound_bits: number.bound_bits,
            missing_count: number.missing_count,
        })
        .collect()
}
