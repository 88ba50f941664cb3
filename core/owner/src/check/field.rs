//! Arithmetic modulo P = 2⁸⁹ − 1, where 2⁸⁹ = 1.

use veilsum_crypto::packing::CHECK_MODULUS as P;

const P_BITS: u32 = P.count_ones();

/// `value mod P`.
pub(super) const fn reduce(value: u128) -> u128 {
    // At most P + 2³⁹, so that one subtraction is enough.
    let folded = (value & P) + (value >> P_BITS);
    if folded >= P { folded - P } else { folded }
}

/// `a + b mod P` for a, b < P.
pub(super) const fn add(a: u128, b: u128) -> u128 {
    reduce(a + b)
}

/// `a · b mod P` for a < P and signed b.
pub(super) const fn multiply_signed(a: u128, b: i64) -> u128 {
    let magnitude = b.unsigned_abs() as u128;
    // a = high·2⁶⁴ + low: both products fit.
    let low = (a & u64::MAX as u128) * magnitude;
    let high = (a >> u64::BITS) * magnitude;
    // high < 2⁸⁹ splits at bit 25, because 2²⁵·2⁶⁴ = 2⁸⁹ = 1.
    let split = P_BITS - u64::BITS;
    let shifted = (high >> split) + ((high & ((1 << split) - 1)) << u64::BITS);
    let product = add(reduce(low), reduce(shifted));
    if b < 0 && product != 0 { P - product } else { product }
}

/// A 256-bit digest, as a little-endian integer, modulo P: uniform but for 2⁻¹⁶⁷.
pub(super) fn reduce_digest(digest: &[u8; 32]) -> u128 {
    let (words, _) = digest.as_chunks::<16>();
    let [low, high] = [u128::from_le_bytes(words[0]), u128::from_le_bytes(words[1])];
    // 2¹²⁸ = 2³⁹ modulo P, and a reduced number times 2³⁹ just fits.
    add(reduce(low), reduce(reduce(high) << (u128::BITS - P_BITS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::{BigInt, BigUint};
    use num_integer::Integer;
    use proptest::prelude::*;

    fn oracle(value: BigInt) -> BigInt {
        value.mod_floor(&BigInt::from(P))
    }

    #[test]
    fn edges_agree_with_big_integers() {
        for a in [0, 1, 2, (1 << 64) - 1, 1 << 64, P - 2, P - 1] {
            for b in [0, 1, -1, i64::MIN, i64::MIN + 1, i64::MAX, 1 << 25, 1 << 62] {
                let expected = oracle(BigInt::from(a) * BigInt::from(b));
                assert_eq!(BigInt::from(multiply_signed(a, b)), expected, "{a} * {b}");
            }
        }
        for value in [0, P - 1, P, P + 1, 2 * P, u128::MAX] {
            assert_eq!(BigInt::from(reduce(value)), oracle(value.into()));
        }
        assert_eq!(BigInt::from(reduce_digest(&[255; 32])), oracle((BigInt::from(1) << 256) - 1));
    }

    proptest! {
        #[test]
        fn products_agree_with_big_integers(a in 0..P, b: i64) {
            prop_assert_eq!(BigInt::from(multiply_signed(a, b)), oracle(BigInt::from(a) * BigInt::from(b)));
        }

        #[test]
        fn digests_agree_with_big_integers(digest: [u8; 32]) {
            let expected = oracle(BigUint::from_bytes_le(&digest).into());
            prop_assert_eq!(BigInt::from(reduce_digest(&digest)), expected);
        }
    }
}
