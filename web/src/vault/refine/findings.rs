//! What columns look like: some cells of each are kept while a table is read, and looked at in the end.

use veilsum_anonymise::pii::{self, MAX_SAMPLE, Recommendation};
use veilsum_table::Row;

use crate::messages::refine::{ColumnFindings, Finding};

/// Cells that are kept of all columns together.
const MAX_CELLS: usize = 200_000;
/// Cells that are looked at of each column at least.
const LEAST_SAMPLE: usize = 100;

/// Some cells of each column.
#[derive(Debug)]
pub(crate) struct Sampler {
    names: Vec<String>,
    cells: Vec<Vec<String>>,
    most: usize,
}

impl Sampler {
    /// For a table with these columns.
    pub(crate) fn new(header: &[String]) -> Self {
        let most = (MAX_CELLS / header.len().max(1)).clamp(LEAST_SAMPLE, MAX_SAMPLE);
        Self { names: header.to_vec(), cells: vec![Vec::new(); header.len()], most }
    }

    /// Takes note of a row as it is in the file.
    pub(crate) fn push(&mut self, row: &Row) {
        for (kept, cell) in self.cells.iter_mut().zip(row.cells()) {
            if kept.len() < self.most && !cell.trim().is_empty() {
                kept.push(cell.to_owned());
            }
        }
    }

    /// What the columns look like.
    pub(crate) fn finish(self) -> Vec<ColumnFindings> {
        let columns = self.names.into_iter().zip(&self.cells);
        columns.map(|(name, cells)| look_at(name, cells)).collect()
    }
}

fn look_at(name: String, cells: &[String]) -> ColumnFindings {
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let found = pii::inspect_cells(&name, &cells);
    let asks = pii::asks(&found);
    let findings = found.into_iter().map(|finding| Finding {
        what: finding.kind.plural(),
        confidence: finding.confidence,
        is_direct: finding.kind.is_direct(),
        treatment: match finding.recommendation {
            Recommendation::Pseudonym(treatment) => serde_json::to_string(&treatment).ok(),
            Recommendation::Drop | Recommendation::Generalise => None,
        },
        sentence: finding.sentence,
    });
    ColumnFindings { findings: findings.collect(), asks, name }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn addresses_are_found_in_some_of_the_rows() {
        let mut sampler = Sampler::new(&["mail".to_owned(), "height".to_owned()]);
        for at in 0..3_000 {
            let mut row = Row::new();
            row.push(&format!("p{at}@example.org"));
            row.push(&(150 + at % 40).to_string());
            sampler.push(&row);
        }
        assert!(sampler.cells.iter().all(|cells| cells.len() == MAX_SAMPLE));
        let found = sampler.finish();
        assert_eq!(found[0].findings[0].what, "e-mail addresses");
        assert_eq!(found[0].findings[0].treatment.as_deref(), Some("\"email\""));
        assert!(found[0].asks && !found[1].asks);
    }
}
