//! What can be computed without any key.
//!
//! All ciphertexts of one computation are under one key, one set and one prime; that they are under one key cannot be
//! seen here. Whether the noise stays small enough is for [`super::noise`] to say, before.

use fhe_math::rq::{Poly, Representation};

use super::ciphertext::{Ciphertext, FormatError};
use super::parameters::ParameterSet;
use super::ring::{plain, polynomial, ring};

/// Why nothing was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The bytes of a ciphertext are not one.
    #[error("ciphertext {index} cannot be read: {fault}")]
    Format {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        fault: FormatError,
    },
    /// Two ciphertexts do not go together.
    #[error("the ciphertexts differ in {what}")]
    Mismatch {
        /// What they do not have in common.
        what: &'static str,
    },
    /// There is nothing to add or multiply.
    #[error("there is no ciphertext")]
    Empty,
    /// Products are of 1 to 3 ciphertexts, and of as many as the parameter set bears.
    #[error(
        "a product of {actual} ciphertexts cannot be computed under this parameter set, at most of {largest}"
    )]
    Factors {
        /// Factors asked for.
        actual: usize,
        /// Most that the set bears.
        largest: u8,
    },
    /// The columns are not whole blocks, or not equally many.
    #[error("a column has {actual} bytes where {expected} were expected")]
    ColumnLength {
        /// Bytes that would fit.
        expected: usize,
        /// Bytes there are.
        actual: usize,
    },
    /// The public weights are too large to be added up exactly.
    #[error("the weights of a form add up to 64 bits or more")]
    Weights,
    /// There is no such level, or the ciphertext is already below it.
    #[error("a ciphertext of level {from} cannot be brought to level {to}")]
    Level {
        /// Level of the ciphertext.
        from: u8,
        /// Level asked for.
        to: u8,
    },
}

/// Adds `other` to `sum`, slot by slot. Costs one addition per coefficient.
///
/// # Errors
/// [`EvaluateError::Mismatch`] unless both have one set, prime, level and degree.
pub fn add(sum: &mut Ciphertext, other: &Ciphertext) -> Result<(), EvaluateError> {
    check_match(sum, other)?;
    if sum.degree() != other.degree() {
        return Err(EvaluateError::Mismatch { what: "degree" });
    }
    let moduli = sum.set().moduli_at(sum.level()).unwrap_or_default();
    let degree = sum.set().degree();
    for (polynomial, summand) in sum.polynomials_mut().iter_mut().zip(other.polynomials()) {
        let rows = polynomial.chunks_exact_mut(degree).zip(summand.chunks_exact(degree));
        for ((row, summand), &modulus) in rows.zip(moduli) {
            for (coefficient, &summand) in row.iter_mut().zip(summand) {
                let total = *coefficient + summand;
                *coefficient = if total >= modulus { total - modulus } else { total };
            }
        }
    }
    Ok(())
}

/// Multiplies every slot by the public number `weight`.
#[must_use]
pub fn scale(ciphertext: &Ciphertext, weight: i64) -> Ciphertext {
    let mut scaled = ciphertext.clone();
    let moduli = scaled.set().moduli_at(scaled.level()).unwrap_or_default();
    let degree = scaled.set().degree();
    for polynomial in scaled.polynomials_mut() {
        for (row, &modulus) in polynomial.chunks_exact_mut(degree).zip(moduli) {
            let factor = i128::from(weight).rem_euclid(modulus.into()).cast_unsigned();
            for coefficient in row {
                let product = u128::from(*coefficient) * factor % u128::from(modulus);
                *coefficient = u64::try_from(product).unwrap_or_default();
            }
        }
    }
    scaled
}

/// A ciphertext of level 0, ready to be multiplied with others. About 0.9 MB.
///
/// Its polynomials, modulo the larger q·P and transformed; making it is most of the work of a product, so that a column
/// which is a factor of several products is lifted once.
#[derive(Clone)]
pub struct Lifted {
    set: ParameterSet,
    prime: u8,
    polynomials: Vec<Poly>,
}

impl Lifted {
    /// Lifts a ciphertext.
    ///
    /// # Errors
    /// [`EvaluateError::Level`] unless it is of level 0.
    ///
    /// # Panics
    /// Never: the scaler is the one of level 0.
    pub fn new(ciphertext: &Ciphertext) -> Result<Self, EvaluateError> {
        let (set, prime) = (ciphertext.set(), ciphertext.prime());
        if ciphertext.level() != 0 {
            return Err(EvaluateError::Level { from: ciphertext.level(), to: 0 });
        }
        let ring = ring(set);
        let lift = |residues: &Vec<u64>| {
            let mut lifted = polynomial(&ring.levels[0], residues.clone(), true)
                .scale(&ring.wide(set).lift)
                .expect("the scaler of level 0");
            lifted.change_representation(Representation::Ntt);
            lifted
        };
        Ok(Self { set, prime, polynomials: ciphertext.polynomials().iter().map(lift).collect() })
    }
}

impl core::fmt::Debug for Lifted {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            formatter,
            "Lifted({:?}, prime {}, {} polynomials)",
            self.set,
            self.prime,
            self.polynomials.len()
        )
    }
}

/// `Σ aᵢ·bᵢ` in the making: products are added up before they are scaled down by t/q, which is done once for all of them.
///
/// Exact for up to 2⁶³ products: a coefficient of one is below N·q² in magnitude, and P > 2²⁴⁷ > 2·N·q·2⁶³.
pub struct ProductSum {
    set: ParameterSet,
    prime: u8,
    polynomials: Vec<Poly>,
}

impl ProductSum {
    /// An empty sum.
    #[must_use]
    pub const fn new(set: ParameterSet, prime: u8) -> Self {
        Self { set, prime, polynomials: Vec::new() }
    }

    /// Adds `left · right`. Costs a multiplication per coefficient pair, without transforms.
    ///
    /// # Errors
    /// [`EvaluateError::Mismatch`] if a factor is of another set or prime, or the product of another degree than those
    /// before; [`EvaluateError::Factors`] if it is of too many fresh ciphertexts.
    pub fn add(&mut self, left: &Lifted, right: &Lifted) -> Result<(), EvaluateError> {
        for factor in [left, right] {
            if factor.set != self.set {
                return Err(EvaluateError::Mismatch { what: "parameter set" });
            }
            if factor.prime != self.prime {
                return Err(EvaluateError::Mismatch { what: "prime" });
            }
        }
        let count = left.polynomials.len() + right.polynomials.len() - 1;
        let largest = self.set.max_factors();
        if count - 1 > usize::from(largest) {
            return Err(EvaluateError::Factors { actual: count - 1, largest });
        }
        if self.polynomials.is_empty() {
            let zero = Poly::zero(&ring(self.set).wide(self.set).context, Representation::Ntt);
            self.polynomials = vec![zero; count];
        }
        if self.polynomials.len() != count {
            return Err(EvaluateError::Mismatch { what: "degree" });
        }
        for (left_power, left) in left.polynomials.iter().enumerate() {
            for (right_power, right) in right.polynomials.iter().enumerate() {
                self.polynomials[left_power + right_power] += &(left * right);
            }
        }
        Ok(())
    }

    /// The sum as a ciphertext of level 0 and of the degree of its products.
    ///
    /// # Errors
    /// [`EvaluateError::Empty`] if nothing was added, [`EvaluateError::Mismatch`] if there is no such prime.
    ///
    /// # Panics
    /// Never: the scaler is the one of the wide ring.
    pub fn finish(self) -> Result<Ciphertext, EvaluateError> {
        if self.polynomials.is_empty() {
            return Err(EvaluateError::Empty);
        }
        let plain = plain(self.set, self.prime).ok_or(EvaluateError::Mismatch { what: "prime" })?;
        let scaler = plain.scale_product(self.set);
        let scale = |mut polynomial: Poly| {
            polynomial.change_representation(Representation::PowerBasis);
            Vec::<u64>::from(&polynomial.scale(scaler).expect("the scaler of the wide ring"))
        };
        let polynomials = self.polynomials.into_iter().map(scale).collect();
        Ok(Ciphertext::from_polynomials(self.set, self.prime, 0, polynomials))
    }
}

impl core::fmt::Debug for ProductSum {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "ProductSum({:?}, prime {})", self.set, self.prime)
    }
}

/// `left · right`, slot by slot. The degree of the product is the sum of both degrees; nothing is relinearised.
///
/// # Errors
/// [`EvaluateError`] under the conditions of [`Lifted::new`] and [`ProductSum::add`].
pub fn multiply(left: &Ciphertext, right: &Ciphertext) -> Result<Ciphertext, EvaluateError> {
    let mut sum = ProductSum::new(left.set(), left.prime());
    sum.add(&Lifted::new(left)?, &Lifted::new(right)?)?;
    sum.finish()
}

/// The same plaintext modulo fewer moduli, which takes fewer bytes; [`super::noise`] says how few are enough.
///
/// # Errors
/// [`EvaluateError::Level`] if there is no such level, or `ciphertext` is below it.
///
/// # Panics
/// Never: there is a level for every modulus.
pub fn switch_down(ciphertext: &Ciphertext, level: u8) -> Result<Ciphertext, EvaluateError> {
    let set = ciphertext.set();
    let refused = EvaluateError::Level { from: ciphertext.level(), to: level };
    if level < ciphertext.level() {
        return Err(refused);
    }
    let levels = &ring(set).levels;
    let target = levels.get(usize::from(level)).ok_or(refused)?;
    if level == ciphertext.level() {
        return Ok(ciphertext.clone());
    }
    let switch = |residues: &Vec<u64>| {
        let mut switched = polynomial(&levels[usize::from(ciphertext.level())], residues.clone(), true);
        switched.switch_down_to(target).expect("each level is below the one before");
        Vec::<u64>::from(&switched)
    };
    let polynomials = ciphertext.polynomials().iter().map(switch).collect();
    Ok(Ciphertext::from_polynomials(set, ciphertext.prime(), level, polynomials))
}

/// `Σ over blocks of ∏ over columns`, from bytes to bytes: what one call of a cloud function does for one prime.
///
/// Each column is the bytes of its blocks, fresh ones, back to back; the i-th blocks of all columns are multiplied. One
/// column gives its sum. The answer is brought to `level`.
///
/// # Errors
/// [`EvaluateError`] if there are no blocks, columns are not whole blocks and equally many, a block cannot be read or is
/// of another set or prime, or there are more columns than the set bears.
pub fn sum_of_products(
    set: ParameterSet,
    prime: u8,
    columns: &[&[u8]],
    level: u8,
) -> Result<Ciphertext, EvaluateError> {
    let largest = set.max_factors();
    if columns.len() > usize::from(largest) {
        return Err(EvaluateError::Factors { actual: columns.len(), largest });
    }
    let block_bytes = Ciphertext::fresh_bytes(set);
    let expected = columns.first().ok_or(EvaluateError::Empty)?.len().next_multiple_of(block_bytes);
    if let Some(column) = columns.iter().find(|column| column.len() != expected) {
        return Err(EvaluateError::ColumnLength { expected, actual: column.len() });
    }
    let mut products = ProductSum::new(set, prime);
    let mut sum: Option<Ciphertext> = None;
    for start in (0..expected).step_by(block_bytes) {
        let block = |column: &&[u8]| {
            let index = start / block_bytes;
            let block = Ciphertext::from_bytes(&column[start..start + block_bytes])
                .map_err(|fault| EvaluateError::Format { index, fault })?;
            if block.set() != set {
                return Err(EvaluateError::Mismatch { what: "parameter set" });
            }
            if block.prime() != prime {
                return Err(EvaluateError::Mismatch { what: "prime" });
            }
            Ok(block)
        };
        let blocks = columns.iter().map(block).collect::<Result<Vec<_>, _>>()?;
        match blocks.as_slice() {
            [only] => match &mut sum {
                Some(sum) => add(sum, only)?,
                None => sum = Some(only.clone()),
            },
            [inner @ .., last] => {
                let (first, middle) = inner.split_first().ok_or(EvaluateError::Empty)?;
                let product =
                    middle.iter().try_fold(first.clone(), |product, factor| multiply(&product, factor))?;
                products.add(&Lifted::new(&product)?, &Lifted::new(last)?)?;
            }
            [] => return Err(EvaluateError::Empty),
        }
    }
    let sum = if columns.len() == 1 { sum.ok_or(EvaluateError::Empty)? } else { products.finish()? };
    switch_down(&sum, level)
}

/// The sum of partial answers, from bytes.
///
/// # Errors
/// [`EvaluateError`] if there is none, one cannot be read, or they differ in set, prime, level or degree.
pub fn combine<'a>(partials: impl IntoIterator<Item = &'a [u8]>) -> Result<Ciphertext, EvaluateError> {
    let mut sum: Option<Ciphertext> = None;
    for (index, bytes) in partials.into_iter().enumerate() {
        let partial =
            Ciphertext::from_bytes(bytes).map_err(|fault| EvaluateError::Format { index, fault })?;
        match &mut sum {
            Some(sum) => add(sum, &partial)?,
            None => sum = Some(partial),
        }
    }
    sum.ok_or(EvaluateError::Empty)
}

pub(super) fn check_match(left: &Ciphertext, right: &Ciphertext) -> Result<(), EvaluateError> {
    let what = if left.set() != right.set() {
        "parameter set"
    } else if left.prime() != right.prime() {
        "prime"
    } else if left.level() != right.level() {
        "level"
    } else {
        return Ok(());
    };
    Err(EvaluateError::Mismatch { what })
}
