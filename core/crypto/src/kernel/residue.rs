//! Residues as lanes of digits: the numbers that every arithmetic works on, and how they come and go.
//!
//! A residue is a buffer of 64-bit words, one per digit and lane. In vector arithmetic a word holds the bits of a double,
//! lanes are interleaved (digit i of lane t stands at `(PAD_FRONT + i)·lanes + t`) and there are zeros before and after,
//! which the vector code may read. In word arithmetic the digits of a lane stand together.
//!
//! Modulo a square ñ² a number `x₁ + x₂·ñ` has two such components in vector arithmetic, one after the other.

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
    /// 2 modulo squares, else 1.
    components: usize,
    /// Digits of a component.
    digits: usize,
    /// The moduli themselves: n, or n² with two components.
    values: Vec<BigUint>,
    /// `ñ = n·u`, which is −1 modulo the friendly digits.
    multiples: Vec<BigUint>,
    /// Half a digit in every digit, if they are balanced.
    halves: Vec<u64>,
    /// `N = (ñ + 1) / 2^(radix_bits · friendly_digits)`, one component.
    pub(super) friendly: Residues,
    /// `R²` modulo ñ, or modulo ñ² with two components: multiplying by it leads into Montgomery form.
    pub(super) radix_square: Residues,
}

impl Moduli {
    /// Prepares one modulus per lane, all odd and above 1; `None` if one is too large for the form. With two components
    /// the moduli are the squares of `values`, in vector forms only.
    pub(super) fn new(form: Form, values: Vec<BigUint>, components: usize) -> Option<Self> {
        debug_assert!(components == 1 || form.interleaved, "words have one component");
        let shift = form.radix_bits as usize * form.friendly_digits;
        let multiples: Vec<BigUint> = values.iter().map(|n| friendly_multiple(n, shift as u64)).collect();
        // Four times ñ fits, or eight times with two components: see the arithmetic's sections on ranges.
        let bits = multiples.iter().map(BigUint::bits).max()? + 1 + components as u64;
        let digits = usize::try_from(bits.div_ceil(u64::from(form.radix_bits))).ok()?;
        let digits = digits.next_multiple_of(form.group).max(form.friendly_digits + 1);
        if digits > form.max_digits {
            return None;
        }
        let values = match components {
            1 => values,
            _ => values
                .into_iter()
                .map(|mut n| {
                    let square = &n * &n;
                    wipe(&mut n);
                    square
                })
                .collect(),
        };
        let [friendly, radix_square] = [const { Residues { words: Vec::new() } }; 2];
        let halves = if form.interleaved { halves(form.radix_bits, digits) } else { Vec::new() };
        let mut moduli = Self { form, components, digits, values, multiples, halves, friendly, radix_square };
        let radix_square = BigUint::one() << (2 * moduli.radix_bits());
        let all = |of: &dyn Fn(&BigUint) -> BigUint| moduli.multiples.iter().map(of).collect::<Vec<_>>();
        let mut parts = [
            all(&|multiple| (multiple + 1_u32) >> shift),
            all(&|multiple| match components {
                1 => &radix_square % multiple,
                _ => {
                    let mut square = multiple * multiple;
                    let remainder = &radix_square % &square;
                    wipe(&mut square);
                    remainder
                }
            }),
        ];
        let mut friendly = Residues { words: vec![0; moduli.component_len()] };
        for (lane, integer) in parts[0].iter().enumerate() {
            moduli.set_component(&mut friendly, 0, lane, integer);
        }
        moduli.radix_square = moduli.residues(&parts[1]);
        moduli.friendly = friendly;
        parts.iter_mut().flatten().for_each(wipe);
        Some(moduli)
    }

    /// The moduli, one per lane: n, or n² with two components.
    pub(super) fn values(&self) -> &[BigUint] {
        &self.values
    }

    /// Lanes of a residue.
    pub(super) fn lanes(&self) -> usize {
        self.values.len()
    }

    /// 2 modulo squares in vector arithmetic, else 1.
    pub(super) const fn components(&self) -> usize {
        self.components
    }

    /// Words of one lane of a residue, without padding.
    pub(super) const fn lane_words(&self) -> usize {
        self.components * self.digits
    }

    /// Digits of a component, without padding.
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
        self.components * self.component_len()
    }

    /// Words of a component, with padding.
    pub(super) fn component_len(&self) -> usize {
        let padding = if self.form.interleaved { PAD_FRONT + PAD_BACK } else { 0 };
        (self.digits + padding) * self.lanes()
    }

    /// Zero in every lane.
    pub(super) fn zero(&self) -> Residues {
        Residues { words: vec![0; self.residue_len()] }
    }

    /// One integer per lane, at most ñ, or ñ² with two components; lanes without one are zero.
    pub(super) fn residues<'a>(&self, integers: impl IntoIterator<Item = &'a BigUint>) -> Residues {
        let mut residues = self.zero();
        for (lane, integer) in (0..self.lanes()).zip(integers) {
            self.set(&mut residues, lane, integer);
        }
        residues
    }

    /// Sets one lane to an integer of at most ñ, or ñ² with two components.
    pub(super) fn set(&self, residues: &mut Residues, lane: usize, integer: &BigUint) {
        if self.components == 1 {
            return self.set_component(residues, 0, lane, integer);
        }
        let (mut second, mut first) = integer.div_rem(&self.multiples[lane]);
        self.set_component(residues, 0, lane, &first);
        self.set_component(residues, 1, lane, &second);
        wipe(&mut first);
        wipe(&mut second);
    }

    /// Sets one component of a lane to an integer of at most ñ.
    fn set_component(&self, residues: &mut Residues, component: usize, lane: usize, integer: &BigUint) {
        debug_assert!(*integer <= self.multiples[lane], "an integer that was not reduced");
        let (start, step) = self.place(component, lane);
        let slots = residues.words[start..].iter_mut().step_by(step).take(self.digits);
        if self.form.interleaved {
            write_digits(integer, self.form.radix_bits, &self.halves, slots);
        } else {
            let words = integer.iter_u64_digits().chain(core::iter::repeat(0));
            slots.zip(words).for_each(|(slot, word)| *slot = word);
        }
    }

    /// The integers of a residue, reduced modulo the moduli, one per lane. The time of the reduction depends on the values.
    pub(super) fn integers(&self, residues: &Residues) -> Vec<BigUint> {
        (0..self.lanes()).map(|lane| self.integer(residues, lane)).collect()
    }

    /// The integer of one lane, reduced modulo its modulus.
    pub(super) fn integer(&self, residues: &Residues, lane: usize) -> BigUint {
        let multiple = &self.multiples[lane];
        let mut integer = self.component(residues, 0, lane);
        if self.components == 2 {
            // Both come with ñ too many, and ñ alone is not 0 modulo n²: `(x₁ + ñ) + (x₂ + ñ + ñ − 1)·ñ = x + 2·ñ²`.
            let mut second = self.component(residues, 1, lane) + multiple - 1_u32;
            integer += &second * multiple;
            wipe(&mut second);
        }
        let reduced = integer.mod_floor(&self.values[lane]);
        wipe(&mut integer);
        reduced
    }

    /// The integer of one component of a lane, plus ñ where digits are balanced.
    fn component(&self, residues: &Residues, component: usize, lane: usize) -> BigUint {
        let (start, step) = self.place(component, lane);
        let digits = residues.words[start..].iter().step_by(step).take(self.digits);
        if self.form.interleaved {
            // Balanced digits may stand for a negative number, but never for one below −ñ.
            let integer = read_digits(digits, self.form.radix_bits);
            (integer + BigInt::from(self.multiples[lane].clone())).into_parts().1
        } else {
            let mut bytes: Vec<u8> = digits.flat_map(|word| word.to_le_bytes()).collect();
            let integer = BigUint::from_bytes_le(&bytes);
            bytes.zeroize();
            integer
        }
    }

    /// Copies the digits of one lane.
    pub(super) fn copy_lane(&self, target: &mut Residues, source: &Residues, lane: usize) {
        for component in 0..self.components {
            let (start, step) = self.place(component, lane);
            let source = source.words[start..].iter().step_by(step).take(self.digits);
            let target = target.words[start..].iter_mut().step_by(step);
            target.zip(source).for_each(|(target, source)| *target = *source);
        }
    }

    /// Reads the [`Self::lane_words`] of one lane.
    pub(super) fn read_lane(&self, words: &mut [u64], source: &Residues, lane: usize) {
        for (component, words) in words.chunks_exact_mut(self.digits).enumerate() {
            let (start, step) = self.place(component, lane);
            let source = source.words[start..].iter().step_by(step);
            words.iter_mut().zip(source).for_each(|(word, source)| *word = *source);
        }
    }

    /// Sets every lane to `words(lane)`, which has [`Self::lane_words`].
    pub(super) fn write_lanes<'a>(&self, target: &mut Residues, words: impl Fn(usize) -> &'a [u64]) {
        let lanes = self.lanes();
        for component in 0..self.components {
            let (start, _) = self.place(component, 0);
            let target = &mut target.words[start..start + self.digits * lanes];
            let words = |lane| &words(lane)[component * self.digits..(component + 1) * self.digits];
            match (self.form.interleaved, lanes) {
                (true, 4) => interleave::<4>(target, words),
                (true, 2) => interleave::<2>(target, words),
                (true, _) => {
                    for lane in 0..lanes {
                        let target = target[lane..].iter_mut().step_by(lanes);
                        target.zip(words(lane)).for_each(|(target, word)| *target = *word);
                    }
                }
                (false, _) => {
                    let lanes = target.chunks_exact_mut(self.digits);
                    lanes.enumerate().for_each(|(lane, target)| target.copy_from_slice(words(lane)));
                }
            }
        }
    }

    /// Where the digits of a lane's component stand: the first, and the distance from one to the next.
    fn place(&self, component: usize, lane: usize) -> (usize, usize) {
        if self.form.interleaved {
            (component * self.component_len() + PAD_FRONT * self.lanes() + lane, self.lanes())
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
        let mut next = &inverse * ((&radix + 2_u32) - &product) % &radix;
        core::mem::swap(&mut next, &mut inverse);
        [next, product].iter_mut().for_each(wipe);
        right *= 2;
    }
    let multiple = n * (radix - &inverse);
    wipe(&mut inverse);
    multiple
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
/// in [`super::fma47`] it becomes a double under the exponent of 2⁵².
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
