//! Files of pyarrow in every codec give the table that the CSV file gives. Made by `make.py` beside the fixtures of
//! `veilsum-table`.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use veilsum_parquet::{Options, ParquetReader, ReadError};
use veilsum_table::Row;
use veilsum_table::csv::{CsvReader, RowPolicy};
use veilsum_table::profile::{ColumnProfile, Profiler, profile};
use veilsum_table::types::{BooleanWords, ColumnType, Converter, DateOrder};

macro_rules! fixture {
    ($name:literal) => {
        &include_bytes!(concat!("fixtures/", $name))[..]
    };
}

fn rows(file: &[u8], options: &Options) -> Result<Vec<Vec<String>>, ReadError> {
    let mut reader = ParquetReader::new(file, options)?;
    let (mut row, mut rows) = (Row::new(), Vec::new());
    while reader.next_row(&mut row)? {
        rows.push(row.cells().map(str::to_owned).collect());
    }
    Ok(rows)
}

/// What must be the same whatever the format; `59.0` and `59` are.
fn essence(column: &ColumnProfile) -> impl PartialEq + std::fmt::Debug + use<> {
    let ColumnProfile { name, kind, count, missing, min, max, max_decimals, exact_sum, .. } = column.clone();
    (name, kind, count, missing, min, max, max_decimals, exact_sum)
}

fn assert_like_csv(file: &[u8], csv: &str) {
    let mut expected = CsvReader::new(csv.as_bytes(), &Default::default()).unwrap();
    let expected = profile(&mut expected, &[]).unwrap();
    let mut reader = ParquetReader::new(file, &Options::default()).unwrap();
    let mut profiler = Profiler::new(reader.header(), &[]);
    let mut row = Row::new();
    while reader.next_row(&mut row).unwrap() {
        profiler.push(&row);
    }
    let actual = profiler.finish(reader.skipped()).unwrap();
    assert_eq!(actual.row_count, expected.row_count);
    assert_eq!(reader.row_count(), expected.row_count);
    let essences = |columns: &[ColumnProfile]| columns.iter().map(essence).collect::<Vec<_>>();
    assert_eq!(essences(&actual.columns), essences(&expected.columns));
}

#[test]
fn the_golden_tables_are_the_same_in_every_codec() {
    let diabetes = include_str!("../../table/tests/fixtures/diabetes.csv");
    assert_like_csv(fixture!("diabetes.snappy.parquet"), diabetes);
    assert_like_csv(fixture!("diabetes.gzip.parquet"), diabetes);
    assert_like_csv(fixture!("diabetes.zstd.parquet"), diabetes);
    assert_like_csv(fixture!("diabetes.lz4.parquet"), diabetes);
    assert_like_csv(fixture!("diabetes.none.parquet"), diabetes);
    let pancreatitis = include_str!("../../table/tests/fixtures/pancreatitis.csv");
    assert_like_csv(fixture!("pancreatitis.snappy.parquet"), pancreatitis);
    assert_like_csv(fixture!("pancreatitis.gzip.parquet"), pancreatitis);
    assert_like_csv(fixture!("pancreatitis.zstd.parquet"), pancreatitis);
    assert_like_csv(fixture!("pancreatitis.lz4.parquet"), pancreatitis);
    assert_like_csv(fixture!("pancreatitis.none.parquet"), pancreatitis);
}

#[test]
fn every_kind_of_value_is_text_in_one_way() {
    let expected = [
        ("bool", ["true", "", "false"]),
        ("i8", ["-1", "", "127"]),
        ("u32", ["1", "", "4294967295"]),
        ("u64", ["1", "", "18446744073709551615"]),
        ("i64", ["-9223372036854775808", "", "9007199254740993"]),
        ("f32", ["0.1", "", "-1.5"]),
        ("f64", ["0.1", "", "1e300"]),
        ("f16", ["1.5", "", "-2"]),
        ("text", ["Ada", "", "é,\"\n"]),
        ("words", ["a", "", "a"]),
        ("small", ["1.5", "", "-0.05"]),
        ("large", ["12345678901234567890123456.789", "", "-1"]),
        ("date", ["2024-02-29", "", "1969-12-31"]),
        ("time", ["13:05:00", "", "23:59:59.5"]),
        ("utc", ["2024-02-29T13:05:00.25Z", "", "2024-02-29T13:05:00.25Z"]),
        ("local", ["2024-02-29T13:05:00.25", "", "2024-02-29T13:05:00.25"]),
        ("nested.a", ["1", "", ""]),
        ("nested.b.c", ["x", "", ""]),
    ];
    for file in [fixture!("kinds.parquet"), fixture!("kinds.v2.parquet")] {
        let reader = ParquetReader::new(file, &Options::default()).unwrap();
        assert_eq!(reader.header(), expected.map(|(name, _)| name));
        let rows = rows(file, &Options::default()).unwrap();
        assert_eq!(rows.len(), 3);
        for (at, (name, cells)) in expected.iter().enumerate() {
            let actual: Vec<&str> = rows.iter().map(|row| row[at].as_str()).collect();
            assert_eq!(actual, cells, "{name}");
        }
    }
}

#[test]
fn types_come_from_the_schema_and_become_numbers() {
    let file = fixture!("kinds.parquet");
    let mut reader = ParquetReader::new(file, &Options::default()).unwrap();
    let types: Vec<ColumnType> = reader.types().iter().map(|found| found.value.clone()).collect();
    let order = DateOrder::YearMonthDay;
    assert_eq!(types[0], ColumnType::Boolean { words: BooleanWords::TrueFalse });
    assert_eq!(
        types[12..16],
        [
            ColumnType::Date { order },
            ColumnType::Time,
            ColumnType::DateTime { order },
            ColumnType::DateTime { order },
        ]
    );
    let converter = Converter::new(&types);
    let (mut row, mut room) = (Row::new(), Row::new());
    assert!(reader.next_row(&mut row).unwrap());
    let cells: Vec<&str> = converter.convert(&row, &mut room).cells().collect();
    assert_eq!((cells[0], cells[12], cells[13], cells[14]), ("1", "19782", "47100", "1709211900.25"));
}

#[test]
fn timestamps_of_96_bits_are_iso_too() {
    let rows = rows(fixture!("int96.parquet"), &Options::default()).unwrap();
    assert_eq!(rows, [["2024-02-29T13:05:00.25"], [""], ["2024-02-29T13:05:00.25"]]);
}

#[test]
fn newer_encodings_over_many_pages_and_row_groups() {
    let rows = rows(fixture!("delta.parquet"), &Options::default()).unwrap();
    assert_eq!(rows.len(), 3_000);
    for (at, row) in rows.iter().enumerate() {
        let eighths = at * 125;
        let expected = format!("{}.{:03}", eighths / 1_000, eighths % 1_000);
        let expected = expected.trim_end_matches('0').trim_end_matches('.');
        assert_eq!(*row, [at.to_string(), format!("k{}", at % 977), expected.to_owned()]);
    }
}

#[test]
fn what_is_no_cell_is_refused_by_name_and_can_be_left_out() {
    let lists = fixture!("lists.parquet");
    assert_eq!(
        rows(lists, &Options::default()).unwrap_err().to_string(),
        "Column \"list.list.element\" of the Parquet file holds a list or map, which is no cell of a table. Leave it out, \
         or flatten it and write the file anew."
    );
    let options = Options { left_out: vec!["list".to_owned()], ..Options::default() };
    assert_eq!(rows(lists, &options).unwrap(), [["1"], ["2"]]);
    let error = rows(fixture!("brotli.parquet"), &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::Codec { codec: "brotli", .. }), "{error}");
    let error = rows(fixture!("no-rows.parquet"), &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::Empty), "{error}");
}

#[test]
fn bytes_that_are_no_text_are_a_bad_row() {
    let file = fixture!("binary.parquet");
    let error = rows(file, &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Column \"bytes\" of row 2 holds bytes that are not UTF-8 text. Leave the column out, or choose to skip such rows."
    );
    let options = Options { bad_rows: RowPolicy::Skip, ..Options::default() };
    let mut reader = ParquetReader::new(file, &options).unwrap();
    let (mut row, mut cells) = (Row::new(), Vec::new());
    while reader.next_row(&mut row).unwrap() {
        cells.push((row.place().to_string(), row.get(0).unwrap().to_owned()));
    }
    assert_eq!(cells, [("row 1".into(), "ok".into()), ("row 3".into(), "fine".into())]);
    assert_eq!(reader.skipped().first_rows[0].to_string(), "row 2: column 1 is not UTF-8 text");
}
