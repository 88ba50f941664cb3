//! Numbers of a fixed width of at most 64 bits, back to back, the lowest bit first.

/// Appends the low `width` bits of every number. The bits of all together are whole bytes.
pub(super) fn pack(numbers: &[u64], width: u32, bytes: &mut Vec<u8>) {
    debug_assert!((numbers.len() * width as usize).is_multiple_of(8), "whole bytes");
    let mut pool = 0_u128;
    let mut filled = 0;
    for &number in numbers {
        pool |= u128::from(number) << filled;
        filled += width;
        if filled >= u64::BITS {
            bytes.extend_from_slice(&low(pool).to_le_bytes());
            pool >>= u64::BITS;
            filled -= u64::BITS;
        }
    }
    bytes.extend_from_slice(&low(pool).to_le_bytes()[..filled as usize / 8]);
}

/// Reads `bytes · 8 / width` numbers.
pub(super) fn unpack(bytes: &[u8], width: u32, numbers: &mut Vec<u64>) {
    let mask = u64::MAX >> (u64::BITS - width);
    let mut pool = 0_u128;
    let mut filled = 0;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        pool |= u128::from(u64::from_le_bytes(word)) << filled;
        filled += 8 * u32::try_from(chunk.len()).unwrap_or_default();
        while filled >= width {
            numbers.push(low(pool) & mask);
            pool >>= width;
            filled -= width;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
const fn low(pool: u128) -> u64 {
    pool as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    proptest! {
        #[test]
        fn comes_back(width in 1..=63_u32, numbers: [u64; 16]) {
            let numbers = numbers.map(|number| number & (u64::MAX >> (u64::BITS - width)));
            let mut bytes = vec![7];
            pack(&numbers, width, &mut bytes);
            prop_assert_eq!(bytes.len(), 1 + 2 * width as usize);
            let mut back = Vec::new();
            unpack(&bytes[1..], width, &mut back);
            prop_assert_eq!(back, numbers);
        }
    }
}
