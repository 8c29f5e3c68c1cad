//! Every metric against scikit-learn, on the cases of `reference/generate.py`.
//! `CANTO_CASES` names another file of cases, for fresh draws.

use canto_evaluate::{
    Groups, METRIC_NAMES, Objective, Scored, Scores, Strategy, Targets, Thresholds, TuneConfig,
    Validation, metrics, tune,
};
use serde_json::Value;

const CLOSE: f64 = 1e-9;

struct Case {
    name: String,
    validation: Validation,
    labels: Vec<String>,
    thresholds: Thresholds,
    expected: Value,
    best: Value,
}

fn cases() -> Vec<Case> {
    let path = std::env::var("CANTO_CASES")
        .unwrap_or_else(|_| format!("{}/reference/cases.json", env!("CARGO_MANIFEST_DIR")));
    let text = std::fs::read_to_string(path).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    document["cases"].as_array().unwrap().iter().map(read).collect()
}

fn read(case: &Value) -> Case {
    let size = |key: &str| usize::try_from(case[key].as_u64().unwrap()).unwrap();
    let (rows, columns) = (size("rows"), size("labels"));
    let floats = |key: &str| -> Vec<f32> { serde_json::from_value(case[key].clone()).unwrap() };
    let truths = case["targets"].as_str().unwrap().chars().map(|flag| flag == '1').collect();
    let labels: Vec<String> = (0..columns).map(|label| format!("label {label}")).collect();
    let mut thresholds = Thresholds::fixed(0.5, &labels);
    for (value, threshold) in thresholds.values.iter_mut().zip(floats("thresholds")) {
        value.threshold = threshold;
    }
    let scores = Scores::new(rows, columns, floats("scores")).unwrap();
    let targets = Targets::new(rows, columns, truths).unwrap();
    Case {
        name: case["name"].as_str().unwrap().to_owned(),
        validation: Validation::new(scores, targets).unwrap(),
        labels,
        thresholds,
        expected: case["expected"].clone(),
        best: case["best_f1"].clone(),
    }
}

#[track_caller]
fn assert_close(case: &str, name: &str, found: Option<f64>, expected: &Value) {
    match (found, expected.as_f64()) {
        (None, None) => {}
        (Some(found), Some(expected)) if (found - expected).abs() <= CLOSE => {}
        (found, expected) => panic!("{case}, {name}: found {found:?}, expected {expected:?}"),
    }
}

#[test]
fn every_metric_equals_scikit_learn() {
    for case in cases() {
        let found = metrics(&case.validation, &case.thresholds, &case.labels).unwrap();
        for name in METRIC_NAMES {
            assert!(case.expected.get(name).is_some(), "{name} has no expected value");
            assert_close(&case.name, name, found.get(name), &case.expected[name]);
        }
        for (label, expected) in
            found.per_label.iter().zip(case.expected["per_label"].as_array().unwrap())
        {
            let close = |name: &str, found| assert_close(&case.name, name, found, &expected[name]);
            close("roc_auc", label.roc_auc);
            close("average_precision", label.average_precision);
            close("f1", Some(label.f1));
            close("precision", Some(label.precision));
            close("recall", Some(label.recall));
            close("matthews_correlation", Some(label.matthews_correlation));
            close("brier_score", Some(label.brier_score));
            close("expected_calibration_error", Some(label.expected_calibration_error));
            assert_eq!(serde_json::json!(label.confusion), expected["confusion"], "{}", case.name);
        }
    }
}

#[test]
fn labels_without_a_defined_metric_are_named() {
    let cases = cases();
    let case = cases.iter().find(|case| case.name.starts_with("a label never")).unwrap();
    let found = metrics(&case.validation, &case.thresholds, &case.labels).unwrap();
    assert_eq!(found.undefined.roc_auc, ["label 1", "label 2"]);
    assert_eq!(found.undefined.average_precision, ["label 1"]);
}

#[test]
fn tuned_thresholds_reach_the_best_f1_there_is() {
    for case in cases() {
        let reached = |strategy, objective| {
            let least = TuneConfig { min_positives: 0, resamples: 0, ..Default::default() };
            let config = TuneConfig { strategy, objective, ..least };
            let groups = Groups::of_rows(case.validation.scores().rows());
            let tuned = tune(&case.validation, &groups, &config, &case.labels).unwrap();
            metrics(&case.validation, &tuned.thresholds, &case.labels).unwrap()
        };
        let found = reached(Strategy::Global, Objective::MicroF1).micro_f1;
        assert_close(&case.name, "micro", Some(found), &case.best["micro"]);
        let found = reached(Strategy::Global, Objective::MacroF1).macro_f1;
        assert_close(&case.name, "macro", Some(found), &case.best["macro"]);
        let found = reached(Strategy::PerLabel, Objective::MacroF1);
        for (label, best) in found.per_label.iter().zip(case.best["per_label"].as_array().unwrap())
        {
            assert_close(&case.name, &label.label, Some(label.f1), best);
        }
    }
}
