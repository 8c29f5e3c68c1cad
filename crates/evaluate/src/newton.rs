//! Logistic regression on a few features, by Newton's method.
#![expect(clippy::needless_range_loop, reason = "rows and columns of a matrix go by number")]

use crate::label_map::sigmoid;

/// Cells of equal features.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point<const N: usize> {
    pub(crate) features: [f64; N],
    pub(crate) cells: f64,
    /// Sum of their targets.
    pub(crate) target: f64,
}

/// The log loss of cells, to be minimised over weights.
pub(crate) struct Logistic<'a, const N: usize> {
    pub(crate) points: &'a [Point<N>],
    pub(crate) start: [f64; N],
    /// Only these weights move.
    pub(crate) free: [bool; N],
}

impl<const N: usize> Logistic<'_, N> {
    /// The best weights. The loss is convex; steps are halved until they better it.
    pub(crate) fn fit(&self) -> [f64; N] {
        let (mut weights, mut loss) = (self.start, self.loss(self.start));
        for _ in 0..100 {
            let step = self.step(weights);
            let Some((moved, reached)) = self.moved(weights, step, loss) else { break };
            (weights, loss) = (moved, reached);
            if step.iter().all(|step| step.abs() < 1e-12) {
                break;
            }
        }
        weights
    }

    /// The first of ever smaller steps that lowers the loss.
    fn moved(&self, weights: [f64; N], step: [f64; N], loss: f64) -> Option<([f64; N], f64)> {
        let mut share = 1.0;
        while share >= 1e-6 {
            let tried = std::array::from_fn(|i| weights[i] - share * step[i]);
            let reached = self.loss(tried);
            if reached < loss {
                return Some((tried, reached));
            }
            share /= 2.0;
        }
        None
    }

    fn loss(&self, weights: [f64; N]) -> f64 {
        let cost = |point: &Point<N>| {
            let at = dot(point.features, weights);
            // ln(1 + e^at), without overflow.
            let softplus = at.max(0.0) + (-at.abs()).exp().ln_1p();
            point.cells * softplus - point.target * at
        };
        self.points.iter().map(cost).sum()
    }

    /// The inverse Hessian times the gradient, over the free weights.
    fn step(&self, weights: [f64; N]) -> [f64; N] {
        let mut gradient = [0.0; N];
        let mut hessian = [[0.0; N]; N];
        for point in self.points {
            let share = sigmoid(dot(point.features, weights));
            let (error, spread) = (point.cells * share - point.target, share * (1.0 - share));
            for i in 0..N {
                gradient[i] += error * point.features[i];
                for j in 0..N {
                    hessian[i][j] += point.cells * spread * point.features[i] * point.features[j];
                }
            }
        }
        for i in 0..N {
            // A trace more than the curvature, for features that are all equal.
            hessian[i][i] = hessian[i][i] * (1.0 + 1e-9) + 1e-9;
        }
        for i in (0..N).filter(|&i| !self.free[i]) {
            hessian[i] = std::array::from_fn(|j| f64::from(u8::from(i == j)));
            (0..N).filter(|&j| j != i).for_each(|j| hessian[j][i] = 0.0);
            gradient[i] = 0.0;
        }
        solved(hessian, gradient)
    }
}

fn dot<const N: usize>(a: [f64; N], b: [f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `matrix`⁻¹ · `right`, `matrix` symmetric and positive definite, by elimination.
fn solved<const N: usize>(mut matrix: [[f64; N]; N], mut right: [f64; N]) -> [f64; N] {
    for pivot in 0..N {
        for row in pivot + 1..N {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            for column in pivot..N {
                matrix[row][column] -= factor * matrix[pivot][column];
            }
            right[row] -= factor * right[pivot];
        }
    }
    for pivot in (0..N).rev() {
        let known: f64 = (pivot + 1..N).map(|column| matrix[pivot][column] * right[column]).sum();
        right[pivot] = (right[pivot] - known) / matrix[pivot][pivot];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let matrix = [[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]];
        let x = [1.0, -2.0, 3.0];
        let right = std::array::from_fn(|i| dot(matrix[i], x));
        for (found, expected) in solved(matrix, right).into_iter().zip(x) {
            assert!((found - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn weights_that_are_not_free_stay() {
        let point = |x: f64, target: f64| Point { features: [x, 1.0], cells: 1.0, target };
        let points = [point(1.0, 1.0), point(-1.0, 0.0), point(0.5, 0.0), point(-2.0, 1.0)];
        let fit = |free| Logistic { points: &points, start: [2.0, 0.5], free }.fit();
        assert!((fit([false, true])[0] - 2.0).abs() < 1e-15);
        assert!((fit([true, false])[1] - 0.5).abs() < 1e-15);
    }
}
