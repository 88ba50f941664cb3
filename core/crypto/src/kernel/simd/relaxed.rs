//! Relaxed SIMD of WebAssembly: two lanes, with a multiply-add that is fused where [`super::is_fused`] says so.

use core::arch::wasm32::*;

use super::{Fused, Simd, operations};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Relaxed;

// SAFETY: each function is one instruction of simd128 or relaxed-simd.
unsafe impl Simd for Relaxed {
    const LANES: usize = 2;
    type Float = v128;

    operations! {
        splat(value: f64) -> v128 = f64x2_splat(value);
        load(source: *const f64) -> v128 = v128_load(source.cast());
        store(target: *mut f64, value: v128) = v128_store(target.cast(), value);
        multiply(a: v128, b: v128) -> v128 = f64x2_mul(a, b);
        multiply_add(a: v128, b: v128, c: v128) -> v128 = f64x2_relaxed_madd(a, b, c);
        subtract(a: v128, b: v128) -> v128 = f64x2_sub(a, b);
        add(a: v128, b: v128) -> v128 = f64x2_add(a, b);
    }
}

// SAFETY: as above. Whether `f64x2_relaxed_madd` rounds once is asked before this is used.
unsafe impl Fused for Relaxed {
    type Word = v128;

    operations! {
        fused(a: v128, b: v128, c: v128) -> v128 = f64x2_relaxed_madd(a, b, c);
        splat_word(value: u64) -> v128 = u64x2_splat(value);
        add_word(a: v128, b: v128) -> v128 = i64x2_add(a, b);
        and_word(a: v128, b: v128) -> v128 = v128_and(a, b);
        or_word(a: v128, b: v128) -> v128 = v128_or(a, b);
        carry_word(a: v128) -> v128 = u64x2_shr(a, 47);
        to_word(a: v128) -> v128 = a;
        to_float(a: v128) -> v128 = a;
    }
}
