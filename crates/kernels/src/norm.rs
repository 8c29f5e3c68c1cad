use crate::level::Level;
use crate::rows::{Rows, RowsMut};
use crate::spread::Spread;
use crate::vector::fold;

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
    over_rows(spread, y, |_, y| {
        level.run(
            #[inline(always)]
            || normalise(y, norm),
        );
    });
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
        let residual = residual.row(row);
        level.run(
            #[inline(always)]
            || {
                for (y, &residual) in y.iter_mut().zip(residual) {
                    *y += residual;
                }
                normalise(y, norm);
            },
        );
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

#[inline(always)]
fn normalise(y: &mut [f32], norm: &LayerNorm) {
    assert!(norm.weight.len() == y.len() && norm.bias.len() == y.len(), "a norm of other width");
    let width = y.len() as f32;
    let mean = fold(y, 0.0, |y: f32| y, |a, b| a + b) / width;
    let square = |y: f32| (y - mean) * (y - mean);
    let variance = fold(y, 0.0, square, |a, b| a + b) / width;
    let scale = 1.0 / (variance + norm.epsilon).sqrt();
    for ((y, &weight), &bias) in y.iter_mut().zip(&norm.weight).zip(&norm.bias) {
        *y = (*y - mean) * scale * weight + bias;
    }
}
