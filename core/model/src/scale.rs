//! Fixed point: how a number of the outside becomes the integer that is computed with, and back.

use core::fmt;

use num_traits::ToPrimitive;
use serde::{Deserialize, Serialize};

/// Most decimals of a scale: 10¹⁸ is exact as a float.
pub const MAX_DECIMAL: u8 = 18;
/// Most binary places of a scale.
pub const MAX_BINARY: u8 = 120;

/// The integer v stands for the number `v / (10^decimal · 2^binary)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Decimal places: those of the table that a feature comes from.
    pub decimal: u8,
    /// Binary places: those that weights add.
    pub binary: u8,
}

impl Scale {
    /// Integers that stand for themselves.
    pub const ONE: Self = Self { decimal: 0, binary: 0 };

    /// `v / 10^decimal`, as the columns of a dataset are.
    #[must_use]
    pub const fn decimal(decimal: u8) -> Self {
        Self { decimal, binary: 0 }
    }

    /// `v / 2^binary`.
    #[must_use]
    pub const fn binary(binary: u8) -> Self {
        Self { decimal: 0, binary }
    }

    /// Whether it is within [`MAX_DECIMAL`] and [`MAX_BINARY`].
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.decimal <= MAX_DECIMAL && self.binary <= MAX_BINARY
    }

    /// `10^decimal · 2^binary`: exact, as 5¹⁸ has 42 bits.
    #[must_use]
    pub fn factor(self) -> f64 {
        let power = |base: f64, exponent: u8| (0..exponent).fold(1.0, |power, _| power * base);
        power(10.0, self.decimal) * power(2.0, self.binary)
    }

    /// The integer nearest to `number` at this scale, half to even; `None` from 2⁶² on, or for no finite number.
    #[must_use]
    pub fn to_integer(self, number: f64) -> Option<i64> {
        round(number * self.factor())
    }

    /// The number that an integer stands for, to the nearest float.
    #[must_use]
    pub fn to_number(self, integer: i128) -> f64 {
        approximate(integer) / self.factor()
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.decimal, self.binary) {
            (decimal, 0) => write!(formatter, "{decimal} decimals"),
            (0, binary) => write!(formatter, "{binary} binary places"),
            (decimal, binary) => write!(formatter, "{decimal} decimals and {binary} binary places"),
        }
    }
}

/// The integer nearest to `number`, half to even; `None` from 2⁶² on in magnitude, or for no finite number.
#[must_use]
pub(crate) fn round(number: f64) -> Option<i64> {
    let rounded = number.round_ties_even();
    // 2⁶² is exact; what is not a number is not below it.
    if rounded.abs() < Scale::binary(62).factor() { rounded.to_i64() } else { None }
}

/// The nearest float.
#[must_use]
pub(crate) fn approximate(integer: i128) -> f64 {
    integer.to_f64().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_exact() {
        assert_eq!(Scale::decimal(18).factor(), 1e18);
        assert_eq!(Scale { decimal: 3, binary: 10 }.factor(), 1_024_000.0);
        assert_eq!(Scale::ONE.factor(), 1.0);
    }

    #[test]
    fn rounds_half_to_even_and_refuses_what_is_too_large() {
        let tenths = Scale::decimal(1);
        assert_eq!(tenths.to_integer(5.1), Some(51));
        assert_eq!(tenths.to_integer(0.25), Some(2));
        assert_eq!(tenths.to_integer(-0.35), Some(-4));
        assert_eq!(Scale::ONE.to_integer(4_611_686_018_427_387_904.0), None);
        assert_eq!(Scale::ONE.to_integer(f64::NAN), None);
        assert_eq!(Scale::ONE.to_integer(f64::NEG_INFINITY), None);
    }
}
