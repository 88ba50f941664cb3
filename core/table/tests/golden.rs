//! The profile of real tables against golden statistics and against sums made here from the cells' text.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_traits::Pow;
use serde::Deserialize;
use veilsum_table::csv::{CsvReader, Limits, Row};
use veilsum_table::decimal::Decimal;
use veilsum_table::encode::{EncodedRow, RowEncoder};
use veilsum_table::profile::{Kind, Profile, profile};
use veilsum_table::treat::{Room, check, propose};

const DIABETES: &str = include_str!("fixtures/diabetes.csv");
const PANCREATITIS: &str = include_str!("fixtures/pancreatitis.csv");

#[derive(Deserialize)]
struct Golden {
    columns: BTreeMap<String, Column>,
}

#[derive(Deserialize)]
struct Column {
    n: u64,
    sum: f64,
    mean: f64,
    min: f64,
    max: f64,
}

fn golden(table: &str) -> Golden {
    let mut tables: BTreeMap<String, Golden> =
        serde_json::from_str(include_str!("fixtures/golden.json")).unwrap();
    tables.remove(table).unwrap()
}

fn profiled(file: &str) -> Profile {
    let mut reader = CsvReader::new(file.as_bytes(), &Limits::default()).unwrap();
    profile(&mut reader, &[]).unwrap()
}

fn assert_close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-12 * expected.abs(), "{actual} is not {expected}");
}

/// The exact sum of a column, made without anything of this crate: every cell is padded to 20 decimals.
fn exact_sum(file: &str, column: usize) -> BigInt {
    file.lines()
        .skip(1)
        .map(|line| {
            let cell = line.split(',').nth(column).unwrap();
            let (whole, fraction) = cell.split_once('.').unwrap_or((cell, ""));
            format!("{whole}{fraction:0<20}").parse::<BigInt>().unwrap()
        })
        .sum()
}

/// `text`, which has at most 20 decimals, times 10²⁰.
fn scaled(text: &str) -> BigInt {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<20}").parse().unwrap()
}

fn assert_matches_golden(file: &str, table: &str) {
    let golden = golden(table);
    let profile = profiled(file);
    assert_eq!(profile.columns.len(), golden.columns.len());
    for (at, column) in profile.columns.iter().enumerate() {
        let expected = &golden.columns[&column.name];
        let sum = column.exact_sum.as_deref().unwrap();
        assert_eq!(scaled(sum), exact_sum(file, at), "the sum of {}", column.name);
        assert_eq!(column.count, expected.n);
        assert_eq!(column.missing, 0);
        assert_close(sum.parse().unwrap(), expected.sum);
        let count: f64 = column.count.to_string().parse().unwrap();
        assert_close(sum.parse::<f64>().unwrap() / count, expected.mean);
        assert_close(column.min.unwrap().to_string().parse().unwrap(), expected.min);
        assert_close(column.max.unwrap().to_string().parse().unwrap(), expected.max);
    }
}

#[test]
fn diabetes_has_its_golden_statistics() {
    assert_matches_golden(DIABETES, "diabetes");
}

#[test]
fn pancreatitis_has_its_golden_statistics() {
    assert_matches_golden(PANCREATITIS, "pancreatitis");
}

#[test]
fn diabetes_is_understood() {
    let profile = profiled(DIABETES);
    assert_eq!(profile.row_count, 442);
    let column = |name: &str| profile.columns.iter().find(|column| column.name == name).unwrap();
    assert_eq!(column("age").kind, Kind::Integer, "59.0 is a whole number");
    assert_eq!(column("age").reason, "all 442 cells are whole numbers");
    assert_eq!(column("bmi").kind, Kind::Decimal);
    assert_eq!(column("bmi").reason, "all 442 cells are numbers with up to 1 decimal");
    assert_eq!(column("bmi").exact_sum.as_deref(), Some("11658.1"));
    assert_eq!(column("s5").max_decimals, 4);
    assert_eq!(column("s5").samples, ["4.8598", "3.8918", "4.6728", "4.8903", "4.2905"]);
}

#[test]
fn encoded_columns_add_up_to_the_exact_sum() {
    for file in [DIABETES, PANCREATITIS] {
        let profile = profiled(file);
        let room = Room::for_rows(profile.row_count, 30);
        let choices: Vec<_> = profile.columns.iter().map(|column| propose(column, room).choice).collect();
        let encodings = check(&profile, &choices, room).unwrap();
        assert_eq!(encodings.len(), profile.columns.len());
        let encoder = RowEncoder::new(&encodings, &[], &[]);
        let mut reader = CsvReader::new(file.as_bytes(), &Limits::default()).unwrap();
        let (mut row, mut encoded) = (Row::new(), EncodedRow::default());
        let mut totals = vec![0_i128; encodings.len()];
        while reader.next_row(&mut row).unwrap() {
            encoder.encode(&row, &mut encoded).unwrap();
            for (total, value) in totals.iter_mut().zip(&encoded.values) {
                *total += i128::from(*value);
            }
        }
        for (total, encoding) in totals.into_iter().zip(&encodings) {
            assert!(!encoding.rounded);
            assert_eq!(
                Decimal::new(total, encoding.scale).to_string(),
                *profile.columns[encoding.column].exact_sum.as_ref().unwrap()
            );
            let power = BigInt::from(10).pow(20 - encoding.scale);
            assert_eq!(BigInt::from(total) * power, exact_sum(file, encoding.column));
        }
    }
}
