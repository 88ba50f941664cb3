//! Exact fractions, in which everything is computed until it is shown.

use num_bigint::{BigInt, BigUint, Sign};
use num_rational::Ratio;
use num_traits::{One, Signed, Zero};

use crate::exact;

/// A fraction in lowest terms with a positive denominator.
pub(crate) type Rational = Ratio<BigInt>;

/// A whole number.
pub(crate) fn whole(value: impl Into<BigInt>) -> Rational {
    Rational::from_integer(value.into())
}

/// `numerator / denominator`; `None` for a division by 0.
pub(crate) fn ratio(numerator: impl Into<BigInt>, denominator: impl Into<BigInt>) -> Option<Rational> {
    let denominator = denominator.into();
    (!denominator.is_zero()).then(|| Rational::new(numerator.into(), denominator))
}

/// `a / b`; `None` for a division by 0.
pub(crate) fn divide(a: &Rational, b: &Rational) -> Option<Rational> {
    (!b.is_zero()).then(|| a / b)
}

/// `10^-scale`.
pub(crate) fn unit(scale: u32) -> Rational {
    Rational::new(BigInt::one(), exact::power_of_ten(scale).into())
}

/// The nearest float.
pub(crate) fn float(value: &Rational) -> f64 {
    exact::float(value.numer(), value.denom().magnitude())
}

/// A finite float as the fraction that it is; 0 for what is none.
pub(crate) fn from_float(value: f64) -> Rational {
    let (mantissa, exponent, sign) = num_traits::float::FloatCore::integer_decode(value);
    if !value.is_finite() {
        return Rational::zero();
    }
    let mantissa = BigInt::from(mantissa) * sign;
    if exponent >= 0 {
        whole(mantissa << exponent.unsigned_abs())
    } else {
        Rational::new(mantissa, BigInt::one() << exponent.unsigned_abs())
    }
}

/// The root of a fraction that is not negative, to at least 64 digits; exact if the root is a fraction.
pub(crate) fn root(value: &Rational) -> Rational {
    /// Bits of the root.
    const BITS: u64 = 220;
    if !value.is_positive() {
        return Rational::zero();
    }
    let (numerator, denominator) = (value.numer().magnitude(), value.denom().magnitude());
    let exact_root = |value: &BigUint| Some(value.sqrt()).filter(|root| root * root == *value);
    let (above, below) = match (exact_root(numerator), exact_root(denominator)) {
        (Some(above), Some(below)) => (above, below),
        _ => {
            let up = (BITS + denominator.bits() / 2 + 1).saturating_sub(numerator.bits() / 2);
            (((numerator << (2 * up)) / denominator).sqrt(), BigUint::one() << up)
        }
    };
    Rational::new(BigInt::from_biguint(Sign::Plus, above), below.into())
}

/// A decimal such as `-0.5`; `None` for anything else.
pub(crate) fn from_decimal(text: &str) -> Option<Rational> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || all.len() > 64 || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let numerator: BigInt = all.parse().ok()?;
    let scale = u32::try_from(fraction.len()).ok()?;
    Some(Rational::new(numerator * sign, exact::power_of_ten(scale).into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_decimals_and_nothing_else() {
        assert_eq!(from_decimal("-0.50"), ratio(-1, 2));
        assert_eq!(from_decimal("12"), ratio(12, 1));
        assert_eq!(from_decimal(".5"), ratio(1, 2));
        for text in ["", "-", ".", "1e3", "1,5", "+1", "1.2.3", " 1", "١", "NaN"] {
            assert_eq!(from_decimal(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_float_is_the_fraction_that_it_is(value in proptest::num::f64::NORMAL) {
            prop_assume!(value.abs() > 1e-200 && value.abs() < 1e200);
            prop_assert_eq!(float(&from_float(value)), value);
        }

        #[test]
        fn a_root_squared_is_the_fraction(numerator in 1_u128.., denominator in 1_u128..) {
            let value = Rational::new(numerator.into(), denominator.into());
            let root = root(&value);
            let error = (&root * &root - &value).abs() / &value;
            prop_assert!(error < Rational::new(1.into(), BigInt::from(10).pow(64)));
        }
    }
}
