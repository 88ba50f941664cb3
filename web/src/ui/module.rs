//! The modules that the page consists of, and what the first one hands to the others.
//!
//! The first module has the shell and everything up to a dataset. Any other one is a binary of its own, loaded when a
//! screen of it is first opened; it keeps its state from then on, as long as the page lives. All modules talk to the
//! one vault.

use serde::{Deserialize, Serialize};
use veilsum_protocol::{DatasetId, TrainingId};

use super::vault_client::Known;
use crate::messages::{UploadSummary, to_bytes};

/// A module of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Module {
    /// The one that is loaded first.
    First,
    /// What is behind `/datasets/{id}` and `/verify`.
    Dataset,
    /// What is behind `/workbench`, `/models` and `/trainings`.
    Workbench,
    /// What is behind `/prepare/rows`, `/prepare/clean` and `/prepare/anonymise`.
    Refine,
}

impl Module {
    /// Its name; the files are called after it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::First => "page",
            Self::Dataset => "dataset",
            Self::Workbench => "workbench",
            Self::Refine => "refine",
        }
    }

    /// The number of its first request to the vault. All modules hear all replies, so that each numbers its requests in a
    /// range of its own.
    pub(crate) const fn first_request(self) -> u32 {
        (self as u32) << 24
    }
}

/// What a module is told when it is to show a screen.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Handover<S> {
    /// What the first module knows of the vault.
    pub(crate) vault: Known,
    /// What to show.
    pub(crate) screen: S,
}

/// What a module is to show, as bytes: one piece of code hands over the screens of all modules.
#[derive(Debug, Clone)]
pub(crate) struct ScreenBytes(Vec<u8>);

impl ScreenBytes {
    /// The bytes of a screen.
    pub(crate) fn of<S: Serialize>(screen: &S) -> Self {
        // Never fails for the types of this module; without bytes the handover is refused.
        Self(to_bytes(screen).unwrap_or_default())
    }

    /// The bytes of a [`Handover`] of this screen: in this format, those of its parts one after the other.
    ///
    /// # Errors
    /// Never for what is known of a vault.
    pub(crate) fn handover(self, known: &Known) -> Result<Vec<u8>, postcard::Error> {
        let mut bytes = to_bytes(known)?;
        bytes.extend_from_slice(&self.0);
        Ok(bytes)
    }
}

/// What the module [`Module::Dataset`] shows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum DatasetModuleScreen {
    Dataset(DatasetScreen),
    /// Certificates are checked there.
    Verify,
}

/// What the module [`Module::Workbench`] shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WorkbenchScreen {
    /// The five steps.
    Workbench,
    /// What was published.
    Models,
    /// Trainings of several owners.
    Trainings,
    /// One of them.
    Training(TrainingId),
}

/// What the module [`Module::Refine`] shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RefineScreen {
    /// All rows.
    Rows,
    /// The steps of a recipe.
    Clean,
    /// Pseudonyms and generalised releases.
    Anonymise,
}

/// The screen of a dataset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DatasetScreen {
    pub(crate) dataset: DatasetId,
    /// What its upload took, if that ended in this tab.
    pub(crate) uploaded: Option<UploadSummary>,
}

/// Tells builds apart whose modules or vault may not understand each other: a server may have another one by the time
/// that a module is loaded, and messages carry no names by which a difference would be noticed.
pub const BUILD: u32 = {
    let sources: [&[u8]; 5] = [
        include_bytes!("../messages.rs"),
        include_bytes!("../messages/workbench.rs"),
        include_bytes!("../messages/training.rs"),
        include_bytes!("../messages/refine.rs"),
        include_bytes!("module.rs"),
    ];
    let (mut hash, mut at) = (FNV_OFFSET, 0);
    while at < sources.len() {
        hash = fingerprint(hash, sources[at]);
        at += 1;
    }
    hash
};

const FNV_OFFSET: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// FNV-1a, going on from `hash`.
const fn fingerprint(mut hash: u32, bytes: &[u8]) -> u32 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(FNV_PRIME);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_handover_is_its_parts_one_after_the_other() {
        let known = || Known { keyring: None, stopped: None };
        let together = to_bytes(&Handover { vault: known(), screen: RefineScreen::Clean }).unwrap();
        assert_eq!(ScreenBytes::of(&RefineScreen::Clean).handover(&known()).unwrap(), together);
    }

    #[test]
    fn the_fingerprint_is_that_of_fnv_1a() {
        assert_eq!(fingerprint(FNV_OFFSET, b""), 0x811c_9dc5);
        assert_eq!(fingerprint(FNV_OFFSET, b"foobar"), 0xbf9c_f968);
        assert_eq!(fingerprint(fingerprint(FNV_OFFSET, b"foo"), b"bar"), 0xbf9c_f968);
    }
}
