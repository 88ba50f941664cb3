//! Modular arithmetic: the one thing that all cryptography here waits for.
//!
//! [`Modulus`] is the seam to the schemes: everything above it says *what* to multiply, nothing above it says *how*.
//! Whoever has many operations at once takes a [`Batch`], which does one per vector lane, and a [`FixedBase`] for powers
//! of the same numbers.
//!
//! | file | what it is |
//! |---|---|
//! | `fma51` | multiplication in radix 2⁵¹ with fused multiply-adds, and why no bit is lost |
//! | `simd24` | multiplication in radix 2²⁴ without them |
//! | `portable` | multiplication in 64-bit words |
//! | `simd` | the vector operations of the first two, once per instruction set |
//! | `arithmetic` | which of them this machine has |
//! | `residue` | numbers as digits in lanes |
//! | `batch`, `power`, `fixed_base` | what is built from multiplication |
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
mod fixed_base;
#[expect(unsafe_code, reason = "vector loads and stores at offsets that its text bounds")]
mod fma51;
mod portable;
mod power;
mod residue;
#[expect(unsafe_code, reason = "vector instructions")]
mod simd;
#[expect(unsafe_code, reason = "vector loads and stores at offsets that its text bounds")]
mod simd24;
#[cfg(test)]
mod tests;

pub use arithmetic::{Arithmetic, multiply_add_is_fused};
pub use batch::Batch;
pub use fixed_base::FixedBase;
pub use residue::Residues;

/// An odd modulus above 1, with whatever arithmetic modulo it wants precomputed.
///
/// May be secret (the square of a prime factor): it is wiped when dropped, and `Debug` shows its size only.
pub struct Modulus {
    value: BigUint,
    /// For one operation at a time, prepared when it is first needed.
    one: OnceLock<Batch>,
    /// For many at once.
    many: OnceLock<Batch>,
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
        Ok(Self { value: value.clone(), one: OnceLock::new(), many: OnceLock::new() })
    }

    /// The modulus itself.
    #[must_use]
    pub const fn value(&self) -> &BigUint {
        &self.value
    }

    /// Arithmetic with this modulus in all lanes, for many operations at once.
    #[must_use]
    pub fn batch(&self) -> &Batch {
        self.many.get_or_init(|| self.prepare(Arithmetic::for_many()))
    }

    /// `a · b` modulo the modulus; the factors may be of any size.
    #[must_use]
    pub fn multiply(&self, a: &BigUint, b: &BigUint) -> BigUint {
        let batch = self.single();
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
        let batch = self.single();
        first(batch.from_montgomery(&batch.power_vartime(&batch.to_montgomery([base]), exponent)))
    }

    /// `base^exponent` modulo the modulus, for secret operands.
    ///
    /// The exponentiation takes the same time for all operands with an exponent of the same length. The reduction of
    /// the base and of the result is `num-bigint`'s, which promises nothing; it sees neither the exponent nor anything
    /// between.
    #[must_use]
    pub fn pow_secret(&self, base: &BigUint, exponent: &BigUint) -> BigUint {
        let batch = self.single();
        first(batch.from_montgomery(&batch.power(&batch.to_montgomery([base]), &[exponent])))
    }

    fn single(&self) -> &Batch {
        if Arithmetic::for_one() == Arithmetic::for_many() {
            return self.batch();
        }
        self.one.get_or_init(|| self.prepare(Arithmetic::for_one()))
    }

    fn prepare(&self, arithmetic: Arithmetic) -> Batch {
        Batch::with_arithmetic(arithmetic, &[&self.value])
            .or_else(|_| Batch::with_arithmetic(Arithmetic::Words, &[&self.value]))
            .expect("words take every odd modulus above 1")
    }

    /// Prepares powers of `base` with exponents of up to `exponent_bits`.
    ///
    /// Costs four modular multiplications and holds four numbers per bit.
    #[must_use]
    pub fn fixed_base(&self, base: &BigUint, exponent_bits: u64) -> FixedBase {
        let mut first = base % &self.value;
        let mut windows = Vec::new();
        for _ in 0..exponent_bits.div_ceil(WINDOW_BITS.into()) {
            let mut entries = [const { BigUint::ZERO }; WINDOW_ENTRIES];
            let mut power = first.clone();
            for entry in &mut entries {
                let next = self.multiply(&power, &first);
                *entry = core::mem::replace(&mut power, next);
            }
            wipe(&mut first);
            first = power;
            windows.push(entries);
        }
        wipe(&mut first);
        FixedBase { windows }
    }

    /// `base^exponent` for the base of `table`, which was made by this modulus.
    ///
    /// For secret exponents that are used once: the table is read at places that depend on the exponent. Costs one
    /// modular multiplication per four bits.
    ///
    /// # Panics
    /// If the exponent has more bits than the table was made for.
    #[must_use]
    pub fn pow_fixed(&self, table: &FixedBase, exponent: &BigUint) -> BigUint {
        let bits = table.windows.len() as u64 * u64::from(WINDOW_BITS);
        assert!(exponent.bits() <= bits, "an exponent of at most {bits} bits");
        let digits = exponent
            .iter_u32_digits()
            .flat_map(|word| (0..u32::BITS).step_by(WINDOW_BITS as usize).map(move |shift| word >> shift));
        let mut product = BigUint::one();
        for (window, digit) in table.windows.iter().zip(digits) {
            if let Some(index) = (digit as usize & WINDOW_ENTRIES).checked_sub(1) {
                let next = self.multiply(&product, &window[index]);
                wipe(&mut product);
                product = next;
            }
        }
        product
    }
}

impl Drop for FixedBase {
    fn drop(&mut self) {
        self.windows.iter_mut().flatten().for_each(wipe);
    }
}

impl fmt::Debug for FixedBase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FixedBase({} windows, hidden)", self.windows.len())
    }
}

impl Drop for Modulus {
    fn drop(&mut self) {
        wipe(&mut self.value);
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
