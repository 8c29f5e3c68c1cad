//! `norm(dropout(y + b) + x)` and back, each in one parallel pass over rows.

use super::products::{added, sums_of_chunks};
use crate::model::lanes::{fold, vectorised};
use rayon::prelude::*;

/// Rows a task.
const ROWS: usize = 16;

/// What the way back needs of the way there.
pub(super) struct Normed {
    /// (value − mean) / deviation, [rows, width].
    normal: Vec<f32>,
    /// 1 / deviation of each row.
    scales: Vec<f32>,
    /// What dropout multiplied by, [rows, width]; none where it drops nothing.
    factors: Option<Vec<f32>>,
}

/// What is learned: of width each.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    /// Bias of `y`.
    pub(super) bias: &'a [f32],
    pub(super) gamma: &'a [f32],
    pub(super) beta: &'a [f32],
    pub(super) epsilon: f32,
}

/// `y` and `x`, [rows, width], → the norm of their sum.
pub(super) fn forward(
    y: &[f32],
    x: &[f32],
    factors: Option<Vec<f32>>,
    weights: Weights<'_>,
) -> (Vec<f32>, Normed) {
    let width = weights.gamma.len();
    let mut output = vec![0.0; y.len()];
    let mut normal = vec![0.0; y.len()];
    let mut scales = vec![0.0; y.len() / width];
    let size = ROWS * width;
    let outputs = output.par_chunks_mut(size).zip(normal.par_chunks_mut(size));
    let outputs = outputs.zip(scales.par_chunks_mut(ROWS)).enumerate();
    outputs.for_each(|(i, ((output, normal), scales))| {
        let at = i * size..i * size + output.len();
        let factors = factors.as_ref().map(|factors| &factors[at.clone()]);
        let (y, x) = (&y[at.clone()], &x[at]);
        vectorised(
            #[inline(always)]
            || {
                for (row, scale) in scales.iter_mut().enumerate() {
                    let at = row * width..(row + 1) * width;
                    let normal = &mut normal[at.clone()];
                    match factors {
                        Some(factors) => {
                            sum(
                                &y[at.clone()],
                                &x[at.clone()],
                                &factors[at.clone()],
                                weights.bias,
                                normal,
                            );
                        }
                        None => plain_sum(&y[at.clone()], &x[at.clone()], weights.bias, normal),
                    }
                    *scale = normalise(normal, weights.epsilon);
                    let output = &mut output[at];
                    for (((output, n), gamma), beta) in
                        output.iter_mut().zip(normal).zip(weights.gamma).zip(weights.beta)
                    {
                        *output = *n * gamma + beta;
                    }
                }
            },
        );
    });
    (output, Normed { normal, scales, factors })
}

#[inline(always)]
fn sum(y: &[f32], x: &[f32], factors: &[f32], bias: &[f32], out: &mut [f32]) {
    for ((((out, y), x), factor), bias) in out.iter_mut().zip(y).zip(x).zip(factors).zip(bias) {
        *out = (y + bias) * factor + x;
    }
}

#[inline(always)]
fn plain_sum(y: &[f32], x: &[f32], bias: &[f32], out: &mut [f32]) {
    for (((out, y), x), bias) in out.iter_mut().zip(y).zip(x).zip(bias) {
        *out = y + bias + x;
    }
}

/// Makes the mean of `row` 0 and its deviation 1; gives 1 / deviation.
#[inline(always)]
fn normalise(row: &mut [f32], epsilon: f32) -> f32 {
    let width = row.len() as f32;
    let mean = fold(row, 0.0, |a, b| a + b) / width;
    for value in row.iter_mut() {
        *value -= mean;
    }
    let squares = squares(row);
    let scale = 1.0 / (squares / width + epsilon).sqrt();
    for value in row.iter_mut() {
        *value *= scale;
    }
    scale
}

#[inline(always)]
fn squares(row: &[f32]) -> f32 {
    products(row, row)
}

/// Σ a·b with sixteen accumulators.
#[inline(always)]
fn products(a: &[f32], b: &[f32]) -> f32 {
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut lanes = [0.0f32; 16];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    lanes.into_iter().sum::<f32>() + rest
}

/// The derivatives of [`forward`].
pub(super) struct Gradients {
    /// Of `x`, [rows, width].
    pub(super) x: Vec<f32>,
    /// Of `y`, where dropout makes it another.
    pub(super) y: Option<Vec<f32>>,
    pub(super) bias: Vec<f32>,
    pub(super) gamma: Vec<f32>,
    pub(super) beta: Vec<f32>,
}

/// The gradient of the norm is the sum of `terms`, [rows, width] each.
pub(super) fn backward(terms: &[&[f32]], normed: &Normed, gamma: &[f32]) -> Gradients {
    let width = gamma.len();
    let size = ROWS * width;
    let mut x = vec![0.0; normed.normal.len()];
    let mut y = normed.factors.as_ref().map(|factors| vec![0.0; factors.len()]);
    let mut ys: Vec<Option<&mut [f32]>> = match &mut y {
        Some(y) => y.chunks_mut(size).map(Some).collect(),
        None => (0..x.len().div_ceil(size)).map(|_| None).collect(),
    };
    let tasks = x.par_chunks_mut(size).zip(ys.par_iter_mut()).enumerate();
    // Bias, gamma and beta of each chunk, one after the other.
    let sums: Vec<Vec<f32>> = tasks
        .map(|(i, (x, y))| {
            let mut sums = vec![0.0; 3 * width];
            vectorised(
                #[inline(always)]
                || {
                    for row in 0..x.len() / width {
                        let here = row * width..(row + 1) * width;
                        let at = i * size + here.start..i * size + here.end;
                        let normal = &normed.normal[at.clone()];
                        let x = &mut x[here.clone()];
                        added(terms, &at, x);
                        let (bias, rest) = sums.split_at_mut(width);
                        let (gammas, betas) = rest.split_at_mut(width);
                        let scale = normed.scales[i * ROWS + row];
                        of_row(x, normal, gamma, scale, gammas, betas);
                        if let (Some(y), Some(factors)) = (y.as_deref_mut(), &normed.factors) {
                            dropped(x, &factors[at], &mut y[here], bias);
                        } else {
                            for (bias, x) in bias.iter_mut().zip(x) {
                                *bias += *x;
                            }
                        }
                    }
                },
            );
            sums
        })
        .collect();
    let mut bias = sums_of_chunks(&sums, 3 * width);
    let mut gammas = bias.split_off(width);
    let betas = gammas.split_off(width);
    Gradients { x, y, bias, gamma: gammas, beta: betas }
}

/// The gradient `g` of a row of the norm becomes that of what was normed.
#[inline(always)]
fn of_row(
    g: &mut [f32],
    normal: &[f32],
    gamma: &[f32],
    scale: f32,
    gammas: &mut [f32],
    betas: &mut [f32],
) {
    for (((g, n), gammas), betas) in g.iter_mut().zip(normal).zip(gammas).zip(betas) {
        *gammas += *g * n;
        *betas += *g;
    }
    for (g, gamma) in g.iter_mut().zip(gamma) {
        *g *= gamma;
    }
    let width = g.len() as f32;
    let mean = fold(g, 0.0, |a, b| a + b) / width;
    let along = products(g, normal) / width;
    for (g, n) in g.iter_mut().zip(normal) {
        *g = scale * (*g - mean - n * along);
    }
}

#[inline(always)]
fn dropped(x: &[f32], factors: &[f32], y: &mut [f32], bias: &mut [f32]) {
    for (((y, x), factor), bias) in y.iter_mut().zip(x).zip(factors).zip(bias) {
        *y = x * factor;
        *bias += *y;
    }
}
