//! Typed columns from file to exact sums, and bad rows as CSV.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use proptest::prelude::*;
use veilsum_table::calendar::{iso_date, iso_timestamp};
use veilsum_table::csv::{Row, RowPolicy};
use veilsum_table::encode::{EncodedRow, RowEncoder};
use veilsum_table::profile::{Kind, Profile, Profiler};
use veilsum_table::read::{Options, TableReader};
use veilsum_table::treat::{Room, check, propose};
use veilsum_table::types::{ColumnType, Converter, DateOrder, TypeFinder, Typer, settle};

const FILE: &str = "plz,born,seen,paid,share,smoker,note
01067,31.12.1980,2024-01-05T10:00:00Z,\"$1,200.50\",12.5 %,yes,a
80331,1.2.1990,2024-01-05T12:30:00+01:00,$3,3%,no,b
10115,,2024-01-06,-$0.25,0.5%,YES,c
";

fn profile_of(file: &str, types: Option<&[ColumnType]>) -> (Profile, Vec<ColumnType>) {
    let mut reader = TableReader::new(file.as_bytes(), &Options::default()).unwrap();
    let found: Vec<ColumnType> = reader.types().iter().map(|found| found.value.clone()).collect();
    let converter = Converter::new(types.unwrap_or(&found));
    let mut profiler = Profiler::new(reader.header(), &[]);
    let (mut row, mut room) = (Row::new(), Row::new());
    while reader.next_row(&mut row).unwrap() {
        profiler.push(converter.convert(&row, &mut room));
    }
    (profiler.finish(reader.skipped()).unwrap(), found)
}

#[test]
fn typed_cells_become_exact_numbers() {
    let (profile, found) = profile_of(FILE, None);
    assert_eq!(found[0], ColumnType::Identifier);
    assert_eq!(found[1], ColumnType::Date { order: DateOrder::DayMonthYear });
    let column = |at: usize| (profile.columns[at].kind, profile.columns[at].exact_sum.as_deref());
    assert_eq!(column(0), (Kind::Text, None));
    assert_eq!(profile.columns[0].categories.as_ref().unwrap()[0].text, "01067");
    assert_eq!(column(1), (Kind::Integer, Some("11353")), "4017 + 7336 days");
    let seconds = 1_704_448_800_i64 + 1_704_454_200 + 1_704_499_200;
    assert_eq!(column(2), (Kind::Integer, Some(seconds.to_string().as_str())));
    assert_eq!(column(3), (Kind::Decimal, Some("1203.25")));
    assert_eq!(column(4), (Kind::Decimal, Some("0.16")));
    assert_eq!(column(5), (Kind::Integer, Some("2")));
    assert_eq!(column(6).0, Kind::Text);
    assert_eq!(
        (iso_date(4017), iso_timestamp(1_704_454_200, 0)),
        ("1980-12-31".into(), "2024-01-05T11:30:00".into())
    );
}

#[test]
fn an_owner_can_choose_otherwise() {
    let plain = vec![ColumnType::Plain; 7];
    let (profile, _) = profile_of(FILE, Some(&plain));
    assert_eq!(profile.columns[0].exact_sum.as_deref(), Some("91513"));
    assert!(profile.columns[1..].iter().all(|column| column.kind == Kind::Text));
    let reader = TableReader::new(FILE.as_bytes(), &Options::default()).unwrap();
    let settled = settle(reader.types(), &[Some(ColumnType::Plain)]);
    assert_eq!((&settled[0].value, settled[0].reason.as_str()), (&ColumnType::Plain, "chosen by you"));
    assert_eq!(settled[1..], reader.types()[1..]);
    for choice in ColumnType::choices("$") {
        let json = serde_json::to_string(&choice).unwrap();
        assert_eq!(serde_json::from_str::<ColumnType>(&json).unwrap(), choice);
        assert!(!choice.in_words().is_empty());
    }
}

#[test]
fn the_encoder_reads_what_the_profile_read() {
    let (profile, found) = profile_of(FILE, None);
    let room = Room::for_rows(profile.row_count, 30);
    let choices: Vec<_> = profile.columns.iter().map(|column| propose(column, room).choice).collect();
    let encodings = check(&profile, &choices, room).unwrap();
    let converter = Converter::new(&found);
    let encoder = RowEncoder::new(&encodings, &[], &[]);
    let mut reader = TableReader::new(FILE.as_bytes(), &Options::default()).unwrap();
    let (mut row, mut converted, mut encoded) = (Row::new(), Row::new(), EncodedRow::default());
    let mut rows = Vec::new();
    while reader.next_row(&mut row).unwrap() {
        encoder.encode(converter.convert(&row, &mut converted), &mut encoded).unwrap();
        rows.push(encoded.values.clone());
    }
    let columns: Vec<usize> = encodings.iter().map(|encoding| encoding.column).collect();
    assert_eq!(columns, [1, 2, 3, 4, 5]);
    assert_eq!(rows[0], [4_017, 1_704_448_800, 120_050, 125, 1]);
    assert_eq!(rows[2], [0, 1_704_499_200, -25, 5, 1]);
}

#[test]
fn a_whole_pass_tells_what_the_first_rows_do_not() {
    let file =
        format!("when,size\n{}31/12/2024,unknown\n", "01/02/2024,unknown\n02/03/2024,1'200\n".repeat(400));
    let mut reader = TableReader::new(file.as_bytes(), &Options::default()).unwrap();
    assert_eq!(reader.types()[0].value, ColumnType::Date { order: DateOrder::MonthDayYear });
    assert!(reader.types()[0].is_doubtful);
    let mut typer = Typer::new(2, reader.decimal_mark().unwrap().value, &["unknown".to_owned()]);
    let mut row = Row::new();
    while reader.next_row(&mut row).unwrap() {
        typer.push(&row);
    }
    let found = typer.finish();
    assert_eq!(found[0].value, ColumnType::Date { order: DateOrder::DayMonthYear });
    assert!(!found[0].is_doubtful, "{}", found[0].reason);
    assert_eq!(found[1].value.number("1'200").unwrap().to_string(), "1200");
}

#[test]
fn a_decimal_comma_in_the_file_does_not_disturb_typed_columns() {
    let file = "share;weight\n12,5 %;1,5\n3 %;2,25\n";
    let (profile, _) = profile_of(file, None);
    let sums: Vec<_> = profile.columns.iter().map(|column| column.exact_sum.as_deref().unwrap()).collect();
    assert_eq!(sums, ["0.155", "3.75"]);
}

#[test]
fn a_cell_of_another_type_is_text_with_its_place() {
    let mut file = "when\n".to_owned();
    (0..60).for_each(|_| file.push_str("2024-01-05\n"));
    file.push_str("tomorrow\n");
    let (profile, _) = profile_of(&file, None);
    assert_eq!(profile.columns[0].text_count, 1);
    assert_eq!(profile.columns[0].first_text.unwrap().row, 61);
}

#[test]
fn bad_rows_are_listed_as_csv() {
    let options = Options { bad_rows: RowPolicy::Skip, ..Options::default() };
    let bad = |file: &[u8]| {
        let mut reader = TableReader::new(file, &options).unwrap();
        while reader.next_row(&mut Row::new()).unwrap() {}
        let mut list = Vec::new();
        reader.skipped().write_csv(&mut list).unwrap();
        String::from_utf8(list).unwrap()
    };
    assert_eq!(
        bad(b"a,b\n1,2\n3\n4,caf\xe9\n5,6\n"),
        "row,line,reason\n2,3,1 cell instead of 2\n3,4,column 2 is not UTF-8 text\n"
    );
    assert_eq!(
        bad(b"{\"a\":1}\n{\"a\":=1+1}\n{\"a\":3}\n"),
        "row,line,reason\n2,2,it is not JSON from its byte 6 on\n"
    );
    let many = format!("a,b\n1,2\n{}", "3\n".repeat(1_002));
    assert!(bad(many.as_bytes()).ends_with("\n,,\"and 2 more rows, not listed\"\n"));
}

proptest! {
    #[test]
    fn no_cell_makes_a_type_panic(cell in "[0-9.,:/ TZ+%$€'()eE\u{a0}\u{2212}-]{0,24}|\\PC{0,12}") {
        let mut finder = TypeFinder::default();
        finder.push(&cell);
        let found = finder.finish();
        for choice in ColumnType::choices("$").iter().chain([&found.value]) {
            let _ = choice.number(&cell);
        }
    }

    #[test]
    fn every_day_is_read_back_in_every_order(days in -719_162_i64..2_932_896) {
        let iso = iso_date(days);
        let (year, month, day) = (&iso[..4], &iso[5..7], &iso[8..]);
        for (cell, order) in [
            (iso.clone(), DateOrder::YearMonthDay),
            (format!("{day}.{month}.{year}"), DateOrder::DayMonthYear),
            (format!("{month}/{day}/{year}"), DateOrder::MonthDayYear),
        ] {
            let number = ColumnType::Date { order }.number(&cell).unwrap();
            prop_assert_eq!(number.mantissa(), i128::from(days));
        }
    }
}
