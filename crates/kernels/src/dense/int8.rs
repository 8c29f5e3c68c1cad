//! int8 weights: per output symmetric, in panels where the CPU multiplies int8.

use super::grid::Grid;
use super::{Activation, PANEL, Target};
use crate::gelu::{bias_gelu_inline, bias_inline};
use crate::level::Level;
use crate::quantise::{Quantised, Scale};
use crate::rows::RowsMut;
use rayon::prelude::*;

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

/// Four inputs' weights in a panel, [column][input].
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Group(pub(crate) [[i8; GROUP]; PANEL]);

#[derive(Debug)]
pub(crate) struct Int8 {
    layout: Layout,
    inputs: usize,
    outputs: usize,
    scales: Vec<f32>,
    /// Of each output's weights, for the inputs' zeros.
    sums: Vec<i32>,
}

#[derive(Debug)]
enum Layout {
    /// [panel][group]; what is past the last output or input is 0.
    Panels(Vec<Group>),
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
        let sum = |row: &[i8]| row.iter().map(|&q| i32::from(q)).sum();
        let sums = values.chunks_exact(inputs.max(1)).map(sum).collect();
        let layout = if level >= Level::Avx512Vnni && level.is_available() {
            Layout::Panels(panels(values, inputs, outputs))
        } else {
            Layout::Plain(values.to_vec())
        };
        Self { layout, inputs, outputs, scales: scales.to_vec(), sums }
    }

    pub(crate) fn forward(
        &self,
        level: Level,
        x: &Quantised,
        y: &mut RowsMut<'_, f32>,
        bias: &[f32],
        activation: Activation,
    ) {
        let (target, stride) = (Target::new(y), y.stride());
        Grid::new(y.rows(), self.outputs.div_ceil(PANEL)).run(|rows, panels| {
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
                        // SAFETY: panels are only built where the CPU has VNNI; the task alone
                        // writes these rows of these columns, which y has.
                        #[expect(unsafe_code)]
                        unsafe {
                            vnni::multiply(&part, &groups[panel * depth..][..depth]);
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

fn panels(weights: &[i8], inputs: usize, outputs: usize) -> Vec<Group> {
    let depth = inputs.div_ceil(GROUP);
    let mut panels = vec![Group([[0; GROUP]; PANEL]); outputs.div_ceil(PANEL) * depth];
    let sources = weights.par_chunks((PANEL * inputs).max(1));
    panels.par_chunks_mut(depth.max(1)).zip(sources).for_each(|(panel, weights)| {
        for (column, weights) in weights.chunks_exact(inputs).enumerate() {
            for (group, weights) in panel.iter_mut().zip(weights.chunks(GROUP)) {
                group.0[column][..weights.len()].copy_from_slice(weights);
            }
        }
    });
    panels
}

/// Some rows of y, one panel of its columns.
pub(crate) struct Part<'a> {
    x: &'a Quantised,
    rows: std::ops::Range<usize>,
    /// Those of the columns.
    scales: &'a [f32],
    sums: &'a [i32],
    bias: &'a [f32],
    activation: Activation,
    y: *mut f32,
    y_stride: usize,
}

impl Part<'_> {
    #[inline(always)]
    fn plain(&self, weights: &[i8], inputs: usize) {
        for (i, row) in self.rows.clone().enumerate() {
            let x = self.x.values.rows().row(row);
            let mut sums = [0; PANEL];
            for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(inputs)) {
                let products = x.iter().zip(weights).map(|(&x, &w)| i32::from(x) * i32::from(w));
                *sum = products.sum();
            }
            self.finish(i, self.x.scales[row], &sums);
        }
    }

    /// From the sums of a row's integer products to its values of y.
    #[inline(always)]
    fn finish(&self, row: usize, scale: Scale, products: &[i32; PANEL]) {
        let start = self.y.wrapping_add(row * self.y_stride);
        // SAFETY: y has these columns in each of the rows, and the task alone writes them.
        #[expect(unsafe_code)]
        let y = unsafe { std::slice::from_raw_parts_mut(start, self.scales.len()) };
        let columns = self.sums.iter().zip(self.scales);
        for ((y, &product), (&sum, &weight)) in y.iter_mut().zip(products).zip(columns) {
            *y = (product - scale.zero * sum) as f32 * (scale.scale * weight);
        }
        match self.activation {
            Activation::None => bias_inline(y, self.bias),
            Activation::Gelu => bias_gelu_inline(y, self.bias),
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    use super::{Group, PANEL, Part};
    use std::arch::x86_64::{
        __m512i, _mm512_dpbusd_epi32, _mm512_load_si512, _mm512_set1_epi32, _mm512_setzero_si512,
        _mm512_storeu_si512,
    };

    /// Rows whose sums are in registers at once.
    const ROWS: usize = 12;

    /// # Safety
    /// The CPU must have AVX-512 with VNNI, and `part` must name elements of x and y.
    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    pub(super) unsafe fn multiply(part: &Part<'_>, panel: &[Group]) {
        for first in (0..part.rows.len()).step_by(ROWS) {
            let rows = ROWS.min(part.rows.len() - first);
            // SAFETY: each arm computes as many rows as are left.
            unsafe {
                match rows {
                    12 => few_rows::<12>(part, first, panel),
                    11 => few_rows::<11>(part, first, panel),
                    10 => few_rows::<10>(part, first, panel),
                    9 => few_rows::<9>(part, first, panel),
                    8 => few_rows::<8>(part, first, panel),
                    7 => few_rows::<7>(part, first, panel),
                    6 => few_rows::<6>(part, first, panel),
                    5 => few_rows::<5>(part, first, panel),
                    4 => few_rows::<4>(part, first, panel),
                    3 => few_rows::<3>(part, first, panel),
                    2 => few_rows::<2>(part, first, panel),
                    _ => few_rows::<1>(part, first, panel),
                }
            }
        }
    }

    /// # Safety
    /// As [`multiply`]; R rows from `first` on must be in the part.
    #[expect(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx2,fma")]
    unsafe fn few_rows<const R: usize>(part: &Part<'_>, first: usize, panel: &[Group]) {
        let values = part.x.values.rows();
        let row = part.rows.start + first;
        let rows = values.slice(row..row + R);
        // Rows are padded to whole cache lines, so a group that the columns cut is still there.
        let padded = panel.len() * 4 <= rows.stride();
        assert!(padded, "rows shorter than the panel");
        let start = rows.as_ptr();
        let stride = rows.stride();
        let mut sums: [[__m512i; 2]; R] = [[_mm512_setzero_si512(); 2]; R];
        for (i, group) in panel.iter().enumerate() {
            // SAFETY: a group is aligned and holds two vectors; x holds four bytes for each group.
            unsafe {
                let low = _mm512_load_si512(group.0.as_ptr().cast());
                let high = _mm512_load_si512(group.0.as_ptr().add(16).cast());
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = start.add(r * stride + i * 4).cast::<[u8; 4]>().read();
                    let x = _mm512_set1_epi32(i32::from_le_bytes(x));
                    sums[0] = _mm512_dpbusd_epi32(sums[0], x, low);
                    sums[1] = _mm512_dpbusd_epi32(sums[1], x, high);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let mut products = [0_i32; PANEL];
            // SAFETY: the array holds two vectors.
            unsafe {
                _mm512_storeu_si512(products.as_mut_ptr().cast(), sums[0]);
                _mm512_storeu_si512(products.as_mut_ptr().add(16).cast(), sums[1]);
            }
            part.finish(first + r, part.x.scales[row + r], &products);
        }
    }
}
