//! The cells of one column of a row group, batch by batch.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::errors::Result as ParquetResult;
use parquet::schema::types::ColumnDescPtr;

use crate::cell::{self, Form, NotText};
use crate::pages::Pages;

/// The cells of one column.
pub(crate) struct Column {
    pub(crate) pages: Pages,
    reader: ColumnReader,
    form: Form,
    /// The level of a cell that is not null.
    present: i16,
    cells: Cells,
}

/// The cells of a batch, one behind the other.
#[derive(Default)]
struct Cells {
    text: String,
    ends: Vec<usize>,
    /// Cells that are no text, ascending.
    faults: Vec<usize>,
}

impl Cells {
    fn end(&mut self, written: Result<(), NotText>) {
        if written.is_err() {
            self.faults.push(self.ends.len());
        }
        self.ends.push(self.text.len());
    }
}

impl Column {
    pub(crate) fn new(descriptor: &ColumnDescPtr, form: Form, pages: Pages) -> Self {
        let reader = get_column_reader(descriptor.clone(), Box::new(pages.queue()));
        Self { pages, reader, form, present: descriptor.max_def_level(), cells: Cells::default() }
    }

    /// Decodes the next `count` cells, for which the pages were supplied; `None` if they are damaged.
    pub(crate) fn decode(&mut self, count: usize) -> Option<()> {
        let Self { reader, form, present, cells, .. } = self;
        let (form, present) = (*form, *present);
        cells.text.clear();
        cells.ends.clear();
        cells.faults.clear();
        let read = match reader {
            ColumnReader::BoolColumnReader(reader) => decode(reader, count, present, cells, |value, out| {
                out.push_str(if *value { "true" } else { "false" });
                Ok(())
            }),
            ColumnReader::Int32ColumnReader(reader) => decode(reader, count, present, cells, |value, out| {
                cell::write_i32(*value, form, out);
                Ok(())
            }),
            ColumnReader::Int64ColumnReader(reader) => decode(reader, count, present, cells, |value, out| {
                cell::write_i64(*value, form, out);
                Ok(())
            }),
            ColumnReader::Int96ColumnReader(reader) => decode(reader, count, present, cells, |value, out| {
                cell::write_i96(value, out);
                Ok(())
            }),
            ColumnReader::FloatColumnReader(reader) => decode(reader, count, present, cells, |value, out| {
                cell::write_f32(*value, out);
                Ok(())
            }),
            ColumnReader::DoubleColumnReader(reader) => {
                decode(reader, count, present, cells, |value, out| {
                    cell::write_f64(*value, out);
                    Ok(())
                })
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                decode(reader, count, present, cells, |value, out| cell::write_bytes(value.data(), form, out))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                decode(reader, count, present, cells, |value, out| cell::write_bytes(value.data(), form, out))
            }
        };
        read.ok().filter(|()| cells.ends.len() == count)
    }

    /// Cell `at` of the batch.
    pub(crate) fn cell(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.cells.ends[at - 1] };
        &self.cells.text[start..self.cells.ends[at]]
    }

    /// Whether cell `at` of the batch is no text.
    pub(crate) fn is_at_fault(&self, at: usize) -> bool {
        self.cells.faults.binary_search(&at).is_ok()
    }
}

fn decode<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    present: i16,
    cells: &mut Cells,
    write: impl Fn(&T::T, &mut String) -> Result<(), NotText>,
) -> ParquetResult<()> {
    let mut values: Vec<T::T> = Vec::with_capacity(count);
    let mut levels: Vec<i16> = Vec::new();
    let wanted = if present > 0 { Some(&mut levels) } else { None };
    reader.read_records(count, wanted, None, &mut values)?;
    if present == 0 {
        for value in &values {
            let written = write(value, &mut cells.text);
            cells.end(written);
        }
        return Ok(());
    }
    let mut values = values.iter();
    for level in levels {
        let written = match values.len() {
            0 => Ok(()),
            _ if level < present => Ok(()),
            _ => values.next().map_or(Ok(()), |value| write(value, &mut cells.text)),
        };
        cells.end(written);
    }
    Ok(())
}
