use crate::spread::Spread;
use std::ops::Range;

/// Rows a task at most: so many that a panel of weights is read from the second cache, and so
/// few that they stay there beside it.
const ROWS: usize = 192;
/// Rows that a kernel multiplies at once: a task of other multiples would end on a short tile.
const TILE: usize = 12;
/// Panels a task at most.
const PANELS: usize = 16;
/// Tasks a thread at least where the product is large enough: threads are slowed by other work
/// on the machine, and the last task must not be long.
const TASKS: usize = 6;

/// How a product is cut into tasks, by rows and by panels of columns.
pub(crate) struct Grid {
    spread: Spread,
    rows: usize,
    panels: usize,
    rows_each: usize,
    panels_each: usize,
}

impl Grid {
    pub(crate) fn new(spread: Spread, rows: usize, panels: usize) -> Self {
        if spread == Spread::Here {
            // Panel after panel for all rows.
            let (rows_each, panels_each) = (rows.max(1), panels.max(1));
            return Self { spread, rows, panels, rows_each, panels_each };
        }
        let rows_each = rows.div_ceil(rows.div_ceil(ROWS).max(1)).max(1).next_multiple_of(TILE);
        let wanted = rayon::current_num_threads() * TASKS;
        let all = panels * rows.div_ceil(rows_each);
        let panels_each = (all / wanted).clamp(1, PANELS);
        Self { spread, rows, panels, rows_each, panels_each }
    }

    /// Calls `work(rows, panels)` for every task; no two tasks share an element.
    pub(crate) fn run(&self, work: impl Fn(Range<usize>, Range<usize>) + Sync) {
        let down = self.rows.div_ceil(self.rows_each);
        let across = self.panels.div_ceil(self.panels_each);
        let cut = |i: usize, each: usize, all: usize| i * each..((i + 1) * each).min(all);
        self.spread.each(down * across, |task| {
            let rows = cut(task / across, self.rows_each, self.rows);
            work(rows, cut(task % across, self.panels_each, self.panels));
        });
    }
}
