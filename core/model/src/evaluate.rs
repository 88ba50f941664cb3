//! Scores of encrypted records: what the cloud does with a model and a query, as a pure function.
//!
//! `∏ columns^weights · Enc(constant + random numbers)`: the weighted sum of ciphertexts, and one public-key encryption for each
//! block of the answer, which adds the constant, hides all but the window that is read ([`crate::packing`]) and
//! re-randomises. Its rⁿ is uniform among the n-th residues, as the key is proven; so an answer is distributed as a fresh
//! encryption of its plaintext, and says nothing of the chain that computed it.
//!
//! The time that a score takes depends on the model and on the number of ciphertexts, not on what these hold.

use rand_core::CryptoRng;
use veilsum_crypto::kernel::Exponents;
use veilsum_crypto::paillier::Ciphertext;
use veilsum_protocol::{Digest, KeyFingerprint};

use crate::answer::Answer;
use crate::feature::{Feature, Input};
use crate::foreign_key::ProvenKey;
use crate::model::{Family, Form, Model};
use crate::packing::{Packing, align_record, record_fits};
use crate::plan::{Engine, PlanError};
use crate::query::Query;

/// Why a query is not answered. Says nothing of the weights.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The query names another model, or another version of it.
    #[error("the query is for another version of this model: load the model's page again and encrypt anew")]
    WrongModel,
    /// The query is under another key than the one that was proven.
    #[error("the query is encrypted under another key than the one whose proof came with it")]
    WrongKey,
    /// Records have more or fewer inputs than the model takes.
    #[error("records of this query have {actual} inputs, and the model takes {expected}")]
    WrongInputs {
        /// Inputs that the model takes.
        expected: usize,
        /// Inputs that records have.
        actual: u32,
    },
    /// Records of this model are not packed into few ciphertexts.
    #[error("records of this model are too wide to be packed by inputs: send a table of one record")]
    RecordTooWide,
    /// The model has no such layer.
    #[error("the model has {layers} layers, and layer {layer} was asked for")]
    NoSuchLayer {
        /// Layers that are scored one by one.
        layers: usize,
        /// Which one was asked for, from 1.
        layer: usize,
    },
    /// Packed sums do not score the model.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Scores records by a linear, logistic or k-means model, or by a network of two layers over products of features.
///
/// The caller counts [`crate::query::Header::row_count`] rows against the limit of the client, before.
///
/// # Errors
/// [`ScoreError`] if model, key and query do not go together.
pub fn score(
    model: &Model,
    key: &ProvenKey,
    query: &Query,
    rng: &mut impl CryptoRng,
) -> Result<Answer, ScoreError> {
    Engine::Packed.check(model)?;
    if query.header().layer != 0 {
        return Err(ScoreError::NoSuchLayer { layers: 1, layer: usize::from(query.header().layer) + 1 });
    }
    let forms = model.forms().unwrap_or_default();
    if query.header().packing == Packing::Record && !model.packs_records() {
        return Err(ScoreError::RecordTooWide);
    }
    score_forms(model, &forms, key, query, rng)
}

/// The sums of one layer of a network, before their squares, for records or the squares of the layer before.
///
/// **For teaching.** The client sees the sums of every layer and could find its weights from units + 1 records, where one
/// round shows logits alone. The page says so beside it.
///
/// # Errors
/// As [`score`]. Records are packed as a table.
pub fn score_layer(
    model: &Model,
    key: &ProvenKey,
    query: &Query,
    rng: &mut impl CryptoRng,
) -> Result<Answer, ScoreError> {
    Engine::ByLayers.check(model)?;
    let Family::Network { layers, .. } = model.family() else {
        return Err(ScoreError::NoSuchLayer { layers: 0, layer: 1 });
    };
    let layer = usize::from(query.header().layer);
    let refused = ScoreError::NoSuchLayer { layers: layers.len(), layer: layer + 1 };
    let units = &layers.get(layer).ok_or(refused)?.units;
    if query.header().packing == Packing::Record {
        return Err(ScoreError::RecordTooWide);
    }
    score_forms(model, units, key, query, rng)
}

impl Model {
    /// Whether one record may come packed by inputs ([`Packing::Record`]).
    #[must_use]
    pub fn packs_records(&self) -> bool {
        let magnitude = |index: usize| self.features().get(index).map_or(0, Feature::magnitude);
        let magnitudes: Vec<u64> = self
            .inputs()
            .into_iter()
            .map(|input| match input {
                Input::Value(index) => magnitude(index),
                Input::Product(left, right) => magnitude(left).saturating_mul(magnitude(right)),
            })
            .collect();
        self.forms().is_some_and(|forms| record_fits(&forms, &magnitudes))
    }
}

fn score_forms(
    model: &Model,
    forms: &[Form],
    key: &ProvenKey,
    query: &Query,
    rng: &mut impl CryptoRng,
) -> Result<Answer, ScoreError> {
    let header = *query.header();
    let key = key.key();
    if header.model != Digest::from_bytes(model.digest()) {
        return Err(ScoreError::WrongModel);
    }
    if header.key != KeyFingerprint::from_bytes(key.fingerprint()) {
        return Err(ScoreError::WrongKey);
    }
    let expected = forms.first().map_or(0, |form| form.weights.len());
    if header.input_count as usize != expected {
        return Err(ScoreError::WrongInputs { expected, actual: header.input_count });
    }
    let aligned = match header.packing {
        Packing::Table => Vec::new(),
        Packing::Record => align_record(key, expected, query.ciphertexts()),
    };
    let columns = if aligned.is_empty() { query.ciphertexts() } else { &aligned };
    let blocks = columns.len() / expected.max(1);
    let columns: Vec<&[Ciphertext]> = columns.chunks_exact(blocks.max(1)).collect();
    let (mut sums, mut masks) = (Vec::new(), Vec::new());
    for form in forms {
        let first = sums.len();
        sums.extend(key.weighted_sums(&Exponents::new(&form.weights), &columns));
        masks.extend((0..sums.len() - first).map(|index| {
            let window = header.packing.window(key, expected, header.row_count, index);
            window.mask(key, form.constant.0, rng)
        }));
    }
    let masks = key.encrypt_many(&masks, rng);
    let ciphertexts = sums.iter().zip(&masks).map(|(sum, mask)| key.add(sum, mask)).collect();
    Ok(Answer::new(header, u32::try_from(forms.len()).unwrap_or(u32::MAX), ciphertexts))
}
