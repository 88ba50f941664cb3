//! Columns are left out.

use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::row::Row;
use crate::schema::Schema;
use crate::stage::{Notes, Stage};

/// Leaves columns out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DropColumns {
    /// Which.
    pub columns: Vec<String>,
}

impl DropColumns {
    pub(crate) fn check(&self, schema: &mut Schema) -> Result<(), StepError> {
        schema.check(&self.columns)?;
        for name in &self.columns {
            if let Some(at) = schema.position(name) {
                schema.remove(at);
            }
        }
        if schema.names.is_empty() && schema.open.is_empty() {
            return Err(StepError::NoColumnLeft);
        }
        Ok(())
    }

    pub(crate) fn build(&self, schema: &Schema) -> Result<Box<dyn Stage>, StepError> {
        let columns = schema.columns(&self.columns)?;
        let kept = (0..schema.names.len()).map(|at| columns.iter().all(|column| column.at != at)).collect();
        Ok(Box::new(Dropper { kept }))
    }
}

struct Dropper {
    kept: Vec<bool>,
}

impl Stage for Dropper {
    fn change(&mut self, rows: &mut Vec<Row>, _notes: &mut Notes) -> Result<(), StepError> {
        for row in rows {
            let mut kept = self.kept.iter();
            row.cells.retain(|_| kept.next() == Some(&true));
        }
        Ok(())
    }
}
