//! The pool-adjacent-violators algorithm (Ayer et al. 1955).

use crate::ranking::Ranking;

/// Neighbouring scores of one probability.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: f64,
    last: f64,
    positives: u64,
    cells: u64,
}

impl Block {
    fn rate(self) -> f64 {
        self.positives as f64 / self.cells as f64
    }
}

/// The ascending step function of least squared error: scores and the probabilities at them, the
/// ends of each step. Probabilities stay between 1 / (n + 2) and (n + 1) / (n + 2) of n songs, as
/// no song seen does not make it impossible.
pub(crate) fn isotonic(label: &Ranking) -> (Vec<f64>, Vec<f64>) {
    let mut blocks: Vec<Block> = Vec::new();
    for tie in label.ties().iter().rev() {
        let score = f64::from(tie.score);
        let mut block =
            Block { first: score, last: score, positives: tie.positives, cells: tie.cells() };
        while let Some(before) = blocks.pop_if(|before| before.rate() >= block.rate()) {
            block.first = before.first;
            block.positives += before.positives;
            block.cells += before.cells;
        }
        blocks.push(block);
    }
    let least = 1.0 / (label.cells() as f64 + 2.0);
    let ends = |block: Block| {
        let rate = block.rate().clamp(least, 1.0 - least);
        let last = (block.last > block.first).then_some((block.last, rate));
        std::iter::once((block.first, rate)).chain(last)
    };
    blocks.into_iter().flat_map(ends).unzip()
}
