//! Metrics of the order that scores give.

use crate::counts::Counts;

/// Cells of one score: how many are true and how many are not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tie {
    pub(crate) score: f32,
    pub(crate) positives: u64,
    pub(crate) negatives: u64,
}

/// Cells by descending score, equal scores together.
#[derive(Clone, Debug)]
pub(crate) struct Ranking {
    ties: Vec<Tie>,
    positives: u64,
    negatives: u64,
}

/// Whether neither score is above the other.
#[expect(clippy::float_cmp, reason = "a tie is an equality; a margin would join what differs")]
pub(crate) fn tied(a: f32, b: f32) -> bool {
    a == b
}

impl Tie {
    pub(crate) fn new(score: f32, truth: bool, weight: u64) -> Self {
        let mut tie = Self { score, positives: 0, negatives: 0 };
        tie.add(truth, weight);
        tie
    }

    pub(crate) fn add(&mut self, truth: bool, weight: u64) {
        // Without a branch: whether a cell is true is not to be foreseen.
        self.positives += weight * u64::from(truth);
        self.negatives += weight * u64::from(!truth);
    }

    pub(crate) fn cells(self) -> u64 {
        self.positives + self.negatives
    }
}

impl Ranking {
    /// `ties` by strictly descending score.
    pub(crate) fn of(ties: Vec<Tie>) -> Self {
        let positives = ties.iter().map(|tie| tie.positives).sum();
        let negatives = ties.iter().map(|tie| tie.negatives).sum();
        Self { ties, positives, negatives }
    }

    pub(crate) fn ties(&self) -> &[Tie] {
        &self.ties
    }

    pub(crate) fn positives(&self) -> u64 {
        self.positives
    }

    pub(crate) fn cells(&self) -> u64 {
        self.positives + self.negatives
    }

    /// Decisions where the score is at least `threshold`.
    pub(crate) fn counts(&self, threshold: f32) -> Counts {
        let mut counts = Counts::undecided(self.positives, self.negatives);
        for tie in self.ties.iter().take_while(|tie| tie.score >= threshold) {
            counts.decide(*tie);
        }
        counts
    }

    /// Area under the ROC curve: the chance that a true cell scores above a false one, a tie
    /// counting half (Mann and Whitney 1947). `None` where all cells are alike; scikit-learn
    /// gives NaN there.
    pub(crate) fn roc_auc(&self) -> Option<f64> {
        // Counted twice over in integers, so that the halves of ties stay exact.
        let mut twice = 0_u128;
        let mut above = 0_u128;
        for tie in &self.ties {
            let (positives, negatives) = (u128::from(tie.positives), u128::from(tie.negatives));
            twice += negatives * (2 * above + positives);
            above += positives;
        }
        let pairs = u128::from(self.positives) * u128::from(self.negatives);
        (pairs > 0).then(|| twice as f64 / (2.0 * pairs as f64))
    }

    /// Average precision: precision at every score, weighted by the recall gained there, without
    /// interpolation. `None` without a true cell; scikit-learn warns and gives 0 there.
    pub(crate) fn average_precision(&self) -> Option<f64> {
        let (mut sum, mut found, mut read) = (0.0, 0_u64, 0_u64);
        for tie in &self.ties {
            found += tie.positives;
            read += tie.cells();
            if tie.positives > 0 {
                sum += tie.positives as f64 * (found as f64 / read as f64);
            }
        }
        (self.positives > 0).then(|| sum / self.positives as f64)
    }

    /// Mean squared difference between score and truth (Brier 1950).
    pub(crate) fn brier_score(&self) -> f64 {
        let cost = |tie: &Tie| {
            let score = f64::from(tie.score);
            let (miss, alarm) = ((1.0 - score).powi(2), score.powi(2));
            tie.positives as f64 * miss + tie.negatives as f64 * alarm
        };
        self.ties.iter().map(cost).sum::<f64>() / self.cells() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Order;
    use crate::{Scores, Targets, Test};
    use proptest::prelude::*;

    fn ranking(cells: impl Iterator<Item = (f32, bool)>) -> Option<Ranking> {
        let (scores, truths): (Vec<f32>, Vec<bool>) = cells.unzip();
        let rows = scores.len();
        let targets = Targets::new(rows, 1, truths).ok()?;
        let scored = Test::new(Scores::new(rows, 1, scores).ok()?, targets).ok()?;
        Some(Order::of_label(&scored, 0).ranking(&vec![1; rows]))
    }

    /// The definition, pair by pair.
    fn by_pairs(cells: &[(f32, bool)]) -> Option<f64> {
        let scores = |truth| cells.iter().filter(move |cell| cell.1 == truth).map(|cell| cell.0);
        let (mut sum, mut pairs) = (0.0, 0.0);
        for positive in scores(true) {
            for negative in scores(false) {
                pairs += 1.0;
                sum += match positive.total_cmp(&negative) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        (pairs > 0.0).then(|| sum / pairs)
    }

    fn cells() -> impl Strategy<Value = Vec<(f32, bool)>> {
        let cell = (0_u8..12, any::<bool>());
        proptest::collection::vec(
            cell.prop_map(|(step, truth)| (f32::from(step) / 11.0, truth)),
            1..60,
        )
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_ordered_pairs(cells in cells()) {
            let (found, expected) = (ranking(cells.iter().copied()).unwrap().roc_auc(), by_pairs(&cells));
            prop_assert_eq!(found.is_some(), expected.is_some());
            prop_assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12);
        }

        #[test]
        fn the_order_of_rows_changes_nothing(cells in cells()) {
            let forth = ranking(cells.iter().copied()).unwrap();
            let back = ranking(cells.iter().rev().copied()).unwrap();
            prop_assert_eq!(forth.roc_auc(), back.roc_auc());
            prop_assert_eq!(forth.average_precision(), back.average_precision());
        }

        #[test]
        fn swapping_the_truth_mirrors_the_area(cells in cells()) {
            let area = ranking(cells.iter().copied()).unwrap().roc_auc();
            let mirrored = ranking(cells.iter().map(|&(score, truth)| (score, !truth))).unwrap().roc_auc();
            let sum = area.zip(mirrored).map_or(1.0, |(one, other)| one + other);
            prop_assert!((sum - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn both_zeros_are_one_tie() {
        let ranking = ranking([(0.0, true), (-0.0, false), (0.0, false)].into_iter()).unwrap();
        assert_eq!(ranking.ties().len(), 1);
        assert_eq!(ranking.roc_auc(), Some(0.5));
    }
}
