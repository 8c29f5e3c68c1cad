//! The products of a few rows with a panel of columns, in registers.

use super::groups::parts;
use super::panels::Row;
use super::{Activation, PANEL};
use crate::gelu::{bias_gelu_inline, bias_inline};
use std::arch::x86_64::{
    __m512, __mmask16, _mm512_add_ps, _mm512_fmadd_ps, _mm512_load_ps, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps,
};

/// Rows whose sums are in registers at once: 24 of the 32 vectors.
const ROWS: usize = 12;

/// C = A·B, or that and what was there, for some rows of A and one panel of B.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'a> {
    pub(crate) rows: usize,
    /// [rows, depth].
    pub(crate) a: *const f32,
    pub(crate) a_stride: usize,
    /// [depth, 32].
    pub(crate) b: &'a [Row],
    /// [rows, columns].
    pub(crate) c: *mut f32,
    pub(crate) c_stride: usize,
    /// Of C, at most 32.
    pub(crate) columns: usize,
    /// Sums that the products are added to, laid out as C is, which may be C.
    pub(crate) onto: Option<*const f32>,
}

/// What follows the last block of a product.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// [columns].
    pub(crate) bias: &'a [f32],
    pub(crate) activation: Activation,
}

/// # Safety
/// The CPU must have AVX-512; A must be readable and C writable as [`Tile`] describes them, and
/// no other thread may touch C meanwhile.
#[expect(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
pub(crate) unsafe fn multiply(tile: Tile<'_>, finish: Option<Finish<'_>>) {
    for (first, rows) in parts(tile.rows, ROWS) {
        let part = Tile {
            rows,
            a: tile.a.wrapping_add(first * tile.a_stride),
            c: tile.c.wrapping_add(first * tile.c_stride),
            onto: tile.onto.map(|onto| onto.wrapping_add(first * tile.c_stride)),
            ..tile
        };
        // SAFETY: the part lies in the tile.
        unsafe {
            few_rows(part);
            if let Some(finish) = finish {
                complete(part, finish);
            }
        }
    }
}

/// # Safety
/// As [`multiply`], with at most 12 rows.
#[expect(unsafe_code)]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
unsafe fn few_rows(tile: Tile<'_>) {
    // SAFETY: each arm computes as many rows as the tile has.
    unsafe {
        match tile.rows {
            12 => in_registers::<12>(tile),
            11 => in_registers::<11>(tile),
            10 => in_registers::<10>(tile),
            9 => in_registers::<9>(tile),
            8 => in_registers::<8>(tile),
            7 => in_registers::<7>(tile),
            6 => in_registers::<6>(tile),
            5 => in_registers::<5>(tile),
            4 => in_registers::<4>(tile),
            3 => in_registers::<3>(tile),
            2 => in_registers::<2>(tile),
            1 => in_registers::<1>(tile),
            _ => {}
        }
    }
}

/// # Safety
/// As [`multiply`], with R rows.
#[expect(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
unsafe fn in_registers<const R: usize>(tile: Tile<'_>) {
    let mut sums: [[__m512; 2]; R] = [[_mm512_setzero_ps(); 2]; R];
    for (i, row) in tile.b.iter().enumerate() {
        // SAFETY: a panel's rows are aligned and hold two vectors; element i of each of the R
        // rows of A is readable.
        unsafe {
            let low = _mm512_load_ps(row.0.as_ptr());
            let high = _mm512_load_ps(row.0.as_ptr().add(16));
            for (r, sums) in sums.iter_mut().enumerate() {
                let a = _mm512_set1_ps(*tile.a.add(r * tile.a_stride + i));
                sums[0] = _mm512_fmadd_ps(a, low, sums[0]);
                sums[1] = _mm512_fmadd_ps(a, high, sums[1]);
            }
        }
    }
    let masks = masks(tile.columns);
    for (r, sums) in sums.iter().enumerate() {
        let c = tile.c.wrapping_add(r * tile.c_stride);
        for (half, (&sum, &mask)) in sums.iter().zip(&masks).enumerate() {
            let c = c.wrapping_add(half * 16);
            // SAFETY: the mask keeps both to the columns that C has.
            unsafe {
                let sum = match tile.onto {
                    Some(onto) => {
                        let onto = onto.wrapping_add(r * tile.c_stride + half * 16);
                        _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, onto))
                    }
                    None => sum,
                };
                _mm512_mask_storeu_ps(c, mask, sum);
            }
        }
    }
}

/// The lanes of the two vectors that are in the first `columns`.
pub(crate) fn masks(columns: usize) -> [__mmask16; 2] {
    let lanes = ((1_u64 << columns.min(PANEL)) - 1) as u32;
    [lanes as u16, (lanes >> 16) as u16]
}

/// The first 16 values, those that are missing 0.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn vector(x: &[f32]) -> __m512 {
    let [mask, _] = masks(x.len());
    // SAFETY: the mask keeps to the values.
    #[expect(unsafe_code)]
    unsafe {
        _mm512_maskz_loadu_ps(mask, x.as_ptr())
    }
}

/// C ← activation(C + bias).
///
/// # Safety
/// As [`multiply`].
#[expect(unsafe_code)]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
pub(crate) unsafe fn complete(tile: Tile<'_>, finish: Finish<'_>) {
    for row in 0..tile.rows {
        let start = tile.c.wrapping_add(row * tile.c_stride);
        // SAFETY: C has `columns` elements in each row, written by this thread alone.
        let c = unsafe { std::slice::from_raw_parts_mut(start, tile.columns) };
        match finish.activation {
            Activation::None => bias_inline(c, finish.bias),
            Activation::Gelu => bias_gelu_inline(c, finish.bias),
        }
    }
}
