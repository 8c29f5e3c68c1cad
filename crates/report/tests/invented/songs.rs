//! Invented songs: which labels they have and what a model of a given skill says of them.

use canto_evaluate::{
    Cooccurrence, LabelCurves, ReliabilityBin, Scores, Targets, Test, ThresholdPoint,
};

/// Truth and scores, `[songs][labels]`.
pub(crate) struct Songs {
    truth: Vec<Vec<bool>>,
    scores: Vec<Vec<f64>>,
}

/// A stream of numbers that look random (Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().max(1e-12).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Share of songs and distance of scores of a label; the pattern is that of real genres, where
/// few are common and some are easy.
fn character(label: usize) -> (f64, f64) {
    const SHARES: [f64; 14] =
        [0.14, 0.012, 0.008, 0.11, 0.12, 0.21, 0.03, 0.09, 0.33, 0.10, 0.07, 0.02, 0.36, 0.015];
    const DISTANCES: [f64; 14] =
        [0.6, 0.9, 1.2, 0.7, 1.0, 2.2, 0.8, 1.8, 0.7, 1.1, 1.9, 2.0, 0.9, 0.5];
    (SHARES[label % 14], DISTANCES[label % 14])
}

/// Draws songs; the same seed gives the same truth at every skill.
pub(crate) fn draw(seed: u64, songs: usize, labels: usize, skill: f64) -> Songs {
    let mut dice = Dice(seed);
    let mut drawn = Songs { truth: Vec::new(), scores: Vec::new() };
    for _ in 0..songs {
        let (mut truth, mut scores) = (Vec::new(), Vec::new());
        for label in 0..labels {
            let (share, distance) = character(label);
            let has = dice.uniform() < share;
            let distance = distance * skill;
            let evidence = dice.normal() + if has { distance } else { 0.0 };
            let logit =
                distance * evidence - distance * distance / 2.0 + (share / (1.0 - share)).ln();
            truth.push(has);
            // A little too sure, as models are.
            scores.push(f64::from((1.0 / (1.0 + (-1.15 * logit).exp())) as f32));
        }
        drawn.truth.push(truth);
        drawn.scores.push(scores);
    }
    drawn
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl Songs {
    pub(crate) fn test(&self) -> Test {
        let (rows, labels) = (self.truth.len(), self.truth[0].len());
        let scores = self.scores.iter().flatten().map(|score| *score as f32).collect();
        let truth = self.truth.iter().flatten().copied().collect();
        let scores = Scores::new(rows, labels, scores).unwrap();
        Test::new(scores, Targets::new(rows, labels, truth).unwrap()).unwrap()
    }

    fn column(&self, label: usize) -> Vec<(f64, bool)> {
        let cells = self.scores.iter().zip(&self.truth);
        cells.map(|(scores, truth)| (scores[label], truth[label])).collect()
    }

    pub(crate) fn positives(&self, label: usize) -> u64 {
        self.truth.iter().filter(|row| row[label]).count() as u64
    }

    /// Decided and true, decided and false, missed, rightly not.
    pub(crate) fn confusion(&self, label: usize, threshold: f64) -> [u64; 4] {
        confusion(&self.column(label), threshold)
    }

    pub(crate) fn threshold_curve(&self, label: usize) -> Vec<ThresholdPoint> {
        let cells = self.column(label);
        (0..=100).map(|at| point(&cells, f64::from(at) / 100.0)).collect()
    }

    pub(crate) fn best_threshold(&self, label: usize) -> f64 {
        let curve = self.threshold_curve(label);
        let best = curve.iter().max_by(|one, other| one.f1.total_cmp(&other.f1));
        f64::from(best.unwrap().threshold as f32)
    }

    pub(crate) fn curves(&self, label: usize, name: &str) -> LabelCurves {
        let mut cells = self.column(label);
        cells.sort_by(|one, other| other.0.total_cmp(&one.0));
        let positives = self.positives(label) as f64;
        let negatives = cells.len() as f64 - positives;
        let (mut roc, mut precision_recall) = (vec![[0.0, 0.0]], Vec::new());
        let (mut hits, mut alarms) = (0.0, 0.0);
        for (_, truth) in &cells {
            if *truth {
                hits += 1.0;
            } else {
                alarms += 1.0;
            }
            roc.push([ratio(alarms, negatives), ratio(hits, positives)]);
            precision_recall.push([ratio(hits, positives), ratio(hits, hits + alarms)]);
        }
        let (mut roc, mut precision_recall) = (thin(&roc), thin(&precision_recall));
        if positives == 0.0 {
            (roc, precision_recall) = (Vec::new(), Vec::new());
        }
        LabelCurves {
            label: name.to_owned(),
            roc,
            precision_recall,
            thresholds: self.threshold_curve(label),
            reliability: self.reliability(label),
        }
    }

    fn reliability(&self, label: usize) -> Vec<ReliabilityBin> {
        let mut cells = self.column(label);
        cells.sort_by(|one, other| one.0.total_cmp(&other.0));
        let bins = cells.chunks(cells.len().div_ceil(10));
        let mean = |bin: &[(f64, bool)]| ReliabilityBin {
            score: bin.iter().map(|cell| cell.0).sum::<f64>() / bin.len() as f64,
            truth: bin.iter().filter(|cell| cell.1).count() as f64 / bin.len() as f64,
            songs: bin.len() as u64,
        };
        bins.map(mean).collect()
    }

    pub(crate) fn calibration_error(&self, label: usize) -> f64 {
        let bins = self.reliability(label);
        let gaps = bins.iter().map(|bin| (bin.score - bin.truth).abs() * bin.songs as f64);
        gaps.sum::<f64>() / self.truth.len() as f64
    }

    pub(crate) fn brier(&self, label: usize) -> f64 {
        let gaps = self.column(label).into_iter().map(|(score, truth)| {
            let gap = score - f64::from(u8::from(truth));
            gap * gap
        });
        gaps.sum::<f64>() / self.truth.len() as f64
    }

    pub(crate) fn cooccurrence(&self, labels: &[String], thresholds: &[f64]) -> Cooccurrence {
        let decided = self.scores.iter().map(|row| {
            row.iter().zip(thresholds).map(|(score, threshold)| score >= threshold).collect()
        });
        let decided: Vec<Vec<bool>> = decided.collect();
        Cooccurrence {
            labels: labels.to_vec(),
            truth: together(&self.truth, labels.len()),
            decided: together(&decided, labels.len()),
        }
    }
}

fn confusion(cells: &[(f64, bool)], threshold: f64) -> [u64; 4] {
    let mut counts = [0; 4];
    for (score, truth) in cells {
        counts[usize::from(!truth) + 2 * usize::from(*score < threshold)] += 1;
    }
    counts
}

fn point(cells: &[(f64, bool)], threshold: f64) -> ThresholdPoint {
    let [hits, alarms, misses, _] = confusion(cells, threshold).map(|songs| songs as f64);
    let f1 = ratio(2.0 * hits, 2.0 * hits + alarms + misses);
    let (precision, recall) = (ratio(hits, hits + alarms), ratio(hits, hits + misses));
    ThresholdPoint { threshold, precision, recall, f1 }
}

/// Every eighth point, and the last.
fn thin(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let last = points.last().copied().into_iter();
    points.iter().step_by(8).copied().chain(last).collect()
}

fn together(rows: &[Vec<bool>], labels: usize) -> Vec<Vec<u64>> {
    let both =
        |one: usize, other: usize| rows.iter().filter(|row| row[one] && row[other]).count() as u64;
    (0..labels).map(|one| (0..labels).map(|other| both(one, other)).collect()).collect()
}

pub(crate) fn matthews(confusion: [u64; 4]) -> f64 {
    let [hits, alarms, misses, rightly_not] = confusion.map(|songs| songs as f64);
    let spread =
        (hits + alarms) * (hits + misses) * (rightly_not + alarms) * (rightly_not + misses);
    ratio(hits * rightly_not - alarms * misses, spread.sqrt())
}
