//! Terms: the numbers per row whose sums are the moments and counts that analyses are made of.
//!
//! A column c of numbers has, in a row, the *deviation* x_c = v_c·10^scale − centre, and 0 where the cell is blank.
//! A term is a product of powers of deviations and of indicators, each 1 or 0:
//!
//! ```text
//! term = Π x_c^exponent · Π [indicator]
//! ```
//!
//! So it is 0 in every row in which one of its columns is blank: its sum is over complete cases.

use serde::{Deserialize, Serialize};

/// Largest exponent of a [`Power`].
pub const MAX_EXPONENT: u8 = 4;
/// Most factors of a term.
pub const MAX_FACTORS: usize = 64;

/// A product over the cells of one row. Always in canonical form: see [`Term::new`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Term {
    /// Powers of deviations, by ascending column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    powers: Vec<Power>,
    /// Indicators, ascending, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    indicators: Vec<Indicator>,
}

/// A power of one column's deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Power {
    /// Position of the column in the manifest.
    pub column: u32,
    /// 1 to [`MAX_EXPONENT`].
    pub exponent: u8,
}

/// What is 1 in some rows and 0 in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Indicator {
    /// The cell is not blank.
    Present {
        /// Position of the column in the manifest.
        column: u32,
    },
    /// The cell is in a category.
    Category {
        /// Position of the column in the manifest.
        column: u32,
        /// Position among the column's categories.
        category: u32,
    },
    /// The cell is in a bin.
    Bin {
        /// Position of the column in the manifest.
        column: u32,
        /// Position among the column's binnings.
        binning: u32,
        /// Position among the binning's bins.
        bin: u32,
    },
}

/// What the second engine multiplies: a deviation or an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Factor {
    /// The deviation of a column of numbers, 0 where it is blank.
    Deviation {
        /// Position of the column in the manifest.
        column: u32,
    },
    /// 1 or 0.
    Indicator {
        /// What it is 1 for.
        indicator: Indicator,
    },
}

impl Indicator {
    /// Position of the column that it looks at.
    #[must_use]
    pub const fn column(self) -> u32 {
        match self {
            Self::Present { column } | Self::Category { column, .. } | Self::Bin { column, .. } => column,
        }
    }
}

impl Term {
    /// The product of these factors in canonical form: powers of one column are multiplied, equal indicators appear
    /// once, and a column's presence is left out where another factor implies it.
    #[must_use]
    pub fn new(
        powers: impl IntoIterator<Item = Power>,
        indicators: impl IntoIterator<Item = Indicator>,
    ) -> Self {
        let mut merged: Vec<Power> = Vec::new();
        for power in powers {
            match merged.iter_mut().find(|other| other.column == power.column) {
                Some(other) => other.exponent = other.exponent.saturating_add(power.exponent),
                None => merged.push(power),
            }
        }
        merged.retain(|power| power.exponent > 0);
        merged.sort_unstable();
        let mut indicators: Vec<Indicator> = indicators.into_iter().collect();
        indicators.sort_unstable();
        indicators.dedup();
        let implied: Vec<u32> = merged
            .iter()
            .map(|power| power.column)
            .chain(
                indicators
                    .iter()
                    .filter(|indicator| !matches!(indicator, Indicator::Present { .. }))
                    .map(|indicator| indicator.column()),
            )
            .collect();
        indicators.retain(|indicator| match indicator {
            Indicator::Present { column } => !implied.contains(column),
            Indicator::Category { .. } | Indicator::Bin { .. } => true,
        });
        Self { powers: merged, indicators }
    }

    /// The empty product: 1 in every row.
    #[must_use]
    pub const fn one() -> Self {
        Self { powers: Vec::new(), indicators: Vec::new() }
    }

    /// `x_c^exponent`.
    #[must_use]
    pub fn power(column: u32, exponent: u8) -> Self {
        Self::new([Power { column, exponent }], [])
    }

    /// One indicator.
    #[must_use]
    pub fn indicator(indicator: Indicator) -> Self {
        Self::new([], [indicator])
    }

    /// The product of two terms.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self::new(
            self.powers.iter().chain(&other.powers).copied(),
            self.indicators.iter().chain(&other.indicators).copied(),
        )
    }

    /// Powers of deviations, by ascending column.
    #[must_use]
    pub fn powers(&self) -> &[Power] {
        &self.powers
    }

    /// Indicators, ascending, each once.
    #[must_use]
    pub fn indicators(&self) -> &[Indicator] {
        &self.indicators
    }

    /// Whether it is 1 in every row.
    #[must_use]
    pub const fn is_one(&self) -> bool {
        self.powers.is_empty() && self.indicators.is_empty()
    }

    /// Whether it is 0 or 1 in every row.
    #[must_use]
    pub const fn is_indicator(&self) -> bool {
        self.powers.is_empty()
    }

    /// Sum of the exponents.
    #[must_use]
    pub fn degree(&self) -> u32 {
        self.powers.iter().map(|power| u32::from(power.exponent)).sum()
    }

    /// The columns that it looks at, ascending, each once.
    #[must_use]
    pub fn columns(&self) -> Vec<u32> {
        let mut columns: Vec<u32> = self
            .powers
            .iter()
            .map(|power| power.column)
            .chain(self.indicators.iter().map(|indicator| indicator.column()))
            .collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Whether it is in canonical form with exponents and a number of factors that this version knows.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.powers.len() + self.indicators.len() <= MAX_FACTORS
            && self.powers.iter().all(|power| (1..=MAX_EXPONENT).contains(&power.exponent))
            && *self == Self::new(self.powers.iter().copied(), self.indicators.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const fn power(column: u32, exponent: u8) -> Power {
        Power { column, exponent }
    }

    const fn present(column: u32) -> Indicator {
        Indicator::Present { column }
    }

    const fn category(column: u32, category: u32) -> Indicator {
        Indicator::Category { column, category }
    }

    #[test]
    fn one_product_has_one_form() {
        let term = Term::new([power(3, 1), power(1, 2), power(3, 1)], [category(4, 0), category(2, 7)]);
        assert_eq!(term.powers(), [power(1, 2), power(3, 2)]);
        assert_eq!(term, Term::new([power(1, 2), power(3, 2)], [category(2, 7), category(4, 0)]));
        assert_eq!(term.columns(), [1, 2, 3, 4]);
        assert_eq!(term.degree(), 4);
        assert!(term.is_canonical());
    }

    #[test]
    fn presence_is_left_out_where_it_is_implied() {
        let term = Term::new([power(1, 1)], [present(1), present(2), present(3), category(3, 0)]);
        assert_eq!(term.indicators(), [present(2), category(3, 0)]);
        assert_eq!(Term::power(1, 1).times(&Term::indicator(present(1))), Term::power(1, 1));
    }

    #[test]
    fn an_empty_product_is_one() {
        assert!(Term::one().is_one());
        assert_eq!(Term::new([power(1, 0)], []), Term::one());
        assert_eq!(Term::one().times(&Term::power(2, 1)), Term::power(2, 1));
    }

    #[test]
    fn other_forms_are_not_canonical() {
        let read = |json: &str| serde_json::from_str::<Term>(json).unwrap();
        assert!(read(r#"{"powers":[{"column":1,"exponent":2}]}"#).is_canonical());
        assert!(!read(r#"{"powers":[{"column":1,"exponent":5}]}"#).is_canonical());
        assert!(!read(r#"{"powers":[{"column":2,"exponent":1},{"column":1,"exponent":1}]}"#).is_canonical());
        assert!(
            !read(r#"{"powers":[{"column":1,"exponent":1}],"indicators":[{"is":"present","column":1}]}"#)
                .is_canonical()
        );
    }
}
