//! What became of the columns of a file: which columns of the prepared rows hold one of them or an image of it.

use veilsum_anonymise::pseudonym::Treatment;
use veilsum_prepare::{Fitted, Step};
use veilsum_protocol::manifest::Preparation;
use veilsum_table::treat::Choice;

use crate::fault::sentence;
use crate::messages::Fault;

/// How prepared rows hold a column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// As it is, or as an image of it that tells rows apart just as well: scaled, in bins, as 1 and 0.
    Content,
    /// As pseudonyms.
    Pseudonyms,
    /// As vaguer cells that rows share.
    Vaguer,
}

/// The columns of prepared rows, and the columns of the file that they came of.
#[derive(Debug)]
pub(crate) struct Lineage {
    columns: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    /// Of a column, or what the names of columns begin with.
    name: String,
    is_start: bool,
    /// Name in the file; `None` for a column that says nothing of a cell.
    origin: Option<String>,
    held: Held,
}

impl Lineage {
    /// After these steps on a file with this header.
    pub(crate) fn of(header: &[String], steps: &[Step]) -> Self {
        let line = |name: &String| Line {
            name: name.clone(),
            is_start: false,
            origin: Some(name.clone()),
            held: Held::Content,
        };
        let mut lineage = Self { columns: header.iter().map(line).collect() };
        for step in steps {
            lineage.after(step);
        }
        lineage
    }

    fn after(&mut self, step: &Step) {
        match step {
            Step::DropColumns(step) => step.columns.iter().for_each(|name| self.remove(name)),
            Step::Pseudonymise(step) => {
                for treated in &step.columns {
                    match treated.treatment {
                        Treatment::Keep => {}
                        Treatment::Drop => self.remove(&treated.column),
                        Treatment::GivenName
                        | Treatment::FamilyName
                        | Treatment::FullName
                        | Treatment::Email
                        | Treatment::Phone
                        | Treatment::Street
                        | Treatment::City
                        | Treatment::Postcode
                        | Treatment::NationalNumber(_)
                        | Treatment::Identifier
                        | Treatment::Date(_) => self.hold(&treated.column, Held::Pseudonyms),
                    }
                }
            }
            Step::Release(step) => {
                for quasi in &step.quasi_identifiers {
                    self.hold(&quasi.column, Held::Vaguer);
                }
            }
            Step::OneHot(step) => {
                for name in &step.columns {
                    if let Some(line) = self.exact(name) {
                        line.name = format!("{name}=");
                        line.is_start = true;
                    }
                }
            }
            Step::Split(step) => self.columns.push(Line {
                name: step.column.clone(),
                is_start: false,
                origin: None,
                held: Held::Content,
            }),
            // Cells change where they are, rows come and go.
            Step::Impute(_)
            | Step::Outliers(_)
            | Step::Scale(_)
            | Step::Transform(_)
            | Step::Bin(_)
            | Step::Filter(_)
            | Step::Smote(_) => {}
        }
    }

    /// What a column of the prepared rows came of, by its name in the file, and how it holds that.
    pub(crate) fn origin(&self, prepared: &str) -> Option<(&str, Held)> {
        let line = self.find(prepared)?;
        Some((line.origin.as_deref()?, line.held))
    }

    fn find(&self, name: &str) -> Option<&Line> {
        let exact = self.columns.iter().find(|line| !line.is_start && line.name == name);
        let started = || {
            let starts = self.columns.iter().filter(|line| line.is_start && name.starts_with(&line.name));
            starts.max_by_key(|line| line.name.len())
        };
        exact.or_else(started)
    }

    fn exact(&mut self, name: &str) -> Option<&mut Line> {
        self.columns.iter_mut().find(|line| !line.is_start && line.name == name)
    }

    fn remove(&mut self, name: &str) {
        self.columns.retain(|line| line.is_start || line.name != name);
    }

    fn hold(&mut self, name: &str, held: Held) {
        let Some(line) = self.find(name) else { return };
        // Pseudonyms stay some, however vague they become.
        let held = if line.held == Held::Pseudonyms { line.held } else { held };
        let origin = line.origin.clone();
        self.remove(name);
        self.columns.push(Line { name: name.to_owned(), is_start: false, origin, held });
    }
}

/// The columns of a file that its sealed original goes without: those of which every column that is left of them in the
/// rows is dropped, or none is left. `columns` and `treatments` are those of the rows as they would be encrypted.
///
/// # Errors
/// A [`Fault`] if what prepared the rows cannot be read: what it took out would be unknown.
pub(crate) fn without(
    header: &[String],
    preparation: Option<&Preparation>,
    columns: &[String],
    treatments: &[Choice],
) -> Result<Vec<String>, Fault> {
    let fitted = preparation.map(|preparation| Fitted::from_json(preparation.fitted.as_bytes())).transpose();
    let fitted = fitted.map_err(|error| {
        Fault::new(
            "preparation-unreadable",
            "What prepared these rows cannot be read, so that nobody could say what the sealed original has to go without. \
             Prepare the rows again, or upload them without the original.",
        )
        .with_detail(sentence(&error))
    })?;
    let lineage = Lineage::of(header, fitted.as_ref().map_or(&[], |fitted| &fitted.recipe().steps));
    let stays = |name: &String| {
        let mut left = columns.iter().zip(treatments).filter(|(_, choice)| **choice != Choice::Drop);
        left.any(|(column, _)| lineage.origin(column).is_some_and(|(origin, _)| origin == name))
    };
    Ok(header.iter().filter(|name| !stays(name)).cloned().collect())
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use veilsum_prepare::Recipe;

    use super::*;

    fn steps(steps: &str) -> Vec<Step> {
        let recipe = format!(r#"{{"format":"veilsum-recipe","version":1,"steps":[{steps}]}}"#);
        Recipe::from_json(recipe.as_bytes()).unwrap().steps
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn images_are_traced_to_their_column() {
        let recipe = steps(
            r#"{"step":"pseudonymise","study":"s","columns":[{"column":"name","treatment":"full-name"},
                {"column":"mail","treatment":"keep"},{"column":"phone","treatment":"drop"}]},
               {"step":"one-hot","columns":["mail","name"],"most":9}"#,
        );
        let lineage = Lineage::of(&names(&["name", "mail", "phone", "age"]), &recipe);
        assert_eq!(lineage.origin("mail=a@example.org"), Some(("mail", Held::Content)));
        assert_eq!(lineage.origin("name=Anna"), Some(("name", Held::Pseudonyms)));
        assert_eq!(lineage.origin("age"), Some(("age", Held::Content)));
        assert_eq!(lineage.origin("phone"), None);
        assert_eq!(lineage.origin("mail"), None);
    }

    #[test]
    fn a_new_column_of_an_old_name_is_not_the_old_one() {
        let recipe = steps(
            r#"{"step":"drop-columns","columns":["part"]},
               {"step":"split","column":"part","test-share":0.3,"seed":1}"#,
        );
        assert_eq!(Lineage::of(&names(&["part", "x"]), &recipe).origin("part"), None);
    }

    #[test]
    fn the_original_goes_without_what_is_left_of_nowhere() {
        let header = names(&["illness", "name", "age"]);
        let number = Choice::Number { scale: 0 };
        let plain = without(&header, None, &header, &[Choice::Drop, Choice::SealedOriginalOnly, number]);
        assert_eq!(plain.unwrap(), ["illness"]);
        let fitted = r#"{"format":"veilsum-fitted-recipe","version":1,"recipe":{"steps":[
            {"step":"one-hot","columns":["illness"],"most":9},{"step":"drop-columns","columns":["name"]}]},
            "learnt":[{"kind":"categories","categories":[["asthma","flu"]]},{"kind":"nothing"}]}"#;
        let preparation = Preparation { fitted: fitted.to_owned(), read_row_count: 3 };
        let prepared = names(&["age", "illness=asthma", "illness=flu"]);
        let left_out =
            |choices: [Choice; 3]| without(&header, Some(&preparation), &prepared, &choices).unwrap();
        assert_eq!(left_out([number, Choice::Drop, Choice::Drop]), ["illness", "name"]);
        assert_eq!(left_out([number, Choice::Drop, number]), ["name"]);
        // What cannot be read is not taken for nothing.
        let unreadable = Preparation { fitted: "{}".to_owned(), read_row_count: 3 };
        let fault = without(&header, Some(&unreadable), &prepared, &[number; 3]).unwrap_err();
        assert_eq!(fault.code, "preparation-unreadable");
    }
}
