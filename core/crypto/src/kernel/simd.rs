//! The few vector operations that the arithmetic is written in, and one implementation per instruction set.
//!
//! A backend has `LANES` lanes of 64 bits. Floating-point lanes (`Float`) and integer lanes (`Word`) are the same
//! registers seen two ways.

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "aarch64")]
pub(super) mod neon;
#[cfg(all(target_arch = "wasm32", feature = "relaxed-simd"))]
pub(super) mod relaxed;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) mod simd128;

/// Lanes of the widest backend.
pub(super) const MAX_LANES: usize = 4;

/// Vector operations of one instruction set.
///
/// # Safety
/// Every function may be called only on a processor that has the backend's instruction set; pointers must be valid for
/// `LANES` elements (no alignment beyond that of an element is needed). To be fast, they must be inlined into a
/// function that is compiled for the instruction set. Implementors promise that the functions do what they say.
pub(super) unsafe trait Simd: Copy {
    /// Lanes of a vector, at most [`MAX_LANES`].
    const LANES: usize;
    /// `LANES` doubles.
    type Float: Copy;

    unsafe fn splat(value: f64) -> Self::Float;
    unsafe fn load(source: *const f64) -> Self::Float;
    unsafe fn store(target: *mut f64, value: Self::Float);
    unsafe fn multiply(a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a·b + c`, rounded once or twice: for values where neither rounding loses anything.
    unsafe fn multiply_add(a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    unsafe fn subtract(a: Self::Float, b: Self::Float) -> Self::Float;
    unsafe fn add(a: Self::Float, b: Self::Float) -> Self::Float;
}

/// The operations that exact products of 47-bit digits need besides.
///
/// # Safety
/// As [`Simd`].
pub(super) unsafe trait Fused: Simd {
    /// `LANES` unsigned 64-bit integers: the same registers as `Float`.
    type Word: Copy;

    /// `a·b + c`, rounded once: see [`is_fused`].
    unsafe fn fused(a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    unsafe fn splat_word(value: u64) -> Self::Word;
    /// Wrapping.
    unsafe fn add_word(a: Self::Word, b: Self::Word) -> Self::Word;
    unsafe fn and_word(a: Self::Word, b: Self::Word) -> Self::Word;
    unsafe fn or_word(a: Self::Word, b: Self::Word) -> Self::Word;
    /// Logical shift right by [`super::fma47::RADIX_BITS`].
    unsafe fn carry_word(a: Self::Word) -> Self::Word;
    unsafe fn to_word(a: Self::Float) -> Self::Word;
    unsafe fn to_float(a: Self::Word) -> Self::Float;
}

/// Whether [`Fused::fused`] really rounds once: `(1 + 2⁻³⁰)² − (1 + 2⁻²⁹) = 2⁻⁶⁰`, which a product that was rounded
/// before the subtraction would have lost.
///
/// # Safety
/// The processor has the instruction set of `S`.
#[inline(always)]
pub(super) unsafe fn is_fused<S: Fused>() -> bool {
    let [factor, summand] = core::hint::black_box([1.0 + 2_f64.powi(-30), -(1.0 + 2_f64.powi(-29))]);
    let mut result = [0.0; MAX_LANES];
    // SAFETY: the caller has the instruction set, and `result` has room for as many lanes as there can be.
    unsafe {
        let value = S::fused(S::splat(factor), S::splat(factor), S::splat(summand));
        S::store(result.as_mut_ptr(), value);
    }
    result[..S::LANES].iter().all(|&lane| lane == 2_f64.powi(-60))
}

/// Operations that are one expression of intrinsics each.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
macro_rules! operations {
    ($($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? = $body:expr;)*) => {$(
        #[inline(always)]
        #[allow(unused_unsafe, reason = "intrinsics are safe where the whole build has the instructions")]
        unsafe fn $name($($argument: $type),*) $(-> $result)? {
            // SAFETY: the trait's contract: the processor has these instructions, and pointers are valid for all lanes.
            unsafe { $body }
        }
    )*};
}
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
use operations;
