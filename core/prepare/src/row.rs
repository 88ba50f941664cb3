//! A row on its way through the steps.

/// Cells as text; a blank cell is a missing value.
#[derive(Clone, Default)]
pub(crate) struct Row {
    /// The number that the caller gave it; 0 for a row that a step has made.
    pub(crate) number: u64,
    /// Whether a split has put it into the test part: nothing is learnt from it.
    pub(crate) is_test: bool,
    /// One for each column of the schema at this place.
    pub(crate) cells: Vec<String>,
}

impl Row {
    /// Overwrites a cell and says whether that changed it.
    pub(crate) fn set(&mut self, at: usize, cell: &str) -> bool {
        if self.cells[at] == cell {
            return false;
        }
        self.cells[at].clear();
        self.cells[at].push_str(cell);
        true
    }
}

/// Most bytes of a cell that is shown or remembered.
pub(crate) const SHOWN_BYTES: usize = 120;

/// A cell to be shown, cut where it is long.
pub(crate) fn shortened(cell: &str) -> String {
    match cell.get(..cell.floor_char_boundary(SHOWN_BYTES)) {
        Some(start) if start.len() < cell.len() => format!("{start}…"),
        Some(_) | None => cell.to_owned(),
    }
}

/// Whether a cell is a missing value.
pub(crate) fn is_missing(cell: &str) -> bool {
    cell.trim().is_empty()
}

/// A length as a count; no platform has lengths above 64 bits.
pub(crate) fn as_count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
