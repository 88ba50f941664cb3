//! Files that are larger than a tab's memory, written row by row.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::tables::Numbers;

/// Rows of a row group of Parquet.
const GROUP_ROWS: u64 = 100_000;
/// Every so many rows lack `change`.
const BLANK_EVERY: u64 = 50;
const WARDS: [&str; 6] = ["cardiology", "geriatrics", "intensive care", "oncology", "paediatrics", "surgery"];

/// A row: a number, a word, three sizes of decimals (one sometimes blank), one outlier in a thousand, three small counts and
/// a flag.
struct Row {
    id: u64,
    ward: &'static str,
    balance: i64,
    rate: i64,
    change: Option<i64>,
    cost: i64,
    counts: [u64; 3],
    flag: u64,
}

const HEADER: &str = "id,ward,balance,rate,change,cost,visits,days,score,flag";

fn row(id: u64, numbers: &mut Numbers) -> Row {
    let ward = WARDS[usize::try_from(numbers.below(6)).unwrap_or_default()];
    let signed = |number: u64, half: i64| number.cast_signed() - half;
    let is_outlier = numbers.below(1_000) == 0;
    Row {
        id,
        ward,
        balance: signed(numbers.below(2_000_000_000), 1_000_000_000),
        rate: signed(numbers.below(100_000), 0),
        change: (id % BLANK_EVERY != 7).then(|| signed(numbers.below(2_000_001), 1_000_000)),
        cost: signed(50_000 + numbers.below(100_000), 0) * if is_outlier { 1_000 } else { 1 },
        counts: [numbers.below(20), 1 + numbers.below(60), numbers.below(101)],
        flag: numbers.below(2),
    }
}

/// A CSV file of at least so many bytes; gives its rows.
///
/// # Errors
/// It cannot be written.
pub fn csv(path: &Path, bytes: u64) -> anyhow::Result<u64> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut numbers = Numbers::new(1_000_000);
    writeln!(file, "{HEADER}")?;
    let (mut written, mut rows, mut line) = (0, 0, String::new());
    while written < bytes {
        let Row { id, ward, balance, rate, change, cost, counts: [visits, days, score], flag } =
            row(rows, &mut numbers);
        let decimal = |number: i64, decimals: u32| {
            let unit = 10_u64.pow(decimals);
            let sign = if number < 0 { "-" } else { "" };
            let magnitude = number.unsigned_abs();
            format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = decimals as usize)
        };
        let change = change.map_or_else(String::new, |change| decimal(change, 3));
        line.clear();
        line += &format!(
            "{id},{ward},{},{},{change},{},{visits},{days},{score},{flag}",
            decimal(balance, 2),
            decimal(rate, 5),
            decimal(cost, 2)
        );
        writeln!(file, "{line}")?;
        written += line.len() as u64 + 1;
        rows += 1;
    }
    file.flush()?;
    Ok(rows)
}

/// A Parquet file (Snappy, dictionaries where they pay) of at least so many bytes; gives its rows.
///
/// # Errors
/// It cannot be written.
pub fn parquet(path: &Path, bytes: u64) -> anyhow::Result<u64> {
    let schema = "message table {
        required int64 id; required binary ward (UTF8);
        required int64 balance (DECIMAL(18,2)); required double rate; optional double change;
        required int64 cost (DECIMAL(18,2)); required int32 visits; required int32 days; required int32 score;
        required int32 flag;
    }";
    let schema = Arc::new(parse_message_type(schema)?);
    let properties = Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build());
    let mut writer = SerializedFileWriter::new(File::create(path)?, schema, properties)?;
    let mut numbers = Numbers::new(1_000_001);
    let mut rows = 0;
    while (writer.bytes_written() as u64) < bytes {
        let group: Vec<Row> = (rows..rows + GROUP_ROWS).map(|id| row(id, &mut numbers)).collect();
        rows += GROUP_ROWS;
        let mut row_group = writer.next_row_group()?;
        for at in 0.. {
            let Some(mut column) = row_group.next_column()? else { break };
            write_column(at, &group, column.untyped()).with_context(|| format!("column {at}"))?;
            column.close()?;
        }
        row_group.close()?;
    }
    writer.close()?;
    Ok(rows)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of a test table")]
fn write_column(at: usize, rows: &[Row], column: &mut ColumnWriter<'_>) -> anyhow::Result<()> {
    match column {
        ColumnWriter::Int64ColumnWriter(column) => {
            let value = |row: &Row| match at {
                0 => row.id.cast_signed(),
                2 => row.balance,
                _ => row.cost,
            };
            column.write_batch(&rows.iter().map(value).collect::<Vec<_>>(), None, None)?;
        }
        ColumnWriter::Int32ColumnWriter(column) => {
            let value = |row: &Row| match at {
                6..=8 => row.counts[at - 6],
                _ => row.flag,
            };
            let values = rows.iter().map(|row| i32::try_from(value(row))).collect::<Result<Vec<_>, _>>()?;
            column.write_batch(&values, None, None)?;
        }
        ColumnWriter::DoubleColumnWriter(column) if at == 3 => {
            let values: Vec<f64> = rows.iter().map(|row| row.rate as f64 / 1e5).collect();
            column.write_batch(&values, None, None)?;
        }
        ColumnWriter::DoubleColumnWriter(column) => {
            let values: Vec<f64> =
                rows.iter().filter_map(|row| row.change).map(|change| change as f64 / 1e3).collect();
            let levels: Vec<i16> = rows.iter().map(|row| i16::from(row.change.is_some())).collect();
            column.write_batch(&values, Some(&levels), None)?;
        }
        ColumnWriter::ByteArrayColumnWriter(column) => {
            let values: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(row.ward)).collect();
            column.write_batch(&values, None, None)?;
        }
        ColumnWriter::BoolColumnWriter(_)
        | ColumnWriter::Int96ColumnWriter(_)
        | ColumnWriter::FloatColumnWriter(_)
        | ColumnWriter::FixedLenByteArrayColumnWriter(_) => anyhow::bail!("the schema has no such column"),
    }
    Ok(())
}
