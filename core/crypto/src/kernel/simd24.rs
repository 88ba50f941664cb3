//! Montgomery multiplication in radix 2²⁴ without fused multiply-adds: one independent multiplication per SIMD lane.
//! For browsers that have 128-bit SIMD, but not its relaxed form.
//!
//! # Numbers
//!
//! A residue is `Σ dᵢ·2^(24·i)` over `l` digits, each a double that holds an integer with `|dᵢ| ≤ 2²³ + 2⁸ =: D`
//! (balanced, signed, carries not driven to their end). Lanes are interleaved as in [`super::fma47`].
//!
//! # The modulus
//!
//! As there, with `ñ ≡ −1 (mod 2⁹⁶)`: the quotient digits of a group of four columns are those columns' own digits, and
//! touch later groups only.
//!
//! # Columns
//!
//! A product of two digits is at most `D² < 1.0001·2⁴⁶`, twice that in a square. At most [`SPILL_ROWS`] rows are summed
//! before the part of a column above 2²⁴ is moved to its high word: with what is left from before (at most 2²³, a carry
//! of at most 2³³, and the four products of a square's middle, two of them doubled) that is below
//! `(56 + 3)·1.0001·2⁴⁷ + 2³⁴ < 2⁵³`, so every sum is exact, in whatever order. The high word is a multiple of 2²⁴ below
//! `2·l·2⁴⁷ < 2⁵⁷`, exact as well. `(x + S) − S` with `S = 1.5·2⁷⁶` rounds `|x| < 2⁵³` to a multiple of 2²⁴: doubles in
//! `[2⁷⁶, 2⁷⁷)` are 2²⁴ apart.
//!
//! At the end of a group each column gives its multiple of 2²⁴ to the next. A column is at most `2·l·1.0001·2⁴⁶` and what
//! came from below, so with `l ≤ 272` that is at most 2³². Then once more, at most `2⁸ − 1` now, which leaves digits of
//! at most `2²³ + 2⁸ = D`.
//!
//! The very last digit keeps what it has: the last column has no products of its own (the highest is
//! `a₍ₗ₋₁₎·b₍ₗ₋₁₎` in the column below), so its high word is 0, nothing is lost, and the range of the result bounds it.
//!
//! # Ranges
//!
//! As in [`super::fma47`]: `4·ñ ≤ 2^(24·l) = R`, `|Q| ≤ 0.501·R`, and results of operands in `±ñ` lie in `±ñ`. Their last
//! digit is at most `0.26·2²⁴ + 1 < D`.
//!
//! # Modulo a square
//!
//! As there, in two passes. Columns of the second have up to `3·l` products and one digit of Q of at most D. With `l ≤ 272`
//! the bounds above become: high words below `3·l·2⁴⁷ < 2⁵⁷` still, a carry of at most `3·l·1.0001·2⁴⁶/2²⁴ < 2³²` still,
//! and a second carry of at most `2³²/2²⁴ = 2⁸`, less what the first left: `3·272·1.0001·2²²/2²⁴ < 205`. The digit of Q is
//! far below the carry.
//!
//! # What is read
//!
//! As in [`super::fma47`], with the window of Q·N four digits lower: it starts at `k − 4 − end ≥ −4`.

use core::hint::black_box;
use core::mem::MaybeUninit;

use super::fma47::{Cross, Product, Square, components, digits_of, double};
use super::residue::{Form, PAD_FRONT};
use super::simd::{MAX_LANES, Simd};

/// Bits of a digit.
const RADIX_BITS: u32 = 24;
/// Columns that are summed together, and digits by which ñ ≡ −1.
const GROUP: usize = 4;
/// Most digits of a residue: enough for moduli of 6,400 bits.
const MAX_DIGITS: usize = 272;
/// Rows that are summed before a column is split: a multiple of `GROUP`.
const SPILL_ROWS: usize = 56;

const TWO_24: f64 = 16_777_216.0;
/// `S`: adding and subtracting it rounds to a multiple of 2²⁴.
const SPLIT: f64 = 1.5 * 4_503_599_627_370_496.0 * TWO_24;

/// The digits that this arithmetic works on.
pub(super) const FORM: Form = Form {
    radix_bits: RADIX_BITS,
    friendly_digits: GROUP,
    group: GROUP,
    max_digits: MAX_DIGITS,
    interleaved: true,
};

/// What multiplication needs besides the modulus.
#[derive(Debug)]
pub(super) struct Tables {
    /// `S` and `2⁻²⁴`, read from memory: as vector constants in the loop they cost 1.8 times in V8.
    constants: [f64; 2],
}

impl Tables {
    pub(super) fn new() -> Self {
        Self { constants: black_box([SPLIT, 1.0 / TWO_24]) }
    }
}

/// A group of columns: what is left below 2²⁴ or so, and multiples of 2²⁴.
struct Columns<S: Simd> {
    low: [S::Float; GROUP],
    high: [S::Float; GROUP],
}

/// What a reduction sums: terms that end in a group of columns.
///
/// # Safety
/// Implementors read no more than the module's "What is read" says.
unsafe trait Terms<S: Simd>: Copy {
    /// Adds the terms that end in the columns from `k` on.
    ///
    /// # Safety
    /// As [`Simd`]; the pointers are to `digits` digits with zeros around them, or to a quotient.
    unsafe fn add(self, columns: &mut Columns<S>, k: usize, digits: usize, split: Split<S>);
}

/// The first row that reaches the columns from `k` on; the same for quotient digits, as N has `l − 4` digits.
#[inline(always)]
const fn first_row(k: usize, digits: usize) -> usize {
    (k + 1).saturating_sub(digits)
}

// SAFETY: reads rows below `digits` of a and their windows of b.
unsafe impl<S: Simd> Terms<S> for Product {
    #[inline(always)]
    unsafe fn add(self, columns: &mut Columns<S>, k: usize, digits: usize, split: Split<S>) {
        let rows = (first_row(k, digits), (k + GROUP).min(digits));
        // SAFETY: promised by the caller.
        unsafe { convolve::<S>(columns, self.a, self.b, rows, k.cast_signed(), split) }
    }
}

// SAFETY: reads rows below `k / 2` of 2·a and their windows of a, and the diagonal.
unsafe impl<S: Simd> Terms<S> for Square {
    #[inline(always)]
    unsafe fn add(self, columns: &mut Columns<S>, k: usize, digits: usize, split: Split<S>) {
        // SAFETY: promised by the caller.
        unsafe {
            let rows = (first_row(k, digits), k / 2);
            convolve::<S>(columns, self.doubled, self.a, rows, k.cast_signed(), split);
            diagonal::<S>(&mut columns.low, self.a, self.doubled, (k / 2, digits));
        }
    }
}

// SAFETY: reads what the products read, and digits `k … k + 3` of the quotient where `k < digits`.
unsafe impl<S: Simd, const COUNT: usize> Terms<S> for Cross<COUNT> {
    #[inline(always)]
    unsafe fn add(self, columns: &mut Columns<S>, k: usize, digits: usize, split: Split<S>) {
        // SAFETY: promised by the caller; `digits` is a multiple of `GROUP`.
        unsafe {
            if k < digits {
                for column in 0..GROUP {
                    let digit = S::load(self.quotient.add((k + column) * S::LANES));
                    columns.low[column] = S::subtract(columns.low[column], digit);
                }
            }
            for product in self.products {
                Terms::<S>::add(product, columns, k, digits, split);
            }
        }
    }
}

/// Room for the digits of a quotient or of 2·a.
type Scratch = MaybeUninit<[f64; MAX_DIGITS * MAX_LANES]>;

/// Stores `(terms + Q·ñ)/R` in `result` and Q in `quotient`.
///
/// # Safety
/// As [`Terms::add`], with `digits` digits of N at `friendly` and room for as many at `quotient` and `result`, for
/// `S::LANES` lanes. `digits` is a multiple of `GROUP` of at most `MAX_DIGITS`.
#[inline(always)]
unsafe fn reduce<S: Simd, T: Terms<S>>(
    constants: [f64; 2],
    digits: usize,
    terms: T,
    friendly: *const f64,
    quotient: *mut f64,
    result: *mut f64,
) {
    let step = S::LANES;
    // SAFETY: the caller has the instructions and the memory. Digits of the quotient are written before the group that
    // reads them. Results start at column `digits`, a multiple of `GROUP`, and the last group ends at `2·digits`.
    unsafe {
        let split: Split<S> = Split { round: S::splat(constants[0]), scale: S::splat(constants[1]) };
        let zero = S::splat(0.0);
        let mut carry = zero;
        for k in (0..2 * digits).step_by(GROUP) {
            let mut columns = Columns { low: [carry, zero, zero, zero], high: [zero; GROUP] };
            terms.add(&mut columns, k, digits, split);
            let (rows, column) =
                ((first_row(k, digits), k.min(digits)), k.cast_signed() - GROUP.cast_signed());
            convolve::<S>(&mut columns, quotient, friendly, rows, column, split);

            let target = if k < digits { quotient.add(k * step) } else { result.add((k - digits) * step) };
            carry = settle::<S>(target, columns, k + GROUP == 2 * digits, split);
        }
    }
}

/// `a·b/R`, or `a²/R` with half the products if `SQUARE` (then `b` is not read).
///
/// # Safety
/// The processor has the instruction set of `S`; this should be inlined into a function compiled for it. All residues
/// have `digits` digits with the zeros of [`super::residue`] around them, for `S::LANES` lanes. `digits` is a multiple of
/// `GROUP` of at most `MAX_DIGITS`.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd, const SQUARE: bool>(
    tables: &Tables,
    digits: usize,
    friendly: &[u64],
    result: &mut [u64],
    a: &[u64],
    b: &[u64],
) {
    let [mut quotient, mut doubled] = [Scratch::uninit(); 2];
    let (quotient, doubled) = (quotient.as_mut_ptr().cast::<f64>(), doubled.as_mut_ptr().cast::<f64>());
    digits_of!(S; friendly, a, b);
    // SAFETY: the caller has the instructions and residues with padding; "What is read" above shows that no more of them
    // is read. Quotient and doubled have room for the most digits and lanes.
    unsafe {
        let result = result.as_mut_ptr().cast::<f64>().add(PAD_FRONT * S::LANES);
        if SQUARE {
            double::<S>(doubled, a, digits);
            reduce::<S, _>(tables.constants, digits, Square { a, doubled }, friendly, quotient, result);
        } else {
            reduce::<S, _>(tables.constants, digits, Product { a, b }, friendly, quotient, result);
        }
    }
}

/// [`multiply`] modulo ñ²: residues are two components `x₁ + x₂·ñ`, one after the other, each with its zeros.
///
/// # Safety
/// As [`multiply`], with two components in `result`, `a` and `b`, and one in `friendly`.
#[inline(always)]
pub(super) unsafe fn multiply_modulo_square<S: Simd, const SQUARE: bool>(
    tables: &Tables,
    digits: usize,
    friendly: &[u64],
    result: &mut [u64],
    a: &[u64],
    b: &[u64],
) {
    let [mut quotient, mut second, mut doubled] = [Scratch::uninit(); 3];
    let [quotient, second, doubled] =
        [&mut quotient, &mut second, &mut doubled].map(|scratch| scratch.as_mut_ptr().cast::<f64>());
    let [[a, a_second], [b, b_second]] = [a, b].map(components);
    digits_of!(S; friendly, a, a_second, b, b_second);
    let (result, result_second) = result.split_at_mut(result.len() / 2);
    // SAFETY: as in `multiply`; the first quotient is complete before pass two reads it.
    unsafe {
        let [result, result_second] =
            [result, result_second].map(|result| result.as_mut_ptr().cast::<f64>().add(PAD_FRONT * S::LANES));
        let constants = tables.constants;
        if SQUARE {
            double::<S>(doubled, a, digits);
            reduce::<S, _>(constants, digits, Square { a, doubled }, friendly, quotient, result);
            // 2·a has no zeros around it: it is the factor whose rows are read.
            let terms = Cross { products: [Product { a: doubled, b: a_second }], quotient };
            reduce::<S, _>(constants, digits, terms, friendly, second, result_second);
        } else {
            reduce::<S, _>(constants, digits, Product { a, b }, friendly, quotient, result);
            let products = [Product { a, b: b_second }, Product { a: a_second, b }];
            reduce::<S, _>(constants, digits, Cross { products, quotient }, friendly, second, result_second);
        }
    }
}

/// The constants of carrying, in registers.
#[derive(Clone, Copy)]
struct Split<S: Simd> {
    round: S::Float,
    scale: S::Float,
}

impl<S: Simd> Split<S> {
    /// The multiple of 2²⁴ nearest to `value`.
    ///
    /// # Safety
    /// As [`Simd`].
    #[inline(always)]
    unsafe fn multiple(self, value: S::Float) -> S::Float {
        // SAFETY: the caller has the instructions.
        unsafe { S::subtract(S::add(value, self.round), self.round) }
    }
}

/// Adds `row·(b₀ … b₃)` to the group's columns.
///
/// # Safety
/// As [`Simd`].
#[inline(always)]
unsafe fn accumulate_row<S: Simd>(sums: &mut [S::Float; GROUP], row: S::Float, b: [S::Float; GROUP]) {
    let [x0, x1, x2, x3] = *sums;
    // SAFETY: the caller has the instructions.
    *sums = unsafe {
        [
            S::multiply_add(row, b[0], x0),
            S::multiply_add(row, b[1], x1),
            S::multiply_add(row, b[2], x2),
            S::multiply_add(row, b[3], x3),
        ]
    };
}

/// Adds `Σ aᵢ·b₍ₖ₊c₋ᵢ₎` for `first ≤ i < end` to column c of the group, moving multiples of 2²⁴ to `high` every
/// [`SPILL_ROWS`] rows.
///
/// # Safety
/// As [`Simd`]; `a` has digits from `first` to `end`, and `b` those from `k − end` (it may be negative) to
/// `k − first + 3`.
#[inline(always)]
unsafe fn convolve<S: Simd>(
    Columns { low, high }: &mut Columns<S>,
    a: *const f64,
    b: *const f64,
    (first, end): (usize, usize),
    k: isize,
    split: Split<S>,
) {
    if first >= end {
        return;
    }
    let step = S::LANES;
    // SAFETY: the caller has the instructions. `row` runs from `first` to `end` and is loaded below `end` only; the
    // window of row i is `k − i … k − i + 3`, and the digit in front of it is loaded at most, for the last row at
    // `k − end`.
    unsafe {
        let mut row = a.add(first * step);
        let mut window = b.offset((k - first.cast_signed()) * step.cast_signed());
        let [mut b0, mut b1, mut b2, mut b3] = [
            S::load(window),
            S::load(window.add(step)),
            S::load(window.add(2 * step)),
            S::load(window.add(3 * step)),
        ];
        let mut left = end - first;
        while left > 0 {
            let batch = left.min(SPILL_ROWS);
            left -= batch;
            // Two sets of sums, so that additions need not wait for each other.
            let mut even = *low;
            let mut odd = [S::splat(0.0); GROUP];
            for _ in 0..batch / GROUP {
                accumulate_row::<S>(&mut even, S::load(row), [b0, b1, b2, b3]);
                b3 = S::load(window.sub(step));
                accumulate_row::<S>(&mut odd, S::load(row.add(step)), [b3, b0, b1, b2]);
                b2 = S::load(window.sub(2 * step));
                accumulate_row::<S>(&mut even, S::load(row.add(2 * step)), [b2, b3, b0, b1]);
                b1 = S::load(window.sub(3 * step));
                accumulate_row::<S>(&mut odd, S::load(row.add(3 * step)), [b1, b2, b3, b0]);
                b0 = S::load(window.sub(4 * step));
                row = row.add(GROUP * step);
                window = window.sub(GROUP * step);
            }
            for _ in 0..batch % GROUP {
                accumulate_row::<S>(&mut even, S::load(row), [b0, b1, b2, b3]);
                row = row.add(step);
                window = window.sub(step);
                [b0, b1, b2, b3] = [S::load(window), b0, b1, b2];
            }
            for column in 0..GROUP {
                let sum = S::add(even[column], odd[column]);
                let multiple = split.multiple(sum);
                low[column] = S::subtract(sum, multiple);
                high[column] = S::add(high[column], multiple);
            }
        }
    }
}

/// The middle of a square's group from column `k = 2·middle` on: the products `aᵢ·aⱼ` with `middle ≤ i ≤ j`, which the
/// convolution of `2·aᵢ` leaves out. They are `i = middle` with all columns and `i = middle + 1` with the last two.
///
/// # Safety
/// As [`Simd`]; `middle + 2 ≤ digits`, and `a` and `doubled` have that many.
#[inline(always)]
unsafe fn diagonal<S: Simd>(
    low: &mut [S::Float; GROUP],
    a: *const f64,
    doubled: *const f64,
    (middle, digits): (usize, usize),
) {
    let step = S::LANES;
    // SAFETY: the caller has the instructions; `middle + 1` is a digit, and `middle + 2` and `middle + 3` are loaded
    // only if `middle + 2` is, since there are an even number of digits and `middle` is even.
    unsafe {
        let [first, second] = [S::load(a.add(middle * step)), S::load(a.add((middle + 1) * step))];
        let [mut third_twice, mut fourth_twice] = [S::splat(0.0); 2];
        if middle + 2 < digits {
            third_twice = S::load(doubled.add((middle + 2) * step));
            fourth_twice = S::load(doubled.add((middle + 3) * step));
        }
        let second_twice = S::load(doubled.add((middle + 1) * step));
        accumulate_row::<S>(low, first, [first, second_twice, third_twice, fourth_twice]);
        low[2] = S::multiply_add(second, second, low[2]);
        low[3] = S::multiply_add(second, third_twice, low[3]);
    }
}

/// Stores the group's digits and returns the carry into the next group. The last digit of all keeps its carry.
///
/// # Safety
/// As [`Simd`], with `GROUP` vectors from `target` on.
#[inline(always)]
unsafe fn settle<S: Simd>(
    target: *mut f64,
    Columns { mut low, high }: Columns<S>,
    last: bool,
    split: Split<S>,
) -> S::Float {
    let step = S::LANES;
    // SAFETY: the caller has the instructions and the memory.
    unsafe {
        let mut carry = S::splat(0.0);
        for column in 0..GROUP {
            let multiple = split.multiple(low[column]);
            low[column] = S::add(S::subtract(low[column], multiple), carry);
            carry = S::multiply(S::add(multiple, high[column]), split.scale);
        }
        let mut second = S::splat(0.0);
        for (column, sum) in low.into_iter().enumerate() {
            let multiple = if last && column + 1 == GROUP { S::splat(0.0) } else { split.multiple(sum) };
            S::store(target.add(column * step), S::add(S::subtract(sum, multiple), second));
            second = S::multiply(multiple, split.scale);
        }
        S::add(carry, second)
    }
}
