//! Groups of rows by the categories of one or two columns.

use veilsum_protocol::term::{Indicator, Term};

use crate::error::PlanError;
use crate::schema::Schema;

/// Most groups of an answer.
pub(crate) const MAX_GROUPS: usize = 256;

/// Rows that share their categories.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Its categories, one per column.
    pub categories: Vec<String>,
    /// 1 in its rows.
    pub mask: Term,
}

impl Group {
    /// For keys and headings: “a/b”.
    pub(crate) fn path(&self) -> String {
        self.categories.join("/")
    }
}

/// The categories of a column with their indicators.
pub(crate) fn categories(
    schema: Schema<'_>,
    column: u32,
) -> Result<impl Iterator<Item = (&str, Term)>, PlanError> {
    let categories = schema.categories(column)?;
    Ok(categories.iter().zip(0..).map(move |(name, category)| {
        (name.as_str(), Term::indicator(Indicator::Category { column, category }))
    }))
}

/// The combinations of categories of these columns, in order.
pub(crate) fn groups(schema: Schema<'_>, by: &[u32]) -> Result<Vec<Group>, PlanError> {
    let mut needed = 1_usize;
    for &column in by {
        needed = needed.saturating_mul(schema.categories(column)?.len());
    }
    if needed > MAX_GROUPS {
        return Err(PlanError::TooManyGroups { needed, largest: MAX_GROUPS });
    }
    let mut groups = vec![Group { categories: Vec::new(), mask: Term::one() }];
    for &column in by {
        let mut finer = Vec::new();
        for group in &groups {
            for (name, indicator) in categories(schema, column)? {
                let mut categories = group.categories.clone();
                categories.push(name.to_owned());
                finer.push(Group { categories, mask: group.mask.times(&indicator) });
            }
        }
        groups = finer;
    }
    Ok(groups)
}

/// Refuses a column that is there twice.
pub(crate) fn check_different(schema: Schema<'_>, columns: &[u32]) -> Result<(), PlanError> {
    for (at, &column) in columns.iter().enumerate() {
        if columns[..at].contains(&column) {
            return Err(PlanError::SameColumn { column: schema.column(column)?.name.clone() });
        }
    }
    Ok(())
}
