//! Residues as lanes of digits: the numbers that every arithmetic works on, and how they come and go.
//!
//! A residue is a buffer of 64-bit words, one per digit and lane. In vector arithmetic a word holds the bits of a double,
//! lanes are interleaved (digit i of lane t stands at `(PAD_FRONT + i)·lanes + t`) and there are zeros before and after,
//! which the vector code may read. In word arithmetic the digits of a lane stand together.

use core::fmt;

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::One;
use zeroize::Zeroize;

use super::wipe;

/// Zero digits before the first of a vector residue: the window of a convolution ends at most that far in front.
pub(super) const PAD_FRONT: usize = 4;
/// Zero digits after the last of a vector residue: a window starts at most 3 digits behind the last.
const PAD_BACK: usize = 4;

/// Most 64-bit words of an integer that is written as digits, with one to spare: 6,528 bits are the most that any form
/// has.
const MAX_WORDS: usize = 104;

const TWO_52: f64 = 4_503_599_627_370_496.0;

/// How one arithmetic writes numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// Bits of a digit: at most 51 for balanced digits that are doubles, 64 for words.
    pub(super) radix_bits: u32,
    /// The modulus ñ is −1 modulo this many digits.
    pub(super) friendly_digits: usize,
    /// Residues have a multiple of this many digits.
    pub(super) group: usize,
    /// Most digits of a residue.
    pub(super) max_digits: usize,
    /// Whether digits are doubles in interleaved lanes, with zeros before and after.
    pub(super) interleaved: bool,
}

/// One integer per lane, as some [`super::Batch`] writes it. Wiped when dropped.
#[derive(Clone)]
pub struct Residues {
    pub(super) words: Vec<u64>,
}

impl Drop for Residues {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

impl fmt::Debug for Residues {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Residues(hidden)")
    }
}

/// Moduli, one per lane, in the form of one arithmetic.
pub(super) struct Moduli {
    form: Form,
    /// Digits of a residue.
    digits: usize,
    /// The moduli n themselves.
    values: Vec<BigUint>,
    /// `ñ = n·u`, which is −1 modulo the friendly digits.
    multiples: Vec<BigUint>,
    /// Half a digit in every digit, if they are balanced.
    halves: Vec<u64>,
    /// `N = (ñ + 1) / 2^(radix_bits · friendly_digits)`.
    pub(super) friendly: Residues,
    /// `R² mod ñ`: multiplying by it leads into Montgomery form.
    pub(super) radix_square: Residues,
}

impl Moduli {
    /// Prepares one modulus per lane, all odd and above 1; `None` if one is too large for the form.
    pub(super) fn new(form: Form, values: Vec<BigUint>) -> Option<Self> {
        let shift = form.radix_bits as usize * form.friendly_digits;
        let multiples: Vec<BigUint> = values.iter().map(|n| friendly_multiple(n, shift as u64)).collect();
        // Four times ñ fits: see the arithmetic's section on ranges.
        let bits = multiples.iter().map(BigUint::bits).max()? + 2;
        let digits = usize::try_from(bits.div_ceil(u64::from(form.radix_bits))).ok()?;
        let digits = digits.next_multiple_of(form.group).max(form.friendly_digits + 1);
        if digits > form.max_digits {
            return None;
        }
        let [friendly, radix_square] = [const { Residues { words: Vec::new() } }; 2];
        let halves = if form.interleaved { halves(form.radix_bits, digits) } else { Vec::new() };
        let mut moduli = Self { form, digits, values, multiples, halves, friendly, radix_square };
        let radix_square = BigUint::one() << (2 * moduli.radix_bits());
        let all = |of: &dyn Fn(&BigUint) -> BigUint| moduli.multiples.iter().map(of).collect::<Vec<_>>();
        let mut parts =
            [all(&|multiple| (multiple + 1_u32) >> shift), all(&|multiple| &radix_square % multiple)];
        [moduli.friendly, moduli.radix_square] = parts.each_ref().map(|part| moduli.residues(part));
        parts.iter_mut().flatten().for_each(wipe);
        Some(moduli)
    }

    /// The moduli n, one per lane.
    pub(super) fn values(&self) -> &[BigUint] {
        &self.values
    }

    /// Lanes of a residue.
    pub(super) fn lanes(&self) -> usize {
        self.values.len()
    }

    /// Digits of a residue, without padding.
    pub(super) const fn digits(&self) -> usize {
        self.digits
    }

    /// Whether digits are doubles in interleaved lanes.
    pub(super) const fn is_interleaved(&self) -> bool {
        self.form.interleaved
    }

    /// Bits of the Montgomery radix R.
    pub(super) const fn radix_bits(&self) -> usize {
        self.form.radix_bits as usize * self.digits
    }

    /// Words of a residue, with padding.
    pub(super) fn residue_len(&self) -> usize {
        let padding = if self.form.interleaved { PAD_FRONT + PAD_BACK } else { 0 };
        (self.digits + padding) * self.lanes()
    }

    /// Zero in every lane.
    pub(super) fn zero(&self) -> Residues {
        Residues { words: vec![0; self.residue_len()] }
    }

    /// One integer per lane, at most ñ; lanes without one are zero.
    pub(super) fn residues<'a>(&self, integers: impl IntoIterator<Item = &'a BigUint>) -> Residues {
        let mut residues = self.zero();
        for (lane, integer) in (0..self.lanes()).zip(integers) {
            self.set(&mut residues, lane, integer);
        }
        residues
    }

    /// Sets one lane to an integer of at most ñ.
    pub(super) fn set(&self, residues: &mut Residues, lane: usize, integer: &BigUint) {
        debug_assert!(*integer <= self.multiples[lane], "an integer that was not reduced");
        let (start, step) = self.place(lane);
        let slots = residues.words[start..].iter_mut().step_by(step).take(self.digits);
        if self.form.interleaved {
            write_digits(integer, self.form.radix_bits, &self.halves, slots);
        } else {
            let words = integer.iter_u64_digits().chain(core::iter::repeat(0));
            slots.zip(words).for_each(|(slot, word)| *slot = word);
        }
    }

    /// The integers of a residue, reduced modulo n, one per lane. The time of the reduction depends on the values.
    pub(super) fn integers(&self, residues: &Residues) -> Vec<BigUint> {
        (0..self.lanes()).map(|lane| self.integer(residues, lane)).collect()
    }

    /// The integer of one lane, reduced modulo n.
    pub(super) fn integer(&self, residues: &Residues, lane: usize) -> BigUint {
        let (start, step) = self.place(lane);
        let digits = residues.words[start..].iter().step_by(step).take(self.digits);
        let mut words = if self.form.interleaved {
            // Balanced digits may stand for a negative number, but never for one below −ñ.
            let integer =
                read_digits(digits, self.form.radix_bits) + BigInt::from(self.multiples[lane].clone());
            integer.into_parts().1
        } else {
            let bytes: Vec<u8> = digits.flat_map(|word| word.to_le_bytes()).collect();
            BigUint::from_bytes_le(&bytes)
        };
        let integer = words.mod_floor(&self.values[lane]);
        wipe(&mut words);
        integer
    }

    /// Copies the digits of one lane.
    pub(super) fn copy_lane(&self, target: &mut Residues, source: &Residues, lane: usize) {
        let (start, step) = self.place(lane);
        let source = source.words[start..].iter().step_by(step).take(self.digits);
        let target = target.words[start..].iter_mut().step_by(step);
        target.zip(source).for_each(|(target, source)| *target = *source);
    }

    /// Reads the digits of one lane, as many as `digits` holds.
    pub(super) fn read_lane(&self, digits: &mut [u64], source: &Residues, lane: usize) {
        let (start, step) = self.place(lane);
        let source = source.words[start..].iter().step_by(step);
        digits.iter_mut().zip(source).for_each(|(digit, word)| *digit = *word);
    }

    /// Sets the digits of every lane to `digits(lane)`, which has as many.
    pub(super) fn write_lanes<'a>(&self, target: &mut Residues, digits: impl Fn(usize) -> &'a [u64]) {
        if !self.form.interleaved {
            let lanes = target.words.chunks_exact_mut(self.digits);
            return lanes.enumerate().for_each(|(lane, target)| target.copy_from_slice(digits(lane)));
        }
        let lanes = self.lanes();
        let target = &mut target.words[PAD_FRONT * lanes..(PAD_FRONT + self.digits) * lanes];
        match lanes {
            4 => interleave::<4>(target, digits),
            2 => interleave::<2>(target, digits),
            _ => {
                for lane in 0..lanes {
                    let target = target[lane..].iter_mut().step_by(lanes);
                    target.zip(digits(lane)).for_each(|(word, digit)| *word = *digit);
                }
            }
        }
    }

    /// Where the digits of a lane stand: the first, and the distance from one to the next.
    fn place(&self, lane: usize) -> (usize, usize) {
        if self.form.interleaved {
            (PAD_FRONT * self.lanes() + lane, self.lanes())
        } else {
            (lane * self.digits, 1)
        }
    }
}

impl Drop for Moduli {
    fn drop(&mut self) {
        self.values.iter_mut().chain(&mut self.multiples).for_each(wipe);
    }
}

impl fmt::Debug for Moduli {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits: Vec<u64> = self.values.iter().map(BigUint::bits).collect();
        write!(formatter, "Moduli({bits:?} bits, {} digits of {} bits)", self.digits, self.form.radix_bits)
    }
}

/// `n·u ≡ −1 (mod 2^shift)` for the smallest positive u, by Newton's iteration for n⁻¹: each step doubles the bits that
/// are right, from 3, because n·n ≡ 1 (mod 8).
fn friendly_multiple(n: &BigUint, shift: u64) -> BigUint {
    let radix = BigUint::one() << shift;
    let mut inverse = n % &radix;
    let mut right = 3;
    while right < shift {
        let product = (n * &inverse) % &radix;
        inverse = inverse * ((&radix + 2_u32) - product) % &radix;
        right *= 2;
    }
    n * (radix - inverse)
}

/// Half a digit in every digit: `Σ 2^(radix_bits − 1)·2^(radix_bits·i)`, with words to spare for the reader of digits.
fn halves(radix_bits: u32, digits: usize) -> Vec<u64> {
    let mut halves = vec![0; (radix_bits as usize * digits).div_ceil(64) + 1];
    for position in 0..digits {
        let bit = (position + 1) * radix_bits as usize - 1;
        halves[bit / 64] |= 1 << (bit % 64);
    }
    halves
}

/// Digits of all lanes side by side, which is twice as fast as lane by lane.
fn interleave<'a, const LANES: usize>(target: &mut [u64], digits: impl Fn(usize) -> &'a [u64]) {
    let (target, _) = target.as_chunks_mut::<LANES>();
    let sources: [&[u64]; LANES] = core::array::from_fn(|lane| &digits(lane)[..target.len()]);
    for (index, words) in target.iter_mut().enumerate() {
        *words = sources.map(|source| source[index]);
    }
}

/// Writes an integer of at most R/4 as balanced digits in doubles.
///
/// With half a digit added to every digit, all carries are done, and each digit is a stretch of bits minus that half. As
/// in [`super::fma51`] it becomes a double under the exponent of 2⁵².
fn write_digits<'a>(
    integer: &BigUint,
    radix_bits: u32,
    halves: &[u64],
    slots: impl Iterator<Item = &'a mut u64>,
) {
    let mut buffer = [0_u64; MAX_WORDS];
    let words = &mut buffer[..halves.len()];
    let mut carry = false;
    let integer = integer.iter_u64_digits().chain(core::iter::repeat(0));
    for ((word, half), digit) in words.iter_mut().zip(halves).zip(integer) {
        let (sum, first) = digit.overflowing_add(*half);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        carry = first | second;
        *word = sum;
    }
    let mask = (1_u64 << radix_bits) - 1;
    let half_digit = f64::from_bits(u64::from(1_022 + radix_bits) << 52);
    let (exponent, offset) = (TWO_52.to_bits(), TWO_52 + half_digit);
    let mut bit = 0;
    for slot in slots {
        let (word, shift) = (bit / 64, bit % 64);
        let stretch = words[word] >> shift | (words[word + 1] << 1) << (63 - shift);
        *slot = (f64::from_bits(stretch & mask | exponent) - offset).to_bits();
        bit += radix_bits as usize;
    }
    buffer.zeroize();
}

/// `Σ dᵢ·2^(radix_bits·i)` for doubles that are integers below 2⁵³ in magnitude.
#[expect(clippy::cast_possible_truncation, reason = "digits are below 2⁵³")]
fn read_digits<'a>(digits: impl ExactSizeIterator<Item = &'a u64>, radix_bits: u32) -> BigInt {
    let count = digits.len();
    let mask = (1_u64 << radix_bits) - 1;
    let mut words = vec![0_u64; (count * radix_bits as usize).div_ceil(64) + 1];
    let mut carry = 0_i64;
    for (position, digit) in digits.enumerate() {
        let value = f64::from_bits(*digit) as i64 + carry;
        carry = value >> radix_bits;
        let low = value.cast_unsigned() & mask;
        let bit = position * radix_bits as usize;
        let (word, shift) = (bit / 64, bit % 64);
        words[word] |= low << shift;
        if shift + radix_bits as usize > 64 {
            words[word + 1] |= low >> (64 - shift);
        }
    }
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let magnitude = BigUint::from_bytes_le(&bytes);
    bytes.zeroize();
    words.zeroize();
    BigInt::from(magnitude) + (BigInt::from(carry) << (radix_bits as usize * count))
}
