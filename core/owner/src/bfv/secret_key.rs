//! The secret key: derivation, encryption, decryption.

use core::fmt;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use num_bigint::BigInt;
use rand_core::CryptoRng;
use sha2::Sha256;
use veilsum_crypto::bfv::ring::{Multiplicand, Plaintext, RingElement};
use veilsum_crypto::bfv::{Ciphertext, ParameterSet, SEED_BYTES};
use veilsum_protocol::KeyFingerprint;
use zeroize::Zeroizing;

use crate::labels;
use crate::master::MasterSecret;

/// Random bits for a number of the centred binomial distribution: 20 to add, 20 to subtract.
const BINOMIAL_BITS: usize = 40;

/// A secret key of one parameter set. It decrypts every plaintext prime of the set.
///
/// It is a function of a seed of 32 bytes, and the seed is derived from the owner's master secret: so keyrings and recovery
/// kits made before there was BFV have its key too, and none of their formats changed. Its secrecy is that of the master
/// secret, through HKDF-SHA-256 and ChaCha20 as pseudo-random functions, which is assumed of them elsewhere already. Each
/// set has an independent key.
pub struct SecretKey {
    set: ParameterSet,
    seed: Zeroizing<[u8; 32]>,
    /// s: N coefficients, centred binomial with variance 10.
    coefficients: Zeroizing<Vec<i8>>,
    /// s as it is multiplied with at level 0.
    multiplicand: Zeroizing<Multiplicand>,
}

/// The bytes are not a [`SecretKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not a BFV secret key")]
pub struct BfvKeyError;

/// Why nothing was encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// More values than a block has slots.
    #[error("a block has {limit} slots, and these are {actual} values")]
    TooManyValues {
        /// Values there are.
        actual: usize,
        /// Slots of a block.
        limit: usize,
    },
    /// The set has no such plaintext prime.
    #[error("there is no plaintext prime {actual}")]
    NoSuchPrime {
        /// Index asked for.
        actual: u8,
    },
}

/// Why an answer yields no numbers. Of what was decrypted it says only that it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// The ciphertexts are not one answer under the first primes of this key's set.
    #[error("the answer's ciphertexts do not go together: another parameter set, prime, level or degree")]
    Mismatch,
    /// As many primes cannot hold the bound.
    #[error("the answer has too few parts for its bound")]
    TooFewPrimes,
    /// A slot is out of bounds, or one that no row fills is not 0: another key, or not the answer to this query.
    #[error("the answer was refused: it holds values that the query cannot give")]
    Refused,
}

/// What slots that no row fills hold.
#[derive(Clone, Copy)]
enum Rest {
    /// 0, or the answer is not the one to this query.
    Zero,
    /// Random numbers.
    Covered,
}

/// The cleartext slots of a decrypted answer. Wiped when dropped.
pub struct Decrypted {
    /// The exact integer in each slot that rows fill.
    pub slots: Zeroizing<Vec<i128>>,
}

impl Decrypted {
    /// The sum over all slots.
    #[must_use]
    pub fn total(&self) -> BigInt {
        self.slots.iter().copied().map(BigInt::from).sum()
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Decrypted({} slots, hidden)", self.slots.len())
    }
}

impl SecretKey {
    /// Bytes of [`Self::to_secret_bytes`].
    pub const SECRET_BYTES: usize = 33;

    /// The key of the owner of `master` under `set`.
    #[must_use]
    pub fn derive(master: &MasterSecret, set: ParameterSet) -> Self {
        Self::from_seed(set, seed_of(master, set))
    }

    /// What [`Self::to_secret_bytes`] of the derived key gives, without making the key.
    #[must_use]
    pub fn derive_secret_bytes(
        master: &MasterSecret,
        set: ParameterSet,
    ) -> Zeroizing<[u8; Self::SECRET_BYTES]> {
        secret_bytes(set, &seed_of(master, set))
    }

    /// What [`Self::fingerprint`] of the derived key gives, without making the key.
    #[must_use]
    pub fn derive_fingerprint(master: &MasterSecret, set: ParameterSet) -> KeyFingerprint {
        fingerprint_of(set, &seed_of(master, set))
    }

    /// Draws a key that belongs to no keyring.
    #[must_use]
    pub fn generate(set: ParameterSet, rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::from_seed(set, seed)
    }

    /// The key as bytes, for a worker of the same owner: the set's number and the seed.
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<[u8; Self::SECRET_BYTES]> {
        secret_bytes(self.set, &self.seed)
    }

    /// Reads what [`Self::to_secret_bytes`] writes.
    ///
    /// # Errors
    /// [`BfvKeyError`] for another length or an unknown set.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, BfvKeyError> {
        let (&[set], seed) = bytes.split_first_chunk::<1>().ok_or(BfvKeyError)?;
        let set = ParameterSet::from_id(set).ok_or(BfvKeyError)?;
        let seed = Zeroizing::new(seed.try_into().map_err(|_| BfvKeyError)?);
        Ok(Self::from_seed(set, seed))
    }

    /// The parameter set.
    #[must_use]
    pub const fn set(&self) -> ParameterSet {
        self.set
    }

    /// A name for the key that tells nothing of it: HKDF-SHA-256 of its seed.
    ///
    /// No public key goes with the secret, so that there is nothing public to hash. Only the owner can compute the
    /// fingerprint; to everybody else it is a random number that two keys never share.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        fingerprint_of(self.set, &self.seed)
    }

    /// Encrypts the values of one block modulo the prime of index `prime`; slots that are left over hold 0.
    ///
    /// A value whose magnitude is beyond the prime is reduced: only the ciphertexts under several primes together hold it.
    /// So a column under p primes is p calls for each block, with the same values.
    ///
    /// Costs six transforms and 41 KB of randomness.
    ///
    /// # Errors
    /// [`EncryptError`] for more values than slots, or a prime that does not exist.
    ///
    /// # Panics
    /// Never: all parts are of this set and of level 0.
    pub fn encrypt_block(
        &self,
        prime: u8,
        values: &[i64],
        rng: &mut impl CryptoRng,
    ) -> Result<Ciphertext, EncryptError> {
        let (set, limit) = (self.set, self.set.degree());
        if values.len() > limit {
            return Err(EncryptError::TooManyValues { actual: values.len(), limit });
        }
        let &modulus = set
            .plaintext_primes()
            .get(usize::from(prime))
            .ok_or(EncryptError::NoSuchPrime { actual: prime })?;
        let residues: Zeroizing<Vec<_>> =
            Zeroizing::new(values.iter().map(|&value| residue(value, modulus)).collect());
        let plaintext = Plaintext::encode(set, prime, &residues).expect("residues of an existing prime");

        let mut seed = [0; SEED_BYTES];
        rng.fill_bytes(&mut seed);
        let mut random = Zeroizing::new(vec![0; limit * BINOMIAL_BITS / 8]);
        rng.fill_bytes(&mut random);
        let error = centred_binomial(&random);

        let mask = Zeroizing::new(RingElement::from_seed(set, &seed).times(&self.multiplicand));
        // ⌊q·m/t⌋ + e − a·s: the plaintext and the error are overwritten by what is public in the end.
        let mut first = RingElement::from_plaintext(set, prime, &plaintext).expect("the prime exists");
        first.add(&Zeroizing::new(RingElement::from_small(set, 0, &error).expect("level 0 exists")));
        first.subtract(&mask);
        Ok(Ciphertext::fresh(set, prime, &first, seed).expect("an element of level 0"))
    }

    /// Decrypts an answer: `parts[i]` is its ciphertext under prime i.
    ///
    /// `bound` is the largest magnitude that a slot can have by the query and the signed manifest, `used_slots` the number of
    /// slots, from slot 0, that any row fills.
    ///
    /// # Errors
    /// [`DecryptError`]: no number is returned unless every slot is within its bound.
    pub fn decrypt(
        &self,
        parts: &[Ciphertext],
        bound: u128,
        used_slots: usize,
    ) -> Result<Decrypted, DecryptError> {
        self.decrypt_slots(parts, bound, used_slots, Rest::Zero)
    }

    /// As [`Self::decrypt`] for an answer whose other slots were covered with random numbers, as scores under a hidden model
    /// are: nothing is asked of those.
    ///
    /// # Errors
    /// As [`Self::decrypt`].
    pub fn decrypt_covered(
        &self,
        parts: &[Ciphertext],
        bound: u128,
        used_slots: usize,
    ) -> Result<Decrypted, DecryptError> {
        self.decrypt_slots(parts, bound, used_slots, Rest::Covered)
    }

    fn decrypt_slots(
        &self,
        parts: &[Ciphertext],
        bound: u128,
        used_slots: usize,
        rest: Rest,
    ) -> Result<Decrypted, DecryptError> {
        let count = self.set.primes_for(bound).ok_or(DecryptError::TooFewPrimes)?;
        if parts.len() < usize::from(count) {
            return Err(DecryptError::TooFewPrimes);
        }
        let residues = (0..)
            .zip(parts)
            .map(|(prime, part)| {
                let fits = part.set() == self.set
                    && part.prime() == prime
                    && part.level() == parts[0].level()
                    && part.degree() == parts[0].degree();
                if fits { self.residues(part) } else { Err(DecryptError::Mismatch) }
            })
            .collect::<Result<Vec<_>, _>>()?;
        let primes = &self.set.plaintext_primes()[..residues.len()];
        let mixed_radix = MixedRadix::new(primes);
        let mut slots = Zeroizing::new(Vec::with_capacity(used_slots));
        let mut digits = Zeroizing::new(vec![0; primes.len()]);
        let slot_count = match rest {
            Rest::Zero => self.set.degree(),
            Rest::Covered => used_slots.min(self.set.degree()),
        };
        // All slots are looked at, whatever the first holds: how long this takes must not tell what was refused.
        let mut is_refused = false;
        for slot in 0..slot_count {
            for (digit, residues) in digits.iter_mut().zip(&residues) {
                *digit = residues[slot];
            }
            let value = mixed_radix.recombine(&mut digits);
            let limit = if slot < used_slots { bound } else { 0 };
            is_refused |= value.is_none_or(|value| value.unsigned_abs() > limit);
            if slot < used_slots {
                slots.push(value.unwrap_or_default());
            }
        }
        if is_refused { Err(DecryptError::Refused) } else { Ok(Decrypted { slots }) }
    }

    /// The residue in each slot of one ciphertext.
    fn residues(&self, ciphertext: &Ciphertext) -> Result<Zeroizing<Vec<u64>>, DecryptError> {
        let phase = self.phase(ciphertext).ok_or(DecryptError::Mismatch)?;
        phase
            .round_to_plaintext(self.set, ciphertext.prime())
            .and_then(|plaintext| plaintext.decode(self.set, ciphertext.prime()))
            .ok_or(DecryptError::Mismatch)
    }

    /// `c₀ + c₁·s + c₂·s² + …` by Horner's rule.
    fn phase(&self, ciphertext: &Ciphertext) -> Option<Zeroizing<RingElement>> {
        let secret = RingElement::from_small(self.set, ciphertext.level(), &self.coefficients)?;
        let secret = Zeroizing::new(secret.into_multiplicand());
        let mut elements = ciphertext.elements().rev();
        let mut phase = Zeroizing::new(elements.next()?);
        for element in elements {
            let mut product = Zeroizing::new((*phase).clone().times(&secret));
            product.add(&element);
            phase = product;
        }
        Some(phase)
    }

    /// s from its seed: the first 5·N bytes of ChaCha20's keystream under it, nonce all zero, as [`centred_binomial`] takes
    /// them. It must never change: stored data is under it.
    fn from_seed(set: ParameterSet, seed: Zeroizing<[u8; 32]>) -> Self {
        let mut random = Zeroizing::new(vec![0; set.degree() * BINOMIAL_BITS / 8]);
        ChaCha20::new(seed.as_slice().try_into().expect("32 bytes"), &[0; 12].into())
            .try_apply_keystream(&mut random)
            .expect("a keystream has 256 GiB");
        let coefficients = centred_binomial(&random);
        let multiplicand =
            RingElement::from_small(set, 0, &coefficients).expect("level 0 exists").into_multiplicand();
        Self { set, seed, coefficients, multiplicand: Zeroizing::new(multiplicand) }
    }
}

/// The seed of the key that an owner has under a set.
fn seed_of(master: &MasterSecret, set: ParameterSet) -> Zeroizing<[u8; 32]> {
    master.derive(labels::BFV_SECRET_KEY, &[set.id()])
}

fn secret_bytes(set: ParameterSet, seed: &[u8; 32]) -> Zeroizing<[u8; SecretKey::SECRET_BYTES]> {
    let mut bytes = Zeroizing::new([set.id(); SecretKey::SECRET_BYTES]);
    bytes[1..].copy_from_slice(seed);
    bytes
}

fn fingerprint_of(set: ParameterSet, seed: &[u8; 32]) -> KeyFingerprint {
    let mut fingerprint = [0; KeyFingerprint::BYTES];
    Hkdf::<Sha256>::new(None, seed)
        .expand_multi_info(&[labels::BFV_FINGERPRINT, &[set.id()]], &mut fingerprint)
        .expect("HKDF-SHA-256 gives up to 255 * 32 bytes");
    KeyFingerprint::from_bytes(fingerprint)
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey({:?}, hidden)", self.set)
    }
}

/// A number for every 5 bytes: the ones among their low 20 bits less those among their high 20 bits. Centred binomial with
/// variance 10, at most 20 in magnitude.
fn centred_binomial(random: &[u8]) -> Zeroizing<Vec<i8>> {
    let (chunks, _) = random.as_chunks::<{ BINOMIAL_BITS / 8 }>();
    let number = |&[a, b, c, d, e]: &[u8; 5]| {
        let bits = u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]);
        let half = BINOMIAL_BITS / 2;
        let added = (bits & ((1 << half) - 1)).count_ones();
        let subtracted = (bits >> half).count_ones();
        i8::try_from(added.cast_signed() - subtracted.cast_signed()).unwrap_or_default()
    };
    Zeroizing::new(chunks.iter().map(number).collect())
}

/// `value mod modulus`, from 0 on, without a branch on the sign.
fn residue(value: i64, modulus: u64) -> u64 {
    let reduced = value % modulus.cast_signed();
    reduced.wrapping_add(modulus.cast_signed() & (reduced >> 63)).cast_unsigned()
}

/// Residues modulo several primes to the one integer of least magnitude [Garner 1959].
struct MixedRadix<'a> {
    primes: &'a [u64],
    /// `inverses[i][j]`: the inverse of prime j modulo prime i, for j < i.
    inverses: Vec<Vec<u64>>,
}

impl<'a> MixedRadix<'a> {
    fn new(primes: &'a [u64]) -> Self {
        let inverses = primes
            .iter()
            .enumerate()
            .map(|(index, &modulus)| primes[..index].iter().map(|&prime| inverse(prime, modulus)).collect())
            .collect();
        Self { primes, inverses }
    }

    /// The integer; `None` if it is beyond 127 bits. `residues` are overwritten.
    ///
    /// With digits dᵢ below tᵢ the integer is `d₀ + t₀·(d₁ + t₁·(d₂ + …))`. As every t is odd, half of the largest such number
    /// has the digits (tᵢ − 1)/2: what is above that is negative, and minus one less the number with digits tᵢ − 1 − dᵢ.
    fn recombine(&self, residues: &mut [u64]) -> Option<i128> {
        for (index, &modulus) in self.primes.iter().enumerate() {
            for earlier in 0..index {
                let difference = u128::from(residues[index]) + u128::from(modulus)
                    - u128::from(residues[earlier] % modulus);
                let digit = difference * u128::from(self.inverses[index][earlier]) % u128::from(modulus);
                residues[index] = u64::try_from(digit).ok()?;
            }
        }
        let halves = self.primes.iter().map(|prime| (prime - 1) / 2);
        let negative = residues.iter().rev().copied().gt(halves.rev());
        let mut magnitude = 0_u128;
        for (&digit, &prime) in residues.iter().zip(self.primes).rev() {
            let digit = if negative { prime - 1 - digit } else { digit };
            magnitude = magnitude.checked_mul(prime.into())?.checked_add(digit.into())?;
        }
        let magnitude = i128::try_from(magnitude).ok()?;
        Some(if negative { -1 - magnitude } else { magnitude })
    }
}

/// The inverse modulo a prime, by Fermat's little theorem.
fn inverse(number: u64, prime: u64) -> u64 {
    let modulus = u128::from(prime);
    let (mut power, mut base, mut exponent) = (1, u128::from(number) % modulus, prime - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = power * base % modulus;
        }
        base = base * base % modulus;
        exponent >>= 1;
    }
    u64::try_from(power).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use num_traits::ToPrimitive;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use veilsum_crypto::bfv::evaluate::{self, multiply, switch_down};
    use veilsum_crypto::bfv::noise::{Circuit, bound, plan};

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// log₂ of ‖w‖: how far `t·c(s)/q` is from integers.
    fn noise_bits(key: &SecretKey, ciphertext: &Ciphertext) -> f64 {
        let moduli = key.set.moduli_at(ciphertext.level()).unwrap();
        let q: BigUint = moduli.iter().map(|&modulus| BigUint::from(modulus)).product();
        let t = BigUint::from(key.set.plaintext_primes()[usize::from(ciphertext.prime())]);
        let garner: Vec<BigUint> = moduli
            .iter()
            .map(|&modulus| {
                let others = &q / modulus;
                &others * others.modinv(&modulus.into()).unwrap()
            })
            .collect();
        let residues = key.phase(ciphertext).unwrap().to_residues();
        let n = key.set.degree();
        let largest = (0..n)
            .map(|place| {
                let phase: BigUint =
                    garner.iter().enumerate().map(|(row, garner)| garner * residues[row * n + place]).sum();
                let scaled = phase % &q * &t % &q;
                scaled.clone().min(&q - scaled)
            })
            .max()
            .unwrap();
        (largest.to_f64().unwrap() / q.to_f64().unwrap()).log2()
    }

    /// Noise of extreme messages is below the bound: just below for a fresh ciphertext, not absurdly far for a product.
    #[test]
    fn measured_noise_is_below_the_bound() {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        for set in ParameterSet::ALL {
            let key = SecretKey::generate(set, &mut rng);
            for values in [vec![i64::MAX; 8_192], (0..8_192).collect(), vec![0; 8_192], vec![-1; 8_192]] {
                let fresh = key.encrypt_block(0, &values, &mut rng).unwrap();
                let other = key.encrypt_block(0, &values, &mut rng).unwrap();
                let mut product = fresh.clone();
                for factors in 1..=set.max_factors() {
                    if factors > 1 {
                        product = multiply(&product, &other).unwrap();
                    }
                    for weight in [1, 1_000] {
                        let limit = bound(set, Circuit { factors, weight, partials: 1 }).unwrap().log2();
                        let weighted = evaluate::scale(&product, weight.cast_signed());
                        let noise = noise_bits(&key, &weighted);
                        assert!(noise < limit, "{set:?} {factors}: 2^{noise} against 2^{limit}");
                        assert!(noise > limit - 40.0, "{set:?} {factors}: 2^{noise} against 2^{limit}");
                    }
                    let level = plan(set, Circuit { factors, weight: 1, partials: 1 }).unwrap();
                    assert!(noise_bits(&key, &switch_down(&product, level).unwrap()) < -1.0);
                }
                // A square: both factors have the same noise.
                let square = multiply(&fresh, &fresh).unwrap();
                let limit = bound(set, Circuit { factors: 2, weight: 1, partials: 1 }).unwrap().log2();
                assert!(noise_bits(&key, &square) < limit);
            }
        }
    }

    /// The largest weight that the planner grants decrypts; a weight beyond the noise does not.
    #[test]
    fn the_largest_weight_that_fits_decrypts() {
        let mut rng = ChaCha20Rng::from_seed([4; 32]);
        let set = ParameterSet::N8192T57;
        let key = SecretKey::generate(set, &mut rng);
        let column = key.encrypt_block(0, &[3, -5], &mut rng).unwrap();
        let product = multiply(&column, &column).unwrap();
        let weight = 1 << 17;
        plan(set, Circuit { factors: 2, weight, partials: 1 }).unwrap();
        let weighted = evaluate::scale(&product, weight.cast_signed());
        let slots = key.decrypt(&[weighted], 25 << 17, 2).unwrap().slots;
        assert_eq!(*slots, [9 << 17, 25 << 17]);
        let drowned = evaluate::scale(&product, 1 << 50);
        assert_eq!(key.decrypt(&[drowned], 25 << 50, 2).unwrap_err(), DecryptError::Refused);
    }

    #[test]
    fn numbers_have_the_distribution_they_should_have() {
        let key = SecretKey::generate(ParameterSet::N8192T57, &mut ChaCha20Rng::from_seed([5; 32]));
        let squares: i32 = key.coefficients.iter().map(|&number| i32::from(number).pow(2)).sum();
        let sum: i32 = key.coefficients.iter().copied().map(i32::from).sum();
        // Five standard deviations: the variance of a square is below 200.
        assert!((squares - 81_920).abs() < 5 * 1_280, "{squares}");
        assert!(sum.abs() < 5 * 287, "{sum}");
        assert!(key.coefficients.iter().all(|number| number.abs() <= 20));
        assert_eq!(*centred_binomial(&[0xff, 0xff, 0x0f, 0, 0]), [20]);
        assert_eq!(*centred_binomial(&[0, 0, 0xf0, 0xff, 0xff]), [-20]);
    }

    #[test]
    fn debug_shows_nothing() {
        let key = SecretKey::generate(ParameterSet::N8192T57, &mut ChaCha20Rng::from_seed([5; 32]));
        assert_eq!(format!("{key:?}"), "SecretKey(N8192T57, hidden)");
    }

    proptest! {
        #[test]
        fn integers_come_back_from_their_residues(value: i64, wide: i128, count in 1..=3_usize) {
            let primes = &ParameterSet::N8192T57.plaintext_primes()[..count];
            let half = BigInt::from(primes.iter().map(|&prime| BigUint::from(prime)).product::<BigUint>() / 2_u8);
            let narrow = i128::from(value).clamp(-(1 << 55), 1 << 55);
            for value in [narrow, wide, 0, -1, 1, i128::MAX, i128::MIN + 1] {
                if BigInt::from(value) > half || BigInt::from(value) < -&half {
                    continue;
                }
                let mut residues: Vec<u64> = primes
                    .iter()
                    .map(|&prime| u64::try_from(value.rem_euclid(prime.into())).unwrap())
                    .collect();
                prop_assert_eq!(MixedRadix::new(primes).recombine(&mut residues), Some(value));
            }
        }

        #[test]
        fn residues_are_those_of_euclid(value: i64) {
            for value in [value, i64::MIN, i64::MAX, 0, -1] {
                for &prime in ParameterSet::N8192T57.plaintext_primes() {
                    let expected = i128::from(value).rem_euclid(prime.into());
                    prop_assert_eq!(i128::from(residue(value, prime)), expected);
                }
            }
        }
    }
}
