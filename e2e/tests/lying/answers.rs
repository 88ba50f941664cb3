//! Lies about answers: an honest job has been run, and what the owner downloads is not what the cloud computed.

mod kinds;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::{Context, ensure};
use num_bigint::{BigInt, BigUint};
use rand_chacha::ChaCha20Rng;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_e2e::encrypted::Dataset;
use veilsum_e2e::liar::Lie;
use veilsum_e2e::tables::Numbers;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::answer::Answer;

use crate::careless;
use crate::cloud::{Cloud, play, rng};
use crate::judge::{Tally, end_of, is_replay, numbers, seeds};
use crate::world::{Honest, LARGE, SMALL, World, blocks};

/// Lies of each kind.
const SEEDS: usize = 10;
/// Workers, each with a job of its own to lie about.
const WORKERS: usize = 2;

/// A kind of lie about an answer.
pub struct Kind {
    pub name: &'static str,
    pub shows: Shows,
    /// The ends that are allowed.
    pub ends: &'static [&'static str],
    /// Whether it is about blocks with unused slots, which only the small table has.
    pub is_small: bool,
    /// What the owner downloads.
    pub lie: fn(&mut Forger<'_>) -> Vec<u8>,
}

/// What makes a lie one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// A careless owner would show another number.
    Number,
    /// It decrypts to something else.
    Plaintext,
    /// The bytes differ; it may not even be an answer.
    Bytes,
    /// It decrypts to the same: no lie, and must be accepted.
    Same,
}

/// What a cloud has at hand to forge an answer: all that is stored, and the public key.
pub struct Forger<'a> {
    pub world: &'a World,
    pub honest: &'a Honest,
    pub key: &'a PublicKey,
    /// For lies that nobody can tell who does not know the factors of n, but which must not be believed either.
    pub secret: &'a SecretKey,
    pub numbers: Numbers,
}

impl Forger<'_> {
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.numbers.below(limit as u64)).expect("below a usize")
    }

    /// A number from 1 to `limit`.
    pub fn up_to(&mut self, limit: u64) -> u64 {
        1 + self.numbers.below(limit)
    }

    /// Position of any aggregate.
    pub fn any(&mut self) -> usize {
        self.below(self.honest.columns().len())
    }

    /// Position of an aggregate whose blocks all have other sums: not of a presence column, nor of zeros and ones.
    pub fn value(&mut self) -> usize {
        let columns = self.honest.columns();
        let is_wide = |column: u32| {
            let mut numbers = self.world.dataset.manifest.numbers();
            numbers.any(|(name, number)| name != "flag" && number.column == column)
        };
        let wide: Vec<usize> = (0..columns.len()).filter(|&at| is_wide(columns[at])).collect();
        wide[self.below(wide.len())]
    }

    /// Position of another aggregate than `at`.
    pub fn other_than(&mut self, at: usize) -> usize {
        let count = self.honest.columns().len();
        (at + 1 + self.below(count - 1)) % count
    }

    /// Two different positions among `count`.
    pub fn two_of(&mut self, count: usize) -> (usize, usize) {
        let first = self.below(count);
        (first, (first + 1 + self.below(count - 1)) % count)
    }

    /// Any slot.
    pub fn slot(&mut self) -> u32 {
        let slots = self.key.layout().slot_count();
        u32::try_from(self.numbers.below(slots.into())).expect("a slot")
    }

    /// Any slot but the top one.
    pub fn slot_below_top(&mut self) -> u32 {
        let slots = self.key.layout().slot_count() - 1;
        u32::try_from(self.numbers.below(slots.into())).expect("a slot")
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.numbers.draw().to_le_bytes()[0]).collect()
    }

    pub fn rng(&mut self) -> ChaCha20Rng {
        rng(self.numbers.draw())
    }

    /// The honest answer with one bit of these bytes flipped.
    pub fn flipped(&mut self, bytes: Range<usize>) -> Vec<u8> {
        let bit = 8 * bytes.start + self.below(8 * bytes.len());
        let mut answer = self.honest.answer.clone();
        answer[bit / 8] ^= 1 << (bit % 8);
        answer
    }

    /// The honest ciphertext of an aggregate.
    pub fn honest(&self, at: usize) -> Ciphertext {
        let bytes = &self.honest.parsed().aggregates.ciphertexts[at];
        self.key.ciphertext_from_bytes(bytes).expect("an honest answer holds ciphertexts")
    }

    /// The blocks of an aggregate's column in a dataset, by row group.
    pub fn groups_of(&self, dataset: &Dataset, at: usize) -> Vec<Vec<Ciphertext>> {
        blocks(self.key, dataset, self.honest.columns()[at])
    }

    /// All blocks of an aggregate's column, in order.
    pub fn blocks(&self, at: usize) -> Vec<Ciphertext> {
        self.groups_of(&self.world.dataset, at).concat()
    }

    /// The sum over all blocks that `change` makes of the right ones.
    pub fn over(&mut self, at: usize, change: impl FnOnce(&mut Self, &mut Vec<Ciphertext>)) -> Vec<u8> {
        let mut blocks = self.blocks(at);
        change(self, &mut blocks);
        self.with(at, &self.key.sum(&blocks))
    }

    /// As [`Self::over`], by row group.
    pub fn over_groups(
        &mut self,
        at: usize,
        change: impl FnOnce(&mut Self, &mut Vec<Vec<Ciphertext>>),
    ) -> Vec<u8> {
        let mut groups = self.groups_of(&self.world.dataset, at);
        change(self, &mut groups);
        self.with(at, &self.key.sum(groups.iter().flatten()))
    }

    /// The honest answer with another ciphertext for one aggregate.
    pub fn with(&self, at: usize, ciphertext: &Ciphertext) -> Vec<u8> {
        self.with_bytes(at, ciphertext.to_bytes(self.key))
    }

    /// As [`Self::with`], for any bytes.
    pub fn with_bytes(&self, at: usize, bytes: Vec<u8>) -> Vec<u8> {
        self.changed(|answer| answer.aggregates.ciphertexts[at] = bytes)
    }

    /// As [`Self::with`], for any integer.
    pub fn with_integer(&self, at: usize, integer: &BigUint) -> Vec<u8> {
        let mut bytes = integer.to_bytes_le();
        bytes.resize(self.key.ciphertext_bytes().max(bytes.len()), 0);
        bytes.truncate(self.key.ciphertext_bytes());
        self.with_bytes(at, bytes)
    }

    /// What `change` makes of the honest answer.
    pub fn changed(&self, change: impl FnOnce(&mut Answer)) -> Vec<u8> {
        let mut answer = self.honest.parsed();
        change(&mut answer);
        answer.to_bytes()
    }

    /// The honest answer with `integer` added to the plaintext of one aggregate.
    pub fn plus(&self, at: usize, integer: BigInt) -> Vec<u8> {
        let change = Plaintext::from_integer(integer);
        let change = self.key.encrypt_with_residue(&change, &1_u32.into());
        self.with(at, &self.key.add(&self.honest(at), &change))
    }
}

/// Two worlds, of which lies are told about either.
struct Worlds([World; 2]);

impl Worlds {
    async fn make(cloud: &Cloud) -> anyhow::Result<Self> {
        let rng = &mut rng(1);
        let large = World::make(cloud, LARGE, WORKERS, rng).await?;
        Ok(Self([large, World::make(cloud, SMALL, WORKERS, rng).await?]))
    }

    fn of(&self, kind: &Kind, seed: u64) -> &World {
        let [large, small] = &self.0;
        if kind.is_small || seed % 2 == 1 { small } else { large }
    }
}

/// The lie of this kind and seed, with proof that it is one; and whether a careless owner would show a wrong number.
fn forge(
    cloud: &Cloud,
    world: &World,
    worker: usize,
    kind: &Kind,
    seed: u64,
) -> anyhow::Result<(Vec<u8>, bool)> {
    let secret = cloud.keyring().paillier();
    let honest = &world.jobs[worker];
    let numbers = numbers(kind.name, seed);
    let mut forger = Forger { world, honest, key: secret.public_key(), secret, numbers };
    let lie = catch_unwind(AssertUnwindSafe(|| (kind.lie)(&mut forger)));
    let lie = lie.map_err(|_| anyhow::anyhow!("it could not be forged"))?;
    ensure!(lie != honest.answer, "not a byte of the answer is changed");
    let changed = careless::read_changed(secret, &honest.parsed(), &lie);
    let is_fooled = changed.as_deref().is_some_and(careless::is_fooled);
    let is_one = match kind.shows {
        Shows::Bytes => true,
        Shows::Number => is_fooled,
        Shows::Plaintext => changed.context("it is no answer")?.iter().any(|(truth, told)| truth != told),
        Shows::Same => changed.context("it is no answer")?.iter().all(|(truth, told)| truth == told),
    };
    ensure!(is_one, "it does not do what it should to a careless owner: {:?}", kind.shows);
    Ok((lie, is_fooled))
}

/// Tells one lie and sees how it ends.
async fn tell(
    cloud: &Cloud,
    world: &World,
    worker: usize,
    kind: &Kind,
    seed: u64,
    tally: &mut Tally,
) -> anyhow::Result<String> {
    let (lie, is_fooling) = forge(cloud, world, worker, kind, seed)?;
    if is_fooling {
        tally.count_fooling();
    }
    let honest = &world.jobs[worker];
    cloud.to_owner().tell(honest.place(), Lie::Other(lie));
    let downloaded = cloud.client.download(&honest.job).await;
    ensure!(cloud.to_owner().recant(&honest.place()) == 1, "the lie was not told");
    end_of(downloaded.and_then(|answer| cloud.client.answers(&honest.job, &answer)), &world.table)
}

#[test]
fn lies_about_answers_are_refused() {
    play(async {
        let cloud = Arc::new(Cloud::start().await?);
        let worlds = Arc::new(Worlds::make(&cloud).await?);
        for world in &worlds.0 {
            for honest in &world.jobs {
                let values = cloud.client.answers(&honest.job, &honest.answer);
                ensure!(end_of(values, &world.table)? == crate::judge::RIGHT, "an honest answer is refused");
            }
        }
        let workers = (0..WORKERS).map(|worker| {
            let (cloud, worlds) = (Arc::clone(&cloud), Arc::clone(&worlds));
            tokio::spawn(async move {
                let mut tally = Tally::default();
                for kind in kinds::all() {
                    for seed in seeds(kind.name, SEEDS, WORKERS, worker) {
                        let end =
                            tell(&cloud, worlds.of(kind, seed / 2), worker, kind, seed, &mut tally).await;
                        tally.count(kind.name, seed, end, kind.ends);
                    }
                }
                tally
            })
        });
        let mut tally = Tally::default();
        for worker in workers.collect::<Vec<_>>() {
            tally.add(worker.await?);
        }
        tally.report("answers")?;
        if !is_replay() {
            ensure!(tally.told() == SEEDS * kinds::all().count(), "not every lie was told");
            // Without the checks, every lie of these kinds would have been believed.
            let linear = kinds::all().filter(|kind| kind.shows == Shows::Number).count();
            ensure!(tally.fooling() >= SEEDS * linear, "the lies would fool nobody");
        }
        Ok(())
    });
}
