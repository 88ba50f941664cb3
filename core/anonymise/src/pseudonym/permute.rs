//! Keyed permutations of `0..domain`.

use std::collections::HashMap;

use aes::Aes256;
use fpe::ff1::{FF1, FlexibleNumeralString};

use super::key::StudyKey;
use super::labels;

/// Up to here a domain is shuffled as a whole: FF1 asks for a million.
const MAX_SHUFFLED: u128 = 100_000;
/// Most steps of cycle walking. A step stays within the domain with probability at least 1/10, and within what is
/// asked for with some percent: 2¹⁶ steps are not reached.
pub(super) const MAX_WALK: u32 = 1 << 16;

pub(super) struct Permuter {
    key: StudyPermutations,
    shuffled: HashMap<(&'static str, u128), Vec<u32>>,
}

struct StudyPermutations {
    bytes: zeroize::Zeroizing<[u8; 32]>,
    decimal: FF1<Aes256>,
}

impl Permuter {
    pub(super) fn new(key: &StudyKey) -> Self {
        let bytes = key.derive_bytes(labels::PERMUTATION);
        let decimal = FF1::new(&*bytes, 10).expect("10 is a radix");
        Self { key: StudyPermutations { bytes, decimal }, shuffled: HashMap::new() }
    }

    /// The image of a value below `domain`, which is at most 10³⁸: FF1 over decimal digits with cycle walking, or a
    /// shuffled table for small domains.
    pub(super) fn permute(&mut self, label: &'static str, domain: u128, value: u128) -> u128 {
        if domain <= MAX_SHUFFLED {
            let table =
                self.shuffled.entry((label, domain)).or_insert_with(|| self.key.shuffle(label, domain));
            let at = usize::try_from(value).unwrap_or(usize::MAX);
            return table.get(at).map_or(value, |image| u128::from(*image));
        }
        let digits = (domain - 1).ilog10() as usize + 1;
        let tweak = [label.as_bytes(), &domain.to_be_bytes()].concat();
        let mut image = value;
        for _ in 0..MAX_WALK {
            let numerals = format!("{image:0digits$}").bytes().map(|digit| u16::from(digit - b'0')).collect();
            let numerals = encrypt(&self.key.decimal, &tweak, numerals);
            image = numerals.into_iter().fold(0, |number, digit| number * 10 + u128::from(digit));
            if image < domain {
                break;
            }
        }
        image
    }

    /// The image of a string of numerals below `radix`, of which there are so many that `radix^length` is above a
    /// million.
    pub(super) fn permute_long(&self, label: &str, radix: u16, numerals: Vec<u16>) -> Vec<u16> {
        let ff1 = FF1::<Aes256>::new(&*self.key.bytes, radix.into()).expect("at most 62 is a radix");
        let tweak = [label.as_bytes(), &radix.to_be_bytes()].concat();
        encrypt(&ff1, &tweak, numerals)
    }
}

impl StudyPermutations {
    /// Fisher–Yates.
    fn shuffle(&self, label: &str, domain: u128) -> Vec<u32> {
        let mut table: Vec<u32> = (0_u32..).take(usize::try_from(domain).unwrap_or(0)).collect();
        let key = super::key::keyed(&self.bytes);
        let mut draw = super::key::draw(&key, labels::SHUFFLE, &[label.as_bytes(), &domain.to_be_bytes()]);
        for at in (1..table.len()).rev() {
            let other = usize::try_from(draw.below(at as u64 + 1)).unwrap_or(0);
            table.swap(at, other);
        }
        table
    }
}

fn encrypt(ff1: &FF1<Aes256>, tweak: &[u8], numerals: Vec<u16>) -> Vec<u16> {
    let numerals = FlexibleNumeralString::from(numerals);
    ff1.encrypt(tweak, &numerals).expect("the numerals are below the radix and many enough").into()
}
