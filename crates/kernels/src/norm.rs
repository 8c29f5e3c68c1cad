use crate::level::Level;
use crate::rows::{Rows, RowsMut};
use crate::spread::Spread;
use crate::vector::{Squares, Sum, fold};
use pulp::{Simd, WithSimd};

/// Constants of a layer norm, `weight` and `bias` as wide as the rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerNorm {
    /// By what the normalised values are multiplied.
    pub weight: Vec<f32>,
    /// What is then added.
    pub bias: Vec<f32>,
    /// Added to the variance.
    pub epsilon: f32,
}

/// y ← norm(y), row by row.
///
/// # Panics
/// Where the widths differ.
pub fn layer_norm(level: Level, spread: Spread, y: &mut RowsMut<'_, f32>, norm: &LayerNorm) {
    y.each_row(spread, |_, y| level.run_with(Row { y, residual: None, norm }));
}

/// y ← norm(y + residual), row by row.
///
/// # Panics
/// Where the shapes differ.
pub fn residual_layer_norm(
    level: Level,
    spread: Spread,
    y: &mut RowsMut<'_, f32>,
    residual: Rows<'_, f32>,
    norm: &LayerNorm,
) {
    assert!(y.rows() <= residual.rows() && y.columns() == residual.columns(), "other shapes");
    y.each_row(spread, |row, y| {
        level.run_with(Row { y, residual: Some(residual.row(row)), norm });
    });
}

/// One row, and what is added to it before.
struct Row<'a> {
    y: &'a mut [f32],
    residual: Option<&'a [f32]>,
    norm: &'a LayerNorm,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { y, residual, norm: LayerNorm { weight, bias, epsilon } } = self;
        assert!(weight.len() == y.len() && bias.len() == y.len(), "a norm of other width");
        for (y, &residual) in y.iter_mut().zip(residual.unwrap_or_default()) {
            *y += residual;
        }
        let width = y.len() as f32;
        let mean = fold(simd, Sum, y) / width;
        let variance = fold(simd, Squares { from: mean }, y) / width;
        let scale = 1.0 / (variance + epsilon).sqrt();
        for ((y, &weight), &bias) in y.iter_mut().zip(weight).zip(bias) {
            *y = (*y - mean) * scale * weight + bias;
        }
    }
}
