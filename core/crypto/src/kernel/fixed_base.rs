//! Powers of fixed bases by table: no squarings, one multiplication per window of the exponent.

use core::fmt;

use num_bigint::BigUint;
use zeroize::Zeroize;

use super::batch::Batch;
use super::power::Exponent;
use super::residue::Residues;

/// Most bits of an exponent that are looked up at once, w. Beyond 8 the table grows faster than the work shrinks.
const MAX_WINDOW_BITS: usize = 8;
/// Most bytes of a table, unless one with w = 1 is larger: every encrypt worker has its own.
const MAX_TABLE_BYTES: usize = 32 << 20;

/// `base^(j·2^(w·i))` for all j < 2^w and all windows i of an exponent, for one base per modulus of a batch.
///
/// May be secret: wiped when dropped, `Debug` shows the size only. Takes `2^w·⌈bits/w⌉` numbers per base. w is the
/// largest with which the table stays within 32 MiB: in radix 2⁴⁷ that is 8 for two bases modulo numbers of 2,048 bits and
/// exponents of 1,024 (about 24 MiB), 7 for 3,072 and 1,536 bits (about 31 MiB); in radix 2²⁴ one or two less.
pub struct FixedBase {
    /// w.
    window_bits: usize,
    windows: usize,
    /// Bases: the period with which moduli and bases are dealt to the lanes.
    bases: usize,
    /// Words of one lane of a number.
    digits: usize,
    /// The number for window i, entry j and base b starts at `((i·2^w + j)·bases + b)·digits`.
    words: Vec<u64>,
}

impl FixedBase {
    /// Builds the table for `bases`, dealt to the lanes over and over like the moduli, and exponents of up to
    /// `exponent_bits`. Powers come out multiplied by the base's number in `scales`.
    ///
    /// `progress` is called with the windows that are done and their number. Costs about `(2^w + w)·⌈bits/w⌉`
    /// multiplications per base.
    ///
    /// # Panics
    /// Unless there is a scale for every base, and as many as the batch has moduli.
    #[must_use]
    pub fn new(
        batch: &Batch,
        bases: &[&BigUint],
        scales: &[&BigUint],
        exponent_bits: u64,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Self {
        let moduli = &batch.engine.moduli;
        let (lanes, digits) = (batch.lanes(), moduli.lane_words());
        assert!(
            bases.len() == scales.len() && lanes.is_multiple_of(bases.len()),
            "a base and a scale per modulus"
        );
        let bits = usize::try_from(exponent_bits).unwrap_or(usize::MAX).max(1);
        let words = |window_bits: usize| (bits.div_ceil(window_bits) << window_bits) * bases.len() * digits;
        let fits = |window_bits: &usize| words(*window_bits) * size_of::<u64>() <= MAX_TABLE_BYTES;
        let window_bits = (1..=MAX_WINDOW_BITS).rev().find(fits).unwrap_or(1);
        let windows = bits.div_ceil(window_bits);
        let words = vec![0; words(window_bits)];
        let mut table = Self { window_bits, windows, bases: bases.len(), digits, words };

        // Lanes beyond the bases work on the windows that follow.
        let windows_at_once = lanes / bases.len();
        let mut step = batch.to_montgomery(bases.iter().copied().cycle());
        let mut product = step.clone();
        let mut steps = batch.one().clone();
        let mut power = batch.to_montgomery(scales.iter().copied());
        for lane in bases.len()..lanes {
            moduli.copy_lane(&mut power, batch.one(), lane);
        }
        for window in (0..windows).step_by(windows_at_once) {
            for at_once in 0..windows_at_once {
                for lane in at_once * bases.len()..(at_once + 1) * bases.len() {
                    moduli.copy_lane(&mut steps, &step, lane);
                }
                for _ in 0..window_bits {
                    batch.square(&mut product, &step);
                    core::mem::swap(&mut product, &mut step);
                }
            }
            for entry in 0..1 << window_bits {
                for lane in 0..lanes {
                    let window = window + lane / bases.len();
                    if window < windows {
                        let place = table.place(window, entry, lane);
                        moduli.read_lane(&mut table.words[place..place + digits], &power, lane);
                    }
                }
                batch.multiply(&mut product, &power, &steps);
                core::mem::swap(&mut product, &mut power);
            }
            power = batch.one().clone();
            progress((window + windows_at_once).min(windows), windows);
        }
        table
    }

    /// `scale·base^exponent` in every lane, one exponent per lane, none longer than the table.
    ///
    /// **Where memory is read depends on the exponents**: for secret exponents that are used once. Costs one
    /// multiplication per window.
    ///
    /// # Panics
    /// Unless `batch` has the sizes of the one the table was made with, there is an exponent for every lane, and none
    /// is longer than the table.
    #[must_use]
    pub fn power_once(&self, batch: &Batch, exponents: &[&BigUint]) -> Residues {
        assert!(
            exponents.len() == batch.lanes() && batch.engine.moduli.lane_words() == self.digits,
            "another batch"
        );
        let bits = (self.windows * self.window_bits) as u64;
        assert!(exponents.iter().all(|exponent| exponent.bits() <= bits), "an exponent beyond the table");
        let exponents: Vec<Exponent> = exponents.iter().map(|exponent| Exponent::new(exponent)).collect();
        let mut result = batch.one().clone();
        self.look_up(batch, &mut result, &exponents, 0);
        let mut factor = batch.one().clone();
        let mut product = batch.one().clone();
        for window in 1..self.windows {
            self.look_up(batch, &mut factor, &exponents, window);
            batch.multiply(&mut product, &result, &factor);
            core::mem::swap(&mut product, &mut result);
        }
        result
    }

    fn look_up(&self, batch: &Batch, factor: &mut Residues, exponents: &[Exponent], window: usize) {
        let entry = |lane: usize| {
            let choice = exponents[lane].bits(window * self.window_bits, self.window_bits);
            let place = self.place(window, choice, lane);
            &self.words[place..place + self.digits]
        };
        batch.engine.moduli.write_lanes(factor, entry);
    }

    const fn place(&self, window: usize, entry: usize, lane: usize) -> usize {
        (((window << self.window_bits) + entry) * self.bases + lane % self.bases) * self.digits
    }
}

impl Drop for FixedBase {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

impl fmt::Debug for FixedBase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FixedBase({} bases, {} windows, hidden)", self.bases, self.windows)
    }
}
