//! Pseudonyms for a whole table.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Locale, Pseudonymiser, StudyKey, is_blank};
use crate::date::DateFormat;
use crate::national::Scheme;
use crate::progress::{Cancelled, Watch, report};
use crate::table::{Column, Table, TableBuilder, TableError};

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// It stays as it is.
    Keep,
    /// It is left out.
    Drop,
    /// A given name.
    GivenName,
    /// A family name.
    FamilyName,
    /// Given and family name.
    FullName,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// Street and house number.
    Street,
    /// A town.
    City,
    /// A postcode.
    Postcode,
    /// A national number.
    NationalNumber(Scheme),
    /// Any other identifier.
    Identifier,
    /// A date, shifted with the other dates of the person. Without a form the one is taken that fits all cells of the
    /// file: where day and month can be mistaken, say it.
    Date(Option<DateFormat>),
}

/// What becomes of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// One treatment for each column.
    pub treatments: Vec<Treatment>,
    /// Columns (positions, from 0) that together say who it is, such as a patient number: the same in every file of
    /// the study. Without any a cell stands for itself: the same name gets the same fake name.
    pub person: Vec<usize>,
    /// Dates are shifted by at most so many days, and at least one.
    pub shift_days: u16,
    /// Where names come from.
    pub locale: Locale,
}

/// Why a table cannot be pseudonymised. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PseudonymError {
    /// There must be one treatment for each column.
    #[error("There are {actual} treatments for {expected} columns. Load the file again.")]
    TreatmentCount {
        /// Columns.
        expected: usize,
        /// Treatments.
        actual: usize,
    },
    /// A column that says who it is is not there.
    #[error("The table has no column number {column}.")]
    NoSuchColumn {
        /// Position, from 0.
        column: usize,
    },
    /// Dates are shifted for each person, and nothing says who that is.
    #[error(
        "Column \"{column}\" holds dates, which are shifted for each person. Choose what says who it is."
    )]
    NobodysDates {
        /// Name of the column.
        column: String,
    },
    /// The columns that say who it is are blank.
    #[error("Row {row} does not say who it is. Fill in the cell, or leave the row out.")]
    Nobody {
        /// Row, from 1.
        row: usize,
    },
    /// The cells are not all dates of one form.
    #[error(
        "Column \"{column}\" cannot be shifted: its cells are not all dates of one form, from year 0 to 9999."
    )]
    NotDates {
        /// Name of the column.
        column: String,
    },
    /// The shift is no shift.
    #[error("A shift of 0 days leaves dates as they are. Choose at least 1.")]
    NoShift,
    /// No column is left.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The caller stopped it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The table with pseudonyms. Progress counts different identifiers, then rows.
///
/// Costs some ten microseconds for each different identifier and some for each name.
///
/// # Errors
/// [`PseudonymError`]; nothing comes back then.
pub fn pseudonymise(
    table: &Table,
    plan: &Plan,
    key: &StudyKey,
    watch: &mut Watch<'_>,
) -> Result<Table, PseudonymError> {
    let columns = check(table, plan)?;
    let mut fakes = Pseudonymiser::new(key, plan.locale);
    let names: Vec<&str> = columns.iter().map(|column| column.source.name()).collect();
    let mut builder = TableBuilder::new(&names)?;
    let row_count = table.row_count();
    let value_count: usize =
        columns.iter().filter(|column| column.is_by_value()).map(Treated::value_count).sum();
    let (mut done, total) = (0, value_count + row_count);
    let mut by_value: Vec<Option<Vec<String>>> = Vec::with_capacity(columns.len());
    for column in &columns {
        let mut made = Vec::new();
        for value in column.source.values().iter().filter(|_| column.is_by_value()) {
            if done % 256 == 0 {
                report(watch, done, total)?;
            }
            made.push(column.fake_of(value, &mut fakes));
            done += 1;
        }
        by_value.push(column.is_by_value().then_some(made));
    }
    let mut cells: Vec<String> = Vec::with_capacity(columns.len());
    for row in 0..row_count {
        if row % 1_024 == 0 {
            report(watch, value_count + row, total)?;
        }
        let who: Vec<&str> = plan.person.iter().filter_map(|column| table.cell(row, *column)).collect();
        if !who.is_empty() && who.iter().all(|cell| is_blank(cell)) {
            return Err(PseudonymError::Nobody { row: row + 1 });
        }
        cells.clear();
        for (column, by_value) in columns.iter().zip(&by_value) {
            let code = column.source.codes()[row];
            let cell = column.source.value(code);
            if let Some(fakes) = by_value {
                cells.push(fakes[code as usize].clone());
                continue;
            }
            let person =
                if who.is_empty() { fakes.person([cell]) } else { fakes.person(who.iter().copied()) };
            cells.push(match column.treatment {
                Treatment::GivenName => fakes.given_name(&person, cell),
                Treatment::FamilyName => fakes.family_name(&person, cell),
                Treatment::FullName => fakes.full_name(&person, cell),
                Treatment::Email => fakes.email(&person, cell),
                Treatment::Date(_) if is_blank(cell) => String::new(),
                Treatment::Date(_) => column
                    .format
                    .and_then(|format| format.shift(cell, person.date_shift(plan.shift_days)))
                    .ok_or_else(|| PseudonymError::NotDates { column: column.source.name().to_owned() })?,
                Treatment::Keep
                | Treatment::Drop
                | Treatment::Phone
                | Treatment::Street
                | Treatment::City
                | Treatment::Postcode
                | Treatment::NationalNumber(_)
                | Treatment::Identifier => cell.to_owned(),
            });
        }
        builder.push(&cells)?;
    }
    report(watch, total, total)?;
    Ok(builder.finish())
}

/// A column that is not left out.
struct Treated<'a> {
    source: &'a Column,
    treatment: Treatment,
    /// Of dates.
    format: Option<DateFormat>,
}

impl Treated<'_> {
    fn value_count(&self) -> usize {
        self.source.values().len()
    }

    /// Whether the fake depends on nothing but the cell.
    fn is_by_value(&self) -> bool {
        match self.treatment {
            Treatment::Keep
            | Treatment::Phone
            | Treatment::Street
            | Treatment::City
            | Treatment::Postcode
            | Treatment::NationalNumber(_)
            | Treatment::Identifier => true,
            Treatment::Drop
            | Treatment::GivenName
            | Treatment::FamilyName
            | Treatment::FullName
            | Treatment::Email
            | Treatment::Date(_) => false,
        }
    }

    fn fake_of(&self, cell: &str, fakes: &mut Pseudonymiser) -> String {
        match self.treatment {
            Treatment::Phone => fakes.phone(cell),
            Treatment::Street => fakes.street(cell),
            Treatment::City => fakes.city(cell),
            Treatment::Postcode => fakes.postcode(cell),
            Treatment::NationalNumber(scheme) => fakes.national_number(scheme, cell),
            Treatment::Identifier => fakes.identifier(cell),
            Treatment::Keep
            | Treatment::Drop
            | Treatment::GivenName
            | Treatment::FamilyName
            | Treatment::FullName
            | Treatment::Email
            | Treatment::Date(_) => cell.to_owned(),
        }
    }
}

fn check<'a>(table: &'a Table, plan: &Plan) -> Result<Vec<Treated<'a>>, PseudonymError> {
    let (expected, actual) = (table.columns().len(), plan.treatments.len());
    if expected != actual {
        return Err(PseudonymError::TreatmentCount { expected, actual });
    }
    if let Some(column) = plan.person.iter().find(|column| **column >= expected) {
        return Err(PseudonymError::NoSuchColumn { column: *column });
    }
    let mut treated = Vec::new();
    for (source, treatment) in table.columns().iter().zip(&plan.treatments) {
        let name = || source.name().to_owned();
        let mut format = None;
        if let Treatment::Date(chosen) = treatment {
            if plan.shift_days == 0 {
                return Err(PseudonymError::NoShift);
            }
            if plan.person.is_empty() {
                return Err(PseudonymError::NobodysDates { column: name() });
            }
            format = DateFormat::chosen(*chosen, source);
            let blank = source.values().iter().all(|cell| is_blank(cell));
            if format.is_none() && !blank {
                return Err(PseudonymError::NotDates { column: name() });
            }
        }
        if *treatment != Treatment::Drop {
            treated.push(Treated { source, treatment: *treatment, format });
        }
    }
    Ok(treated)
}
