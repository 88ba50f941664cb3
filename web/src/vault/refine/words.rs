//! What a manifest records of how a table was prepared, in sentences.

use veilsum_prepare::{Fitted, Step};
use veilsum_protocol::manifest::{IdentifyingDecision, Manifest};

/// The steps of a dataset and the decisions about columns that looked as if they said who people are.
pub(crate) fn in_words(manifest: &Manifest) -> Vec<String> {
    let steps = manifest.source.preparation.as_ref().map(|preparation| {
        let read = preparation.read_row_count;
        let names = Fitted::from_json(preparation.fitted.as_bytes()).map(|fitted| {
            let names: Vec<&str> = fitted.recipe().steps.iter().map(Step::name).collect();
            names.join(", ")
        });
        let names = names.unwrap_or_else(|_| "made by another version".to_owned());
        format!(
            "Rows were prepared before they were encrypted ({names}): {} became {}. {}",
            counted(read),
            counted(manifest.source.row_count),
            match taking_no_files(manifest) {
                Some(_) => "No files can be added.",
                None => {
                    "Files that are added are filled, scaled and capped with the same numbers; neighbours, outlier rows and \
                     splits are found anew in each."
                }
            }
        )
    });
    let decisions = manifest.identifying.iter().map(|column| {
        let rows = match column.decision {
            IdentifyingDecision::Keep => "the rows hold it by its owner's word",
            IdentifyingDecision::Pseudonymise => "the rows hold pseudonyms of it",
            IdentifyingDecision::Generalise => "the rows hold vaguer cells of it",
            IdentifyingDecision::LeaveOut => "the rows do not hold it",
        };
        let original = match (column.in_original, manifest.original.is_some()) {
            (Some(true), true) => ", and the sealed original has it as it is in the file",
            (Some(false), true) => ", and the sealed original goes without it",
            (_, _) => "",
        };
        format!("Column “{}” looked as if it said who people are: {rows}{original}.", column.name)
    });
    steps.into_iter().chain(decisions).collect()
}

/// The step for which a dataset takes no further files, if there is one: it would come out otherwise in each.
pub(crate) fn taking_no_files(manifest: &Manifest) -> Option<&'static str> {
    let preparation = manifest.source.preparation.as_ref()?;
    let fitted = Fitted::from_json(preparation.fitted.as_bytes()).ok()?;
    let mut steps = fitted.recipe().steps.iter();
    steps.find(|step| matches!(step, Step::Release(_) | Step::Smote(_))).map(Step::name)
}

fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}
