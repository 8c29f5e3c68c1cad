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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{METRIC_NAMES, Targets, Test};
    use crate::{Scores, metrics};
    use proptest::prelude::*;

    const LABELS: usize = 3;

    fn names() -> Vec<String> {
        (0..LABELS).map(|label| label.to_string()).collect()
    }

    /// The rows, each as often as its weight says.
    fn repeated(rows: &[[(u8, bool); LABELS]], weights: &[u32]) -> Test {
        let rows = rows.iter().zip(weights);
        let copies = rows.flat_map(|(row, weight)| std::iter::repeat_n(row, *weight as usize));
        let cells: Vec<(u8, bool)> = copies.flatten().copied().collect();
        let count = cells.len() / LABELS;
        let scores = cells.iter().map(|(step, _)| f32::from(*step) / 19.0).collect();
        let truths = cells.iter().map(|(_, truth)| *truth).collect();
        let targets = Targets::new(count, LABELS, truths).unwrap();
        Test::new(Scores::new(count, LABELS, scores).unwrap(), targets).unwrap()
    }

    fn row() -> impl Strategy<Value = ([(u8, bool); LABELS], u32)> {
        let cell = || (0_u8..20, any::<bool>());
        ([cell(), cell(), cell()], 0_u32..4)
    }

    proptest! {
        #[test]
        fn a_weight_is_a_row_repeated(rows in proptest::collection::vec(row(), 1..20)) {
            let (rows, mut weights): (Vec<_>, Vec<u32>) = rows.into_iter().unzip();
            weights[0] += 1;
            let thresholds = Thresholds::fixed(0.4, &names());
            let once = repeated(&rows, &vec![1; rows.len()]);
            let evaluator = Evaluator::new(&once, &thresholds, &names()).unwrap();
            let found = evaluator.measure(&weights);
            let expected = metrics(&repeated(&rows, &weights), &thresholds, &names()).unwrap();
            prop_assert_eq!(&found.undefined, &expected.undefined);
            for (found, expected) in found.per_label.iter().zip(&expected.per_label) {
                prop_assert_eq!(found, expected);
            }
            for name in METRIC_NAMES {
                let (found, expected) = (found.get(name), expected.get(name));
                prop_assert_eq!(found.is_some(), expected.is_some());
                let gap = (found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs();
                prop_assert!(gap < 1e-12, "{} {}", name, gap);
            }
            prop_assert_eq!(
                evaluator.measure(&vec![1; rows.len()]),
                metrics(&once, &thresholds, &names()).unwrap()
            );
        }
    }
}
