//! The secret key: what it holds, its checks, its stored form, encryption and decryption.

use core::fmt;
use core::num::NonZeroU32;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::One;
use rand_core::CryptoRng;
use veilsum_crypto::kernel::Residues;
use veilsum_crypto::packing::Plaintext;
use veilsum_crypto::paillier::{Ciphertext, PublicKey, PublicKeyError};
use zeroize::Zeroizing;

use super::ModulusSize;
use super::prime::{self, Structure, StructuredPrime};
use super::secret_integer::SecretInteger;
use super::squares::Squares;

/// First bytes of the stored form.
const MAGIC: [u8; 4] = *b"VSSK";
/// Newest version of the stored form.
const VERSION: u16 = 1;
/// Bytes before the primes: magic, version, zero, bits of n.
const HEADER_BYTES: usize = 12;
/// The primes must differ by more than `2^(bits − CLOSENESS_BITS)`, or n could be factored by searching near its
/// square root [FIPS 186-5, A.1.3].
const CLOSENESS_BITS: u64 = 100;

/// A Paillier secret key: the prime factors of n, and everything that is precomputed from them.
///
/// Wiped when dropped, as well as `num-bigint` allows: the numbers that are kept are overwritten; what arithmetic
/// copied on its way is not.
pub struct SecretKey {
    public: PublicKey,
    squares: Squares,
    /// `p⁻¹ mod q`, to combine plaintexts.
    p_inverse: SecretInteger,
    /// How p − 1 and q − 1 factor; `None` for keys that were made elsewhere.
    structures: Option<[Structure; 2]>,
}

/// One of the two primes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrimeName {
    /// The first.
    P,
    /// The second.
    Q,
}

/// Why numbers or bytes are not a secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes do not begin as a stored key does.
    #[error("these bytes are not a secret key")]
    NotAKey,
    /// The version is one that this build does not know.
    #[error(
        "this secret key has format version {actual}, made by a newer version of Veilsum; this one reads up to {VERSION}"
    )]
    UnknownVersion {
        /// Version found.
        actual: u16,
    },
    /// Another number of bytes than the key's size asks for.
    #[error("the secret key has {actual} bytes instead of {expected}")]
    WrongLength {
        /// Bytes that a key of this size has.
        expected: usize,
        /// Bytes found.
        actual: usize,
    },
    /// The key has a size that Veilsum does not make.
    #[error("a secret key of {bits} bits is not accepted: 2048 or 3072 are")]
    WrongSize {
        /// Bits that the key has or claims.
        bits: u64,
    },
    /// The primes differ in length, or their product is not twice as long.
    #[error("the two primes of the secret key do not have half the length of the modulus each")]
    Unbalanced,
    /// Both primes are the same.
    #[error("the two primes of the secret key are the same")]
    SamePrime,
    /// The primes are so close that n is easily factored.
    #[error("the two primes of the secret key are too close to each other")]
    TooClose,
    /// One of the factors is not prime.
    #[error("factor {which} of the secret key is not prime")]
    NotPrime {
        /// The factor.
        which: PrimeName,
    },
    /// A prime is not `2·k·s + 1` as stored beside it, or the generator stored beside it is not one.
    #[error("prime {which} of the secret key is not of the stored form, or its stored generator is wrong")]
    WrongStructure {
        /// The prime.
        which: PrimeName,
    },
    /// n shares a factor with φ(n), so decryption would not be unique.
    #[error("the modulus of the secret key shares a factor with the order of its group")]
    NotCoprimeToOrder,
    /// n is not accepted as a public key.
    #[error("the public half of the key is not accepted: {0}")]
    Public(#[from] PublicKeyError),
    /// A trial encryption did not decrypt to itself.
    #[error("the secret key failed its self-test")]
    SelfTest,
}

/// The ciphertext could not be decrypted. It does not say why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext cannot be decrypted with this key")]
pub struct DecryptError;

impl SecretKey {
    /// A key from two primes that were made elsewhere, such as by python `phe`, for test vectors: at least 1024 bits.
    ///
    /// Its primes have no known structure, so it cannot be stored: [`Self::from_secret_bytes`] refuses it.
    ///
    /// # Errors
    /// [`KeyError`] unless both are prime, of the same length, far enough apart, with `gcd(n, φ(n)) = 1`.
    pub fn from_primes(p: BigUint, q: BigUint) -> Result<Self, KeyError> {
        let (p, q) = (SecretInteger::new(p), SecretInteger::new(q));
        let key = Self::assemble(&p, &q, None)?;
        for (which, prime) in [(PrimeName::P, &p), (PrimeName::Q, &q)] {
            if !prime::is_probably_prime(prime) {
                return Err(KeyError::NotPrime { which });
            }
        }
        key.self_test()?;
        Ok(key)
    }

    pub(super) fn from_structured_primes(p: StructuredPrime, q: StructuredPrime) -> Result<Self, KeyError> {
        let key = Self::assemble(&p.prime, &q.prime, Some([p.structure, q.structure]))?;
        for (which, prime) in [(PrimeName::P, &p), (PrimeName::Q, &q)] {
            if !prime::is_structured(&prime.prime, prime.structure) {
                return Err(KeyError::WrongStructure { which });
            }
        }
        key.self_test()?;
        Ok(key)
    }

    /// Reads what [`Self::to_secret_bytes`] writes, and checks it all again: sizes, that p and q are primes of the
    /// stored form and their generators are primitive roots, their distance, `gcd(n, φ(n)) = 1`, and a trial
    /// encryption.
    ///
    /// # Errors
    /// [`KeyError`] naming the check that failed.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let (header, body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(KeyError::NotAKey)?;
        let [m0, m1, m2, m3, v0, v1, z0, z1, b0, b1, b2, b3] = *header;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(KeyError::NotAKey);
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version == 0 || version > VERSION {
            return Err(KeyError::UnknownVersion { actual: version });
        }
        if [z0, z1] != [0, 0] {
            return Err(KeyError::NotAKey);
        }
        let bits = u64::from(u32::from_le_bytes([b0, b1, b2, b3]));
        let size = ModulusSize::from_bits(bits).ok_or(KeyError::WrongSize { bits })?;
        let expected = Self::secret_bytes_len(size.bits());
        if bytes.len() != expected {
            return Err(KeyError::WrongLength { expected, actual: bytes.len() });
        }
        let (p, q) = body.split_at(body.len() / 2);
        let key = Self::from_structured_primes(
            read_prime(p).ok_or(KeyError::WrongStructure { which: PrimeName::P })?,
            read_prime(q).ok_or(KeyError::WrongStructure { which: PrimeName::Q })?,
        )?;
        if key.public.modulus_bits() != size.bits() {
            return Err(KeyError::WrongSize { bits: key.public.modulus_bits().into() });
        }
        Ok(key)
    }

    /// The key as bytes, to be wrapped.
    ///
    /// ```text
    /// offset  bytes  field                      (integers little-endian)
    ///      0      4  magic "VSSK"
    ///      4      2  format version, 1
    ///      6      2  zero
    ///      8      4  bits of n, b
    ///     12      4  k of p = 2·k·s + 1         \
    ///     16      4  generator g modulo p        } again for q
    ///     20   b/16  p                          /
    /// ```
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let bits = self.public.modulus_bits();
        let mut bytes = Zeroizing::new(Vec::with_capacity(Self::secret_bytes_len(bits)));
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&bits.to_le_bytes());
        for (index, factor) in self.squares.factors.iter().enumerate() {
            let structure = self.structures.map(|structures| structures[index]);
            write_prime(&mut bytes, structure, &factor.prime, bits as usize / 16);
        }
        bytes
    }

    /// The public half.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// p and q.
    pub(super) fn primes(&self) -> [&BigUint; 2] {
        self.squares.factors.each_ref().map(|factor| factor.prime.expose())
    }

    /// Builds the table that encryption reads, unless it is there: a fraction of a second, and 24 MB for 2048-bit keys or
    /// 30 MB for 3072-bit keys. The first encryption does it otherwise.
    ///
    /// `progress` is called with the steps that are done and their number. Keys from [`Self::from_primes`] have no
    /// table.
    pub fn prepare(&self, progress: &mut dyn FnMut(usize, usize)) {
        if let Some(structures) = &self.structures {
            self.squares.prepare(structures, progress);
        }
    }

    /// `(1 + m·n) · ρ mod n²` for a fresh n-th residue ρ.
    ///
    /// Gives the distribution of [`PublicKey::encrypt`] (see the argument in `squares.rs`) at a small part of its cost.
    /// For more than one plaintext [`Self::encrypt_many`] costs less.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "there are as many ciphertexts as plaintexts")]
    pub fn encrypt(&self, plaintext: &Plaintext, rng: &mut impl CryptoRng) -> Ciphertext {
        let mut ciphertexts = self.encrypt_many(core::slice::from_ref(plaintext), rng);
        ciphertexts.pop().expect("one plaintext gives one ciphertext")
    }

    /// Encrypts every plaintext, as many at once as the processor has lanes for.
    ///
    /// Costs about one modular multiplication modulo p² and one modulo q² per seven or eight bits of p for
    /// each.
    #[must_use]
    pub fn encrypt_many(&self, plaintexts: &[Plaintext], rng: &mut impl CryptoRng) -> Vec<Ciphertext> {
        let mut ciphertexts = Vec::with_capacity(plaintexts.len());
        for plaintexts in plaintexts.chunks(self.squares.at_once()) {
            let residues = match &self.structures {
                Some(structures) => self.squares.random_residues(structures, rng),
                None => self.squares.random_residues_by_powers(rng),
            };
            ciphertexts.extend(self.encrypt_with(plaintexts, &residues));
        }
        ciphertexts
    }

    /// The plaintext of a ciphertext, by the Chinese remainder theorem [Pai99, §7].
    ///
    /// # Errors
    /// [`DecryptError`] if the ciphertext is not one of this key.
    pub fn decrypt(&self, ciphertext: &Ciphertext) -> Result<Plaintext, DecryptError> {
        let mut plaintexts = self.decrypt_many(core::slice::from_ref(ciphertext))?;
        plaintexts.pop().ok_or(DecryptError)
    }

    /// The plaintexts of all ciphertexts, as many at once as the processor has lanes for.
    ///
    /// # Errors
    /// [`DecryptError`] if one of the ciphertexts is not one of this key.
    pub fn decrypt_many(&self, ciphertexts: &[Ciphertext]) -> Result<Vec<Plaintext>, DecryptError> {
        if ciphertexts.iter().any(|ciphertext| ciphertext.as_integer() >= self.public.square().value()) {
            return Err(DecryptError);
        }
        let [p, q] = self.primes();
        let mut plaintexts = Vec::with_capacity(ciphertexts.len());
        for ciphertexts in ciphertexts.chunks(self.squares.at_once()) {
            let logarithms = self.squares.logarithms(ciphertexts.iter().map(Ciphertext::as_integer));
            for logarithms in logarithms.into_iter().take(ciphertexts.len()) {
                let [at_p, at_q] = logarithms.ok_or(DecryptError)?;
                let residue = combine(&at_p, &at_q, &self.p_inverse, p, q);
                plaintexts.push(Plaintext::from_integer(BigInt::from(residue)));
            }
        }
        Ok(plaintexts)
    }

    /// Encrypts with residues as [`Squares::residues`] gives them.
    fn encrypt_with(&self, plaintexts: &[Plaintext], residues: &Residues) -> Vec<Ciphertext> {
        let messages: Vec<_> =
            plaintexts.iter().map(|plaintext| SecretInteger::new(plaintext.residue(&self.public))).collect();
        self.squares
            .encrypt(residues, &messages)
            .into_iter()
            .map(Ciphertext::from_integer_unchecked)
            .collect()
    }

    /// Checks everything about two primes but their primality, and precomputes what depends on them.
    fn assemble(
        p: &SecretInteger,
        q: &SecretInteger,
        structures: Option<[Structure; 2]>,
    ) -> Result<Self, KeyError> {
        let (p, q) = (p.expose(), q.expose());
        if p == q {
            return Err(KeyError::SamePrime);
        }
        let n = p * q;
        let public = PublicKey::from_modulus(n)?;
        let order = SecretInteger::new((p - 1u32) * (q - 1u32));
        if !public.modulus().gcd(order.expose()).is_one() {
            return Err(KeyError::NotCoprimeToOrder);
        }
        if p.bits() != q.bits() || u64::from(public.modulus_bits()) != 2 * p.bits() {
            return Err(KeyError::Unbalanced);
        }
        let distance = SecretInteger::new(if p > q { p - q } else { q - p });
        if distance.expose().bits() <= p.bits() - CLOSENESS_BITS {
            return Err(KeyError::TooClose);
        }
        // None of these can fail once p and q are different primes; if they are not, the caller finds out why.
        let parts = Squares::new(p, q).zip(p.modinv(q).map(SecretInteger::new));
        let (squares, p_inverse) = parts.ok_or(KeyError::SelfTest)?;
        Ok(Self { public, squares, p_inverse, structures })
    }

    /// Encrypts, adds and decrypts, with fixed residues so that no randomness is needed.
    fn self_test(&self) -> Result<(), KeyError> {
        let plaintext = Plaintext::from_integer(BigInt::from(self.public.modulus() / 3u32));
        let roots = [7u32, 11].map(|x| SecretInteger::new(BigUint::from(x)));
        let ciphertexts =
            self.encrypt_with(core::slice::from_ref(&plaintext), &self.squares.residues(&roots));
        let ciphertext = ciphertexts.into_iter().next().ok_or(KeyError::SelfTest)?;
        let sum = self.public.add(&ciphertext, &ciphertext);
        let expected = Plaintext::from_integer(plaintext.centred(&self.public) * 2);
        match self.decrypt(&sum) {
            Ok(actual) if actual.residue(&self.public) == expected.residue(&self.public) => Ok(()),
            Ok(_) | Err(DecryptError) => Err(KeyError::SelfTest),
        }
    }

    const fn secret_bytes_len(modulus_bits: u32) -> usize {
        HEADER_BYTES + 2 * (8 + modulus_bits as usize / 16)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey(hidden, of {:?})", self.public)
    }
}

impl fmt::Display for PrimeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::P => "p",
            Self::Q => "q",
        })
    }
}

/// The number that is `at_p` modulo `p` and `at_q` modulo `q`, where `inverse = p⁻¹ mod q` (Garner's formula).
fn combine(
    at_p: &SecretInteger,
    at_q: &SecretInteger,
    inverse: &SecretInteger,
    p: &BigUint,
    q: &BigUint,
) -> BigUint {
    let difference = SecretInteger::new(at_q.expose() + (q - at_p.expose() % q));
    at_p.expose() + p * (difference.expose() * inverse.expose() % q)
}

/// Appends `k, g, p` with p in `prime_bytes` bytes; zeros for k and g of a prime without a known structure.
pub(super) fn write_prime(
    bytes: &mut Zeroizing<Vec<u8>>,
    structure: Option<Structure>,
    prime: &SecretInteger,
    prime_bytes: usize,
) {
    let [cofactor, generator] =
        structure.map_or([0; 2], |structure| [structure.cofactor.get(), structure.generator.get()]);
    bytes.extend_from_slice(&cofactor.to_le_bytes());
    bytes.extend_from_slice(&generator.to_le_bytes());
    let end = bytes.len() + prime_bytes;
    let prime = Zeroizing::new(prime.expose().to_bytes_le());
    bytes.extend_from_slice(&prime);
    bytes.resize(end, 0);
}

/// Reads what [`write_prime`] writes; `None` for too few bytes or a structure of zeros.
pub(super) fn read_prime(bytes: &[u8]) -> Option<StructuredPrime> {
    let (cofactor, rest) = bytes.split_first_chunk::<4>()?;
    let (generator, prime) = rest.split_first_chunk::<4>()?;
    let structure = Structure {
        cofactor: NonZeroU32::new(u32::from_le_bytes(*cofactor))?,
        generator: NonZeroU32::new(u32::from_le_bytes(*generator))?,
    };
    Some(StructuredPrime { prime: SecretInteger::new(BigUint::from_bytes_le(prime)), structure })
}
