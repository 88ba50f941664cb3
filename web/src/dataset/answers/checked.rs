//! How an answer was checked, in words. Only a check value makes it "verified".

use crate::messages::Checked;
use crate::ui::icon::Symbol;
use crate::ui::words;

/// For a cell of a table.
pub(super) fn short(checked: Checked) -> String {
    match checked {
        Checked::Verified => "ciphertext, verified".to_owned(),
        Checked::Manifest => "signed manifest".to_owned(),
        Checked::Spot { picked, of } => format!("ciphertext, spot-checked {picked} of {of}"),
        Checked::Bounds => "ciphertext, not checked".to_owned(),
    }
}

/// For the head of an answer.
pub(super) fn badge(checked: Checked, rows: u64) -> String {
    let rows = words::counted(rows, "row");
    match checked {
        Checked::Verified => format!("Verified: check value fits, {rows}"),
        Checked::Manifest => "From the signed manifest".to_owned(),
        Checked::Spot { picked, of } => {
            format!("Spot-checked {picked} of {}, {rows}", words::counted(of.into(), "row group"))
        }
        Checked::Bounds => format!("Not checked, {rows}"),
    }
}

/// For the head of all answers of a run.
pub(super) fn sentence(checked: Checked, rows: u64) -> String {
    match checked {
        Checked::Verified => format!(
            "Verified: the check value fits, so that each of {} was counted, once.",
            words::counted(rows, "row")
        ),
        Checked::Manifest => "From the manifest that you signed; nothing was asked of the cloud.".to_owned(),
        Checked::Spot { picked, of } => format!(
            "Spot-checked {picked} of {}: after all parts of the answer had arrived, these were picked at random and \
             computed again from the file in this browser, with the same result. What was not picked is not checked.",
            words::counted(of.into(), "row group")
        ),
        Checked::Bounds => "Not checked: this dataset has no check values, because the cloud multiplies, and the file is \
                            not at hand in this browser. Choose the file below and run the analysis again to spot-check \
                            it."
            .to_owned(),
    }
}

/// For tests.
pub(super) const fn code(checked: Checked) -> &'static str {
    match checked {
        Checked::Verified => "ciphertext",
        Checked::Manifest => "manifest",
        Checked::Spot { .. } => "spot-checked",
        Checked::Bounds => "not-checked",
    }
}

pub(super) const fn symbol(checked: Checked) -> Symbol {
    match checked {
        Checked::Verified | Checked::Manifest => Symbol::Check,
        Checked::Spot { .. } => Symbol::Eye,
        Checked::Bounds => Symbol::Warning,
    }
}

pub(super) const fn class(checked: Checked) -> &'static str {
    match checked {
        Checked::Verified | Checked::Manifest => "verified",
        Checked::Spot { .. } => "verified partly",
        Checked::Bounds => "verified not",
    }
}
