//! What identifies directly is replaced by consistent fakes.

mod sharing;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use veilsum_anonymise::date::DateFormat;
use veilsum_anonymise::pseudonym::{Locale, Person, Pseudonymiser, StudyKey, Treatment};

use self::sharing::{Sharing, hash_of};
use crate::error::StepError;
use crate::fitted::Learnt;
use crate::moment::form_of;
use crate::report::Warning;
use crate::row::{Row, SHOWN_BYTES, is_missing};
use crate::schema::{Column, Schema};
use crate::stage::{Notes, Stage};

/// Fakes of a column that are kept to be used again.
const REMEMBERED: usize = 100_000;

/// Replaces cells of columns by pseudonyms under the key of a study. The secret is not part of the recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pseudonymise {
    /// The study: another study has other fakes.
    pub study: String,
    /// Columns, and what becomes of them; the others stay.
    pub columns: Vec<Treated>,
    /// Columns that together say who it is, such as a patient number.
    #[serde(default)]
    pub person: Vec<String>,
    /// Dates are shifted by at most so many days.
    #[serde(default = "usual_shift")]
    pub shift_days: u16,
    /// Where names come from.
    #[serde(default)]
    pub locale: Locale,
}

/// A column and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Treated {
    /// Its name.
    pub column: String,
    /// What its cells become.
    pub treatment: Treatment,
}

fn usual_shift() -> u16 {
    30
}

impl Pseudonymise {
    /// Those that are treated, and those that say who it is; each once.
    pub(super) fn columns(&self) -> Vec<&String> {
        let mut names: Vec<&String> = self.columns.iter().map(|treated| &treated.column).collect();
        names.extend(
            self.person.iter().filter(|name| self.columns.iter().all(|treated| treated.column != **name)),
        );
        names
    }

    pub(super) fn learns(&self) -> bool {
        self.columns.iter().any(|treated| treated.treatment == Treatment::Date(None))
    }

    pub(crate) fn check(&self, schema: &mut Schema, has_secret: bool) -> Result<(), StepError> {
        if !has_secret {
            return Err(StepError::NoSecret);
        }
        let names: Vec<String> = self.columns.iter().map(|treated| treated.column.clone()).collect();
        schema.check(&names)?;
        if !self.person.is_empty() {
            schema.check(&self.person)?;
        }
        for treated in &self.columns {
            let is_released = schema.released.iter().flatten().any(|name| *name == treated.column);
            if is_released && !matches!(treated.treatment, Treatment::Keep | Treatment::Drop) {
                return Err(StepError::Released { column: treated.column.clone() });
            }
            if matches!(treated.treatment, Treatment::Date(_)) {
                if self.shift_days == 0 {
                    return Err(StepError::NoShift);
                }
                if self.person.is_empty() {
                    return Err(StepError::NobodysDates { column: treated.column.clone() });
                }
            }
            if treated.treatment == Treatment::Drop
                && let Some(at) = schema.position(&treated.column)
            {
                schema.remove(at);
            }
        }
        if schema.names.is_empty() && schema.open.is_empty() {
            return Err(StepError::NoColumnLeft);
        }
        Ok(())
    }

    pub(crate) fn build(
        &self,
        schema: &Schema,
        learnt: Option<&Learnt>,
        key: &StudyKey,
    ) -> Result<Box<dyn Stage>, StepError> {
        let known = match learnt {
            Some(Learnt::DateForms { forms }) if forms.len() == self.columns.len() => Some(forms),
            Some(Learnt::Nothing) if !self.learns() => None,
            Some(_) => return Err(StepError::OtherLearnt),
            None => None,
        };
        let mut columns = Vec::new();
        for (at, treated) in self.columns.iter().enumerate() {
            let column = schema.column(&treated.column)?;
            let chosen = if let Treatment::Date(form) = treated.treatment { form } else { None };
            let learnt = known.and_then(|forms| forms[at]);
            let said = chosen.or(learnt).or_else(|| form_of(&schema.types[column.at]));
            let forms = said.map_or_else(|| FORMS.to_vec(), |form| vec![form]);
            columns.push(Faked {
                column,
                treatment: treated.treatment,
                forms,
                made: HashMap::new(),
                sharing: Sharing::default(),
            });
        }
        let person = schema.columns(&self.person)?;
        let fakes = Pseudonymiser::new(key, self.locale);
        let is_settled = known.is_some() || !self.learns();
        let dropped = |at: usize| {
            columns.iter().any(|faked| faked.column.at == at && faked.treatment == Treatment::Drop)
        };
        let kept = (0..schema.names.len()).map(|at| !dropped(at)).collect();
        Ok(Box::new(Faker { step: self.clone(), columns, person, fakes, is_settled, kept }))
    }
}

/// In the order in which they are tried.
const FORMS: [DateFormat; 3] = [DateFormat::YearMonthDay, DateFormat::DayMonthYear, DateFormat::MonthDayYear];

struct Faker {
    step: Pseudonymise,
    columns: Vec<Faked>,
    person: Vec<Column>,
    fakes: Pseudonymiser,
    is_settled: bool,
    /// For each column that comes in.
    kept: Vec<bool>,
}

/// A column and its fakes.
struct Faked {
    column: Column,
    treatment: Treatment,
    /// Forms that all dates so far have.
    forms: Vec<DateFormat>,
    /// Fakes that depend on nothing but the cell.
    made: HashMap<String, String>,
    sharing: Sharing,
}

impl Faked {
    /// Whether different cells may become the same: identifiers never do, and dates and cells that stay are no fakes.
    fn may_share(&self) -> bool {
        !matches!(
            self.treatment,
            Treatment::Keep | Treatment::Drop | Treatment::Identifier | Treatment::Date(_)
        )
    }

    fn shifted(&self, cell: &str, days: i64, row: u64) -> Result<String, StepError> {
        let shifted = self.forms.first().and_then(|form| form.shift(cell, days));
        shifted.ok_or_else(|| StepError::NotADate { column: self.column.name.clone(), row })
    }

    fn fake(
        &mut self,
        cell: &str,
        person: &Person,
        fakes: &mut Pseudonymiser,
        (shift_days, row): (u16, u64),
    ) -> Result<String, StepError> {
        if let Some(made) = self.made.get(cell) {
            return Ok(made.clone());
        }
        let made = match self.treatment {
            Treatment::Keep | Treatment::Drop => return Ok(cell.to_owned()),
            Treatment::GivenName => return Ok(fakes.given_name(person, cell)),
            Treatment::FamilyName => return Ok(fakes.family_name(person, cell)),
            Treatment::FullName => return Ok(fakes.full_name(person, cell)),
            Treatment::Email => return Ok(fakes.email(person, cell)),
            Treatment::Date(_) => return self.shifted(cell, person.date_shift(shift_days), row),
            Treatment::Phone => fakes.phone(cell),
            Treatment::Street => fakes.street(cell),
            Treatment::City => fakes.city(cell),
            Treatment::Postcode => fakes.postcode(cell),
            Treatment::NationalNumber(scheme) => fakes.national_number(scheme, cell),
            Treatment::Identifier => fakes.identifier(cell),
        };
        // What depends on nothing but the cell.
        if self.made.len() < REMEMBERED && cell.len() <= SHOWN_BYTES {
            self.made.insert(cell.to_owned(), made.clone());
        }
        Ok(made)
    }
}

impl Stage for Faker {
    fn learns(&self) -> bool {
        !self.is_settled
    }

    fn learn(&mut self, rows: &[Row]) -> Result<(), StepError> {
        for faked in self.columns.iter_mut().filter(|faked| faked.treatment == Treatment::Date(None)) {
            for row in rows {
                let cell = &row.cells[faked.column.at];
                if is_missing(cell) {
                    continue;
                }
                faked.forms.retain(|form| form.days(cell).is_some());
                if faked.forms.is_empty() {
                    return Err(StepError::NotADate { column: faked.column.name.clone(), row: row.number });
                }
            }
        }
        Ok(())
    }

    fn settle(&mut self, notes: &mut Notes) -> Result<(), StepError> {
        // With the year first all other forms are out; if none is, the column is blank.
        let is_ambiguous = |faked: &&Faked| (2..FORMS.len()).contains(&faked.forms.len());
        for faked in self.columns.iter().filter(is_ambiguous) {
            notes.warn(Warning::AmbiguousDates { column: faked.column.name.clone() });
        }
        self.is_settled = true;
        Ok(())
    }

    fn restart(&mut self) {
        self.columns.iter_mut().for_each(|faked| faked.sharing = Sharing::default());
    }

    fn finish(&mut self, notes: &mut Notes) {
        for faked in &self.columns {
            faked.sharing.warning(&faked.column.name).into_iter().for_each(|warning| notes.warn(warning));
        }
    }

    fn learnt(&self) -> Learnt {
        if !self.step.learns() {
            return Learnt::Nothing;
        }
        let form =
            |faked: &Faked| faked.forms.first().copied().filter(|_| faked.treatment == Treatment::Date(None));
        Learnt::DateForms { forms: self.columns.iter().map(form).collect() }
    }

    fn change(&mut self, rows: &mut Vec<Row>, notes: &mut Notes) -> Result<(), StepError> {
        for row in rows.iter_mut() {
            if !self.person.is_empty() && self.person.iter().all(|column| is_missing(&row.cells[column.at])) {
                return Err(StepError::Nobody { row: row.number });
            }
            let known: Option<Person> = (!self.person.is_empty())
                .then(|| self.fakes.person(self.person.iter().map(|column| row.cells[column.at].as_str())));
            let who = (!self.person.is_empty()).then(|| {
                hash_of(&self.person.iter().map(|column| row.cells[column.at].trim()).collect::<Vec<_>>())
            });
            for faked in &mut self.columns {
                let cell = std::mem::take(&mut row.cells[faked.column.at]);
                let fake = if is_missing(&cell) {
                    cell.clone()
                } else {
                    let alone;
                    let person = match &known {
                        Some(person) => person,
                        None => {
                            alone = self.fakes.person([cell.as_str()]);
                            &alone
                        }
                    };
                    faked.fake(&cell, person, &mut self.fakes, (self.step.shift_days, row.number))?
                };
                if faked.may_share() && !is_missing(&cell) {
                    faked.sharing.push(&cell, who.unwrap_or_else(|| hash_of(&cell)), &fake);
                }
                notes.changed(fake != cell);
                row.cells[faked.column.at] = fake;
            }
            if self.kept.contains(&false) {
                let mut kept = self.kept.iter();
                row.cells.retain(|_| kept.next() == Some(&true));
            }
        }
        Ok(())
    }
}
