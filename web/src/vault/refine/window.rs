//! Any rows of a table with a million: they lie in a blob, and an offset is known for every thousandth.

use std::io::Cursor;

use veilsum_table::Row;
use veilsum_table::csv::FirstRow;
use veilsum_table::csv_out::without_formula;
use veilsum_table::read::TableReader;
use web_sys::Blob;

use crate::abort::Abort;
use crate::messages::Fault;
use crate::messages::refine::{RowsHead, ShownRow};
use crate::prepare_worker::Made;
use crate::rows_out::{ROWS_PER_OFFSET, RowsOut, as_written};
use crate::time::Turn;
use crate::vault::prepare::RowBlobs;
use crate::vault::source::{Source, unreadable};

/// Characters of a cell that are shown.
const SHOWN_CHARACTERS: usize = 200;
/// Bytes of the number of a row.
const NUMBER_BYTES: u64 = 4;

/// Rows that any are shown of.
#[derive(Debug)]
pub(crate) struct Window {
    cells: Source,
    numbers: Source,
    header: Vec<String>,
    offsets: Vec<u64>,
    row_count: u64,
}

impl Window {
    pub(crate) fn new(blobs: RowBlobs, made: &Made) -> Self {
        Self {
            cells: Source::from_blob(blobs.cells),
            numbers: Source::from_blob(blobs.numbers),
            header: made.header.clone(),
            offsets: made.offsets.clone(),
            row_count: made.row_count,
        }
    }

    /// All of them as CSV in which no cell is a formula.
    ///
    /// # Errors
    /// A [`Fault`] if the browser has no room left, or `abort` was used.
    pub(crate) async fn without_formulas(&self, abort: &Abort) -> Result<Blob, Fault> {
        let mut reader = TableReader::new(self.cells.reader(), &as_written(FirstRow::Names))?;
        let mut out = RowsOut::new();
        let (mut row, mut turn) = (Row::new(), Turn::begin());
        let no_room = |reason: String| Fault::new("out-of-memory", &reason);
        while reader.next_row(&mut row)? {
            let cells: Vec<_> = row.cells().map(without_formula).collect();
            out.push(0, cells.iter().map(|cell| &**cell)).map_err(no_room)?;
            if turn.is_over() {
                turn.pass().await;
                abort.check()?;
            }
        }
        let header: Vec<String> = self.header.iter().map(|name| without_formula(name).into_owned()).collect();
        Ok(out.finish(&header).map_err(no_room)?.blob)
    }

    pub(crate) fn head(&self) -> RowsHead {
        RowsHead {
            header: self.header.clone(),
            row_count: self.row_count,
            kept_bytes: self.cells.size_bytes() + self.numbers.size_bytes(),
            index_bytes: self.offsets.len() as u64 * 8,
        }
    }

    /// Rows from `first`, from 0.
    pub(crate) fn rows(&self, first: u64, count: u32) -> Result<Vec<ShownRow>, Fault> {
        let end = self.row_count.min(first.saturating_add(count.into()));
        if first >= end {
            return Ok(Vec::new());
        }
        let (from, start) = self.offset_before(first);
        let until = self.offset_from(end);
        let failed = |error| unreadable("of rows", &error);
        let bytes = self.cells.read_range(start..until).map_err(failed)?;
        let numbers = self.numbers.read_range(first * NUMBER_BYTES..end * NUMBER_BYTES).map_err(failed)?;
        let mut reader = TableReader::new(Cursor::new(bytes), &as_written(FirstRow::Data))?;
        let mut row = Row::new();
        for _ in from..first {
            reader.next_row(&mut row)?;
        }
        let mut shown = Vec::with_capacity(count as usize);
        for number in numbers.chunks_exact(4) {
            if !reader.next_row(&mut row)? {
                break;
            }
            let number = number.try_into().map_or(0, u32::from_le_bytes);
            shown.push(ShownRow {
                number: (number > 0).then_some(number.into()),
                cells: row.cells().map(cut).collect(),
            });
        }
        Ok(shown)
    }

    /// The last row before `row`, or itself, of which the offset is known; and that offset.
    fn offset_before(&self, row: u64) -> (u64, u64) {
        let at = row / ROWS_PER_OFFSET;
        let known = usize::try_from(at).ok().and_then(|at| self.offsets.get(at));
        (at * ROWS_PER_OFFSET, known.copied().unwrap_or_default())
    }

    /// An offset at or behind the end of the row before `row`.
    fn offset_from(&self, row: u64) -> u64 {
        let at = row.div_ceil(ROWS_PER_OFFSET);
        let known = usize::try_from(at).ok().and_then(|at| self.offsets.get(at));
        known.copied().unwrap_or_else(|| self.cells.size_bytes())
    }
}

fn cut(cell: &str) -> String {
    match cell.char_indices().nth(SHOWN_CHARACTERS) {
        None => cell.to_owned(),
        Some((end, _)) => format!("{}…", &cell[..end]),
    }
}
