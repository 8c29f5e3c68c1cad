//! Blocks of rows that threads work on side by side, each at a desk of its own.

use canto_kernels::{Activation, Buffer, Dense, Quantised, Rows, RowsMut, Spread};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How rows are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blocks {
    /// Rows of a block, an even number: pairs stay together.
    pub(crate) rows: usize,
    /// What a block's operations run on: where rows are too few for every thread to have a block,
    /// there is one, and each operation is spread.
    pub(crate) spread: Spread,
}

/// How large a block may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Rows that are worth reading all of a layer's weights for.
    pub(crate) least: usize,
    /// Rows whose values stay in the second cache, more or less.
    pub(crate) most: usize,
}

impl Blocks {
    /// For so many rows on so many threads: as few blocks as may be, as many for every thread.
    pub(crate) fn new(rows: usize, threads: usize, limits: Limits) -> Self {
        if threads > 1 && rows < limits.least * threads {
            return Self { rows: rows.max(1).next_multiple_of(2), spread: Spread::Pool };
        }
        let blocks = rows.div_ceil(limits.most).next_multiple_of(threads);
        let each = rows.div_ceil(blocks.max(1)).max(1);
        Self { rows: each.next_multiple_of(2), spread: Spread::Here }
    }
}

/// What a thread writes to while it works on a block.
#[derive(Default)]
pub(crate) struct Desk {
    /// What is added to the residual stream, [rows, width].
    pub(crate) y: Buffer<f32>,
    /// Inside the feed-forward block, [rows, intermediate].
    pub(crate) inner: Buffer<f32>,
    /// Inputs of products in int8 or bf16.
    pub(crate) quantised: Quantised,
    /// Time spent in products.
    pub(crate) products: Duration,
}

impl Desk {
    /// y ← a dense layer of x.
    pub(crate) fn dense(
        &mut self,
        dense: &Dense,
        spread: Spread,
        x: Rows<'_, f32>,
        y: &mut RowsMut<'_, f32>,
    ) {
        let start = Instant::now();
        dense.forward(spread, x, &mut self.quantised, y, Activation::None);
        self.products += start.elapsed();
    }
}

/// A desk a thread.
pub(crate) struct Desks(Vec<Mutex<Desk>>);

impl Desks {
    /// Desks for so many threads.
    pub(crate) fn new(threads: usize) -> Self {
        Self((0..threads.max(1)).map(|_| Mutex::default()).collect())
    }

    /// Calls `work` with every block of rows of both matrices, and a desk that nobody else is at;
    /// returns the time that went into products, on the clock.
    pub(crate) fn each(
        &self,
        blocks: Blocks,
        x: &mut RowsMut<'_, f32>,
        y: &mut RowsMut<'_, f32>,
        work: impl Fn(Range<usize>, RowsMut<'_, f32>, RowsMut<'_, f32>, &mut Desk) + Sync,
    ) -> Duration {
        let at = |block: usize, x: RowsMut<'_, f32>, y: RowsMut<'_, f32>, desk: &Mutex<Desk>| {
            let first = block * blocks.rows;
            // Whoever panicked at the desk left nothing that is read before it is written.
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            work(first..first + x.rows(), x, y, &mut desk);
        };
        match blocks.spread {
            Spread::Pool => {
                let (rows, others) = (x.rows(), y.rows());
                at(0, x.slice(0..rows), y.slice(0..others), &self.0[0]);
            }
            Spread::Here => {
                let pairs = x.par_blocks(blocks.rows).zip(y.par_blocks(blocks.rows));
                pairs.with_max_len(1).enumerate().for_each(|(block, (x, y))| {
                    let thread = rayon::current_thread_index().unwrap_or(0);
                    at(block, x, y, &self.0[thread % self.0.len()]);
                });
            }
        }
        let all: Duration = self.0.iter().map(products).sum();
        match blocks.spread {
            Spread::Pool => all,
            Spread::Here => all / self.0.len() as u32,
        }
    }
}

/// What was spent in products since the last time.
fn products(desk: &Mutex<Desk>) -> Duration {
    let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut desk.products)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_has_as_many_blocks() {
        let limits = Limits { least: 24, most: 64 };
        for threads in 1..9 {
            for rows in 0..2100 {
                let Blocks { rows: each, spread } = Blocks::new(rows, threads, limits);
                if threads > 1 && rows < 24 * threads {
                    assert_eq!((each, spread), (rows.max(1).next_multiple_of(2), Spread::Pool));
                } else {
                    assert!(spread == Spread::Here && (2..=64).contains(&each), "{rows}: {each}");
                    assert_eq!(each % 2, 0);
                    assert!(rows.div_ceil(each) <= rows.div_ceil(64).next_multiple_of(threads));
                }
            }
        }
    }
}
