//! Spot checks: some partial answers are computed again from the cleartext.
//!
//! The client first fetches *all* partial answers and folds them itself; only then it picks which row groups to check. A
//! cloud that changed g of R partials is caught with probability `1 − C(R − g, k)/C(R, k)`, at least k/R. What was not picked is
//! not checked: a page says "spot-checked k of R", never "verified".

use rand_core::CryptoRng;
use veilsum_crypto::bfv::ParameterSet;

/// The exact integer in each slot of the sum, over the blocks of a row group, of the products of `factors`.
///
/// `factors` are the encrypted integers of each factor's rows, in the order of the rows: one for a plain sum, the same one
/// twice for a sum of squares. Row r is in slot r mod N, so that only the first N rows make new slots. `None` if the factors
/// are not equally long, there are none, or a slot is beyond 127 bits.
#[must_use]
pub fn expected_slots(set: ParameterSet, factors: &[&[i64]]) -> Option<Vec<i128>> {
    let rows = factors.first()?.len();
    if factors.iter().any(|factor| factor.len() != rows) {
        return None;
    }
    let mut slots = vec![0_i128; rows.min(set.degree())];
    for row in 0..rows {
        let product =
            factors.iter().try_fold(1_i128, |product, factor| product.checked_mul(factor[row].into()))?;
        let slot = &mut slots[row % set.degree()];
        *slot = slot.checked_add(product)?;
    }
    Some(slots)
}

/// `count` of `total` positions, ascending, every choice equally likely; all of them if `count` is not below `total`.
///
/// `rng` must be one that the cloud cannot foresee.
#[must_use]
pub fn pick(count: u32, total: u32, rng: &mut impl CryptoRng) -> Vec<u32> {
    // Floyd's algorithm [Bentley, Floyd 1987].
    let mut picked = std::collections::BTreeSet::new();
    for last in total.saturating_sub(count)..total {
        let candidate = below(last + 1, rng);
        if !picked.insert(candidate) {
            picked.insert(last);
        }
    }
    picked.into_iter().collect()
}

/// A uniform number below `limit`, which is not 0.
fn below(limit: u32, rng: &mut impl CryptoRng) -> u32 {
    // The largest multiple of the limit: what is from there on is drawn again.
    let end = (1_u64 << u32::BITS) / u64::from(limit) * u64::from(limit);
    loop {
        let number = rng.next_u32();
        if u64::from(number) < end {
            return number % limit;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_choice_is_picked_equally_often() {
        let mut rng = ChaCha20Rng::from_seed([6; 32]);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..10_000 {
            *counts.entry(pick(2, 5, &mut rng)).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 10);
        // Five standard deviations of 30.
        assert!(counts.values().all(|count| (count - 1_000).abs() < 150), "{counts:?}");
        assert!(counts.keys().all(|picked| picked[0] < picked[1] && picked[1] < 5));
    }

    #[test]
    fn picks_all_where_as_many_are_asked_for() {
        let mut rng = ChaCha20Rng::from_seed([6; 32]);
        assert_eq!(pick(0, 3, &mut rng), [0_u32; 0]);
        assert_eq!(pick(3, 3, &mut rng), [0, 1, 2]);
        assert_eq!(pick(9, 3, &mut rng), [0, 1, 2]);
        assert_eq!(pick(1, 0, &mut rng), [0_u32; 0]);
    }

    #[test]
    fn slots_are_sums_of_products_of_every_8192nd_row() {
        let set = ParameterSet::N8192T57;
        let rows: Vec<i64> = (0..8_194).collect();
        let slots = expected_slots(set, &[&rows, &rows]).unwrap();
        assert_eq!(slots.len(), 8_192);
        assert_eq!(slots[..3], [8_192 * 8_192, 1 + 8_193 * 8_193, 4]);
        assert_eq!(expected_slots(set, &[&rows[..2]]).unwrap(), [0, 1]);
        assert_eq!(
            expected_slots(set, &[&[i64::MAX], &[i64::MIN]]).unwrap(),
            [i128::from(i64::MAX) * i128::from(i64::MIN)]
        );
        assert_eq!(expected_slots(set, &[&[i64::MIN] as &[i64]; 3]), None);
        assert_eq!(expected_slots(set, &[]), None);
        assert_eq!(expected_slots(set, &[&rows, &rows[1..]]), None);
    }
}
