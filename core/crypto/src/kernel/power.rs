//! Powers and long products.

use core::array;
use core::hint::black_box;

use num_bigint::BigUint;
use num_traits::One;
use zeroize::Zeroize;

use super::batch::Batch;
use super::residue::Residues;

/// Bits of a secret exponent that are looked up at once.
const WINDOW_BITS: usize = 5;

/// A secret exponent as 64-bit words, wiped when dropped.
pub(super) struct Exponent {
    words: Vec<u64>,
}

impl Exponent {
    pub(super) fn new(value: &BigUint) -> Self {
        Self { words: value.iter_u64_digits().collect() }
    }

    /// `count` bits from bit `first` on, as a number below `2^count`. The time does not depend on the exponent.
    pub(super) fn bits(&self, first: usize, count: usize) -> usize {
        let word = |index: usize| u128::from(self.words.get(index).copied().unwrap_or(0));
        let both = word(first / 64) | word(first / 64 + 1) << 64;
        let mask = (1_u128 << count) - 1;
        usize::try_from((both >> (first % 64)) & mask).unwrap_or_default()
    }
}

impl Drop for Exponent {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

impl Batch {
    /// `base^exponent` in every lane, exponents dealt to the lanes over and over.
    ///
    /// Constant time: every window of every exponent reads the whole table. The time depends on the length of the
    /// longest exponent only. Costs about 1.2 multiplications per bit. Without exponents the result is 1.
    #[must_use]
    pub fn power(&self, base: &Residues, exponents: &[&BigUint]) -> Residues {
        let bits = exponents.iter().map(|exponent| exponent.bits()).max().unwrap_or(0);
        let mut result = self.one().clone();
        if bits == 0 {
            return result;
        }
        let exponents: Vec<Exponent> =
            exponents.iter().cycle().take(self.lanes()).map(|exponent| Exponent::new(exponent)).collect();
        let table = self.table(base, WINDOW_BITS);
        let mut factor = self.one().clone();
        let mut product = self.one().clone();
        let windows = usize::try_from(bits).unwrap_or(usize::MAX).div_ceil(WINDOW_BITS);
        for window in (0..windows).rev() {
            if window + 1 < windows {
                for _ in 0..WINDOW_BITS {
                    self.square(&mut product, &result);
                    core::mem::swap(&mut product, &mut result);
                }
            }
            let choices = exponents.iter().map(|exponent| exponent.bits(window * WINDOW_BITS, WINDOW_BITS));
            self.select(&mut factor, &table, &choices.collect::<Vec<_>>());
            self.multiply(&mut product, &result, &factor);
            core::mem::swap(&mut product, &mut result);
        }
        result
    }

    /// `base^exponent` in every lane, with the same exponent. Variable time: for a public exponent.
    #[must_use]
    pub fn power_vartime(&self, base: &Residues, exponent: &BigUint) -> Residues {
        let bits = usize::try_from(exponent.bits()).unwrap_or(usize::MAX);
        // A table of 2^w costs 2^w multiplications and leaves one in w bits.
        let width = match bits {
            0..=16 => 1,
            17..=96 => 3,
            97..=320 => 4,
            _ => WINDOW_BITS,
        };
        let table = self.table(base, width);
        let exponent = Exponent::new(exponent);
        let mut result: Option<Residues> = None;
        let mut product = self.one().clone();
        for window in (0..bits.div_ceil(width)).rev() {
            let choice = exponent.bits(window * width, width);
            let Some(result) = &mut result else {
                result = Some(table[choice].clone());
                continue;
            };
            for _ in 0..width {
                self.square(&mut product, result);
                core::mem::swap(&mut product, result);
            }
            if choice != 0 {
                self.multiply(&mut product, result, &table[choice]);
                core::mem::swap(&mut product, result);
            }
        }
        result.unwrap_or(product)
    }

    /// The product of all `factors`, integers of any size, modulo the modulus of the first lane; 1 if there are none.
    ///
    /// Costs one multiplication per factor, of which as many are done at once as there are lanes, and no conversion:
    /// lane t takes the factors t, t + lanes, … as they are. After k multiplications its product has the factor `R⁻ᵏ`,
    /// which one multiplication at the end takes off. Variable time: for public factors.
    ///
    /// # Panics
    /// If the lanes have different moduli.
    #[must_use]
    pub fn product_vartime<'a>(&self, factors: impl IntoIterator<Item = &'a BigUint>) -> BigUint {
        let modulus = self.modulus(0);
        assert!((1..self.lanes()).all(|lane| self.modulus(lane) == modulus), "lanes have different moduli");
        let mut factors = factors.into_iter().fuse();
        let one = BigUint::one();
        let mut row = self.raw([]);
        let mut next_row = |row: &mut Residues| {
            let mut found = false;
            for lane in 0..self.lanes() {
                let factor = factors.next();
                found |= factor.is_some();
                self.set_raw(row, lane, factor.unwrap_or(&one));
            }
            found
        };
        let mut product = self.raw([]);
        next_row(&mut product);
        let mut next = self.raw([]);
        let mut multiplications = 0_u64;
        while next_row(&mut row) {
            self.multiply(&mut next, &product, &row);
            core::mem::swap(&mut next, &mut product);
            multiplications += 1;
        }
        // R² stands for R, so its k-th power is R^(k+1), of which the last multiplication takes one.
        let repair = self.power_vartime(&self.engine.moduli.radix_square, &BigUint::from(multiplications));
        self.multiply(&mut next, &product, &repair);
        let lanes = self.engine.moduli.integers(&next);
        lanes.into_iter().reduce(|product, lane| product * lane % modulus).unwrap_or(one)
    }

    /// `base⁰ … base^(2^width − 1)`.
    fn table(&self, base: &Residues, width: usize) -> Vec<Residues> {
        let mut table = Vec::with_capacity(1 << width);
        table.extend([self.one().clone(), base.clone()]);
        for exponent in 2..1 << width {
            let mut power = self.one().clone();
            if exponent % 2 == 0 {
                self.square(&mut power, &table[exponent / 2]);
            } else {
                self.multiply(&mut power, &table[exponent - 1], base);
            }
            table.push(power);
        }
        table
    }

    /// Sets every lane to that of the table's entry with the number `choices[lane]`, reading all entries.
    fn select(&self, selected: &mut Residues, table: &[Residues], choices: &[usize]) {
        let target = &mut selected.words;
        target.fill(0);
        for (number, entry) in table.iter().enumerate() {
            if self.engine.moduli.is_interleaved() {
                match choices.len() {
                    4 => add_masked::<4>(target, &entry.words, masks(number, choices)),
                    _ => add_masked::<2>(target, &entry.words, masks(number, choices)),
                }
            } else {
                let digits = self.engine.moduli.digits();
                let lanes = target.chunks_exact_mut(digits).zip(entry.words.chunks_exact(digits));
                for ((target, entry), choice) in lanes.zip(choices) {
                    add_masked::<1>(target, entry, masks(number, &[*choice]));
                }
            }
        }
    }
}

/// All ones where the choice is `number`, else zero.
#[inline(always)]
fn masks<const LANES: usize>(number: usize, choices: &[usize]) -> [u64; LANES] {
    array::from_fn(|lane| {
        let difference = black_box((number ^ choices[lane]) as u64);
        // Both are small: the subtraction borrows into the top bit only if they are equal.
        (difference.wrapping_sub(1) >> 63).wrapping_neg()
    })
}

#[inline(always)]
fn add_masked<const LANES: usize>(target: &mut [u64], entry: &[u64], masks: [u64; LANES]) {
    let (target, _) = target.as_chunks_mut::<LANES>();
    let (entry, _) = entry.as_chunks::<LANES>();
    for (target, entry) in target.iter_mut().zip(entry) {
        for lane in 0..LANES {
            target[lane] |= entry[lane] & masks[lane];
        }
    }
}
