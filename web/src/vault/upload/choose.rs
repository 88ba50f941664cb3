//! What is encrypted of a table: from the owner's choices to the content of an upload, and what it costs.

use veilsum_analysis::derive::{self, Facts};
use veilsum_analysis::plan::missing_terms;
use veilsum_analysis::products;
use veilsum_analysis::schema::Schema;
use veilsum_analysis::{PlanError, Request};
use veilsum_crypto::bfv::ParameterSet;
use veilsum_protocol::manifest::{
    Column, DerivedColumn, EncryptedNumber, FIRST_COLUMN_SET, FactorColumn, MAX_CATEGORIES, Treatment,
};
use veilsum_protocol::term::{Factor, Indicator};
use veilsum_table::decimal::Decimal;
use veilsum_table::encode::CategoryEncoding;
use veilsum_table::profile::{ColumnProfile, Profile};
use veilsum_table::treat::{Choice, NumberEncoding};

use crate::fault::sentence;
use crate::messages::{Fault, Need};
use crate::vault::upload::content::{Content, Holds, value_columns};
use crate::vault::upload::shape::{LARGEST_GROUP_BLOCKS, Shape};
use crate::vault::upload::speed::Speed;

/// A dataset may grow to so many times its size before packed counts have to be split over several runs.
const GROWTH: u64 = 4;
/// Blocks of a row group, and twice the deviation of either factor.
const ROOM_TO_GROW: u128 = 4 * LARGEST_GROUP_BLOCKS as u128;
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
    let sets = vec![FIRST_COLUMN_SET];
    Ok(Content { columns, numbers, categories, derived, sets, factors: Vec::new() })
}

/// What is uploaded under the second engine.
pub(super) struct Factors {
    pub(super) content: Content,
    pub(super) set: ParameterSet,
    pub(super) primes: u8,
}

/// The content of an upload of a table that has no dataset yet, under the second engine: every deviation, presence and
/// category that the table has, and what `requests` need beside these, under as many primes as these analyses and all
/// products of two columns take.
///
/// # Errors
/// A [`Fault`] if an analysis cannot be prepared.
pub(super) fn factors(
    profile: &Profile,
    choices: &[Choice],
    numbers: Vec<NumberEncoding>,
    requests: &[Request],
) -> Result<Factors, PlanError> {
    let mut columns = columns(profile, choices, &numbers);
    let facts: Vec<Facts> = facts(profile, &columns);
    derive::prepare(&mut columns, &facts, requests)?;
    for (column, facts) in columns.iter_mut().zip(&facts) {
        let fits = |categories: &&Vec<String>| (1..=MAX_CATEGORIES).contains(&categories.len());
        if let (Treatment::Category { .. }, Some(categories)) =
            (&column.treatment, facts.categories.as_ref().filter(fits))
        {
            column.categories.clone_from(categories);
        }
    }
    let schema = Schema::new(&columns);
    // Where cells are blank or rows fall into groups, products of two are masked by a third.
    let is_masked = |column: &Column| column.has_blanks() == Some(true) || !column.categories.is_empty();
    let set = if columns.iter().any(is_masked) {
        ParameterSet::N8192T30
    } else {
        products::choose_set(schema, requests)?
    };
    let mut needed = products::columns(schema, requests)?;
    for (column, found) in (0..).zip(&columns) {
        if found.number().is_some() {
            needed.push(Factor::Deviation { column });
        }
        if found.has_blanks() == Some(true) {
            needed.push(Factor::Indicator { indicator: Indicator::Present { column } });
        }
        let categories = 0..u32::try_from(found.categories.len()).expect("at most 256");
        needed.extend(
            categories
                .map(|category| Factor::Indicator { indicator: Indicator::Category { column, category } }),
        );
    }
    needed.sort_unstable();
    needed.dedup();

    let mut primes = 1;
    for request in requests {
        for term in request.terms(schema)?.into_iter().filter(|term| !term.is_one()) {
            primes = products::plan(schema, set, term, LARGEST_GROUP_BLOCKS)?.primes.max(primes);
        }
    }
    let deviations =
        columns.iter().filter_map(Column::number).map(|number| number.centring().largest_deviation);
    let widest = u128::from(deviations.max().unwrap_or(0));
    let most = u8::try_from(set.plaintext_primes().len()).unwrap_or(u8::MAX);
    // Twice as wide, so that later batches may hold larger values.
    let product = widest.checked_mul(widest).and_then(|square| square.checked_mul(ROOM_TO_GROW));
    primes = product.and_then(|product| set.primes_for(product)).unwrap_or(most).max(primes);

    let mut next = 0..;
    let factors = needed.into_iter().map(|factor| {
        let largest_magnitude = products::largest_magnitude(schema, factor)?;
        Ok(FactorColumn { factor, largest_magnitude, columns: next.by_ref().take(primes.into()).collect() })
    });
    let factors = factors.collect::<Result<Vec<_>, PlanError>>()?;
    let first_of = |factor: Factor| {
        let found = factors.iter().find(|stored| stored.factor == factor);
        found.and_then(|stored| stored.columns.first().copied())
    };
    for (at, column) in (0..).zip(&mut columns) {
        if let Treatment::Number(number) = &mut column.treatment {
            number.column = first_of(Factor::Deviation { column: at }).unwrap_or(number.column);
            number.presence = first_of(Factor::Indicator { indicator: Indicator::Present { column: at } });
        }
    }
    let content = Content {
        categories: category_encodings(&columns),
        columns,
        numbers,
        derived: Vec::new(),
        sets: vec![FIRST_COLUMN_SET],
        factors,
    };
    Ok(Factors { content, set, primes })
}

/// What each request needs under the second engine beside what every table gets and what the ones before it need.
pub(super) fn needs_of_factors(
    profile: &Profile,
    choices: &[Choice],
    numbers: &[NumberEncoding],
    requests: &[Request],
    shape: &Shape,
    speed: Speed,
) -> Vec<Need> {
    let mut possible: Vec<Request> = Vec::new();
    let mut known =
        factors(profile, choices, numbers.to_vec(), &[]).map_or(0, |found| found.content.column_count());
    let mut needs = Vec::new();
    for request in requests {
        possible.push(request.clone());
        let need = |refused, columns| {
            let (bytes, seconds) = cost(columns, shape, speed);
            let named = self::columns(profile, choices, numbers);
            let analysis = request.name(Schema::new(&named));
            Need { analysis, refused, terms: Vec::new(), columns, bytes, seconds }
        };
        needs.push(match factors(profile, choices, numbers.to_vec(), &possible) {
            Ok(found) => {
                let columns = found.content.column_count();
                let more = columns.saturating_sub(known);
                known = columns;
                need(None, more)
            }
            Err(error) => {
                possible.pop();
                need(Some(sentence(&error)), 0)
            }
        });
    }
    needs
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
    let bytes = ciphertexts * u64::from(shape.encryption.ciphertext_bytes());
    (bytes, ciphertexts as f64 * speed.seconds_per_block())
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
