//! What is measured row by row.

use crate::counts::{Counts, Quality, share};

/// The figures of one row, or their mean over rows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowFigures {
    pub(crate) quality: Quality,
    pub(crate) perfect: f64,
    pub(crate) log_loss: f64,
    pub(crate) ranking_loss: f64,
    pub(crate) label_ranking_average_precision: f64,
    pub(crate) coverage_error: f64,
}

impl RowFigures {
    pub(crate) fn new(scores: &[f32], truths: &[bool], thresholds: &[f32]) -> Self {
        let mut counts = Counts::default();
        for ((score, truth), threshold) in scores.iter().zip(truths).zip(thresholds) {
            counts.count(score >= threshold, *truth);
        }
        let ranks = ranks(scores, truths);
        Self {
            quality: counts.quality(),
            perfect: f64::from(counts.wrong() == 0),
            log_loss: log_loss(scores, truths),
            ranking_loss: ranking_loss(&ranks, counts),
            label_ranking_average_precision: average_precision(&ranks),
            coverage_error: ranks.iter().map(|rank| rank.all()).max().unwrap_or(0) as f64,
        }
    }

    /// The mean under `weights`, one a row, not all of them 0.
    pub(crate) fn mean(rows: &[Self], weights: &[u32]) -> Self {
        let total: u64 = weights.iter().copied().map(u64::from).sum();
        let mean = |value: fn(&Self) -> f64| {
            let sum = rows.iter().zip(weights).map(|(row, weight)| value(row) * f64::from(*weight));
            sum.sum::<f64>() / total as f64
        };
        let quality = Quality {
            f1: mean(|row| row.quality.f1),
            precision: mean(|row| row.quality.precision),
            recall: mean(|row| row.quality.recall),
        };
        Self {
            quality,
            perfect: mean(|row| row.perfect),
            log_loss: mean(|row| row.log_loss),
            ranking_loss: mean(|row| row.ranking_loss),
            label_ranking_average_precision: mean(|row| row.label_ranking_average_precision),
            coverage_error: mean(|row| row.coverage_error),
        }
    }
}

/// Mean binary cross-entropy, in nats. Scores of exactly 0 and 1 are moved inside by the machine
/// epsilon of `f64`, as scikit-learn does, so that a sure mistake costs much but not everything.
pub(crate) fn log_loss(scores: &[f32], truths: &[bool]) -> f64 {
    let cost = |(score, truth): (&f32, &bool)| {
        let score = f64::from(*score).clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        if *truth { -score.ln() } else { -(1.0 - score).ln() }
    };
    scores.iter().zip(truths).map(cost).sum::<f64>() / scores.len() as f64
}

/// Of a true label: the labels that score at least as much, itself among them.
#[derive(Clone, Copy, Debug, Default)]
struct Rank {
    truths: u64,
    others: u64,
}

impl Rank {
    fn all(self) -> u64 {
        self.truths + self.others
    }
}

/// One a true label. Every pair is compared: labels are few.
fn ranks(scores: &[f32], truths: &[bool]) -> Vec<Rank> {
    let cells = || scores.iter().zip(truths);
    let rank = |(own, _)| {
        let mut rank = Rank::default();
        for (_, truth) in cells().filter(|(score, _)| *score >= own) {
            rank.truths += u64::from(*truth);
            rank.others += u64::from(!truth);
        }
        rank
    };
    cells().filter(|(_, truth)| **truth).map(rank).collect()
}

/// Share of pairs of a true and a false label in which the false one scores at least as much
/// (Tsoumakas et al. 2010); 0 without a pair.
fn ranking_loss(ranks: &[Rank], counts: Counts) -> f64 {
    let pairs = counts.support() * (counts.false_alarms + counts.rejections);
    share(ranks.iter().map(|rank| rank.others).sum(), pairs)
}

/// Mean over the true labels of the share of true ones among the labels that score at least as
/// much; 1 without a true label.
fn average_precision(ranks: &[Rank]) -> f64 {
    if ranks.is_empty() {
        return 1.0;
    }
    ranks.iter().map(|rank| share(rank.truths, rank.all())).sum::<f64>() / ranks.len() as f64
}
