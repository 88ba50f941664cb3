//! Counting rows: for each client of a model a small object that is replaced by compare-and-swap.
//!
//! Counting a score has two steps: its rows and its id go into the object by one swap, then the score gets the marker
//! `counted`. Whoever finds either counts nothing, so that any number of deliveries counts once. Ids whose scores
//! have the marker, or have ended, leave the object with a later swap; a delivery that was on its way meanwhile looks at the
//! marker only *after* it has read the object, and finds it.

use std::time::Duration;

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use veilsum_model::budget::Budget;
use veilsum_protocol::job::Done;
use veilsum_protocol::{ScoreId, TenantId};

use crate::job::{self, Stop};
use crate::keys::{ModelKeys, ScoreKeys};
use crate::store::{Creation, Replacement, Store, StoreError};

/// Most bytes of the object: 25,000 scores that are counted at the same time.
const MAX_ROWS_BYTES: u64 = 1 << 20;
/// Tries of a swap that meets others.
const ATTEMPTS: u32 = 20;

/// The rows of one client of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Rows {
    /// Rows that were counted.
    used: u64,
    /// Scores whose rows are among them and that may have no marker yet.
    pending: Vec<ScoreId>,
}

/// Who has how many rows of what scored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted<'a> {
    /// The model.
    pub(crate) model: &'a ModelKeys,
    /// The client.
    pub(crate) client: TenantId,
    /// The score.
    pub(crate) score: ScoreId,
    /// Its rows.
    pub(crate) row_count: u32,
    /// The most that are ever counted.
    pub(crate) limit: u64,
}

/// Rows that were counted so far.
pub(crate) async fn used(store: &Store, model: &ModelKeys, client: &TenantId) -> Result<u64, StoreError> {
    let bytes = store.read(&model.rows(client), MAX_ROWS_BYTES).await?;
    bytes.map_or(Ok(0), |bytes| parse(&bytes).map(|rows| rows.used))
}

/// Counts the rows of a score once, however often this is called; `Some` if the score has ended meanwhile.
///
/// # Errors
/// [`Stop::Failed`] if they are not left.
pub(crate) async fn count(store: &Store, counted: Counted<'_>) -> Result<Option<Done>, Stop> {
    let Counted { model, client, score, row_count, limit } = counted;
    let (key, keys) = (model.rows(&client), ScoreKeys::new(&client, &score));
    for attempt in 1..=ATTEMPTS {
        let (rows, etag) = match store.read_tagged(&key, MAX_ROWS_BYTES).await? {
            Some((bytes, etag)) => (parse(&bytes)?, Some(etag)),
            None => (Rows::default(), None),
        };
        let is_counted = rows.pending.contains(&score);
        // Only now: see above.
        if let Some(done) = job::has_ended(store, &keys.cancelled(), &keys.failure()).await? {
            return Ok(Some(done));
        }
        if !is_counted && store.exists(&keys.counted()).await? {
            return Ok(None);
        }
        let replacement = if is_counted {
            Replacement::Replaced
        } else {
            let budget = Budget { used: rows.used, limit }.spend(row_count);
            let used = budget.map_err(|error| Stop::failed("rows-spent", None, &error))?.used;
            let mut pending = unsettled(store, &client, rows.pending).await?;
            pending.push(score);
            let bytes = serde_json::to_vec(&Rows { used, pending }).expect("rows have string keys only");
            store.replace(&key, etag.as_ref(), bytes).await?
        };
        match replacement {
            Replacement::Replaced => {
                return match store.create(&keys.counted(), Vec::new()).await? {
                    Creation::Created | Creation::AlreadyThere => Ok(None),
                };
            }
            Replacement::Changed => tokio::time::sleep(pause(attempt)).await,
        }
    }
    Err(StoreError::refused("count rows", "too many scores are counted at the same time").into())
}

/// Those of the scores that may still be looked for.
async fn unsettled(
    store: &Store,
    client: &TenantId,
    pending: Vec<ScoreId>,
) -> Result<Vec<ScoreId>, StoreError> {
    let looks = pending.into_iter().map(|score| async move {
        let keys = ScoreKeys::new(client, &score);
        let is_settled = store.exists(&keys.counted()).await?
            || job::has_ended(store, &keys.cancelled(), &keys.failure()).await?.is_some();
        Ok::<_, StoreError>((!is_settled).then_some(score))
    });
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

fn parse(bytes: &[u8]) -> Result<Rows, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| {
        StoreError::refused("read the rows of a client", "this version does not understand them")
    })
}

/// A pause that grows and varies, so that several do not try again together.
fn pause(attempt: u32) -> Duration {
    let random = getrandom::u32().unwrap_or(u32::MAX / 2);
    Duration::from_millis(20 * u64::from(attempt)).mul_f64(0.25 + f64::from(random) / f64::from(u32::MAX))
}
