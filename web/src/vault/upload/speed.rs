//! How fast this device encrypts, measured on blocks that are thrown away.

use std::rc::Rc;

use futures_util::future::try_join_all;
use veilsum_owner::check::CheckLabel;
use veilsum_protocol::row_group::Encryption;
use wasm_bindgen_futures::spawn_local;

use crate::encrypt_worker::Batch;
use crate::time::Stopwatch;
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::pool::{self, Pool, PoolError};
use crate::vault::processes::Work;
use crate::vault::random::{dataset_id, upload_id};
use crate::vault::upload::shape::slot_count;

/// Measuring goes on for this long.
const MEASURE_SECONDS: f64 = 0.3;
/// Blocks that a worker gets at once while it is measured. Before the clock runs each gets as many, so that its tables
/// are made and the browser has compiled its best code.
const BLOCKS_AT_ONCE: u32 = 16;
/// Blocks of the second engine are larger.
const BFV_BLOCKS_AT_ONCE: u32 = 2;

/// How fast one encrypt worker is, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Seconds that one worker needs for one block.
    pub worker_seconds_per_block: f64,
    /// Workers.
    pub worker_count: usize,
}

impl Speed {
    /// Where nothing could be measured: a slow device.
    const UNKNOWN: Self = Self { worker_seconds_per_block: 0.3, worker_count: 1 };

    /// Seconds that all workers together need for one block.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a handful of workers")]
    pub fn seconds_per_block(self) -> f64 {
        self.worker_seconds_per_block / self.worker_count.max(1) as f64
    }
}

/// The speed under the unlocked keyring, measured once. The workers that it was measured with are kept for the upload.
pub async fn of(unlocked: &Unlocked, encryption: Encryption) -> Speed {
    let known = match encryption {
        Encryption::Paillier { .. } => &unlocked.speed,
        Encryption::Bfv { .. } => &unlocked.bfv_speed,
    };
    let mut known = known.lock().await;
    if let Some(speed) = *known {
        return speed;
    }
    match measure(unlocked, encryption).await {
        Ok(speed) => *known.insert(speed),
        // The upload itself will say what is wrong with the workers.
        Err(_) => Speed::UNKNOWN,
    }
}

/// Starts the encrypt workers and measures them while a person looks at the table; does nothing if the keyring is locked.
pub fn measure_ahead(vault: &Rc<Vault>) {
    if let Ok(unlocked) = vault.unlocked() {
        let vault = Rc::clone(vault);
        // A process, so that locking the keyring ends it, and the workers with it.
        let process = vault.processes.begin(Work::Other);
        spawn_local(async move {
            let measured = process.or(of(&unlocked, unlocked.paillier())).await;
            // A later table finds the speed measured and the workers gone.
            if measured.is_ok()
                && !vault.processes.runs(Work::Upload)
                && let Ok(pool) = ready_pool(&unlocked, unlocked.paillier())
            {
                unlocked.pool.replace(Some(pool));
            }
        });
    }
}

/// The workers that are ready, or new ones. Whoever takes them ends them by dropping them.
///
/// # Errors
/// [`PoolError::NotStarted`].
pub fn ready_pool(unlocked: &Unlocked, encryption: Encryption) -> Result<Pool, PoolError> {
    match unlocked.pool.take().filter(|pool| pool.is_well() && pool.encryption() == encryption) {
        Some(pool) => Ok(pool),
        None => Pool::start(&unlocked.keyring, encryption, pool::worker_count()),
    }
}

async fn measure(unlocked: &Unlocked, encryption: Encryption) -> Result<Speed, PoolError> {
    let pool = ready_pool(unlocked, encryption)?;
    let blocks_at_once = match encryption {
        Encryption::Paillier { .. } => BLOCKS_AT_ONCE,
        Encryption::Bfv { .. } => BFV_BLOCKS_AT_ONCE,
    };
    let slots = slot_count(encryption).unwrap_or(1) as usize;
    let first = CheckLabel { dataset: dataset_id(), upload: upload_id(), column_set: 0, column: 0, block: 0 };
    let batch = Batch { first, prime: 0, values: vec![1; slots * blocks_at_once as usize] };
    // All workers at once, as in an upload: they share the processor.
    let round = || try_join_all((0..pool.worker_count()).map(|_| pool.encrypt(&batch)));
    round().await?;
    let watch = Stopwatch::start();
    let mut rounds = 0_u32;
    while rounds == 0 || watch.seconds() < MEASURE_SECONDS {
        round().await?;
        rounds += 1;
    }
    let worker_seconds_per_block = watch.seconds() / (f64::from(rounds) * f64::from(blocks_at_once));
    let speed = Speed { worker_seconds_per_block, worker_count: pool.worker_count() };
    unlocked.pool.replace(Some(pool));
    Ok(speed)
}
