//! Lies that need a job of their own: about stored row groups, partials and plans as the functions read them, about
//! manifests, and about what the API says.

mod kinds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::{Context, ensure};
use rand_chacha::ChaCha20Rng;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_e2e::client::Answered;
use veilsum_e2e::client::Refusal;
use veilsum_e2e::liar::{Liar, Lie};
use veilsum_e2e::tables::Numbers;
use veilsum_protocol::api::{DatasetDetail, JobState};
use veilsum_protocol::manifest::Manifest;
use veilsum_protocol::{Digest, JobId};

use crate::careless;
use crate::cloud::{Cloud, job_id, play, rng};
use crate::judge::{RIGHT, Tally, end_of, is_replay, numbers, seeds};
use crate::world::{Honest, LARGE, SMALL, World};

/// Lies of each kind.
const SEEDS: usize = 4;
/// Workers, each with a dataset of its own to lie about.
const WORKERS: usize = 2;

/// A kind of lie that is told while a job runs.
pub struct Kind {
    pub name: &'static str,
    pub shows: Shows,
    /// The ends that are allowed.
    pub ends: &'static [&'static str],
    pub lies: Lies,
}

/// What a kind of lie is about.
pub enum Lies {
    /// Anything.
    Any(fn(&mut Tamper<'_>) -> Vec<Told>),
    /// The stored form of the newest manifest.
    Manifest(fn(&mut Tamper<'_>) -> Vec<u8>),
}

/// What makes a lie one, where it comes to an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// A careless owner would show another number.
    Number,
    /// The answer decrypts to something else.
    Plaintext,
    /// Other bytes; what comes of it is in the ends.
    Bytes,
    /// The answer decrypts to the same: no lie, and must be accepted.
    Same,
}

/// A lie and who it is told to, about which place.
pub struct Told {
    pub is_for_owner: bool,
    pub place: String,
    pub lie: Lie,
}

impl Told {
    pub fn to_functions(place: String, lie: Lie) -> Self {
        Self { is_for_owner: false, place, lie }
    }

    pub fn to_owner(place: String, lie: Lie) -> Self {
        Self { is_for_owner: true, place, lie }
    }
}

/// What is lied about: a dataset with two manifests, and an honest job with its partials.
pub struct Stage {
    pub world: World,
    /// The stored manifests, the older one first.
    pub manifests: [Vec<u8>; 2],
    /// What the second manifest says.
    pub newest: Manifest,
    /// The stored manifest of the sibling, and what the API says of it.
    pub sibling_manifest: Vec<u8>,
    pub sibling_detail: DatasetDetail,
    /// Partials of the honest job, by row group.
    pub partials: Vec<Vec<u8>>,
}

/// What a cloud has at hand to lie about one job.
pub struct Tamper<'a> {
    pub stage: &'a Stage,
    pub key: &'a PublicKey,
    /// The job that will run.
    pub job: JobId,
    pub numbers: Numbers,
}

impl Tamper<'_> {
    fn forge(&mut self, lies: &Lies) -> Vec<Told> {
        match lies {
            Lies::Any(forge) => forge(self),
            Lies::Manifest(forge) => {
                let told = forge(self);
                assert_ne!(told, self.stage.manifests[1], "this is no lie");
                vec![Told::to_owner(self.manifest_place(), Lie::Other(told))]
            }
        }
    }

    /// Place of the newest manifest.
    pub fn manifest_place(&self) -> String {
        format!("d/{}/m/00000002", self.stage.newest.dataset)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.numbers.below(limit as u64)).expect("below a usize")
    }

    /// Two different positions among `count`.
    pub fn two_of(&mut self, count: usize) -> (usize, usize) {
        let first = self.below(count);
        (first, (first + 1 + self.below(count - 1)) % count)
    }

    pub fn rng(&mut self) -> ChaCha20Rng {
        rng(self.numbers.draw())
    }

    pub fn honest(&self) -> &Honest {
        &self.stage.world.jobs[0]
    }

    /// `bytes` with one bit of them flipped.
    pub fn flipped(&mut self, bytes: &[u8]) -> Vec<u8> {
        let bit = self.below(8 * bytes.len());
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    }

    pub fn ciphertext(&self, bytes: &[u8]) -> Ciphertext {
        self.key.ciphertext_from_bytes(bytes).expect("honest bytes hold ciphertexts")
    }
}

impl Stage {
    pub async fn set(cloud: &Cloud, worker: usize) -> anyhow::Result<Self> {
        let rng = &mut rng(100 + worker as u64);
        let shape = if worker == 0 { LARGE } else { SMALL };
        let world = World::make(cloud, shape, 2, rng).await?;
        let (id, sibling) = (world.dataset.manifest.dataset, world.sibling.manifest.dataset);
        let first = cloud.client.stored_manifest(id).await?;
        let newest = Manifest {
            sequence: 2,
            previous: Some(Digest::of(&first)),
            created_at: world.dataset.manifest.created_at + 1,
            ..world.dataset.manifest.clone()
        };
        let second = cloud.client.commit(&newest, rng).await?;
        let opened = cloud.client.open(id).await?;
        ensure!(opened == newest, "the newest manifest is not served");
        let mut partials = Vec::new();
        for object in &world.jobs[0].job.status.objects {
            if object.key.contains("/part/") {
                partials.push(cloud.client.get(&object.url).await?);
            }
        }
        Ok(Self {
            manifests: [first, second],
            newest,
            sibling_manifest: cloud.client.stored_manifest(sibling).await?,
            sibling_detail: cloud.client.detail(sibling).await?,
            partials,
            world,
        })
    }
}

/// The whole way to numbers, as the page goes it: manifest, plan, job, answer. Gives the answer, too.
async fn attempt(
    cloud: &Cloud,
    stage: &Stage,
    job: JobId,
    answer: &mut Option<Vec<u8>>,
) -> Result<Vec<Answered>, Refusal> {
    let manifest = cloud.client.open(stage.newest.dataset).await?;
    if manifest != stage.newest {
        return Err(anyhow::anyhow!("A WRONG MANIFEST WAS ACCEPTED").into());
    }
    let job = cloud.client.run(manifest, &stage.world.requests, job).await?;
    let bytes = answer.insert(cloud.client.download(&job).await?);
    cloud.client.answers(&job, bytes)
}

/// Tells one lie and sees how it ends.
async fn tell(
    cloud: &Cloud,
    stage: &Stage,
    kind: &Kind,
    seed: u64,
    tally: &mut Tally,
) -> anyhow::Result<String> {
    let secret = cloud.keyring().paillier();
    let mut numbers = numbers(kind.name, seed);
    let job = job_id(&mut rng(numbers.draw()));
    let mut tamper = Tamper { stage, key: secret.public_key(), job, numbers };
    let forged = catch_unwind(AssertUnwindSafe(|| tamper.forge(&kind.lies)));
    let told = forged.map_err(|_| anyhow::anyhow!("it could not be forged"))?;
    let mut places = Vec::new();
    for Told { is_for_owner, place, lie } in told {
        let liar: &Liar = if is_for_owner { cloud.to_owner() } else { cloud.to_functions() };
        liar.tell(place.clone(), lie);
        places.push((liar, place));
    }
    let mut answer = None;
    let end = end_of(attempt(cloud, stage, job, &mut answer).await, &stage.world.table);
    let times: Vec<usize> = places.into_iter().map(|(liar, place)| liar.recant(&place)).collect();
    // Where one part of a job fails, others may not run any more.
    let is_told = if answer.is_some() { !times.contains(&0) } else { times.iter().any(|&times| times > 0) };
    ensure!(is_told, "nobody asked for what is lied about: {times:?}");
    let Some(answer) = answer else { return end };
    let changed = careless::read_changed(secret, &stage.world.jobs[0].parsed(), &answer);
    let is_fooled = changed.as_deref().is_some_and(careless::is_fooled);
    if is_fooled {
        tally.count_fooling();
    }
    let is_one = match kind.shows {
        Shows::Bytes => true,
        Shows::Number => is_fooled,
        Shows::Plaintext => changed.context("it is no answer")?.iter().any(|(truth, told)| truth != told),
        Shows::Same => changed.context("it is no answer")?.iter().all(|(truth, told)| truth == told),
    };
    ensure!(
        is_one,
        "it does not do what it should to a careless owner: {:?}; it ended in {end:?}",
        kind.shows
    );
    end
}

#[test]
fn lies_told_while_a_job_runs_are_refused() {
    play(async {
        let cloud = Arc::new(Cloud::start().await?);
        let workers = (0..WORKERS).map(|worker| {
            let cloud = Arc::clone(&cloud);
            tokio::spawn(async move {
                let stage = Stage::set(&cloud, worker).await?;
                let end = end_of(
                    attempt(&cloud, &stage, job_id(&mut rng(worker as u64)), &mut None).await,
                    &stage.world.table,
                )?;
                ensure!(end == RIGHT, "an honest job ended in {end}");
                let mut tally = Tally::default();
                for kind in kinds::all() {
                    for seed in seeds(kind.name, SEEDS, WORKERS, worker) {
                        let end = tell(&cloud, &stage, kind, seed, &mut tally).await;
                        tally.count(kind.name, seed, end, kind.ends);
                    }
                }
                anyhow::Ok(tally)
            })
        });
        let mut tally = Tally::default();
        for worker in workers.collect::<Vec<_>>() {
            tally.add(worker.await??);
        }
        tally.report("jobs")?;
        ensure!(is_replay() || tally.told() == SEEDS * kinds::all().count(), "not every lie was told");
        Ok(())
    });
}

/// The answer URL of a job that is done.
pub fn answer_url(honest: &Honest) -> String {
    let JobState::Done { answer_url } = &honest.job.status.state else {
        panic!("an honest job is {:?}", honest.job.status.state);
    };
    answer_url.clone()
}
