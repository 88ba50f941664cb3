//! Ciphertexts, and their bytes.
//!
//! ```text
//! offset  bytes  field                      (integers little-endian)
//!      0      4  magic "VSBC"
//!      4      2  format version, 1
//!      6      1  parameter set
//!      7      1  index of the plaintext prime
//!      8      1  level: how many of the last moduli were dropped
//!      9      1  polynomials, 2 to 4
//!     10      1  1 if the last polynomial is given by a seed (level 0, 2 polynomials), else 0
//!     11      1  zero
//!     12      4  degree N
//!     16         polynomials; each: per modulus N coefficients of as many bits as the modulus has, the lowest first
//!            32  the seed, where there is one
//! ```
//!
//! All fields together say how long the bytes are, so that a reader refuses another length before it allocates or decodes.

use core::fmt;

use super::bits;
use super::parameters::ParameterSet;
use super::ring::RingElement;

/// Bytes in front of the polynomials.
pub const HEADER_BYTES: usize = 16;
/// Bytes of the seed that stands for a uniform polynomial.
pub const SEED_BYTES: usize = 32;
/// A product of three fresh ciphertexts has as many polynomials; nothing has more.
const MAX_POLYNOMIALS: u8 = 4;

const MAGIC: [u8; 4] = *b"VSBC";
const VERSION: u16 = 1;

/// A ciphertext: `c₀ + c₁·s + c₂·s² + …` is, up to noise, the plaintext times q/t.
#[derive(Clone, PartialEq, Eq)]
pub struct Ciphertext {
    set: ParameterSet,
    prime: u8,
    level: u8,
    /// Each: for each modulus N coefficients below it. 2 to [`MAX_POLYNOMIALS`] of them.
    polynomials: Vec<Vec<u64>>,
    /// What the last polynomial was expanded from, as long as it is that one.
    seed: Option<[u8; SEED_BYTES]>,
}

/// Why bytes are not a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes end before the header does.
    #[error("a ciphertext has a header of {HEADER_BYTES} bytes; these are {actual}")]
    Truncated {
        /// Bytes there are.
        actual: usize,
    },
    /// The first bytes are others.
    #[error("these bytes are not a BFV ciphertext")]
    WrongMagic,
    /// The format is one that this program does not know.
    #[error("the ciphertext has format version {actual}; this program reads version 1")]
    UnknownVersion {
        /// The version found.
        actual: u16,
    },
    /// A field of the header has a value that does not exist.
    #[error("the ciphertext's {field} is {actual}, which does not exist")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// The value found.
        actual: u32,
    },
    /// The length is not the one that the header says.
    #[error("the ciphertext has {actual} bytes; with this header it has {expected}")]
    WrongLength {
        /// Bytes that the header says.
        expected: usize,
        /// Bytes there are.
        actual: usize,
    },
    /// A coefficient is not below its modulus.
    #[error("a coefficient of polynomial {polynomial} is not below its modulus")]
    Coefficient {
        /// The polynomial, from 0.
        polynomial: u8,
    },
}

/// What the header says.
#[derive(Clone, Copy)]
struct Shape {
    set: ParameterSet,
    prime: u8,
    level: u8,
    polynomial_count: u8,
    seeded: bool,
}

impl Ciphertext {
    /// Bytes of a fresh ciphertext with its seed: what is uploaded, 20.25 and a little for each slot.
    #[must_use]
    pub fn fresh_bytes(set: ParameterSet) -> usize {
        Shape { set, prime: 0, level: 0, polynomial_count: 2, seeded: true }.total_bytes()
    }

    /// Bytes of a ciphertext without seed, such as an answer; `None` if there is no such level or number of polynomials.
    #[must_use]
    pub fn answer_bytes(set: ParameterSet, level: u8, polynomial_count: u8) -> Option<usize> {
        set.moduli_at(level)?;
        let shape = Shape { set, prime: 0, level, polynomial_count, seeded: false };
        (2..=MAX_POLYNOMIALS).contains(&polynomial_count).then(|| shape.total_bytes())
    }

    /// A fresh ciphertext: `first`, and the element that `seed` stands for. `None` if there is no such prime, or `first` is
    /// not of level 0.
    #[must_use]
    pub fn fresh(set: ParameterSet, prime: u8, first: &RingElement, seed: [u8; SEED_BYTES]) -> Option<Self> {
        set.plaintext_primes().get(usize::from(prime))?;
        let first = first.to_residues();
        let fits = first.len() == set.ciphertext_moduli().len() * set.degree();
        fits.then(|| Self {
            set,
            prime,
            level: 0,
            polynomials: vec![first, RingElement::from_seed(set, &seed).to_residues()],
            seed: Some(seed),
        })
    }

    /// For evaluation, which has checked the shape.
    pub(super) fn from_polynomials(
        set: ParameterSet,
        prime: u8,
        level: u8,
        polynomials: Vec<Vec<u64>>,
    ) -> Self {
        debug_assert!((2..=usize::from(MAX_POLYNOMIALS)).contains(&polynomials.len()), "2 to 4 polynomials");
        Self { set, prime, level, polynomials, seed: None }
    }

    /// The parameter set.
    #[must_use]
    pub const fn set(&self) -> ParameterSet {
        self.set
    }

    /// Index of the plaintext prime.
    #[must_use]
    pub const fn prime(&self) -> u8 {
        self.prime
    }

    /// How many of the last moduli were dropped.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The power of the secret that the last polynomial goes with: 1 when fresh, 2 after a product of two.
    #[must_use]
    pub const fn degree(&self) -> usize {
        self.polynomials.len() - 1
    }

    /// `c₀, c₁, …`
    ///
    /// # Panics
    /// Never: all coefficients were found below their moduli.
    pub fn elements(&self) -> impl DoubleEndedIterator<Item = RingElement> {
        self.polynomials.iter().map(|residues| {
            RingElement::from_residues(self.set, self.level, residues)
                .expect("a ciphertext has coefficients below its moduli")
        })
    }

    pub(super) fn polynomials(&self) -> &[Vec<u64>] {
        &self.polynomials
    }

    /// The polynomials, to be changed; the seed is no longer what the last one comes from.
    pub(super) fn polynomials_mut(&mut self) -> &mut Vec<Vec<u64>> {
        self.seed = None;
        &mut self.polynomials
    }

    /// The bytes of the format above.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape = self.shape();
        let mut bytes = Vec::with_capacity(shape.total_bytes());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[
            self.set.id(),
            self.prime,
            self.level,
            shape.polynomial_count,
            shape.seeded.into(),
            0,
        ]);
        bytes.extend_from_slice(&degree_field(self.set).to_le_bytes());
        for polynomial in self.polynomials.iter().take(shape.stored_polynomials()) {
            for (row, &modulus) in polynomial.chunks_exact(self.set.degree()).zip(shape.moduli()) {
                bits::pack(row, bit_length(modulus), &mut bytes);
            }
        }
        bytes.extend(self.seed.into_iter().flatten());
        bytes
    }

    /// Reads exactly what [`Self::to_bytes`] writes.
    ///
    /// # Errors
    /// [`FormatError`]. Nothing is allocated before the whole header and the length are found right.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let (shape, body) = Shape::read(bytes)?;
        let mut rest = body;
        let mut polynomials = Vec::with_capacity(shape.polynomial_count.into());
        for polynomial in 0..shape.polynomial_count {
            if usize::from(polynomial) == shape.stored_polynomials() {
                break;
            }
            let mut residues = Vec::with_capacity(shape.moduli().len() * shape.set.degree());
            for &modulus in shape.moduli() {
                let (row, after) = rest.split_at(row_bytes(shape.set, modulus));
                rest = after;
                let start = residues.len();
                bits::unpack(row, bit_length(modulus), &mut residues);
                if residues[start..].iter().any(|&residue| residue >= modulus) {
                    return Err(FormatError::Coefficient { polynomial });
                }
            }
            polynomials.push(residues);
        }
        let seed = rest.first_chunk().copied().filter(|_| shape.seeded);
        if let Some(seed) = &seed {
            polynomials.push(RingElement::from_seed(shape.set, seed).to_residues());
        }
        Ok(Self { set: shape.set, prime: shape.prime, level: shape.level, polynomials, seed })
    }

    fn shape(&self) -> Shape {
        Shape {
            set: self.set,
            prime: self.prime,
            level: self.level,
            polynomial_count: u8::try_from(self.polynomials.len()).unwrap_or(MAX_POLYNOMIALS),
            seeded: self.seed.is_some(),
        }
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Ciphertext({:?}, prime {}, level {}, degree {})",
            self.set,
            self.prime,
            self.level,
            self.degree()
        )
    }
}

impl Shape {
    /// The checked header, and what follows it: of exactly the right length.
    fn read(bytes: &[u8]) -> Result<(Self, &[u8]), FormatError> {
        let truncated = FormatError::Truncated { actual: bytes.len() };
        let (header, body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(truncated)?;
        let &[m0, m1, m2, m3, v0, v1, set, prime, level, polynomial_count, seeded, zero, d0, d1, d2, d3] =
            header;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(FormatError::WrongMagic);
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(FormatError::UnknownVersion { actual: version });
        }
        let out_of_range = |field, actual: u8| FormatError::OutOfRange { field, actual: actual.into() };
        let set = ParameterSet::from_id(set).ok_or(out_of_range("parameter set", set))?;
        if usize::from(prime) >= set.plaintext_primes().len() {
            return Err(out_of_range("prime", prime));
        }
        set.moduli_at(level).ok_or(out_of_range("level", level))?;
        if !(2..=MAX_POLYNOMIALS).contains(&polynomial_count) {
            return Err(out_of_range("number of polynomials", polynomial_count));
        }
        if seeded > 1 || (seeded == 1 && (level != 0 || polynomial_count != 2)) {
            return Err(out_of_range("seed", seeded));
        }
        if zero != 0 {
            return Err(out_of_range("reserved byte", zero));
        }
        let degree = u32::from_le_bytes([d0, d1, d2, d3]);
        if degree != degree_field(set) {
            return Err(FormatError::OutOfRange { field: "degree", actual: degree });
        }
        let shape = Self { set, prime, level, polynomial_count, seeded: seeded == 1 };
        if bytes.len() != shape.total_bytes() {
            return Err(FormatError::WrongLength { expected: shape.total_bytes(), actual: bytes.len() });
        }
        Ok((shape, body))
    }

    fn moduli(self) -> &'static [u64] {
        self.set.moduli_at(self.level).unwrap_or_default()
    }

    fn stored_polynomials(self) -> usize {
        usize::from(self.polynomial_count) - usize::from(self.seeded)
    }

    fn total_bytes(self) -> usize {
        let polynomial: usize = self.moduli().iter().map(|&modulus| row_bytes(self.set, modulus)).sum();
        HEADER_BYTES + self.stored_polynomials() * polynomial + if self.seeded { SEED_BYTES } else { 0 }
    }
}

fn degree_field(set: ParameterSet) -> u32 {
    u32::try_from(set.degree()).unwrap_or(u32::MAX)
}

/// Bytes of N coefficients modulo `modulus`. N is a multiple of 8.
const fn row_bytes(set: ParameterSet, modulus: u64) -> usize {
    set.degree() / 8 * bit_length(modulus) as usize
}

const fn bit_length(modulus: u64) -> u32 {
    u64::BITS - modulus.leading_zeros()
}
