//! Exact decimals and the one rounding to a float.

use num_bigint::{BigInt, BigUint, Sign};
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
    let limit = ten.pow(significant.saturating_sub(1));
    let mut scaled = magnitude.clone();
    while &scaled / denominator < limit {
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

/// A fraction as the nearest float, ties to even: the only rounding of an answer.
pub(crate) fn float(numerator: &BigInt, denominator: &BigUint) -> f64 {
    /// More than the 53 bits of a float and a guard bit, so that the sticky bit below decides ties only.
    const BITS: u64 = 66;
    let magnitude = numerator.magnitude();
    if magnitude.is_zero() {
        return 0.0;
    }
    let (numerator_bits, denominator_bits) = (magnitude.bits(), denominator.bits());
    let up = (BITS + denominator_bits).saturating_sub(numerator_bits);
    let scaled = magnitude << up;
    let (quotient, remainder) = (&scaled / denominator, &scaled % denominator);
    // Only then is the quotient wider than 128 bits, and its low bits are sticky too.
    let down = quotient.bits().saturating_sub(BITS + 1);
    let dropped = !remainder.is_zero() || quotient.trailing_zeros().is_some_and(|zeros| zeros < down);
    let sticky = (&quotient >> down).to_u128().expect("at most 67 bits remain") | u128::from(dropped);
    #[expect(clippy::cast_precision_loss, reason = "this is the one rounding, to nearest even")]
    let rounded = sticky as f64;
    #[expect(clippy::cast_possible_truncation, reason = "shifts are far below 2^31")]
    let value = rounded * 2_f64.powi(down as i32 - up as i32);
    if numerator.sign() == Sign::Minus { -value } else { value }
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

    proptest! {
        #[test]
        fn floats_are_rounded_once(numerator in any::<i64>(), denominator in 1_u64..) {
            // The standard library rounds decimals correctly; 800 digits decide every tie of two floats.
            let (text, _) = quotient(&BigInt::from(numerator), &BigUint::from(denominator), 800);
            let expected: f64 = text.parse().expect("a decimal");
            prop_assert_eq!(float(&BigInt::from(numerator), &BigUint::from(denominator)), expected);
        }

        #[test]
        fn integers_become_their_nearest_float(numerator in any::<i128>()) {
            let expected: f64 = numerator.to_string().parse().expect("a decimal");
            prop_assert_eq!(float(&BigInt::from(numerator), &BigUint::one()), expected);
        }
    }
}
