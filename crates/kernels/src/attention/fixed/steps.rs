//! What queries and keys become before they are multiplied.

use super::HALF;
use crate::dense::avx512::vector;
use crate::dense::groups::Group;
use crate::dense::tiles::{Factors, Results, int8, int16};
use crate::vector::{ROUND, larger};
use pulp::bytemuck::Zeroable;
use std::arch::x86_64::{
    __m512i, _mm_storeu_si128, _mm256_storeu_si256, _mm512_abs_ps, _mm512_castps_si512,
    _mm512_cvtepi32_epi8, _mm512_cvtepi32_epi16, _mm512_dpbusd_epi32, _mm512_fmadd_ps,
    _mm512_max_ps, _mm512_reduce_max_ps, _mm512_set1_epi8, _mm512_set1_ps, _mm512_setzero_ps,
};

/// A width of integers.
pub(in crate::attention) trait Steps {
    /// A value in steps.
    type Integer: Copy + Default + Zeroable;
    /// Integers of a group.
    const EACH: usize;
    /// What is added to those of queries, where they must not be negative.
    const ABOVE: u8;

    /// The largest integer, where sums of `count` products shall fit 31 bits.
    fn reach(count: usize) -> u32;

    /// Writes the low bits of 16 lanes.
    ///
    /// # Safety
    /// The CPU must have AVX-512 with VNNI, and 16 integers be writable.
    #[expect(unsafe_code)]
    unsafe fn write(q: *mut Self::Integer, bits: __m512i);

    /// What [`ABOVE`](Self::ABOVE) adds to the products of every query with a group of 16 keys, and
    /// `added`.
    ///
    /// # Safety
    /// The CPU must have AVX-512 with VNNI.
    #[expect(unsafe_code)]
    unsafe fn added(added: __m512i, keys: __m512i) -> __m512i;

    /// Multiplies as [`int8::multiply`] does.
    ///
    /// # Safety
    /// As there.
    #[expect(unsafe_code)]
    unsafe fn multiply(
        x: Factors,
        panel: &[Group],
        y: Results,
        finish: impl FnMut(usize, &[[__m512i; 2]]),
    );
}

/// Of 16 bits, as fine as sums of 32 bits allow: 12 bits beside the sign for 64 columns.
#[derive(Default)]
pub(in crate::attention) struct Int16;

impl Steps for Int16 {
    type Integer = u16;
    const EACH: usize = 2;
    const ABOVE: u8 = 0;

    fn reach(count: usize) -> u32 {
        let most = i32::MAX as u32 / count.max(1) as u32;
        most.isqrt().min(i16::MAX as u32)
    }

    #[expect(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn write(q: *mut u16, bits: __m512i) {
        // SAFETY: the caller's promise.
        unsafe { _mm256_storeu_si256(q.cast(), _mm512_cvtepi32_epi16(bits)) };
    }

    #[expect(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn added(added: __m512i, _: __m512i) -> __m512i {
        added
    }

    #[expect(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn multiply(
        x: Factors,
        panel: &[Group],
        y: Results,
        finish: impl FnMut(usize, &[[__m512i; 2]]),
    ) {
        // SAFETY: the caller's promise.
        unsafe { int16::multiply(x, panel, &[], y, finish) }
    }
}

/// Of 8 bits, at twice the rate.
#[derive(Default)]
pub(in crate::attention) struct Int8;

impl Steps for Int8 {
    type Integer = i8;
    const EACH: usize = 4;
    const ABOVE: u8 = 128;

    fn reach(_: usize) -> u32 {
        i8::MAX as u32
    }

    #[expect(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn write(q: *mut i8, bits: __m512i) {
        // SAFETY: the caller's promise.
        unsafe { _mm_storeu_si128(q.cast(), _mm512_cvtepi32_epi8(bits)) };
    }

    #[expect(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn added(added: __m512i, keys: __m512i) -> __m512i {
        _mm512_dpbusd_epi32(added, _mm512_set1_epi8(Self::ABOVE as i8), keys)
    }

    #[expect(unsafe_code)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn multiply(
        x: Factors,
        panel: &[Group],
        y: Results,
        finish: impl FnMut(usize, &[[__m512i; 2]]),
    ) {
        // SAFETY: the caller's promise.
        unsafe { int8::multiply(x, panel, &[], y, finish) }
    }
}

/// x ≈ scale·(q − above) with |q − above| at most `reach`; returns the scale, which is never 0.
/// What is past the last x, up to a whole vector, is `above`.
///
/// # Panics
/// Where `q` is shorter than x in whole vectors.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
pub(super) fn to_integers<S: Steps>(x: &[f32], reach: u32, above: u8, q: &mut [S::Integer]) -> f32 {
    assert!(q.len() >= x.len().next_multiple_of(HALF), "integers for fewer values");
    let vectors = || (0..x.len()).step_by(HALF);
    let mut magnitude = _mm512_setzero_ps();
    for first in vectors() {
        magnitude = _mm512_max_ps(magnitude, _mm512_abs_ps(vector(&x[first..])));
    }
    let reach = reach as f32;
    let largest = larger(_mm512_reduce_max_ps(magnitude), f32::MIN_POSITIVE * reach);
    let steps = _mm512_set1_ps(reach / largest);
    let zero = _mm512_set1_ps(ROUND + f32::from(above));
    for first in vectors() {
        let bits = _mm512_castps_si512(_mm512_fmadd_ps(vector(&x[first..]), steps, zero));
        // SAFETY: the features are among this function's own, and q holds the whole vector.
        #[expect(unsafe_code)]
        unsafe {
            S::write(q.as_mut_ptr().wrapping_add(first), bits);
        }
    }
    largest / reach
}

#[cfg(test)]
mod tests {
    use super::{Int8, Int16, Steps};

    #[test]
    fn sums_fit_31_bits() {
        for count in [1, 2, 63, 64, 128, 1000] {
            let reach = u64::from(Int16::reach(count));
            assert!(
                i32::try_from(reach * reach * count as u64).is_ok() && i16::try_from(reach).is_ok()
            );
            let reach = u64::from(Int8::reach(count));
            let most = reach + u64::from(Int8::ABOVE);
            assert!(i32::try_from(most * reach * count as u64).is_ok() && most <= 255);
        }
    }
}
