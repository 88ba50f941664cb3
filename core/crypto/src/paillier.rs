//! Paillier's scheme as anyone may use it: public keys, encryption under them, and arithmetic on ciphertexts
//! [Pai99, §4 and §8]. The generator is `g = 1 + n`, so that `g^m = 1 + m·n (mod n²)`.

use core::fmt;
use std::sync::Arc;

use num_bigint::{BigInt, BigRng010, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, Zero};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use crate::kernel::{Exponents, Modulus};
use crate::packing::{Layout, Plaintext};

/// Fewest bits of a modulus that is understood at all. Keys that Veilsum makes have 2048 or 3072.
pub const MIN_MODULUS_BITS: u32 = 1_024;
/// Most bits of a modulus that is understood.
pub const MAX_MODULUS_BITS: u32 = 8_192;

/// Separates key fingerprints from every other use of SHA-256.
const FINGERPRINT_LABEL: &[u8] = b"veilsum paillier public key v1\0";

/// A public key: the modulus n. Cheap to clone.
///
/// Whether n is the product of two fitting primes cannot be seen from n. The owner checks the own key when it is
/// made and when it is read; a stranger's modulus proves nothing by itself.
#[derive(Clone)]
pub struct PublicKey(Arc<Parameters>);

/// What depends on n alone.
struct Parameters {
    modulus: BigUint,
    modulus_bits: u32,
    /// n².
    square: Modulus,
    layout: Layout,
}

/// An encrypted [`Plaintext`]: an integer c with `0 < c < n²` and `gcd(c, n) = 1`.
///
/// It does not know its key: whoever stores ciphertexts stores the key's fingerprint beside them.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext(BigUint);

/// Why a number is not taken as a modulus n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// The text is not what [`PublicKey::to_hex`] writes.
    #[error("a public key is written as lower-case hexadecimal digits without leading zeros")]
    NotHex,
    /// The modulus has a size that is not supported.
    #[error(
        "a public key of {bits} bits is not supported: {MIN_MODULUS_BITS} to {MAX_MODULUS_BITS} in steps of 8 are"
    )]
    WrongSize {
        /// Bits of the number.
        bits: u64,
    },
    /// The modulus is even.
    #[error("the public key is an even number, so it is not a product of two large primes")]
    Even,
    /// The modulus is a square.
    #[error("the public key is a square number, so its two primes are the same")]
    Square,
}

/// Why bytes are not a ciphertext under a key. `index` counts ciphertexts from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CiphertextError {
    /// Another number of bytes than one ciphertext (or a whole number of them) has.
    #[error("found {actual} bytes where every ciphertext has {expected}")]
    WrongLength {
        /// Bytes of one ciphertext.
        expected: usize,
        /// Bytes found.
        actual: usize,
    },
    /// 0, or not below n².
    #[error("ciphertext {index} is not a number between 0 and n squared")]
    OutOfRange {
        /// Position among the ciphertexts.
        index: usize,
    },
    /// The number 1: a sum over nothing, which no encryption yields.
    #[error("ciphertext {index} encrypts nothing: it is the number 1")]
    Trivial {
        /// Position among the ciphertexts.
        index: usize,
    },
    /// A common factor with n.
    #[error("ciphertext {index} shares a factor with the public key, so it encrypts nothing")]
    NotCoprime {
        /// Position among the ciphertexts.
        index: usize,
    },
}

impl PublicKey {
    /// Takes n as a public key.
    ///
    /// # Errors
    /// [`PublicKeyError`] unless n is odd, no square, and of a supported size.
    pub fn from_modulus(modulus: BigUint) -> Result<Self, PublicKeyError> {
        let bits = modulus.bits();
        let wrong_size = PublicKeyError::WrongSize { bits };
        let modulus_bits = u32::try_from(bits).map_err(|_| wrong_size)?;
        if !(MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&modulus_bits) || !modulus_bits.is_multiple_of(8) {
            return Err(wrong_size);
        }
        let layout = Layout::for_modulus_bits(modulus_bits).ok_or(wrong_size)?;
        let square = Modulus::of_square(&modulus).map_err(|_| PublicKeyError::Even)?;
        if modulus.sqrt().pow(2) == modulus {
            return Err(PublicKeyError::Square);
        }
        Ok(Self(Arc::new(Parameters { modulus, modulus_bits, square, layout })))
    }

    /// Reads what [`Self::to_hex`] writes.
    ///
    /// # Errors
    /// [`PublicKeyError`] for any other text, and as [`Self::from_modulus`].
    pub fn from_hex(text: &str) -> Result<Self, PublicKeyError> {
        let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hex || text.is_empty() || text.starts_with('0') {
            return Err(PublicKeyError::NotHex);
        }
        // Four times the largest size is refused before it costs anything.
        if text.len() > MAX_MODULUS_BITS as usize {
            return Err(PublicKeyError::WrongSize { bits: 4 * text.len() as u64 });
        }
        Self::from_modulus(BigUint::parse_bytes(text.as_bytes(), 16).ok_or(PublicKeyError::NotHex)?)
    }

    /// n as big-endian lower-case hexadecimal digits without leading zeros.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.modulus.to_str_radix(16)
    }

    /// n.
    #[must_use]
    pub fn modulus(&self) -> &BigUint {
        &self.0.modulus
    }

    /// Arithmetic modulo n², where the ciphertexts live.
    #[must_use]
    pub fn square(&self) -> &Modulus {
        &self.0.square
    }

    /// Bits of n.
    #[must_use]
    pub fn modulus_bits(&self) -> u32 {
        self.0.modulus_bits
    }

    /// Bytes of every ciphertext: an integer below n².
    #[must_use]
    pub fn ciphertext_bytes(&self) -> usize {
        self.0.modulus_bits as usize / 4
    }

    /// How plaintexts under this key are packed.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.0.layout
    }

    /// `SHA-256("veilsum paillier public key v1\0" ‖ n big-endian)`.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(FINGERPRINT_LABEL)
            .chain_update(self.0.modulus.to_bytes_be())
            .finalize()
            .into()
    }

    /// `(1 + m·n) · rⁿ mod n²` for a fresh r [Pai99, §4].
    ///
    /// Costs one exponentiation by n modulo n². The owner has a faster way.
    #[must_use]
    pub fn encrypt(&self, plaintext: &Plaintext, rng: &mut impl CryptoRng) -> Ciphertext {
        self.encrypt_with_residue(plaintext, &self.random_power(rng))
    }

    /// [`Self::encrypt`] for every plaintext, as many at once as the processor has lanes for.
    #[must_use]
    pub fn encrypt_many(&self, plaintexts: &[Plaintext], rng: &mut impl CryptoRng) -> Vec<Ciphertext> {
        let batch = self.0.square.power_batch();
        let mut ciphertexts = Vec::with_capacity(plaintexts.len());
        for chunk in plaintexts.chunks(batch.lanes()) {
            let units: Vec<BigUint> = chunk.iter().map(|_| self.random_unit(rng)).collect();
            let powers = batch.power(&batch.to_montgomery(&units), &[&self.0.modulus]);
            let residues = batch.from_montgomery(&powers);
            let pairs = chunk.iter().zip(residues);
            ciphertexts
                .extend(pairs.map(|(plaintext, residue)| self.encrypt_with_residue(plaintext, &residue)));
        }
        ciphertexts
    }

    /// `(1 + m·n) · residue mod n²`: an encryption only if `residue` is a fresh random n-th residue modulo n².
    ///
    /// For the owner, who makes such residues faster than by `rⁿ`, and for known answers.
    #[must_use]
    pub fn encrypt_with_residue(&self, plaintext: &Plaintext, residue: &BigUint) -> Ciphertext {
        let message = plaintext.residue(self) * &self.0.modulus + 1u32;
        Ciphertext(self.0.square.multiply(&message, residue))
    }

    /// Another encryption of the same plaintext: `c · rⁿ` for a fresh r.
    #[must_use]
    pub fn rerandomise(&self, ciphertext: &Ciphertext, rng: &mut impl CryptoRng) -> Ciphertext {
        Ciphertext(self.0.square.multiply(&ciphertext.0, &self.random_power(rng)))
    }

    /// An encryption of the sum of two plaintexts, slot by slot: `a · b mod n²`.
    #[must_use]
    pub fn add(&self, a: &Ciphertext, b: &Ciphertext) -> Ciphertext {
        Ciphertext(self.0.square.multiply(&a.0, &b.0))
    }

    /// An encryption of the sum of all plaintexts, slot by slot.
    ///
    /// The sum over nothing is the number 1, which decrypts to 0 but is refused by
    /// [`Self::ciphertext_from_bytes`]. Costs one modular multiplication per ciphertext.
    #[must_use]
    pub fn sum<'a>(&self, ciphertexts: impl IntoIterator<Item = &'a Ciphertext>) -> Ciphertext {
        Ciphertext(self.0.square.product(ciphertexts.into_iter().map(|ciphertext| &ciphertext.0)))
    }

    /// [`Self::sum`] of ciphertexts that stand back to back, with the checks of [`Self::ciphertexts_from_bytes`].
    ///
    /// The product that is the sum also shows whether any factor is not coprime to n, so that reading and adding costs
    /// one modular multiplication per ciphertext. For a stream: call it for each piece and [`Self::add`] the sums.
    ///
    /// # Errors
    /// [`CiphertextError`] as [`Self::ciphertexts_from_bytes`], and [`CiphertextError::WrongLength`] for no bytes.
    pub fn sum_of_bytes(&self, bytes: &[u8]) -> Result<Ciphertext, CiphertextError> {
        if bytes.is_empty() {
            return Err(self.wrong_length(bytes));
        }
        let (_, product) = self.read_with_product(bytes)?;
        Ok(Ciphertext(product))
    }

    /// Encryptions of `Σᵢ weightᵢ·columns[i][row]`, slot by slot, for every row: `∏ columns[i][row]^weightᵢ mod n²`.
    ///
    /// The chain of multiplications is found once per query and is the same for all rows; see
    /// [`kernel::Exponents`](crate::kernel::Exponents). Thirty weights of 16 bits cost about 130 modular
    /// multiplications per row. If all weights are 0 the results are the number 1, as in [`Self::sum`]. Variable time:
    /// weights are public.
    ///
    /// # Panics
    /// Unless there is a column per weight and all columns have one length, or if a ciphertext shares a factor with n:
    /// none that was made or read under this key does.
    #[must_use]
    pub fn weighted_sums(&self, weights: &Exponents, columns: &[&[Ciphertext]]) -> Vec<Ciphertext> {
        let columns: Vec<Vec<&BigUint>> =
            columns.iter().map(|column| column.iter().map(|ciphertext| &ciphertext.0).collect()).collect();
        let products = self.0.square.power_batch().products_of_powers_vartime(weights, &columns);
        products.expect("a ciphertext is coprime to n").into_iter().map(Ciphertext).collect()
    }

    /// For each ciphertext encryptions of its plaintext times `2^(shift_bits·j)` for j from 0 to `count − 1`:
    /// `c^(2^(shift_bits·j)) mod n²`. Costs `shift_bits` squarings for each but the first, in all lanes.
    #[must_use]
    pub fn shifted(&self, ciphertexts: &[Ciphertext], shift_bits: u32, count: usize) -> Vec<Vec<Ciphertext>> {
        let batch = self.0.square.power_batch();
        let shift = BigUint::one() << shift_bits;
        let mut shifted = Vec::with_capacity(ciphertexts.len());
        for chunk in ciphertexts.chunks(batch.lanes()) {
            let mut powers = batch.to_montgomery(chunk.iter().map(|ciphertext| &ciphertext.0));
            let mut columns = vec![Vec::with_capacity(count); chunk.len()];
            for index in 0..count {
                if index > 0 {
                    powers = batch.power_vartime(&powers, &shift);
                }
                let integers = batch.from_montgomery(&powers);
                columns.iter_mut().zip(integers).for_each(|(column, power)| column.push(Ciphertext(power)));
            }
            shifted.append(&mut columns);
        }
        shifted
    }

    /// An encryption of the plaintext times a public integer, slot by slot: `c^factor mod n²`.
    ///
    /// Variable time. A negative factor costs an inversion on top.
    ///
    /// # Panics
    /// If a negative factor meets a ciphertext that shares a factor with n: none that was made or read under this
    /// key does.
    #[must_use]
    pub fn multiply_integer(&self, ciphertext: &Ciphertext, factor: &BigInt) -> Ciphertext {
        let square = &self.0.square;
        let power = square.pow_vartime(&ciphertext.0, factor.magnitude());
        Ciphertext(match factor.sign() {
            Sign::Minus => power.modinv(square.value()).expect("a ciphertext is coprime to n"),
            Sign::NoSign | Sign::Plus => power,
        })
    }

    /// Reads one ciphertext: [`Self::ciphertext_bytes`] bytes, little-endian.
    ///
    /// # Errors
    /// [`CiphertextError`] unless the length is exact, `1 < c < n²` and `gcd(c, n) = 1`.
    pub fn ciphertext_from_bytes(&self, bytes: &[u8]) -> Result<Ciphertext, CiphertextError> {
        if bytes.len() != self.ciphertext_bytes() {
            return Err(self.wrong_length(bytes));
        }
        let ciphertext = self.read_ranged(0, bytes)?;
        if !self.is_coprime(&ciphertext.0) {
            return Err(CiphertextError::NotCoprime { index: 0 });
        }
        Ok(ciphertext)
    }

    /// Reads any number of ciphertexts that stand back to back.
    ///
    /// The common factors with n are looked for once, in the product of all ciphertexts: modulo n², so that none of them
    /// needs a reduction.
    ///
    /// # Errors
    /// [`CiphertextError`] under the conditions of [`Self::ciphertext_from_bytes`] for each ciphertext.
    pub fn ciphertexts_from_bytes(&self, bytes: &[u8]) -> Result<Vec<Ciphertext>, CiphertextError> {
        self.read_with_product(bytes).map(|(ciphertexts, _)| ciphertexts)
    }

    /// Takes an integer as a ciphertext under this key.
    ///
    /// # Errors
    /// [`CiphertextError`] unless `1 < c < n²` and `gcd(c, n) = 1`.
    pub fn ciphertext_from_integer(&self, integer: BigUint) -> Result<Ciphertext, CiphertextError> {
        let ciphertext = self.check_range(0, integer)?;
        if !self.is_coprime(&ciphertext.0) {
            return Err(CiphertextError::NotCoprime { index: 0 });
        }
        Ok(ciphertext)
    }

    /// Ciphertexts that stand back to back, and their product modulo n².
    fn read_with_product(&self, bytes: &[u8]) -> Result<(Vec<Ciphertext>, BigUint), CiphertextError> {
        if !bytes.len().is_multiple_of(self.ciphertext_bytes()) {
            return Err(self.wrong_length(bytes));
        }
        let ciphertexts = bytes
            .chunks_exact(self.ciphertext_bytes())
            .enumerate()
            .map(|(index, chunk)| self.read_ranged(index, chunk))
            .collect::<Result<Vec<_>, _>>()?;
        let product = self.0.square.product(ciphertexts.iter().map(|ciphertext| &ciphertext.0));
        if !self.is_coprime(&product) {
            let index = ciphertexts.iter().position(|ciphertext| !self.is_coprime(&ciphertext.0));
            return Err(CiphertextError::NotCoprime { index: index.unwrap_or_default() });
        }
        Ok((ciphertexts, product))
    }

    fn read_ranged(&self, index: usize, bytes: &[u8]) -> Result<Ciphertext, CiphertextError> {
        self.check_range(index, BigUint::from_bytes_le(bytes))
    }

    fn check_range(&self, index: usize, integer: BigUint) -> Result<Ciphertext, CiphertextError> {
        if integer.is_zero() || integer >= *self.0.square.value() {
            return Err(CiphertextError::OutOfRange { index });
        }
        if integer.is_one() {
            return Err(CiphertextError::Trivial { index });
        }
        Ok(Ciphertext(integer))
    }

    fn is_coprime(&self, integer: &BigUint) -> bool {
        integer.gcd(&self.0.modulus).is_one()
    }

    fn wrong_length(&self, bytes: &[u8]) -> CiphertextError {
        CiphertextError::WrongLength { expected: self.ciphertext_bytes(), actual: bytes.len() }
    }

    /// `rⁿ mod n²` for r uniform among the units modulo n.
    fn random_power(&self, rng: &mut impl CryptoRng) -> BigUint {
        self.0.square.pow_secret(&self.random_unit(rng), &self.0.modulus)
    }

    /// Uniform among the units modulo n.
    fn random_unit(&self, rng: &mut impl CryptoRng) -> BigUint {
        loop {
            let candidate = rng.random_biguint_below(&self.0.modulus);
            if self.is_coprime(&candidate) {
                return candidate;
            }
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.modulus == other.0.modulus
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "PublicKey({} bits, {})",
            self.0.modulus_bits,
            hex::encode(&self.fingerprint()[..8])
        )
    }
}

impl Ciphertext {
    /// Takes `integer` as a ciphertext without looking at it: for the owner, who has just made it.
    #[must_use]
    pub const fn from_integer_unchecked(integer: BigUint) -> Self {
        Self(integer)
    }

    /// The integer c.
    #[must_use]
    pub const fn as_integer(&self) -> &BigUint {
        &self.0
    }

    /// The integer c as [`PublicKey::ciphertext_bytes`] bytes, little-endian. `key` is the key it was made under.
    #[must_use]
    pub fn to_bytes(&self, key: &PublicKey) -> Vec<u8> {
        let mut bytes = self.0.to_bytes_le();
        debug_assert!(bytes.len() <= key.ciphertext_bytes(), "a ciphertext of another key");
        bytes.resize(key.ciphertext_bytes(), 0);
        bytes
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ciphertext({} bits)", self.0.bits())
    }
}
