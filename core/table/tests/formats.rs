//! The golden tables are the same in every format, and the preset knows the one that it is for.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use veilsum_table::csv::Row;
use veilsum_table::preset;
use veilsum_table::profile::{Kind, Profile, Profiler};
use veilsum_table::read::{Format, Options, TableReader};
use veilsum_table::treat::{Choice, Room};
use veilsum_table::types::{ColumnType, Converter};

macro_rules! fixtures {
    ($($name:literal),*) => {
        [$(($name, &include_bytes!(concat!("fixtures/", $name))[..])),*]
    };
}

/// All cells and the profile of what they become.
fn load(file: &[u8], types: Option<&[ColumnType]>) -> (Vec<Vec<String>>, Profile, Format) {
    let mut reader = TableReader::new(file, &Options::default()).unwrap();
    let found: Vec<ColumnType> = reader.types().iter().map(|found| found.value.clone()).collect();
    let converter = Converter::new(types.unwrap_or(&found));
    let mut profiler = Profiler::new(reader.header(), &[]);
    let (mut row, mut room, mut rows) = (Row::new(), Row::new(), vec![reader.header().to_vec()]);
    while reader.next_row(&mut row).unwrap() {
        rows.push(row.cells().map(str::to_owned).collect());
        profiler.push(converter.convert(&row, &mut room));
    }
    let format = reader.format().value;
    (rows, profiler.finish(reader.skipped()).unwrap(), format)
}

#[test]
fn every_format_gives_the_same_cells() {
    let diabetes = fixtures!(
        "diabetes.csv",
        "formats/diabetes.csv.gz",
        "formats/diabetes.json",
        "formats/diabetes.json.gz",
        "formats/diabetes.lists.json",
        "formats/diabetes.ndjson",
        "formats/diabetes.ndjson.gz"
    );
    let pancreatitis = fixtures!(
        "pancreatitis.csv",
        "formats/pancreatitis.csv.gz",
        "formats/pancreatitis.json",
        "formats/pancreatitis.json.gz",
        "formats/pancreatitis.lists.json",
        "formats/pancreatitis.ndjson",
        "formats/pancreatitis.ndjson.gz"
    );
    for files in [diabetes, pancreatitis] {
        let (expected, expected_profile, _) = load(files[0].1, None);
        for (name, file) in files {
            let (rows, profile, format) = load(file, None);
            assert_eq!(format == Format::Csv, name.contains(".csv"), "{name}");
            // Digit by digit, also where a float would be the same: `59.0`.
            assert_eq!(rows, expected, "{name}");
            let sums = |profile: &Profile| {
                profile.columns.iter().map(|column| column.exact_sum.clone()).collect::<Vec<_>>()
            };
            assert_eq!(sums(&profile), sums(&expected_profile), "{name}");
        }
    }
}

#[test]
fn the_pancreatitis_table_has_a_preset() {
    let file = include_bytes!("fixtures/pancreatitis.csv");
    let header: Vec<String> = load(file, None).0.remove(0);
    let preset = preset::find(&header).unwrap();
    assert_eq!(preset.name, "VHA acute pancreatitis");
    let (_, profile, _) = load(file, Some(&preset.types(&header)));
    assert_eq!(profile.columns[0].kind, Kind::Text, "a patient's number is no number");
    let number = Choice::Number { scale: 0 };
    assert_eq!(
        preset.choices(&profile, Room::for_rows(10, 30)),
        [Choice::Drop, Choice::Drop, number, Choice::Drop, number, number, number, number]
    );
    assert_eq!(preset.doubts(&profile), [""; 0]);
    assert_eq!(preset.column("los").unwrap().meaning, "length of stay in days");
}

#[test]
fn a_preset_knows_other_orders_and_doubts_other_contents() {
    let file = b"age,patid,ap,los,sex,female,MI0,CHF0,more\n300,1,1,2,1,x,0,0,7\n";
    let (rows, profile, _) = load(file, None);
    let preset = preset::find(&rows[0]).unwrap();
    assert_eq!(
        preset.doubts(&profile),
        [
            "Column \"age\" (age in years) holds numbers from 300 to 300, and 17 to 120 are expected.",
            "Column \"female\" (1 if female, else 0) holds something else than numbers."
        ]
    );
    assert_eq!(preset.choices(&profile, Room::for_rows(1, 30))[8], Choice::Number { scale: 0 });
    assert_eq!(preset::find(&["age".to_owned(), "los".to_owned()]), None);
}
