//! What is proposed for a column, what is refused, and what is encoded.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use num_bigint::BigInt;
use num_traits::Pow;
use proptest::prelude::*;
use veilsum_table::csv::{CsvReader, Limits, Options, Row, RowPolicy};
use veilsum_table::decimal::Decimal;
use veilsum_table::encode::{EncodeError, EncodedRow, RowEncoder};
use veilsum_table::profile::{Profile, profile};
use veilsum_table::treat::{Choice, NumberEncoding, Proposal, Room, TreatError, check, describe, propose};

const SMALL: Room = Room { block_count: 10, slot_count: 46 };

/// One column `x` with these cells.
fn file(cells: &[&str]) -> String {
    let mut file = "x|y\n".to_owned();
    for cell in cells {
        file.push_str(&format!("{cell}|\n"));
    }
    file
}

fn profiled(cells: &[&str]) -> Profile {
    let file = file(cells);
    let mut reader = CsvReader::new(file.as_bytes(), &Limits::default()).unwrap();
    let mut profile = profile(&mut reader, &[]).unwrap();
    profile.columns.truncate(1);
    profile
}

fn proposal(cells: &[&str], room: Room) -> Proposal {
    propose(&profiled(cells).columns[0], room)
}

fn checked(cells: &[&str], scale: u32, room: Room) -> Result<NumberEncoding, TreatError> {
    Ok(check(&profiled(cells), &[Choice::Number { scale }], room)?.remove(0))
}

fn encoded(cells: &[&str], encoding: &NumberEncoding) -> Result<Vec<(i64, bool)>, EncodeError> {
    let file = file(cells);
    let mut reader = CsvReader::new(file.as_bytes(), &Limits::default()).unwrap();
    let encoder = RowEncoder::new(std::slice::from_ref(encoding), &[], &[]);
    let (mut row, mut encoded) = (Row::new(), EncodedRow::default());
    let mut values = Vec::new();
    while reader.next_row(&mut row).unwrap() {
        encoder.encode(&row, &mut encoded)?;
        values.push((encoded.values[0], encoded.present[0]));
    }
    Ok(values)
}

#[test]
fn numbers_that_fit_are_proposed_exactly() {
    for (cells, scale, explanation) in [
        (&["1", "-2"][..], 0, "Encrypted exactly, as whole numbers."),
        (&["1.5", "2"], 1, "Encrypted exactly, with 1 decimal."),
        (&["0.0001", ""], 4, "Encrypted exactly, with 4 decimals."),
    ] {
        let proposal = proposal(cells, SMALL);
        assert_eq!(proposal.choice, Choice::Number { scale });
        assert_eq!(proposal.explanation, explanation);
    }
}

#[test]
fn other_columns_are_proposed_for_the_sealed_original_or_dropped() {
    let text = proposal(&["a", "1"], SMALL);
    assert_eq!(text.choice, Choice::SealedOriginalOnly);
    assert_eq!(text.explanation, "Kept only in the sealed original: text cannot be added.");
    assert_eq!(text.largest_scale, None);
    let blank = proposal(&["", ""], SMALL);
    assert_eq!(blank.choice, Choice::Drop);
    assert_eq!(blank.explanation, "Dropped: it does not leave the browser.");
}

#[test]
fn decimals_that_do_not_fit_are_rounded_by_a_stated_error() {
    // 2^56 is 7.2e16: 123456789 leaves room for 8 decimals.
    let proposal = proposal(&["123456789.0123456789", "0.5"], SMALL);
    assert_eq!(proposal.choice, Choice::Number { scale: 8 });
    assert_eq!(proposal.largest_scale, Some(8));
    assert_eq!(
        proposal.explanation,
        "Encrypted with 8 of 10 decimals: each cell is rounded by at most 0.000000005."
    );
}

#[test]
fn more_blocks_leave_less_room() {
    let cells = ["123456789.0123456789"];
    let largest = |block_count| proposal(&cells, Room { block_count, slot_count: 46 }).largest_scale;
    assert_eq!(largest(64), Some(8));
    assert_eq!(largest(65), Some(6), "2^48 is 2.8e14");
    assert_eq!(largest(1 << 14), Some(6));
    assert_eq!(largest((1 << 14) + 1), Some(3), "2^40 is 1.1e12");
    assert_eq!(largest((1 << 22) + 1), Some(1), "2^32 is 4.3e9");
    assert_eq!(largest((1 << 30) + 1), None, "2^24 is below 123456789");
    assert_eq!(largest((1 << 54) + 1), None);
}

#[test]
fn numbers_too_large_for_so_many_rows_stay_in_the_sealed_original() {
    let room = Room { block_count: 65, slot_count: 46 };
    let too_many = proposal(&["1", "-1000000000000000", "3"], room);
    assert_eq!(too_many.choice, Choice::SealedOriginalOnly);
    assert_eq!(
        too_many.explanation,
        "These numbers are too large to be added exactly: the largest, at row 2 (line 3), can be added over at most \
         2,944 rows, fewer than here. If that cell is wrong, correct it; otherwise write the column in a larger unit, \
         such as thousands, and choose the file again."
    );
    let beyond = proposal(&["1", "2", "99999999999999999999", "3"], SMALL);
    assert_eq!((beyond.choice, beyond.largest_scale), (Choice::SealedOriginalOnly, None));
    assert_eq!(
        beyond.explanation,
        "These numbers are too large to be added exactly: the largest, at row 3 (line 4), is beyond \
         72,057,594,037,927,936, the most that can be encrypted. If that cell is wrong, correct it; otherwise write \
         the column in a larger unit, such as thousands, and choose the file again."
    );
}

#[test]
fn tiny_numbers_are_proposed_with_all_their_decimals() {
    let proposal = proposal(&["1.5e-45", "-2e-44"], SMALL);
    assert_eq!(proposal.choice, Choice::Number { scale: 46 });
    let encoding = checked(&["1.5e-45", "-2e-44"], 46, SMALL).unwrap();
    assert_eq!((encoding.largest_magnitude, encoding.bound_bits, encoding.rounded), (200, 8, false));
}

#[test]
fn bound_classes_hold_the_largest_magnitude() {
    for (cell, bits) in [
        ("0", 8),
        ("255", 8),
        ("256", 16),
        ("-65535", 16),
        ("65536", 24),
        ("16777216", 32),
        ("4294967296", 40),
        ("1099511627776", 48),
        ("281474976710656", 56),
        ("72057594037927935", 56),
    ] {
        let encoding = checked(&[cell], 0, Room { block_count: 1, slot_count: 46 }).unwrap();
        assert_eq!(encoding.bound_bits, bits, "{cell}");
        let magnitude = cell.trim_start_matches('-');
        assert_eq!(encoding.largest_magnitude.to_string(), magnitude);
    }
}

#[test]
fn refuses_a_scale_that_does_not_fit_and_names_the_largest() {
    let error = checked(&["123456789.0123456789"], 9, SMALL).unwrap_err();
    assert_eq!(error, TreatError::ScaleTooLarge { name: "x".to_owned(), scale: 9, largest_scale: 8 });
    assert_eq!(
        error.to_string(),
        "Column \"x\" does not fit with 9 decimals. Choose at most 8: each cell is then rounded by at most \
         0.000000005."
    );
    assert!(checked(&["1"], u32::MAX, SMALL).is_err());
    assert!(checked(&["0"], 18, SMALL).is_ok());
    assert_eq!(
        checked(&["0"], 19, SMALL).unwrap_err(),
        TreatError::ScaleTooLarge { name: "x".to_owned(), scale: 19, largest_scale: 18 }
    );
}

#[test]
fn refuses_numbers_too_large_for_the_table_and_names_the_largest_table() {
    let error = checked(&["1000000000000000"], 0, Room { block_count: 65, slot_count: 46 }).unwrap_err();
    assert_eq!(
        error,
        TreatError::TooManyRows { name: "x".to_owned(), row_count: 1, largest_row_count: 64 * 46 }
    );
    assert!(error.to_string().contains("at most 2,944 rows, and this one has 1 row"), "{error}");
    assert!(checked(&["1000000000000000"], 0, Room { block_count: 64, slot_count: 46 }).is_ok());
    let error = checked(&["72057594037927936"], 0, SMALL).unwrap_err();
    assert_eq!(error, TreatError::TooLarge { name: "x".to_owned() });
    assert_eq!(checked(&["-1e30"], 0, SMALL).unwrap_err(), TreatError::TooLarge { name: "x".to_owned() });
}

#[test]
fn refuses_to_encrypt_text_and_blanks_as_numbers() {
    let error = checked(&["1", "2", "secret"], 0, SMALL).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Column \"x\" cannot be encrypted as a number: 1 cell is no number, the first at row 3 (line 4). Keep it in \
         the sealed original, drop it, or correct the file."
    );
    assert_eq!(checked(&["", ""], 0, SMALL).unwrap_err(), TreatError::Blank { name: "x".to_owned() });
}

#[test]
fn refuses_choices_for_another_number_of_columns() {
    let error = check(&profiled(&["1"]), &[Choice::Drop, Choice::Drop], SMALL).unwrap_err();
    assert_eq!(error, TreatError::ChoiceCount { expected: 1, actual: 2 });
}

#[test]
fn columns_that_are_not_numbers_by_choice_are_not_encoded() {
    let profile = profiled(&["1"]);
    for choice in [Choice::Drop, Choice::SealedOriginalOnly] {
        assert!(check(&profile, &[choice], SMALL).unwrap().is_empty());
    }
}

#[test]
fn blanks_are_absent_and_not_zero() {
    let encoding = checked(&["1.5", "", "0"], 1, SMALL).unwrap();
    assert!(encoding.needs_presence());
    assert_eq!(encoded(&["1.5", "", "0"], &encoding).unwrap(), [(15, true), (0, false), (0, true)]);
    assert!(!checked(&["1.5"], 1, SMALL).unwrap().needs_presence());
}

#[test]
fn a_coarser_scale_rounds_half_to_even_as_the_owner_chose() {
    let cells = ["0.25", "0.35", "-0.25", "1"];
    let encoding = checked(&cells, 1, SMALL).unwrap();
    assert_eq!(encoding.rounding_error().unwrap().to_string(), "0.05");
    let values: Vec<i64> = encoded(&cells, &encoding).unwrap().into_iter().map(|(value, _)| value).collect();
    assert_eq!(values, [2, 4, -2, 10]);
    assert_eq!(
        describe(&profiled(&cells).columns[0], Choice::Number { scale: 1 }),
        "Encrypted with 1 of 2 decimals: each cell is rounded by at most 0.05."
    );
    assert_eq!(checked(&cells, 2, SMALL).unwrap().rounding_error(), None);
}

#[test]
fn a_file_that_changed_after_its_profile_is_refused_by_row_and_column() {
    let encoding = checked(&["1.5", "-3"], 1, SMALL).unwrap();
    let refusal = |cell: &str| encoded(&["1", cell], &encoding).unwrap_err().to_string();
    assert_eq!(
        refusal("3.1"),
        "Column \"x\" of row 2 (line 3) is beyond the largest number of that column. The file has changed since it \
         was read: choose it again."
    );
    assert!(refusal("1e30").starts_with("Column \"x\" of row 2 (line 3) is beyond the largest number"));
    assert!(refusal("").starts_with("Column \"x\" of row 2 (line 3) is blank."));
    assert!(
        refusal("1.25")
            .starts_with("Column \"x\" of row 2 (line 3) has 2 decimals where the column has at most 1.")
    );
    assert!(refusal("N/A").starts_with("Column \"x\" of row 2 (line 3) is not a number."));
    assert!(refusal("1,234.56").starts_with("Column \"x\" of row 2 (line 3) has separators"));
    assert!(!refusal("N/A").contains("N/A"));
}

#[test]
fn declared_words_for_missing_are_encoded_as_absent() {
    let words = ["n/a".to_owned()];
    let file = file(&["1", "N/A"]);
    let mut reader = CsvReader::new(file.as_bytes(), &Limits::default()).unwrap();
    let mut profile = profile(&mut reader, &words).unwrap();
    profile.columns.truncate(1);
    let encodings = check(&profile, &[Choice::Number { scale: 0 }], SMALL).unwrap();
    let encoder = RowEncoder::new(&encodings, &[], &words);
    let mut reader = CsvReader::new(file.as_bytes(), &Limits::default()).unwrap();
    let (mut row, mut encoded) = (Row::new(), EncodedRow::default());
    let mut present = Vec::new();
    while reader.next_row(&mut row).unwrap() {
        encoder.encode(&row, &mut encoded).unwrap();
        present.extend_from_slice(&encoded.present);
    }
    assert_eq!(present, [true, false]);
}

#[test]
fn rooms_round_up_to_whole_blocks() {
    assert_eq!(Room::for_rows(0, 46).block_count, 0);
    assert_eq!(Room::for_rows(46, 46).block_count, 1);
    assert_eq!(Room::for_rows(47, 46).block_count, 2);
    assert_eq!(Room::for_rows(20_000, 46).widest_bound_bits(), Some(48));
    assert_eq!(Room { block_count: 0, slot_count: 46 }.widest_bound_bits(), Some(56));
    assert_eq!(Room { block_count: u64::MAX, slot_count: 46 }.widest_bound_bits(), None);
}

#[test]
fn choices_and_encodings_go_through_json_and_stay_out_of_logs() {
    let encoding = checked(&["12345"], 0, SMALL).unwrap();
    let json = serde_json::to_string(&encoding).unwrap();
    assert_eq!(serde_json::from_str::<NumberEncoding>(&json).unwrap(), encoding);
    assert!(!format!("{encoding:?}").contains("12345"));
    assert_eq!(
        serde_json::to_string(&Choice::Number { scale: 2 }).unwrap(),
        r#"{"kind":"number","scale":2}"#
    );
    assert_eq!(
        serde_json::from_str::<Choice>(r#"{"kind":"sealed-original-only"}"#).unwrap(),
        Choice::SealedOriginalOnly
    );
    let proposal = proposal(&["1"], SMALL);
    let json = serde_json::to_string(&proposal).unwrap();
    assert_eq!(serde_json::from_str::<Proposal>(&json).unwrap(), proposal);
}

proptest! {
    /// What is proposed always passes the check, fits its bound in the sum, and errs by no more than is said.
    #[test]
    fn proposals_hold_what_they_promise(
        numbers in prop::collection::vec((any::<i64>(), 0..25_u32), 1..20),
        block_count in prop_oneof![1..100_u64, 1..(1_u64 << 40)],
    ) {
        let room = Room { block_count, slot_count: 46 };
        let cells: Vec<String> = numbers.iter().map(|(mantissa, scale)| format!("{mantissa}e-{scale}")).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let proposal = proposal(&cells, room);
        let Choice::Number { scale } = proposal.choice else {
            prop_assert!(checked(&cells, 0, room).is_err());
            return Ok(());
        };
        let largest = proposal.largest_scale.unwrap();
        prop_assert!(checked(&cells, largest, room).is_ok());
        prop_assert!(checked(&cells, largest + 1, room).is_err());
        let encoding = checked(&cells, scale, room).unwrap();
        prop_assert!(u128::from(block_count) << encoding.bound_bits <= 1 << 62);
        let mut largest_seen = 0;
        let values = encoded(&cells, &encoding).unwrap();
        for (cell, (value, is_present)) in cells.iter().zip(&values) {
            prop_assert!(is_present);
            let exact = Decimal::parse(cell).unwrap().unwrap();
            let unit = BigInt::from(10).pow(60 - scale);
            let error = BigInt::from(*value) * &unit
                - BigInt::from(exact.mantissa()) * BigInt::from(10).pow(60 - exact.scale());
            if encoding.rounded {
                prop_assert!(error.magnitude() * 2_u32 <= *unit.magnitude());
            } else {
                prop_assert_eq!(error, BigInt::ZERO);
            }
            largest_seen = largest_seen.max(value.unsigned_abs());
        }
        prop_assert_eq!(largest_seen, encoding.largest_magnitude);
        prop_assert!(largest_seen < 1 << encoding.bound_bits);
    }
}

/// Files full of numbers, of what looks like numbers, and of structure.
fn hostile_file() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![",", ";", "\n", "\r\n", "\"", "-", "N/A", "1e309", "1e-30", " ", "\u{a0}", "0", "1.5"])
            .prop_map(str::to_owned),
        1 => "[-+0-9.eE]{0,30}",
        1 => ".{0,5}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| format!("x,y\n{}", pieces.concat()))
}

proptest! {
    /// Whatever is in a file: what was profiled and accepted is encoded, and adds up to the profile's sum.
    #[test]
    fn both_passes_agree_on_any_file(file in hostile_file(), block_count in 1..(1_u64 << 60)) {
        let words = ["n/a".to_owned()];
        let options = Options { ragged_rows: RowPolicy::Skip, ..Options::default() };
        let open = || CsvReader::with_options(file.as_bytes(), &options);
        let Ok(profile) = open().and_then(|mut reader| profile(&mut reader, &words)) else { return Ok(()) };
        let room = Room { block_count, slot_count: 30 };
        let choices: Vec<Choice> = profile.columns.iter().map(|column| propose(column, room).choice).collect();
        let encodings = check(&profile, &choices, room).unwrap();
        let encoder = RowEncoder::new(&encodings, &[], &words);
        let (mut reader, mut row, mut encoded) = (open().unwrap(), Row::new(), EncodedRow::default());
        let mut totals = vec![(0_i128, 0_u64); encodings.len()];
        while reader.next_row(&mut row).unwrap() {
            encoder.encode(&row, &mut encoded).unwrap();
            for (at, (total, count)) in totals.iter_mut().enumerate() {
                *total += i128::from(encoded.values[at]);
                *count += u64::from(encoded.present[at]);
            }
        }
        for (encoding, (total, count)) in encodings.iter().zip(totals) {
            let column = &profile.columns[encoding.column];
            prop_assert_eq!(count, column.count);
            prop_assert_eq!(profile.row_count - count, encoding.missing_count);
            if !encoding.rounded {
                prop_assert_eq!(Some(Decimal::new(total, encoding.scale).to_string()), column.exact_sum.clone());
            }
        }
    }
}
