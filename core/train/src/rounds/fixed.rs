//! Sums as integers: the scale that a bound leaves room for.

use super::RoundError;

/// Totals lie within ±2^`TOTAL_BITS`, but for what sums in floats are rounded above their bound.
pub const TOTAL_BITS: u32 = 61;
/// No total is larger: `2^61 + 2^56`, below the 2^62 that a slot holds.
pub(super) const LARGEST_TOTAL: u64 = (1 << TOTAL_BITS) + (1 << 56);

/// Bits after the point of a sum that is at most `bound` in absolute value: the largest number that keeps
/// `bound · 2^bits ≤ 2^TOTAL_BITS`, and at most `TOTAL_BITS`.
///
/// # Errors
/// [`RoundError::Choice`] if fewer than 8 bits are left.
pub fn scale_bits(bound: f64) -> Result<u32, RoundError> {
    // Powers of two are exact, so that every owner gets the same scale on every machine.
    let bits = (8..=TOTAL_BITS).rev().find(|&bits| bound <= power(TOTAL_BITS - bits));
    bits.ok_or(RoundError::Choice {
        what: "rows, columns and bounds",
        expected: "so few that their sums fit 62 bits",
    })
}

/// `round(sum · 2^bits)`; at most half a unit off.
pub(super) fn to_fixed(sum: f64, bits: u32) -> Result<i64, RoundError> {
    let scaled = (sum * power(bits)).round();
    if scaled.abs() <= LARGEST_TOTAL as f64 {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^62")]
        Ok(scaled as i64)
    } else {
        Err(RoundError::OutOfRange)
    }
}

/// `fixed / 2^bits`, rounded to 53 bits.
pub(super) fn from_fixed(fixed: i64, bits: u32) -> f64 {
    fixed as f64 / power(bits)
}

/// `2^exponent` for exponents of at most 62.
fn power(exponent: u32) -> f64 {
    (1_u64 << exponent) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_uses_the_room_and_no_more() {
        assert_eq!(scale_bits(1.0), Ok(61));
        assert_eq!(scale_bits(0.001), Ok(61));
        assert_eq!(scale_bits(1.0 + f64::EPSILON), Ok(60));
        assert_eq!(scale_bits(1024.0), Ok(51));
        assert_eq!(scale_bits((1_u64 << 53) as f64), Ok(8));
        assert!(scale_bits((1_u64 << 54) as f64).is_err() && scale_bits(f64::NAN).is_err());
        for bound in [1.0, 3.0, 1e6, 1e12] {
            let bits = scale_bits(bound).unwrap();
            for sum in [bound, -bound] {
                let fixed = to_fixed(sum, bits).unwrap();
                assert!(fixed.unsigned_abs() <= 1 << TOTAL_BITS);
                assert!((from_fixed(fixed, bits) - sum).abs() <= bound * f64::EPSILON);
            }
            assert_eq!(to_fixed(1.04 * power(TOTAL_BITS - bits), bits), Err(RoundError::OutOfRange));
        }
        assert_eq!(to_fixed(f64::NAN, 10), Err(RoundError::OutOfRange));
    }
}
