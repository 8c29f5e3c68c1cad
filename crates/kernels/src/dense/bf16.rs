//! bf16 weights times inputs rounded to bf16, added in f32.

use super::grid::Grid;
use super::groups::{Group, PANEL, grouped, parts, two, two_panels};
use super::{Activation, Target};
use crate::gelu::gelu_near;
use crate::lasting::Lasting;
use crate::level::Level;
use crate::quantise::{Quantised, round};
use crate::rows::{Rows, RowsMut};
use crate::spread::Spread;
use crate::vector::multiply_add;
use std::ops::Range;

/// Inputs of a group.
const GROUP: usize = 2;
/// Rows whose sums a CPU without bf16 of its own holds at once.
const ROWS: usize = 4;

/// W, [outputs, inputs], as [panel][group][column].
#[derive(Debug)]
pub(crate) struct Bf16 {
    panels: Lasting<Group>,
    inputs: usize,
    outputs: usize,
}

impl Bf16 {
    pub(crate) fn new(level: Level, weights: &[f32], inputs: usize, outputs: usize) -> Self {
        let mut rounded = vec![0; weights.len()];
        round(level, weights, &mut rounded);
        Self { panels: grouped(&rounded, inputs, outputs, GROUP, two), inputs, outputs }
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
        let depth = self.inputs.div_ceil(GROUP);
        let native = level >= Level::Avx512Bf16 && level.is_available();
        // Elsewhere multiplying and adding at once would be a call of a function.
        let fused = level >= Level::Avx2 && level.is_available() || cfg!(target_arch = "aarch64");
        Grid::new(spread, y.rows(), self.outputs.div_ceil(PANEL)).run(|rows, panels| {
            for panel in panels {
                let first = panel * PANEL;
                let columns = first..(first + PANEL).min(self.outputs);
                let part = Part {
                    x: x.halves.rows(),
                    rows: rows.clone(),
                    bias: &bias[columns],
                    activation,
                    y: target.at(rows.start * stride + first),
                    y_stride: stride,
                };
                let two = two_panels(&self.panels, panel, depth);
                if native {
                    // SAFETY: the CPU multiplies bf16; the task alone writes these rows of these
                    // columns, which y has.
                    #[cfg(target_arch = "x86_64")]
                    #[expect(unsafe_code)]
                    unsafe {
                        native::multiply(&part, two.0, two.1);
                    }
                } else {
                    level.run(
                        #[inline(always)]
                        || {
                            if fused {
                                part.plain::<true>(two.0);
                            } else {
                                part.plain::<false>(two.0);
                            }
                        },
                    );
                }
            }
        });
    }
}

/// Some rows of y, one panel of its columns.
struct Part<'a> {
    x: Rows<'a, u16>,
    rows: Range<usize>,
    /// Of the columns.
    bias: &'a [f32],
    activation: Activation,
    y: *mut f32,
    y_stride: usize,
}

impl Part<'_> {
    /// Its rows of x, of which each holds a whole group where `panel` has one: rows are padded to
    /// whole cache lines.
    #[cfg(target_arch = "x86_64")]
    fn inputs(&self, panel: &[Group]) -> Rows<'_, u16> {
        let rows = self.x.slice(self.rows.clone());
        assert!(panel.len() * GROUP <= rows.stride(), "rows shorter than the panel");
        rows
    }

    /// For CPUs that do not multiply bf16: in f32, whose upper half a bf16 is.
    #[inline(always)]
    fn plain<const FUSED: bool>(&self, panel: &[Group]) {
        for (first, rows) in parts(self.rows.len(), ROWS) {
            match rows {
                4 => self.few_rows::<4, FUSED>(first, panel),
                3 => self.few_rows::<3, FUSED>(first, panel),
                2 => self.few_rows::<2, FUSED>(first, panel),
                _ => self.few_rows::<1, FUSED>(first, panel),
            }
        }
    }

    #[inline(always)]
    fn few_rows<const R: usize, const FUSED: bool>(&self, first: usize, panel: &[Group]) {
        let rows = self.x.slice(self.rows.clone()).slice(first..first + R);
        // Their columns are even.
        let x: [&[[u16; GROUP]]; R] = std::array::from_fn(|r| rows.row(r).as_chunks().0);
        let mut sums = [[0.0_f32; PANEL]; R];
        for (i, group) in panel.iter().enumerate() {
            for (sums, x) in sums.iter_mut().zip(x) {
                let [low, high] = x[i].map(widened);
                for (sum, &weights) in sums.iter_mut().zip(&group.0) {
                    let [first, second] = [weights << 16, weights & 0xffff_0000];
                    *sum = multiply_add::<FUSED>(low, f32::from_bits(first), *sum);
                    *sum = multiply_add::<FUSED>(high, f32::from_bits(second), *sum);
                }
            }
        }
        self.finish::<FUSED>(first, &sums);
    }

    /// From the sums of some rows' products to their values of y.
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, first: usize, rows: &[[f32; PANEL]]) {
        match self.activation {
            Activation::None => self.finish_by(first, rows, |y| y),
            Activation::Gelu => self.finish_by(first, rows, gelu_near::<FUSED>),
        }
    }

    #[inline(always)]
    fn finish_by(&self, first: usize, rows: &[[f32; PANEL]], activation: impl Fn(f32) -> f32) {
        for (row, sums) in (first..).zip(rows) {
            let start = self.y.wrapping_add(row * self.y_stride);
            // SAFETY: y has these columns in each of the rows, and the task alone writes them.
            #[expect(unsafe_code)]
            let y = unsafe { std::slice::from_raw_parts_mut(start, self.bias.len()) };
            for ((y, &sum), &bias) in y.iter_mut().zip(sums).zip(self.bias) {
                *y = activation(sum + bias);
            }
        }
    }
}

#[inline(always)]
fn widened(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

#[cfg(target_arch = "x86_64")]
mod native {
    use super::{Group, Part};
    use crate::dense::finish::{finish, of_columns};
    use crate::dense::tiles::{Factors, Results, bf16};
    use std::arch::x86_64::_mm512_add_ps;

    /// # Safety
    /// The CPU must multiply bf16, and `part` must name elements of x and y.
    #[expect(unsafe_code)]
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx512bf16,avx2,fma"
    )]
    pub(super) unsafe fn multiply(part: &Part<'_>, panel: &[Group], ahead: &[Group]) {
        let rows = part.inputs(panel);
        let stride = rows.stride() * size_of::<u16>();
        let x = Factors { start: rows.as_ptr().cast(), stride, rows: rows.rows() };
        let y = Results { start: part.y, stride: part.y_stride };
        let bias = of_columns(part.bias);
        // SAFETY: the rows hold four bytes for every group; a group that the columns cut has a
        // weight of 0 there; y has these rows and columns.
        unsafe {
            bf16::multiply(x, panel, ahead, y, |first, sums| {
                finish(sums.len(), y.from(first), part.bias.len(), part.activation, |row, half| {
                    _mm512_add_ps(sums[row][half], bias[half])
                });
            });
        }
    }
}
