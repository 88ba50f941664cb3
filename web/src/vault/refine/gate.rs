//! Columns that look as if they said who people are leave this browser only by their owner's word, which the manifest
//! records.

use veilsum_protocol::manifest::{IdentifyingColumn, IdentifyingDecision};
use veilsum_table::treat::Choice;

use super::{Refining, pseudonymised};
use crate::messages::{Fault, UploadChoices};

impl Refining {
    /// What was decided about each column that asks, and about those that hold pseudonyms by now.
    ///
    /// # Errors
    /// A [`Fault`] with code `identifying-undecided` that names a column about which nothing was.
    pub(crate) fn decided(&self, choices: &UploadChoices) -> Result<Vec<IdentifyingColumn>, Fault> {
        let view = self.current();
        let mut decided = Vec::new();
        for (at, looks_like) in &view.identifying {
            let position = *at as usize;
            let name =
                view.profile.columns.get(position).map(|column| column.name.clone()).unwrap_or_default();
            let leaves = match choices.treatments.get(position) {
                Some(Choice::Number { .. } | Choice::Category) => true,
                Some(Choice::SealedOriginalOnly) => choices.keep_original,
                Some(Choice::Drop) | None => false,
            };
            let answer =
                choices.identifying.iter().find(|(column, _)| column == at).map(|(_, answer)| *answer);
            let decision = match (leaves, answer) {
                (false, _) => IdentifyingDecision::LeaveOut,
                (true, Some(answer @ (IdentifyingDecision::Keep | IdentifyingDecision::Pseudonymise))) => {
                    answer
                }
                (true, Some(IdentifyingDecision::LeaveOut) | None) => return Err(undecided(&name)),
            };
            decided.push(IdentifyingColumn { name, looks_like: looks_like.clone(), decision });
        }
        for column in &self.file.findings {
            if column.asks && pseudonymised(&self.recipe).any(|name| name == column.name) {
                let why = column.findings.iter().find(|finding| finding.is_direct);
                decided.push(IdentifyingColumn {
                    name: column.name.clone(),
                    looks_like: why.map(|finding| finding.sentence.clone()).unwrap_or_default(),
                    decision: IdentifyingDecision::Pseudonymise,
                });
            }
        }
        Ok(decided)
    }
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
