//! Cells in the order of their scores: sorted once, counted under any weights.

use crate::Scored;
use crate::ranking::{Ranking, Tie, tied};

/// A score, whether it is of a true cell, and the row that weighs it.
#[derive(Clone, Copy, Debug)]
struct Cell {
    score: f32,
    row: u32,
    truth: bool,
}

/// Cells by descending score.
#[derive(Clone, Debug)]
pub(crate) struct Order(Vec<Cell>);

impl Order {
    /// One label of every row.
    pub(crate) fn of_label(scored: &impl Scored, label: usize) -> Self {
        Self::new(scored.column(label), 1)
    }

    /// Every label of every row.
    pub(crate) fn of_cells(scored: &impl Scored) -> Self {
        Self::new(scored.cells(), scored.scores().labels())
    }

    fn new(cells: impl Iterator<Item = (f32, bool)>, per_row: usize) -> Self {
        let cell = |(number, (score, truth))| Cell { score, row: (number / per_row) as u32, truth };
        let mut cells: Vec<Cell> = cells.enumerate().map(cell).collect();
        cells.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        Self(cells)
    }

    /// As if every row stood there as often as its weight says, in O(n).
    pub(crate) fn ranking(&self, weights: &[u32]) -> Ranking {
        let mut ties: Vec<Tie> = Vec::with_capacity(self.0.len());
        for cell in &self.0 {
            let weight = u64::from(weights[cell.row as usize]);
            if weight == 0 {
                continue;
            }
            match ties.last_mut() {
                Some(tie) if tied(tie.score, cell.score) => tie.add(cell.truth, weight),
                _ => ties.push(Tie::new(cell.score, cell.truth, weight)),
            }
        }
        Ranking::of(ties)
    }
}
