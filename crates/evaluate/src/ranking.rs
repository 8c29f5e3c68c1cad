//! Metrics of the order that scores give, from one sort.

/// Cells of one score: how many are true and how many are not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tie {
    pub(crate) score: f32,
    pub(crate) positives: u64,
    pub(crate) negatives: u64,
}

/// Cells by descending score, equal scores together. O(n log n).
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

impl Ranking {
    pub(crate) fn new(cells: impl Iterator<Item = (f32, bool)>) -> Self {
        let mut cells: Vec<(f32, bool)> = cells.collect();
        cells.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let ties: Vec<Tie> = cells
            .chunk_by(|a, b| tied(a.0, b.0))
            .map(|equal| {
                let positives = equal.iter().filter(|(_, truth)| *truth).count() as u64;
                Tie { score: equal[0].0, positives, negatives: equal.len() as u64 - positives }
            })
            .collect();
        let positives = ties.iter().map(|tie| tie.positives).sum();
        let negatives = cells.len() as u64 - positives;
        Self { ties, positives, negatives }
    }

    pub(crate) fn ties(&self) -> &[Tie] {
        &self.ties
    }

    pub(crate) fn positives(&self) -> u64 {
        self.positives
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
            read += tie.positives + tie.negatives;
            sum += tie.positives as f64 * (found as f64 / read as f64);
        }
        (self.positives > 0).then(|| sum / self.positives as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            0..60,
        )
    }

    proptest! {
        #[test]
        fn the_area_is_the_share_of_ordered_pairs(cells in cells()) {
            let (found, expected) = (Ranking::new(cells.iter().copied()).roc_auc(), by_pairs(&cells));
            prop_assert_eq!(found.is_some(), expected.is_some());
            prop_assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12);
        }

        #[test]
        fn the_order_of_rows_changes_nothing(cells in cells()) {
            let forth = Ranking::new(cells.iter().copied());
            let back = Ranking::new(cells.iter().rev().copied());
            prop_assert_eq!(forth.roc_auc(), back.roc_auc());
            prop_assert_eq!(forth.average_precision(), back.average_precision());
        }

        #[test]
        fn swapping_the_truth_mirrors_the_area(cells in cells()) {
            let area = Ranking::new(cells.iter().copied()).roc_auc();
            let mirrored = Ranking::new(cells.iter().map(|&(score, truth)| (score, !truth))).roc_auc();
            let sum = area.zip(mirrored).map_or(1.0, |(one, other)| one + other);
            prop_assert!((sum - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn both_zeros_are_one_tie() {
        let ranking = Ranking::new([(0.0, true), (-0.0, false), (0.0, false)].into_iter());
        assert_eq!(ranking.ties().len(), 1);
        assert_eq!(ranking.roc_auc(), Some(0.5));
    }
}
