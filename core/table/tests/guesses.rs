//! What is found in a file unasked: whether its first row holds names, and which decimal mark it writes. Both are told
//! with a reason, both can be chosen, and a wrong guess must never lose a row in silence.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use proptest::prelude::*;
use veilsum_table::csv::{CsvReader, Delimiter, FirstRow, Limits, Options, ReadError, Row};
use veilsum_table::csv_out::CsvWriter;
use veilsum_table::decimal::{Decimal, DecimalMark, NumberError};
use veilsum_table::encode::{EncodedRow, RowEncoder};
use veilsum_table::profile::{Kind, Profile, profile};
use veilsum_table::treat::{Choice, Room, check};

fn open(file: &str) -> CsvReader<&[u8]> {
    CsvReader::new(file.as_bytes(), &Limits::default()).unwrap()
}

fn load(file: &str, options: &Options) -> Profile {
    profile(&mut CsvReader::with_options(file.as_bytes(), options).unwrap(), &[]).unwrap()
}

fn sums(file: &str, options: &Options) -> Vec<Option<String>> {
    load(file, options).columns.into_iter().map(|column| column.exact_sum).collect()
}

#[test]
fn numbers_above_numbers_are_no_names() {
    for (file, reason) in [
        ("1,2\n3,4\n", "the first row holds numbers, as do the rows below it"),
        ("1,\n3,4\n", "the first row holds numbers, as do the rows below it"),
        ("7\n8\n", "the first row holds numbers, as do the rows below it"),
        ("1,2\n10,20\n", "the first row holds numbers, as do the rows below it"),
        ("1,2\n3,N/A\n", "the first row holds numbers, as do the rows below it"),
        ("1,5;2,5\n3,5;4,5\n", "the first row holds numbers, as do the rows below it"),
        ("1,2\n", "the only row holds numbers"),
        (
            "Ann,34,61.5\nBob,41,80\n",
            "1 cell of the first row is a number with decimals or a minus sign, like those below",
        ),
        (
            "Ann,-34,61.5\nBob,41,80\n",
            "2 cells of the first row are numbers with decimals or a minus sign, like those below",
        ),
    ] {
        let reader = open(file);
        let found = reader.first_row();
        assert_eq!((found.value, found.reason.as_str()), (FirstRow::Data, reason), "{file:?}");
        assert!(!found.is_doubtful, "{file:?}");
        assert!(!reader.delimiter_reason().contains("header"), "{file:?}: {}", reader.delimiter_reason());
        let names: Vec<String> = (1..=reader.header().len()).map(|at| format!("column {at}")).collect();
        assert_eq!(reader.header(), names, "{file:?}");
    }
}

#[test]
fn words_are_names() {
    for (file, reason, is_doubtful) in [
        ("a,b\n1,2\n", "it holds words above numbers", false),
        ("a,b\nx,y\n", "nothing in it looks like data", false),
        // Numbers that head columns of text say nothing.
        ("1,2\nx,y\n", "nothing in it looks like data", false),
        ("1,2\n,\n", "the first row holds numbers, as do the rows below it", false),
        // A corner without a name, as tables with named rows have it.
        (",2019,2020\nAnn,1,2\n", "it holds words, but 2 of its cells are numbers like those below", true),
        ("name,2019\nAnn,1\n", "it holds words, but 1 of its cells is a number like those below", true),
        ("2019,2020,2021\n5,6,7\n", "its numbers count up like years", true),
    ] {
        let reader = open(file);
        let found = reader.first_row();
        let expected = if file == "1,2\n,\n" { FirstRow::Data } else { FirstRow::Names };
        assert_eq!(
            (found.value, found.reason.as_str(), found.is_doubtful),
            (expected, reason, is_doubtful),
            "{file:?}"
        );
    }
}

#[test]
fn the_first_row_counts_where_it_is_data() {
    let file = "10,x\n20,y\n\n30,z\n";
    let numbers_only = "10,1\n20,2\n\n30,3\n";
    let mut reader = open(numbers_only);
    let mut row = Row::new();
    let mut places = Vec::new();
    while reader.next_row(&mut row).unwrap() {
        places.push((row.place().to_string(), row.get(0).unwrap().to_owned()));
    }
    let place = |at: &str, cell: &str| (at.to_owned(), cell.to_owned());
    assert_eq!(
        places,
        [place("row 1 (line 1)", "10"), place("row 2 (line 2)", "20"), place("row 3 (line 4)", "30")]
    );
    assert_eq!(sums(numbers_only, &Options::default()), [Some("60".to_owned()), Some("6".to_owned())]);

    // The owner knows better, in both directions.
    let names = Options { first_row: Some(FirstRow::Names), ..Options::default() };
    assert_eq!(sums(numbers_only, &names), [Some("50".to_owned()), Some("5".to_owned())]);
    let data = Options { first_row: Some(FirstRow::Data), ..Options::default() };
    assert_eq!(sums(file, &data), [Some("60".to_owned()), None]);
    assert_eq!(sums(file, &Options::default())[0], Some("50".to_owned()));
    let reader = CsvReader::with_options(file.as_bytes(), &data).unwrap();
    assert_eq!(reader.first_row().reason, "chosen by you");
}

#[test]
fn faults_of_a_first_row_that_is_data_are_placed_there() {
    let data = Options { first_row: Some(FirstRow::Data), ..Options::default() };
    let error = CsvReader::with_options(&b"1,caf\xe9\n1,2\n"[..], &data).unwrap_err();
    assert!(matches!(error, ReadError::InvalidUtf8 { row: 1, line: 1, column: 2 }), "{error:?}");
    let ragged = profile(&mut open("1,2\n3\n"), &[]).unwrap_err();
    assert!(
        matches!(ragged, ReadError::Ragged { row: 2, line: 2, expected: 2, actual: 1, .. }),
        "{ragged:?}"
    );
}

#[test]
fn both_passes_see_the_first_row_and_the_decimal_mark() {
    let file = "1.234,56;1\n0,44;2\n-1;3\n";
    let profile = load(file, &Options::default());
    assert_eq!(profile.row_count, 3);
    assert_eq!(profile.columns[0].exact_sum.as_deref(), Some("1234"));
    let room = Room::for_rows(3, 30);
    let encodings = check(&profile, &[Choice::Number { scale: 2 }, Choice::Drop], room).unwrap();
    let encoder = RowEncoder::new(&encodings, &[], &[]);
    let mut reader = open(file);
    let (mut row, mut encoded) = (Row::new(), EncodedRow::default());
    let mut values = Vec::new();
    while reader.next_row(&mut row).unwrap() {
        encoder.encode(&row, &mut encoded).unwrap();
        values.push(encoded.values[0]);
    }
    assert_eq!(values, [123_456, 44, -100]);
}

#[test]
fn a_table_without_names_is_written_anew_without_names() {
    let mut reader = open("1,2\n3,4\n");
    let mut writer = CsvWriter::without_header(Vec::new(), &[false, true]);
    let mut row = Row::new();
    while reader.next_row(&mut row).unwrap() {
        writer.write_row(&row).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), b"2\n4\n");
}

#[test]
fn finds_the_decimal_mark_and_says_why() {
    use DecimalMark::{Comma, Point};
    for (file, mark, reason, is_doubtful) in [
        ("a;b\n1.234,56;1\n", Comma, "1 cell has a decimal comma and none a decimal point", false),
        ("a;b\n1234,56;1,5\n", Comma, "2 cells have a decimal comma and none a decimal point", false),
        (
            "a,b\n\"1,5\",\"1.234\"\n",
            Point,
            "1 cell has a decimal comma, and 1 cell in other columns like 1.234 may mean 1234 or 1.234",
            true,
        ),
        (
            "name\tweight\tsizes\nA\t1.250\t38,40\nB\t2.125\t39,41\n",
            Point,
            "2 cells have a decimal comma, and 2 cells in other columns like 1.234 may mean 1234 or 1.234",
            true,
        ),
        (
            "a;b\n1,5;1.234\n",
            Comma,
            "1 cell has a decimal comma, and 1 cell in other columns like 1.234 may mean 1234 or 1.234",
            true,
        ),
        ("a;b\n1,5;1\n1.234;2\n", Comma, "1 cell has a decimal comma and none a decimal point", false),
        ("a\n1.5\n2.25\n", Point, "2 cells have a decimal point", false),
        ("a\n1.234\n", Point, "no cell says otherwise", false),
        ("a,b\nx,1\n", Point, "no cell says otherwise", false),
        ("a;b\n1,5;1.5\n", Point, "1 cell has a decimal point and 1 cell has a decimal comma", true),
        (
            "a;b\n1,234;x\n",
            Comma,
            "1 cell is like 1,234, which may mean 1234 or 1.234, and no other tells which",
            true,
        ),
        (
            "a;b\n1.234;x\n2.345;y\n",
            Point,
            "2 cells are like 1.234, which may mean 1234 or 1.234, and no other tells which",
            true,
        ),
    ] {
        let reader = open(file);
        let found = reader.decimal_mark();
        assert_eq!(
            (found.value, found.reason.as_str(), found.is_doubtful),
            (mark, reason, is_doubtful),
            "{file:?}"
        );
    }
}

#[test]
fn the_decimal_mark_can_be_chosen() {
    let file = "a;b\n1.234;1\n";
    let with = |mark| Options { decimal_mark: Some(mark), ..Options::default() };
    assert_eq!(sums(file, &with(DecimalMark::Point))[0].as_deref(), Some("1.234"));
    assert_eq!(sums(file, &with(DecimalMark::Comma))[0].as_deref(), Some("1234"));
    let refused = load("a;b\n1.234,56;1\n", &with(DecimalMark::Point));
    assert_eq!(refused.columns[0].kind, Kind::Text);
    assert_eq!(
        refused.columns[0].reason,
        "1 cell has commas, points or spaces between digits that do not fit the decimal mark, at row 1 (line 2)"
    );
}

#[test]
fn numbers_with_a_comma_are_exact_or_refused() {
    let read = |text: &str| Decimal::parse_with(DecimalMark::Comma, text);
    for (text, expected) in [
        ("1.234,56", "1234.56"),
        ("1234,56", "1234.56"),
        ("-0,1", "-0.1"),
        ("+12.345.678,9", "12345678.9"),
        ("1.234", "1234"),
        ("1.234.567", "1234567"),
        (",5", "0.5"),
        ("7,", "7"),
        ("1,5e2", "150"),
        ("12", "12"),
        ("12345678901234567890,123456789012345678", "12345678901234567890.123456789012345678"),
    ] {
        assert_eq!(read(text).unwrap().unwrap().to_string(), expected, "{text}");
    }
    for text in ["1.5", "1.23,4", "1,234.5", "1,2,3", "1.2345", "1234.567,8", "1..234,5", ".234,5"] {
        assert!(matches!(read(text), Err(NumberError::Separators | NumberError::NotANumber)), "{text}");
    }
    assert_eq!(read(" "), Ok(None));
    assert_eq!(read("N/A"), Err(NumberError::NotANumber));
    assert_eq!(read("1e309"), Err(NumberError::TooLarge));
}

/// `number` as German spreadsheets write it.
fn german(number: Decimal, with_thousands: bool) -> String {
    let plain = number.to_string();
    let (sign, unsigned) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if with_thousands && at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    let comma = if fraction.is_empty() { "" } else { "," };
    format!("{sign}{text}{comma}{fraction}")
}

proptest! {
    #[test]
    fn every_number_with_a_comma_reads_as_the_same_number(
        mantissa in any::<i64>(),
        scale in 0..12_u32,
        with_thousands in any::<bool>(),
    ) {
        let number = Decimal::new(mantissa.into(), scale);
        let text = german(number, with_thousands);
        prop_assert_eq!(Decimal::parse_with(DecimalMark::Comma, &text), Ok(Some(number)), "{}", text);
    }

    /// Whatever is guessed, every row of the file is a row of the table or its names.
    #[test]
    fn no_row_is_lost_to_a_guess(
        rows in prop::collection::vec(prop::collection::vec("[0-9]{1,4}([.,][0-9]{1,3})?|[a-z]{1,3}", 3), 1..8),
    ) {
        let file: String = rows.iter().map(|row| format!("{}\n", row.join(";"))).collect();
        let options = Options { delimiter: Some(Delimiter::Semicolon), ..Options::default() };
        let mut reader = CsvReader::with_options(file.as_bytes(), &options).unwrap();
        let mut read: Vec<Vec<String>> = match reader.first_row().value {
            FirstRow::Names => vec![rows[0].clone()],
            FirstRow::Data => Vec::new(),
        };
        let mut row = Row::new();
        while reader.next_row(&mut row).unwrap() {
            read.push(row.cells().map(str::to_owned).collect());
        }
        prop_assert_eq!(read, rows);
    }
}
