//! 128-bit SIMD of WebAssembly, without fused multiply-adds: two lanes.

use core::arch::wasm32::*;

use super::{Simd, operations};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Simd128;

// SAFETY: each function is one instruction of simd128, or two.
unsafe impl Simd for Simd128 {
    const LANES: usize = 2;
    type Float = v128;

    operations! {
        splat(value: f64) -> v128 = f64x2_splat(value);
        load(source: *const f64) -> v128 = v128_load(source.cast());
        store(target: *mut f64, value: v128) = v128_store(target.cast(), value);
        multiply(a: v128, b: v128) -> v128 = f64x2_mul(a, b);
        multiply_add(a: v128, b: v128, c: v128) -> v128 = f64x2_add(f64x2_mul(a, b), c);
        subtract(a: v128, b: v128) -> v128 = f64x2_sub(a, b);
        add(a: v128, b: v128) -> v128 = f64x2_add(a, b);
    }
}
