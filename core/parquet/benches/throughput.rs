//! Rows per second of a generated file, unpacked as crate `parquet` writes it without codecs:
//! `cargo bench -p veilsum-parquet`.

#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parquet::data_type::{DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use veilsum_parquet::{Options, ParquetReader};
use veilsum_table::Row;

const ROWS: u32 = 200_000;
const REPEATS: u32 = 5;

fn main() {
    let file = generated();
    let best = (0..REPEATS).map(|_| timed(&file)).min().unwrap_or_default();
    let seconds = best.as_secs_f64();
    println!("{ROWS} rows x 5 columns, {} bytes, best of {REPEATS}", file.len());
    println!("read: {:.0} rows/s ({best:?})", f64::from(ROWS) / seconds);
}

fn timed(file: &[u8]) -> Duration {
    let start = Instant::now();
    let mut reader = ParquetReader::new(file, &Options::default()).expect("the file is sound");
    let mut row = Row::new();
    while reader.next_row(&mut row).expect("the file is sound") {
        black_box(&row);
    }
    start.elapsed()
}

/// Three columns of whole numbers and two of floats, in row groups of 65,536.
fn generated() -> Vec<u8> {
    let message = "message rows { required int64 id; required int64 a; optional int64 b; required double x; \
                   required double y; }";
    let schema = Arc::new(parse_message_type(message).expect("the schema is sound"));
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, properties).expect("memory takes it");
    for start in (0..ROWS).step_by(65_536) {
        let ids: Vec<u32> = (start..ROWS.min(start + 65_536)).collect();
        let mut group = writer.next_row_group().expect("memory takes it");
        for at in 0..5_u32 {
            let mut column = group.next_column().expect("memory takes it").expect("there are five");
            if at < 3 {
                let values: Vec<i64> = ids.iter().map(|id| i64::from(id * (at * 7 + 1) % 50_021)).collect();
                let levels = vec![1; values.len()];
                let levels = (at == 2).then_some(&levels[..]);
                column.typed::<Int64Type>().write_batch(&values, levels, None).expect("memory takes it");
            } else {
                let values: Vec<f64> = ids.iter().map(|id| f64::from(id * at % 10_007) / 8.0).collect();
                column.typed::<DoubleType>().write_batch(&values, None, None).expect("memory takes it");
            }
            column.close().expect("memory takes it");
        }
        group.close().expect("memory takes it");
    }
    writer.close().expect("memory takes it");
    file
}
