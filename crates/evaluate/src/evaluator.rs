//! A split made ready to be measured under any weights of its rows.

use crate::order::Order;
use crate::row::RowFigures;
use crate::{Error, LabelMetrics, Metrics, Scored, Thresholds};

/// Scores sorted once, so that measuring again with other weights takes O(n): the bootstrap
/// measures a thousand times. A weight says how often its row is taken to stand there.
pub(crate) struct Evaluator {
    thresholds: Thresholds,
    columns: Vec<Order>,
    cells: Order,
    rows: Vec<RowFigures>,
}

impl Evaluator {
    pub(crate) fn new(
        scored: &impl Scored,
        thresholds: &Thresholds,
        labels: &[String],
    ) -> Result<Self, Error> {
        scored.check_labels(labels)?;
        let thresholds = thresholds.aligned(labels)?;
        let cuts = thresholds.values();
        let rows = (scored.scores().values().chunks(labels.len()))
            .zip(scored.targets().values().chunks(labels.len()))
            .map(|(scores, truths)| RowFigures::new(scores, truths, &cuts));
        Ok(Self {
            rows: rows.collect(),
            columns: (0..labels.len()).map(|label| Order::of_label(scored, label)).collect(),
            cells: Order::of_cells(scored),
            thresholds,
        })
    }

    /// Every metric, with `weights` one a row and not all of them 0.
    pub(crate) fn measure(&self, weights: &[u32]) -> Metrics {
        let columns = self.columns.iter().zip(&self.thresholds.values);
        let per_label: Vec<LabelMetrics> = columns
            .map(|(order, threshold)| LabelMetrics::new(&order.ranking(weights), threshold))
            .collect();
        let rows = RowFigures::mean(&self.rows, weights);
        Metrics::new(&self.cells.ranking(weights), rows, per_label)
    }

    /// Every metric of the rows as they are.
    pub(crate) fn metrics(&self) -> Metrics {
        self.measure(&vec![1; self.rows.len()])
    }
}
