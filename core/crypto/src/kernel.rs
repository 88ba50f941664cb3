//! Modular arithmetic: the one thing that all cryptography here waits for.
//!
//! [`Modulus`] is the seam to the schemes: everything above it says *what* to multiply, nothing above it says *how*.
//! Whoever has many operations at once takes a [`Batch`], which does one per vector lane, and a [`FixedBase`] for powers
//! of the same numbers.
//!
//! | file | what it is |
//! |---|---|
//! | `fma47` | multiplication in radix 2⁴⁷ with fused multiply-adds, and why no bit is lost |
//! | `simd24` | multiplication in radix 2²⁴ without them |
//! | `portable` | multiplication in 64-bit words |
//! | `simd` | the vector operations of the first two, once per instruction set |
//! | `arithmetic` | which of them this machine has |
//! | `residue` | numbers as digits in lanes |
//! | `batch`, `power`, `chain`, `fixed_base` | what is built from multiplication |
//!
//! `num-bigint` stands at the edges: conversions, reductions, and as the judge in the tests.

use core::fmt;
use core::hint::black_box;
use std::sync::OnceLock;

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;

#[expect(unsafe_code, reason = "runs code for instruction sets that it has found on this machine")]
mod arithmetic;
mod batch;
mod chain;
mod fixed_base;
#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        all(target_arch = "wasm32", feature = "relaxed-simd")
    )),
    expect(dead_code, reason = "this build has no instructions for it")
)]
#[expect(unsafe_code, reason = "vector loads and stores at offsets that its text bounds")]
mod fma47;
mod portable;
mod power;
mod residue;
#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        all(target_arch = "wasm32", feature = "relaxed-simd")
    )),
    expect(dead_code, reason = "this build has no instructions for it")
)]
#[expect(unsafe_code, reason = "vector instructions")]
mod simd;
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "wasm32")),
    expect(dead_code, reason = "this build has no instructions for it")
)]
#[expect(unsafe_code, reason = "vector loads and stores at offsets that its text bounds")]
mod simd24;
#[cfg(test)]
mod tests;

pub use arithmetic::{Arithmetic, multiply_add_is_fused};
pub use batch::Batch;
pub use chain::Exponents;
pub use fixed_base::FixedBase;
pub use residue::Residues;

/// An odd modulus above 1, with whatever arithmetic modulo it wants precomputed.
///
/// May be secret (the square of a prime factor): it is wiped when dropped, and `Debug` shows its size only.
pub struct Modulus {
    value: BigUint,
    /// n, where the modulus is known to be n².
    root: Option<BigUint>,
    /// Prepared when it is first needed.
    batch: OnceLock<Batch>,
    /// Prepared when it is first needed: arithmetic modulo a square.
    square_batch: OnceLock<Batch>,
}

/// A number that [`Modulus::new`] or [`Batch::new`] does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModulusError {
    /// Montgomery arithmetic needs an odd modulus.
    #[error("a modulus must be odd")]
    Even,
    /// Nothing can be computed modulo 0 or 1.
    #[error("a modulus must be larger than 1")]
    TooSmall,
    /// There are more moduli than lanes or none, or the wanted arithmetic is not there or takes smaller moduli only.
    #[error("this arithmetic does not take these moduli here")]
    NoArithmetic,
}

impl Modulus {
    /// Takes `value` as a modulus.
    ///
    /// # Errors
    /// [`ModulusError`] unless `value` is odd and larger than 1.
    pub fn new(value: &BigUint) -> Result<Self, ModulusError> {
        check_modulus(value)?;
        Ok(Self { value: value.clone(), root: None, batch: OnceLock::new(), square_batch: OnceLock::new() })
    }

    /// Takes the square of `root` as a modulus: powers cost less than under [`Self::new`].
    ///
    /// # Errors
    /// [`ModulusError`] unless `root` is odd and larger than 1.
    pub fn of_square(root: &BigUint) -> Result<Self, ModulusError> {
        let mut modulus = Self::new(&(root * root))?;
        modulus.root = Some(root.clone());
        Ok(modulus)
    }

    /// The modulus itself.
    #[must_use]
    pub const fn value(&self) -> &BigUint {
        &self.value
    }

    /// Arithmetic with this modulus in all lanes, for many operations at once. (One alone leaves most lanes empty, and is
    /// still faster than by words.)
    ///
    /// # Panics
    /// Never: words take every odd modulus above 1.
    #[must_use]
    pub fn batch(&self) -> &Batch {
        self.batch.get_or_init(|| Batch::new(&[&self.value]).expect("words take every odd modulus above 1"))
    }

    /// [`Self::batch`] for many multiplications of the same numbers: modulo a square it has less work per multiplication,
    /// and more for each integer that is put in.
    ///
    /// # Panics
    /// Never: as [`Self::batch`].
    #[must_use]
    pub fn power_batch(&self) -> &Batch {
        let Some(root) = &self.root else { return self.batch() };
        self.square_batch
            .get_or_init(|| Batch::of_squares(&[root]).expect("words take every odd modulus above 1"))
    }

    /// `a · b` modulo the modulus; the factors may be of any size.
    #[must_use]
    pub fn multiply(&self, a: &BigUint, b: &BigUint) -> BigUint {
        let batch = self.batch();
        first(batch.multiply_integers(&batch.to_montgomery([a]), [b]))
    }

    /// The product of all `factors` modulo the modulus, 1 if there are none.
    ///
    /// Costs one modular multiplication per factor. Variable time: for public factors.
    #[must_use]
    pub fn product<'a>(&self, factors: impl IntoIterator<Item = &'a BigUint>) -> BigUint {
        self.batch().product_vartime(factors)
    }

    /// `base^exponent` modulo the modulus. Variable time: for public operands.
    #[must_use]
    pub fn pow_vartime(&self, base: &BigUint, exponent: &BigUint) -> BigUint {
        let batch = self.power_batch();
        first(batch.from_montgomery(&batch.power_vartime(&batch.to_montgomery([base]), exponent)))
    }

    /// `base^exponent` modulo the modulus, for secret operands.
    ///
    /// The exponentiation takes the same time for all operands with an exponent of the same length. The reduction of
    /// the base and of the result is `num-bigint`'s, which promises nothing; it sees neither the exponent nor anything
    /// between.
    #[must_use]
    pub fn pow_secret(&self, base: &BigUint, exponent: &BigUint) -> BigUint {
        let batch = self.power_batch();
        first(batch.from_montgomery(&batch.power(&batch.to_montgomery([base]), &[exponent])))
    }
}

impl Drop for Modulus {
    fn drop(&mut self) {
        wipe(&mut self.value);
        self.root.iter_mut().for_each(wipe);
    }
}

impl fmt::Debug for Modulus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Modulus({} bits)", self.value.bits())
    }
}

/// Montgomery arithmetic takes odd moduli above 1.
fn check_modulus(value: &BigUint) -> Result<(), ModulusError> {
    if *value <= BigUint::one() {
        return Err(ModulusError::TooSmall);
    }
    if value.is_even() {
        return Err(ModulusError::Even);
    }
    Ok(())
}

/// What came out of the only lane that something went into.
fn first(integers: Vec<BigUint>) -> BigUint {
    integers.into_iter().next().unwrap_or_default()
}

/// Overwrites the digits of `value` in place and leaves it 0.
///
/// `num-bigint` has no wiping of its own. An `&=` with the highest bit alone clears every lower digit in the buffer
/// without moving it, then that bit is cleared; [`black_box`] keeps the compiler from dropping the writes to memory
/// that is freed next. Copies made earlier (temporaries of a multiplication, a buffer that grew, registers) are out
/// of reach.
pub fn wipe(value: &mut BigUint) {
    if let Some(highest) = value.bits().checked_sub(1) {
        let mut mask = BigUint::ZERO;
        mask.set_bit(highest, true);
        *value &= &mask;
        black_box(&*value);
        value.set_bit(highest, false);
    }
    black_box(&*value);
}
