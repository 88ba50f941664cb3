//! What a manifest records of how a table was prepared, in sentences.

use veilsum_prepare::Fitted;
use veilsum_protocol::manifest::{IdentifyingDecision, Manifest};

/// The steps of a dataset and the decisions about columns that looked as if they said who people are.
pub(crate) fn in_words(manifest: &Manifest) -> Vec<String> {
    let steps = manifest.source.preparation.as_ref().map(|preparation| {
        let read = preparation.read_row_count;
        let names = Fitted::from_json(preparation.fitted.as_bytes()).map(|fitted| {
            let names: Vec<&str> = fitted.recipe().steps.iter().map(veilsum_prepare::Step::name).collect();
            names.join(", ")
        });
        let names = names.unwrap_or_else(|_| "made by another version".to_owned());
        format!(
            "Rows were prepared before they were encrypted ({names}): {} became {}. Files that are added are prepared with the \
             same numbers.",
            counted(read),
            counted(manifest.source.row_count)
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

fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}
