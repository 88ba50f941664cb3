//! What a client is told of a model: all that a record is encrypted and a score is read by, and no weight.

use serde::{Deserialize, Serialize};

use crate::feature::{Feature, Input};
use crate::model::{Card, Family, FamilyName, FormatError, MAX_BYTES, Model, Terms, check_interface};
use crate::plan::{Engine, score_bits};
use crate::scale::Scale;

/// The public side of a hidden model.
///
/// Features, their scales and bounds, classes, the scale of scores and a coarse bound of them are told; weights, centroids,
/// layers and exact bounds are not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// SHA-256 of the model, in lower-case hexadecimal: a query names the version that it is for.
    pub model: String,
    /// The family.
    pub family: FamilyName,
    /// The features, in the order in which records have them.
    pub features: Vec<Feature>,
    /// What packed sums need of a record.
    pub terms: Terms,
    /// Names of the classes, if it tells classes apart.
    pub classes: Vec<String>,
    /// Scores of a record.
    pub score_count: u32,
    /// What a unit of a score stands for.
    pub output_scale: Scale,
    /// Every |score| is below `2^score_bits`: a multiple of 8, or the most that there can be.
    pub score_bits: u8,
    /// What can score the model, the one to take first where several can.
    pub engines: Vec<Engine>,
    /// Dense layers, where they can be scored one by one; else 0.
    pub layer_count: u32,
    /// Whether one record may come packed by inputs: [`crate::packing::Packing::Record`].
    pub packs_records: bool,
    /// The model card.
    pub card: Card,
}

impl Model {
    /// What a client is told.
    #[must_use]
    pub fn interface(&self) -> Interface {
        let digest: String = self.digest().iter().map(|byte| format!("{byte:02x}")).collect();
        Interface {
            model: digest,
            family: self.family().name(),
            features: self.features().to_vec(),
            terms: self.terms(),
            classes: self.family().classes().to_vec(),
            score_count: u32::try_from(self.family().score_count()).unwrap_or(u32::MAX),
            output_scale: self.output_scale(),
            score_bits: u8::try_from(score_bits(self)).unwrap_or(u8::MAX),
            layer_count: self.scored_layers(),
            engines: Engine::ALL.into_iter().filter(|engine| engine.check(self).is_ok()).collect(),
            packs_records: self.packs_records(),
            card: self.card().clone(),
        }
    }
}

impl Model {
    fn scored_layers(&self) -> u32 {
        match self.family() {
            Family::Network { layers, .. } if Engine::ByLayers.check(self).is_ok() => {
                u32::try_from(layers.len()).unwrap_or(u32::MAX)
            }
            Family::Linear { .. }
            | Family::Logistic { .. }
            | Family::KMeans { .. }
            | Family::Network { .. } => 0,
        }
    }
}

impl Interface {
    /// The interface as JSON.
    ///
    /// # Panics
    /// Never: it has text as keys only.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("all keys are text")
    }

    /// Reads what [`Self::to_bytes`] writes. The cloud is not believed: features, classes and counts are checked as those of
    /// a model are.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > MAX_BYTES {
            return Err(FormatError::TooLong { actual: bytes.len() });
        }
        let interface: Self = serde_json::from_slice(bytes)
            .map_err(|fault| FormatError::Unreadable { line: fault.line(), column: fault.column() })?;
        check_interface(&interface)?;
        Ok(interface)
    }

    /// What is encrypted of a record for packed sums, in order.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input> {
        self.terms.inputs(self.features.len())
    }

    /// The largest |score| that is accepted.
    #[must_use]
    pub fn score_bound(&self) -> u128 {
        let bits = u32::from(self.score_bits).min(crate::model::MAX_BITS);
        (1 << bits) - 1
    }
}
