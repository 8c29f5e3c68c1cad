//! The figures of each label.

use crate::report::baselines::Rival;
use canto_evaluate::{Intervals, LabelIntervals, LabelMetrics, Metrics, curves};
use canto_report::{BaselineCurves, LabelReport};

/// One a label, in label order; `tf_idf` gives the area to compare with.
pub(super) fn label_reports(
    measured: &Metrics,
    spread: &Intervals,
    tf_idf: &Metrics,
) -> Vec<LabelReport> {
    let labels = measured.per_label.iter().zip(&spread.per_label).zip(&tf_idf.per_label);
    labels.map(|((label, spread), tf_idf)| label_report(label, spread, tf_idf)).collect()
}

fn label_report(
    label: &LabelMetrics,
    spread: &LabelIntervals,
    tf_idf: &LabelMetrics,
) -> LabelReport {
    LabelReport {
        roc_auc: spread.roc_auc,
        average_precision: spread.average_precision,
        f1: spread.f1,
        baseline_roc_auc: tf_idf.roc_auc,
        confusion: label.confusion,
        matthews_correlation: label.matthews_correlation,
        brier_score: label.brier_score,
        expected_calibration_error: label.expected_calibration_error,
        metrics: label.clone(),
    }
}

/// What is drawn of a rival beside the model.
pub(super) fn baseline_curves(
    rival: &Rival,
    labels: &[String],
) -> anyhow::Result<Vec<BaselineCurves>> {
    let drawn = curves(&rival.test, labels)?.into_iter().map(|curves| BaselineCurves {
        label: curves.label,
        roc: curves.roc,
        precision_recall: curves.precision_recall,
    });
    Ok(drawn.collect())
}
