//! Montgomery multiplication in radix 2⁵¹ with fused multiply-adds: one independent multiplication per SIMD lane.
//!
//! # Numbers
//!
//! A residue is `Σ dᵢ·2^(51·i)` over `l` digits, each a double that holds an integer with `|dᵢ| ≤ 2⁵⁰` (balanced,
//! signed). Lanes are interleaved: digit i of lane t stands at index `i·LANES + t`.
//!
//! # The modulus
//!
//! Work is modulo `ñ = n·u` with `u = −n⁻¹ mod 2¹⁵³`, so that `ñ ≡ −1 (mod 2¹⁵³)`: `ñ = N·2¹⁵³ − 1`. Montgomery's
//! quotient digit of a column is then the column's own carried digit, without a multiplication: in
//! `T + Q·ñ = T − Q + (Q·N)·2¹⁵³` column k of `Q·N·2¹⁵³` depends on `q₀ … q₍ₖ₋₃₎` only, and `q_k := ` digit k of
//! `T + (Q·N)·2¹⁵³` makes column k vanish. `l` is a multiple of 4 with `4·ñ ≤ 2^(51·l) = R`.
//!
//! # Products
//!
//! With `C = 1.5·2¹⁰³`, `c = 1.5·2⁵²` and `|a·b| ≤ 2¹⁰¹`:
//! `h = fma(a, b, C)` lies in `[2¹⁰³, 2¹⁰⁴)`, where doubles are 2⁵¹ apart, so h is `C + 2⁵¹·H` with
//! `H = round(a·b / 2⁵¹)`, `|H| ≤ 2⁵⁰`, and the bits of h are `bits(C) + H`. `C + c` and `(C + c) − h = c − 2⁵¹·H` are
//! multiples of 2⁵¹ below 2¹⁰⁴, hence exact, and `fma(a, b, (C + c) − h) = c + (a·b − 2⁵¹·H) = c + L` with
//! `|L| ≤ 2⁵⁰` lies in `[2⁵², 2⁵³)`, where doubles are 1 apart: exact, with bits `bits(c) + L`. So
//! `a·b = 2⁵¹·H + L`, and both halves are added as raw bits into 64-bit integer columns.
//!
//! # Columns
//!
//! Every column starts from a bias that takes off the `bits(C)` and `bits(c)` that its products will add (wrapping), and
//! adds `2⁶¹ + 2⁵⁰`. At most `2·l` products end in a column and `2·l` in the one below (`l` of a·b and `l` of Q·N; a
//! square has fewer, of doubled digits). Each leaves a half of at most 2⁵⁰, and there is a carry: for `l ≤ 128` the sum
//! is at most `4·128·2⁵⁰ + 2¹³ < 2⁶⁰` in magnitude, so the biased column lies in `(0, 2⁶²)`, although it may wrap on the
//! way. Its low 51 bits minus 2⁵⁰ are the balanced digit, in `[−2⁵⁰, 2⁵⁰)`; the rest, below 2¹¹, is the carry, of which
//! the next column's bias takes off the `2⁶¹/2⁵¹`.
//!
//! The digit becomes a double without a conversion: its 51 bits under the exponent of 2⁵² are `2⁵² + bits`, from which
//! `2⁵² + 2⁵⁰` is subtracted, exactly.
//!
//! # Ranges
//!
//! For operands with `|a|, |b| ≤ ñ`: `|a·b + Q·ñ| / R ≤ ñ²/R + ñ·(R/2)(1 + 2⁻⁴⁹)/R ≤ ñ/4 + 0.51·ñ < ñ`, so results may
//! be operands again. They fit `l` balanced digits, which reach almost `±R/2`: the carry out of the last digit is 0.
//! So do products of any two numbers that `l` digits can write: `|a·b + Q·ñ| / R ≤ R/4 + 0.51·R/4 < 0.38·R`.
//!
//! # What is read
//!
//! For each group of columns `k = 0, 4, …, 2·l − 4` a convolution reads rows `i` with `k + 1 − l ≤ i < end ≤ l` of its
//! first factor, and digits `k − i … k − i + 3` of its second (3 less for Q·N), its window, which it may load one row
//! early. So the window starts at `k − end` or later, where `end ≤ k + 4` for a·b and `end ≤ k` for Q·N and squares: at
//! −4, or at −3 for Q·N; and it ends at `l + 2`. That is what the zeros around a residue are for. Of Q, which starts
//! uninitialised, only rows are read, `i < end ≤ k` there: all written by earlier groups.

use core::hint::black_box;
use core::mem::MaybeUninit;

use super::residue::{Form, PAD_FRONT};
use super::simd::{Fused, MAX_LANES};

/// Bits of a digit.
pub(super) const RADIX_BITS: u32 = 51;
/// Digits by which ñ ≡ −1.
const FRIENDLY_DIGITS: usize = 3;
/// Columns that are summed together.
const GROUP: usize = 4;
/// Most digits of a residue: enough for moduli of 6,300 bits.
pub(super) const MAX_DIGITS: usize = 128;

const TWO_52: f64 = 4_503_599_627_370_496.0;
const TWO_103: f64 = 10_141_204_801_825_835_211_973_625_643_008.0;
/// `C`: adding it rounds a product to a multiple of 2⁵¹.
const HIGH: f64 = 1.5 * TWO_103;
/// `c`: adding it makes the low half non-negative in the bits.
const LOW: f64 = 1.5 * TWO_52;
const HALF_DIGIT: u64 = 1 << (RADIX_BITS - 1);
const DIGIT_MASK: u64 = (1 << RADIX_BITS) - 1;
/// What is taken off a digit with the exponent of 2⁵²: that, and half a digit.
const DIGIT_OFFSET: f64 = TWO_52 + TWO_52 / 4.0;
/// Keeps a column positive.
const COLUMN_BIAS: u64 = 1 << 61;

/// The digits that this arithmetic works on.
pub(super) const FORM: Form = Form {
    radix_bits: RADIX_BITS,
    friendly_digits: FRIENDLY_DIGITS,
    group: GROUP,
    max_digits: MAX_DIGITS,
    interleaved: true,
};

/// What multiplication needs besides the modulus.
#[derive(Debug)]
pub(super) struct Tables {
    /// `C` and `C + c`, read from memory: as vector constants in the loop they cost 1.8 times in V8.
    constants: [f64; 2],
    /// Starting values of the columns of a product and of a square.
    multiply_bias: Vec<u64>,
    square_bias: Vec<u64>,
}

impl Tables {
    pub(super) fn new(digits: usize) -> Self {
        Self {
            constants: black_box([HIGH, HIGH + LOW]),
            multiply_bias: biases(digits, false),
            square_bias: biases(digits, true),
        }
    }
}

/// What the columns start from; see the module's text. Counted by walking the same products as [`multiply`].
fn biases(digits: usize, square: bool) -> Vec<u64> {
    // Products whose low half ends in a column; the high half ends in the next.
    let mut products = vec![0_u64; 2 * digits + GROUP];
    for k in (0..2 * digits).step_by(GROUP) {
        let (first, end) = if square { square_rows(k, digits) } else { product_rows(k, digits) };
        let (first_quotient, end_quotient) = quotient_rows(k, digits);
        let rows = end.saturating_sub(first) + end_quotient.saturating_sub(first_quotient);
        let diagonal = if square { [1, 1, 2, 2] } else { [0; GROUP] };
        for (column, diagonal) in diagonal.into_iter().enumerate() {
            products[k + column] += rows as u64 + diagonal;
        }
        if k < digits {
            // The quotient digit of the group's first column reaches its last.
            products[k + FRIENDLY_DIGITS] += 1;
        }
    }
    (0..=2 * digits)
        .map(|column| {
            let (high, carry) = match column.checked_sub(1) {
                Some(below) => (products[below], COLUMN_BIAS >> RADIX_BITS),
                None => (0, 0),
            };
            (COLUMN_BIAS + HALF_DIGIT)
                .wrapping_sub(carry)
                .wrapping_sub(products[column].wrapping_mul(LOW.to_bits()))
                .wrapping_sub(high.wrapping_mul(HIGH.to_bits()))
        })
        .collect()
}

/// Rows of `a` whose products with `b` end in the group of columns from `k` on.
#[inline(always)]
fn product_rows(k: usize, digits: usize) -> (usize, usize) {
    ((k + 1).saturating_sub(digits), (k + GROUP).min(digits))
}

/// Rows of `2·a` whose products with `a` end there, up to the diagonal.
#[inline(always)]
const fn square_rows(k: usize, digits: usize) -> (usize, usize) {
    ((k + 1).saturating_sub(digits), k / 2)
}

/// Quotient digits whose products with N end there, and are known by then. N has `l − 3` digits.
#[inline(always)]
fn quotient_rows(k: usize, digits: usize) -> (usize, usize) {
    ((k + 1).saturating_sub(digits), k.min(digits))
}

/// The constants of a product, in registers.
#[derive(Clone, Copy)]
struct Constants<S: Fused> {
    high: S::Float,
    both: S::Float,
}

/// Adds `a·b`: the low half to column `low`, the high half to column `high`.
///
/// # Safety
/// As [`super::simd::Simd`].
#[inline(always)]
unsafe fn accumulate<S: Fused>(
    low: &mut S::Word,
    high: &mut S::Word,
    a: S::Float,
    b: S::Float,
    constants: Constants<S>,
) {
    // SAFETY: the caller has the instructions.
    unsafe {
        let upper = S::fused(a, b, constants.high);
        *high = S::add_word(*high, S::to_word(upper));
        let lower = S::fused(a, b, S::subtract(constants.both, upper));
        *low = S::add_word(*low, S::to_word(lower));
    }
}

/// Adds `row·(b₀ … b₃)` to the group's columns.
///
/// # Safety
/// As [`super::simd::Simd`].
#[inline(always)]
unsafe fn accumulate_row<S: Fused>(
    sums: &mut [S::Word; GROUP + 1],
    row: S::Float,
    b: [S::Float; GROUP],
    constants: Constants<S>,
) {
    let [x0, x1, x2, x3, x4] = sums;
    // SAFETY: the caller has the instructions.
    unsafe {
        accumulate::<S>(x0, x1, row, b[0], constants);
        accumulate::<S>(x1, x2, row, b[1], constants);
        accumulate::<S>(x2, x3, row, b[2], constants);
        accumulate::<S>(x3, x4, row, b[3], constants);
    }
}

/// Loads a group of digits.
///
/// # Safety
/// As [`super::simd::Simd`], with `GROUP` vectors from `digits` on.
#[inline(always)]
unsafe fn load_group<S: Fused>(digits: *const f64) -> [S::Float; GROUP] {
    let step = S::LANES;
    // SAFETY: the caller has the instructions and the memory.
    unsafe {
        [
            S::load(digits),
            S::load(digits.add(step)),
            S::load(digits.add(2 * step)),
            S::load(digits.add(3 * step)),
        ]
    }
}

/// Adds `Σ aᵢ·b₍ₖ₊c₋ᵢ₎` for `first ≤ i < end` to column c of the group, c = 0 … 3.
///
/// # Safety
/// As [`super::simd::Simd`]; `a` has digits from `first` to `end`, and `b` those from `k − end` (it may be negative) to
/// `k − first + 3`.
#[inline(always)]
unsafe fn convolve<S: Fused>(
    sums: &mut [S::Word; GROUP + 1],
    a: *const f64,
    b: *const f64,
    (first, end): (usize, usize),
    k: isize,
    constants: Constants<S>,
) {
    if first >= end {
        return;
    }
    let step = S::LANES;
    let mut own = *sums;
    // SAFETY: the caller has the instructions. `row` runs from `first` to `end` and is loaded below `end` only; the
    // window of row i is `k − i … k − i + 3`, and the digit in front of it is loaded at most, for the last row at
    // `k − end`.
    unsafe {
        let mut row = a.add(first * step);
        let last = a.add(end * step);
        let mut window = b.offset((k - first.cast_signed()) * step.cast_signed());
        if S::KEEP_WINDOW {
            let [mut b0, mut b1, mut b2, mut b3] = load_group::<S>(window);
            for _ in 0..(end - first) / GROUP {
                accumulate_row::<S>(&mut own, S::load(row), [b0, b1, b2, b3], constants);
                b3 = S::load(window.sub(step));
                accumulate_row::<S>(&mut own, S::load(row.add(step)), [b3, b0, b1, b2], constants);
                b2 = S::load(window.sub(2 * step));
                accumulate_row::<S>(&mut own, S::load(row.add(2 * step)), [b2, b3, b0, b1], constants);
                b1 = S::load(window.sub(3 * step));
                accumulate_row::<S>(&mut own, S::load(row.add(3 * step)), [b1, b2, b3, b0], constants);
                b0 = S::load(window.sub(4 * step));
                row = row.add(GROUP * step);
                window = window.sub(GROUP * step);
            }
        }
        while row < last {
            accumulate_row::<S>(&mut own, S::load(row), load_group::<S>(window), constants);
            row = row.add(step);
            window = window.sub(step);
        }
    }
    *sums = own;
}

/// The middle of a square's group from column `k = 2·middle` on: the products `aᵢ·aⱼ` with `middle ≤ i ≤ j`, which the
/// convolution of `2·aᵢ` leaves out. They are `i = middle` with all columns and `i = middle + 1` with the last two.
///
/// # Safety
/// As [`super::simd::Simd`]; `middle + 2 ≤ digits`, and `a` and `doubled` have that many.
#[inline(always)]
unsafe fn diagonal<S: Fused>(
    sums: &mut [S::Word; GROUP + 1],
    a: *const f64,
    doubled: *const f64,
    (middle, digits): (usize, usize),
    constants: Constants<S>,
) {
    let step = S::LANES;
    let [x0, x1, x2, x3, x4] = sums;
    // SAFETY: the caller has the instructions; `middle + 1` is a digit, and `middle + 2` and `middle + 3` are loaded
    // only if `middle + 2` is, since there are an even number of digits and `middle` is even.
    unsafe {
        let [first, second] = [S::load(a.add(middle * step)), S::load(a.add((middle + 1) * step))];
        let [mut third_twice, mut fourth_twice] = [S::splat(0.0); 2];
        if middle + 2 < digits {
            third_twice = S::load(doubled.add((middle + 2) * step));
            fourth_twice = S::load(doubled.add((middle + 3) * step));
        }
        accumulate::<S>(x0, x1, first, first, constants);
        accumulate::<S>(x1, x2, first, S::load(doubled.add((middle + 1) * step)), constants);
        accumulate::<S>(x2, x3, first, third_twice, constants);
        accumulate::<S>(x3, x4, first, fourth_twice, constants);
        accumulate::<S>(x2, x3, second, second, constants);
        accumulate::<S>(x3, x4, second, third_twice, constants);
    }
}

/// The balanced digit in the low bits of a column.
///
/// # Safety
/// As [`super::simd::Simd`].
#[inline(always)]
unsafe fn digit<S: Fused>(sum: S::Word) -> S::Float {
    // SAFETY: the caller has the instructions.
    unsafe {
        let bits = S::and_word(sum, S::splat_word(DIGIT_MASK));
        let shifted = S::to_float(S::or_word(bits, S::splat_word(TWO_52.to_bits())));
        S::subtract(shifted, S::splat(DIGIT_OFFSET))
    }
}

/// `a·b/R`, or `a²/R` with half the products if `SQUARE` (then `b` is not read).
///
/// # Safety
/// The processor has the instruction set of `S`; this should be inlined into a function compiled for it. All residues
/// have `digits` digits with the zeros of [`super::residue`] around them, for `S::LANES` lanes. `digits` is that of the
/// tables, a multiple of `GROUP` of at most `MAX_DIGITS`.
#[inline(always)]
pub(super) unsafe fn multiply<S: Fused, const SQUARE: bool>(
    tables: &Tables,
    digits: usize,
    friendly: &[u64],
    result: &mut [u64],
    a: &[u64],
    b: &[u64],
) {
    let step = S::LANES;
    let mut quotient = MaybeUninit::<[f64; MAX_DIGITS * MAX_LANES]>::uninit();
    let quotient = quotient.as_mut_ptr().cast::<f64>();
    let mut doubled = MaybeUninit::<[f64; MAX_DIGITS * MAX_LANES]>::uninit();
    let doubled = doubled.as_mut_ptr().cast::<f64>();
    let bias = if SQUARE { &tables.square_bias } else { &tables.multiply_bias };
    // SAFETY: the caller has the instructions and residues with padding; "What is read" above shows that no more of them
    // is read. Quotient and doubled have room for the most digits and lanes; digits of both are written before they are
    // read, in `doubled` all at once, in the quotient before the group that reads them. Results start at column `digits`,
    // a multiple of `GROUP`, and the last group ends at `2·digits`.
    unsafe {
        let a = a.as_ptr().cast::<f64>().add(PAD_FRONT * step);
        let b = b.as_ptr().cast::<f64>().add(PAD_FRONT * step);
        let friendly = friendly.as_ptr().cast::<f64>().add(PAD_FRONT * step);
        let result = result.as_mut_ptr().cast::<f64>().add(PAD_FRONT * step);
        if SQUARE {
            for i in 0..digits {
                let digit = S::load(a.add(i * step));
                S::store(doubled.add(i * step), S::add(digit, digit));
            }
        }
        let constants: Constants<S> =
            Constants { high: S::splat(tables.constants[0]), both: S::splat(tables.constants[1]) };
        let first_friendly = S::load(friendly);
        let mut carry = S::splat_word(bias[0]);
        for k in (0..2 * digits).step_by(GROUP) {
            let &[_, s1, s2, s3, s4] = &bias[k..=k + GROUP] else { unreachable!("a slice of five") };
            let mut sums =
                [carry, S::splat_word(s1), S::splat_word(s2), S::splat_word(s3), S::splat_word(s4)];
            let column = k.cast_signed();
            if SQUARE {
                convolve::<S>(&mut sums, doubled, a, square_rows(k, digits), column, constants);
                diagonal::<S>(&mut sums, a, doubled, (k / 2, digits), constants);
            } else {
                convolve::<S>(&mut sums, a, b, product_rows(k, digits), column, constants);
            }
            let column = column - FRIENDLY_DIGITS.cast_signed();
            convolve::<S>(&mut sums, quotient, friendly, quotient_rows(k, digits), column, constants);

            let target = if k < digits { quotient.add(k * step) } else { result.add((k - digits) * step) };
            let [x0, mut x1, mut x2, mut x3, mut x4] = sums;
            let lowest = digit::<S>(x0);
            S::store(target, lowest);
            if k < digits {
                // The one product with a quotient digit of this group that ends in this group.
                accumulate::<S>(&mut x3, &mut x4, lowest, first_friendly, constants);
            }
            x1 = S::add_word(x1, S::carry_word(x0));
            S::store(target.add(step), digit::<S>(x1));
            x2 = S::add_word(x2, S::carry_word(x1));
            S::store(target.add(2 * step), digit::<S>(x2));
            x3 = S::add_word(x3, S::carry_word(x2));
            S::store(target.add(3 * step), digit::<S>(x3));
            carry = S::add_word(x4, S::carry_word(x3));
        }
    }
}
