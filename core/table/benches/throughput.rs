//! Rows and megabytes per second of both passes over a generated table, and of its other formats:
//! `cargo bench -p veilsum-table`.

#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use veilsum_table::csv::{CsvReader, Limits, Row};
use veilsum_table::encode::{EncodedRow, RowEncoder};
use veilsum_table::profile::profile;
use veilsum_table::read::{Options, TableReader};
use veilsum_table::survey::Surveyor;
use veilsum_table::treat::{Room, check, propose};

const ROWS: u32 = 200_000;
const REPEATS: u32 = 7;

fn main() {
    let file = generated();
    let reader = || CsvReader::new(file.as_bytes(), &Limits::default()).expect("the header is sound");
    let profile = profile(&mut reader(), &[]).expect("the table is sound");
    let room = Room::for_rows(profile.row_count, 46);
    let choices: Vec<_> = profile.columns.iter().map(|column| propose(column, room).choice).collect();
    let encoder = RowEncoder::new(&check(&profile, &choices, room).expect("the table fits"), &[], &[]);
    println!("{ROWS} rows x {} columns, {} bytes, best of {REPEATS}", profile.columns.len(), file.len());

    report("read", file.len(), || {
        let (mut reader, mut row) = (reader(), Row::new());
        while reader.next_row(&mut row).expect("the table is sound") {
            black_box(&row);
        }
    });
    report("read and profile", file.len(), || {
        black_box(veilsum_table::profile::profile(&mut reader(), &[]).expect("the table is sound"));
    });
    report("read and encode", file.len(), || {
        let (mut reader, mut row, mut encoded) = (reader(), Row::new(), EncodedRow::default());
        while reader.next_row(&mut row).expect("the table is sound") {
            encoder.encode(&row, &mut encoded).expect("the table is what was profiled");
            black_box(&encoded);
        }
    });
    report("read and survey", file.len(), || {
        let (mut reader, mut row) = (reader(), Row::new());
        let mut surveyor = Surveyor::new(reader.header(), &[]);
        while reader.next_row(&mut row).expect("the table is sound") {
            surveyor.push(&row, &row);
        }
        black_box(surveyor.finish());
    });
    let json = as_json(&file);
    for (what, file) in [
        ("read CSV by its content", file.as_bytes()),
        ("read CSV in gzip (packed MB)", &packed(file.as_bytes())),
        ("read JSON lines", json.as_bytes()),
        ("read JSON lines in gzip (packed MB)", &packed(json.as_bytes())),
    ] {
        report(what, file.len(), || {
            let mut reader = TableReader::new(file, &Options::default()).expect("the table is sound");
            let mut row = Row::new();
            while reader.next_row(&mut row).expect("the table is sound") {
                black_box(&row);
            }
        });
    }
}

fn report(what: &str, bytes: usize, mut run: impl FnMut()) {
    let best = (0..REPEATS).map(|_| timed(&mut run)).min().unwrap_or_default();
    let (seconds, megabytes) = (best.as_secs_f64(), bytes as f64 / 1e6);
    println!("{what}: {:.0} rows/s, {:.0} MB/s ({best:?})", f64::from(ROWS) / seconds, megabytes / seconds);
}

fn as_json(csv: &str) -> String {
    let mut lines = csv.lines().map(|line| line.split(','));
    let names: Vec<&str> = lines.next().map(Iterator::collect).unwrap_or_default();
    let record = |cells: std::str::Split<'_, char>| {
        let fields: Vec<String> =
            names.iter().zip(cells).map(|(name, cell)| format!("\"{name}\":{cell}")).collect();
        format!("{{{}}}\n", fields.join(","))
    };
    lines.map(record).collect()
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn timed(run: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// Five columns of numbers, with negatives and decimals, from a fixed linear congruence.
fn generated() -> String {
    let mut file = "id,temperature,income,score,change\n".to_owned();
    let mut state = 1_u64;
    for id in 0..ROWS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (a, b, c, d) =
            (state >> 54, (state >> 44) & 1023, (state >> 24) & 0xf_ffff, (state >> 8) & 0xffff);
        file.push_str(&format!("{id},{}.{},{c}.{:02},{d},-{b}.{a:04}\n", a % 45, b % 10, b % 100));
    }
    file
}
