//! NEON, which every 64-bit ARM processor has: two lanes.

use core::arch::aarch64::*;

use super::{Fused, Simd, operations};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Neon;

// SAFETY: each function is one intrinsic of NEON.
unsafe impl Simd for Neon {
    const LANES: usize = 2;
    type Float = float64x2_t;

    operations! {
        splat(value: f64) -> float64x2_t = vdupq_n_f64(value);
        load(source: *const f64) -> float64x2_t = vld1q_f64(source);
        store(target: *mut f64, value: float64x2_t) = vst1q_f64(target, value);
        multiply(a: float64x2_t, b: float64x2_t) -> float64x2_t = vmulq_f64(a, b);
        multiply_add(a: float64x2_t, b: float64x2_t, c: float64x2_t) -> float64x2_t = vfmaq_f64(c, a, b);
        subtract(a: float64x2_t, b: float64x2_t) -> float64x2_t = vsubq_f64(a, b);
        add(a: float64x2_t, b: float64x2_t) -> float64x2_t = vaddq_f64(a, b);
    }
}

// SAFETY: as above; `vfmaq_f64` rounds once.
unsafe impl Fused for Neon {
    type Word = uint64x2_t;

    operations! {
        fused(a: float64x2_t, b: float64x2_t, c: float64x2_t) -> float64x2_t = vfmaq_f64(c, a, b);
        splat_word(value: u64) -> uint64x2_t = vdupq_n_u64(value);
        add_word(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t = vaddq_u64(a, b);
        and_word(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t = vandq_u64(a, b);
        or_word(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t = vorrq_u64(a, b);
        carry_word(a: uint64x2_t) -> uint64x2_t = vshrq_n_u64::<47>(a);
        to_word(a: float64x2_t) -> uint64x2_t = vreinterpretq_u64_f64(a);
        to_float(a: uint64x2_t) -> float64x2_t = vreinterpretq_f64_u64(a);
    }
}
