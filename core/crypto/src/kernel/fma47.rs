//! Montgomery multiplication in radix 2⁴⁷ with fused multiply-adds: one independent multiplication per SIMD lane.
//!
//! # Numbers
//!
//! A residue is `Σ dᵢ·2^(47·i)` over `l` digits, each a double that holds an integer with `|dᵢ| ≤ 2⁴⁶` (balanced,
//! signed). Lanes are interleaved: digit i of lane t stands at index `i·LANES + t`.
//!
//! # The modulus
//!
//! Work is modulo `ñ = n·u` with `u = −n⁻¹ mod 2⁹⁴`, so that `ñ ≡ −1 (mod 2⁹⁴)`: `ñ = N·2⁹⁴ − 1`. Montgomery's
//! quotient digit of a column is then the column's own carried digit, without a multiplication: in
//! `T + Q·ñ = T − Q + (Q·N)·2⁹⁴` column k of `Q·N·2⁹⁴` depends on `q₀ … q₍ₖ₋₂₎` only, and `q_k := ` digit k of
//! `T + (Q·N)·2⁹⁴` makes column k vanish. `l` is a multiple of 4 with `4·ñ ≤ 2^(47·l) = R`.
//!
//! # Products
//!
//! Sums of products are kept as two doubles: high parts, which are multiples of 2⁴⁷, and what is left of each product.
//! With `C = 1.5·2⁹⁹` and `c = 1.5·2⁵²` a *chain* starts from `h₀ = C`, `l₀ = c`, and a product a·b with `|a·b| ≤ 2⁹³`
//! (one factor may be doubled) makes of it
//!
//! ```text
//! hⱼ₊₁ = fma(a, b, hⱼ)      lⱼ₊₁ = lⱼ + fma(a, b, hⱼ − hⱼ₊₁)
//! ```
//!
//! Doubles in `[2⁹⁹, 2¹⁰⁰]` are multiples of 2⁴⁷. As rounding is monotonic, `C − j·2⁹³ ≤ hⱼ ≤ C + j·2⁹³`, which is in
//! `[2⁹⁹, 2¹⁰⁰]` for up to 32 products. There `hⱼ₊₁` is off by at most 2⁴⁶. So `hⱼ − hⱼ₊₁` is a multiple of 2⁴⁷ of at most
//! 2⁹⁴, exact, and `fma(a, b, hⱼ − hⱼ₊₁)` is what rounding has lost: an integer of at most 2⁴⁶, exact. `lⱼ` is within
//! `j·2⁴⁶` of c, thus in `[2⁵², 2⁵³]` for up to 32 products: exact. Within both ranges, ends included, the bits of a double
//! are linear in it. So a chain ends with `bits(C) + H` and `bits(c) + L` where `Σ a·b = 2⁴⁷·H + L`, and these bits are added
//! into 64-bit integer columns. That is four operations per product; with every product split for itself it would be five.
//!
//! Single products are split for themselves: `h = fma(a, b, C)` and `fma(a, b, (C + c) − h)`, where `(C + c) − h = c − 2⁴⁷·H`
//! is a multiple of 2⁴⁷ below 2¹⁰⁰, hence exact.
//!
//! # Columns
//!
//! Every column starts from a bias that takes off the `bits(C)` and `bits(c)` that its chains will add (wrapping), and
//! adds `2⁶¹ + 2⁴⁶`. At most `3·l` products end in a column and `3·l` in the one below (see below; `2·l` of a product: `l` of
//! a·b and `l` of Q·N). Each leaves at most 2⁴⁶ of L, and of H at most 2⁴⁶ + 1, and there is a carry: for `l ≤ 136` the sum
//! is at most `6·136·(2⁴⁶ + 1) + 2¹⁵ < 2⁶⁰` in magnitude, so the biased column lies in `(0, 2⁶²)`, although it may wrap on
//! the way. Its low 47 bits minus 2⁴⁶ are the balanced digit, in `[−2⁴⁶, 2⁴⁶)`; the rest, below 2¹⁵, is the carry, of which
//! the next column's bias takes off the `2⁶¹/2⁴⁷`.
//!
//! The digit becomes a double without a conversion: its 47 bits under the exponent of 2⁵² are `2⁵² + bits`, from which
//! `2⁵² + 2⁴⁶` is subtracted, exactly.
//!
//! # Ranges
//!
//! For operands with `|a|, |b| ≤ ñ`: `|a·b + Q·ñ| / R ≤ ñ²/R + ñ·(R/2)(1 + 2⁻⁴⁵)/R ≤ ñ/4 + 0.51·ñ < ñ`, so results may
//! be operands again. They fit `l` balanced digits, which reach almost `±R/2`: the carry out of the last digit is 0.
//! So do products of any two numbers that `l` digits can write: `|a·b + Q·ñ| / R ≤ R/4 + 0.51·R/4 < 0.38·R`.
//!
//! # Modulo a square
//!
//! Modulo ñ² a number is a pair of residues, `x = x₁ + x₂·ñ`. Pass one computes `x₁·y₁ + Q·ñ = R·z₁` as above and keeps Q.
//! Modulo ñ² then `x·y/R = (x₁·y₁ + (x₁·y₂ + x₂·y₁)·ñ)/R = z₁ + ((x₁·y₂ + x₂·y₁ − Q)/R)·ñ`, and pass two computes that
//! bracket, reduced modulo ñ: `x₁·y₂ + x₂·y₁ − Q + Q'·ñ = R·z₂`. A square takes `2·x₁·x₂` for the two middle products. With
//! half the digits that is about 0.7 of the work of a multiplication modulo a number as long as ñ². Since n² divides ñ²,
//! it is arithmetic modulo n² as well.
//!
//! - *Columns* of pass two have up to `3·l` products (or `l` doubled ones and `l`) and one digit of Q, whose `−q` is added as
//!   the bits of `c − q`: `6·136·(2⁴⁶ + 1) + 2⁴⁶ + 2¹⁵ < 2⁶⁰` still.
//! - *Ranges*: with `8·ñ ≤ R`, components in `±ñ` give `|z₂| ≤ (2·ñ² + |Q| + |Q'|·ñ)/R ≤ ñ/4 + 0.51 + 0.51·ñ < ñ`, and z₁ is
//!   as above.
//!
//! # What is read
//!
//! For each group of columns `k = 0, 4, …, 2·l − 4` a convolution reads rows `i` with `k + 1 − l ≤ i < end ≤ l` of its
//! first factor, and digits `k − i … k − i + 3` of its second (2 less for Q·N), its window, of which it loads the next
//! digit one row early. So the window starts at `k − end` or later, where `end ≤ k + 4` for a·b and `end ≤ k` for Q·N and
//! squares: at −4, or at −2 for Q·N; and it ends at `l + 2`. (Pass two reads digits of the first Q in groups below `l` only.) That is what the zeros around a residue are for. Of Q, which starts
//! uninitialised, only rows are read, `i < end ≤ k` there: all written by earlier groups.

use core::hint::black_box;
use core::mem::MaybeUninit;

use super::residue::{Form, PAD_FRONT};
use super::simd::{Fused, MAX_LANES, Simd};

/// Bits of a digit.
pub(super) const RADIX_BITS: u32 = 47;
/// Digits by which ñ ≡ −1.
const FRIENDLY_DIGITS: usize = 2;
/// Columns that are summed together.
const GROUP: usize = 4;
/// Most products of a chain.
const CHAIN: usize = 32;
/// Most digits of a residue: enough for moduli of 6,300 bits.
pub(super) const MAX_DIGITS: usize = 136;

const TWO_52: f64 = 4_503_599_627_370_496.0;
const TWO_99: f64 = 633_825_300_114_114_700_748_351_602_688.0;
/// `C`: adding it rounds a product to a multiple of 2⁴⁷.
const HIGH: f64 = 1.5 * TWO_99;
/// `c`: adding it makes the low half non-negative in the bits.
const LOW: f64 = 1.5 * TWO_52;
const HALF_DIGIT: u64 = 1 << (RADIX_BITS - 1);
const DIGIT_MASK: u64 = (1 << RADIX_BITS) - 1;
/// What is taken off a digit with the exponent of 2⁵²: that, and half a digit.
const DIGIT_OFFSET: f64 = TWO_52 + TWO_52 / 64.0;
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
    /// Starting values of the columns for each kind of terms.
    product_bias: Vec<u64>,
    square_bias: Vec<u64>,
    /// Pass two of a square and of a product modulo a square: one and two products, and a quotient.
    cross_bias: [Vec<u64>; 2],
}

impl Tables {
    pub(super) fn new(digits: usize) -> Self {
        Self {
            constants: black_box([HIGH, HIGH + LOW]),
            product_bias: biases(digits, Kind::Product),
            square_bias: biases(digits, Kind::Square),
            cross_bias: [1, 2].map(|products| biases(digits, Kind::Cross(products))),
        }
    }
}

/// What is summed before it is reduced.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Product,
    Square,
    /// Some products, less a quotient.
    Cross(u64),
}

/// What the columns start from; see the module's text. Counted by walking the same chains as [`reduce`].
fn biases(digits: usize, kind: Kind) -> Vec<u64> {
    // Chains and single products whose low part ends in a column; the high part ends in the next.
    let mut starts = vec![0_u64; 2 * digits + GROUP];
    for k in (0..2 * digits).step_by(GROUP) {
        let chains = |(first, end): (usize, usize)| end.saturating_sub(first).div_ceil(CHAIN) as u64;
        let terms = match kind {
            Kind::Product => chains(product_rows(k, digits)),
            // And the diagonal.
            Kind::Square => chains(square_rows(k, digits)) + 1,
            Kind::Cross(count) => count * chains(product_rows(k, digits)),
        };
        for column in 0..GROUP {
            starts[k + column] += terms + chains(quotient_rows(k, digits));
        }
        if k < digits {
            // Quotient digits of the group's first two columns reach its last two.
            starts[k + FRIENDLY_DIGITS] += 1;
            starts[k + FRIENDLY_DIGITS + 1] += 2;
        }
    }
    (0..=2 * digits)
        .map(|column| {
            let (high, carry) = match column.checked_sub(1) {
                Some(below) => (starts[below], COLUMN_BIAS >> RADIX_BITS),
                None => (0, 0),
            };
            let quotient = u64::from(matches!(kind, Kind::Cross(_)) && column < digits);
            (COLUMN_BIAS + HALF_DIGIT)
                .wrapping_sub(carry)
                .wrapping_sub((starts[column] + quotient).wrapping_mul(LOW.to_bits()))
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

/// Quotient digits whose products with N end there, and are known by then. N has `l − 2` digits.
#[inline(always)]
fn quotient_rows(k: usize, digits: usize) -> (usize, usize) {
    ((k + 1).saturating_sub(digits), k.min(digits))
}

/// The constants of a product, in registers.
#[derive(Clone, Copy)]
struct Constants<S: Fused> {
    high: S::Float,
    low: S::Float,
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

/// A chain for each column of a group, of at most [`CHAIN`] products.
struct Chains<S: Fused> {
    high: [S::Float; GROUP],
    low: [S::Float; GROUP],
}

impl<S: Fused> Chains<S> {
    #[inline(always)]
    const fn new(constants: Constants<S>) -> Self {
        Self { high: [constants.high; GROUP], low: [constants.low; GROUP] }
    }

    /// Adds `a·b` to a column.
    ///
    /// # Safety
    /// As [`super::simd::Simd`].
    #[inline(always)]
    unsafe fn add(&mut self, column: usize, a: S::Float, b: S::Float) {
        let before = self.high[column];
        // SAFETY: the caller has the instructions.
        unsafe {
            let high = S::fused(a, b, before);
            let lost = S::fused(a, b, S::subtract(before, high));
            self.low[column] = S::add(self.low[column], lost);
            self.high[column] = high;
        }
    }

    /// Adds `row·(b₀ … b₃)` to the columns.
    ///
    /// # Safety
    /// As [`super::simd::Simd`].
    #[inline(always)]
    unsafe fn add_row(&mut self, row: S::Float, b: [S::Float; GROUP]) {
        // SAFETY: the caller has the instructions.
        unsafe {
            self.add(0, row, b[0]);
            self.add(1, row, b[1]);
            self.add(2, row, b[2]);
            self.add(3, row, b[3]);
        }
    }

    /// Adds the chains to the group's sums.
    ///
    /// # Safety
    /// As [`super::simd::Simd`].
    #[inline(always)]
    unsafe fn end(self, sums: &mut [S::Word; GROUP + 1]) {
        for column in 0..GROUP {
            // SAFETY: the caller has the instructions.
            unsafe {
                sums[column] = S::add_word(sums[column], S::to_word(self.low[column]));
                sums[column + 1] = S::add_word(sums[column + 1], S::to_word(self.high[column]));
            }
        }
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
/// The window of digits of b is kept in registers: each row brings one new digit. That the end is asked for after every
/// row, although it could be after four, keeps LLVM from sorting the sums of four rows by columns for WebAssembly, which
/// takes more registers than V8 has.
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
    let mut left = end - first;
    // SAFETY: the caller has the instructions and the memory: row i is loaded where `i < end`, and then digit
    // `k − i − 1`.
    unsafe {
        let mut row = a.add(first * step);
        let mut window = b.offset((k - first.cast_signed()) * step.cast_signed());
        let [mut b0, mut b1, mut b2, mut b3] = load_group::<S>(window);
        loop {
            let mut chains = Chains::<S>::new(constants);
            let mut rows = left.min(CHAIN);
            left -= rows;
            macro_rules! add_row {
                ($index:literal, [$($b:ident),*], $next:ident $(, $advance:stmt)?) => {
                    chains.add_row(S::load(row.add($index * step)), [$($b),*]);
                    $next = S::load(window.add((GROUP - 1 - $index) * step));
                    $($advance)?
                    rows -= 1;
                    if rows == 0 {
                        break;
                    }
                };
            }
            loop {
                window = window.sub(GROUP * step);
                add_row!(0, [b0, b1, b2, b3], b3);
                add_row!(1, [b3, b0, b1, b2], b2);
                add_row!(2, [b2, b3, b0, b1], b1);
                add_row!(3, [b1, b2, b3, b0], b0, row = row.add(GROUP * step));
            }
            chains.end(sums);
            if left == 0 {
                break;
            }
        }
    }
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
    let mut chains = Chains::<S>::new(constants);
    // SAFETY: the caller has the instructions; `middle + 1` is a digit, and `middle + 2` and `middle + 3` are loaded
    // only if `middle + 2` is, since there are an even number of digits and `middle` is even.
    unsafe {
        let [first, second] = [S::load(a.add(middle * step)), S::load(a.add((middle + 1) * step))];
        let [mut third_twice, mut fourth_twice] = [S::splat(0.0); 2];
        if middle + 2 < digits {
            third_twice = S::load(doubled.add((middle + 2) * step));
            fourth_twice = S::load(doubled.add((middle + 3) * step));
        }
        let first_twice = [first, S::load(doubled.add((middle + 1) * step)), third_twice, fourth_twice];
        chains.add_row(first, first_twice);
        chains.add(2, second, second);
        chains.add(3, second, third_twice);
        chains.end(sums);
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

/// What a reduction sums: terms that end in a group of columns.
///
/// # Safety
/// Implementors read no more than the module's "What is read" says.
unsafe trait Terms<S: Fused>: Copy {
    /// Adds the terms that end in the columns from `k` on.
    ///
    /// # Safety
    /// As [`super::simd::Simd`]; the pointers are to `digits` digits with zeros around them, or to a quotient.
    unsafe fn add(self, sums: &mut [S::Word; GROUP + 1], k: usize, digits: usize, constants: Constants<S>);
}

/// `a·b`
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub(super) a: *const f64,
    pub(super) b: *const f64,
}

/// `a²`, where `doubled` is 2·a without zeros around it.
#[derive(Clone, Copy)]
pub(super) struct Square {
    pub(super) a: *const f64,
    pub(super) doubled: *const f64,
}

/// `Σ factors[i].a·factors[i].b − quotient`
#[derive(Clone, Copy)]
pub(super) struct Cross<const COUNT: usize> {
    pub(super) products: [Product; COUNT],
    pub(super) quotient: *const f64,
}

// SAFETY: reads rows `product_rows` of a and their windows of b.
unsafe impl<S: Fused> Terms<S> for Product {
    #[inline(always)]
    unsafe fn add(self, sums: &mut [S::Word; GROUP + 1], k: usize, digits: usize, constants: Constants<S>) {
        // SAFETY: promised by the caller.
        unsafe { convolve::<S>(sums, self.a, self.b, product_rows(k, digits), k.cast_signed(), constants) }
    }
}

// SAFETY: reads rows `square_rows` of 2·a and their windows of a, and the diagonal.
unsafe impl<S: Fused> Terms<S> for Square {
    #[inline(always)]
    unsafe fn add(self, sums: &mut [S::Word; GROUP + 1], k: usize, digits: usize, constants: Constants<S>) {
        // SAFETY: promised by the caller.
        unsafe {
            convolve::<S>(sums, self.doubled, self.a, square_rows(k, digits), k.cast_signed(), constants);
            diagonal::<S>(sums, self.a, self.doubled, (k / 2, digits), constants);
        }
    }
}

// SAFETY: reads what the products read, and digits `k … k + 3` of the quotient where `k < digits`.
unsafe impl<S: Fused, const COUNT: usize> Terms<S> for Cross<COUNT> {
    #[inline(always)]
    unsafe fn add(self, sums: &mut [S::Word; GROUP + 1], k: usize, digits: usize, constants: Constants<S>) {
        // SAFETY: promised by the caller; `digits` is a multiple of `GROUP`.
        unsafe {
            for product in self.products {
                Terms::<S>::add(product, sums, k, digits, constants);
            }
            if k < digits {
                for (column, digit) in
                    load_group::<S>(self.quotient.add(k * S::LANES)).into_iter().enumerate()
                {
                    sums[column] = S::add_word(sums[column], S::to_word(S::subtract(constants.low, digit)));
                }
            }
        }
    }
}

/// Digits of a quotient or of 2·a. No vector of them lies in two cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Digits {
    _digits: [f64; MAX_DIGITS * MAX_LANES],
}

/// Room for them.
type Scratch = MaybeUninit<Digits>;

/// Pointers to the first digit of residues behind their zeros.
macro_rules! digits_of {
    ($simd:ty; $($residue:ident),*) => {
        // SAFETY: residues begin with `PAD_FRONT` zeros.
        $(let $residue = unsafe { $residue.as_ptr().cast::<f64>().add(PAD_FRONT * <$simd>::LANES) };)*
    };
}
pub(super) use digits_of;

/// Stores `(terms + Q·ñ)/R` in `result` and Q in `quotient`.
///
/// # Safety
/// As [`Terms::add`], with `digits` digits of N at `friendly` and room for as many at `quotient` and `result`, for
/// `S::LANES` lanes. `bias` is that of the terms and `digits`, a multiple of `GROUP` of at most `MAX_DIGITS`.
#[inline(always)]
unsafe fn reduce<S: Fused, T: Terms<S>>(
    (constants, bias): ([f64; 2], &[u64]),
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
        let [high, both] = constants.map(|constant| S::splat(constant));
        // C + c − C is c, exactly.
        let constants: Constants<S> = Constants { high, low: S::subtract(both, high), both };
        let [first_friendly, second_friendly] = [S::load(friendly), S::load(friendly.add(step))];
        let mut carry = S::splat_word(bias[0]);
        for k in (0..2 * digits).step_by(GROUP) {
            let &[_, s1, s2, s3, s4] = &bias[k..=k + GROUP] else { unreachable!("a slice of five") };
            let mut sums =
                [carry, S::splat_word(s1), S::splat_word(s2), S::splat_word(s3), S::splat_word(s4)];
            terms.add(&mut sums, k, digits, constants);
            let column = k.cast_signed() - FRIENDLY_DIGITS.cast_signed();
            convolve::<S>(&mut sums, quotient, friendly, quotient_rows(k, digits), column, constants);

            let target = if k < digits { quotient.add(k * step) } else { result.add((k - digits) * step) };
            let [x0, mut x1, mut x2, mut x3, mut x4] = sums;
            let lowest = digit::<S>(x0);
            S::store(target, lowest);
            x1 = S::add_word(x1, S::carry_word(x0));
            let second = digit::<S>(x1);
            S::store(target.add(step), second);
            if k < digits {
                // The three products with quotient digits of this group that end in this group.
                accumulate::<S>(&mut x2, &mut x3, lowest, first_friendly, constants);
                accumulate::<S>(&mut x3, &mut x4, lowest, second_friendly, constants);
                accumulate::<S>(&mut x3, &mut x4, second, first_friendly, constants);
            }
            x2 = S::add_word(x2, S::carry_word(x1));
            S::store(target.add(2 * step), digit::<S>(x2));
            x3 = S::add_word(x3, S::carry_word(x2));
            S::store(target.add(3 * step), digit::<S>(x3));
            carry = S::add_word(x4, S::carry_word(x3));
        }
    }
}

/// 2·a
///
/// # Safety
/// As [`super::simd::Simd`], with `digits` digits of a and room for as many.
#[inline(always)]
pub(super) unsafe fn double<S: Simd>(doubled: *mut f64, a: *const f64, digits: usize) {
    for i in (0..digits * S::LANES).step_by(S::LANES) {
        // SAFETY: the caller has the instructions and the memory.
        unsafe { S::store(doubled.add(i), S::add(S::load(a.add(i)), S::load(a.add(i)))) };
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
    let [mut quotient, mut doubled] = [Scratch::uninit(); 2];
    let (quotient, doubled) = (quotient.as_mut_ptr().cast::<f64>(), doubled.as_mut_ptr().cast::<f64>());
    digits_of!(S; friendly, a, b);
    // SAFETY: the caller has the instructions and residues with padding; "What is read" above shows that no more of them
    // is read. Quotient and doubled have room for the most digits and lanes.
    unsafe {
        let result = result.as_mut_ptr().cast::<f64>().add(PAD_FRONT * S::LANES);
        if SQUARE {
            double::<S>(doubled, a, digits);
            let given = (tables.constants, tables.square_bias.as_slice());
            reduce::<S, _>(given, digits, Square { a, doubled }, friendly, quotient, result);
        } else {
            let given = (tables.constants, tables.product_bias.as_slice());
            reduce::<S, _>(given, digits, Product { a, b }, friendly, quotient, result);
        }
    }
}

/// [`multiply`] modulo ñ²: residues are two components `x₁ + x₂·ñ`, one after the other, each with its zeros.
///
/// # Safety
/// As [`multiply`], with two components in `result`, `a` and `b`, and one in `friendly`.
#[inline(always)]
pub(super) unsafe fn multiply_modulo_square<S: Fused, const SQUARE: bool>(
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
        let [one_cross, two_cross] = tables.cross_bias.each_ref().map(Vec::as_slice);
        if SQUARE {
            double::<S>(doubled, a, digits);
            let terms = Square { a, doubled };
            reduce::<S, _>((constants, &tables.square_bias), digits, terms, friendly, quotient, result);
            // 2·a has no zeros around it: it is the factor whose rows are read.
            let terms = Cross { products: [Product { a: doubled, b: a_second }], quotient };
            reduce::<S, _>((constants, one_cross), digits, terms, friendly, second, result_second);
        } else {
            let terms = Product { a, b };
            reduce::<S, _>((constants, &tables.product_bias), digits, terms, friendly, quotient, result);
            let products = [Product { a, b: b_second }, Product { a: a_second, b }];
            let terms = Cross { products, quotient };
            reduce::<S, _>((constants, two_cross), digits, terms, friendly, second, result_second);
        }
    }
}

/// The two components of a residue modulo a square.
#[inline(always)]
pub(super) fn components(residue: &[u64]) -> [&[u64]; 2] {
    let (first, second) = residue.split_at(residue.len() / 2);
    [first, second]
}
