//! From a tile's sums to y in AVX-512: a row of a panel is two vectors.

use super::Activation;
use super::avx512::masks;
use super::groups::PANEL;
use super::tiles::Results;
use crate::gelu::gelu_near_vector;
use std::arch::x86_64::{__m512, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_storeu_ps};

/// Lanes of a vector.
const HALF: usize = PANEL / 2;

/// What belongs to a panel's columns, 0 past the last one.
///
/// # Panics
/// Where they are more than a panel's.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
pub(crate) fn of_columns(values: &[f32]) -> [__m512; 2] {
    assert!(values.len() <= PANEL, "more columns than a panel");
    let [low, high] = masks(values.len());
    let start = values.as_ptr();
    // SAFETY: the masks keep to the values.
    #[expect(unsafe_code)]
    unsafe {
        let high = _mm512_maskz_loadu_ps(high, start.wrapping_add(HALF));
        [_mm512_maskz_loadu_ps(low, start), high]
    }
}

/// y ← activation(value(row, half)) for so many rows of `columns` columns.
///
/// # Safety
/// The CPU must have AVX-512; y must have the rows and columns, written by this thread alone.
#[expect(unsafe_code)]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
pub(crate) unsafe fn finish(
    rows: usize,
    y: Results,
    columns: usize,
    activation: Activation,
    value: impl Fn(usize, usize) -> __m512,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match (activation, columns == PANEL) {
            (Activation::None, true) => write::<false, true>(rows, y, columns, value),
            (Activation::None, false) => write::<false, false>(rows, y, columns, value),
            (Activation::Gelu, true) => write::<true, true>(rows, y, columns, value),
            (Activation::Gelu, false) => write::<true, false>(rows, y, columns, value),
        }
    }
}

/// # Safety
/// As [`finish`]; WHOLE is whether the columns are a panel's.
#[expect(unsafe_code)]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
unsafe fn write<const GELU: bool, const WHOLE: bool>(
    rows: usize,
    y: Results,
    columns: usize,
    value: impl Fn(usize, usize) -> __m512,
) {
    let masks = masks(columns);
    for row in 0..rows {
        for (half, &mask) in masks.iter().enumerate() {
            let value = value(row, half);
            let value = if GELU { gelu_near_vector(value) } else { value };
            let to = y.start.wrapping_add(row * y.stride + half * HALF);
            // SAFETY: the row is y's, and so are the columns, to which the mask keeps.
            unsafe {
                if WHOLE {
                    _mm512_storeu_ps(to, value);
                } else {
                    _mm512_mask_storeu_ps(to, mask, value);
                }
            }
        }
    }
}
