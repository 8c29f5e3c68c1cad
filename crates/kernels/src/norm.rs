use crate::level::Level;
use crate::rows::{Rows, RowsMut};
use crate::spread::Spread;
use crate::vector::{Squares, Sum, fold};
use pulp::{Simd, WithSimd};

/// Rows a task.
const ROWS: usize = 16;

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
    over_rows(spread, y, |_, y| level.run_with(Row { y, residual: None, norm }));
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
    over_rows(spread, y, |row, y| {
        level.run_with(Row { y, residual: Some(residual.row(row)), norm });
    });
}

fn over_rows(spread: Spread, y: &mut RowsMut<'_, f32>, work: impl Fn(usize, &mut [f32]) + Sync) {
    let (rows, columns, stride) = (y.rows(), y.columns(), y.stride());
    let values = y.values();
    let end = (rows * stride).min(values.len());
    spread.chunks(&mut values[..end], (stride * ROWS).max(1), |piece, values| {
        let first = piece * ROWS;
        for (i, y) in values.chunks_mut(stride).take(rows - first.min(rows)).enumerate() {
            work(first + i, &mut y[..columns]);
        }
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
