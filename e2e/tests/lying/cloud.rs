//! The stack with a proxy before its owner and one before its functions, and an owner without a browser.

use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use veilsum_e2e::client::Client;
use veilsum_e2e::front::Front;
use veilsum_e2e::keys;
use veilsum_e2e::liar::Liar;
use veilsum_e2e::recorder::Recorder;
use veilsum_e2e::stack::Stack;
use veilsum_owner::keyring::Keyring;
use veilsum_protocol::{DatasetId, JobId};

/// A running stack that lies as soon as it is told to.
pub struct Cloud {
    pub client: Client,
    front: Front,
    recorder: Recorder,
    /// Where it runs for no one else.
    _stack: Option<Stack>,
}

impl Cloud {
    pub async fn start() -> anyhow::Result<Self> {
        let front = Front::open()?;
        let stack = Stack::start_with(&front.arguments()?.each_ref().map(String::as_str))?;
        let cloud = Self::before(&stack, front).await?;
        Ok(Self { _stack: Some(stack), ..cloud })
    }

    /// Before a stack that was started with the arguments of `front`.
    pub async fn before(stack: &Stack, mut front: Front) -> anyhow::Result<Self> {
        front.serve(stack)?;
        let recorder = Recorder::start().await?;
        let keyring = Arc::new(keys::fixed_keyring()?);
        let client = Client::sign_in(&recorder.address(), &stack.page_origin(), keyring).await?;
        Ok(Self { client, front, recorder, _stack: None })
    }

    /// Who lies to the owner.
    pub fn to_owner(&self) -> &Liar {
        self.recorder.liar()
    }

    /// Who lies to the functions.
    pub fn to_functions(&self) -> &Liar {
        self.front.liar()
    }

    pub fn keyring(&self) -> &Keyring {
        self.client.keyring()
    }
}

/// Runs a test on threads of its own.
pub fn play(body: impl Future<Output = anyhow::Result<()>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads can be started");
    if let Err(error) = runtime.block_on(body) {
        panic!("{error:#}");
    }
}

/// Randomness that is the same in every run.
pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn dataset_id(rng: &mut ChaCha20Rng) -> DatasetId {
    let mut bytes = [0; DatasetId::BYTES];
    rng.fill_bytes(&mut bytes);
    DatasetId::from_bytes(bytes)
}

pub fn job_id(rng: &mut ChaCha20Rng) -> JobId {
    let mut bytes = [0; JobId::BYTES];
    rng.fill_bytes(&mut bytes);
    JobId::from_bytes(bytes)
}
