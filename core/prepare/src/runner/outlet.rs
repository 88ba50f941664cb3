//! Where rows leave.

use veilsum_table::types::ColumnType;

use crate::moment::{is_moment, spelt};
use crate::number;
use crate::row::Row;
use crate::schema::Schema;

/// Where rows leave: numbers in columns of dates and times are spelt as such.
#[derive(Debug, Default)]
pub(super) struct Outlet {
    moments: Vec<(usize, ColumnType)>,
}

impl Outlet {
    pub(super) fn of(schema: &Schema) -> Self {
        let moments = schema.types.iter().enumerate().filter(|(_, kind)| is_moment(kind));
        Self { moments: moments.map(|(at, kind)| (at, kind.clone())).collect() }
    }

    pub(super) fn emit(&self, rows: &mut [Row], out: &mut dyn FnMut(&[String])) {
        for row in rows {
            for (at, kind) in &self.moments {
                let number = number::plain(row.cells[*at].trim());
                if let Some(text) = number.and_then(|number| spelt(kind, number)) {
                    row.cells[*at] = text;
                }
            }
            out(&row.cells);
        }
    }
}
