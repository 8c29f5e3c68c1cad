use crate::counts::Counts;
use crate::order::Order;
use crate::ranking::{Ranking, Tie};
use crate::thin::thinned;
use crate::{Error, Scored};
use serde::{Deserialize, Serialize};

/// The most points that a curve is drawn with.
const POINTS: usize = 200;

/// What is drawn of one label. Curves are thinned to 200 points, their ends kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelCurves {
    /// The label.
    pub label: String,
    /// (false positive rate, recall) from (0, 0) to (1, 1); empty where undefined. The area below
    /// is the ROC-AUC.
    pub roc: Vec<[f64; 2]>,
    /// (recall, precision) by falling threshold; empty where undefined. Precision goes in steps,
    /// not interpolated, so that the area below is the average precision.
    pub precision_recall: Vec<[f64; 2]>,
    /// What each threshold gives, ascending.
    pub thresholds: Vec<ThresholdPoint>,
    /// Bins of equal mass, ascending.
    pub reliability: Vec<ReliabilityBin>,
}

/// What deciding from a threshold on gives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdPoint {
    /// Decided when the score is at least this.
    pub threshold: f64,
    /// Share of decided songs that have the label.
    pub precision: f64,
    /// Share of the label's songs that are decided.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

/// Songs of like score: what the model says and what is true.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean score.
    pub score: f64,
    /// Share that has the label.
    pub truth: f64,
    /// Number of songs.
    pub songs: u64,
}

/// The curves of every label. Thinning moves the area under a curve by less than 0.001.
pub fn curves(scored: &impl Scored, labels: &[String]) -> Result<Vec<LabelCurves>, Error> {
    let rankings = rankings(scored, labels)?;
    let curves = labels.iter().zip(&rankings).map(|(label, ranking)| LabelCurves {
        label: label.clone(),
        roc: drawn(&roc(ranking)),
        precision_recall: drawn(&precision_recall(ranking)),
        thresholds: threshold_curve(ranking),
        reliability: ranking.reliability(),
    });
    Ok(curves.collect())
}

/// What each threshold would give, a label at a time, each by ascending threshold and thinned to
/// 200 points; the threshold of highest F1 is among them.
pub fn threshold_curves(
    scored: &impl Scored,
    labels: &[String],
) -> Result<Vec<Vec<ThresholdPoint>>, Error> {
    Ok(rankings(scored, labels)?.iter().map(threshold_curve).collect())
}

fn rankings(scored: &impl Scored, labels: &[String]) -> Result<Vec<Ranking>, Error> {
    scored.check_labels(labels)?;
    let ones = vec![1; scored.scores().rows()];
    Ok((0..labels.len()).map(|label| Order::of_label(scored, label).ranking(&ones)).collect())
}

fn drawn(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    thinned(points, POINTS).into_iter().map(|point| points[point]).collect()
}

/// Decisions from each score on, with that score's cells, by falling threshold.
fn sweep(ranking: &Ranking) -> impl Iterator<Item = (Tie, Counts)> {
    let negatives = ranking.cells() - ranking.positives();
    let start = Counts::undecided(ranking.positives(), negatives);
    ranking.ties().iter().scan(start, |counts, tie| {
        counts.decide(*tie);
        Some((*tie, *counts))
    })
}

fn roc(ranking: &Ranking) -> Vec<[f64; 2]> {
    if ranking.roc_auc().is_none() {
        return Vec::new();
    }
    let negatives = (ranking.cells() - ranking.positives()) as f64;
    let point = |(_, counts): (Tie, Counts)| {
        [counts.false_alarms as f64 / negatives, counts.quality().recall]
    };
    [[0.0, 0.0]].into_iter().chain(sweep(ranking).map(point)).collect()
}

fn precision_recall(ranking: &Ranking) -> Vec<[f64; 2]> {
    let (mut points, mut reached) = (Vec::new(), 0.0);
    for (_, counts) in sweep(ranking).filter(|(tie, _)| tie.positives > 0) {
        let quality = counts.quality();
        points.push([reached, quality.precision]);
        points.push([quality.recall, quality.precision]);
        reached = quality.recall;
    }
    points
}

fn threshold_curve(ranking: &Ranking) -> Vec<ThresholdPoint> {
    let point = |(tie, counts): (Tie, Counts)| {
        let quality = counts.quality();
        ThresholdPoint {
            threshold: f64::from(tie.score),
            precision: quality.precision,
            recall: quality.recall,
            f1: quality.f1,
        }
    };
    let mut points: Vec<ThresholdPoint> = sweep(ranking).map(point).collect();
    points.reverse();
    let line: Vec<[f64; 2]> = points.iter().map(|point| [point.threshold, point.f1]).collect();
    let mut kept = thinned(&line, POINTS - 1);
    let best = (0..points.len()).max_by(|&a, &b| points[a].f1.total_cmp(&points[b].f1));
    kept.extend(best);
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|point| points[point]).collect()
}
