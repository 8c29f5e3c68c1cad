//! What queries and keys become before they are multiplied.

use crate::dense::groups::{Group, four, two};
use crate::dense::tiles::{Factors, Results, int8, int16};
use crate::vector::{Magnitude, ROUND, fold};
use pulp::x86::V4;
use std::arch::x86_64::__m512i;

/// A width of integers.
pub(in crate::attention) trait Steps {
    /// A value in steps.
    type Integer: Copy + Default;
    /// Integers of a group.
    const EACH: usize;
    /// What is added to those of queries, where they must not be negative.
    const ABOVE: u8;

    /// The largest integer, where sums of `count` products shall fit 31 bits.
    fn reach(count: usize) -> u32;

    /// From the low bits.
    fn new(bits: u32) -> Self::Integer;

    /// What [`ABOVE`](Self::ABOVE) adds to the products of every query with a key.
    fn added(key: &[Self::Integer]) -> i32;

    /// A group of them.
    fn group(of: &[Self::Integer]) -> u32;

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

    #[inline(always)]
    fn new(bits: u32) -> u16 {
        bits as u16
    }

    #[inline(always)]
    fn added(_: &[u16]) -> i32 {
        0
    }

    #[inline(always)]
    fn group(of: &[u16]) -> u32 {
        two(of)
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

    #[inline(always)]
    fn new(bits: u32) -> i8 {
        bits as i8
    }

    #[inline(always)]
    fn added(key: &[i8]) -> i32 {
        i32::from(Self::ABOVE) * key.iter().map(|&q| i32::from(q)).sum::<i32>()
    }

    #[inline(always)]
    fn group(of: &[i8]) -> u32 {
        four(of)
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
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
pub(super) fn to_integers<S: Steps>(x: &[f32], above: u8, reach: u32, q: &mut [S::Integer]) -> f32 {
    // SAFETY: the features are among this function's own.
    #[expect(unsafe_code)]
    let unit = unsafe { V4::new_unchecked() };
    let reach = reach as f32;
    let largest = fold(unit, Magnitude, x).max(f32::MIN_POSITIVE * reach);
    let (steps, zero) = (reach / largest, ROUND + f32::from(above));
    for (q, &x) in q.iter_mut().zip(x) {
        *q = S::new(x.mul_add(steps, zero).to_bits());
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
