//! One sweep over descending scores finds the best cut.

use super::TuneConfig;
use crate::counts::Counts;
use crate::ranking::Ranking;

/// What a threshold is picked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Aim {
    /// The highest F1.
    F1,
    /// The highest recall at no less precision than this.
    PrecisionAt(f64),
    /// The highest precision at no less recall than this.
    RecallAt(f64),
}

impl Aim {
    pub(super) fn new(config: &TuneConfig) -> Self {
        let precision = config.precision_at.map(Self::PrecisionAt);
        precision.or(config.recall_at.map(Self::RecallAt)).unwrap_or(Self::F1)
    }

    pub(super) fn is_target(self) -> bool {
        !matches!(self, Self::F1)
    }

    /// What is to be highest; 0 where a target is missed.
    fn value(self, counts: Counts) -> f64 {
        let quality = counts.quality();
        match self {
            Self::F1 => quality.f1,
            Self::PrecisionAt(least) if quality.precision >= least => quality.recall,
            Self::RecallAt(least) if quality.recall >= least => quality.precision,
            Self::PrecisionAt(_) | Self::RecallAt(_) => 0.0,
        }
    }
}

/// The best cut, the highest of equals; `None` where it is worth 0 everywhere.
pub(super) fn best(ranking: &Ranking, aim: Aim) -> Option<f32> {
    let mut best = Best::default();
    let negatives = ranking.cells() - ranking.positives();
    let mut counts = Counts::undecided(ranking.positives(), negatives);
    for tie in ranking.ties() {
        best.cut_before(tie.score);
        counts.decide(*tie);
        best.offer(aim.value(counts), tie.score);
    }
    best.threshold()
}

/// The best cut of a sweep over descending scores.
#[derive(Default)]
pub(super) struct Best {
    value: f64,
    /// The lowest score decided, and the highest one that is not, once it is known.
    cut: Option<(f32, Option<f32>)>,
}

impl Best {
    /// The sweep reaches `score`, the neighbour below of the last one offered.
    pub(super) fn cut_before(&mut self, score: f32) {
        if let Some((_, below @ None)) = &mut self.cut {
            *below = Some(score);
        }
    }

    /// Deciding from `score` on gives `value`.
    pub(super) fn offer(&mut self, value: f64, score: f32) {
        if value > self.value {
            *self = Self { value, cut: Some((score, None)) };
        }
    }

    pub(super) fn threshold(self) -> Option<f32> {
        // Below the lowest score of all lies 0.
        self.cut.map(|(above, below)| midway(below.unwrap_or(0.0), above))
    }
}

/// Midway between two neighbouring scores; the upper one where `f32` has no number between them,
/// since a score equal to the threshold is decided.
fn midway(below: f32, above: f32) -> f32 {
    let middle = f64::midpoint(f64::from(below), f64::from(above)) as f32;
    if middle > below { middle } else { above }
}
