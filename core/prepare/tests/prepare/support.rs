//! Tables and recipes in tests.

use veilsum_anonymise::pseudonym::{SECRET_BYTES, StudySecret};
use veilsum_prepare::{Fitted, PrepareError, Prepared, Recipe, Runner};
use veilsum_table::types::ColumnType;
use zeroize::Zeroizing;

/// A table in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub header: Vec<String>,
    pub types: Vec<ColumnType>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Columns as they stand.
    pub fn new(header: &[&str], rows: &[&[&str]]) -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let rows = rows.iter().map(|row| texts(row)).collect();
        Self { header: texts(header), types: vec![ColumnType::Plain; header.len()], rows }
    }

    /// From comma-separated text with a header.
    pub fn from_csv(text: &str) -> Self {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let rows =
            reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect();
        Self { types: vec![ColumnType::Plain; header.len()], header, rows }
    }

    pub fn column(&self, name: &str) -> Vec<&str> {
        let at = self.header.iter().position(|known| known == name).expect("the column");
        self.rows.iter().map(|row| row[at].as_str()).collect()
    }

    pub fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        self.column(name).iter().map(|cell| cell.parse().ok()).collect()
    }
}

/// The table that comes out, and what is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub table: Table,
    pub prepared: Prepared,
}

/// A recipe from the JSON of its steps.
pub fn recipe(steps: &str) -> Recipe {
    let file = format!(r#"{{"format":"veilsum-recipe","version":1,"steps":{steps}}}"#);
    Recipe::from_json(file.as_bytes()).expect("a recipe")
}

/// The owner's secret.
pub fn secret() -> StudySecret {
    StudySecret::from_bytes(&Zeroizing::new([7; SECRET_BYTES]))
}

pub fn run(recipe: &Recipe, table: &Table) -> Result<Done, PrepareError> {
    drive(Runner::new(recipe, &table.header, &table.types, None)?, table)
}

pub fn run_with(recipe: &Recipe, table: &Table, secret: &StudySecret) -> Result<Done, PrepareError> {
    drive(Runner::new(recipe, &table.header, &table.types, Some(secret))?, table)
}

pub fn run_again(fitted: &Fitted, table: &Table) -> Result<Done, PrepareError> {
    drive(Runner::again(fitted, &table.header, &table.types, None)?, table)
}

/// Makes all passes.
pub fn drive(mut runner: Runner, table: &Table) -> Result<Done, PrepareError> {
    let mut rows = Vec::new();
    while let Some(pass) = runner.next_pass() {
        let mut out = |number: u64, cells: &[String]| {
            assert!(number <= table.rows.len() as u64, "a row of another table");
            rows.push(cells.to_vec());
        };
        for (number, row) in (1..).zip(&table.rows) {
            runner.row(number, row, &mut out)?;
        }
        runner.end_pass(&mut out)?;
        assert!(pass.number <= pass.of);
        assert!(pass.writes_rows || rows.is_empty(), "rows came out before the last pass");
    }
    let prepared = runner.finish()?;
    let table = Table { header: prepared.header.clone(), types: prepared.types.clone(), rows };
    assert!(table.rows.iter().all(|row| row.len() == table.header.len()), "a row is of another length");
    Ok(Done { table, prepared })
}
