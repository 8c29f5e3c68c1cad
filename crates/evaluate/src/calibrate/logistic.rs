//! Logistic curves through a ranking: temperature and Platt's.

use crate::label_map::logit;
use crate::newton::{Logistic, Point};
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

/// The temperature of least log loss (Guo et al. 2017), 0.01 to 100.
pub(crate) fn temperature(cells: &Ranking) -> f64 {
    let slope = newton(&points(cells, 1.0, 0.0), IDENTITY, [true, false]).slope;
    1.0 / slope.clamp(LEAST_SLOPE, 1.0 / LEAST_SLOPE)
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

fn points(ranking: &Ranking, positive: f64, negative: f64) -> Vec<Point<2>> {
    let ties = ranking.ties().iter();
    ties.map(|tie| Point {
        features: [logit(tie.score), 1.0],
        cells: tie.cells() as f64,
        target: tie.positives as f64 * positive + tie.negatives as f64 * negative,
    })
    .collect()
}

fn newton(points: &[Point<2>], start: Line, free: [bool; 2]) -> Line {
    let start = [start.slope, start.intercept];
    let [slope, intercept] = Logistic { points, start, free }.fit();
    Line { slope, intercept }
}
