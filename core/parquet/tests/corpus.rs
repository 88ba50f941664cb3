//! Every bad file of the corpus meets its own sentence. The files are made by `make.py` beside the corpus of
//! `veilsum-table`.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::collections::BTreeMap;
use std::path::Path;

use veilsum_parquet::{Options, ParquetReader, ReadError};
use veilsum_table::Row;

fn load(file: &[u8]) -> Result<(), ReadError> {
    let mut reader = ParquetReader::new(file, &Options::default())?;
    let mut row = Row::new();
    while reader.next_row(&mut row)? {}
    Ok(())
}

#[test]
fn every_bad_file_meets_its_sentence() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"));
    let index = std::fs::read(folder.join("index.json")).unwrap();
    let index: BTreeMap<String, String> = serde_json::from_slice(&index).unwrap();
    assert!(index.len() >= 20);
    let mut wrong = Vec::new();
    for (name, expected) in &index {
        match load(&std::fs::read(folder.join(name)).unwrap()) {
            Ok(()) => wrong.push(format!("{name} was read")),
            Err(error) if error.to_string().contains(expected) => {}
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
