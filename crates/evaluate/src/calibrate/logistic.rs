//! Logistic curves through a ranking: temperature and Platt's.

use crate::label_map::{logit, sigmoid};
use crate::ranking::Ranking;

/// The least slope, and one over the most: below 0 a map would turn the order of scores round, at
/// 0 it would forget it.
const LEAST_SLOPE: f64 = 0.01;

/// σ(slope · logit + intercept).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
}

const IDENTITY: Line = Line { slope: 1.0, intercept: 0.0 };

/// Cells of one logit.
#[derive(Clone, Copy, Debug)]
struct Point {
    logit: f64,
    cells: f64,
    /// Sum of their targets.
    target: f64,
}

/// The temperature of least log loss (Guo et al. 2017), 0.01 to 100.
pub(crate) fn temperature(cells: &Ranking) -> f64 {
    let points = points(cells, 1.0, 0.0);
    1.0 / newton(&points, IDENTITY, [true, false]).slope.clamp(LEAST_SLOPE, 1.0 / LEAST_SLOPE)
}

/// Platt's line: least log loss against targets that are drawn in from 1 and 0 to
/// (positives + 1) / (positives + 2) and 1 / (negatives + 2), so that a label that scores separate
/// fully still has one (Platt 1999). A slope below 0.01 is held there. A label without positives
/// or without negatives says nothing, and scores stay.
pub(crate) fn platt(label: &Ranking) -> Line {
    let positives = label.positives() as f64;
    let negatives = label.cells() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return IDENTITY;
    }
    let points = points(label, (positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
    let line = newton(&points, IDENTITY, [true, true]);
    if line.slope >= LEAST_SLOPE {
        return line;
    }
    newton(&points, Line { slope: LEAST_SLOPE, ..line }, [false, true])
}

fn points(ranking: &Ranking, positive: f64, negative: f64) -> Vec<Point> {
    let ties = ranking.ties().iter();
    ties.map(|tie| Point {
        logit: logit(tie.score),
        cells: tie.cells() as f64,
        target: tie.positives as f64 * positive + tie.negatives as f64 * negative,
    })
    .collect()
}

/// Newton's method with halved steps: the loss is convex. Only what is `free` moves.
fn newton(points: &[Point], start: Line, free: [bool; 2]) -> Line {
    let (mut line, mut loss) = (start, log_loss(points, start));
    for _ in 0..100 {
        let [by_slope, by_intercept] = step(points, line, free);
        let mut share = 1.0;
        let moved = loop {
            let slope = line.slope - share * by_slope;
            let tried = Line { slope, intercept: line.intercept - share * by_intercept };
            let reached = log_loss(points, tried);
            if reached < loss {
                (line, loss) = (tried, reached);
                break true;
            }
            share /= 2.0;
            if share < 1e-6 {
                break false;
            }
        };
        if !moved || by_slope.abs().max(by_intercept.abs()) < 1e-12 {
            break;
        }
    }
    line
}

fn log_loss(points: &[Point], line: Line) -> f64 {
    let cost = |point: &Point| {
        let at = line.slope * point.logit + line.intercept;
        // ln(1 + e^at), without overflow.
        let softplus = at.max(0.0) + (-at.abs()).exp().ln_1p();
        point.cells * softplus - point.target * at
    };
    points.iter().map(cost).sum()
}

/// The inverse Hessian times the gradient.
fn step(points: &[Point], line: Line, free: [bool; 2]) -> [f64; 2] {
    let (mut gradient, mut hessian) = ([0.0; 2], [0.0; 3]);
    for point in points {
        let share = sigmoid(line.slope * point.logit + line.intercept);
        let (error, spread) = (point.cells * share - point.target, share * (1.0 - share));
        gradient[0] += error * point.logit;
        gradient[1] += error;
        hessian[0] += point.cells * spread * point.logit.powi(2);
        hessian[1] += point.cells * spread * point.logit;
        hessian[2] += point.cells * spread;
    }
    // A trace more than the curvature, for scores that are all equal.
    let [a, b, c] = [hessian[0] * (1.0 + 1e-9) + 1e-9, hessian[1], hessian[2] + 1e-9];
    match free {
        [true, true] => {
            let determinant = a * c - b * b;
            let slope = c * gradient[0] - b * gradient[1];
            [slope / determinant, (a * gradient[1] - b * gradient[0]) / determinant]
        }
        [true, false] => [gradient[0] / a, 0.0],
        [false, true] => [0.0, gradient[1] / c],
        [false, false] => [0.0, 0.0],
    }
}
