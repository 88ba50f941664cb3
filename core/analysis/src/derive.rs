//! Derived columns: what is encrypted beside the values so that sums answer an analysis. Decided before an upload,
//! computed row by row while it runs.

use num_bigint::{BigInt, BigUint};
use num_traits::{One, ToPrimitive};
use veilsum_crypto::bound::BoundClass;
use veilsum_crypto::packing::SLOT_VALUE_BITS;
use veilsum_protocol::manifest::{
    Binning, Centring, Column, DerivedColumn, LIMB_BITS, Limb, MAX_CATEGORIES, Treatment,
};
use veilsum_protocol::term::{Indicator, Power, Term};

use crate::error::PlanError;
use crate::request::Request;
use crate::schema::Schema;

/// Bins of a first histogram.
const FIRST_BINS: u32 = 32;
/// Most limbs of a derived value.
const MAX_LIMBS: u64 = 8;

/// What is known of a column of the table before it is uploaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Smallest and largest stored integer (`v·10^scale`), if it is a column of numbers.
    pub range: Option<(i64, i64)>,
    /// Its different cells in the order in which they are to be shown; `None` if there are too many.
    pub categories: Option<Vec<String>>,
}

/// Completes `columns` with the centres, categories and bins that these analyses use. What a column has already is
/// kept: what is stored refers to it. `facts` has one entry per column.
///
/// # Errors
/// [`PlanError`] if a column cannot be used so.
pub fn prepare(columns: &mut [Column], facts: &[Facts], requests: &[Request]) -> Result<(), PlanError> {
    for (column, facts) in columns.iter_mut().zip(facts) {
        if let (Treatment::Number(number), Some((least, most))) = (&mut column.treatment, facts.range)
            && number.centring.is_none()
        {
            number.centring = Some(centring(least, most));
        }
    }
    for request in requests {
        for position in request.grouped() {
            let at = usize::try_from(position).unwrap_or(usize::MAX);
            let column = columns.get_mut(at).ok_or(PlanError::NoSuchColumn { position })?;
            if column.categories.is_empty() {
                let known = facts.get(at).and_then(|facts| facts.categories.as_ref());
                if known.is_some_and(Vec::is_empty) {
                    return Err(PlanError::OnlyBlanks { column: column.name.clone() });
                }
                let fits = known.filter(|categories| (1..=MAX_CATEGORIES).contains(&categories.len()));
                column.categories = fits.cloned().ok_or_else(|| PlanError::TooManyCategories {
                    column: column.name.clone(),
                    largest: MAX_CATEGORIES,
                })?;
            }
        }
        for position in request.binned() {
            let at = usize::try_from(position).unwrap_or(usize::MAX);
            let column = columns.get_mut(at).ok_or(PlanError::NoSuchColumn { position })?;
            if column.binnings.is_empty() {
                let known = facts.get(at).and_then(|facts| facts.range);
                let (least, most) = known.ok_or_else(|| PlanError::NoBins { column: column.name.clone() })?;
                column.binnings.push(binning(least, most));
            }
        }
    }
    Ok(())
}

/// The centre in the middle of a range makes the largest deviation as small as it can be.
fn centring(least: i64, most: i64) -> Centring {
    let centre = i64::midpoint(least, most);
    Centring { centre, largest_deviation: least.abs_diff(centre).max(most.abs_diff(centre)) }
}

/// At most [`FIRST_BINS`] equal bins from the smallest value to the largest.
fn binning(least: i64, most: i64) -> Binning {
    let span = most.abs_diff(least);
    let width = span / u64::from(FIRST_BINS) + 1;
    let count = u32::try_from(span / width + 1).unwrap_or(FIRST_BINS);
    Binning { lower: least, width, count }
}

/// The derived columns that hold those of `terms` that are not stored yet, numbered from `next_column`.
///
/// Indicators share columns as digits, as many as fit: `largest_block_count` is the most blocks that any analysis
/// will ever add. Wide values become limbs.
///
/// # Errors
/// [`PlanError`] if a term is about a column that it cannot be made from, or is too wide.
pub fn derive(
    columns: &[Column],
    stored: &[DerivedColumn],
    terms: impl IntoIterator<Item = Term>,
    column_set: u32,
    next_column: u32,
    largest_block_count: u64,
) -> Result<Vec<DerivedColumn>, PlanError> {
    let schema = Schema::new(columns);
    let mut missing: Vec<Term> = terms.into_iter().map(|term| schema.reduced(&term)).collect();
    missing.sort_unstable();
    missing.dedup();
    missing.retain(|term| !is_stored(schema, stored, term));
    let (indicators, products): (Vec<Term>, Vec<Term>) = missing.into_iter().partition(Term::is_indicator);

    let widest = widest_class(largest_block_count).ok_or(PlanError::Manifest { field: "row_groups" })?;
    let mut next = next_column;
    let mut number = || {
        let number = next;
        next += 1;
        number
    };
    let mut derived = Vec::new();
    let digits = DigitLayout::new(largest_block_count, widest);
    for terms in indicators.chunks(digits.count.max(1)) {
        for term in terms {
            check_factors(schema, term)?;
        }
        let digit_bits = if terms.len() > 1 { digits.bits } else { 0 };
        let largest = (0..terms.len()).map(|at| 1_u64 << (at * usize::from(digit_bits))).sum();
        let limbs = vec![limb(number(), largest)?];
        derived.push(DerivedColumn { column_set, terms: terms.to_vec(), digit_bits, limbs });
    }
    for term in products {
        let bound = bound(schema, &term)?;
        let limbs = limb_bounds(&bound, widest)
            .ok_or_else(|| PlanError::TooWide { what: describe(schema, &term) })?
            .into_iter()
            .map(|largest| limb(number(), largest))
            .collect::<Result<_, _>>()?;
        derived.push(DerivedColumn { column_set, terms: vec![term], digit_bits: 0, limbs });
    }
    Ok(derived)
}

/// The same derived columns for rows whose deviations are as large as `columns` say now: with bounds that hold them.
///
/// # Errors
/// [`PlanError::TooWide`] naming a product that would take more limbs than it has.
pub fn rebound(columns: &[Column], derived: &[DerivedColumn]) -> Result<Vec<DerivedColumn>, PlanError> {
    let schema = Schema::new(columns);
    let rebound = |derived: &DerivedColumn| {
        let term = match &derived.terms[..] {
            [term] if !term.is_indicator() => term,
            _ => return Ok(derived.clone()),
        };
        let mut rest = bound(schema, term)?;
        let mut limbs = Vec::new();
        for (at, old) in derived.limbs.iter().enumerate() {
            let is_last = at + 1 == derived.limbs.len();
            let largest = if is_last { rest.to_u64() } else { Some((1 << LIMB_BITS) - 1) };
            let class = largest.and_then(BoundClass::for_magnitude);
            let (Some(largest), Some(_)) = (largest, class) else {
                return Err(PlanError::TooWide { what: describe(schema, term) });
            };
            limbs.push(limb(old.column, largest.max(old.largest_magnitude))?);
            rest = (rest >> LIMB_BITS) + 1_u32;
        }
        Ok(DerivedColumn { limbs, ..derived.clone() })
    };
    derived.iter().map(rebound).collect()
}

/// Whether the total of a term can be had from what is stored.
pub(crate) fn is_stored(schema: Schema<'_>, stored: &[DerivedColumn], term: &Term) -> bool {
    Native::of(schema, term).is_some()
        || stored.iter().any(|derived| derived.terms.iter().any(|other| other == term))
}

/// A term whose total follows from the columns of values and presence alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Native {
    /// 1 in every row.
    One,
    /// Presence of a column that has a presence column.
    Presence {
        /// Position of the column.
        column: u32,
    },
    /// Deviation of a column, not raised and not masked.
    Deviation {
        /// Position of the column.
        column: u32,
    },
}

impl Native {
    /// `term` is as [`Schema::reduced`] gives it.
    pub(crate) fn of(schema: Schema<'_>, term: &Term) -> Option<Self> {
        match (term.powers(), term.indicators()) {
            ([], []) => Some(Self::One),
            ([Power { column, exponent: 1 }], []) => {
                schema.number(*column).is_ok().then_some(Self::Deviation { column: *column })
            }
            ([], [Indicator::Present { column }]) => {
                schema.number(*column).is_ok().then_some(Self::Presence { column: *column })
            }
            _ => None,
        }
    }
}

/// How many digits an integer of a column of indicators has.
#[derive(Debug, Clone, Copy)]
struct DigitLayout {
    bits: u8,
    count: usize,
}

impl DigitLayout {
    /// Sums over `block_count` blocks must fit a digit, and the number must fit the class.
    fn new(block_count: u64, class: BoundClass) -> Self {
        let bits = u64::BITS - block_count.leading_zeros();
        // All digits 1 is below 2^(bits·(count − 1) + 1).
        let count = (u32::from(class.bits()) - 1) / bits.max(1) + 1;
        Self { bits: u8::try_from(bits).unwrap_or(u8::MAX), count: count as usize }
    }
}

/// The widest class whose sum over so many blocks fits a slot.
fn widest_class(block_count: u64) -> Option<BoundClass> {
    BoundClass::ALL_BITS
        .into_iter()
        .rev()
        .filter_map(BoundClass::from_bits)
        .find(|class| class.sum_fits(block_count))
}

fn limb(column: u32, largest_magnitude: u64) -> Result<Limb, PlanError> {
    let class =
        BoundClass::for_magnitude(largest_magnitude).ok_or(PlanError::Manifest { field: "bound_bits" })?;
    Ok(Limb { column, largest_magnitude, bound_bits: class.bits() })
}

/// The largest magnitude of each limb of an integer of at most `bound`; `None` if it takes too many.
fn limb_bounds(bound: &BigUint, widest: BoundClass) -> Option<Vec<u64>> {
    let mut limbs = Vec::new();
    let mut rest = bound.clone();
    loop {
        if rest.bits() <= u64::from(widest.bits()).min(u64::from(SLOT_VALUE_BITS)) {
            limbs.push(rest.to_u64()?);
            return Some(limbs);
        }
        if limbs.len() as u64 >= MAX_LIMBS || u32::from(widest.bits()) < LIMB_BITS {
            return None;
        }
        limbs.push((1 << LIMB_BITS) - 1);
        // An integer is its floor quotient by 2^32 and a digit; the quotient of −bound may be one lower.
        rest = (rest >> LIMB_BITS) + 1_u32;
    }
}

/// The largest |term|.
fn bound(schema: Schema<'_>, term: &Term) -> Result<BigUint, PlanError> {
    check_factors(schema, term)?;
    let mut bound = BigUint::one();
    for power in term.powers() {
        let largest = schema.number(power.column)?.centring().largest_deviation;
        bound *= BigUint::from(largest).pow(power.exponent.into());
    }
    Ok(bound)
}

/// Refuses a term about a column that has no such cells.
fn check_factors(schema: Schema<'_>, term: &Term) -> Result<(), PlanError> {
    for power in term.powers() {
        schema.number(power.column)?;
    }
    for indicator in term.indicators() {
        let column = schema.column(indicator.column())?;
        match *indicator {
            Indicator::Present { .. } if column.has_blanks().is_some() => {}
            Indicator::Present { .. } => {
                return Err(PlanError::NotANumber { column: column.name.clone() });
            }
            Indicator::Category { category, .. } => {
                if schema.categories(indicator.column())?.get(category as usize).is_none() {
                    return Err(PlanError::NoCategories { column: column.name.clone() });
                }
            }
            Indicator::Bin { binning, bin, .. } => {
                let found = column.binnings.get(binning as usize).filter(|binning| bin < binning.count);
                if found.is_none() || column.number().is_none() {
                    return Err(PlanError::NoBins { column: column.name.clone() });
                }
            }
        }
    }
    Ok(())
}

/// What a term is, in words: “age² × (smoker = yes)”.
#[must_use]
pub fn describe(schema: Schema<'_>, term: &Term) -> String {
    let power = |power: &Power| {
        let name = schema.name(power.column);
        match power.exponent {
            1 => format!("“{name}”"),
            exponent => format!("“{name}”^{exponent}"),
        }
    };
    let indicator = |indicator: &Indicator| {
        let name = schema.name(indicator.column());
        match indicator {
            Indicator::Present { .. } => format!("(“{name}” present)"),
            Indicator::Category { column, category } => {
                let categories = schema.categories(*column).unwrap_or_default();
                let category = categories.get(*category as usize).map_or("?", String::as_str);
                format!("(“{name}” = {category})")
            }
            Indicator::Bin { bin, .. } => format!("(“{name}” in bin {bin})"),
        }
    };
    let factors: Vec<String> =
        term.powers().iter().map(power).chain(term.indicators().iter().map(indicator)).collect();
    if factors.is_empty() { "rows".to_owned() } else { factors.join(" × ") }
}

/// One cell of a row, as derived columns see it. All that is `None` means blank.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// The stored integer, if the column is encrypted as a number and the cell is there.
    pub integer: Option<i64>,
    /// The position of its category, if the column has categories and the cell is there.
    pub category: Option<u32>,
}

/// Says nothing of what is in the cell.
impl core::fmt::Debug for Cell {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("Cell").finish_non_exhaustive()
    }
}

/// A cell is beyond the bound that its column was planned with. Its number is not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a value of column “{column}” is beyond the largest that this dataset was made for")]
pub struct BeyondBound {
    /// The column.
    pub column: String,
}

/// Computes the integers of derived columns, row by row.
#[derive(Debug, Clone)]
pub struct Deriver {
    columns: Vec<Source>,
    derived: Vec<Recipe>,
    deviations: Vec<Option<i64>>,
}

/// What is needed of a column of the table.
#[derive(Debug, Clone)]
struct Source {
    name: String,
    centring: Option<Centring>,
    binnings: Vec<Binning>,
}

#[derive(Debug, Clone)]
struct Recipe {
    terms: Vec<Term>,
    digit_bits: u8,
    limb_count: usize,
}

impl Deriver {
    /// A deriver of `derived` over rows of these columns.
    ///
    /// # Errors
    /// [`PlanError`] if a derived column is about something that the columns do not have.
    pub fn new(columns: &[Column], derived: &[DerivedColumn]) -> Result<Self, PlanError> {
        let schema = Schema::new(columns);
        let recipe = |derived: &DerivedColumn| {
            derived.terms.iter().try_for_each(|term| check_factors(schema, term))?;
            Ok(Recipe {
                terms: derived.terms.clone(),
                digit_bits: derived.digit_bits,
                limb_count: derived.limbs.len(),
            })
        };
        Ok(Self {
            columns: columns
                .iter()
                .map(|column| Source {
                    name: column.name.clone(),
                    centring: column.number().map(veilsum_protocol::manifest::EncryptedNumber::centring),
                    binnings: column.binnings.clone(),
                })
                .collect(),
            derived: derived.iter().map(recipe).collect::<Result<_, PlanError>>()?,
            deviations: Vec::new(),
        })
    }

    /// Appends the integers of one row to `integers`, limb after limb of each derived column. `cells` has one entry per
    /// column of the table.
    ///
    /// # Errors
    /// [`BeyondBound`] naming a column whose value does not fit; `integers` is then of no use.
    pub fn derive(&mut self, cells: &[Cell], integers: &mut Vec<i64>) -> Result<(), BeyondBound> {
        self.deviations.clear();
        for (source, cell) in self.columns.iter().zip(cells) {
            let deviation = match (cell.integer, source.centring) {
                (Some(integer), Some(centring)) => Some(
                    integer
                        .checked_sub(centring.centre)
                        .filter(|x| x.unsigned_abs() <= centring.largest_deviation)
                        .ok_or_else(|| BeyondBound { column: source.name.clone() })?,
                ),
                _ => None,
            };
            self.deviations.push(deviation);
        }
        for recipe in &self.derived {
            match &recipe.terms[..] {
                [term] => match self.narrow(term, cells) {
                    Some(value) => push_limbs(value, recipe.limb_count, integers),
                    None => push_wide_limbs(self.wide(term, cells), recipe.limb_count, integers),
                },
                terms => {
                    let digits = terms.iter().enumerate().map(|(at, term)| {
                        i64::from(self.holds(term, cells)) << (at * usize::from(recipe.digit_bits))
                    });
                    integers.push(digits.sum());
                }
            }
        }
        Ok(())
    }

    /// Whether every indicator of a term is 1.
    fn holds(&self, term: &Term, cells: &[Cell]) -> bool {
        term.indicators().iter().all(|&indicator| {
            let at = indicator.column() as usize;
            let cell = self.columns.get(at).zip(cells.get(at));
            cell.is_some_and(|(source, cell)| holds(indicator, &source.binnings, cell))
        })
    }

    fn deviation(&self, power: Power) -> Option<i64> {
        self.deviations.get(power.column as usize).copied().flatten()
    }

    /// The integer of a term; `None` if it does not fit 128 bits.
    fn narrow(&self, term: &Term, cells: &[Cell]) -> Option<i128> {
        if !self.holds(term, cells) {
            return Some(0);
        }
        term.powers().iter().try_fold(1_i128, |product, &power| {
            let factor = self.deviation(power).map_or(0, i128::from);
            product.checked_mul(factor.checked_pow(power.exponent.into())?)
        })
    }

    /// The integer of a term, however large.
    fn wide(&self, term: &Term, cells: &[Cell]) -> BigInt {
        if !self.holds(term, cells) {
            return BigInt::ZERO;
        }
        let factors = term.powers().iter().map(|&power| {
            self.deviation(power).map_or(BigInt::ZERO, |x| BigInt::from(x).pow(power.exponent.into()))
        });
        factors.product()
    }
}

/// Sums up terms over cleartext rows, in constant memory: what an answer from ciphertext must be equal to.
#[derive(Debug, Clone)]
pub struct TermSums {
    deriver: Deriver,
    row_count: u64,
    /// One per term of the only recipe of each: 128 bits, and what did not fit them.
    sums: Vec<(Term, i128, BigInt)>,
}

impl TermSums {
    /// Sums of `terms` over rows of these columns.
    ///
    /// # Errors
    /// [`PlanError`] if a term is about something that the columns do not have.
    pub fn new(columns: &[Column], terms: impl IntoIterator<Item = Term>) -> Result<Self, PlanError> {
        let schema = Schema::new(columns);
        let mut sums = Vec::new();
        for term in terms {
            check_factors(schema, &term)?;
            sums.push((schema.reduced(&term), 0, BigInt::ZERO));
        }
        Ok(Self { deriver: Deriver::new(columns, &[])?, row_count: 0, sums })
    }

    /// Takes in one row.
    ///
    /// # Errors
    /// [`BeyondBound`] naming a column whose value does not fit.
    pub fn push(&mut self, cells: &[Cell]) -> Result<(), BeyondBound> {
        self.deriver.derive(cells, &mut Vec::new())?;
        self.row_count += 1;
        for (term, sum, overflow) in &mut self.sums {
            match self.deriver.narrow(term, cells) {
                Some(value) => match sum.checked_add(value) {
                    Some(added) => *sum = added,
                    None => *overflow += value,
                },
                None => *overflow += self.deriver.wide(term, cells),
            }
        }
        Ok(())
    }

    /// The totals.
    #[must_use]
    pub fn totals(self) -> crate::totals::Totals {
        let sums = self.sums.into_iter().map(|(term, sum, overflow)| (term, overflow + sum)).collect();
        crate::totals::Totals::new(self.row_count, sums)
    }
}

/// Whether an indicator is 1 for its column's cell; `binnings` are those of the column.
pub(crate) fn holds(indicator: Indicator, binnings: &[Binning], cell: &Cell) -> bool {
    match indicator {
        Indicator::Present { .. } => cell.integer.is_some() || cell.category.is_some(),
        Indicator::Category { category, .. } => cell.category == Some(category),
        Indicator::Bin { binning, bin, .. } => cell.integer.is_some_and(|integer| {
            let binning = binnings.get(binning as usize);
            binning.and_then(|binning| binning.bin_of(integer)) == Some(bin)
        }),
    }
}

/// Base 2^32 digits, the last one signed.
fn push_limbs(mut value: i128, count: usize, integers: &mut Vec<i64>) {
    for _ in 1..count {
        integers.push(i64::from(low_digit(value)));
        value >>= LIMB_BITS;
    }
    integers.push(i64::try_from(value).expect("the bound of the term fits its limbs"));
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low 32 bits are meant")]
const fn low_digit(value: i128) -> u32 {
    value as u32
}

fn push_wide_limbs(mut value: BigInt, count: usize, integers: &mut Vec<i64>) {
    for _ in 1..count {
        // The shift rounds down, so that the digit is not negative.
        let rest: BigInt = &value >> LIMB_BITS;
        let digit = &value - (&rest << LIMB_BITS);
        integers.push(digit.to_i64().expect("a digit has 32 bits"));
        value = rest;
    }
    integers.push(value.to_i64().expect("the bound of the term fits its limbs"));
}

/// The value that limbs, least significant first, stand for; of sums of limbs: the sum of the values.
pub(crate) fn recombine(limbs: impl DoubleEndedIterator<Item = i128>) -> BigInt {
    limbs.rev().fold(BigInt::ZERO, |value, limb| (value << LIMB_BITS) + limb)
}

/// The largest |Σ| of a term over so many rows, for whoever plans another engine.
///
/// # Errors
/// [`PlanError`] if the term is about a column that it cannot be made from.
pub fn largest_total(schema: Schema<'_>, term: &Term, row_count: u64) -> Result<BigUint, PlanError> {
    Ok(bound(schema, term)? * row_count)
}
