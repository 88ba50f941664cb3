//! A release at work.

use std::ops::ControlFlow;

use veilsum_anonymise::date::DateFormat;
use veilsum_anonymise::hierarchy::{Hierarchy, HierarchyError, NumberLevels};
use veilsum_anonymise::lattice::{self, Domain, SearchError, Suppression};
use veilsum_anonymise::measure::{Population, loss, risk};
use veilsum_anonymise::model::ModelError;
use veilsum_anonymise::mondrian::{self, Dimension, PartitionError, Recoding};
use veilsum_anonymise::{model, progress, table};

use super::{Generalise, Method, Model, Release};
use crate::error::StepError;
use crate::moment::form_of;
use crate::number;
use crate::report::{Privacy, Warning};
use crate::row::{Row, is_missing};
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Progress, Stage};

pub(super) fn build(step: &Release, schema: &Schema) -> Result<Box<dyn Stage>, StepError> {
    let columns: Vec<Column> =
        step.columns().into_iter().map(|name| schema.column(name)).collect::<Result<_, _>>()?;
    let forms = columns.iter().map(|column| form_of(&schema.types[column.at])).collect();
    Ok(Box::new(Publisher { step: step.clone(), columns, forms }))
}

/// Works on a table of the quasi-identifiers (in their order) and the sensitive columns.
struct Publisher {
    step: Release,
    columns: Vec<Column>,
    /// How the dates of each are written, where that is known.
    forms: Vec<Option<DateFormat>>,
}

impl Publisher {
    fn table(&self, rows: &[Row]) -> Result<table::Table, StepError> {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let mut builder = table::TableBuilder::new(&names)?;
        let mut cells: Vec<&str> = Vec::with_capacity(names.len());
        for row in rows {
            cells.clear();
            cells.extend(self.columns.iter().map(|column| row.cells[column.at].as_str()));
            builder.push(&cells)?;
        }
        Ok(builder.finish())
    }

    /// Warns of columns whose dates mean different days with the day and with the month first.
    fn warn_of_dates(&self, table: &table::Table, notes: &mut Notes) {
        for (at, (quasi, column)) in self.step.quasi_identifiers.iter().zip(table.columns()).enumerate() {
            let is_guessed = self.forms[at].is_none()
                && matches!(quasi.generalise, Generalise::Automatic | Generalise::Dates { format: None });
            if is_guessed && is_ambiguous(column.values()) {
                notes.warn(Warning::AmbiguousDates { column: quasi.column.clone() });
            }
        }
    }

    fn models(&self) -> Result<Vec<model::Model>, StepError> {
        let position = |name: &String| {
            let at = self.columns.iter().position(|column| column.name == *name);
            at.ok_or_else(|| StepError::NoSuchColumn { column: name.clone() })
        };
        let demand = |demand: &Model| {
            Ok(match demand {
                Model::KAnonymity { k } => model::Model::KAnonymity { k: *k },
                Model::DistinctDiversity { column, l } => {
                    model::Model::DistinctDiversity { column: position(column)?, l: *l }
                }
                Model::EntropyDiversity { column, l } => {
                    model::Model::EntropyDiversity { column: position(column)?, l: *l }
                }
                Model::RecursiveDiversity { column, c, l } => {
                    model::Model::RecursiveDiversity { column: position(column)?, c: *c, l: *l }
                }
                Model::Closeness { column, t, ordered } => model::Model::Closeness {
                    column: position(column)?,
                    t: *t,
                    distance: if *ordered { model::Distance::Ordered } else { model::Distance::Equal },
                },
            })
        };
        self.step.models.iter().map(demand).collect()
    }

    /// Of every demand for a number of rows the largest; only scales a measure.
    fn k(&self) -> u32 {
        let k = |model: &Model| match model {
            Model::KAnonymity { k } => Some(*k),
            Model::DistinctDiversity { .. }
            | Model::EntropyDiversity { .. }
            | Model::RecursiveDiversity { .. }
            | Model::Closeness { .. } => None,
        };
        self.step.models.iter().filter_map(k).max().unwrap_or(1)
    }

    fn release(
        &self,
        table: &table::Table,
        told: &mut Progress,
    ) -> Result<veilsum_anonymise::Release, StepError> {
        let mut watch = |come: progress::Progress| {
            told.tell(come.done, come.total);
            ControlFlow::Continue(())
        };
        let models = self.models()?;
        let quasi = || self.step.quasi_identifiers.iter().zip(table.columns()).enumerate();
        match self.step.method {
            Method::Partition => {
                let dimension =
                    |(at, (quasi, column)): (usize, (&super::QuasiIdentifier, &table::Column))| {
                        Ok(Dimension {
                            column: at,
                            recoding: recoding(&quasi.generalise, column, self.forms[at])?,
                        })
                    };
                let dimensions = quasi().map(dimension).collect::<Result<Vec<_>, StepError>>()?;
                Ok(mondrian::partition(table, &dimensions, &models, &mut watch)?)
            }
            Method::Search { suppression } => {
                let domain = |(at, (quasi, column)): (usize, (&super::QuasiIdentifier, &table::Column))| {
                    Ok(Domain {
                        column: at,
                        hierarchy: hierarchy(&quasi.generalise, column, self.forms[at])?,
                    })
                };
                let domains = quasi().map(domain).collect::<Result<Vec<_>, StepError>>()?;
                let limit = Suppression { limit: suppression };
                Ok(lattice::search(table, &domains, &models, limit, &mut watch)?.release)
            }
        }
    }
}

/// Calls the row that a fault names by its number instead of its place among those that have come to the step.
fn as_numbered(mut fault: StepError, rows: &[Row]) -> StepError {
    let found = if let StepError::Hierarchy(error)
    | StepError::Model(ModelError::Hierarchy(error))
    | StepError::Partition(
        PartitionError::Hierarchy(error) | PartitionError::Model(ModelError::Hierarchy(error)),
    )
    | StepError::Search(
        SearchError::Hierarchy(error) | SearchError::Model(ModelError::Hierarchy(error)),
    ) = &mut fault
    {
        if let HierarchyError::NotANumber { row, .. } | HierarchyError::MissingValue { row, .. } = error {
            Some(row)
        } else {
            None
        }
    } else if let StepError::Model(ModelError::NotOrdered { row, .. })
    | StepError::Partition(PartitionError::Model(ModelError::NotOrdered { row, .. }))
    | StepError::Search(SearchError::Model(ModelError::NotOrdered { row, .. })) = &mut fault
    {
        Some(row)
    } else {
        None
    };
    if let Some(place) = found
        && let Some(row) = place.checked_sub(1).and_then(|at| rows.get(at))
    {
        *place = usize::try_from(row.number).unwrap_or(*place);
    }
    fault
}

/// Whether all cells that are not blank are dates with the day first and with the month first, and some of another day.
fn is_ambiguous(cells: &[String]) -> bool {
    let present = || cells.iter().filter(|cell| !is_missing(cell));
    let days = |form: DateFormat| present().map(move |cell| form.days(cell));
    let (by_day, by_month) = (days(DateFormat::DayMonthYear), days(DateFormat::MonthDayYear));
    by_day.clone().chain(by_month.clone()).all(|days| days.is_some()) && by_day.ne(by_month)
}

fn recoding(
    generalise: &Generalise,
    column: &table::Column,
    form: Option<DateFormat>,
) -> Result<Recoding, StepError> {
    Ok(match generalise {
        Generalise::Automatic => {
            let mut present = column.values().iter().filter(|value| !is_missing(value)).peekable();
            let has_any = present.peek().is_some();
            if has_any && present.all(|value| number::plain(value.trim()).is_some()) {
                Recoding::Numbers
            } else if Hierarchy::dates(column, form).is_ok() {
                Recoding::Dates(form)
            } else {
                Recoding::Sets
            }
        }
        Generalise::Numbers { levels: None } => Recoding::Numbers,
        Generalise::Dates { format } => Recoding::Dates(format.or(form)),
        Generalise::Categories => Recoding::Sets,
        Generalise::Numbers { levels: Some(_) } | Generalise::Postcodes | Generalise::Hierarchy { .. } => {
            Recoding::Hierarchy(hierarchy(generalise, column, form)?)
        }
    })
}

fn hierarchy(
    generalise: &Generalise,
    column: &table::Column,
    form: Option<DateFormat>,
) -> Result<Hierarchy, StepError> {
    Ok(match generalise {
        Generalise::Automatic => match form.map(|form| Hierarchy::dates(column, Some(form))) {
            Some(Ok(dates)) => dates,
            Some(Err(_)) | None => Hierarchy::automatic(column),
        },
        Generalise::Numbers { levels } => {
            let levels = match levels {
                Some(levels) => *levels,
                None => NumberLevels::automatic(column)?,
            };
            Hierarchy::numbers(column, &levels)?
        }
        Generalise::Dates { format } => Hierarchy::dates(column, format.or(form))?,
        Generalise::Postcodes => Hierarchy::postcodes(column),
        Generalise::Categories => Hierarchy::categories(column),
        Generalise::Hierarchy { csv, delimiter } => {
            let delimiter = u8::try_from(*delimiter).unwrap_or(b';');
            Hierarchy::from_csv(csv.as_bytes(), delimiter)?
        }
    })
}

impl Stage for Publisher {
    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        let table = self.table(rows)?;
        self.warn_of_dates(&table, notes);
        let release = self.release(&table, &mut notes.progress).map_err(|fault| as_numbered(fault, rows))?;
        let quasi: Vec<usize> = (0..self.step.quasi_identifiers.len()).collect();
        let before = veilsum_anonymise::Release::unchanged(&table, &quasi)?;
        let risk_of = |release| risk(release, self.step.risk_threshold, &Population::Unknown);
        notes.privacy = Some(Privacy {
            loss_before: loss(&before, self.k()),
            loss_after: loss(&release, self.k()),
            risk_before: risk_of(&before)?,
            risk_after: risk_of(&release)?,
        });
        for class in release.classes() {
            for (column, group) in self.columns.iter().zip(class.groups()) {
                for row in class.rows() {
                    notes.changed(rows[*row as usize].set(column.at, &group.label));
                }
            }
        }
        let mut suppressed = release.suppressed().iter().peekable();
        let mut at = 0_u32;
        rows.retain(|_| {
            let is_suppressed = suppressed.next_if(|row| **row == at).is_some();
            at += 1;
            !is_suppressed
        });
        Ok(())
    }
}
