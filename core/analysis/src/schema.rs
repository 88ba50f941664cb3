//! What an analysis may know of a dataset: the columns of its manifest, and the terms that they allow.

use veilsum_protocol::manifest::{Column, EncryptedNumber};
use veilsum_protocol::term::{Indicator, Term};

use crate::error::PlanError;

/// The columns of a dataset, by position.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'a> {
    columns: &'a [Column],
}

impl<'a> Schema<'a> {
    /// A view of these columns.
    #[must_use]
    pub const fn new(columns: &'a [Column]) -> Self {
        Self { columns }
    }

    /// The column at a position.
    ///
    /// # Errors
    /// [`PlanError::NoSuchColumn`].
    pub fn column(self, column: u32) -> Result<&'a Column, PlanError> {
        let found = usize::try_from(column).ok().and_then(|at| self.columns.get(at));
        found.ok_or(PlanError::NoSuchColumn { position: column })
    }

    /// The name of the column at a position; a placeholder where there is none.
    #[must_use]
    pub fn name(self, column: u32) -> &'a str {
        self.column(column).map_or("?", |column| column.name.as_str())
    }

    /// How the column at a position is encrypted as a number.
    ///
    /// # Errors
    /// [`PlanError::NoSuchColumn`] or [`PlanError::NotANumber`].
    pub fn number(self, column: u32) -> Result<&'a EncryptedNumber, PlanError> {
        let found = self.column(column)?;
        found.number().ok_or_else(|| PlanError::NotANumber { column: found.name.clone() })
    }

    /// The categories of the column at a position, at least one.
    ///
    /// # Errors
    /// [`PlanError::NoSuchColumn`] or [`PlanError::NoCategories`].
    pub fn categories(self, column: u32) -> Result<&'a [String], PlanError> {
        let found = self.column(column)?;
        if found.categories.is_empty() || found.has_blanks().is_none() {
            return Err(PlanError::NoCategories { column: found.name.clone() });
        }
        Ok(&found.categories)
    }

    /// 1 in the rows in which none of these columns is blank: the mask of complete cases. Columns that are never
    /// blank leave no factor.
    #[must_use]
    pub fn complete(self, columns: &[u32]) -> Term {
        let may_be_blank =
            |column: &&u32| self.column(**column).is_ok_and(|column| column.has_blanks() == Some(true));
        let indicators = columns.iter().filter(may_be_blank);
        Term::new([], indicators.map(|&column| Indicator::Present { column }))
    }

    /// The same without the presence of columns that are never blank.
    #[must_use]
    pub fn reduced(self, term: &Term) -> Term {
        let needed = |indicator: &&Indicator| match indicator {
            Indicator::Present { column } => {
                self.column(*column).map_or(true, |column| column.has_blanks() != Some(false))
            }
            Indicator::Category { .. } | Indicator::Bin { .. } => true,
        };
        Term::new(term.powers().iter().copied(), term.indicators().iter().filter(needed).copied())
    }

    /// Every column, in file order.
    #[must_use]
    pub const fn columns(self) -> &'a [Column] {
        self.columns
    }
}
