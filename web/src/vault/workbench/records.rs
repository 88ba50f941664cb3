//! Records to score: as they were typed, from the test part, or from a file. What does not fit the model is refused here, in
//! a sentence, before anything is encrypted.

use std::collections::BTreeMap;

use veilsum_model::feature::{self, Feature, InputError};
use veilsum_model::interface::Interface;
use veilsum_table::decimal::DecimalMark;
use web_sys::File;

use super::learn_table::{self, number};
use crate::abort::Abort;
use crate::messages::workbench::{Cells, Records};
use crate::messages::{Fault, ReadOptions};
use crate::vault::Vault;
use crate::vault::source::Source;

/// A record that fits the model.
pub(super) struct Record {
    /// Its position in its file, from 1; 0 for one that was typed.
    pub(super) row: u64,
    /// As a person knows it.
    pub(super) numbers: Vec<f64>,
    /// As it is encrypted.
    pub(super) integers: Vec<i64>,
    /// What is known of it.
    pub(super) known: Option<String>,
}

/// The records, encoded.
pub(super) async fn read(
    vault: &Vault,
    interface: &Interface,
    records: &Records,
    file: Option<File>,
    abort: &Abort,
) -> Result<Vec<Record>, Fault> {
    match records {
        Records::Form(fields) => of_form(interface, fields).map(|record| vec![record]),
        Records::Line(line) => of_line(interface, line).map(|record| vec![record]),
        Records::TestPart { most } => of_test_part(vault, interface, *most),
        Records::File => {
            let source = Source::from_file(super::super::needed(file)?);
            of_file(vault, interface, &source, abort).await
        }
    }
}

fn of_form(interface: &Interface, fields: &[(String, String)]) -> Result<Record, Fault> {
    let mut numbers = BTreeMap::new();
    for (name, text) in fields {
        // A field that is left empty is missing.
        if !text.trim().is_empty() {
            numbers.insert(name.clone(), typed(interface, name, text)?);
        }
    }
    let integers =
        feature::encode_named(&interface.features, 1, &numbers).map_err(|error| refused(&error))?;
    let numbers = interface.features.iter().map(|feature| numbers[&feature.name]).collect();
    Ok(Record { row: 0, numbers, integers, known: None })
}

fn of_line(interface: &Interface, line: &str) -> Result<Record, Fault> {
    let words = line.split([',', ';', '\t', ' ']).filter(|word| !word.trim().is_empty());
    let names = interface.features.iter().map(|feature| feature.name.as_str()).chain(core::iter::repeat(""));
    let numbers: Vec<f64> =
        words.zip(names).map(|(word, name)| typed(interface, name, word)).collect::<Result<_, _>>()?;
    encoded(interface, 1, 0, numbers, None)
}

/// A number as it was typed for a feature.
fn typed(interface: &Interface, name: &str, text: &str) -> Result<f64, Fault> {
    let text = text.trim();
    let Some((number, decimals)) = number(text, DecimalMark::Point) else {
        return Err(Fault::new(
            "not-a-number",
            &format!(
                "Feature “{name}” needs a number, with a point before decimals. Correct it, then score again."
            ),
        ));
    };
    let feature = interface.features.iter().find(|feature| feature.name == name);
    match feature {
        Some(feature) if is_finer(feature, decimals) => Err(finer(feature, decimals)),
        Some(_) | None => Ok(number),
    }
}

fn is_finer(feature: &Feature, decimals: u8) -> bool {
    feature.scale.binary == 0 && decimals > feature.scale.decimal
}

/// Another scale than the model takes.
fn finer(feature: &Feature, decimals: u8) -> Fault {
    let counted = |count: u8| format!("{count} decimal{}", if count == 1 { "" } else { "s" });
    Fault::new(
        "wrong-scale",
        &format!(
            "Feature “{}” has {}, and this model keeps {}: its scores were planned for that scale. Round the value to {}, \
             then score again.",
            feature.name,
            counted(decimals),
            feature.scale.decimal,
            counted(feature.scale.decimal)
        ),
    )
}

fn of_test_part(vault: &Vault, interface: &Interface, most: u32) -> Result<Vec<Record>, Fault> {
    let trained = vault.bench.trained_as(&interface.model).ok_or_else(|| {
        Fault::new(
            "no-test-part",
            "The test part of this model is not in this tab. Train and publish a model here, or choose a file.",
        )
    })?;
    let rows = trained.test.iter().take(most as usize);
    let encode = |(number, row): (usize, &crate::messages::workbench::TestRow)| {
        encoded(interface, number, row.row, row.numbers.clone(), row.known.clone())
    };
    (1..).zip(rows).map(encode).collect()
}

async fn of_file(
    vault: &Vault,
    interface: &Interface,
    source: &Source,
    abort: &Abort,
) -> Result<Vec<Record>, Fault> {
    let table = learn_table::read(source, ReadOptions::default(), abort).await?;
    let column = |feature: &Feature| {
        let found = table.columns.iter().find(|column| column.name == feature.name);
        match found.map(|column| &column.cells) {
            Some(Cells::Numbers(_, decimals)) if is_finer(feature, *decimals) => {
                Err(finer(feature, *decimals))
            }
            Some(Cells::Numbers(numbers, _)) => Ok(numbers),
            Some(Cells::Words(_)) => Err(Fault::new(
                "not-a-number",
                &format!(
                    "Column “{}” of {} holds words, and this model needs numbers in it. Correct the file, then choose \
                     it again.",
                    feature.name, table.file_name
                ),
            )),
            None => Err(Fault::new(
                "missing-feature",
                &format!(
                    "Column “{}” is missing from {}: this model takes {} features and cannot do without it. Choose a \
                     file that has all of them.",
                    feature.name,
                    table.file_name,
                    interface.features.len()
                ),
            )),
        }
    };
    let columns: Vec<&Vec<Option<f64>>> =
        interface.features.iter().map(column).collect::<Result<_, Fault>>()?;
    let known_name = vault.bench.trained_as(&interface.model).and_then(|trained| trained.target.clone());
    let known = known_name.and_then(|name| table.columns.iter().find(|column| column.name == name));
    let count = columns.first().map_or(0, |column| column.len());
    let mut records = Vec::with_capacity(count);
    for row in 0..count {
        let numbers = columns.iter().zip(&interface.features).map(|(column, feature)| {
            column[row].ok_or_else(|| {
                refused(&InputError::Missing { record: row + 1, feature: feature.name.clone() })
            })
        });
        let numbers = numbers.collect::<Result<Vec<f64>, Fault>>()?;
        let known = known.and_then(|column| match &column.cells {
            Cells::Numbers(numbers, _) => numbers[row].map(|number| number.to_string()),
            Cells::Words(words) => words[row].clone(),
        });
        records.push(encoded(interface, row + 1, row as u64 + 1, numbers, known)?);
    }
    Ok(records)
}

fn encoded(
    interface: &Interface,
    number: usize,
    row: u64,
    numbers: Vec<f64>,
    known: Option<String>,
) -> Result<Record, Fault> {
    let integers = feature::encode(&interface.features, number, &numbers).map_err(|error| refused(&error))?;
    Ok(Record { row, numbers, integers, known })
}

fn refused(error: &InputError) -> Fault {
    let code = match error {
        InputError::WrongCount { .. } => "wrong-count",
        InputError::Missing { .. } => "missing-feature",
        InputError::Unknown { .. } => "unknown-feature",
        InputError::NotFinite { .. } => "not-a-number",
        InputError::OutOfBounds { .. } => "out-of-bounds",
        InputError::WrongScale { .. } | _ => "wrong-scale",
    };
    Fault::new(code, &error.to_string())
}
