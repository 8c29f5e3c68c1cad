//! Whether scores are the shares that they claim to be.

use crate::ReliabilityBin;
use crate::ranking::Ranking;

/// Bins of equal mass.
const BINS: usize = 15;

/// Cells of like score.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    score: f64,
    positives: u64,
    cells: u64,
}

impl Ranking {
    /// The bin of a cell is ⌊15 · above / cells⌋, where `above` is the number of cells of strictly
    /// higher score: equal scores share a bin, and a bin can be empty. From high to low.
    fn bins(&self) -> [Bin; BINS] {
        let mut bins = [Bin::default(); BINS];
        let mut above = 0;
        for tie in self.ties() {
            let bin = &mut bins[(above * BINS as u64 / self.cells()) as usize];
            bin.score += f64::from(tie.score) * tie.cells() as f64;
            bin.positives += tie.positives;
            bin.cells += tie.cells();
            above += tie.cells();
        }
        bins
    }

    /// Σ over bins of (cells in the bin / all cells) · |mean score − share of true cells|
    /// (Naeini et al. 2015, with bins of equal mass).
    pub(crate) fn expected_calibration_error(&self) -> f64 {
        let gaps = self.bins().map(|bin| (bin.score - bin.positives as f64).abs());
        gaps.iter().sum::<f64>() / self.cells() as f64
    }

    /// The bins that are not empty, by ascending score.
    pub(crate) fn reliability(&self) -> Vec<ReliabilityBin> {
        let bins = self.bins().into_iter().rev().filter(|bin| bin.cells > 0);
        bins.map(|bin| ReliabilityBin {
            score: bin.score / bin.cells as f64,
            truth: bin.positives as f64 / bin.cells as f64,
            songs: bin.cells,
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::ranking::{Ranking, Tie};

    fn ties(ties: &[(f32, u64, u64)]) -> Ranking {
        let tie = |&(score, positives, negatives)| Tie { score, positives, negatives };
        Ranking::of(ties.iter().map(tie).collect())
    }

    #[test]
    fn equal_scores_share_a_bin() {
        let bins = ties(&[(0.75, 10, 10), (0.25, 0, 10)]).reliability();
        let found: Vec<_> = bins.iter().map(|bin| (bin.score, bin.truth, bin.songs)).collect();
        assert_eq!(found, [(0.25, 0.0, 10), (0.75, 0.5, 20)]);
    }

    #[test]
    fn the_error_is_the_weighted_gap() {
        let error = ties(&[(0.75, 10, 10), (0.25, 0, 10)]).expected_calibration_error();
        assert!((error - 0.25).abs() < 1e-12, "{error}");
    }

    #[test]
    fn scores_that_hold_have_no_error() {
        assert!(ties(&[(0.75, 3, 1), (0.5, 2, 2)]).expected_calibration_error() < 1e-12);
    }
}
