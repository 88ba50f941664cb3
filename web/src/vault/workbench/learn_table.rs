//! A table to learn from: a file read once, column by column, into numbers and words.

use std::collections::HashSet;
use std::rc::Rc;

use veilsum_table::decimal::{Decimal, DecimalMark};
use web_sys::File;

use crate::abort::Abort;
use crate::messages::workbench::{Cells, ColumnHead, LearnColumn, LearnTable, TableHead, TableSource};
use crate::messages::{Fault, ReadOptions};
use crate::vault::Vault;
use crate::vault::processes::Work;
use crate::vault::rows::Rows;
use crate::vault::source::Source;
use crate::vault::table;

/// Most cells of a table that is learned from: they are held in memory.
const MOST_CELLS: usize = 4_000_000;
/// Different cells of a column are counted up to here.
const MOST_DISTINCT: usize = 257;

/// Reads a table, which is learned from next.
///
/// # Errors
/// A [`Fault`] that says where the file is at fault.
pub(super) async fn open(
    vault: &Rc<Vault>,
    source: TableSource,
    file: Option<File>,
) -> Result<TableHead, Fault> {
    // A newer table replaces one that is still being read.
    vault.processes.stop(Work::LearnTable).await;
    let process = vault.processes.begin(Work::LearnTable);
    let (source, options) = match source {
        TableSource::Sample(name) => {
            (table::load_sample(vault, &name, &process).await?, ReadOptions::default())
        }
        TableSource::Open => {
            let open = vault.table()?;
            (open.source.clone(), open.options.clone())
        }
        TableSource::File => (Source::from_file(super::super::needed(file)?), ReadOptions::default()),
    };
    let read = read(&source, options, &process).await?;
    let head = head(&read);
    vault.bench.table.replace(Some(Rc::new(read)));
    Ok(head)
}

/// Reads all cells.
pub(super) async fn read(source: &Source, options: ReadOptions, abort: &Abort) -> Result<LearnTable, Fault> {
    let missing = source.missing_words(&options.missing_words);
    let missing: Vec<String> = missing.iter().map(|word| word.to_lowercase()).collect();
    let mut rows = Rows::read(source, &options)?;
    let mark = rows.decimal_mark().unwrap_or_default();
    let names = rows.header().to_vec();
    let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); names.len()];
    let mut cells = 0;
    while rows.next(abort).await? {
        cells += names.len();
        if cells > MOST_CELLS {
            return Err(Fault::new(
                "table-too-large",
                &format!(
                    "This table has more than {MOST_CELLS} cells, which is more than the workbench holds in memory. \
                     Choose a file with fewer rows or columns."
                ),
            ));
        }
        for (column, cell) in columns.iter_mut().zip(rows.row().cells()) {
            let cell = cell.trim();
            let is_blank = cell.is_empty() || missing.contains(&cell.to_lowercase());
            column.push((!is_blank).then(|| cell.to_owned()));
        }
    }
    let columns = names.into_iter().zip(columns);
    let columns = columns.map(|(name, cells)| LearnColumn { name, cells: typed(cells, mark) }).collect();
    Ok(LearnTable { file_name: source.name().to_owned(), columns })
}

/// Numbers, if all cells are.
fn typed(cells: Vec<Option<String>>, mark: DecimalMark) -> Cells {
    let mut most_decimals = 0;
    let mut numbers = Vec::with_capacity(cells.len());
    for cell in &cells {
        let number = match cell {
            None => None,
            Some(cell) => match number(cell, mark) {
                Some((number, decimals)) => {
                    most_decimals = most_decimals.max(decimals);
                    Some(number)
                }
                None => return Cells::Words(cells),
            },
        };
        numbers.push(number);
    }
    if numbers.iter().all(Option::is_none) {
        return Cells::Words(cells);
    }
    Cells::Numbers(numbers, most_decimals)
}

/// A finite number with its decimals.
pub(super) fn number(text: &str, mark: DecimalMark) -> Option<(f64, u8)> {
    let decimal = Decimal::parse_with(mark, text).ok()??;
    let number: f64 = format!("{}e-{}", decimal.mantissa(), decimal.scale()).parse().ok()?;
    let decimals = u8::try_from(decimal.scale()).ok()?;
    number.is_finite().then_some((number, decimals))
}

fn head(table: &LearnTable) -> TableHead {
    let column = |column: &LearnColumn| {
        let (is_number, distinct, blanks) = match &column.cells {
            Cells::Numbers(cells, _) => {
                let distinct = distinct(cells.iter().flatten().map(|number| number.to_bits()));
                (true, distinct, cells.iter().filter(|cell| cell.is_none()).count())
            }
            Cells::Words(cells) => {
                (false, distinct(cells.iter().flatten()), cells.iter().filter(|cell| cell.is_none()).count())
            }
        };
        let (largest, decimals) = match &column.cells {
            Cells::Numbers(cells, decimals) => {
                let largest = cells.iter().flatten().fold(0.0_f64, |most, number| most.max(number.abs()));
                (largest, *decimals)
            }
            Cells::Words(_) => (0.0, 0),
        };
        ColumnHead {
            name: column.name.clone(),
            is_number,
            distinct: u32::try_from(distinct).unwrap_or(u32::MAX),
            blanks: blanks as u64,
            largest,
            decimals,
            classes: if distinct == 2 { classes(&column.cells) } else { None },
        }
    };
    let rows = table.columns.first().map_or(0, |column| match &column.cells {
        Cells::Numbers(cells, _) => cells.len(),
        Cells::Words(cells) => cells.len(),
    });
    TableHead {
        file_name: table.file_name.clone(),
        rows: rows as u64,
        columns: table.columns.iter().map(column).collect(),
    }
}

/// The two different cells of a column that has two, in their order.
fn classes(cells: &Cells) -> Option<[String; 2]> {
    let mut found = match cells {
        Cells::Numbers(cells, _) => {
            let mut numbers: Vec<f64> = cells.iter().flatten().copied().collect();
            numbers.sort_by(f64::total_cmp);
            numbers.iter().map(f64::to_string).collect::<Vec<_>>()
        }
        Cells::Words(cells) => {
            let mut words: Vec<String> = cells.iter().flatten().cloned().collect();
            words.sort_unstable();
            words
        }
    };
    found.dedup();
    found.try_into().ok()
}

/// Different values, up to a limit.
fn distinct<T: core::hash::Hash + Eq>(values: impl Iterator<Item = T>) -> usize {
    let mut found = HashSet::new();
    for value in values {
        found.insert(value);
        if found.len() >= MOST_DISTINCT {
            break;
        }
    }
    found.len()
}
