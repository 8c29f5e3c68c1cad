//! A few rows times one panel of [`Group`]s, the sums in registers: one loop for each instruction
//! of AVX-512 that multiplies four bytes a lane and adds.

use super::groups::{Group, PANEL, parts};
use crate::lasting::LINE;
use std::arch::asm;
use std::arch::x86_64::{__m512, __m512bh, __m512i, _mm512_dpbf16_ps};
use std::mem::transmute;

/// Rows whose sums are in registers at once: 24 of the 32 vectors.
pub(crate) const ROWS: usize = 12;

/// Groups that are asked for ahead of time: a panel of 768 inputs, its rows and what they become do
/// not fit the first cache together.
const SOON: usize = 8;

/// Rows of values in groups of four bytes, as many groups as the panel has.
#[derive(Clone, Copy)]
pub(crate) struct Factors {
    pub(crate) start: *const u8,
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    pub(crate) rows: usize,
}

/// Rows of a panel's columns that `finish` writes.
#[derive(Clone, Copy)]
pub(crate) struct Results {
    pub(crate) start: *mut f32,
    /// Values from one row to the next.
    pub(crate) stride: usize,
}

impl Results {
    /// From a row on.
    pub(crate) fn from(self, row: usize) -> Self {
        Self { start: self.start.wrapping_add(row * self.stride), ..self }
    }
}

macro_rules! tiles {
    ($(#[$what:meta])* $name:ident, $features:tt, $vector:ident, $zero:ident, $dot:path) => {
        $(#[$what])*
        pub(crate) mod $name {
            use super::{Factors, Group, LINE, PANEL, ROWS, Results, SOON, parts};
            use std::arch::x86_64::{
                $vector, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch, _mm512_load_si512, _mm512_set1_epi32, $zero,
            };
            use std::mem::MaybeUninit;

            /// Calls `finish` with a few rows at a time: the first of them, and of each the sums of
            /// its products in the two halves of the panel. Meanwhile `ahead`, the panel that comes
            /// next, is fetched into the second cache, and the two lines of each row of `y` into
            /// the first: the first rows would wait for the one, and `finish` for the others.
            ///
            /// # Safety
            /// The CPU must have the module's instructions, and each row of `x` as many groups
            /// of four readable bytes as the panel.
            #[expect(unsafe_code)]
            #[inline]
            #[target_feature(enable = $features)]
            pub(crate) unsafe fn multiply(
                x: Factors,
                panel: &[Group],
                ahead: &[Group],
                y: Results,
                mut finish: impl FnMut(usize, &[[$vector; 2]]),
            ) {
                let mut sums = [MaybeUninit::uninit(); ROWS];
                for (part, (first, rows)) in parts(x.rows, ROWS).enumerate() {
                    let x = Factors { start: x.start.wrapping_add(first * x.stride), rows, ..x };
                    // A line a group: two parts fetch all, the others what is there.
                    let ahead = if part < 2 && ahead.len() == panel.len() {
                        ahead.as_ptr().cast::<i8>().wrapping_add(part * panel.len() * LINE)
                    } else {
                        panel.as_ptr().cast()
                    };
                    for row in first..first + rows {
                        let line = y.start.wrapping_add(row * y.stride).cast::<i8>();
                        _mm_prefetch::<_MM_HINT_T0>(line);
                        _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(LINE));
                    }
                    // SAFETY: each arm computes as many rows as there are, and writes their sums.
                    unsafe {
                        match rows {
                            12 => few_rows::<12>(x, panel, ahead, &mut sums),
                            11 => few_rows::<11>(x, panel, ahead, &mut sums),
                            10 => few_rows::<10>(x, panel, ahead, &mut sums),
                            9 => few_rows::<9>(x, panel, ahead, &mut sums),
                            8 => few_rows::<8>(x, panel, ahead, &mut sums),
                            7 => few_rows::<7>(x, panel, ahead, &mut sums),
                            6 => few_rows::<6>(x, panel, ahead, &mut sums),
                            5 => few_rows::<5>(x, panel, ahead, &mut sums),
                            4 => few_rows::<4>(x, panel, ahead, &mut sums),
                            3 => few_rows::<3>(x, panel, ahead, &mut sums),
                            2 => few_rows::<2>(x, panel, ahead, &mut sums),
                            _ => few_rows::<1>(x, panel, ahead, &mut sums),
                        }
                        finish(first, sums[..rows].assume_init_ref());
                    }
                }
            }

            /// # Safety
            /// As [`multiply`], with R rows.
            #[expect(unsafe_code)]
            #[target_feature(enable = $features)]
            unsafe fn few_rows<const R: usize>(
                x: Factors,
                panel: &[Group],
                ahead: *const i8,
                tile: &mut [MaybeUninit<[$vector; 2]>],
            ) {
                // A pointer for every four rows: the distances between those are few enough for
                // registers.
                let mut starts = [0, 4, 8].map(|row| x.start.wrapping_add(row * x.stride));
                let mut sums: [[$vector; 2]; R] = [[$zero(); 2]; R];
                for (i, group) in panel.iter().enumerate() {
                    // SAFETY: a group is aligned and holds two vectors; each row holds four bytes
                    // for every group.
                    unsafe {
                        _mm_prefetch::<_MM_HINT_T1>(ahead.wrapping_add(i * LINE));
                        let soon = group.0.as_ptr().wrapping_add(SOON * PANEL).cast::<i8>();
                        _mm_prefetch::<_MM_HINT_T0>(soon);
                        _mm_prefetch::<_MM_HINT_T0>(soon.wrapping_add(LINE));
                        let low = _mm512_load_si512(group.0.as_ptr().cast());
                        let high = _mm512_load_si512(group.0.as_ptr().add(16).cast());
                        for (r, sums) in sums.iter_mut().enumerate() {
                            let x = starts[r / 4].wrapping_add(r % 4 * x.stride);
                            let x = x.cast::<[u8; 4]>().read();
                            let x = _mm512_set1_epi32(i32::from_le_bytes(x));
                            sums[0] = $dot(sums[0], x, low);
                            sums[1] = $dot(sums[1], x, high);
                        }
                    }
                    for start in &mut starts {
                        *start = start.wrapping_add(4);
                    }
                }
                for (to, sums) in tile.iter_mut().zip(sums) {
                    to.write(sums);
                }
            }
        }
    };
}

tiles!(
    /// u8 times int8, four at a time.
    int8, "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma", __m512i,
    _mm512_setzero_si512, std::arch::x86_64::_mm512_dpbusd_epi32
);
tiles!(
    /// i16 times i16, two at a time.
    int16, "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma", __m512i,
    _mm512_setzero_si512, super::multiply_int16
);
tiles!(
    /// bf16 times bf16, two at a time.
    bf16, "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx512bf16,avx2,fma", __m512,
    _mm512_setzero_ps, super::multiply_bf16
);

/// `vpdpwssd`. Given the intrinsic, the compiler makes two instructions of it, to shorten a chain of
/// sums: here 24 chains run side by side, and the second one is in the way.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn multiply_int16(mut sum: __m512i, x: __m512i, weights: __m512i) -> __m512i {
    // SAFETY: the instruction is among the function's own and touches registers only.
    #[expect(unsafe_code)]
    unsafe {
        asm!(
            "vpdpwssd {sum}, {x}, {weights}",
            sum = inout(zmm_reg) sum,
            x = in(zmm_reg) x,
            weights = in(zmm_reg) weights,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// Both factors' bytes as bf16.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn multiply_bf16(sum: __m512, x: __m512i, weights: __m512i) -> __m512 {
    // SAFETY: the types are of one size and take every pattern of bits.
    #[expect(unsafe_code)]
    let [x, weights] = unsafe { [x, weights].map(|bits| transmute::<__m512i, __m512bh>(bits)) };
    _mm512_dpbf16_ps(sum, x, weights)
}
