//! The columns of a dataset, as analyses may use them.

use crate::messages::{ManifestView, TreatmentView};

/// A column that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Pick {
    /// Position in the manifest.
    pub(in super::super) position: u32,
    /// Its name.
    pub(in super::super) name: String,
    /// Its categories, where they are known; it may get some where they are not.
    pub(in super::super) categories: Vec<String>,
    /// Whether it is encrypted as a number.
    pub(in super::super) is_number: bool,
}

/// The encrypted columns, in file order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Columns(Vec<Pick>);

impl Columns {
    /// Those of a dataset.
    pub(in super::super) fn of(manifest: &ManifestView) -> Self {
        let columns = (0_u32..).zip(&manifest.columns);
        let picks = columns.filter_map(|(position, column)| {
            let is_number = match column.treatment {
                TreatmentView::Number(_) => true,
                TreatmentView::Category { .. } => false,
                TreatmentView::SealedOriginalOnly | TreatmentView::Dropped => return None,
            };
            let (name, categories) = (column.name.clone(), column.categories.clone());
            Some(Pick { position, name, categories, is_number })
        });
        Self(picks.collect())
    }

    /// Whether nothing is encrypted.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Pick] {
        &self.0
    }

    /// Numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &Pick> {
        self.0.iter().filter(|pick| pick.is_number)
    }

    /// What can be grouped by: columns whose categories are known first, numbers that may get categories last.
    pub(super) fn groupings(&self) -> Vec<&Pick> {
        let mut picks: Vec<&Pick> = self.0.iter().collect();
        picks.sort_by_key(|pick| (pick.categories.is_empty(), pick.is_number));
        picks
    }

    /// The column at a position.
    pub(super) fn at(&self, position: u32) -> Option<&Pick> {
        self.0.iter().find(|pick| pick.position == position)
    }
}
