//! int8 weights: per output symmetric, in panels for AVX2 and for what multiplies int8 itself.

use super::grid::Grid;
#[cfg(target_arch = "x86_64")]
use super::groups::two_panels;
use super::groups::{Group, PANEL, four, grouped};
use super::{Activation, Target};
use crate::gelu::gelu_near;
use crate::lasting::Lasting;
use crate::level::Level;
use crate::quantise::{Quantised, Scale};
#[cfg(target_arch = "x86_64")]
use crate::rows::Rows;
use crate::rows::RowsMut;
use crate::spread::Spread;

/// Inputs that one instruction multiplies and adds.
const GROUP: usize = 4;

/// int8 weights of a dense layer, w ≈ scale·q.
#[derive(Clone, Copy, Debug)]
pub struct Int8Weights<'a> {
    /// [outputs, inputs], row-major.
    pub values: &'a [i8],
    /// [outputs].
    pub scales: &'a [f32],
}

#[derive(Debug)]
pub(crate) struct Int8 {
    layout: Layout,
    inputs: usize,
    outputs: usize,
    scales: Vec<f32>,
    /// Of each output's weights, for the inputs' shifts.
    sums: Vec<f32>,
}

#[derive(Debug)]
enum Layout {
    /// [panel][group]; what is past the last output or input is 0.
    Panels(Lasting<Group>),
    /// [outputs, inputs].
    Plain(Vec<i8>),
}

impl Int8 {
    pub(crate) fn new(
        level: Level,
        inputs: usize,
        weights: Int8Weights<'_>,
        outputs: usize,
    ) -> Self {
        let Int8Weights { values, scales } = weights;
        let fits = values.len() == inputs * outputs && scales.len() == outputs;
        assert!(fits, "int8 weights of another size than the bias");
        let sum = |row: &[i8]| row.iter().map(|&q| i32::from(q)).sum::<i32>() as f32;
        let rows = values.chunks_exact(inputs.max(1)).zip(scales);
        let sums = rows.map(|(row, scale)| sum(row) * scale).collect();
        let layout = if level >= Level::Avx2 && level.is_available() {
            Layout::Panels(grouped(values, inputs, outputs, GROUP, four))
        } else {
            Layout::Plain(values.to_vec())
        };
        Self { layout, inputs, outputs, scales: scales.to_vec(), sums }
    }

    pub(crate) fn forward(
        &self,
        level: Level,
        spread: Spread,
        x: &Quantised,
        y: &mut RowsMut<'_, f32>,
        bias: &[f32],
        activation: Activation,
    ) {
        let (target, stride) = (Target::new(y), y.stride());
        Grid::new(spread, y.rows(), self.outputs.div_ceil(PANEL)).run(|rows, panels| {
            for panel in panels {
                let first = panel * PANEL;
                let columns = first..(first + PANEL).min(self.outputs);
                let part = Part {
                    x,
                    rows: rows.clone(),
                    scales: &self.scales[columns.clone()],
                    sums: &self.sums[columns.clone()],
                    bias: &bias[columns.clone()],
                    activation,
                    y: target.at(rows.start * stride + first),
                    y_stride: stride,
                };
                match &self.layout {
                    #[cfg(target_arch = "x86_64")]
                    Layout::Panels(groups) => {
                        let depth = self.inputs.div_ceil(GROUP);
                        let (panel, ahead) = two_panels(groups, panel, depth);
                        // SAFETY: panels are only built for a level that the CPU has, AVX2 at
                        // least, and the same level is given here; the task alone writes these
                        // rows of these columns, which y has.
                        #[expect(unsafe_code)]
                        unsafe {
                            if level >= Level::Avx512Vnni {
                                vnni::multiply(&part, panel, ahead);
                            } else {
                                avx2::multiply(&part, panel);
                            }
                        }
                    }
                    #[cfg(not(target_arch = "x86_64"))]
                    Layout::Panels(_) => {}
                    Layout::Plain(weights) => {
                        let weights =
                            &weights[columns.start * self.inputs..columns.end * self.inputs];
                        level.run(
                            #[inline(always)]
                            || part.plain(weights, self.inputs),
                        );
                    }
                }
            }
        });
    }
}

/// Some rows of y, one panel of its columns.
pub(crate) struct Part<'a> {
    x: &'a Quantised,
    rows: std::ops::Range<usize>,
    /// Those of the columns.
    scales: &'a [f32],
    sums: &'a [f32],
    bias: &'a [f32],
    activation: Activation,
    y: *mut f32,
    y_stride: usize,
}

impl Part<'_> {
    /// Its rows of x, of which each holds a whole group where `panel` has one: rows are padded to
    /// whole cache lines.
    #[cfg(target_arch = "x86_64")]
    fn inputs(&self, panel: &[Group]) -> Rows<'_, u8> {
        let rows = self.x.values.rows().slice(self.rows.clone());
        assert!(panel.len() * GROUP <= rows.stride(), "rows shorter than the panel");
        rows
    }

    #[inline(always)]
    fn plain(&self, weights: &[i8], inputs: usize) {
        for (i, row) in self.rows.clone().enumerate() {
            let x = self.x.values.rows().row(row);
            let mut sums = [0; PANEL];
            for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(inputs)) {
                let products = x.iter().zip(weights).map(|(&x, &w)| i32::from(x) * i32::from(w));
                *sum = products.sum();
            }
            self.finish::<false>(i, &[sums]);
        }
    }

    /// From the sums of some rows' integer products to their values of y.
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, first: usize, rows: &[[i32; PANEL]]) {
        match self.activation {
            Activation::None => self.finish_by(first, rows, |y| y),
            Activation::Gelu => self.finish_by(first, rows, gelu_near::<FUSED>),
        }
    }

    #[inline(always)]
    fn finish_by(&self, first: usize, rows: &[[i32; PANEL]], activation: impl Fn(f32) -> f32) {
        let inputs = self.scales_from(first);
        for (row, (products, &Scale { scale, shift })) in (first..).zip(rows.iter().zip(inputs)) {
            let start = self.y.wrapping_add(row * self.y_stride);
            // SAFETY: y has these columns in each of the rows, and the task alone writes them.
            #[expect(unsafe_code)]
            let y = unsafe { std::slice::from_raw_parts_mut(start, self.scales.len()) };
            let columns = self.sums.iter().zip(self.scales).zip(self.bias);
            for ((y, &product), ((&sum, &weight), &bias)) in y.iter_mut().zip(products).zip(columns)
            {
                *y = activation(product as f32 * (scale * weight) + (shift * sum + bias));
            }
        }
    }

    /// Those of its inputs from a row on.
    #[inline(always)]
    fn scales_from(&self, row: usize) -> &[Scale] {
        &self.x.scales[self.rows.start + row..]
    }
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    use super::{Group, Part};
    use crate::dense::finish::{finish, of_columns};
    use crate::dense::tiles::{Factors, Results, int8};
    use std::arch::x86_64::{_mm512_cvtepi32_ps, _mm512_fmadd_ps, _mm512_mul_ps, _mm512_set1_ps};

    /// # Safety
    /// The CPU must have AVX-512 with VNNI, and `part` must name elements of x and y.
    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    pub(super) unsafe fn multiply(part: &Part<'_>, panel: &[Group], ahead: &[Group]) {
        let rows = part.inputs(panel);
        let x = Factors { start: rows.as_ptr(), stride: rows.stride(), rows: rows.rows() };
        let y = Results { start: part.y, stride: part.y_stride };
        let [scales, sums, bias] = [part.scales, part.sums, part.bias].map(|of| of_columns(of));
        // SAFETY: the rows hold four bytes for every group; y has these rows and columns.
        unsafe {
            int8::multiply(x, panel, ahead, y, |first, products| {
                let inputs = &part.scales_from(first)[..products.len()];
                finish(
                    products.len(),
                    y.from(first),
                    part.scales.len(),
                    part.activation,
                    |row, half| {
                        let scale = _mm512_set1_ps(inputs[row].scale);
                        let shift = _mm512_set1_ps(inputs[row].shift);
                        let product = _mm512_cvtepi32_ps(products[row][half]);
                        let constant = _mm512_fmadd_ps(shift, sums[half], bias[half]);
                        _mm512_fmadd_ps(product, _mm512_mul_ps(scale, scales[half]), constant)
                    },
                );
            });
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    //! Without VNNI: both factors widened to 16 bits, whose products are added by twos. Exact, as
    //! multiplying u8 by int8 straight away (`vpmaddubsw`) is not: it adds by twos in 16 bits,
    //! which two products of 255·127 do not fit.

    use super::{GROUP, Group, PANEL, Part};
    use std::arch::x86_64::{
        __m128i, _mm_cvtepu8_epi16, _mm_cvtsi32_si128, _mm_load_si128, _mm256_add_epi32,
        _mm256_broadcastq_epi64, _mm256_cvtepi8_epi16, _mm256_hadd_epi32, _mm256_madd_epi16,
        _mm256_permute4x64_epi64, _mm256_setzero_si256, _mm256_storeu_si256,
    };

    /// Rows whose sums are in registers at once.
    const ROWS: usize = 2;
    /// Columns likewise: two sums each.
    const COLUMNS: usize = 16;
    /// Columns of a vector: four inputs each.
    const EACH: usize = 4;

    /// # Safety
    /// The CPU must have AVX2, and `part` must name elements of x and y.
    #[expect(unsafe_code)]
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn multiply(part: &Part<'_>, panel: &[Group]) {
        let rows = part.inputs(panel).rows();
        for first in (0..rows).step_by(ROWS) {
            // SAFETY: the rows are there, and each holds four bytes for every group.
            unsafe {
                if first + 1 < rows {
                    few_rows::<2>(part, first, panel);
                } else {
                    few_rows::<1>(part, first, panel);
                }
            }
        }
    }

    /// # Safety
    /// As [`multiply`]; R rows from `first` on must be in the part.
    #[expect(unsafe_code)]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn few_rows<const R: usize>(part: &Part<'_>, first: usize, panel: &[Group]) {
        let rows = part.inputs(panel).slice(first..first + R);
        let mut products = [[0_i32; PANEL]; R];
        for half in 0..PANEL / COLUMNS {
            let mut sums = [[_mm256_setzero_si256(); COLUMNS / EACH]; R];
            for (i, group) in panel.iter().enumerate() {
                let mut x = [_mm256_setzero_si256(); R];
                for (r, x) in x.iter_mut().enumerate() {
                    let four = rows.as_ptr().wrapping_add(r * rows.stride() + i * GROUP);
                    // SAFETY: the row holds four bytes for every group.
                    let four = i32::from_le_bytes(unsafe { four.cast::<[u8; 4]>().read() });
                    *x = _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(_mm_cvtsi32_si128(four)));
                }
                let columns = std::ptr::from_ref(group).cast::<__m128i>();
                let columns = columns.wrapping_add(half * COLUMNS / EACH);
                for quad in 0..COLUMNS / EACH {
                    // SAFETY: a group is aligned and holds eight of these.
                    let weights = unsafe { _mm_load_si128(columns.add(quad)) };
                    let weights = _mm256_cvtepi8_epi16(weights);
                    for (sums, &x) in sums.iter_mut().zip(&x) {
                        let twos = _mm256_madd_epi16(x, weights);
                        sums[quad] = _mm256_add_epi32(sums[quad], twos);
                    }
                }
            }
            for (products, sums) in products.iter_mut().zip(&sums) {
                let (pairs, _) = sums.as_chunks::<2>();
                for (pair, sums) in pairs.iter().enumerate() {
                    // Adds the two sums of a column; columns 0 1 4 5 2 3 6 7 come out.
                    let added = _mm256_hadd_epi32(sums[0], sums[1]);
                    let ordered = _mm256_permute4x64_epi64::<0b11_01_10_00>(added);
                    let at = &mut products[half * COLUMNS + pair * 2 * EACH..][..2 * EACH];
                    // SAFETY: eight elements are there.
                    unsafe { _mm256_storeu_si256(at.as_mut_ptr().cast(), ordered) };
                }
            }
        }
        part.finish::<true>(first, &products);
    }
}
