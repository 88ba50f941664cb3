//! What an upload encrypts: the columns of the table, and the sets of columns that are stored of them.

use serde::{Deserialize, Serialize};
use veilsum_analysis::PlanError;
use veilsum_analysis::derive::{BeyondBound, Cell, Deriver};
use veilsum_analysis::products;
use veilsum_protocol::manifest::{
    Column, DerivedColumn, FIRST_COLUMN_SET, FactorColumn, PRESENCE_BOUND_BITS,
};
use veilsum_protocol::row_group::ColumnEntry;
use veilsum_table::csv::Row;
use veilsum_table::encode::{CategoryEncoding, EncodeError, EncodedRow, RowEncoder};
use veilsum_table::treat::NumberEncoding;

use crate::messages::Fault;

/// What an upload encrypts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Every column of the table, as its manifest will list it.
    pub columns: Vec<Column>,
    /// How the columns of numbers are encoded.
    pub numbers: Vec<NumberEncoding>,
    /// How the cells of columns with categories are told apart.
    pub categories: Vec<CategoryEncoding>,
    /// The derived columns of all `sets`.
    pub derived: Vec<DerivedColumn>,
    /// The column sets that are stored, ascending.
    pub sets: Vec<u32>,
    /// What the second engine stores instead of all the others.
    #[serde(default)]
    pub factors: Vec<FactorColumn>,
}

/// The stored columns of one set, in storage order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetColumns {
    /// The set.
    pub column_set: u32,
    /// Its columns.
    pub columns: Vec<StoredColumn>,
}

/// One encrypted column and where its integers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredColumn {
    /// Its opaque number and bound class.
    pub entry: ColumnEntry,
    /// What it holds.
    pub holds: Holds,
}

/// What an encrypted column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// The integers of a column of numbers, by its position among these; 0 for a blank.
    Values(usize),
    /// 1 for a cell of it that is present, 0 for a blank.
    Presence(usize),
    /// An integer of a derived column, by its position among all these integers.
    Derived(usize),
    /// A factor modulo one plaintext prime.
    Factor {
        /// Position among the factors.
        at: usize,
        /// Index of the prime.
        prime: u8,
    },
}

/// The values and presences of columns of numbers, in storage order and numbered from 0.
#[must_use]
pub fn value_columns(numbers: &[NumberEncoding]) -> Vec<StoredColumn> {
    let mut columns = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        let mut push = |bound_bits, holds| {
            let column = u32::try_from(columns.len()).expect("a table has at most 2,000 columns");
            columns.push(StoredColumn { entry: ColumnEntry { column, bound_bits }, holds });
        };
        push(number.bound_bits, Holds::Values(at));
        if number.needs_presence() {
            push(PRESENCE_BOUND_BITS, Holds::Presence(at));
        }
    }
    columns
}

impl Content {
    /// The stored columns of each set.
    #[must_use]
    pub fn sets(&self) -> Vec<SetColumns> {
        if !self.factors.is_empty() {
            return vec![SetColumns { column_set: FIRST_COLUMN_SET, columns: self.factor_columns() }];
        }
        let of_set = |&column_set: &u32| {
            let mut columns = match column_set {
                FIRST_COLUMN_SET => self.value_columns(),
                _ => Vec::new(),
            };
            let limbs = self
                .derived
                .iter()
                .flat_map(|derived| derived.limbs.iter().map(move |limb| (derived.column_set, limb)));
            columns.extend(limbs.enumerate().filter(|(_, (set, _))| *set == column_set).map(
                |(at, (_, limb))| StoredColumn {
                    entry: ColumnEntry { column: limb.column, bound_bits: limb.bound_bits },
                    holds: Holds::Derived(at),
                },
            ));
            SetColumns { column_set, columns }
        };
        self.sets.iter().map(of_set).collect()
    }

    /// The values and presences of this upload, under the numbers that the manifest gives them.
    fn value_columns(&self) -> Vec<StoredColumn> {
        let mut columns = Vec::new();
        for (at, number) in self.numbers.iter().enumerate() {
            let Some(stored) = self.columns.get(number.column).and_then(Column::number) else { continue };
            columns.push(StoredColumn {
                entry: ColumnEntry { column: stored.column, bound_bits: number.bound_bits },
                holds: Holds::Values(at),
            });
            columns.extend(stored.presence.map(|column| StoredColumn {
                entry: ColumnEntry { column, bound_bits: PRESENCE_BOUND_BITS },
                holds: Holds::Presence(at),
            }));
        }
        columns
    }

    /// The factors, each under every prime.
    fn factor_columns(&self) -> Vec<StoredColumn> {
        let of_factor = |(at, factor): (usize, &FactorColumn)| {
            let stored = (0..).zip(factor.columns.clone());
            stored.map(move |(prime, column)| StoredColumn {
                entry: ColumnEntry { column, bound_bits: 0 },
                holds: Holds::Factor { at, prime },
            })
        };
        self.factors.iter().enumerate().flat_map(of_factor).collect()
    }

    /// Encrypted columns of all sets.
    #[must_use]
    pub fn column_count(&self) -> u64 {
        self.sets().iter().map(|set| set.columns.len() as u64).sum()
    }

    /// What turns rows into integers.
    ///
    /// # Errors
    /// A [`Fault`] for content that contradicts itself.
    pub fn rows(&self, missing_words: &[String]) -> Result<ContentRows, Fault> {
        Ok(ContentRows {
            encoder: RowEncoder::new(&self.numbers, &self.categories, missing_words),
            deriver: Deriver::new(&self.columns, &self.derived)?,
            numbers: self.numbers.iter().map(|number| number.column).collect(),
            categories: self.categories.iter().map(|encoding| encoding.column).collect(),
            encoded: EncodedRow::default(),
            cells: vec![Cell::default(); self.columns.len()],
            derived: Vec::new(),
            columns: if self.factors.is_empty() { Vec::new() } else { self.columns.clone() },
            factors: self.factors.clone(),
        })
    }
}

/// Turns rows into the integers of stored columns.
#[derive(Debug)]
pub struct ContentRows {
    encoder: RowEncoder,
    deriver: Deriver,
    /// Positions in the file.
    numbers: Vec<usize>,
    categories: Vec<usize>,
    encoded: EncodedRow,
    cells: Vec<Cell>,
    derived: Vec<i64>,
    /// What factors are made from; both empty where there are none.
    columns: Vec<Column>,
    factors: Vec<FactorColumn>,
}

impl ContentRows {
    /// Reads a row; then [`Self::integer`] tells its integers and [`Self::cells`] its cells.
    ///
    /// # Errors
    /// A [`Fault`] for a cell that contradicts what was planned.
    pub fn read(&mut self, row: &Row) -> Result<(), Fault> {
        self.encoder.encode(row, &mut self.encoded)?;
        self.cells.fill(Cell::default());
        let numbers = self.numbers.iter().zip(self.encoded.values.iter().zip(&self.encoded.present));
        for (&at, (&value, &is_present)) in numbers {
            self.cells[at].integer = is_present.then_some(value);
        }
        for (&at, &category) in self.categories.iter().zip(&self.encoded.categories) {
            self.cells[at].category = category;
        }
        self.derived.clear();
        self.deriver.derive(&self.cells, &mut self.derived)?;
        for factor in &self.factors {
            let integer = products::integer(factor.factor, &self.columns, &self.cells);
            if integer.unsigned_abs() > factor.largest_magnitude {
                return Err(Fault::new(
                    "file-changed",
                    "The file holds a value beyond what it held when it was looked at. Choose it again.",
                ));
            }
            self.derived.push(integer);
        }
        Ok(())
    }

    /// The integer of a stored column in the row that was read last.
    #[must_use]
    pub fn integer(&self, holds: Holds) -> i64 {
        match holds {
            Holds::Values(at) => self.encoded.values[at],
            Holds::Presence(at) => i64::from(self.encoded.present[at]),
            Holds::Derived(at) | Holds::Factor { at, .. } => self.derived[at],
        }
    }

    /// The cells of the row that was read last, one per column of the table.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }
}

impl From<EncodeError> for Fault {
    fn from(error: EncodeError) -> Self {
        Self::new("file-changed", &error.to_string())
    }
}

impl From<BeyondBound> for Fault {
    fn from(error: BeyondBound) -> Self {
        Self::new("file-changed", &crate::fault::sentence(&error))
    }
}

/// A plan or a derived column that is refused.
impl From<PlanError> for Fault {
    fn from(error: PlanError) -> Self {
        Self::new("plan-refused", &crate::fault::sentence(&error))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_protocol::manifest::{EncryptedNumber, Limb, Treatment};
    use veilsum_protocol::term::Term;

    use super::*;

    fn encoding(column: usize, missing_count: u64) -> NumberEncoding {
        NumberEncoding {
            column,
            name: format!("c{column}"),
            scale: 2,
            rounded: false,
            largest_magnitude: 70_000,
            bound_bits: 24,
            missing_count,
        }
    }

    fn number(column: u32, presence: Option<u32>) -> Column {
        let number = EncryptedNumber {
            column,
            presence,
            scale: 2,
            rounded: false,
            largest_magnitude: 70_000,
            bound_bits: 24,
            missing_count: 0,
            centring: None,
        };
        Column::new(String::new(), Treatment::Number(number))
    }

    #[test]
    fn only_columns_with_blanks_have_presence() {
        let columns = value_columns(&[encoding(4, 0), encoding(6, 1), encoding(7, 0)]);
        let found: Vec<_> = columns.iter().map(|column| (column.entry.column, column.holds)).collect();
        assert_eq!(
            found,
            [(0, Holds::Values(0)), (1, Holds::Values(1)), (2, Holds::Presence(1)), (3, Holds::Values(2))]
        );
    }

    #[test]
    fn every_set_has_its_own_derived_columns() {
        let derived = |column_set, columns: &[u32]| DerivedColumn {
            column_set,
            terms: vec![Term::power(0, 2)],
            digit_bits: 0,
            limbs: columns
                .iter()
                .map(|&column| Limb { column, largest_magnitude: 1, bound_bits: 8 })
                .collect(),
        };
        let content = Content {
            columns: vec![number(0, None), number(1, Some(2))],
            numbers: vec![encoding(0, 0), encoding(1, 1)],
            categories: Vec::new(),
            derived: vec![derived(0, &[3]), derived(1, &[4, 5]), derived(0, &[6])],
            sets: vec![0, 1],
            factors: Vec::new(),
        };
        let found: Vec<Vec<_>> = content
            .sets()
            .iter()
            .map(|set| set.columns.iter().map(|column| (column.entry.column, column.holds)).collect())
            .collect();
        assert_eq!(
            found,
            [
                vec![
                    (0, Holds::Values(0)),
                    (1, Holds::Values(1)),
                    (2, Holds::Presence(1)),
                    (3, Holds::Derived(0)),
                    (6, Holds::Derived(3))
                ],
                vec![(4, Holds::Derived(1)), (5, Holds::Derived(2))],
            ]
        );
        assert_eq!(content.column_count(), 7);
    }
}
