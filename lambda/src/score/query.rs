//! A query and its model: checked against each other and against what was announced, then scored. Pure functions of bytes
//! and of the system's randomness.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use veilsum_model::evaluate::{self, ScoreError};
use veilsum_model::foreign_key::ProvenKey;
use veilsum_model::model::{Family, Model};
use veilsum_model::network::{self, NetworkError};
use veilsum_model::packing::Packing;
use veilsum_model::plan::Engine;
use veilsum_model::query::{Header, Query};
use veilsum_protocol::Digest;
use veilsum_protocol::api::scoring::{ScoreEngine, StartScore};

use super::proven::proven;
use crate::job::Stop;

/// Most bytes of a query times scores of each record, so that a score takes a third of a function's time at most.
pub(crate) const MAX_WORK_BYTES: u64 = 6 << 30;

/// A query that fits its model.
#[derive(Debug)]
pub(super) enum Asked {
    /// By linear forms.
    Packed { model: Box<Model>, key: ProvenKey, query: Query },
    /// One layer by linear forms.
    Layer { model: Box<Model>, key: ProvenKey, query: Query },
    /// In one round.
    OneRound { model: Box<Model>, query: Vec<u8> },
}

impl Asked {
    /// Checks all that can be checked before rows are counted.
    pub(super) fn check(document: &[u8], bytes: Vec<u8>, start: &StartScore) -> Result<Self, Stop> {
        if bytes.len() as u64 != start.query.size_bytes || Digest::of(&bytes) != start.query.sha256 {
            return Err(unusable(
                &"the query that is stored is not the one that was announced; send it again",
            ));
        }
        let model =
            Model::from_bytes(document).map_err(|error| Stop::failed("model-unreadable", None, &error))?;
        if start.digest != Digest::from_bytes(model.digest()) {
            return Err(unusable(&ScoreError::WrongModel));
        }
        let model = Box::new(model);
        match start.engine {
            ScoreEngine::Packed => {
                let (key, query) = packed_query(&model, bytes, start)?;
                Ok(Self::Packed { model, key, query })
            }
            ScoreEngine::ByLayers => {
                let (key, query) = packed_query(&model, bytes, start)?;
                Ok(Self::Layer { model, key, query })
            }
            ScoreEngine::OneRound => {
                one_round_query(&model, &bytes, start)?;
                Ok(Self::OneRound { model, query: bytes })
            }
        }
    }

    /// The encrypted scores.
    pub(super) fn answer(self) -> Result<Vec<u8>, Stop> {
        let mut rng = UnwrapErr(SysRng);
        let packed = |answer: Result<veilsum_model::answer::Answer, ScoreError>, key: &ProvenKey| {
            answer.map(|answer| answer.to_bytes(key.key())).map_err(|error| unusable(&error))
        };
        match self {
            Self::Packed { model, key, query } => {
                packed(evaluate::score(&model, &key, &query, &mut rng), &key)
            }
            Self::Layer { model, key, query } => {
                packed(evaluate::score_layer(&model, &key, &query, &mut rng), &key)
            }
            Self::OneRound { model, query } => {
                network::score(&model, &query, &mut rng).map_err(|error| damaged(&error))
            }
        }
    }
}

/// The key, proven, and the query under it, of the shape that the model takes.
fn packed_query(model: &Model, bytes: Vec<u8>, start: &StartScore) -> Result<(ProvenKey, Query), Stop> {
    let header = Header::from_bytes(&bytes).map_err(|error| damaged(&error))?;
    require_rows(header.row_count, start)?;
    if header.model != start.digest {
        return Err(unusable(&ScoreError::WrongModel));
    }
    let shape = forms(model, start.engine, header.layer).map_err(|error| unusable(&error))?;
    if header.input_count as usize != shape.inputs {
        let (expected, actual) = (shape.inputs, header.input_count);
        return Err(unusable(&ScoreError::WrongInputs { expected, actual }));
    }
    let packs_records = start.engine == ScoreEngine::Packed && model.packs_records();
    if header.packing == Packing::Record && !packs_records {
        return Err(unusable(&ScoreError::RecordTooWide));
    }
    if (bytes.len() as u64).saturating_mul(shape.count as u64) > MAX_WORK_BYTES {
        let reason = "the query takes longer than a function may; send fewer records at a time";
        return Err(Stop::failed("query-too-large", None, &reason));
    }
    let no_key = || unusable(&"the query came without the key that it is encrypted under");
    let key = proven(start.key.as_ref().ok_or_else(no_key)?)
        .map_err(|error| Stop::failed("key-refused", None, &error))?;
    let query = Query::from_bytes(key.key(), &bytes).map_err(|error| damaged(&error))?;
    Ok((key, query))
}

/// The linear forms of a score, or of a layer.
struct Forms {
    inputs: usize,
    count: usize,
}

fn forms(model: &Model, engine: ScoreEngine, layer: u16) -> Result<Forms, ScoreError> {
    let layer = usize::from(layer);
    if engine == ScoreEngine::Packed {
        Engine::Packed.check(model)?;
        if layer != 0 {
            return Err(ScoreError::NoSuchLayer { layers: 1, layer: layer + 1 });
        }
        return Ok(Forms { inputs: model.inputs().len(), count: model.family().score_count() });
    }
    Engine::ByLayers.check(model)?;
    let Family::Network { layers, .. } = model.family() else {
        return Err(ScoreError::NoSuchLayer { layers: 0, layer: layer + 1 });
    };
    let units =
        &layers.get(layer).ok_or(ScoreError::NoSuchLayer { layers: layers.len(), layer: layer + 1 })?.units;
    Ok(Forms { inputs: units.first().map_or(0, |unit| unit.weights.len()), count: units.len() })
}

/// Checks what [`network::score`] would refuse after rows are counted.
fn one_round_query(model: &Model, bytes: &[u8], start: &StartScore) -> Result<(), Stop> {
    let refused = |error: NetworkError| unusable(&error);
    let header = network::Header::from_bytes(bytes).map_err(|error| damaged(&error))?;
    require_rows(header.row_count, start)?;
    if header.model != start.digest {
        return Err(refused(NetworkError::WrongModel));
    }
    let plan = veilsum_model::plan::one_round(model).map_err(|error| unusable(&error))?;
    let features = u32::try_from(model.features().len()).unwrap_or(u32::MAX);
    for (what, expected, actual) in
        [("features", features, header.width), ("primes", plan.primes.into(), header.primes.into())]
    {
        if actual != expected {
            return Err(refused(NetworkError::WrongShape { what, expected, actual }));
        }
    }
    let (expected, actual) = (header.query_bytes(), bytes.len());
    if expected == actual { Ok(()) } else { Err(damaged(&NetworkError::Length { expected, actual })) }
}

fn require_rows(actual: u32, start: &StartScore) -> Result<(), Stop> {
    if actual == start.row_count {
        return Ok(());
    }
    let announced = start.row_count;
    Err(unusable(&format!(
        "the query has {actual} records, and {announced} were announced; ask for the score again"
    )))
}

fn damaged(reason: &dyn std::fmt::Display) -> Stop {
    unusable(&format!("the query cannot be read: {reason}. Encrypt the records again and ask anew"))
}

fn unusable(reason: &dyn std::fmt::Display) -> Stop {
    Stop::failed("query-unusable", None, reason)
}
