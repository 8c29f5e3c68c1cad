//! softmax(Q·Kᵀ + bias)·V, one sequence and one head a task.

mod first;
#[cfg(target_arch = "x86_64")]
mod fixed;

pub use first::{FirstScratch, FirstToken};

#[cfg(target_arch = "x86_64")]
use crate::dense::{PANEL, Row};
use crate::dense::{Target, product};
use crate::level::Level;
use crate::rows::{Rows, RowsMut};
use crate::softmax::exponentiate;
use rayon::prelude::*;
use std::cell::RefCell;
use std::ops::Range;

/// Queries whose scores are held at once: they stay in the second cache.
const QUERIES: usize = 48;

/// Where a sequence lies among the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Its queries: rows of `query` and of the output, from its first token on.
    pub queries: Range<usize>,
    /// Its keys: rows of `key` and `value`.
    pub keys: Range<usize>,
}

/// A bias of the scores by head and distance.
#[derive(Clone, Debug, PartialEq)]
pub struct RelativeBias {
    /// [heads, 2·longest − 1]; the distance 0 is at `longest − 1`, keys ahead follow.
    values: Vec<f32>,
    longest: usize,
}

impl RelativeBias {
    /// For sequences of at most `longest` tokens, from the bias of a head at the distance from
    /// the query to the key.
    pub fn new(heads: usize, longest: usize, bias: impl Fn(usize, i64) -> f32) -> Self {
        let reach = longest as i64;
        let of_head = |head| (1 - reach..reach).map(move |distance| (head, distance));
        let values = (0..heads).flat_map(of_head).map(|(head, distance)| bias(head, distance));
        Self { values: values.collect(), longest }
    }

    /// The bias of the first `keys` keys for a query.
    fn of(&self, head: usize, query: usize, keys: usize) -> &[f32] {
        let distances = 2 * self.longest - 1;
        &self.values[head * distances + self.longest - 1 - query..][..keys]
    }
}

/// In what numbers attention is computed where the CPU has the instructions, and else in f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// All of it in f32.
    F32,
    /// Both products in integers of 16 bits, to some thousandths of the largest value, as bf16
    /// would be.
    Int16,
    /// Both products in integers of 8 bits, to some hundredths of the scores' spread, as products
    /// of int8 weights leave them anyway.
    Int8,
}

/// Attention over packed sequences. The query comes scaled by 1/√(head's width).
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// Where to run.
    pub level: Level,
    /// Heads, side by side in the columns.
    pub heads: usize,
    /// [queries, width].
    pub query: Rows<'a, f32>,
    /// [keys, width].
    pub key: Rows<'a, f32>,
    /// [keys, width].
    pub value: Rows<'a, f32>,
    /// The sequences; their queries are disjoint and in order.
    pub sequences: &'a [Sequence],
    /// What is added to the scores.
    pub bias: Option<&'a RelativeBias>,
    /// What it is computed in.
    pub numbers: Numbers,
}

#[derive(Default)]
struct Scratch {
    scores: Vec<f32>,
    sums: Vec<f32>,
    #[cfg(target_arch = "x86_64")]
    keys: Vec<Row>,
    #[cfg(target_arch = "x86_64")]
    values: Vec<Row>,
    #[cfg(target_arch = "x86_64")]
    int16: fixed::Scratch<fixed::Int16, fixed::Pairs>,
    #[cfg(target_arch = "x86_64")]
    int8: fixed::Scratch<fixed::Int8, fixed::Quads>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Attention<'_> {
    /// Mixes the values: `y` [queries, width].
    ///
    /// # Panics
    /// Where shapes do not fit, sequences overlap, or one is longer than the bias reaches.
    pub fn forward(self, y: &mut RowsMut<'_, f32>) {
        self.assert_fits(y);
        let (target, stride) = (Target::new(y), y.stride());
        let tasks = self.sequences.len() * self.heads;
        let of = Self { level: self.level.or_portable(), ..self };
        (0..tasks).into_par_iter().with_max_len(1).for_each(|task| {
            let head = Head::new(&of, task / of.heads, task % of.heads, target, stride);
            SCRATCH.with_borrow_mut(|scratch| {
                #[cfg(target_arch = "x86_64")]
                if of.level >= Level::Avx512Vnni && head.is_worth_integers() {
                    // SAFETY: the CPU has the level; queries are disjoint, so no two tasks write
                    // the same rows and columns of y, which has them all.
                    #[expect(unsafe_code)]
                    unsafe {
                        match of.numbers {
                            Numbers::Int8 => return fixed::attend(&head, &mut scratch.int8),
                            Numbers::Int16 if fixed::is_fine(head.key.rows()) => {
                                return fixed::attend(&head, &mut scratch.int16);
                            }
                            Numbers::Int16 | Numbers::F32 => {}
                        }
                    }
                }
                head.in_f32(scratch);
            });
        });
    }

    fn assert_fits(&self, y: &RowsMut<'_, f32>) {
        let width = self.query.columns();
        let widths = [self.key.columns(), self.value.columns(), y.columns()];
        assert!(widths == [width; 3] && width.is_multiple_of(self.heads), "widths differ");
        assert!(y.rows() >= self.query.rows() && self.key.rows() == self.value.rows());
        let mut end = 0;
        for Sequence { queries, keys } in self.sequences {
            assert!(queries.start >= end && queries.end <= self.query.rows(), "queries overlap");
            assert!(keys.end <= self.key.rows() && queries.len() <= keys.len(), "keys outside");
            let reached = self.bias.is_none_or(|bias| keys.len() <= bias.longest);
            assert!(reached, "a sequence longer than the bias reaches");
            end = queries.end;
        }
    }
}

/// One head of one sequence.
struct Head<'a> {
    /// One that the CPU has.
    level: Level,
    query: Rows<'a, f32>,
    key: Rows<'a, f32>,
    value: Rows<'a, f32>,
    bias: Option<&'a RelativeBias>,
    index: usize,
    /// Whether its queries are this head and the next ones of one first token.
    first_token: bool,
    /// Where the first query's output goes.
    y: *mut f32,
    y_stride: usize,
}

impl<'a> Head<'a> {
    fn new(of: &Attention<'a>, at: usize, head: usize, y: Target, y_stride: usize) -> Self {
        let Sequence { queries, keys } = &of.sequences[at];
        let size = of.query.columns() / of.heads;
        let columns = head * size..(head + 1) * size;
        Self {
            level: of.level,
            query: of.query.slice(queries.clone()).columns_of(columns.clone()),
            key: of.key.slice(keys.clone()).columns_of(columns.clone()),
            value: of.value.slice(keys.clone()).columns_of(columns.clone()),
            bias: of.bias,
            index: head,
            first_token: false,
            y: y.at(queries.start * y_stride + columns.start),
            y_stride,
        }
    }

    /// Whether its keys and values are read often enough to be made integers.
    #[cfg(target_arch = "x86_64")]
    fn is_worth_integers(&self) -> bool {
        /// Queries at least.
        const QUERIES: usize = 8;
        self.query.rows() >= QUERIES
    }

    fn in_f32(&self, scratch: &mut Scratch) {
        if self.level >= Level::Avx512 {
            #[cfg(target_arch = "x86_64")]
            self.fast(scratch);
        } else {
            self.plain(scratch);
        }
    }

    /// By the `gemm` crate.
    fn plain(&self, scratch: &mut Scratch) {
        let (keys, none) = (self.key.rows(), gemm::Parallelism::None);
        for queries in self.blocks() {
            let count = queries.len();
            grow(&mut scratch.scores, count * keys);
            let a = self.query.slice(queries.clone());
            let scores = scratch.scores.as_mut_ptr();
            // SAFETY: the scores hold [count, keys].
            #[expect(unsafe_code)]
            unsafe {
                product(a, self.key, true, scores, keys, none);
            }
            self.exponentiate(&queries, &mut scratch.scores, keys, &mut scratch.sums);
            let mixed = Rows::new(&scratch.scores, count, keys, keys);
            // SAFETY: y has these rows and columns, and this task alone writes them.
            #[expect(unsafe_code)]
            unsafe {
                product(mixed, self.value, false, self.y(queries.start), self.y_stride, none);
            }
            self.divide(&queries, &scratch.sums);
        }
    }

    /// In panels, for AVX-512, which the caller has made sure of.
    #[cfg(target_arch = "x86_64")]
    fn fast(&self, scratch: &mut Scratch) {
        use crate::dense::avx512::{Tile, multiply};
        let (keys, size) = (self.key.rows(), self.key.columns());
        // Not a power of two, for the sake of the first cache.
        let stride = keys.next_multiple_of(16) + 16;
        let Scratch { scores, sums, keys: key_panels, values, .. } = scratch;
        // SAFETY: the caller's promise.
        #[expect(unsafe_code)]
        unsafe {
            transposed_panels(self.key, key_panels);
        }
        panels(self.value, values);
        for queries in self.blocks() {
            let count = queries.len();
            grow(scores, count * stride);
            let query = self.query.slice(queries.clone());
            for (panel, b) in key_panels[..keys.div_ceil(PANEL) * size].chunks(size).enumerate() {
                let first = panel * PANEL;
                let tile = Tile {
                    rows: count,
                    a: query.as_ptr(),
                    a_stride: query.stride(),
                    b,
                    c: scores.as_mut_ptr().wrapping_add(first),
                    c_stride: stride,
                    columns: PANEL.min(keys - first),
                    onto: None,
                };
                // SAFETY: the query has [count, size], the scores hold [count, keys].
                #[expect(unsafe_code)]
                unsafe {
                    multiply(tile, None);
                }
            }
            self.exponentiate(&queries, scores, stride, sums);
            for (panel, b) in values[..size.div_ceil(PANEL) * keys].chunks(keys).enumerate() {
                let first = panel * PANEL;
                let tile = Tile {
                    rows: count,
                    a: scores.as_ptr(),
                    a_stride: stride,
                    b,
                    c: self.y(queries.start).wrapping_add(first),
                    c_stride: self.y_stride,
                    columns: PANEL.min(size - first),
                    onto: None,
                };
                // SAFETY: the scores hold [count, keys]; y has these rows and columns, and this
                // task alone writes them.
                #[expect(unsafe_code)]
                unsafe {
                    multiply(tile, None);
                }
            }
            self.divide(&queries, sums);
        }
    }

    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let all = self.query.rows();
        (0..all).step_by(QUERIES).map(move |start| start..(start + QUERIES).min(all))
    }

    fn y(&self, query: usize) -> *mut f32 {
        self.y.wrapping_add(query * self.y_stride)
    }

    /// The scores of the queries to e^(score + bias), and their sums.
    fn exponentiate(
        &self,
        queries: &Range<usize>,
        scores: &mut [f32],
        stride: usize,
        sums: &mut Vec<f32>,
    ) {
        let keys = self.key.rows();
        grow(sums, queries.len());
        let rows = scores.chunks_mut(stride).zip(sums);
        for (query, (scores, sum)) in queries.clone().zip(rows) {
            let scores = &mut scores[..keys];
            if let Some(bias) = self.bias {
                let (head, at) =
                    if self.first_token { (self.index + query, 0) } else { (self.index, query) };
                let bias = bias.of(head, at, keys);
                self.level.run(
                    #[inline(always)]
                    || scores.iter_mut().zip(bias).for_each(|(score, &bias)| *score += bias),
                );
            }
            *sum = exponentiate(self.level, scores);
        }
    }

    fn divide(&self, queries: &Range<usize>, sums: &[f32]) {
        for (query, &sum) in queries.clone().zip(sums) {
            // SAFETY: y has these rows and columns, and this task alone writes them.
            #[expect(unsafe_code)]
            let y = unsafe { std::slice::from_raw_parts_mut(self.y(query), self.value.columns()) };
            let share = 1.0 / sum;
            self.level.run(
                #[inline(always)]
                || y.iter_mut().for_each(|y| *y *= share),
            );
        }
    }
}

fn grow<T: Clone + Default>(values: &mut Vec<T>, length: usize) {
    if values.len() < length {
        values.resize(length, T::default());
    }
}

/// [rows, columns] → [panel of rows][column][row].
///
/// # Safety
/// The CPU must have AVX-512.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma")]
unsafe fn transposed_panels(matrix: Rows<'_, f32>, panels: &mut Vec<Row>) {
    use crate::dense::avx512::vector;
    use crate::transpose::{SIDE, transpose};
    use std::arch::x86_64::{_mm512_castps_si512, _mm512_setzero_si512, _mm512_store_si512};
    let (count, size) = (matrix.rows(), matrix.columns());
    grow(panels, count.div_ceil(PANEL) * size);
    for first in (0..count).step_by(SIDE) {
        let panel = &mut panels[first / PANEL * size..][..size];
        for (block, panel) in panel.chunks_mut(SIDE).enumerate() {
            let mut rows = [_mm512_setzero_si512(); SIDE];
            for (row, at) in rows.iter_mut().zip(first..count) {
                *row = _mm512_castps_si512(vector(&matrix.row(at)[block * SIDE..]));
            }
            for (to, column) in panel.iter_mut().zip(transpose(&rows)) {
                let to = to.0.as_mut_ptr().wrapping_add(first % PANEL);
                // SAFETY: half a panel's columns are a vector.
                unsafe { _mm512_store_si512(to.cast(), column) };
            }
        }
    }
}

/// [rows, columns] → [panel of columns][row][column].
#[cfg(target_arch = "x86_64")]
fn panels(matrix: Rows<'_, f32>, panels: &mut Vec<Row>) {
    let rows = matrix.rows();
    grow(panels, matrix.columns().div_ceil(PANEL) * rows);
    for row in 0..rows {
        for (panel, values) in matrix.row(row).chunks(PANEL).enumerate() {
            panels[panel * rows + row].0[..values.len()].copy_from_slice(values);
        }
    }
}
