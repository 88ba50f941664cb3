//! What encrypts records and decrypts scores: packed Paillier here, also for one layer at a time, BFV in its workers.

use std::rc::Rc;

use futures_util::stream::{FuturesOrdered, StreamExt as _};
use veilsum_crypto::bfv::Ciphertext as BfvCiphertext;
use veilsum_crypto::packing::Plaintext;
use veilsum_model::answer::Answer;
use veilsum_model::interface::Interface;
use veilsum_model::network::{self, SET};
use veilsum_model::packing::{self, Packing};
use veilsum_model::plan::{Engine as PlannedEngine, SCORE_BITS};
use veilsum_model::query::{self, Query};
use veilsum_owner::check::CheckLabel;
use veilsum_owner::paillier::SecretKey;
use veilsum_protocol::Digest;
use veilsum_protocol::api::scoring::ScoreEngine;
use veilsum_protocol::row_group::Encryption;

use super::records::Record;
use crate::abort::Abort;
use crate::bfv_worker::LogitsTask;
use crate::encrypt_worker::Batch;
use crate::fault::sentence;
use crate::messages::Fault;
use crate::time::Turn;
use crate::vault::keyring::Unlocked;
use crate::vault::pool::Pool;
use crate::vault::random::{dataset_id, rng, upload_id};
use crate::vault::upload::speed;

/// Networks of which more would be needed are scored in one round: these are encrypted one by one.
const MOST_PACKED_CIPHERTEXTS: usize = 3_000;
/// Ciphertexts between two looks at the clock.
const AT_ONCE: usize = 8;

/// How far it is: done and total.
pub(super) type Share<'a> = &'a dyn Fn(u64, u64);

/// What scores with the cloud.
pub(super) enum Engine {
    /// Linear forms of packed Paillier ciphertexts.
    Packed { packing: Packing },
    /// A network in one round; its workers are kept for all runs.
    OneRound { pool: Rc<Pool> },
    /// A network, each layer a question of its own. For teaching.
    ByLayers,
}

/// A query as it is sent.
pub(super) struct Encrypted {
    pub(super) bytes: Vec<u8>,
    pub(super) ciphertexts: u64,
    pub(super) header_bytes: usize,
    asked: Asked,
}

enum Asked {
    Packed(query::Header),
    OneRound(network::Header),
}

impl Engine {
    /// The engine for so many records of a model; layer by layer where that was asked for.
    pub(super) fn choose(
        unlocked: &Unlocked,
        interface: &Interface,
        records: usize,
        by_layers: bool,
    ) -> Result<Self, Fault> {
        if by_layers {
            return if interface.engines.contains(&PlannedEngine::ByLayers) {
                Ok(Self::ByLayers)
            } else {
                Err(Fault::new(
                    "no-engine",
                    "This model is no network whose layers fit packed sums, so that it is not scored layer by layer. \
                     Choose the other way.",
                ))
            };
        }
        let one = records == 1 && interface.packs_records;
        let packing = if one { Packing::Record } else { Packing::Table };
        if interface.engines.contains(&PlannedEngine::Packed)
            && (!interface.engines.contains(&PlannedEngine::OneRound)
                || is_packed_less(unlocked, interface, packing, records))
        {
            return Ok(Self::Packed { packing });
        }
        if !interface.engines.contains(&PlannedEngine::OneRound) {
            return Err(Fault::new(
                "no-engine",
                "This model can only be scored layer by layer, where whoever asks sees its weights. Choose that below, if its \
                 publisher offers it, or another model.",
            ));
        }
        if records > SET.degree() {
            return Err(Fault::new(
                "too-many-records",
                &format!(
                    "A network scores at most {} records in one round, and these are {records}. Choose fewer.",
                    SET.degree()
                ),
            ));
        }
        let ciphertext_bytes = u32::try_from(BfvCiphertext::fresh_bytes(SET)).unwrap_or(u32::MAX);
        let encryption = Encryption::Bfv { parameter_set: SET.id().into(), ciphertext_bytes };
        Ok(Self::OneRound { pool: Rc::new(speed::ready_pool(unlocked, encryption)?) })
    }

    /// How the cloud is told of it.
    pub(super) const fn name(&self) -> ScoreEngine {
        match self {
            Self::Packed { .. } => ScoreEngine::Packed,
            Self::OneRound { .. } => ScoreEngine::OneRound,
            Self::ByLayers => ScoreEngine::ByLayers,
        }
    }

    /// For people.
    pub(super) fn scheme(&self, key: &SecretKey) -> String {
        match self {
            Self::Packed { .. } => format!("Paillier, {} bits", key.public_key().modulus_bits()),
            Self::OneRound { .. } => "BFV, one round".to_owned(),
            Self::ByLayers => {
                format!("Paillier, {} bits, layer by layer", key.public_key().modulus_bits())
            }
        }
    }

    /// For people.
    pub(super) const fn packing(&self) -> &'static str {
        match self {
            Self::Packed { packing: Packing::Record } => "one record, packed by features",
            Self::Packed { packing: Packing::Table } => "a table, packed by records",
            Self::OneRound { .. } => "one ciphertext for each feature and prime, records in its slots",
            Self::ByLayers => "a table for each layer, packed by records",
        }
    }

    /// Questions that a score takes.
    pub(super) const fn rounds(&self, interface: &Interface) -> usize {
        match self {
            Self::Packed { .. } | Self::OneRound { .. } => 1,
            Self::ByLayers => interface.layer_scales.len(),
        }
    }

    /// What is encrypted of records for the first question.
    pub(super) fn first_rows(
        &self,
        interface: &Interface,
        records: &[Record],
    ) -> Result<Vec<Vec<i64>>, Fault> {
        let integers = records.iter().map(|record| &record.integers);
        match self {
            Self::Packed { .. } => integers
                .map(|integers| packing::inputs(&interface.inputs(), integers))
                .collect::<Option<_>>()
                .ok_or_else(not_packed),
            Self::OneRound { .. } | Self::ByLayers => Ok(integers.cloned().collect()),
        }
    }

    /// The largest |sum| that the answer to a question may have.
    fn bound(&self, interface: &Interface, round: usize) -> u128 {
        // Sums of a layer that is not the last are squared, and the square fits a slot.
        let is_squared = round + 1 < self.rounds(interface);
        if is_squared { (1 << (SCORE_BITS / 2)) - 1 } else { interface.score_bound() }
    }

    /// Encrypts the numbers of each record: those of [`Self::first_rows`], or the squares of a layer's sums.
    pub(super) async fn encrypt(
        &self,
        unlocked: &Unlocked,
        interface: &Interface,
        digest: Digest,
        (round, rows): (usize, &[Vec<i64>]),
        (abort, share): (&Abort, Share<'_>),
    ) -> Result<Encrypted, Fault> {
        let row_count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        match self {
            Self::Packed { .. } | Self::ByLayers => {
                let key = unlocked.keyring.paillier();
                let packing = match self {
                    Self::Packed { packing } => *packing,
                    Self::OneRound { .. } | Self::ByLayers => Packing::Table,
                };
                let first = rows.first().ok_or_else(not_packed)?;
                let plaintexts: Vec<Plaintext> = match packing {
                    Packing::Table => {
                        packing::pack_table(key.public_key(), rows).ok_or_else(not_packed)?.concat()
                    }
                    Packing::Record => packing::pack_record(key.public_key(), first),
                };
                let asked = query::Header {
                    packing,
                    model: digest,
                    key: unlocked.keyring.key_fingerprint(),
                    modulus_bits: key.public_key().modulus_bits(),
                    row_count,
                    input_count: u32::try_from(first.len()).unwrap_or(u32::MAX),
                    layer: u16::try_from(round).unwrap_or(u16::MAX),
                };
                let mut ciphertexts = Vec::with_capacity(plaintexts.len());
                let mut turn = Turn::begin();
                for some in plaintexts.chunks(AT_ONCE) {
                    ciphertexts.extend(key.encrypt_many(some, &mut rng()));
                    if turn.is_over() {
                        share(ciphertexts.len() as u64, plaintexts.len() as u64);
                        turn.pass().await;
                        abort.check()?;
                    }
                }
                let count = ciphertexts.len() as u64;
                let query = Query::new(key.public_key(), asked, ciphertexts).map_err(|error| {
                    Fault::new(
                        "not-encrypted",
                        "The records could not be packed for this model. Load its page again.",
                    )
                    .with_detail(error.to_string())
                })?;
                Ok(Encrypted {
                    bytes: query.to_bytes(key.public_key()),
                    ciphertexts: count,
                    header_bytes: query::HEADER_BYTES,
                    asked: Asked::Packed(asked),
                })
            }
            Self::OneRound { pool } => {
                let primes = interface.primes().ok_or_else(not_packed)?;
                let asked = network::Header {
                    model: digest,
                    key: unlocked.keyring.bfv_fingerprint(SET),
                    primes,
                    row_count,
                    width: u32::try_from(interface.features.len()).unwrap_or(u32::MAX),
                };
                // Where a batch of a dataset would belong; nothing of it is in these ciphertexts.
                let first = CheckLabel {
                    dataset: dataset_id(),
                    upload: upload_id(),
                    column_set: 0,
                    column: 0,
                    block: 0,
                };
                let total = u64::from(primes) * interface.features.len() as u64;
                let mut bytes = asked.to_bytes();
                let mut under_way = FuturesOrdered::new();
                let mut done = 0;
                for prime in 0..primes {
                    for feature in 0..interface.features.len() {
                        let values = rows.iter().map(|row| row[feature]).collect();
                        under_way.push_back(pool.encrypt(&Batch { first, prime, values }));
                        if under_way.len() >= pool.capacity()
                            && let Some(ciphertext) = abort.or(under_way.next()).await?
                        {
                            bytes.extend(ciphertext?.to_vec());
                            done += 1;
                            share(done, total);
                        }
                    }
                }
                while let Some(ciphertext) = abort.or(under_way.next()).await? {
                    bytes.extend(ciphertext?.to_vec());
                }
                Ok(Encrypted {
                    bytes,
                    ciphertexts: total,
                    header_bytes: network::HEADER_BYTES,
                    asked: Asked::OneRound(asked),
                })
            }
        }
    }

    /// The scores of each record, and how many ciphertexts they came in.
    pub(super) async fn decrypt(
        &self,
        unlocked: &Unlocked,
        interface: &Interface,
        query: &Encrypted,
        answer: Vec<u8>,
        abort: &Abort,
    ) -> Result<(Vec<Vec<i128>>, u64), Fault> {
        match (self, &query.asked) {
            (Self::Packed { .. } | Self::ByLayers, Asked::Packed(asked)) => {
                let key = unlocked.keyring.paillier();
                let answer =
                    Answer::from_bytes(key.public_key(), asked, &answer).map_err(|error| refused(&error))?;
                let mut plaintexts = Vec::with_capacity(answer.ciphertexts().len());
                let mut turn = Turn::begin();
                for some in answer.ciphertexts().chunks(AT_ONCE) {
                    plaintexts.extend(key.decrypt_many(some).map_err(|error| refused(&error))?);
                    if turn.is_over() {
                        turn.pass().await;
                        abort.check()?;
                    }
                }
                let scores = answer
                    .scores(key.public_key(), &plaintexts, self.bound(interface, asked.layer.into()))
                    .map_err(|error| refused(&error))?;
                Ok((scores, plaintexts.len() as u64))
            }
            (Self::OneRound { pool }, Asked::OneRound(asked)) => {
                let task =
                    LogitsTask { interface: interface.to_bytes(), query_header: asked.to_bytes(), answer };
                let found = abort.or(pool.open_logits(&task)).await??;
                let logits = LogitsTask::read(&found.to_vec()).map_err(|reason| refused(&reason))?;
                Ok((logits, u64::from(asked.primes) * u64::from(interface.score_count)))
            }
            (Self::Packed { .. } | Self::ByLayers, Asked::OneRound(_))
            | (Self::OneRound { .. }, Asked::Packed(_)) => Err(not_packed()),
        }
    }
}

/// Whether packed sums take fewer bytes of such a network, and not too many ciphertexts.
fn is_packed_less(unlocked: &Unlocked, interface: &Interface, packing: Packing, records: usize) -> bool {
    let key = unlocked.keyring.paillier().public_key();
    let rows = u32::try_from(records).unwrap_or(u32::MAX);
    let ciphertexts = packing.query_ciphertexts(key, interface.inputs().len(), rows);
    let packed = ciphertexts.saturating_mul(key.ciphertext_bytes());
    let one_round = interface.primes().map_or(usize::MAX, |primes| {
        usize::from(primes) * interface.features.len() * BfvCiphertext::fresh_bytes(SET)
    });
    ciphertexts <= MOST_PACKED_CIPHERTEXTS && packed < one_round
}

/// What is encrypted for the next layer: the squares of the sums of this one.
pub(super) fn squares(sums: &[Vec<i128>]) -> Result<Vec<Vec<i64>>, Fault> {
    let square = |sum: &i128| sum.checked_mul(*sum).and_then(|square| i64::try_from(square).ok());
    let squares = sums.iter().map(|row| row.iter().map(square).collect());
    squares.collect::<Option<_>>().ok_or_else(not_packed)
}

fn not_packed() -> Fault {
    Fault::new(
        "not-encrypted",
        "The records cannot be packed for this model: a value or its square is too large. Load the model's page again.",
    )
}

fn refused(error: &dyn core::fmt::Display) -> Fault {
    Fault::new(
        "scores-refused",
        "The cloud's answer was refused: it is not one that this model can give to these records. No score is shown. \
         Score the records again; if it is refused again, the stored model or the cloud's work was changed.",
    )
    .with_detail(sentence(&error.to_string()))
}
