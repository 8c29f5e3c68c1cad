//! y = activation(x·Wᵀ + b), with W laid out once.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
mod bf16;
#[cfg(target_arch = "x86_64")]
mod finish;
mod grid;
pub(crate) mod groups;
mod int8;
mod panels;
mod plain;
#[cfg(target_arch = "x86_64")]
mod strassen;
#[cfg(target_arch = "x86_64")]
pub(crate) mod tiles;

use crate::level::Level;
use crate::quantise::Quantised;
use crate::rows::{Rows, RowsMut};
use crate::spread::Spread;
use bf16::Bf16;
use int8::Int8;
use panels::Panels;
use plain::Plain;
#[cfg(target_arch = "x86_64")]
use strassen::Strassen;

#[cfg(target_arch = "x86_64")]
pub(crate) use groups::PANEL;
pub use int8::Int8Weights;
#[cfg(target_arch = "x86_64")]
pub(crate) use panels::Row;
pub(crate) use plain::product;

/// What follows the bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// GELU with the error function.
    Gelu,
}

/// A dense layer.
#[derive(Debug)]
pub struct Dense {
    level: Level,
    inputs: usize,
    bias: Vec<f32>,
    weights: Weights,
}

#[derive(Debug)]
enum Weights {
    Panels(Panels),
    #[cfg(target_arch = "x86_64")]
    Strassen(Strassen),
    Plain(Plain),
    Bf16(Bf16),
    Int8(Int8),
}

impl Dense {
    /// In f32, from `weights` [outputs, inputs], row-major, and `bias` [outputs].
    ///
    /// # Panics
    /// Where their lengths do not fit.
    pub fn new(level: Level, inputs: usize, weights: Vec<f32>, bias: Vec<f32>) -> Self {
        assert_eq!(weights.len(), inputs * bias.len(), "weights of another size than the bias");
        let weights = if level >= Level::Avx512 && level.is_available() {
            Weights::Panels(Panels::new(&weights, inputs, bias.len()))
        } else {
            Weights::Plain(Plain::new(weights))
        };
        Self { level, inputs, bias, weights }
    }

    /// As [`Dense::new`], of an even number of rows, each of which may be added to its neighbour and
    /// taken away again: the last digits of rows 2i and 2i + 1 depend on each other, and on no
    /// others.
    ///
    /// # Panics
    /// Where the lengths do not fit.
    pub fn of_pairs(level: Level, inputs: usize, weights: Vec<f32>, bias: Vec<f32>) -> Self {
        assert_eq!(weights.len(), inputs * bias.len(), "weights of another size than the bias");
        #[cfg(target_arch = "x86_64")]
        if Self::takes_pairs(level) && inputs.is_multiple_of(2) && bias.len().is_multiple_of(2) {
            let weights = Weights::Strassen(Strassen::new(&weights, inputs, bias.len()));
            return Self { level, inputs, bias, weights };
        }
        Self::new(level, inputs, weights, bias)
    }

    /// Whether [`Dense::of_pairs`] makes use of them.
    pub fn takes_pairs(level: Level) -> bool {
        cfg!(target_arch = "x86_64") && level >= Level::Avx512 && level.is_available()
    }

    /// In bf16, weights and inputs rounded to it; from `weights` and `bias` as [`Dense::new`].
    ///
    /// # Panics
    /// Where their lengths do not fit.
    pub fn bf16(level: Level, inputs: usize, weights: &[f32], bias: Vec<f32>) -> Self {
        assert_eq!(weights.len(), inputs * bias.len(), "weights of another size than the bias");
        let weights = Weights::Bf16(Bf16::new(level, weights, inputs, bias.len()));
        Self { level, inputs, bias, weights }
    }

    /// In int8, the inputs quantised row by row.
    ///
    /// # Panics
    /// Where the lengths do not fit.
    pub fn int8(level: Level, inputs: usize, weights: Int8Weights<'_>, bias: Vec<f32>) -> Self {
        let weights = Weights::Int8(Int8::new(level, inputs, weights, bias.len()));
        Self { level, inputs, bias, weights }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// `x` [rows, inputs] → `y` [rows, outputs]; `scratch` is for `x` as the product takes it.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    pub fn forward(
        &self,
        spread: Spread,
        x: Rows<'_, f32>,
        scratch: &mut Quantised,
        y: &mut RowsMut<'_, f32>,
        activation: Activation,
    ) {
        let fits = x.columns() == self.inputs && y.columns() == self.outputs();
        assert!(fits && x.rows() == y.rows(), "shapes that do not fit a dense layer");
        match &self.weights {
            Weights::Panels(panels) => panels.forward(spread, x, y, &self.bias, activation),
            #[cfg(target_arch = "x86_64")]
            Weights::Strassen(weights) => {
                let finish = avx512::Finish { bias: &self.bias, activation };
                weights.forward(self.level, spread, x, &mut scratch.sums, y, finish);
            }
            Weights::Plain(plain) => {
                plain.forward(self.level, spread, x, y, &self.bias, activation);
            }
            Weights::Bf16(bf16) => {
                scratch.round(self.level, spread, x);
                bf16.forward(self.level, spread, scratch, y, &self.bias, activation);
            }
            Weights::Int8(int8) => {
                scratch.quantise(self.level, spread, x);
                int8.forward(self.level, spread, scratch, y, &self.bias, activation);
            }
        }
    }
}

/// Where tasks write: each its own elements of one matrix.
#[derive(Clone, Copy)]
pub(crate) struct Target(*mut f32);

// SAFETY: a pointer may be sent; whoever writes through it says why no two tasks share an element.
#[expect(unsafe_code)]
unsafe impl Send for Target {}
// SAFETY: as above.
#[expect(unsafe_code)]
unsafe impl Sync for Target {}

impl Target {
    pub(crate) fn new(y: &mut RowsMut<'_, f32>) -> Self {
        Self(y.as_mut_ptr())
    }

    /// The element at `offset`, which must be inside the matrix.
    pub(crate) fn at(self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}
