//! Every bad file of the corpus meets its own sentence. The files are made by `corpus/make.py`.

#![expect(clippy::disallowed_methods, reason = "tests read files")]

use std::collections::BTreeMap;
use std::path::Path;

use veilsum_table::csv::{ReadError, Row, RowPolicy};
use veilsum_table::profile::Profiler;
use veilsum_table::read::{Options, TableReader};
use veilsum_table::survey::Surveyor;
use veilsum_table::types::{ColumnType, Converter};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))
}

/// All that is done with a file before anything of it is encrypted.
fn load(file: &[u8], options: &Options) -> Result<(), ReadError> {
    let mut reader = TableReader::new(file, options)?;
    let types: Vec<ColumnType> = reader.types().iter().map(|found| found.value.clone()).collect();
    let converter = Converter::new(&types);
    let mut profiler = Profiler::new(reader.header(), &[]);
    let mut surveyor = Surveyor::new(reader.header(), &[]);
    let (mut row, mut room) = (Row::new(), Row::new());
    while reader.next_row(&mut row)? {
        let read = converter.convert(&row, &mut room);
        profiler.push(read);
        surveyor.push(&row, read);
    }
    let _ = surveyor.finish();
    profiler.finish(reader.skipped()).map(|_| ())
}

#[test]
fn every_bad_file_meets_its_sentence() {
    let index = std::fs::read(folder().join("index.json")).unwrap();
    let index: BTreeMap<String, String> = serde_json::from_slice(&index).unwrap();
    assert!(index.len() >= 50);
    let mut wrong = Vec::new();
    for (name, expected) in &index {
        let file = std::fs::read(folder().join(name)).unwrap();
        match load(&file, &Options::default()) {
            Ok(()) => wrong.push(format!("{name} was read")),
            Err(error) if error.to_string().contains(expected) => {}
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
        // Skipping bad rows may let a file through, and never panics.
        let _ = load(&file, &Options { bad_rows: RowPolicy::Skip, ..Options::default() });
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_part_of_a_bad_file_panics() {
    let index = std::fs::read(folder().join("index.json")).unwrap();
    let index: BTreeMap<String, String> = serde_json::from_slice(&index).unwrap();
    for name in index.keys() {
        let file = std::fs::read(folder().join(name)).unwrap();
        for end in (0..file.len().min(120)).step_by(5) {
            let _ = load(&file[..end], &Options::default());
            let _ = load(&file[end..], &Options { bad_rows: RowPolicy::Skip, ..Options::default() });
        }
    }
}
