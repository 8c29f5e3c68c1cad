//! One threshold for the mean of the labels' F1.

use super::sweep::Best;
use crate::counts::Counts;
use crate::ranking::tied;
use crate::{Scored, Validation};

/// A cell and where it counts.
struct Cell {
    score: f32,
    truth: bool,
    row: usize,
    label: usize,
}

/// Cells of all labels by descending score.
pub(super) struct MacroF1 {
    cells: Vec<Cell>,
    labels: usize,
}

impl MacroF1 {
    pub(super) fn new(validation: &Validation) -> Self {
        let labels = validation.scores().labels();
        let cells = validation.cells().enumerate();
        let cell = |(cell, (score, truth))| {
            let (row, label) = (cell / labels, cell % labels);
            Cell { score, truth, row, label }
        };
        let mut cells: Vec<Cell> = cells.map(cell).collect();
        cells.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        Self { cells, labels }
    }

    /// The cut of highest mean F1 over labels. Each score moves the counts of its own label only,
    /// so the sweep keeps the labels' F1 and renews one of them a step.
    pub(super) fn best(&self, weights: &[u32]) -> Option<f32> {
        let mut counts = vec![Counts::default(); self.labels];
        for cell in self.cells.iter().filter(|cell| cell.truth) {
            counts[cell.label].misses += u64::from(weights[cell.row]);
        }
        let mut f1 = vec![0.0; self.labels];
        let mut best = Best::default();
        for equal in self.cells.chunk_by(|a, b| tied(a.score, b.score)) {
            let mut weight = 0;
            for cell in equal {
                weight += weights[cell.row];
                let counts = &mut counts[cell.label];
                move_over(counts, cell.truth, u64::from(weights[cell.row]));
                f1[cell.label] = counts.quality().f1;
            }
            if weight > 0 {
                best.cut_before(equal[0].score);
                // Summed anew, in label order: a running sum would drift and break ties by
                // rounding.
                best.offer(f1.iter().sum(), equal[0].score);
            }
        }
        best.threshold()
    }
}

/// From undecided to decided.
fn move_over(counts: &mut Counts, truth: bool, weight: u64) {
    if truth {
        counts.misses -= weight;
        counts.hits += weight;
    } else {
        counts.false_alarms += weight;
    }
}
