//! Veilsum's operations with something to work on, the same natively and in the browser.
//!
//! Everything goes through the interfaces that the product uses.

use core::fmt;

use num_bigint::{BigRng010, BigUint};
use rand_core::CryptoRng;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::{Ciphertext, PublicKey};
use veilsum_owner::block::encrypt_blocks;
use veilsum_owner::check::{CheckKey, CheckLabel};
use veilsum_owner::master::MasterSecret;
use veilsum_owner::paillier::{KeyError, ModulusSize, SecretKey, key_fingerprint};
use veilsum_protocol::{DatasetId, UploadId};

pub mod dot;

/// Blocks that are encrypted or decrypted in one call. The product gives its workers more.
pub const BLOCKS: usize = 16;

/// A key, and values and ciphertexts under it.
pub struct Ours {
    key: SecretKey,
    check: CheckKey,
    first: CheckLabel,
    values: Vec<i64>,
    ciphertexts: Vec<Ciphertext>,
}

impl Ours {
    /// Takes a stored key, builds its tables and encrypts something.
    ///
    /// # Errors
    /// The bytes are no key.
    pub fn new(secret: &[u8], rng: &mut impl CryptoRng) -> Result<Self, KeyError> {
        let key = SecretKey::from_secret_bytes(secret)?;
        key.prepare(&mut |_, _| ());
        let public = key.public_key();
        let slot_count = public.layout().slot_count();
        let check = CheckKey::derive(&MasterSecret::generate(rng), &key_fingerprint(public), slot_count);
        let first = CheckLabel {
            dataset: DatasetId::from_bytes([1; 16]),
            upload: UploadId::from_bytes([2; 16]),
            column_set: 0,
            column: 0,
            block: 0,
        };
        // Signed numbers of 32 bits, as scaled decimals are.
        let values =
            (0..BLOCKS * slot_count as usize).map(|_| (rng.next_u64().cast_signed()) >> 32).collect();
        let mut ours = Self { key, check, first, values, ciphertexts: Vec::new() };
        let bytes = ours.encrypt(rng);
        ours.ciphertexts = ours.read(&bytes);
        Ok(ours)
    }

    /// The public half of the key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Values in a ciphertext.
    #[must_use]
    pub fn slot_count(&self) -> u32 {
        self.public_key().layout().slot_count()
    }

    /// The ciphertexts of [`BLOCKS`] full blocks with their check values, back to back: what an encrypt worker of the
    /// product makes of a batch.
    ///
    /// # Panics
    /// Never: the values fit.
    #[must_use]
    pub fn encrypt(&self, rng: &mut impl CryptoRng) -> Vec<u8> {
        encrypt_blocks(&self.key, &self.check, &self.first, &self.values, rng).expect("values of 32 bits fit")
    }

    /// Reads and checks ciphertexts that stand back to back.
    ///
    /// # Panics
    /// If they are none.
    #[must_use]
    pub fn read(&self, bytes: &[u8]) -> Vec<Ciphertext> {
        self.public_key().ciphertexts_from_bytes(bytes).expect("own ciphertexts")
    }

    /// The plaintexts of [`BLOCKS`] ciphertexts, decrypted in one call.
    ///
    /// # Panics
    /// Never: the ciphertexts are of this key.
    #[must_use]
    pub fn decrypt_many(&self) -> Vec<Plaintext> {
        self.key.decrypt_many(&self.ciphertexts).expect("own ciphertexts")
    }

    /// The plaintexts of [`BLOCKS`] ciphertexts, decrypted one by one.
    ///
    /// # Panics
    /// Never: the ciphertexts are of this key.
    #[must_use]
    pub fn decrypt_each(&self) -> Vec<Plaintext> {
        let decrypt = |ciphertext| self.key.decrypt(ciphertext).expect("an own ciphertext");
        self.ciphertexts.iter().map(decrypt).collect()
    }

    /// Decrypts what someone else has encrypted.
    ///
    /// # Panics
    /// If it is no ciphertext of this key.
    #[must_use]
    pub fn decrypt(&self, ciphertext: BigUint) -> BigUint {
        let public = self.public_key();
        let ciphertext = public.ciphertext_from_integer(ciphertext).expect("a ciphertext of this key");
        self.key.decrypt(&ciphertext).expect("a ciphertext of this key").residue(public)
    }

    /// The ciphertexts that [`Self::decrypt_many`] reads, and what they decrypt to.
    #[must_use]
    pub fn known(&self) -> Vec<(BigUint, BigUint)> {
        let residue = |plaintext: &Plaintext| plaintext.residue(self.public_key());
        let plaintexts = self.decrypt_many();
        self.ciphertexts
            .iter()
            .map(Ciphertext::as_integer)
            .cloned()
            .zip(plaintexts.iter().map(residue))
            .collect()
    }

    /// Exponentiations modulo n², ready to run: one random base per lane, and an exponent of as many bits as n has.
    #[must_use]
    pub fn powers(&self, rng: &mut impl CryptoRng) -> Powers {
        let public = self.public_key().clone();
        let batch = public.square().power_batch();
        let bases = (0..batch.lanes()).map(|_| rng.random_biguint_below(batch.modulus(0))).collect();
        let n_bits = u64::from(public.modulus_bits());
        let mut exponent = rng.random_biguint(n_bits);
        exponent.set_bit(n_bits - 1, true);
        Powers { public, bases, exponent }
    }
}

impl fmt::Debug for Ours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ours({:?})", self.public_key())
    }
}

/// A new key, as the product makes it: both primes proven, of the form `2·k·s + 1`.
///
/// # Panics
/// If the randomness is broken.
#[must_use]
pub fn generate_key(size: ModulusSize, rng: &mut impl CryptoRng) -> SecretKey {
    SecretKey::generate(size, rng, &mut |_| ()).expect("randomness works")
}

/// `base^exponent` modulo n² for as many bases as there are lanes, with an exponent of as many bits as n has.
#[derive(Debug)]
pub struct Powers {
    public: PublicKey,
    /// One base per lane.
    pub bases: Vec<BigUint>,
    /// The exponent of all.
    pub exponent: BigUint,
}

impl Powers {
    /// The powers of all bases, conversions included.
    #[must_use]
    pub fn run(&self) -> Vec<BigUint> {
        let batch = self.public.square().power_batch();
        batch.from_montgomery(&batch.power_vartime(&batch.to_montgomery(&self.bases), &self.exponent))
    }

    /// The power of the first base alone.
    #[must_use]
    pub fn run_one(&self) -> BigUint {
        self.public.square().pow_vartime(&self.bases[0], &self.exponent)
    }
}

/// The size of keys with n of `bits`.
#[must_use]
pub fn size(bits: u32) -> Option<ModulusSize> {
    ModulusSize::from_bits(bits.into())
}

/// Takes a number modulo n² for a ciphertext.
#[must_use]
pub const fn ciphertext(integer: BigUint) -> Ciphertext {
    Ciphertext::from_integer_unchecked(integer)
}
