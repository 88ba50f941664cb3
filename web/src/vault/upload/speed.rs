//! How fast this device encrypts, measured on blocks that are thrown away.

use std::rc::Rc;

use veilsum_owner::check::CheckLabel;
use wasm_bindgen_futures::spawn_local;

use crate::encrypt_worker::Batch;
use crate::time::Stopwatch;
use crate::vault::Vault;
use crate::vault::keyring::Unlocked;
use crate::vault::pool::{self, Pool, PoolError};
use crate::vault::random::{dataset_id, upload_id};

/// Measuring goes on for this long.
const MEASURE_SECONDS: f64 = 0.3;
/// Blocks that are encrypted before the clock runs: the browser compiles its best code meanwhile.
const WARM_UP_BLOCKS: usize = 1;

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

/// The speed under the unlocked keyring, measured once.
pub async fn of(unlocked: &Unlocked) -> Speed {
    let mut known = unlocked.speed.lock().await;
    if let Some(speed) = *known {
        return speed;
    }
    match measure(unlocked).await {
        Ok(speed) => *known.insert(speed),
        // The upload itself will say what is wrong with the workers.
        Err(_) => Speed::UNKNOWN,
    }
}

/// Measures while a person looks at the table; does nothing if the keyring is locked.
pub fn measure_ahead(vault: &Rc<Vault>) {
    if let Ok(unlocked) = vault.unlocked() {
        spawn_local(async move {
            of(&unlocked).await;
        });
    }
}

async fn measure(unlocked: &Unlocked) -> Result<Speed, PoolError> {
    let pool = Pool::start(&unlocked.keyring, 1)?;
    let first = CheckLabel { dataset: dataset_id(), upload: upload_id(), column_set: 0, column: 0, block: 0 };
    let block = Batch { first, values: vec![1] };
    for _ in 0..WARM_UP_BLOCKS {
        pool.encrypt(&block).await?;
    }
    let watch = Stopwatch::start();
    let mut block_count = 0_u32;
    while block_count == 0 || watch.seconds() < MEASURE_SECONDS {
        pool.encrypt(&block).await?;
        block_count += 1;
    }
    let worker_seconds_per_block = watch.seconds() / f64::from(block_count);
    Ok(Speed { worker_seconds_per_block, worker_count: pool::worker_count() })
}
