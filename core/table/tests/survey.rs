//! What a survey says of tables small enough to be counted by hand, and how far off it is where it sketches.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::collections::HashMap;

use proptest::prelude::*;
use veilsum_table::csv::Row;
use veilsum_table::read::{Options, TableReader};
use veilsum_table::survey::{ColumnSurvey, Identifying, Survey, Surveyor, Warning};

fn survey(file: &str) -> Survey {
    let mut reader = TableReader::new(file.as_bytes(), &Options::default()).unwrap();
    let mut surveyor = Surveyor::new(reader.header(), &[]);
    let mut row = Row::new();
    while reader.next_row(&mut row).unwrap() {
        surveyor.push(&row, &row);
    }
    surveyor.finish()
}

fn column(name: &str, cells: impl IntoIterator<Item = String>) -> ColumnSurvey {
    let mut surveyor = Surveyor::new(&[name.to_owned()], &[]);
    let mut row = Row::new();
    for (at, cell) in (1..).zip(cells) {
        row.begin(veilsum_table::Place::new(at, 0));
        row.push(&cell);
        surveyor.push(&row, &row);
    }
    surveyor.finish().columns.remove(0)
}

fn looks_like(column: &ColumnSurvey) -> Option<Identifying> {
    column
        .warnings
        .iter()
        .find_map(|warning| if let Warning::LooksLike { what, .. } = warning { Some(*what) } else { None })
}

#[test]
fn the_pancreatitis_table_has_constants_a_copy_and_an_identifier() {
    let survey = survey(include_str!("fixtures/pancreatitis.csv"));
    let warnings =
        |at: usize| survey.columns[at].warnings.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        warnings(0),
        ["It looks like an identifier: every cell is different, and it is called like one."]
    );
    assert_eq!(warnings(1), ["Every cell is the same."]);
    assert_eq!(warnings(2), [""; 0]);
    assert_eq!(warnings(3), ["Every cell is the same.", "Every cell is that of column \"AP\"."]);
    assert_eq!(warnings(5), ["Every cell is the same."]);
}

#[test]
fn quantiles_are_those_of_numpy() {
    // numpy 2: np.quantile([3, 1, 4, 1, 5, 9, 2, 6, 5, 3], [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
    let column = column("x", ["3", "1", "4", "1", "5", "9", "2", "6", "5", "3"].map(str::to_owned));
    let numbers = column.numbers.unwrap();
    let quantiles: Vec<f64> = numbers.quantiles.iter().map(|quantile| quantile.value).collect();
    let expected = [1.0, 1.0, 1.0, 2.25, 3.5, 5.0, 6.3, 7.65, 8.73];
    for (actual, expected) in quantiles.iter().zip(expected) {
        assert!((actual - expected).abs() < 1e-12, "{actual} is not {expected}");
    }
    assert!(!numbers.is_approximate);
    assert_eq!((numbers.histogram.start, numbers.histogram.width), (0.5, 1.0));
    assert_eq!(numbers.histogram.counts, [2, 1, 2, 1, 2, 1, 0, 0, 1]);
    assert_eq!((column.distinct.count, column.distinct.approximate), (7, None));
    let frequent: Vec<_> =
        column.most_frequent.cells.iter().map(|cell| (cell.text.as_str(), cell.count)).collect();
    assert_eq!(frequent[..4], [("1", 2), ("3", 2), ("5", 2), ("2", 1)]);
}

#[test]
fn text_and_blanks_have_no_numbers() {
    let mixed = column("x", ["1", "a", ""].map(str::to_owned));
    assert_eq!((mixed.count, mixed.numbers), (2, None));
    let blank = column("x", ["", " "].map(str::to_owned));
    assert_eq!((blank.count, blank.distinct.count, blank.warnings.len()), (0, 0, 0));
}

#[test]
fn what_points_at_people_is_named() {
    let of = |name: &str, cell: &dyn Fn(u64) -> String| looks_like(&column(name, (0..60).map(cell)));
    assert_eq!(of("x", &|at| format!("p{at}@example.org")), Some(Identifying::Email));
    assert_eq!(of("x", &|at| format!("+49 30 {}", 1_234_567 + at)), Some(Identifying::Phone));
    assert_eq!(of("x", &|at| format!("123-45-{:04}", at + 1)), Some(Identifying::NationalNumber));
    assert_eq!(
        of("Name", &|at| if at % 2 == 0 { "Ada Lovelace" } else { "Bob" }.to_owned()),
        Some(Identifying::PersonName)
    );
    let letters = |at: u64| char::from(b'a' + u8::try_from(at % 26).unwrap());
    let full = |at: u64| format!("Ada{} Love{}", letters(at), letters(at / 26));
    assert_eq!(of("x", &full), Some(Identifying::PersonName));
    assert_eq!(of("x", &|at| format!("case-{at}")), Some(Identifying::Identifier));
    assert_eq!(of("x", &|at| (at + 1_000).to_string()), Some(Identifying::Identifier));
    assert_eq!(of("ssn", &|at| (at * 7 + 1_000).to_string()), Some(Identifying::NationalNumber));
    // Numbers that differ are no names by that alone, nor are places and words.
    assert_eq!(of("weight", &|at| format!("{}.{}", at + 50, at % 10)), None);
    assert_eq!(of("income", &|at| (at * 997 + 20_000).to_string()), None);
    assert_eq!(
        of("city", &|at| ["New York", "Berlin", "San Jose"][usize::try_from(at % 3).unwrap()].to_owned()),
        None
    );
    assert_eq!(of("when", &|at| format!("2024-01-{:02}", at % 28 + 1)), None);
}

#[test]
fn copies_are_found_wherever_they_are() {
    let rows: String = (0..40).map(|at| format!("{},x{},{},{}\n", at % 4, at % 4, at * 3, at * 3)).collect();
    let survey = survey(&format!("a,b,c,d\n{rows}"));
    assert!(matches!(survey.columns[1].warnings[..], [Warning::RenamedCopyOf { column: 0, .. }]));
    assert!(matches!(survey.columns[3].warnings[0], Warning::DuplicateOf { column: 2, .. }));
    // All different in both: no copy.
    let survey = self::survey("a,b\n1,9\n2,8\n3,7\n");
    assert!(survey.columns[1].warnings.is_empty());
}

#[test]
fn many_values_are_sketched_within_the_stated_error() {
    let count = 200_000_u64;
    // A permutation of 0..count, so that every statistic is known.
    let column = column("x", (0..count).map(|at| (at * 7_919 % count).to_string()));
    let [low, high] = column.distinct.approximate.unwrap();
    assert!((low..=high).contains(&count), "{low} {high}");
    assert!(high - low < count / 10);
    let numbers = column.numbers.unwrap();
    assert!(numbers.is_approximate);
    for quantile in &numbers.quantiles {
        let expected = f64::from(quantile.per_thousand) / 1_000.0;
        let actual = quantile.value / 200_000.0;
        assert!((actual - expected).abs() < 0.005, "{quantile:?}");
    }
    assert_eq!(numbers.histogram.counts.iter().sum::<u64>(), count);
    assert!(numbers.histogram.counts.iter().all(|bar| bar.abs_diff(count / 20) < 1_000));
    assert!(column.most_frequent.error <= 2 * count / 512 + 1);
}

proptest! {
    #[test]
    fn frequent_counts_are_within_their_error(
        cells in prop::collection::vec((0_u32..12, 0_u32..5_000), 1..4_000)
    ) {
        // Some are frequent, most are rare.
        let cells: Vec<String> =
            cells.into_iter().map(|(kind, rare)| if kind < 6 { kind } else { rare }.to_string()).collect();
        let mut counts: HashMap<&str, u64> = HashMap::new();
        cells.iter().for_each(|cell| *counts.entry(cell).or_default() += 1);
        let column = column("x", cells.iter().cloned());
        prop_assert_eq!(column.distinct.count, counts.len() as u64);
        let found = &column.most_frequent;
        for cell in &found.cells {
            let exact = counts[cell.text.as_str()];
            prop_assert!(cell.count <= exact && exact <= cell.count + found.error);
        }
        let last = found.cells.last().map_or(0, |cell| cell.count);
        for (cell, exact) in counts {
            let is_named = found.cells.iter().any(|named| named.text == cell);
            prop_assert!(is_named || exact <= last + found.error);
        }
    }

    #[test]
    fn no_cell_makes_it_panic(cells in prop::collection::vec("\\PC{0,20}|[0-9+() ./@-]{0,20}", 0..30)) {
        let _ = column("x", cells);
    }
}
