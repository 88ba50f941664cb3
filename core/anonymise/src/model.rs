//! What a group of rows must be like before it may be published: k-anonymity, l-diversity, t-closeness.
//!
//! A *class* is the set of rows that are published with the same quasi-identifiers. Every model here keeps holding
//! when two classes that satisfy it are put together, which is what the searches rely on [SS98, MGKV06, LLV07]. A blank
//! sensitive cell counts as a value of its own.

pub(crate) mod closeness;

use thiserror::Error;

use self::closeness::Closeness;
pub use self::closeness::Distance;
use crate::hierarchy::{HierarchyError, is_blank, number};
use crate::table::{Column, Table};

/// Floating-point slack: a class is accepted when it misses a threshold by no more.
pub const TOLERANCE: f64 = 1e-9;

/// A demand on every class.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// At least `k` rows [SS98].
    KAnonymity {
        /// Rows.
        k: u32,
    },
    /// At least `l` different sensitive values [MGKV06, §4].
    DistinctDiversity {
        /// Position of the sensitive column.
        column: usize,
        /// Values.
        l: u32,
    },
    /// `−Σ pᵢ ln pᵢ ≥ ln l` over the shares pᵢ of sensitive values [MGKV06, def. 4.1].
    EntropyDiversity {
        /// Position of the sensitive column.
        column: usize,
        /// `e` to the power of the entropy; any real number from 1.
        l: f64,
    },
    /// `r₁ < c · (r_l + r_{l+1} + … + r_m)` over the counts r₁ ≥ r₂ ≥ … of sensitive values [MGKV06, def. 4.2].
    RecursiveDiversity {
        /// Position of the sensitive column.
        column: usize,
        /// How often the most frequent value may be there, against the less frequent ones.
        c: f64,
        /// Where the less frequent ones begin.
        l: u32,
    },
    /// The earth mover's distance between the class's shares and those of the whole table is at most `t` [LLV07].
    Closeness {
        /// Position of the sensitive column.
        column: usize,
        /// From 0 to 1.
        t: f64,
        /// How far apart two values are.
        distance: Distance,
    },
}

/// Why models cannot be applied.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// There is no such column.
    #[error("The table has no column number {column}.")]
    NoSuchColumn {
        /// Position, from 0.
        column: usize,
    },
    /// A column is there twice among the quasi-identifiers, or is sensitive as well.
    #[error("Column \"{column}\" has two roles. A column is a quasi-identifier once, or it is sensitive.")]
    TwoRoles {
        /// Name of the column.
        column: String,
    },
    /// No quasi-identifier was chosen.
    #[error("No quasi-identifier is chosen. Choose the columns that somebody could know from elsewhere.")]
    NoQuasiIdentifier,
    /// No model was chosen.
    #[error("No model is chosen. Choose at least k-anonymity.")]
    NoModel,
    /// A threshold makes no sense.
    #[error("{name} is {actual}, and must be {allowed}.")]
    Threshold {
        /// Which.
        name: &'static str,
        /// What was asked for.
        actual: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Values of a column have no order.
    #[error(
        "Column \"{column}\" cannot be compared by order: row {row} holds no number. Choose equal distances, or \
         correct it."
    )]
    NotOrdered {
        /// Name of the column.
        column: String,
        /// Row, from 1.
        row: usize,
    },
    /// The hierarchy of distances does not fit the column.
    #[error(transparent)]
    Hierarchy(#[from] HierarchyError),
}

/// Models made ready for one table.
pub(crate) struct Judge {
    k: u32,
    sensitive: Vec<Sensitive>,
    /// Largest number of different values that any model implies; for pruning.
    relaxed: bool,
}

/// A sensitive column and what is demanded of it.
struct Sensitive {
    column: usize,
    codes: Vec<u32>,
    /// Different values that every demand implies.
    distinct: u32,
    demands: Vec<Demand>,
    counts: Vec<u32>,
    touched: Vec<u32>,
}

enum Demand {
    Entropy { l: f64 },
    Recursive { c: f64, l: usize },
    Closeness { t: f64, measure: Closeness },
}

impl Judge {
    pub(crate) fn new(table: &Table, models: &[Model]) -> Result<Self, ModelError> {
        if models.is_empty() {
            return Err(ModelError::NoModel);
        }
        let mut judge = Self { k: 1, sensitive: Vec::new(), relaxed: false };
        for model in models {
            model.check()?;
            match model {
                Model::KAnonymity { k } => judge.k = judge.k.max(*k),
                Model::DistinctDiversity { column, l } => {
                    let sensitive = judge.sensitive(table, *column)?;
                    sensitive.distinct = sensitive.distinct.max(*l);
                }
                Model::EntropyDiversity { column, l } => {
                    let sensitive = judge.sensitive(table, *column)?;
                    // ln m ≥ entropy ≥ ln l, less the tolerance.
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "checked to lie between 1 and 10⁶"
                    )]
                    let implied = (l - 1e-6).ceil() as u32;
                    sensitive.distinct = sensitive.distinct.max(implied);
                    sensitive.demands.push(Demand::Entropy { l: *l });
                }
                Model::RecursiveDiversity { column, c, l } => {
                    let sensitive = judge.sensitive(table, *column)?;
                    sensitive.distinct = sensitive.distinct.max(*l);
                    sensitive.demands.push(Demand::Recursive { c: *c, l: *l as usize });
                }
                Model::Closeness { column, t, distance } => {
                    let measure = Closeness::new(column_of(table, *column)?, distance)?;
                    judge.sensitive(table, *column)?.demands.push(Demand::Closeness { t: *t, measure });
                }
            }
        }
        Ok(judge)
    }

    /// The same, demanding only row counts and different values: what stays monotone when rows are suppressed.
    pub(crate) fn relax(&mut self, relaxed: bool) {
        self.relaxed = relaxed;
    }

    /// Whether suppressing rows leaves every demand monotone: only counts are demanded.
    pub(crate) fn is_countable(&self) -> bool {
        self.sensitive.iter().all(|sensitive| sensitive.demands.is_empty())
    }

    /// The columns that are sensitive.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        self.sensitive.iter().map(|sensitive| sensitive.column)
    }

    /// Whether these rows may be a class.
    pub(crate) fn accepts(&mut self, rows: &[u32]) -> bool {
        let relaxed = self.relaxed;
        rows.len() >= self.k as usize && self.sensitive.iter_mut().all(|column| column.accepts(rows, relaxed))
    }

    fn sensitive(&mut self, table: &Table, column: usize) -> Result<&mut Sensitive, ModelError> {
        let at = match self.sensitive.iter().position(|known| known.column == column) {
            Some(at) => at,
            None => {
                let source = column_of(table, column)?;
                self.sensitive.push(Sensitive {
                    column,
                    codes: source.codes().to_vec(),
                    distinct: 1,
                    demands: Vec::new(),
                    counts: vec![0; source.values().len()],
                    touched: Vec::new(),
                });
                self.sensitive.len() - 1
            }
        };
        Ok(&mut self.sensitive[at])
    }
}

impl Sensitive {
    fn accepts(&mut self, rows: &[u32], relaxed: bool) -> bool {
        for row in rows {
            let code = self.codes[*row as usize];
            if self.counts[code as usize] == 0 {
                self.touched.push(code);
            }
            self.counts[code as usize] += 1;
        }
        let accepted = self.touched.len() >= self.distinct as usize
            && (relaxed
                || self.demands.iter().all(|demand| demand.holds(&self.counts, &self.touched, rows.len())));
        for code in self.touched.drain(..) {
            self.counts[code as usize] = 0;
        }
        accepted
    }
}

impl Demand {
    fn holds(&self, counts: &[u32], touched: &[u32], row_count: usize) -> bool {
        match self {
            Self::Entropy { l } => {
                let present = touched.iter().map(|code| counts[*code as usize]);
                entropy(present, row_count) >= l.ln() - TOLERANCE
            }
            Self::Recursive { c, l } => {
                let present = touched.iter().map(|code| counts[*code as usize]).collect();
                recursive_ratio(present, *l).is_some_and(|ratio| ratio < *c)
            }
            Self::Closeness { t, measure } => measure.distance(counts, touched, row_count) <= t + TOLERANCE,
        }
    }
}

impl Model {
    fn check(&self) -> Result<(), ModelError> {
        let threshold = |sound: bool, name, actual, allowed| {
            if sound { Ok(()) } else { Err(ModelError::Threshold { name, actual, allowed }) }
        };
        match self {
            Self::KAnonymity { k } => threshold(*k >= 1, "k", (*k).into(), "at least 1"),
            Self::DistinctDiversity { l, .. } => threshold(*l >= 1, "l", (*l).into(), "at least 1"),
            Self::EntropyDiversity { l, .. } => {
                threshold((1.0..=1e6).contains(l), "l", *l, "between 1 and 1,000,000")
            }
            Self::RecursiveDiversity { c, l, .. } => {
                threshold(*l >= 1, "l", (*l).into(), "at least 1")?;
                threshold(*c > 0.0 && c.is_finite(), "c", *c, "above 0")
            }
            Self::Closeness { t, .. } => threshold((0.0..=1.0).contains(t), "t", *t, "between 0 and 1"),
        }
    }
}

/// `−Σ pᵢ ln pᵢ`.
pub(crate) fn entropy(counts: impl Iterator<Item = u32>, row_count: usize) -> f64 {
    let total = row_count as f64;
    counts.map(|count| f64::from(count) / total).map(|share| -share * share.ln()).sum()
}

/// `r₁ / (r_l + … + r_m)`: (c, l)-diversity holds for every c above. `None` if there are fewer than l values.
pub(crate) fn recursive_ratio(mut counts: Vec<u32>, l: usize) -> Option<f64> {
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let most = *counts.first()?;
    let rest: u64 = counts.iter().skip(l.max(1) - 1).copied().map(u64::from).sum();
    (rest > 0).then(|| f64::from(most) / rest as f64)
}

/// For each value its place in numerical order, from 0, equal numbers sharing one; and the number of places.
pub(crate) fn numeric_ranks(column: &Column) -> Result<(Vec<u32>, usize), ModelError> {
    let mut numbers = Vec::with_capacity(column.values().len());
    for (code, value) in (0_u32..).zip(column.values()) {
        let number = if is_blank(value) { None } else { number(value) };
        let row = || column.first_row_of(code);
        numbers.push(
            number.ok_or_else(|| ModelError::NotOrdered { column: column.name().to_owned(), row: row() })?,
        );
    }
    // −0 and 0 are one number.
    let mut sorted: Vec<f64> = numbers.iter().map(|number| number + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    let rank = |number: &f64| sorted.partition_point(|known| known < number);
    let ranks =
        numbers.iter().map(|number| u32::try_from(rank(number)).expect("no more than rows")).collect();
    Ok((ranks, sorted.len()))
}

/// The column at a position.
pub(crate) fn column_of(table: &Table, column: usize) -> Result<&Column, ModelError> {
    table.columns().get(column).ok_or(ModelError::NoSuchColumn { column })
}

/// Checks that no column has two roles.
pub(crate) fn check_roles(
    table: &Table,
    quasi: impl IntoIterator<Item = usize>,
    judge: &Judge,
) -> Result<(), ModelError> {
    let mut seen: Vec<usize> = judge.columns().collect();
    let sensitive = seen.len();
    for column in quasi {
        let name = column_of(table, column)?.name();
        if seen.contains(&column) {
            return Err(ModelError::TwoRoles { column: name.to_owned() });
        }
        seen.push(column);
    }
    if seen.len() == sensitive { Err(ModelError::NoQuasiIdentifier) } else { Ok(()) }
}
