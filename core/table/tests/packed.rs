//! Formats told apart by content, and gzip around them.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use veilsum_table::csv::{ReadError, Row};
use veilsum_table::read::{Format, Options, TableReader, detect};
use veilsum_table::unpack::{Limits, UnpackError};

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn load(file: impl Read, options: &Options) -> Result<Vec<Vec<String>>, ReadError> {
    let mut reader = TableReader::new(file, options)?;
    let (mut row, mut rows) = (Row::new(), vec![reader.header().to_vec()]);
    while reader.next_row(&mut row)? {
        rows.push(row.cells().map(str::to_owned).collect());
    }
    Ok(rows)
}

fn error(file: &[u8]) -> UnpackError {
    let error = load(file, &Options::default()).unwrap_err();
    let ReadError::Unpack(error) = error else { panic!("{error}") };
    error
}

#[test]
fn formats_show_in_their_first_bytes() {
    for (head, format) in [
        (&b"a,b\n1,2\n"[..], Format::Csv),
        (b"", Format::Csv),
        (b"[a],[b]\n1,2\n", Format::Csv),
        (b"{a},b\n", Format::Csv),
        (b"\"[1]\",2\n", Format::Csv),
        (b"[{\"a\":1}]", Format::Json),
        (b"\xef\xbb\xbf \n[\n[1,2]]", Format::Json),
        (b"{\"a\":1}\n", Format::Json),
        (b"[1,2]\n[3,4]\n", Format::Json),
        (b"[]", Format::Json),
        (b"PAR1\x15\x04", Format::Parquet),
        (b"PAR1,x\n", Format::Csv),
    ] {
        assert_eq!(detect(head).value, format, "{:?}", String::from_utf8_lossy(head));
    }
    assert_eq!(detect(b"[{").reason, "the file starts with a JSON list");
}

#[test]
fn packed_files_give_the_same_rows() {
    let csv = b"a,b\n1,x\n2,y\n";
    let expected = load(&csv[..], &Options::default()).unwrap();
    let json = br#"[{"a":1,"b":"x"},{"a":2,"b":"y"}]"#;
    // Two members one behind the other are one file.
    let two = [packed(&csv[..5]), packed(&csv[5..])].concat();
    for file in [packed(csv), packed(json), json.to_vec(), two] {
        assert_eq!(load(&file[..], &Options::default()).unwrap(), expected);
    }
    let file = packed(csv);
    let mut reader = TableReader::new(&file[..], &Options::default()).unwrap();
    assert!(reader.is_gzip() && reader.format().value == Format::Csv);
    while reader.next_row(&mut Row::new()).unwrap() {}
    assert_eq!(reader.byte_position(), file.len() as u64);
}

#[test]
fn a_parquet_file_is_named() {
    for file in [b"PAR1\x15\x04\x15".to_vec(), packed(b"PAR1\x15\x04\x15")] {
        let error = load(&file[..], &Options::default()).unwrap_err();
        assert!(error.to_string().contains("a Parquet file"), "{error}");
    }
}

#[test]
fn a_file_that_is_cut_off_is_said_to_be() {
    let rows: String = (0..20_000).map(|row| format!("{row},{}\n", row * 7 % 1_013)).collect();
    let file = packed(format!("a,b\n{rows}").as_bytes());
    for length in [file.len() - 1, file.len() - 8, file.len() / 2, 20, 11, 5, 2] {
        assert_eq!(error(&file[..length]), UnpackError::CutOff { byte: length as u64 }, "{length}");
    }
    assert_eq!(
        error(&file[..20]).to_string(),
        "The gzip file is cut off: it ends at byte 20 in the middle of its content. Copy or download it again."
    );
}

#[test]
fn a_damaged_file_is_said_to_be() {
    let mut file = packed(b"a,b\n1,2\n");
    let crc = file.len() - 6;
    file[crc] ^= 1;
    assert!(matches!(error(&file), UnpackError::Damaged { .. }));
    let trailing = [packed(b"a,b\n1,2\n"), b"garbage behind it".to_vec()].concat();
    assert!(matches!(error(&trailing), UnpackError::Damaged { .. }));
}

#[test]
fn bombs_are_not_unpacked() {
    let bomb = packed(&vec![b'\n'; 40 << 20]);
    let error = error(&bomb);
    assert!(matches!(error, UnpackError::Bomb { ratio: 200, .. }), "{error}");
    let limits = Limits { max_unpacked_bytes: 100_000, ..Limits::default() };
    let options = Options { unpack_limits: limits, ..Options::default() };
    let rows: String = (0..40_000).map(|row| format!("{row},{row}\n")).collect();
    let error = load(&packed(rows.as_bytes())[..], &options).unwrap_err();
    assert!(matches!(error, ReadError::Unpack(UnpackError::TooLarge { maximum: 100_000 })), "{error}");
}

/// A file that is removed while it is read.
struct Removed<'f>(&'f [u8]);

impl Read for Removed<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(std::io::Error::other("gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_file_that_is_removed_while_it_is_read_is_said_to_be() {
    let rows: String = (0..40_000).map(|row| format!("{row},{}\n", row * 7 % 1_013)).collect();
    let csv = format!("a,b\n{rows}");
    let json: String = (0..20_000).map(|row| format!("{{\"a\":{row}}}\n")).collect();
    for file in [csv.clone().into_bytes(), json.into_bytes(), packed(csv.as_bytes())] {
        let error = load(Removed(&file[..file.len() / 2]), &Options::default()).unwrap_err();
        assert!(matches!(error, ReadError::Io { .. }), "{error}");
        assert!(error.to_string().contains("changed, moved or removed"), "{error}");
    }
}

proptest! {
    #[test]
    fn flipped_bits_never_panic_and_never_shorten_in_silence(at in 0_usize..200, bit in 0..8) {
        let rows: String = (0..50).map(|row| format!("{row},{}\n", row * 7 % 13)).collect();
        let content = format!("a,b\n{rows}");
        let mut file = packed(content.as_bytes());
        let at = at % file.len();
        file[at] ^= 1_u8 << bit;
        // The check sum covers the content; the header's time and the padding behind the last block do not matter.
        if let Ok(rows) = load(&file[..], &Options::default()) {
            prop_assert_eq!(rows, load(content.as_bytes(), &Options::default()).unwrap());
        }
    }

    #[test]
    fn bytes_behind_the_magic_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = load(&[&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], &bytes].concat()[..], &Options::default());
        let _ = load(&bytes[..], &Options::default());
    }
}
