//! Curves are drawn with few points and keep the areas that the metrics say.

use canto_evaluate::{LabelCurves, Scores, Targets, Test, Thresholds, curves, metrics};
use proptest::prelude::*;

fn area(points: &[[f64; 2]]) -> f64 {
    let width = |pair: &[[f64; 2]]| pair[1][0] - pair[0][0];
    points.windows(2).map(|pair| width(pair) * f64::midpoint(pair[0][1], pair[1][1])).sum()
}

fn scored(cells: &[(f32, bool)]) -> Test {
    let (scores, truths): (Vec<f32>, Vec<bool>) = cells.iter().copied().unzip();
    let targets = Targets::new(cells.len(), 1, truths).unwrap();
    Test::new(Scores::new(cells.len(), 1, scores).unwrap(), targets).unwrap()
}

fn drawn(scored: &Test) -> LabelCurves {
    curves(scored, &["Pop".to_owned()]).unwrap().remove(0)
}

#[test]
fn every_corner_of_a_small_case() {
    let found = drawn(&scored(&[(0.9, true), (0.7, false), (0.5, true), (0.5, false)]));
    assert_eq!(found.roc, [[0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [1.0, 1.0]]);
    assert_eq!(found.precision_recall, [[0.0, 1.0], [0.5, 1.0], [0.5, 0.5], [1.0, 0.5]]);
    let thresholds: Vec<f64> = found.thresholds.iter().map(|point| point.threshold).collect();
    assert_eq!(thresholds, [0.5, f64::from(0.7_f32), f64::from(0.9_f32)]);
    assert_eq!(found.reliability.iter().map(|bin| bin.songs).sum::<u64>(), 4);
}

#[test]
fn undefined_curves_are_empty() {
    let found = drawn(&scored(&[(0.9, false), (0.7, false)]));
    assert!(found.roc.is_empty() && found.precision_recall.is_empty());
    let found = drawn(&scored(&[(0.9, true), (0.7, true)]));
    assert!(found.roc.is_empty());
    assert_eq!(found.precision_recall.len(), 4);
    assert!(curves(&scored(&[(0.5, true)]), &[]).is_err());
}

proptest! {
    #[test]
    fn drawn_areas_are_the_metrics(
        cells in proptest::collection::vec((0_u16..3000, 0.0_f64..1.0), 2..3000),
        rarity in 0.0_f64..6.0,
    ) {
        let cell = |&(step, draw): &(u16, f64)| {
            let score = f64::from(step) / 3000.0;
            (score as f32, draw < score.powf(rarity))
        };
        let scored = scored(&cells.iter().map(cell).collect::<Vec<_>>());
        let labels = ["Pop".to_owned()];
        let found = drawn(&scored);
        let measured = metrics(&scored, &Thresholds::fixed(0.5, &labels), &labels).unwrap();
        let label = &measured.per_label[0];
        prop_assert!((area(&found.roc) - label.roc_auc.unwrap_or(0.0)).abs() < 1e-3);
        let precision = label.average_precision.unwrap_or(0.0);
        prop_assert!((area(&found.precision_recall) - precision).abs() < 1e-3);
        for length in [found.roc.len(), found.precision_recall.len(), found.thresholds.len()] {
            prop_assert!(length <= 200);
        }
        let best = found.thresholds.iter().map(|point| point.f1).fold(0.0, f64::max);
        let at = |point: &canto_evaluate::ThresholdPoint| {
            let thresholds = Thresholds::fixed(point.threshold as f32, &labels);
            metrics(&scored, &thresholds, &labels).unwrap().macro_f1
        };
        let tried = cells.iter().map(|cell| Thresholds::fixed(f32::from(cell.0) / 3000.0, &labels));
        for thresholds in tried.step_by(cells.len() / 20 + 1) {
            let reached = metrics(&scored, &thresholds, &labels).unwrap().macro_f1;
            prop_assert!(reached <= best + 1e-12);
        }
        for point in found.thresholds.iter().step_by(40) {
            prop_assert!((at(point) - point.f1).abs() < 1e-12 && point.f1 <= best);
        }
    }
}
