//! AVX2 and FMA: four lanes.

use core::arch::x86_64::*;

use super::{Fused, Simd, operations};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2;

// SAFETY: each function is one intrinsic of AVX2 or FMA, or two.
unsafe impl Simd for Avx2 {
    const LANES: usize = 4;
    type Float = __m256d;

    operations! {
        splat(value: f64) -> __m256d = _mm256_set1_pd(value);
        load(source: *const f64) -> __m256d = _mm256_loadu_pd(source);
        store(target: *mut f64, value: __m256d) = _mm256_storeu_pd(target, value);
        multiply(a: __m256d, b: __m256d) -> __m256d = _mm256_mul_pd(a, b);
        multiply_add(a: __m256d, b: __m256d, c: __m256d) -> __m256d = _mm256_fmadd_pd(a, b, c);
        subtract(a: __m256d, b: __m256d) -> __m256d = _mm256_sub_pd(a, b);
        add(a: __m256d, b: __m256d) -> __m256d = _mm256_add_pd(a, b);
    }
}

// SAFETY: as above; `_mm256_fmadd_pd` rounds once.
unsafe impl Fused for Avx2 {
    type Word = __m256i;

    operations! {
        fused(a: __m256d, b: __m256d, c: __m256d) -> __m256d = _mm256_fmadd_pd(a, b, c);
        splat_word(value: u64) -> __m256i = _mm256_set1_epi64x(value.cast_signed());
        add_word(a: __m256i, b: __m256i) -> __m256i = _mm256_add_epi64(a, b);
        and_word(a: __m256i, b: __m256i) -> __m256i = _mm256_and_si256(a, b);
        or_word(a: __m256i, b: __m256i) -> __m256i = _mm256_or_si256(a, b);
        carry_word(a: __m256i) -> __m256i = _mm256_srli_epi64::<47>(a);
        to_word(a: __m256d) -> __m256i = _mm256_castpd_si256(a);
        to_float(a: __m256i) -> __m256d = _mm256_castsi256_pd(a);
    }
}
