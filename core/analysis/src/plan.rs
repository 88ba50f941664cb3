//! The planner: from what is asked, over a signed manifest, to the plan that the cloud gets; and from decrypted
//! totals to the answers.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use veilsum_crypto::bfv::{Ciphertext, ParameterSet};
use veilsum_crypto::bound::BoundClass;
use veilsum_crypto::packing::Layout;
use veilsum_protocol::KeyFingerprint;
use veilsum_protocol::answer;
use veilsum_protocol::manifest::{
    Column, DerivedColumn, FIRST_COLUMN_SET, Manifest, RowGroupEntry, Scheme, StoredColumn,
};
use veilsum_protocol::plan::{
    Aggregate, MAX_AGGREGATES, MAX_PARTIALS_BYTES, MAX_PRODUCTS, Plan, RowGroupRef, VERSION,
};
use veilsum_protocol::term::{Indicator, Term};

use crate::answer::Answer;
use crate::derive::{Native, describe, recombine};
use crate::error::{FinishError, PlanError};
use crate::multiply;
use crate::products::{self, Product};
use crate::request::Request;
use crate::schema::Schema;
use crate::totals::Totals;

/// A run that was checked and can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What the cloud gets; `None` if the signed manifest alone answers everything.
    pub plan: Option<Plan>,
    /// Bytes that the cloud will read.
    pub read_bytes: u64,
    /// Bytes of the encrypted answer.
    pub answer_bytes: u64,
    /// Rows covered.
    pub row_count: u64,
    columns: Vec<Column>,
    requests: Vec<Request>,
    method: Method,
}

/// How the totals of terms are had.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Method {
    /// From the totals of stored columns.
    Sums(BTreeMap<Term, Recipe>),
    /// The cloud multiplies: one product for each term but the empty one.
    Products { terms: Vec<Term>, products: Vec<Product> },
}

/// How the total of a term follows from the totals of stored columns.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Recipe {
    /// It does not need any: so many rows.
    Rows(u64),
    /// One digit of one column.
    Digit { column: u32, digit: u32 },
    /// `Σ x = Σ v·10^scale − centre·n`.
    Deviation { column: u32, centre: i64, count: Box<Recipe> },
    /// Limbs, least significant first.
    Limbs(Vec<u32>),
}

/// The verified totals of one stored column: one per digit of its integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnTotal {
    /// Opaque number of the column.
    pub column: u32,
    /// The exact sum of each digit over all covered rows.
    pub digits: Vec<i128>,
}

/// Plans `requests` over these `batches` of the dataset that `manifest` describes; over all of them if there is none.
/// Costs nothing but memory.
///
/// # Errors
/// [`PlanError`] if the dataset cannot answer; it names the column and the nearest thing that is possible.
pub fn plan(manifest: &Manifest, requests: &[Request], batches: &[u32]) -> Result<Planned, PlanError> {
    if requests.is_empty() {
        return Err(PlanError::NothingAsked);
    }
    let schema = Schema::new(&manifest.columns);
    let mut terms = BTreeMap::new();
    for request in requests {
        let of_request = request.terms(schema).map_err(|error| {
            let is_of_columns = matches!(error, PlanError::NoCategories { .. } | PlanError::NoBins { .. });
            // What the second engine did not encrypt at once is never added.
            if is_of_columns && manifest.scheme.multiplies() {
                PlanError::NoFactor { analysis: request.name(schema) }
            } else {
                error
            }
        });
        for term in of_request? {
            terms.entry(term).or_insert_with(|| request.name(schema));
        }
    }
    Ok(Planned { requests: requests.to_vec(), ..plan_named(manifest, terms, batches)? })
}

/// Plans the totals of single terms, for whoever makes something else of them than the catalogue does.
///
/// # Errors
/// As [`plan`].
pub fn plan_terms(manifest: &Manifest, terms: &[Term], batches: &[u32]) -> Result<Planned, PlanError> {
    let schema = Schema::new(&manifest.columns);
    let named = terms.iter().map(|term| (schema.reduced(term), describe(schema, term)));
    plan_named(manifest, named.collect(), batches)
}

/// Plans terms, each with what needs it.
fn plan_named(
    manifest: &Manifest,
    terms: BTreeMap<Term, String>,
    batches: &[u32],
) -> Result<Planned, PlanError> {
    match &manifest.scheme {
        Scheme::Paillier { modulus_bits, key, modulus } => {
            let layout = Layout::for_modulus_bits(*modulus_bits);
            let layout = layout.ok_or(PlanError::Manifest { field: "modulus_bits" })?;
            let coverage = Coverage::new(manifest, batches, layout.slot_count())?;
            plan_sums(manifest, terms, &coverage, (*modulus_bits, key, modulus))
        }
        Scheme::Bfv { parameter_set, primes, key } => {
            let set = ParameterSet::from_id(*parameter_set);
            let set = set.ok_or(PlanError::Manifest { field: "parameter_set" })?;
            let degree = u32::try_from(set.degree()).unwrap_or(u32::MAX);
            let coverage = Coverage::new(manifest, batches, degree)?;
            plan_products(manifest, terms, &coverage, (set, *primes, key))
        }
    }
}

/// Plans sums of stored columns.
fn plan_sums(
    manifest: &Manifest,
    terms: BTreeMap<Term, String>,
    coverage: &Coverage<'_>,
    (modulus_bits, key, modulus): (u32, &KeyFingerprint, &str),
) -> Result<Planned, PlanError> {
    let schema = Schema::new(&manifest.columns);
    let mut recipes = BTreeMap::new();
    let mut missing = Vec::new();
    let term_count = terms.len();
    for (term, name) in terms {
        match recipe(manifest, coverage, &term) {
            Some(recipe) => {
                recipes.insert(term, recipe);
            }
            None => missing.push(name),
        }
    }
    if !missing.is_empty() {
        missing.sort_unstable();
        missing.dedup();
        let analysis = missing.join(", ");
        return Err(PlanError::NotStored { analysis, missing: term_count - recipes.len() });
    }

    let stored: BTreeMap<u32, StoredColumn> =
        manifest.stored_columns().map(|stored| (stored.column, stored)).collect();
    let mut needed = BTreeMap::new();
    for (term, recipe) in &recipes {
        for column in recipe.columns() {
            let stored = stored.get(&column).ok_or(PlanError::Manifest { field: "derived" })?;
            if needed.insert((stored.column_set, column), *stored).is_none() {
                coverage.check_rows(stored.column_set)?;
                coverage.check_bound(stored, &describe(schema, term))?;
            }
        }
    }
    let planned = |plan, read_bytes, answer_bytes| Planned {
        plan,
        read_bytes,
        answer_bytes,
        row_count: coverage.row_count,
        columns: manifest.columns.clone(),
        requests: Vec::new(),
        method: Method::Sums(recipes),
    };
    if needed.len() > MAX_AGGREGATES {
        return Err(PlanError::TooMany { needed: needed.len(), largest: MAX_AGGREGATES });
    }
    if needed.is_empty() {
        return Ok(planned(None, 0, 0));
    }
    let ciphertext_bytes = u64::from(modulus_bits / 4);
    let blocks = needed.keys().map(|(column_set, _)| coverage.block_count(*column_set)).sum::<u64>();
    let aggregates: Vec<Aggregate> =
        needed.keys().map(|&(column_set, column)| Aggregate::Sum { column, column_set }).collect();
    let aggregate_count = aggregates.len() as u64;
    let is_read =
        |group: &&&RowGroupEntry| needed.keys().any(|(column_set, _)| *column_set == group.column_set);
    let plan = Plan {
        version: VERSION,
        dataset: manifest.dataset,
        key: *key,
        modulus: modulus.to_owned(),
        parameter_set: None,
        aggregates,
        row_groups: coverage.groups.iter().filter(is_read).map(|group| coverage.reference(group)).collect(),
    };
    plan.check().map_err(|_| PlanError::Manifest { field: "row_groups" })?;
    Ok(planned(
        Some(plan),
        blocks * ciphertext_bytes,
        answer::HEADER_BYTES as u64 + ciphertext_bytes * aggregate_count,
    ))
}

/// Plans products of encrypted factors.
fn plan_products(
    manifest: &Manifest,
    terms: BTreeMap<Term, String>,
    coverage: &Coverage<'_>,
    (set, primes, key): (ParameterSet, u8, &KeyFingerprint),
) -> Result<Planned, PlanError> {
    let schema = Schema::new(&manifest.columns);
    let counts = coverage.groups.iter().map(|group| coverage.blocks_of(group));
    let largest_group = counts.clone().max().unwrap_or(0);
    let (mut products, mut aggregates, mut lacking) = (Vec::new(), Vec::new(), Vec::new());
    for (term, name) in terms.iter().filter(|(term, _)| !term.is_one()) {
        let product = products::plan(schema, set, term.clone(), largest_group)?;
        if product.primes > primes {
            return Err(PlanError::TooFewPrimes { what: describe(schema, term) });
        }
        match product.aggregates(manifest) {
            Some(of_product) => aggregates.extend(of_product),
            None => lacking.push(name.clone()),
        }
        products.push(product);
    }
    if !lacking.is_empty() {
        lacking.sort_unstable();
        lacking.dedup();
        return Err(PlanError::NoFactor { analysis: lacking.join(", ") });
    }
    if aggregates.len() > MAX_PRODUCTS {
        return Err(PlanError::TooMany { needed: aggregates.len(), largest: MAX_PRODUCTS });
    }
    let read_columns: u64 = multiply::waves(&aggregates).iter().map(|wave| wave.columns.len() as u64).sum();
    let partial_bytes: u64 =
        answer::HEADER_BYTES as u64 + products.iter().map(|product| product.partial_bytes(set)).sum::<u64>();
    let plan = (!aggregates.is_empty()).then(|| Plan {
        version: VERSION,
        dataset: manifest.dataset,
        key: *key,
        modulus: String::new(),
        parameter_set: Some(set.id()),
        aggregates,
        row_groups: coverage.groups.iter().map(|group| coverage.reference(group)).collect(),
    });
    let answer_bytes = plan.as_ref().map_or(0, |_| partial_bytes * coverage.groups.len() as u64);
    if answer_bytes > MAX_PARTIALS_BYTES {
        let (megabytes, largest) = (answer_bytes >> 20, MAX_PARTIALS_BYTES >> 20);
        return Err(PlanError::AnswerTooLarge { megabytes, largest });
    }
    if let Some(plan) = &plan {
        plan.check().map_err(|_| PlanError::Manifest { field: "row_groups" })?;
    }
    let blocks: u64 = counts.sum();
    Ok(Planned {
        plan,
        read_bytes: blocks * read_columns * Ciphertext::fresh_bytes(set) as u64,
        answer_bytes,
        row_count: coverage.row_count,
        columns: manifest.columns.clone(),
        requests: Vec::new(),
        method: Method::Products { terms: terms.into_keys().collect(), products },
    })
}

impl Planned {
    /// Turns the totals of its terms into answers, one per request.
    ///
    /// # Errors
    /// [`FinishError`] if a total is missing or cannot be what it should be.
    pub fn finish(&self, totals: &Totals) -> Result<Vec<Answer>, FinishError> {
        let schema = Schema::new(&self.columns);
        self.requests.iter().map(|request| request.finish(schema, totals)).collect()
    }

    /// The products that the cloud is asked for, in the order of the plan's aggregates, each once under each of its primes;
    /// none where it only adds.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        match &self.method {
            Method::Sums(_) => &[],
            Method::Products { products, .. } => products,
        }
    }

    /// Turns the total of each of the [`Self::products`] into the totals of the terms.
    ///
    /// # Errors
    /// [`FinishError`] if one is missing.
    pub fn totals_of_products(&self, totals: &[BigInt]) -> Result<Totals, FinishError> {
        let schema = Schema::new(&self.columns);
        let products = self.products();
        if let Some(product) = products.get(totals.len()) {
            return Err(FinishError { question: describe(schema, &product.term) });
        }
        let sums = products.iter().zip(totals).map(|(product, total)| (product.term.clone(), total.clone()));
        Ok(Totals::new(self.row_count, sums.collect()))
    }

    /// Turns the verified totals of the plan's columns into the totals of its terms.
    ///
    /// # Errors
    /// [`FinishError`] if one is missing.
    pub fn totals(&self, totals: &[ColumnTotal]) -> Result<Totals, FinishError> {
        let schema = Schema::new(&self.columns);
        let totals: BTreeMap<u32, &[i128]> =
            totals.iter().map(|total| (total.column, total.digits.as_slice())).collect();
        let mut sums = BTreeMap::new();
        let Method::Sums(recipes) = &self.method else { return self.totals_of_products(&[]) };
        for (term, recipe) in recipes {
            let sum = recipe.total(&totals);
            sums.insert(term.clone(), sum.ok_or_else(|| FinishError { question: describe(schema, term) })?);
        }
        Ok(Totals::new(self.row_count, sums))
    }

    /// Whether a request is answered from ciphertext, or follows from the signed manifest alone.
    #[must_use]
    pub fn is_from_ciphertext(&self, request: &Request) -> bool {
        let terms = request.terms(Schema::new(&self.columns)).unwrap_or_default();
        terms.iter().any(|term| match &self.method {
            Method::Sums(recipes) => recipes.get(term).is_some_and(|recipe| !recipe.columns().is_empty()),
            Method::Products { .. } => !term.is_one(),
        })
    }

    /// The terms whose totals it gives, ascending.
    #[must_use]
    pub fn terms(&self) -> Vec<&Term> {
        match &self.method {
            Method::Sums(recipes) => recipes.keys().collect(),
            Method::Products { terms, .. } => terms.iter().collect(),
        }
    }

    /// What was asked, in order.
    #[must_use]
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }
}

/// The terms of `requests` that a dataset of these columns and derived columns does not hold, each once.
///
/// # Errors
/// [`PlanError`] if the columns cannot answer a request whatever is stored.
pub fn missing_terms(
    columns: &[Column],
    derived: &[DerivedColumn],
    requests: &[Request],
) -> Result<Vec<Term>, PlanError> {
    let schema = Schema::new(columns);
    let mut missing = Vec::new();
    for request in requests {
        let terms = request.terms(schema)?;
        missing.extend(terms.into_iter().filter(|term| !crate::derive::is_stored(schema, derived, term)));
    }
    missing.sort_unstable();
    missing.dedup();
    Ok(missing)
}

impl Recipe {
    /// The stored columns that it needs.
    fn columns(&self) -> Vec<u32> {
        match self {
            Self::Rows(_) => Vec::new(),
            Self::Digit { column, .. } => vec![*column],
            Self::Deviation { column, count, .. } => {
                let mut columns = count.columns();
                columns.push(*column);
                columns
            }
            Self::Limbs(columns) => columns.clone(),
        }
    }

    fn total(&self, totals: &BTreeMap<u32, &[i128]>) -> Option<BigInt> {
        let digit = |column: &u32, digit: usize| totals.get(column)?.get(digit).copied();
        match self {
            Self::Rows(rows) => Some((*rows).into()),
            Self::Digit { column, digit: at } => digit(column, *at as usize).map(BigInt::from),
            Self::Deviation { column, centre, count } => {
                let count = count.total(totals)?;
                Some(BigInt::from(digit(column, 0)?) - count * *centre)
            }
            Self::Limbs(columns) => {
                let limbs = columns.iter().map(|column| digit(column, 0)).collect::<Option<Vec<_>>>()?;
                Some(recombine(limbs.into_iter()))
            }
        }
    }
}

/// How the total of a term is had; `None` if it is not stored.
fn recipe(manifest: &Manifest, coverage: &Coverage<'_>, term: &Term) -> Option<Recipe> {
    let schema = Schema::new(&manifest.columns);
    match Native::of(schema, term) {
        Some(Native::One) => Some(Recipe::Rows(coverage.row_count)),
        Some(Native::Presence { column }) => {
            let presence = schema.number(column).ok()?.presence;
            Some(
                presence
                    .map_or(Recipe::Rows(coverage.row_count), |column| Recipe::Digit { column, digit: 0 }),
            )
        }
        Some(Native::Deviation { column }) => {
            let number = schema.number(column).ok()?;
            let present = Term::indicator(Indicator::Present { column });
            let count = recipe(manifest, coverage, &schema.reduced(&present))?;
            let centre = number.centring().centre;
            // Without a centre, nobody has to count.
            let count = if centre == 0 { Recipe::Rows(0) } else { count };
            Some(Recipe::Deviation { column: number.column, centre, count: Box::new(count) })
        }
        None => {
            let (derived, digit) = manifest.derived.iter().find_map(|derived| {
                let digit = derived.terms.iter().position(|other| other == term)?;
                Some((derived, u32::try_from(digit).ok()?))
            })?;
            match (&derived.terms[..], &derived.limbs[..]) {
                ([_], limbs) => Some(Recipe::Limbs(limbs.iter().map(|limb| limb.column).collect())),
                (_, [limb]) => Some(Recipe::Digit { column: limb.column, digit }),
                _ => None,
            }
        }
    }
}

/// The rows that a run covers.
struct Coverage<'a> {
    slot_count: u32,
    groups: Vec<&'a RowGroupEntry>,
    row_count: u64,
}

impl<'a> Coverage<'a> {
    fn new(manifest: &'a Manifest, batches: &[u32], slot_count: u32) -> Result<Self, PlanError> {
        if let Some(&batch) = batches.iter().find(|&&batch| manifest.batch(batch).is_none()) {
            return Err(PlanError::NoSuchBatch { batch, batches: manifest.batch_count() });
        }
        let is_covered = |group: &&RowGroupEntry| batches.is_empty() || batches.contains(&group.batch);
        let groups: Vec<&RowGroupEntry> = manifest.row_groups.iter().filter(is_covered).collect();
        // Every batch has a first column set, and it alone has rows that no other set has.
        let of_first = groups.iter().filter(|group| group.column_set == FIRST_COLUMN_SET);
        let row_count = of_first.map(|group| u64::from(group.row_count)).sum();
        Ok(Self { slot_count, groups, row_count })
    }

    /// Refuses a column set that lacks rows, which would answer for fewer than the others.
    fn check_rows(&self, column_set: u32) -> Result<(), PlanError> {
        let of_set = self.groups.iter().filter(|group| group.column_set == column_set);
        let actual = of_set.map(|group| u64::from(group.row_count)).sum();
        if actual == self.row_count {
            return Ok(());
        }
        Err(PlanError::SetLacksRows { actual, rows: self.row_count })
    }

    /// Blocks of one column of a set.
    fn block_count(&self, column_set: u32) -> u64 {
        let of_set = self.groups.iter().filter(|group| group.column_set == column_set);
        of_set.map(|group| self.blocks_of(group)).sum()
    }

    /// Refuses a sum whose bound does not fit a slot: every slot adds one value of every block.
    fn check_bound(&self, stored: &StoredColumn, what: &str) -> Result<(), PlanError> {
        let class =
            BoundClass::from_bits(stored.bound_bits).ok_or(PlanError::Manifest { field: "bound_bits" })?;
        let blocks = self.block_count(stored.column_set);
        let digits_fit = stored.digits.count <= 1 || blocks >> stored.digits.bits.min(63) == 0;
        if class.sum_fits(blocks) && digits_fit {
            return Ok(());
        }
        let largest = if digits_fit {
            class.largest_block_count()
        } else {
            class.largest_block_count().min((1 << stored.digits.bits.min(63)) - 1)
        };
        Err(PlanError::BoundTooLarge {
            what: what.to_owned(),
            rows: self.row_count,
            largest_rows: largest.saturating_mul(u64::from(self.slot_count)),
        })
    }

    /// Blocks of one column of a row group.
    fn blocks_of(&self, group: &RowGroupEntry) -> u64 {
        u64::from(group.row_count.div_ceil(self.slot_count))
    }

    /// A row group as the cloud may know it: its rows to the block.
    fn reference(&self, group: &RowGroupEntry) -> RowGroupRef {
        RowGroupRef {
            index: group.index,
            row_count: group.row_count.div_ceil(self.slot_count).saturating_mul(self.slot_count),
            size_bytes: group.size_bytes(),
            column_set: group.column_set,
        }
    }
}
