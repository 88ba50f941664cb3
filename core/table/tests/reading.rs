//! The reader on good files: delimiters, lines, and independence of how the bytes arrive.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::io::{self, Read};

use proptest::prelude::*;
use veilsum_table::Place;
use veilsum_table::csv::{CsvReader, Delimiter, FirstRow, Limits, Options, ReadError, Row, RowPolicy};
use veilsum_table::csv_out::{CsvWriter, without_formula};

fn open(file: &str) -> CsvReader<&[u8]> {
    CsvReader::new(file.as_bytes(), &Limits::default()).unwrap()
}

/// Gives at most `piece` bytes at once, and is interrupted before each of them.
struct InPieces<'a> {
    bytes: &'a [u8],
    piece: usize,
    is_interrupted: bool,
}

impl Read for InPieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.is_interrupted = !self.is_interrupted;
        if self.is_interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = out.len().min(self.piece);
        self.bytes.read(&mut out[..length])
    }
}

/// All that a reader says of a file.
#[derive(Debug, PartialEq)]
struct Reading {
    header: Vec<String>,
    delimiter_reason: String,
    rows: Vec<(Place, Vec<String>, u64)>,
    skipped: String,
    error: Option<String>,
    /// Byte position at the end.
    end: u64,
}

fn read_all(bytes: &[u8], piece: usize, options: &Options) -> Result<Reading, ReadError> {
    let mut reader = CsvReader::with_options(InPieces { bytes, piece, is_interrupted: false }, options)?;
    let mut row = Row::new();
    let mut rows = Vec::new();
    let error = loop {
        match reader.next_row(&mut row) {
            Ok(true) => {
                rows.push((row.place(), row.cells().map(str::to_owned).collect(), reader.byte_position()));
            }
            Ok(false) => break None,
            Err(error) => break Some(error.to_string()),
        }
    };
    Ok(Reading {
        header: reader.header().to_vec(),
        delimiter_reason: reader.delimiter_reason().to_owned(),
        rows,
        skipped: format!("{:?}", reader.skipped()),
        error,
        end: reader.byte_position(),
    })
}

#[test]
fn finds_the_delimiter_and_says_why() {
    for (file, delimiter, reason) in [
        ("a,b\n1,2\n3,4\n", Delimiter::Comma, "comma: the header and the first 2 rows have 2 columns each"),
        (
            "a;b\n1,5;2,5\n",
            Delimiter::Semicolon,
            "semicolon: the header and the first row have 2 columns each",
        ),
        ("a\tb, c\n1\t2\n", Delimiter::Tab, "tab: the header and the first row have 2 columns each"),
        ("a|b|c\n1|2|3", Delimiter::Bar, "vertical bar: the header and the first row have 3 columns each"),
        (
            "a,b\n1,2\n3\n",
            Delimiter::Comma,
            "comma: the header has 2 columns, and so have 1 of the first 2 rows",
        ),
        ("1;2\n3;4\n", Delimiter::Semicolon, "semicolon: the first 2 rows have 2 columns each"),
        (
            "1,2\n3\n4,5\n",
            Delimiter::Comma,
            "comma: the first row has 2 columns, and so have 1 of the next 2",
        ),
        ("a,b\n", Delimiter::Comma, "comma: it makes 2 columns of the header"),
        ("a\n1\n", Delimiter::Comma, "no comma, semicolon, tab or vertical bar in the header: one column"),
        (
            "\"a;b\",c\n\"1;2\",3\n",
            Delimiter::Comma,
            "comma: the header and the first row have 2 columns each",
        ),
        (
            "a;b, gross\n1;2,5\n",
            Delimiter::Semicolon,
            "semicolon: the header and the first row have 2 columns each",
        ),
    ] {
        let reader = open(file);
        assert_eq!((reader.delimiter(), reader.delimiter_reason()), (delimiter, reason), "{file:?}");
    }
}

#[test]
fn the_owner_may_choose_the_delimiter() {
    let options = Options { delimiter: Some(Delimiter::Bar), ..Options::default() };
    let reader = CsvReader::with_options(&b"a,b|c\n1,2|3\n"[..], &options).unwrap();
    assert_eq!(reader.header(), ["a,b", "c"]);
    assert_eq!(reader.delimiter_reason(), "chosen by you: vertical bar");
}

#[test]
fn every_kind_of_line_end_counts_as_one_line() {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["a,b", "1,\"x", "y\"", "", "2,z", ""].join(end);
        let reading = read_all(file.as_bytes(), 3, &Options::default()).unwrap();
        let places: Vec<Place> = reading.rows.iter().map(|row| row.0).collect();
        assert_eq!(places, [Place::new(1, 2), Place::new(2, 5)], "{end:?}");
        assert_eq!(reading.rows[0].1, ["1".to_owned(), format!("x{end}y")]);
    }
}

#[test]
fn byte_position_is_where_the_row_ends() {
    let mut reader = open("\u{feff}a,b\n1,2\n3,4");
    let mut row = Row::new();
    assert_eq!(reader.byte_position(), 7);
    reader.next_row(&mut row).unwrap();
    assert_eq!(reader.byte_position(), 11);
    reader.next_row(&mut row).unwrap();
    assert_eq!(reader.byte_position(), 14);
}

#[test]
fn a_table_larger_than_every_buffer_reads_the_same_in_any_pieces() {
    let mut file = "id,text\n".to_owned();
    for number in 0..20_000 {
        file.push_str(&format!("{number},\"cell {number},\r\nwith a line\"\r\n"));
    }
    let whole = read_all(file.as_bytes(), usize::MAX, &Options::default()).unwrap();
    assert_eq!(whole.rows.len(), 20_000);
    assert_eq!(whole.error, None);
    assert_eq!(whole.rows[19_999].0, Place::new(20_000, 40_000));
    assert_eq!(whole.end, u64::try_from(file.len()).unwrap());
    for piece in [1, 7, 65_536] {
        assert!(read_all(file.as_bytes(), piece, &Options::default()).unwrap() == whole, "{piece}");
    }
}

#[test]
fn writes_the_kept_columns_anew() {
    let mut reader = open("a;b;c\n1;\"x;\"\"y\"\"\";=3\n,;;z\n4;5,5;6\n");
    let mut writer = CsvWriter::new(Vec::new(), reader.header(), &[true, true, false]).unwrap();
    let mut row = Row::new();
    while reader.next_row(&mut row).unwrap() {
        writer.write_row(&row).unwrap();
    }
    let written = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert_eq!(written, "a,b\n1,\"x;\"\"y\"\"\"\n\",\",\n4,\"5,5\"\n");
}

#[test]
fn writes_a_lone_blank_cell_so_that_its_row_is_not_lost() {
    let mut reader = open("a,b\n1,\n,\n");
    let mut writer = CsvWriter::new(Vec::new(), reader.header(), &[false, true]).unwrap();
    let mut row = Row::new();
    while reader.next_row(&mut row).unwrap() {
        writer.write_row(&row).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), b"b\n\"\"\n\"\"\n");
}

#[test]
fn writes_a_name_that_looks_like_a_byte_order_mark_so_that_it_stays_a_name() {
    let mut reader = open("\"\u{feff}\",b\n1,2\n");
    let mut writer = CsvWriter::new(Vec::new(), reader.header(), &[true, false]).unwrap();
    let mut row = Row::new();
    reader.next_row(&mut row).unwrap();
    writer.write_row(&row).unwrap();
    let written = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert_eq!(written, "\"\u{feff}\"\n1\n");
    assert_eq!(open(&written).header(), ["\u{feff}"]);
}

#[test]
fn writes_nothing_if_no_column_is_kept() {
    let reader = open("a,b\n1,2\n");
    let writer = CsvWriter::new(Vec::new(), reader.header(), &[false]).unwrap();
    assert!(writer.finish().unwrap().is_empty());
}

#[test]
fn takes_the_sting_out_of_formulas_and_leaves_numbers() {
    for formula in ["=cmd()", "+a", "-a", "@sum", "\t=1", "\r=1"] {
        assert_eq!(without_formula(formula), format!("'{formula}"));
    }
    for harmless in ["", "a=b", "-1.5", "+2e3", "<b>"] {
        assert_eq!(without_formula(harmless), harmless);
    }
}

/// Bytes that are likely to be structure.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let structure = prop::sample::select(vec![
        &b","[..],
        b";",
        b"\t",
        b"|",
        b"\"",
        b"\"\"",
        b"\n",
        b"\r",
        b"\r\n",
        b"a",
        b"1",
        b" ",
        b"\xff",
        b"\0",
        b"\xef\xbb\xbf",
        "é".as_bytes(),
        b"1,2\n",
    ]);
    prop_oneof![
        3 => prop::collection::vec(structure, 0..60).prop_map(|parts| parts.concat()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
}

fn any_options() -> impl Strategy<Value = Options> {
    let delimiter = prop::option::of(prop::sample::select(Delimiter::ALL.to_vec()));
    let policy = prop::sample::select(vec![RowPolicy::Reject, RowPolicy::Skip]);
    let first_row = prop::sample::select(vec![None, Some(FirstRow::Names), Some(FirstRow::Data)]);
    (delimiter, policy, first_row, prop::sample::select(vec![16_usize, 1 << 20])).prop_map(
        |(delimiter, ragged_rows, first_row, max_record_bytes)| Options {
            limits: Limits { max_record_bytes, ..Limits::default() },
            delimiter,
            ragged_rows,
            first_row,
            decimal_mark: None,
        },
    )
}

/// Leaves nothing to be found in the file.
fn comma_and_names() -> Options {
    Options { delimiter: Some(Delimiter::Comma), first_row: Some(FirstRow::Names), ..Options::default() }
}

/// A table as cells.
fn any_table() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = prop_oneof!["[a-z0-9.]{0,6}", "[\",;\t|\r\n a]{0,6}", ".{0,4}"];
    (1..5_usize).prop_flat_map(move |columns| {
        prop::collection::vec(prop::collection::vec(cell.clone(), columns), 2..12)
    })
}

/// Writes a table with every cell quoted, blank lines between and mixed line ends; also the line of each row.
fn written(table: &[Vec<String>], ends: &[&str]) -> (String, Vec<u64>) {
    let mut file = String::new();
    let mut starts = Vec::new();
    for (at, row) in table.iter().enumerate() {
        starts.push(file.len());
        let cells: Vec<String> =
            row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        file.push_str(&cells.join(","));
        file.push_str(ends[at % ends.len()]);
    }
    let lines = starts
        .into_iter()
        .map(|start| {
            let before = file[..start].replace("\r\n", "\n");
            1 + u64::try_from(before.matches(['\r', '\n']).count()).unwrap()
        })
        .collect();
    (file, lines)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_never_panic_and_read_the_same_in_any_pieces(
        bytes in hostile_bytes(),
        options in any_options(),
        piece in 1..5_usize,
    ) {
        let whole = read_all(&bytes, usize::MAX, &options);
        let in_pieces = read_all(&bytes, piece, &options);
        match (whole, in_pieces) {
            (Ok(whole), Ok(in_pieces)) => prop_assert_eq!(whole, in_pieces),
            (Err(whole), Err(in_pieces)) => prop_assert_eq!(whole.to_string(), in_pieces.to_string()),
            (whole, in_pieces) => prop_assert!(false, "{:?} is not {:?}", whole, in_pieces),
        }
    }

    /// What is read without an error is what crate `csv` reads, so that the gate's idea of a row is that of `csv`.
    #[test]
    fn agrees_with_crate_csv_on_every_file_that_it_reads(bytes in hostile_bytes(), piece in 1..5_usize) {
        let options = Options { ragged_rows: RowPolicy::Skip, ..comma_and_names() };
        let Ok(reading) = read_all(&bytes, piece, &options) else { return Ok(()) };
        if reading.error.is_some() {
            return Ok(());
        }
        let mut text = &bytes[..];
        while let Some(rest) = text.strip_prefix(b"\xef\xbb\xbf") {
            text = rest;
        }
        let mut reference = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        // What is not UTF-8 is skipped here too.
        let records: Vec<csv::StringRecord> = reference.records().map(Result::unwrap_or_default).collect();
        let width = records[0].len();
        let expected: Vec<(u64, Vec<String>)> = (0..)
            .zip(&records)
            .skip(1)
            .filter(|(_, record)| record.len() == width)
            .map(|(at, record)| (at, record.iter().map(str::to_owned).collect()))
            .collect();
        let actual: Vec<(u64, Vec<String>)> =
            reading.rows.into_iter().map(|(place, cells, _)| (place.row, cells)).collect();
        prop_assert_eq!(actual, expected);
    }

    #[test]
    fn reads_back_every_table_with_rows_and_lines(
        table in any_table(),
        ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\n\r\n"]), 1..4),
        piece in 1..9_usize,
    ) {
        let (file, lines) = written(&table, &ends);
        let options = comma_and_names();
        let reading = read_all(file.as_bytes(), piece, &options).unwrap();
        prop_assert_eq!(reading.error, None);
        let expected: Vec<(Place, Vec<String>)> = (0..)
            .zip(table.iter().zip(lines))
            .skip(1)
            .map(|(row, (cells, line))| (Place::new(row, line), cells.clone()))
            .collect();
        let actual: Vec<(Place, Vec<String>)> =
            reading.rows.into_iter().map(|(place, cells, _)| (place, cells)).collect();
        prop_assert_eq!(actual, expected);
    }

    #[test]
    fn what_is_written_anew_reads_the_same(table in any_table(), keep in prop::collection::vec(any::<bool>(), 4)) {
        let (file, _) = written(&table, &["\n"]);
        let options = comma_and_names();
        let mut reader = CsvReader::with_options(file.as_bytes(), &options).unwrap();
        let mut writer = CsvWriter::new(Vec::new(), reader.header(), &keep).unwrap();
        let mut row = Row::new();
        let mut expected: Vec<Vec<String>> = Vec::new();
        while reader.next_row(&mut row).unwrap() {
            writer.write_row(&row).unwrap();
            expected.push(row.cells().zip(&keep).filter(|(_, keep)| **keep).map(|(cell, _)| cell.to_owned()).collect());
        }
        let bytes = writer.finish().unwrap();
        if bytes.is_empty() {
            prop_assert!(!keep[..reader.header().len()].contains(&true));
            return Ok(());
        }
        let reading = read_all(&bytes, 3, &options).unwrap();
        prop_assert_eq!(reading.error, None);
        let actual: Vec<Vec<String>> = reading.rows.into_iter().map(|(_, cells, _)| cells).collect();
        prop_assert_eq!(actual, expected);
    }
}
