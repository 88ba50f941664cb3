//! The seam between the schemes and modular arithmetic: everything above it says *what* to multiply, nothing above
//! it says *how*. Behind it stands `num-bigint`.

use core::fmt;
use core::hint::black_box;

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::One;

/// Exponent bits per table lookup of a [`FixedBase`]; divides the 32 bits of a digit.
const WINDOW_BITS: u32 = 4;
const WINDOW_ENTRIES: usize = (1 << WINDOW_BITS) - 1;

/// An odd modulus above 1, with whatever arithmetic modulo it wants precomputed.
///
/// May be secret (the square of a prime factor): it is wiped when dropped, and `Debug` shows its size only.
pub struct Modulus {
    value: BigUint,
}

/// Powers of one base, so that further powers of it cost about a fifth of an exponentiation.
///
/// May be secret, like the modulus: wiped when dropped. Made by [`Modulus::fixed_base`].
pub struct FixedBase {
    /// `windows[i][d − 1] = base^(d·2^(WINDOW_BITS·i))`.
    windows: Vec<[BigUint; WINDOW_ENTRIES]>,
}

/// A number that [`Modulus::new`] does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModulusError {
    /// Montgomery arithmetic needs an odd modulus.
    #[error("a modulus must be odd")]
    Even,
    /// Nothing can be computed modulo 0 or 1.
    #[error("a modulus must be larger than 1")]
    TooSmall,
}

impl Modulus {
    /// Prepares arithmetic modulo `value`.
    ///
    /// # Errors
    /// [`ModulusError`] unless `value` is odd and larger than 1.
    pub fn new(value: &BigUint) -> Result<Self, ModulusError> {
        if *value <= BigUint::one() {
            return Err(ModulusError::TooSmall);
        }
        if value.is_even() {
            return Err(ModulusError::Even);
        }
        Ok(Self { value: value.clone() })
    }

    /// The modulus itself.
    #[must_use]
    pub const fn value(&self) -> &BigUint {
        &self.value
    }

    /// `a · b` modulo the modulus; the factors may be of any size.
    #[must_use]
    pub fn multiply(&self, a: &BigUint, b: &BigUint) -> BigUint {
        a * b % &self.value
    }

    /// The product of all `factors` modulo the modulus, 1 if there are none.
    ///
    /// Costs one modular multiplication per factor. Variable time: for public factors.
    #[must_use]
    pub fn product<'a>(&self, factors: impl IntoIterator<Item = &'a BigUint>) -> BigUint {
        let mut factors = factors.into_iter();
        let first = factors.next().map_or_else(BigUint::one, |first| first % &self.value);
        factors.fold(first, |product, factor| self.multiply(&product, factor))
    }

    /// `base^exponent` modulo the modulus. Variable time: for public operands.
    #[must_use]
    pub fn pow_vartime(&self, base: &BigUint, exponent: &BigUint) -> BigUint {
        base.modpow(exponent, &self.value)
    }

    /// `base^exponent` modulo the modulus, for secret operands.
    ///
    /// The routine of [`Self::pow_vartime`] for now: `num-bigint` promises nothing about timing. It runs only where
    /// the secrets live, in the owner's own worker, and answers no stranger's questions: the owner decrypts answers
    /// of own jobs only.
    #[must_use]
    pub fn pow_secret(&self, base: &BigUint, exponent: &BigUint) -> BigUint {
        self.pow_vartime(base, exponent)
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

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::Zero;

    fn number(value: u64) -> BigUint {
        BigUint::from(value)
    }

    #[test]
    fn takes_odd_moduli_above_one_only() {
        for value in [0, 1] {
            assert_eq!(Modulus::new(&number(value)).err(), Some(ModulusError::TooSmall));
        }
        assert_eq!(Modulus::new(&number(10)).err(), Some(ModulusError::Even));
        assert!(Modulus::new(&number(3)).is_ok());
    }

    #[test]
    fn reduces_factors_of_any_size() {
        let modulus = Modulus::new(&number(1_000_003)).unwrap();
        let huge = BigUint::one() << 4_000;
        let expected = &huge * &huge % 1_000_003u32;
        assert_eq!(modulus.multiply(&huge, &huge), expected);
        assert_eq!(modulus.product([&huge, &huge]), expected);
        assert_eq!(modulus.product([&huge]), &huge % 1_000_003u32);
    }

    #[test]
    fn an_empty_product_is_one() {
        let modulus = Modulus::new(&number(15)).unwrap();
        assert_eq!(modulus.product([]), BigUint::one());
    }

    #[test]
    fn powers_agree_with_repeated_multiplication() {
        let modulus = Modulus::new(&number(1_000_003)).unwrap();
        let base = number(77_777);
        let mut expected = BigUint::one();
        for exponent in 0..50 {
            assert_eq!(modulus.pow_vartime(&base, &number(exponent)), expected);
            assert_eq!(modulus.pow_secret(&base, &number(exponent)), expected);
            expected = modulus.multiply(&expected, &base);
        }
    }

    #[test]
    fn powers_of_a_fixed_base_agree_with_plain_powers() {
        let modulus = Modulus::new(&((BigUint::one() << 521) - 1u32)).unwrap();
        let base = number(0xdead_beef);
        for bits in [1u64, 4, 5, 31, 32, 33, 64, 100, 521] {
            let table = modulus.fixed_base(&base, bits);
            let largest: BigUint = (BigUint::one() << bits) - 1u32;
            for exponent in [BigUint::ZERO, BigUint::one(), &largest / 3u32, &largest - 1u32, largest] {
                assert_eq!(modulus.pow_fixed(&table, &exponent), modulus.pow_vartime(&base, &exponent));
            }
        }
    }

    #[test]
    #[should_panic(expected = "an exponent of at most 8 bits")]
    fn a_table_refuses_exponents_that_are_too_long() {
        let modulus = Modulus::new(&number(101)).unwrap();
        let table = modulus.fixed_base(&number(3), 8);
        let _ = modulus.pow_fixed(&table, &number(256));
    }

    #[test]
    fn wiping_clears_every_digit_in_place() {
        for bits in [1, 63, 64, 65, 128, 1_024, 3_000] {
            let mut value: BigUint = (BigUint::one() << bits) - 1u32;
            let digits = value.iter_u64_digits().len();
            // The first of the two steps: same length, all digits zero but the top bit of the last.
            let mut mask = BigUint::ZERO;
            mask.set_bit(bits - 1, true);
            let mut halfway = value.clone();
            halfway &= &mask;
            assert_eq!(halfway.iter_u64_digits().len(), digits);
            assert_eq!(halfway.count_ones(), 1);
            wipe(&mut value);
            assert!(value.is_zero());
        }
        let mut zero = BigUint::ZERO;
        wipe(&mut zero);
        assert!(zero.is_zero());
    }

    #[test]
    fn debug_shows_only_the_size() {
        let modulus = Modulus::new(&number(0xdead_beef)).unwrap();
        assert_eq!(format!("{modulus:?}"), "Modulus(32 bits)");
    }
}
