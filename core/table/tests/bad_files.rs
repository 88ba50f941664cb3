//! Every bad CSV file of the quality list meets its own error, which says where and what to do.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::io::{self, Read};

use veilsum_table::csv::{CsvReader, FileFormat, Limits, Options, ReadError, Row, RowPolicy};
use veilsum_table::profile::{Kind, Profile, profile};

fn open(file: &[u8]) -> Result<CsvReader<&[u8]>, ReadError> {
    CsvReader::new(file, &Limits::default())
}

fn load(file: impl Read, options: &Options) -> Result<Profile, ReadError> {
    profile(&mut CsvReader::with_options(file, options)?, &[])
}

fn error(file: impl AsRef<[u8]>) -> ReadError {
    load(file.as_ref(), &Options::default()).unwrap_err()
}

#[test]
fn empty_file() {
    for file in ["", "\u{feff}", "\n\n\r\n"] {
        assert!(matches!(error(file), ReadError::Empty), "{file:?}");
    }
    assert_eq!(
        error("").to_string(),
        "The file is empty. Choose a CSV file with a header and at least one row."
    );
}

#[test]
fn header_only() {
    for file in ["a,b", "a,b\n", "a,b\r\n\r\n"] {
        assert!(matches!(error(file), ReadError::HeaderOnly { skipped_row_count: 0 }), "{file:?}");
    }
    assert_eq!(
        error("a,b\n").to_string(),
        "The file has a header and no rows. Add at least one row below the header and choose it again."
    );
}

#[test]
fn no_row_is_usable() {
    let options = Options { ragged_rows: RowPolicy::Skip, ..Options::default() };
    let error = load(&b"a,b\n1\n1,2,3\n"[..], &options).unwrap_err();
    assert!(matches!(error, ReadError::HeaderOnly { skipped_row_count: 2 }));
    assert_eq!(
        error.to_string(),
        "No row of the file can be used: each of its 2 rows has more or fewer cells than the header, or another \
         fault. Check the header and the delimiter, and choose the file again."
    );
}

#[test]
fn ragged_row() {
    let short = error("a,b,c\n1,2,3\n\n4,5\n");
    assert!(matches!(short, ReadError::Ragged { row: 2, line: 4, last_line: 4, expected: 3, actual: 2 }));
    assert_eq!(
        short.to_string(),
        "The table is ragged: row 2 (line 4) has 2 cells and the table has 3 columns, so column 3 is missing. \
         Correct the row, or choose to skip such rows."
    );
    let long = error("a\r\n1\r\n2,secret,3\r\n");
    assert!(matches!(long, ReadError::Ragged { row: 2, line: 3, expected: 1, actual: 3, .. }));
    assert!(
        long.to_string().contains("row 2 (line 3) has 3 cells and the table has 1 column, so cell 2 has no")
    );
    assert!(!long.to_string().contains("secret"));
}

#[test]
fn ragged_row_because_of_a_stray_quotation_mark_says_where_it_ends() {
    let error = error("a,b\n1,\"2\n3,4\n5,\",6\n");
    assert!(matches!(error, ReadError::Ragged { row: 1, line: 2, last_line: 4, .. }), "{error:?}");
    assert!(error.to_string().contains("It runs to line 4: look for a quotation mark without its partner."));
}

#[test]
fn a_stray_quotation_mark_does_not_join_rows_in_silence() {
    // Read leniently this is one row of two cells, and rows 2 and 3 are gone.
    let error = error("a,b\n1,\"2\n3,4\n5,\"6\"\n");
    assert!(matches!(error, ReadError::TextAfterQuote { row: 1, line: 2, column: 2 }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "Column 2 of row 1 (line 2) has text behind a closing quotation mark. A mark before it may be without its \
         partner, or marks inside the cell must be doubled. Correct the row and choose the file again."
    );
}

#[test]
fn skipped_rows_are_counted_and_the_first_thousand_named() {
    let mut file = "a,b\n".to_owned();
    for _ in 0..1_200 {
        file.push_str("1,2\n1\n\n");
    }
    let options = Options { ragged_rows: RowPolicy::Skip, ..Options::default() };
    let profile = load(file.as_bytes(), &options).unwrap();
    assert_eq!(profile.row_count, 1_200);
    assert_eq!(profile.skipped.row_count, 1_200);
    assert_eq!(profile.skipped.blank_line_count, 1_200);
    assert_eq!(profile.skipped.first_rows.len(), 1_000);
    assert_eq!(profile.skipped.first_rows[1].to_string(), "row 4 (line 6): 1 cell instead of 2");
}

#[test]
fn invalid_utf8() {
    let error = error(b"a,b\n1,2\n3,caf\xe9\n");
    assert!(matches!(error, ReadError::InvalidUtf8 { row: 2, line: 3, column: 2 }));
    assert_eq!(
        error.to_string(),
        "The file is not UTF-8 text: column 2 of row 2 (line 3) holds other bytes. Save the file again as \"CSV \
         UTF-8\" and choose it once more."
    );
    let header = open(b"a,caf\xe9\n1,2\n").unwrap_err();
    assert!(matches!(header, ReadError::InvalidUtf8 { row: 0, line: 1, column: 2 }));
    assert!(header.to_string().contains("column 2 of the header (line 1)"));
}

#[test]
fn utf16_with_and_without_mark() {
    let utf16 = |text: &str, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    };
    for file in [
        utf16("\u{feff}a,b\n1,2\n", u16::to_le_bytes),
        utf16("\u{feff}a,b\n1,2\n", u16::to_be_bytes),
        utf16("a,b\n1,2\n", u16::to_le_bytes),
        utf16("a,b\n1,2\n", u16::to_be_bytes),
    ] {
        assert!(matches!(error(file), ReadError::Utf16));
    }
}

#[test]
fn byte_order_mark_is_no_part_of_the_first_name() {
    let reader = open("\u{feff}a,b\n1,2\n".as_bytes()).unwrap();
    assert_eq!(reader.header(), ["a", "b"]);
    let twice = open("\u{feff}\u{feff}a,b\n1,2\n".as_bytes()).unwrap();
    assert_eq!(twice.header(), ["a", "b"]);
    let quoted = open("\u{feff}\"a\",b\n1,2\n".as_bytes()).unwrap();
    assert_eq!(quoted.header(), ["a", "b"]);
}

#[test]
fn other_kinds_of_file_are_named_with_the_next_step() {
    let files: [(&[u8], FileFormat); 15] = [
        (b"PK\x03\x04\x14\0\x08\0data.csv", FileFormat::Zip),
        (b"PK\x05\x06\0\0", FileFormat::Zip),
        (b"PK\x03\x04\x14\0\x06\0....[Content_Types].xml", FileFormat::Xlsx),
        (b"PK\x03\x04\x14\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet", FileFormat::Ods),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileFormat::Xls),
        (b"\x1f\x8b\x08\0", FileFormat::Gzip),
        (b"\xfd7zXZ\0\0", FileFormat::Compressed),
        (b"\x28\xb5\x2f\xfd\x04", FileFormat::Compressed),
        (b"PAR1\x15\x04", FileFormat::Parquet),
        (b"%PDF-1.7\n", FileFormat::Pdf),
        (b"SQLite format 3\0\x10\0", FileFormat::Sqlite),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", FileFormat::Png),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", FileFormat::Jpeg),
        (b"GIF89a\x01\0\x01\0", FileFormat::Picture),
        (b"RIFF\x24\0\0\0WEBPVP8 ", FileFormat::Picture),
    ];
    for (file, expected) in files {
        let error = error(file);
        assert!(matches!(error, ReadError::NotText { format } if format == expected), "{error}");
    }
    assert_eq!(
        error(b"\x1f\x8b\x08\0").to_string(),
        "The file is not CSV text but a gzip file. Unpack it and choose the CSV file inside."
    );
    assert_eq!(
        error(b"\x89PNG\r\n\x1a\n").to_string(),
        "The file is not CSV text but a PNG picture. Choose the CSV file that it was made from, or export the table as \
         \"CSV UTF-8\"."
    );
    assert_eq!(
        error(b"PAR1\x15\x04").to_string(),
        "The file is not CSV text but a Parquet file. Export the table as CSV and choose that file."
    );
}

#[test]
fn data_of_an_unknown_kind_are_no_text_in_another_encoding() {
    let mut state = 1_u32;
    let noise: Vec<u8> = (0..5_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect();
    let integers: Vec<u8> = (0..500_u32).flat_map(u32::to_le_bytes).collect();
    for file in [noise, integers, vec![0; 4_096]] {
        let error = error(file);
        assert!(matches!(error, ReadError::Binary), "{error:?}");
        assert!(error.to_string().starts_with("The file is not text but binary data"), "{error}");
    }
    // A lone control character is no reason to refuse a text, and Latin-1 is text.
    assert_eq!(load(&b"a,b\n1,\x1f\n2,\0\n"[..], &Options::default()).unwrap().row_count, 2);
}

#[test]
fn text_that_only_begins_like_another_format_is_read() {
    for header in ["PK,b", "PAR1,PAR2", "BZh,b", "SQLite,b", "GIF89a,b", "RIFF,b"] {
        let file = format!("{header}\n1,2\n");
        assert_eq!(open(file.as_bytes()).unwrap().header().join(","), header);
    }
}

#[test]
fn ten_thousand_columns() {
    let header = vec!["x"; 10_000].join(",");
    let error = error(format!("{header}\n"));
    assert!(matches!(error, ReadError::TooManyColumns { actual: 10_000, maximum: 2_000 }));
    assert_eq!(
        error.to_string(),
        "The header has 10,000 columns and at most 2,000 can be read. Remove columns that are not needed, or split \
         the file."
    );
    let most = vec!["x"; 2_000].join(",");
    assert_eq!(open(format!("{most}\n").as_bytes()).unwrap().header().len(), 2_000);
}

/// Counts what is taken from a reader.
struct Counted<R> {
    reader: R,
    taken: usize,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        self.taken += read;
        Ok(read)
    }
}

#[test]
fn a_line_of_a_gibibyte_costs_a_mebibyte() {
    let limits = Limits::default();
    let mut endless = Counted { reader: io::repeat(b'x').take(1 << 30), taken: 0 };
    let error = CsvReader::new(&mut endless, &limits).unwrap_err();
    assert!(matches!(error, ReadError::RecordTooLong { row: 0, line: 1, maximum_bytes: 1_048_576 }));
    assert_eq!(
        error.to_string(),
        "The file has no end of line within 1,048,576 bytes of the start of the header (line 1). Check that it is a \
         CSV file with one row on each line."
    );
    assert!(endless.taken <= limits.max_record_bytes + (1 << 16), "{} bytes were read", endless.taken);

    let mut later = Counted { reader: b"a,b\n1,2\n".chain(io::repeat(b',').take(1 << 30)), taken: 0 };
    let error = load(&mut later, &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::RecordTooLong { row: 2, line: 3, .. }));
    assert!(later.taken <= limits.max_record_bytes + (1 << 16) + 8);
}

#[test]
fn a_row_may_be_as_long_as_the_limit_and_no_longer() {
    let limits = Limits { max_record_bytes: 8, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    assert_eq!(load(&b"a,b\n1234,678\n"[..], &options).unwrap().row_count, 1);
    assert_eq!(load(&b"a,b\n1234,678"[..], &options).unwrap().row_count, 1);
    for file in [&b"a,b\n1234,6789\n"[..], b"a,b\n1234,6789"] {
        let error = load(file, &options).unwrap_err();
        assert!(matches!(error, ReadError::RecordTooLong { row: 1, line: 2, maximum_bytes: 8 }));
    }
    let many_rows = format!("a,b\n{}", "1234,678\n".repeat(100));
    assert_eq!(load(many_rows.as_bytes(), &options).unwrap().row_count, 100);
    let many_blank_lines = format!("a,b\n{}1,2\n", "\n".repeat(100));
    assert_eq!(load(many_blank_lines.as_bytes(), &options).unwrap().row_count, 1);
}

#[test]
fn unclosed_quote_is_named_and_does_not_eat_the_file() {
    let at_end = error("a,b\n1,2\n3,\"4\n5,6\n");
    assert!(matches!(at_end, ReadError::UnclosedQuote { row: 2, line: 3, column: 2 }), "{at_end:?}");
    assert_eq!(
        at_end.to_string(),
        "A quotation mark opens column 2 of row 2 (line 3) and is never closed. Add the closing mark, or remove the \
         opening one, and choose the file again."
    );
    let mut endless = Counted { reader: b"a,b\n\"1,2\n".chain(io::repeat(b'\n').take(1 << 30)), taken: 0 };
    let error = load(&mut endless, &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::UnclosedQuote { row: 1, line: 2, column: 1 }));
    assert!(endless.taken <= (1 << 20) + (1 << 16) + 9);
    assert!(matches!(open(b"\"a,b\n1,2\n"), Err(ReadError::UnclosedQuote { row: 0, line: 1, column: 1 })));
}

#[test]
fn unclosed_quote_is_named_even_where_ragged_rows_are_skipped() {
    let options = Options { ragged_rows: RowPolicy::Skip, ..Options::default() };
    let error = load(&b"a,b\n1,2\n\"3,4\n5,6\n"[..], &options).unwrap_err();
    assert!(matches!(error, ReadError::UnclosedQuote { row: 2, line: 3, column: 1 }));
}

#[test]
fn quotes_that_are_no_fault_are_read() {
    let mut reader = open(b"a,b\n\"x, \"\"y\"\"\n\",5\" pipe\n\"\",\"last\"").unwrap();
    let mut row = Row::new();
    assert!(reader.next_row(&mut row).unwrap());
    assert_eq!(row.cells().collect::<Vec<_>>(), ["x, \"y\"\n", "5\" pipe"]);
    assert_eq!((row.place().row, row.place().line), (1, 2));
    assert!(reader.next_row(&mut row).unwrap());
    assert_eq!(row.cells().collect::<Vec<_>>(), ["", "last"]);
    assert_eq!((row.place().row, row.place().line), (2, 4));
    assert!(!reader.next_row(&mut row).unwrap());
}

#[test]
fn hostile_and_duplicate_names_stay_text() {
    let file = "__proto__,<img src=x onerror=alert(1)>,=cmd(),,__proto__,constructor\n1,2,3,4,5,6\n";
    let profile = load(file.as_bytes(), &Options::default()).unwrap();
    let names: Vec<&str> = profile.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names,
        ["__proto__", "<img src=x onerror=alert(1)>", "=cmd()", "column 4", "__proto__ (2)", "constructor"]
    );
    let json = serde_json::to_string(&profile).unwrap();
    let mut expected = profile;
    expected.columns.iter_mut().for_each(|column| column.categories = None);
    assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), expected);
}

#[test]
fn cells_that_are_no_numbers_make_text_and_blanks_are_no_zeros() {
    let column = |cells: &str| {
        let profile = load(format!("x,y\n{cells}").as_bytes(), &Options::default()).unwrap();
        profile.columns.into_iter().next().unwrap()
    };
    for cell in ["\"1,234.56\"", "1e309", "NaN", "inf", "N/A", "١"] {
        let column = column(&format!("1,a\n{cell},a\n"));
        assert_eq!(column.kind, Kind::Text, "{cell}");
        assert_eq!(column.exact_sum, None);
        assert_eq!(column.first_text.unwrap().to_string(), "row 2 (line 3)");
    }
    let zero = column("-0,a\n3,a\n");
    assert_eq!((zero.kind, zero.min.unwrap().to_string()), (Kind::Integer, "0".to_owned()));
    let blanks = column("2,a\n,a\n \u{a0},a\n4,a\n");
    assert_eq!((blanks.kind, blanks.count, blanks.missing), (Kind::Integer, 2, 2));
    assert_eq!(blanks.min.unwrap().to_string(), "2", "a blank is not 0");
    assert_eq!(blanks.exact_sum.as_deref(), Some("6"));
}

/// A file that disappears while it is read.
struct Vanishing<'a>(&'a [u8]);

impl Read for Vanishing<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::new(io::ErrorKind::NotFound, "gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_file_that_vanishes_is_no_shorter_file() {
    let error = load(Vanishing(b"a,b\n1,2\n"), &Options::default()).unwrap_err();
    assert!(matches!(error, ReadError::Io { byte: 8, .. }));
    let long = format!("a,b\n{}", "1,2\n".repeat(50_000));
    let error = load(Vanishing(long.as_bytes()), &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The file could not be read beyond byte 200,004: it may have been changed, moved or removed. Choose it \
         again."
    );
}

#[test]
fn after_an_error_there_is_no_more_to_read() {
    let mut reader = open(b"a,b\n1,2\n3\n4,5\n").unwrap();
    let mut row = Row::new();
    assert!(reader.next_row(&mut row).unwrap());
    assert!(matches!(reader.next_row(&mut row), Err(ReadError::Ragged { .. })));
    for _ in 0..3 {
        assert!(matches!(reader.next_row(&mut row), Err(ReadError::AfterError)));
    }
}

#[test]
fn what_is_debugged_holds_no_cells() {
    let file = "secretname,b\nsecretcell,12345\n";
    let mut reader = open(file.as_bytes()).unwrap();
    let mut row = Row::new();
    reader.next_row(&mut row).unwrap();
    let profile = load(file.as_bytes(), &Options::default()).unwrap();
    let debugged = format!("{reader:?} {row:?} {profile:?}");
    assert!(!debugged.contains("secret") && !debugged.contains("12345"), "{debugged}");
}
