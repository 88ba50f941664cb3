//! Networks in one round on BFV: dense, square, dense, logits out.
//!
//! A query has one ciphertext for each feature and plaintext prime, records in slots: up to 8,192 at once. Weights are public
//! integers to the scheme, so that a dense layer multiplies by scalars and nothing is rotated; a square has three
//! polynomials, and their owner decrypts them as they are.
//!
//! Slots that hold no counted record are covered with random residues, so that an answer tells residues of `row_count` records
//! only (of as many different ones as there are primes, if a query holds others under each). **No circuit privacy**: the noise of an answer depends on the weights, and a client who sends ciphertexts with chosen
//! noise may learn more than the logits. Nothing of BFV is re-randomised. A page that offers this says so.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSNQ" (query) or "VSNA" (answer)
//!      4      2  format version, 1
//!      6      1  parameter set
//!      7      1  plaintext primes
//!      8     32  digest of the model
//!     40     32  fingerprint of the key
//!     72      4  records: all that is read of an answer, and counted
//!     76      4  features (query) or logits (answer)
//!     80         ciphertexts, for each prime those of all features or logits; an answer's are all of one length
//! ```

use rand_core::CryptoRng;
use veilsum_crypto::bfv::evaluate::{EvaluateError, switch_down};
use veilsum_crypto::bfv::forms::{add_plaintext, square, weighted_sum};
use veilsum_crypto::bfv::ring::Plaintext;
use veilsum_crypto::bfv::{Ciphertext, FormatError, ParameterSet};
use veilsum_protocol::wire::{Reader, WireError};
use veilsum_protocol::{Digest, KeyFingerprint};

use crate::interface::Interface;
use crate::model::{Family, Form, MAX_FEATURES, Model};
use crate::plan::{PlanError, one_round};

/// The parameter set: narrow primes leave noise for the weights.
pub const SET: ParameterSet = ParameterSet::N8192T30;
/// Polynomials of a logit: it is a sum of squares.
const ANSWER_POLYNOMIALS: u8 = 3;
/// Bytes in front of the ciphertexts.
pub const HEADER_BYTES: usize = 80;

const QUERY: [u8; 4] = *b"VSNQ";
const ANSWER: [u8; 4] = *b"VSNA";
const VERSION: u16 = 1;

/// What a query is about. An answer repeats it, with its logits for features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The version of the model that is asked.
    pub model: Digest,
    /// The key that everything is encrypted under.
    pub key: KeyFingerprint,
    /// Plaintext primes.
    pub primes: u8,
    /// Records that are scored: so many are counted.
    pub row_count: u32,
    /// Features of a record.
    pub width: u32,
}

/// Why a query or an answer is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The bytes do not have the form of one.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// There are more or fewer bytes than its ciphertexts have.
    #[error("there are {actual} bytes of ciphertexts, and {expected} are needed")]
    Length {
        /// Bytes that are needed.
        expected: usize,
        /// Bytes there are.
        actual: usize,
    },
    /// A ciphertext is none.
    #[error("ciphertext {index} cannot be read: {fault}")]
    Ciphertext {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        fault: FormatError,
    },
    /// A ciphertext is under another set or prime than its place asks for.
    #[error("ciphertext {index} is not one of its place")]
    Place {
        /// Which one, from 0.
        index: usize,
    },
    /// The query names another model, or another version of it.
    #[error("the query is for another version of this model: load the model's page again and encrypt anew")]
    WrongModel,
    /// Records have more or fewer features, or are under fewer primes, than the model takes.
    #[error("records of this query have {actual} {what}, and the model takes {expected}")]
    WrongShape {
        /// What differs.
        what: &'static str,
        /// As the model takes it.
        expected: u32,
        /// As it is.
        actual: u32,
    },
    /// It answers another query.
    #[error("this is the answer to another query")]
    WrongQuery,
    /// One round does not score the model.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The ciphertexts do not go together.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
}

impl Interface {
    /// Plaintext primes that every feature is encrypted under for one round; `None` if no number of them is enough.
    #[must_use]
    pub fn primes(&self) -> Option<u8> {
        SET.primes_for(self.score_bound())
    }
}

impl Header {
    /// Reads the header of a query alone: who asks how much, before anything is computed or even read.
    ///
    /// # Errors
    /// [`NetworkError::Wire`] for bytes of another format, or numbers out of range.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NetworkError> {
        Self::read(bytes, "query", QUERY).map(|(header, _)| header)
    }

    /// The header and what follows it.
    fn read<'a>(
        bytes: &'a [u8],
        what: &'static str,
        magic: [u8; 4],
    ) -> Result<(Self, &'a [u8]), NetworkError> {
        let mut reader = Reader::start(what, bytes, magic, VERSION)?;
        if reader.u8()? != SET.id() {
            return Err(reader.out_of_range("parameter set").into());
        }
        let primes = reader.u8()?;
        if primes == 0 || usize::from(primes) > SET.plaintext_primes().len() {
            return Err(reader.out_of_range("primes").into());
        }
        let model = Digest::from_bytes(reader.array()?);
        let key = KeyFingerprint::from_bytes(reader.array()?);
        let row_count = reader.u32()?;
        if row_count == 0 || row_count as usize > SET.degree() {
            return Err(reader.out_of_range("records").into());
        }
        let width = reader.u32()?;
        if width == 0 || width as usize > MAX_FEATURES {
            return Err(reader.out_of_range("features").into());
        }
        let body = reader.take(reader.remaining())?;
        Ok((Self { model, key, primes, row_count, width }, body))
    }

    fn write(&self, magic: [u8; 4]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&magic);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[SET.id(), self.primes]);
        bytes.extend_from_slice(self.model.as_bytes());
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&self.row_count.to_le_bytes());
        bytes.extend_from_slice(&self.width.to_le_bytes());
        bytes
    }

    /// A query as bytes: `ciphertexts` are, for each prime, those of all features, slot j of each for record j.
    ///
    /// # Errors
    /// [`NetworkError::Length`] for another number of ciphertexts than the header says.
    pub fn query(&self, ciphertexts: &[Ciphertext]) -> Result<Vec<u8>, NetworkError> {
        let mut bytes = self.write(QUERY);
        bytes.extend(ciphertexts.iter().flat_map(Ciphertext::to_bytes));
        let expected = self.query_bytes();
        if bytes.len() != expected {
            let (expected, actual) = (expected - HEADER_BYTES, bytes.len() - HEADER_BYTES);
            return Err(NetworkError::Length { expected, actual });
        }
        Ok(bytes)
    }

    /// The bytes in front of a query's ciphertexts, for who encrypts them somewhere else.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.write(QUERY)
    }

    /// Bytes of the whole query that has this header.
    #[must_use]
    pub fn query_bytes(&self) -> usize {
        HEADER_BYTES + usize::from(self.primes) * self.width as usize * Ciphertext::fresh_bytes(SET)
    }
}

/// Logits of encrypted records, from bytes to bytes: what the cloud does with a network and a query.
///
/// The caller counts [`Header::row_count`] rows against the limit of the client, before. Holds the features of one prime at a
/// time: 0.4 MB each, and as much for each hidden unit.
///
/// # Errors
/// [`NetworkError`] if the network does not fit one round, or query and network do not go together.
pub fn score(model: &Model, query: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, NetworkError> {
    let plan = one_round(model)?;
    let Family::Network { layers, .. } = model.family() else {
        return Err(PlanError::TooDeep { actual: 0 }.into());
    };
    let [inner, outer] = layers.as_slice() else {
        return Err(PlanError::TooDeep { actual: layers.len() }.into());
    };
    let (header, body) = Header::read(query, "query", QUERY)?;
    if header.model != Digest::from_bytes(model.digest()) {
        return Err(NetworkError::WrongModel);
    }
    let features = u32::try_from(model.features().len()).unwrap_or(u32::MAX);
    for (what, expected, actual) in
        [("features", features, header.width), ("primes", plan.primes.into(), header.primes.into())]
    {
        if actual != expected {
            return Err(NetworkError::WrongShape { what, expected, actual });
        }
    }
    let expected = header.query_bytes() - HEADER_BYTES;
    if body.len() != expected {
        return Err(NetworkError::Length { expected, actual: body.len() });
    }
    let logits = u32::try_from(outer.units.len()).unwrap_or(u32::MAX);
    let mut answer = Header { width: logits, ..header }.write(ANSWER);
    let per_prime = expected / usize::from(header.primes);
    for (prime, bytes) in (0..).zip(body.chunks_exact(per_prime)) {
        let inputs = read_ciphertexts(bytes, Ciphertext::fresh_bytes(SET), prime)?;
        let mut squares = Vec::with_capacity(inner.units.len());
        for unit in &inner.units {
            let mut sum = weighted_sum(&unit.weights, &inputs)?;
            add_plaintext(&mut sum, &constant(unit, prime, SET.degree(), rng)?)?;
            squares.push(square(&sum)?);
        }
        drop(inputs);
        for unit in &outer.units {
            let mut sum = weighted_sum(&unit.weights, &squares)?;
            add_plaintext(&mut sum, &constant(unit, prime, header.row_count as usize, rng)?)?;
            answer.extend(switch_down(&sum, plan.level)?.to_bytes());
        }
    }
    Ok(answer)
}

/// The ciphertexts of each logit, one for each prime, as their owner decrypts them.
///
/// # Errors
/// [`NetworkError`] for bytes of another form, or the answer to another query.
pub fn read_answer(
    interface: &Interface,
    asked: &Header,
    bytes: &[u8],
) -> Result<Vec<Vec<Ciphertext>>, NetworkError> {
    let (header, body) = Header::read(bytes, "score", ANSWER)?;
    if header != (Header { width: interface.score_count, ..*asked }) {
        return Err(NetworkError::WrongQuery);
    }
    let count = usize::from(header.primes) * header.width as usize;
    let lengths = (0..).map_while(|level| Ciphertext::answer_bytes(SET, level, ANSWER_POLYNOMIALS));
    let length = lengths.clone().find(|length| body.len() == length * count);
    let expected = lengths.max().unwrap_or_default() * count;
    let length = length.ok_or(NetworkError::Length { expected, actual: body.len() })?;
    let mut logits = vec![Vec::with_capacity(header.primes.into()); header.width as usize];
    for (prime, bytes) in (0..).zip(body.chunks_exact(length * header.width as usize)) {
        for (logit, ciphertext) in logits.iter_mut().zip(read_ciphertexts(bytes, length, prime)?) {
            logit.push(ciphertext);
        }
    }
    Ok(logits)
}

fn read_ciphertexts(bytes: &[u8], length: usize, prime: u8) -> Result<Vec<Ciphertext>, NetworkError> {
    let read = |(index, bytes)| {
        let ciphertext =
            Ciphertext::from_bytes(bytes).map_err(|fault| NetworkError::Ciphertext { index, fault })?;
        if ciphertext.set() == SET && ciphertext.prime() == prime {
            Ok(ciphertext)
        } else {
            Err(NetworkError::Place { index })
        }
    };
    bytes.chunks_exact(length).enumerate().map(read).collect()
}

/// The constant of a form in the first `used` slots, random residues in all others.
fn constant(
    form: &Form,
    prime: u8,
    used: usize,
    rng: &mut impl CryptoRng,
) -> Result<Plaintext, NetworkError> {
    let no_prime = EvaluateError::Mismatch { what: "prime" };
    let modulus = *SET.plaintext_primes().get(usize::from(prime)).ok_or(no_prime)?;
    let residue = form.constant.0.rem_euclid(modulus.into());
    let mut residues = vec![u64::try_from(residue).unwrap_or_default(); SET.degree()];
    residues.iter_mut().skip(used).for_each(|residue| *residue = below(modulus, rng));
    Ok(Plaintext::encode(SET, prime, &residues).ok_or(no_prime)?)
}

/// A uniform number below `limit`, which is not 0.
fn below(limit: u64, rng: &mut impl CryptoRng) -> u64 {
    let mask = u64::MAX >> limit.leading_zeros();
    loop {
        let number = rng.next_u64() & mask;
        if number < limit {
            return number;
        }
    }
}
