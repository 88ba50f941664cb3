//! What a column is taken for, and why.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use num_bigint::BigInt;
use num_traits::Pow;
use proptest::prelude::*;
use veilsum_table::csv::{CsvReader, Limits, Options};
use veilsum_table::decimal::{Decimal, DecimalMark};
use veilsum_table::profile::{ColumnProfile, Kind, Profile, profile};

/// The profile of one column with these cells; a second column keeps blank cells from being blank lines.
fn column_with(cells: &[&str], missing_words: &[&str]) -> ColumnProfile {
    let mut file = "x|y\n".to_owned();
    for cell in cells {
        file.push_str(&format!("{cell}|\n"));
    }
    let missing_words: Vec<String> = missing_words.iter().map(|word| (*word).to_owned()).collect();
    let options = Options { decimal_mark: Some(DecimalMark::Point), ..Options::default() };
    let mut reader = CsvReader::with_options(file.as_bytes(), &options).unwrap();
    profile(&mut reader, &missing_words).unwrap().columns.remove(0)
}

fn column(cells: &[&str]) -> ColumnProfile {
    column_with(cells, &[])
}

#[test]
fn numbers_say_how_many_and_with_how_many_decimals() {
    for (cells, kind, reason) in [
        (&["1", "-2", "3e2"][..], Kind::Integer, "all 3 cells are whole numbers"),
        (&["59.0", "1"], Kind::Integer, "all 2 cells are whole numbers"),
        (&["0.5", "1"], Kind::Decimal, "all 2 cells are numbers with up to 1 decimal"),
        (&["0.25", "1.5"], Kind::Decimal, "all 2 cells are numbers with up to 2 decimals"),
        (&["7"], Kind::Integer, "the only cell is a whole number"),
        (&["7.25"], Kind::Decimal, "the only cell is a number with 2 decimals"),
        (&["1", "", "2"], Kind::Integer, "2 of 3 cells are whole numbers; 1 is blank"),
        (&["0.5", "", " "], Kind::Decimal, "1 of 3 cells is a number with 1 decimal; 2 are blank"),
        (&["", ""], Kind::Blank, "all 2 cells are blank"),
        (&[""], Kind::Blank, "the only cell is blank"),
    ] {
        let column = column(cells);
        assert_eq!((column.kind, column.reason.as_str()), (kind, reason), "{cells:?}");
    }
}

#[test]
fn other_cells_are_named_by_their_fault_and_first_place() {
    for (cells, reason) in [
        (
            &["1", "N/A", "2", "N/A", "na"][..],
            "2 of 5 cells are numbers; 3 cells such as N/A are words, the first at row 2 (line 3)",
        ),
        (&["1", "NaN"], "1 of 2 cells is a number; 1 cell is the word NaN, at row 2 (line 3)"),
        (&["setosa", "virginica"], "all 2 cells are text, the first at row 1 (line 2)"),
        (&["setosa", "", "1"], "1 of 3 cells is a number; 1 cell is text, at row 1 (line 2); 1 is blank"),
        (
            &["1.234,56", "1,5"],
            "all 2 cells have commas, points or spaces between digits that do not fit the decimal mark, the first at row \
             1 (line 2)",
        ),
        (&["1", "inf"], "1 of 2 cells is a number; 1 cell is infinite or not a number, at row 2 (line 3)"),
        (
            &["1", "1e309"],
            "1 of 2 cells is a number; 1 cell is too large to be kept exactly (write the column in a larger unit), at row 2 (line 3)",
        ),
        (
            &["1e-999", "1e-998"],
            "all 2 cells are too close to zero to be kept exactly, the first at row 1 (line 2)",
        ),
    ] {
        let column = column(cells);
        assert_eq!((column.kind, column.reason.as_str()), (Kind::Text, reason), "{cells:?}");
        assert_eq!(column.exact_sum, None);
        assert_eq!((column.min, column.max), (None, None));
    }
}

#[test]
fn reasons_never_hold_a_cell_that_is_not_a_usual_word_for_missing() {
    let column = column(&["1", "Anna Secret", "Bob Secret"]);
    assert!(!column.reason.contains("Secret"));
    assert!(column.missing_words.is_empty());
}

#[test]
fn words_for_missing_are_offered_and_then_taken_for_blanks() {
    let cells = ["1", "N/A", "", "n/a", "2.5", "NULL"];
    let before = column(&cells);
    assert_eq!(before.kind, Kind::Text);
    assert!(before.is_number_but_for_missing_words());
    let words: Vec<(&str, u64, u64)> =
        before.missing_words.iter().map(|word| (word.word.as_str(), word.count, word.first.row)).collect();
    assert_eq!(words, [("N/A", 1, 2), ("n/a", 1, 4), ("NULL", 1, 6)]);

    let after = column_with(&cells, &["N/A", "null"]);
    assert_eq!((after.kind, after.count, after.missing), (Kind::Decimal, 2, 4));
    assert_eq!(after.exact_sum.as_deref(), Some("3.5"));
    assert!(!after.is_number_but_for_missing_words());
}

#[test]
fn a_column_with_other_text_too_is_not_offered_as_numbers() {
    assert!(!column(&["1", "N/A", "x"]).is_number_but_for_missing_words());
    assert!(!column(&["N/A", "N/A"]).is_number_but_for_missing_words());
    assert!(!column(&["1", "2"]).is_number_but_for_missing_words());
}

#[test]
fn spellings_of_missing_are_bounded() {
    let spellings = ["na", "Na", "nA", "NA", "n/a", "N/a", "n/A", "N/A", "null", "Null", "NULL", "1"];
    let column = column(&spellings);
    assert_eq!(column.missing_words.len(), 8);
    assert_eq!(column.text_count, 11);
    assert!(!column.is_number_but_for_missing_words());
}

#[test]
fn a_number_that_stands_for_missing_may_be_declared() {
    let column = column_with(&["1", "-999", "3"], &["-999"]);
    assert_eq!((column.missing, column.min.unwrap().to_string()), (1, "1".to_owned()));
}

#[test]
fn leading_zeros_are_pointed_out() {
    let reason = column(&["1", "007", "0.5", "0", "012"]).reason;
    assert_eq!(
        reason,
        "all 5 cells are numbers with up to 1 decimal; 2 start with a zero, which a number does not keep, the first \
         at row 2 (line 3)"
    );
}

#[test]
fn samples_are_few_and_short() {
    let long = "x".repeat(1000);
    let column = column(&[&long, "", "c", "d", "e", "f"]);
    assert_eq!(column.samples, [&"x".repeat(80), "", "c", "d", "e"]);
}

#[test]
fn range_and_sum_are_exact_where_floats_are_not() {
    let column = column(&["9007199254740993", "0.1", "-1e-20", "0.2"]);
    assert_eq!(column.max.unwrap().to_string(), "9007199254740993");
    assert_eq!(column.min.unwrap().to_string(), "-0.00000000000000000001");
    assert_eq!(column.exact_sum.as_deref(), Some("9007199254740993.29999999999999999999"));
    assert_eq!(column.max_decimals, 20);
}

#[test]
fn a_profile_goes_through_json() {
    let file = "x,y,z\n1.5,a,\nN/A,b,\n";
    let mut reader = CsvReader::new(file.as_bytes(), &Limits::default()).unwrap();
    let profile = profile(&mut reader, &[]).unwrap();
    let json = serde_json::to_string(&profile).unwrap();
    assert!(json.contains("\"kind\":\"text\"") && json.contains("\"kind\":\"blank\""));
    // All but the categories, which are for whoever reads the file.
    let mut expected = profile;
    expected.columns.iter_mut().for_each(|column| column.categories = None);
    assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), expected);
}

proptest! {
    #[test]
    fn sum_count_and_range_are_those_of_the_numbers(
        numbers in prop::collection::vec(prop::option::of((any::<i64>(), 0..40_u32)), 1..40)
    ) {
        let mut file = "x,y\n".to_owned();
        for number in &numbers {
            let cell = number.map(|(mantissa, scale)| format!("{mantissa}e-{scale}"));
            file.push_str(&format!("{},\n", cell.unwrap_or_default()));
        }
        let mut reader = CsvReader::new(file.as_bytes(), &Limits::default()).unwrap();
        let column = profile(&mut reader, &[]).unwrap().columns.remove(0);
        let scaled = |(mantissa, scale): (i64, u32)| BigInt::from(mantissa) * BigInt::from(10).pow(40 - scale);
        let present: Vec<BigInt> = numbers.iter().copied().flatten().map(scaled).collect();
        prop_assert_eq!(usize::try_from(column.count).unwrap(), present.len());
        prop_assert_eq!(usize::try_from(column.missing).unwrap(), numbers.len() - present.len());
        let as_big = |number: Decimal| BigInt::from(number.mantissa()) * BigInt::from(10).pow(40 - number.scale());
        prop_assert_eq!(column.min.map(as_big), present.iter().min().cloned());
        prop_assert_eq!(column.max.map(as_big), present.iter().max().cloned());
        if !present.is_empty() {
            let sum = column.exact_sum.unwrap();
            let (whole, fraction) = sum.split_once('.').unwrap_or((&sum, ""));
            let actual: BigInt = format!("{whole}{fraction:0<40}").parse().unwrap();
            prop_assert_eq!(actual, present.iter().sum::<BigInt>());
        }
    }
}
