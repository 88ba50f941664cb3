//! Exact decimals and the one rounding to a float.

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::{One, ToPrimitive, Zero};

/// `numerator / 10^scale` as a decimal without needless zeros.
pub(crate) fn decimal(numerator: &BigInt, scale: u32) -> String {
    let digits = numerator.magnitude().to_string();
    let scale = scale as usize;
    let padded = if digits.len() <= scale { format!("{digits:0>width$}", width = scale + 1) } else { digits };
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if numerator.sign() == Sign::Minus { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A fraction as a decimal: all digits if it ends within `significant` digits (then `true`), else rounded half to
/// even to that many.
pub(crate) fn quotient(numerator: &BigInt, denominator: &BigUint, significant: u32) -> (String, bool) {
    if numerator.is_zero() {
        return ("0".to_owned(), true);
    }
    let magnitude = numerator.magnitude();
    // Digits of the whole part, or minus the zeros that follow the point.
    let mut scale = 0;
    let ten = BigUint::from(10_u32);
    let limit = ten.pow(significant.saturating_sub(1)) * denominator;
    let mut scaled = magnitude.clone();
    while scaled < limit {
        scaled *= &ten;
        scale += 1;
    }
    let (mut digits, remainder) = (&scaled / denominator, &scaled % denominator);
    let exact = remainder.is_zero();
    let twice = &remainder << 1_u32;
    if twice > *denominator || (twice == *denominator && digits.bit(0)) {
        digits += BigUint::one();
    }
    (decimal(&BigInt::from_biguint(numerator.sign(), digits), scale), exact)
}

/// More than the 53 bits of a float and a guard bit, so that a sticky bit decides ties only.
const FLOAT_BITS: u64 = 66;

/// A fraction as the nearest float, ties to even: the only rounding of an answer.
pub(crate) fn float(numerator: &BigInt, denominator: &BigUint) -> f64 {
    let magnitude = numerator.magnitude();
    if magnitude.is_zero() {
        return 0.0;
    }
    let up = (FLOAT_BITS + denominator.bits()).saturating_sub(magnitude.bits());
    let (quotient, remainder) = (magnitude << up).div_rem(denominator);
    let value = nearest(&quotient, !remainder.is_zero(), up);
    if numerator.sign() == Sign::Minus { -value } else { value }
}

/// The float nearest to `integer·2^-up`, plus a little less than `2^-up` if it `is_inexact`. `integer` has at least
/// [`FLOAT_BITS`], or is exact.
fn nearest(integer: &BigUint, is_inexact: bool, up: u64) -> f64 {
    let down = integer.bits().saturating_sub(FLOAT_BITS + 1);
    let dropped = is_inexact || integer.trailing_zeros().is_some_and(|zeros| zeros < down);
    let sticky = (integer >> down).to_u128().expect("at most 67 bits remain") | u128::from(dropped);
    #[expect(clippy::cast_precision_loss, reason = "this is the one rounding, to nearest even")]
    let rounded = sticky as f64;
    #[expect(clippy::cast_possible_truncation, reason = "shifts are far below 2^31")]
    let exponent = down as i32 - up as i32;
    rounded * 2_f64.powi(exponent)
}

/// The root of a fraction as a decimal, as [`quotient`] gives a fraction.
pub(crate) fn root(numerator: &BigUint, denominator: &BigUint, significant: u32) -> (String, bool) {
    if numerator.is_zero() {
        return ("0".to_owned(), true);
    }
    let hundred = BigUint::from(100_u32);
    let limit = hundred.pow(significant.saturating_sub(1)) * denominator;
    let (mut scaled, mut scale) = (numerator.clone(), 0);
    while scaled < limit {
        scaled *= &hundred;
        scale += 1;
    }
    let mut digits = (&scaled / denominator).sqrt();
    let exact = &digits * &digits * denominator == scaled;
    // No root lies in the middle: (2·digits + 1)² is odd, and a tie would have ended one digit later.
    let middle = (&digits << 1_u32) + 1_u32;
    let (middle, quadruple) = (&middle * &middle * denominator, scaled << 2_u32);
    if quadruple > middle || (quadruple == middle && digits.bit(0)) {
        digits += BigUint::one();
    }
    (decimal(&digits.into(), scale), exact)
}

/// The root of a fraction as the nearest float, ties to even.
pub(crate) fn root_float(numerator: &BigUint, denominator: &BigUint) -> f64 {
    if numerator.is_zero() {
        return 0.0;
    }
    let up = (FLOAT_BITS + denominator.bits().div_ceil(2) + 1).saturating_sub(numerator.bits() / 2);
    let scaled = numerator << (2 * up);
    let root = (&scaled / denominator).sqrt();
    let is_inexact = &root * &root * denominator != scaled;
    nearest(&root, is_inexact, up)
}

/// `10^scale`.
pub(crate) fn power_of_ten(scale: u32) -> BigUint {
    BigUint::from(10_u32).pow(scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writes_decimals_without_needless_zeros() {
        for (numerator, scale, expected) in [
            (0, 3, "0"),
            (5, 3, "0.005"),
            (-5, 0, "-5"),
            (-1_250, 3, "-1.25"),
            (1_000, 3, "1"),
            (12_345, 2, "123.45"),
        ] {
            assert_eq!(decimal(&BigInt::from(numerator), scale), expected);
        }
    }

    #[test]
    fn a_fraction_that_ends_is_written_whole() {
        assert_eq!(quotient(&BigInt::from(1), &BigUint::from(8_u32), 17), ("0.125".to_owned(), true));
        assert_eq!(quotient(&BigInt::from(40), &BigUint::from(10_u32), 17), ("4".to_owned(), true));
    }

    #[test]
    fn a_fraction_that_does_not_end_is_rounded_half_to_even() {
        assert_eq!(quotient(&BigInt::from(2), &BigUint::from(3_u32), 5), ("0.66667".to_owned(), false));
        assert_eq!(
            quotient(&BigInt::from(635_000), &BigUint::from(12_u32), 10),
            ("52916.66667".to_owned(), false)
        );
        assert_eq!(quotient(&BigInt::from(-1), &BigUint::from(300_u32), 3), ("-0.00333".to_owned(), false));
    }

    #[test]
    fn rounding_up_to_a_new_digit_keeps_the_value() {
        assert_eq!(quotient(&BigInt::from(99_999), &BigUint::from(100_u32), 3), ("1000".to_owned(), false));
    }

    #[test]
    fn roots_of_squares_end() {
        let root = |numerator: u32, denominator: u32| {
            root(&BigUint::from(numerator), &BigUint::from(denominator), 17)
        };
        assert_eq!(root(9, 4), ("1.5".to_owned(), true));
        assert_eq!(root(0, 4), ("0".to_owned(), true));
        assert_eq!(root(2, 1), ("1.4142135623730950".trim_end_matches('0').to_owned(), false));
        assert_eq!(root(1, 300), ("0.057735026918962576".to_owned(), false));
    }

    proptest! {
        #[test]
        fn floats_are_rounded_once(numerator in any::<i64>(), denominator in 1_u64..) {
            // The standard library rounds decimals correctly; 800 digits decide every tie of two floats.
            let (text, _) = quotient(&BigInt::from(numerator), &BigUint::from(denominator), 800);
            let expected: f64 = text.parse().expect("a decimal");
            prop_assert_eq!(float(&BigInt::from(numerator), &BigUint::from(denominator)), expected);
        }

        #[test]
        fn roots_are_rounded_once(numerator in any::<u128>(), denominator in 1_u64.., shift in 0_u32..200) {
            let (numerator, denominator) =
                (BigUint::from(numerator), BigUint::from(denominator) << shift);
            let (text, _) = root(&numerator, &denominator, 800);
            let expected: f64 = text.parse().expect("a decimal");
            prop_assert_eq!(root_float(&numerator, &denominator), expected);
        }

        #[test]
        fn a_root_is_the_decimal_next_to_it(numerator in 1_u64.., denominator in 1_u64..) {
            let (numerator, denominator) = (BigUint::from(numerator), BigUint::from(denominator));
            let (text, exact) = root(&numerator, &denominator, 17);
            let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len()).max(40);
            let digits = text.replace('.', "");
            let places = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let value: BigUint = digits.parse().expect("digits");
            let value = value * BigUint::from(10_u32).pow(u32::try_from(scale - places).unwrap());
            let square = BigUint::from(10_u32).pow(u32::try_from(2 * scale).unwrap()) * &numerator;
            prop_assert_eq!(exact, &value * &value * &denominator == square);
            // 17 digits: half a unit of the last is at most 5e-17 of the value.
            let slack = &value / 10_u32.pow(9) / 10_u32.pow(7);
            let (below, above) = (&value - &slack, &value + &slack + 1_u32);
            prop_assert!(&below * &below * &denominator <= square);
            prop_assert!(&above * &above * &denominator >= square);
        }

        #[test]
        fn integers_become_their_nearest_float(numerator in any::<i128>()) {
            let expected: f64 = numerator.to_string().parse().expect("a decimal");
            prop_assert_eq!(float(&BigInt::from(numerator), &BigUint::one()), expected);
        }
    }
}
