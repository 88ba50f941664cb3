//! Montgomery multiplication on 64-bit words, one lane after the other: for every machine, and the second opinion on
//! the vector arithmetic.
//!
//! # Numbers
//!
//! A residue is `Σ dᵢ·2^(64·i)` over `l` words; the words of a lane stand together, lane after lane.
//!
//! # The modulus
//!
//! As in [`super::fma47`], with `ñ ≡ −1 (mod 2⁶⁴)`: `ñ = N·2⁶⁴ − 1`, so that the quotient word of a row is the lowest
//! word of the sum itself, and adding `q·ñ = q·N·2⁶⁴ − q` makes that word vanish.
//!
//! # Ranges
//!
//! Operands are in `[0, 2ñ)`, and `4·ñ ≤ 2^(64·l) = R`, so results are below `(4·ñ² + R·ñ)/R ≤ 2·ñ` and may be operands
//! again. After each row the sum is at most `b + ñ`: `(t + aᵢ·b + q·ñ)/2⁶⁴ ≤ (b + ñ)·(1 + (2⁶⁴ − 1))/2⁶⁴ = b + ñ`,
//! below `3·ñ < R`. So it fits `l` words, and nothing is lost when the two carries of a row make its last word. `N < R/2⁶⁴`
//! has `l − 1` words.

use super::residue::Form;

/// The digits that this arithmetic works on.
pub(super) const FORM: Form =
    Form { radix_bits: 64, friendly_digits: 1, group: 1, max_digits: usize::MAX, interleaved: false };

/// `a·b/R` for one lane. Constant time.
#[inline]
pub(super) fn multiply(friendly: &[u64], result: &mut [u64], a: &[u64], b: &[u64]) {
    let digits = result.len();
    let (Some((&lowest, above)), true) = (b.split_first(), digits == a.len() && digits == b.len()) else {
        return;
    };
    let friendly = &friendly[..above.len()];
    result.fill(0);
    for &row in a {
        let first = wide(row, lowest) + u128::from(result[0]);
        let quotient = low(first);
        let mut carry = high(first);
        let mut quotient_carry = 0;
        for position in 0..above.len() {
            let sum = wide(row, above[position]) + u128::from(result[position + 1]) + u128::from(carry);
            carry = high(sum);
            let sum = wide(quotient, friendly[position]) + u128::from(low(sum)) + u128::from(quotient_carry);
            quotient_carry = high(sum);
            result[position] = low(sum);
        }
        result[digits - 1] = carry.wrapping_add(quotient_carry);
    }
}

#[inline(always)]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low word is what is asked for")]
const fn low(value: u128) -> u64 {
    value as u64
}

#[inline(always)]
const fn high(value: u128) -> u64 {
    (value >> 64) as u64
}
