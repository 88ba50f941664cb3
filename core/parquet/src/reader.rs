//! The rows of a file, row group by row group.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::file::metadata::ParquetMetaData;
use veilsum_table::csv::{Found, RowFault, RowPolicy, Skipped};
use veilsum_table::types::{ColumnType, TypeFinder};
use veilsum_table::{Place, Row};

use crate::cell::Form;
use crate::codec::Codec;
use crate::column::Column;
use crate::error::ReadError;
use crate::footer::{self, as_count};
use crate::pages::{PageFault, Pages};
use crate::source::RandomAccess;

/// Rows that are decoded at once.
const BATCH_ROWS: usize = 1_024;

/// What a file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most columns, fields of nested structs included.
    pub max_columns: usize,
    /// Most bytes of the footer.
    pub max_footer_bytes: u64,
    /// Most bytes of a page, packed or not.
    pub max_page_bytes: u64,
    /// Most bytes of the unpacked pages that are held at once: one of each column and its dictionary.
    pub max_held_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_columns: 2_000,
            max_footer_bytes: 32 << 20,
            max_page_bytes: 64 << 20,
            max_held_bytes: 512 << 20,
        }
    }
}

/// How to read a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What the file may cost.
    pub limits: Limits,
    /// What to do with rows that have cells that are not UTF-8.
    pub bad_rows: RowPolicy,
    /// Columns that are not read, by path; of a struct or list, all that is in it.
    pub left_out: Vec<String>,
}

/// One column of the file.
struct Plan {
    /// Position among all of the file.
    at: usize,
    form: Form,
}

/// Reads the rows of a Parquet file one by one.
pub struct ParquetReader<S: RandomAccess> {
    source: S,
    metadata: ParquetMetaData,
    options: Options,
    plans: Vec<Plan>,
    header: Vec<String>,
    types: Vec<Found<ColumnType>>,
    /// The next row group.
    row_group: usize,
    columns: Vec<Column>,
    /// Rows of the row group that are not decoded yet.
    rows_left: u64,
    /// Rows of the batch, and how many were given.
    batch_rows: usize,
    batch_given: usize,
    row_number: u64,
    skipped: Skipped,
    has_failed: bool,
}

impl<S: RandomAccess> ParquetReader<S> {
    /// Reads the footer and the first rows.
    ///
    /// # Errors
    /// [`ReadError`] if the file is no Parquet file, or holds columns that are no cells.
    pub fn new(source: S, options: &Options) -> Result<Self, ReadError> {
        let metadata = footer::read(&source, &options.limits)?;
        let (plans, header) = plan(&metadata, options)?;
        let mut this = Self {
            source,
            metadata,
            options: options.clone(),
            plans,
            header,
            types: Vec::new(),
            row_group: 0,
            columns: Vec::new(),
            rows_left: 0,
            batch_rows: 0,
            batch_given: 0,
            row_number: 0,
            skipped: Skipped::default(),
            has_failed: false,
        };
        if this.header.is_empty() || !this.next_batch()? {
            return Err(ReadError::Empty);
        }
        this.types = this.find_types();
        Ok(this)
    }

    fn find_types(&self) -> Vec<Found<ColumnType>> {
        let schema = self.metadata.file_metadata().schema_descr();
        let find = |(plan, column): (&Plan, &Column)| match plan
            .form
            .column_type(schema.column(plan.at).physical_type())
        {
            Some(value) => {
                Found { value, reason: "the schema of the file says so".to_owned(), is_doubtful: false }
            }
            None => {
                let mut finder = TypeFinder::default();
                (0..self.batch_rows).for_each(|at| finder.push(column.cell(at)));
                finder.finish()
            }
        };
        self.plans.iter().zip(&self.columns).map(find).collect()
    }

    /// Paths of the columns, `a.b` for a field of a struct.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// What the cells of each column mean, and why.
    #[must_use]
    pub fn types(&self) -> &[Found<ColumnType>] {
        &self.types
    }

    /// Rows of the file, as its footer says.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        let rows =
            self.metadata.row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0));
        rows.fold(0, u64::saturating_add)
    }

    /// Rows given or skipped so far: for progress.
    #[must_use]
    pub fn row_number(&self) -> u64 {
        self.row_number
    }

    /// What was passed over so far.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// Reads the next row; `false` at the end of the file.
    ///
    /// # Errors
    /// [`ReadError`] with the place of the fault. After an error the reader only repeats [`ReadError::AfterError`].
    pub fn next_row(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        if self.has_failed {
            return Err(ReadError::AfterError);
        }
        let result = self.next_usable_row(row);
        self.has_failed = result.is_err();
        result
    }

    fn next_usable_row(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            if self.batch_given == self.batch_rows && !self.next_batch()? {
                return Ok(false);
            }
            let at = self.batch_given;
            self.batch_given += 1;
            self.row_number += 1;
            let place = Place::new(self.row_number, 0);
            let Some(fault) = self.columns.iter().position(|column| column.is_at_fault(at)) else {
                row.begin(place);
                self.columns.iter().for_each(|column| row.push(column.cell(at)));
                return Ok(true);
            };
            match self.options.bad_rows {
                RowPolicy::Reject => {
                    let name = self.header[fault].clone();
                    return Err(ReadError::InvalidUtf8 { row: self.row_number, name });
                }
                RowPolicy::Skip => {
                    self.skipped.add(place, RowFault::InvalidUtf8 { column: as_count(fault) + 1 });
                }
            }
        }
    }

    /// Decodes the next batch; `false` at the end of the file.
    fn next_batch(&mut self) -> Result<bool, ReadError> {
        while self.rows_left == 0 {
            if self.row_group == self.metadata.num_row_groups() {
                return Ok(false);
            }
            self.open_row_group()?;
        }
        let rows = usize::try_from(self.rows_left).unwrap_or(usize::MAX).min(BATCH_ROWS);
        self.batch_rows = 0;
        self.batch_given = 0;
        let mut held = 0_u64;
        for (column, name) in self.columns.iter_mut().zip(&self.header) {
            let damaged = || ReadError::Damaged { name: name.clone(), row_group: self.row_group };
            let limits = &self.options.limits;
            column.pages.supply(&self.source, as_count(rows), limits).map_err(|fault| match fault {
                PageFault::Io(error) => ReadError::Io(error),
                PageFault::Damaged => damaged(),
                PageFault::TooLarge { actual } => {
                    ReadError::PageTooLarge { name: name.clone(), actual, maximum: limits.max_page_bytes }
                }
            })?;
            held = held.saturating_add(column.pages.held_bytes());
            if held > limits.max_held_bytes {
                return Err(ReadError::TooLarge { maximum: limits.max_held_bytes });
            }
            // Whatever a damaged page makes of the decoders is not used again after the error.
            let decoded = catch_unwind(AssertUnwindSafe(|| column.decode(rows)));
            decoded.ok().flatten().ok_or_else(damaged)?;
        }
        self.batch_rows = rows;
        self.rows_left -= as_count(rows);
        Ok(true)
    }

    fn open_row_group(&mut self) -> Result<(), ReadError> {
        let group = self.metadata.row_group(self.row_group);
        self.row_group += 1;
        self.rows_left = u64::try_from(group.num_rows()).map_err(|_| ReadError::Footer)?;
        self.columns.clear();
        for (plan, name) in self.plans.iter().zip(&self.header) {
            let chunk = group.columns().get(plan.at).ok_or(ReadError::Footer)?;
            let codec = Codec::of(chunk.compression_codec())
                .map_err(|codec| ReadError::Codec { name: name.clone(), codec })?;
            let offset = |offset: i64| u64::try_from(offset).map_err(|_| ReadError::Footer);
            // Some writers say 0 where there is no dictionary.
            let first = match chunk.dictionary_page_offset() {
                Some(at @ 1..) => at.min(chunk.data_page_offset()),
                Some(_) | None => chunk.data_page_offset(),
            };
            let start = offset(first)?;
            let end = start.checked_add(offset(chunk.compressed_size())?).ok_or(ReadError::Footer)?;
            let values = offset(chunk.num_values())?;
            // Without lists a column has one value, or null, in each row.
            if end > self.source.length() || values != self.rows_left || chunk.file_path().is_some() {
                return Err(ReadError::Footer);
            }
            let descriptor = chunk.column_descr_ptr();
            self.columns.push(Column::new(&descriptor, plan.form, Pages::new(codec, start, end, values)));
        }
        Ok(())
    }
}

/// Which columns are read, and how.
fn plan(metadata: &ParquetMetaData, options: &Options) -> Result<(Vec<Plan>, Vec<String>), ReadError> {
    let schema = metadata.file_metadata().schema_descr();
    let mut plans = Vec::new();
    let mut header: Vec<String> = Vec::new();
    for (at, column) in schema.columns().iter().enumerate() {
        let mut name = column.path().string();
        let is_in = |left_out: &String| {
            name.strip_prefix(left_out.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if options.left_out.iter().any(is_in) {
            continue;
        }
        if column.max_rep_level() > 0 {
            return Err(ReadError::Unsupported { name, what: "a list or map" });
        }
        let form = Form::of(column).map_err(|what| ReadError::Unsupported { name: name.clone(), what })?;
        if name.trim().is_empty() {
            name = format!("column {}", header.len() + 1);
        }
        if header.contains(&name) {
            name = (2_u64..)
                .map(|occurrence| format!("{name} ({occurrence})"))
                .find(|candidate| !header.contains(candidate))
                .expect("there are more numbers than columns");
        }
        plans.push(Plan { at, form });
        header.push(name);
    }
    Ok((plans, header))
}

impl<S: RandomAccess> fmt::Debug for ParquetReader<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetReader")
            .field("column_count", &self.header.len())
            .field("row_group", &self.row_group)
            .field("row_number", &self.row_number)
            .finish_non_exhaustive()
    }
}
