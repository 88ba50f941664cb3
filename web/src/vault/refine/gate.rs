//! Columns that look as if they said who people are leave this browser only by their owner's word, which the manifest
//! records: in the rows, and in the sealed original, which has them as they are in the file whatever steps made of them.

use veilsum_prepare::{Recipe, Step};
use veilsum_protocol::manifest::{IdentifyingColumn, IdentifyingDecision};
use veilsum_table::treat::Choice;

use super::Refining;
use super::lineage::{Held, Lineage};
use crate::messages::refine::ColumnFindings;
use crate::messages::{Asking, Fault, UploadChoices};
use crate::vault::table::OpenTable;

/// A column of the file that looks as if it said who people are.
#[derive(Debug)]
struct Found {
    asking: Asking,
    /// How the rows hold it.
    held: Held,
}

/// The columns of `file` that ask before they, or what steps made of them, leave the browser.
pub(crate) fn asking(file: &OpenTable, prepared: &OpenTable, recipe: &Recipe) -> Vec<Asking> {
    let found = found(file, prepared, recipe).into_iter();
    found.map(|found| found.asking).filter(|asking| !asking.columns.is_empty()).collect()
}

/// Columns of the file that look so, or of which something is left that does.
fn found(file: &OpenTable, prepared: &OpenTable, recipe: &Recipe) -> Vec<Found> {
    // Samples are public.
    if file.source.is_sample() {
        return Vec::new();
    }
    let header: Vec<String> = file.profile.columns.iter().map(|column| column.name.clone()).collect();
    let columns: Vec<String> = prepared.profile.columns.iter().map(|column| column.name.clone()).collect();
    traced(&file.findings, &prepared.findings, &Lineage::of(&header, &recipe.steps), &columns)
}

fn traced(
    file: &[ColumnFindings],
    prepared: &[ColumnFindings],
    lineage: &Lineage,
    columns: &[String],
) -> Vec<Found> {
    let why = |column: &ColumnFindings| {
        let direct = column.findings.iter().find(|finding| finding.is_direct);
        column.asks.then(|| direct.map(|finding| finding.sentence.clone()).unwrap_or_default())
    };
    let of_column = |(at, column): (u32, &ColumnFindings)| {
        let left: Vec<(usize, Held)> = columns
            .iter()
            .enumerate()
            .filter_map(|(place, name)| {
                let (origin, held) = lineage.origin(name)?;
                (origin == column.name).then_some((place, held))
            })
            .collect();
        // Pseudonyms look like what they stand for; all else that still looks so counts.
        let mut looks = left
            .iter()
            .filter(|(_, held)| *held != Held::Pseudonyms)
            .filter_map(|(place, _)| prepared.get(*place).and_then(why));
        let looks_like = looks.next();
        let held = if looks_like.is_some() || left.iter().any(|(_, held)| *held == Held::Content) {
            Held::Content
        } else {
            left.first().map_or(Held::Content, |(_, held)| *held)
        };
        let note = match held {
            Held::Pseudonyms => {
                "The rows hold pseudonyms of it; the sealed original would hold it as it is in the file."
            }
            Held::Vaguer => {
                "The rows hold vaguer cells of it; the sealed original would hold it as it is in the file."
            }
            Held::Content if left.iter().any(|(place, _)| columns[*place] != column.name) => {
                "The rows hold columns that were made of it and tell the same."
            }
            Held::Content => "",
        };
        let asking = Asking {
            at,
            name: column.name.clone(),
            why: why(column).or(looks_like)?,
            note: note.to_owned(),
            in_rows: held == Held::Content,
            columns: left.iter().filter_map(|(place, _)| u32::try_from(*place).ok()).collect(),
        };
        Some(Found { asking, held })
    };
    (0..).zip(file).filter_map(of_column).collect()
}

/// Whether steps lower the risk that people are found.
pub(crate) fn is_anonymised(recipe: &Recipe) -> bool {
    use veilsum_anonymise::pseudonym::Treatment;

    recipe.steps.iter().any(|step| match step {
        Step::Release(_) => true,
        Step::Pseudonymise(step) => step.columns.iter().any(|treated| treated.treatment != Treatment::Keep),
        Step::Impute(_)
        | Step::Outliers(_)
        | Step::Scale(_)
        | Step::Transform(_)
        | Step::OneHot(_)
        | Step::Bin(_)
        | Step::Filter(_)
        | Step::DropColumns(_)
        | Step::Split(_)
        | Step::Smote(_) => false,
    })
}

impl Refining {
    /// What was decided about each column of the file that looks as if it said who people are.
    ///
    /// # Errors
    /// A [`Fault`] with code `identifying-undecided` that names a column about which nothing was.
    pub(crate) fn decided(
        &self,
        prepared: &OpenTable,
        choices: &UploadChoices,
    ) -> Result<Vec<IdentifyingColumn>, Fault> {
        let found = found(&self.file, prepared, &self.recipe);
        found.into_iter().map(|found| decided(found, choices)).collect()
    }
}

fn decided(found: Found, choices: &UploadChoices) -> Result<IdentifyingColumn, Fault> {
    let Found { asking, held } = found;
    let choice = |at: &u32| choices.treatments.get(*at as usize).copied().unwrap_or(Choice::Drop);
    let in_original = choices.keep_original && asking.columns.iter().any(|at| choice(at) != Choice::Drop);
    let is_encrypted =
        asking.columns.iter().any(|at| matches!(choice(at), Choice::Number { .. } | Choice::Category));
    let leaves = in_original || is_encrypted && asking.in_rows;
    if leaves && !choices.identifying.contains(&asking.at) {
        return Err(undecided(&asking.name));
    }
    let decision = match held {
        _ if !is_encrypted => IdentifyingDecision::LeaveOut,
        Held::Content => IdentifyingDecision::Keep,
        Held::Pseudonyms => IdentifyingDecision::Pseudonymise,
        Held::Vaguer => IdentifyingDecision::Generalise,
    };
    Ok(IdentifyingColumn {
        name: asking.name,
        looks_like: asking.why,
        decision,
        in_original: Some(in_original),
    })
}

fn undecided(name: &str) -> Fault {
    Fault::new(
        "identifying-undecided",
        &format!(
            "Column “{name}” looks as if it said who people are, and would leave this browser. Go back to Prepare and say \
             whether it may, or leave it out."
        ),
    )
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::messages::Engine;
    use crate::messages::refine::Finding;

    fn findings(name: &str, asks: bool) -> ColumnFindings {
        let finding = Finding {
            what: "e-mail addresses".to_owned(),
            confidence: 1.0,
            sentence: "All cells could be e-mail addresses.".to_owned(),
            is_direct: true,
            treatment: None,
        };
        ColumnFindings { name: name.to_owned(), findings: vec![finding], asks }
    }

    /// A file with the column “mail”, which asks, and “age”, after these steps.
    fn mail_after(steps: &str, columns: &[&str], looks: &[bool]) -> Found {
        let recipe = format!(r#"{{"format":"veilsum-recipe","version":1,"steps":[{steps}]}}"#);
        let recipe = Recipe::from_json(recipe.as_bytes()).unwrap();
        let file = [findings("mail", true), findings("age", false)];
        let lineage = Lineage::of(&["mail".to_owned(), "age".to_owned()], &recipe.steps);
        let prepared: Vec<_> = columns.iter().zip(looks).map(|(name, asks)| findings(name, *asks)).collect();
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let mut found = traced(&file, &prepared, &lineage, &columns);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    fn choices(treatments: &[Choice], keep_original: bool, identifying: &[u32]) -> UploadChoices {
        UploadChoices {
            treatments: treatments.to_vec(),
            keep_original,
            rows_per_group: None,
            analyses: Vec::new(),
            engine: Engine::Paillier,
            identifying: identifying.to_vec(),
        }
    }

    const NUMBER: Choice = Choice::Number { scale: 0 };
    const PSEUDONYMS: &str =
        r#"{"step":"pseudonymise","study":"s","columns":[{"column":"mail","treatment":"email"}]}"#;

    #[test]
    fn pseudonyms_ask_only_for_the_original() {
        let found = || mail_after(PSEUDONYMS, &["mail", "age"], &[true, false]);
        let both = [Choice::Category, NUMBER];
        let made = decided(found(), &choices(&both, false, &[])).unwrap();
        assert_eq!((made.decision, made.in_original), (IdentifyingDecision::Pseudonymise, Some(false)));
        assert_eq!(decided(found(), &choices(&both, true, &[])).unwrap_err().code, "identifying-undecided");
        let made = decided(found(), &choices(&both, true, &[0])).unwrap();
        assert_eq!((made.decision, made.in_original), (IdentifyingDecision::Pseudonymise, Some(true)));
        // Dropped, it is not in the original either.
        let made = decided(found(), &choices(&[Choice::Drop, NUMBER], true, &[])).unwrap();
        assert_eq!((made.decision, made.in_original), (IdentifyingDecision::LeaveOut, Some(false)));
    }

    #[test]
    fn what_is_kept_scaled_or_one_hot_still_asks() {
        let keep = r#"{"step":"pseudonymise","study":"s","columns":[{"column":"mail","treatment":"keep"}]}"#;
        let one_hot = r#"{"step":"one-hot","columns":["mail"],"most":9}"#;
        let scale = r#"{"step":"scale","columns":["mail"],"method":{"kind":"standard"}}"#;
        for (steps, columns) in [
            (keep, ["mail", "age"].as_slice()),
            (one_hot, ["age", "mail=a@b.org", "mail=c@d.org"].as_slice()),
            (scale, ["mail", "age"].as_slice()),
        ] {
            let found = || mail_after(steps, columns, &[false; 3]);
            let treatments = vec![NUMBER; columns.len()];
            let refused = decided(found(), &choices(&treatments, false, &[])).unwrap_err();
            assert_eq!(refused.code, "identifying-undecided", "{steps}");
            let made = decided(found(), &choices(&treatments, false, &[0])).unwrap();
            assert_eq!(made.decision, IdentifyingDecision::Keep, "{steps}");
        }
    }

    #[test]
    fn what_is_left_of_nowhere_is_left_out() {
        let found = mail_after(r#"{"step":"drop-columns","columns":["mail"]}"#, &["age"], &[false]);
        let made = decided(found, &choices(&[NUMBER], true, &[])).unwrap();
        assert_eq!((made.decision, made.in_original), (IdentifyingDecision::LeaveOut, Some(false)));
    }
}
