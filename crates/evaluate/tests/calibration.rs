//! Calibrations: the maps that scikit-learn fits, on the cases of `reference/calibration.py`, and
//! the choice between them.

use canto_evaluate::{
    CalibrateConfig, Calibration, CalibrationReport, Groups, IsotonicLabel, Method, PlattLabel,
    Scored, Scores, Targets, Validation, fit_calibration,
};
use proptest::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;

fn names(labels: usize) -> Vec<String> {
    (0..labels).map(|label| format!("label {label}")).collect()
}

fn validation(labels: usize, scores: Vec<f32>, truths: Vec<bool>) -> Validation {
    let rows = scores.len() / labels;
    let scores = Scores::new(rows, labels, scores).unwrap();
    Validation::new(scores, Targets::new(rows, labels, truths).unwrap()).unwrap()
}

fn fitted(seen: &Validation, method: Method, least: u64) -> (Calibration, CalibrationReport) {
    let config = CalibrateConfig { method, isotonic_positives: least, ..Default::default() };
    let groups = Groups::of_rows(seen.scores().rows());
    fit_calibration(seen, &groups, &config, &names(seen.scores().labels())).unwrap()
}

fn cases() -> Vec<(Value, Validation)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reference/calibration.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let read = |case: &Value| {
        let scores: Vec<f32> = serde_json::from_value(case["scores"].clone()).unwrap();
        let truths = case["targets"].as_str().unwrap().chars().map(|flag| flag == '1').collect();
        (case.clone(), validation(2, scores, truths))
    };
    document["cases"].as_array().unwrap().iter().map(read).collect()
}

#[track_caller]
fn assert_close(case: &Value, found: f64, expected: &Value, within: f64) {
    let expected = expected.as_f64().unwrap();
    let gap = (found - expected).abs() / expected.abs().max(1.0);
    assert!(gap < within, "{}: found {found}, expected {expected}", case["name"]);
}

#[test]
fn the_temperature_is_scikit_learn_s() {
    for (case, seen) in cases() {
        let Calibration::Temperature { temperature } = fitted(&seen, Method::Temperature, 1).0
        else {
            panic!("asked for a temperature");
        };
        assert_close(&case, temperature, &case["temperature"], 1e-7);
    }
}

#[test]
fn platt_s_lines_are_scikit_learn_s() {
    for (case, seen) in cases() {
        let Calibration::Platt { labels } = fitted(&seen, Method::Platt, 1).0 else {
            panic!("asked for Platt's");
        };
        for (label, expected) in labels.iter().zip(case["platt"].as_array().unwrap()) {
            assert_close(&case, label.slope, &expected[0], 1e-7);
            assert_close(&case, label.intercept, &expected[1], 1e-7);
        }
    }
}

#[test]
fn isotonic_maps_are_scikit_learn_s() {
    for (case, seen) in cases() {
        let calibration = fitted(&seen, Method::Isotonic, 1).0;
        let grid: Vec<f32> = serde_json::from_value(case["grid"].clone()).unwrap();
        for (at, score) in grid.iter().enumerate() {
            let mut row = [*score; 2];
            calibration.apply_row(&mut row);
            for (label, found) in row.iter().enumerate() {
                // Results are `f32`.
                assert_close(&case, f64::from(*found), &case["isotonic"][label][at], 1e-7);
            }
        }
    }
}

/// Scores whose true probability is σ(sharpness · logit + shift).
fn invented(sharpness: f64, shift: f64, bend: f64, seed: u64) -> Validation {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut scores, mut truths) = (Vec::new(), Vec::new());
    for cell in 0..4000 {
        let logit: f64 = rng.random_range(-4.0..2.0);
        let own = if cell % 2 == 0 { shift } else { -shift };
        let tilt = sharpness * logit + own + bend * (logit + 1.0).powi(2).min(4.0);
        scores.push((1.0 / (1.0 + (-logit).exp())) as f32);
        truths.push(rng.random_range(0.0..1.0) < 1.0 / (1.0 + (-tilt).exp()));
    }
    validation(2, scores, truths)
}

#[test]
fn the_right_method_is_chosen_and_the_reason_said() {
    let chosen = |seen: &Validation, least| fitted(seen, Method::Auto, least).1;
    let report = chosen(&invented(0.4, 0.0, 0.0, 1), 5000);
    assert_eq!(report.chosen, "temperature");
    assert!(report.reason.contains("lowers the cross-validated log loss"), "{}", report.reason);
    assert_eq!(report.candidates.len(), 3);
    let report = chosen(&invented(0.6, 1.5, 0.0, 2), 5000);
    assert_eq!(report.chosen, "platt");
    let none = &report.candidates[0];
    let platt = report.candidates.iter().find(|one| one.method == "platt").unwrap();
    assert!(platt.log_loss < none.log_loss);
    assert!(platt.expected_calibration_error < none.expected_calibration_error / 2.0);
    let report = chosen(&invented(0.0, 0.0, 0.9, 3), 100);
    assert_eq!((report.chosen.as_str(), report.candidates.len()), ("isotonic", 4));
    let report = chosen(&invented(1.0, 0.0, 0.0, 4), 100);
    assert_eq!(report.chosen, "none", "{}", report.reason);
    assert!(report.reason.starts_with("no method"), "{}", report.reason);
}

#[test]
fn one_group_cannot_be_judged() {
    let seen = validation(1, vec![0.2, 0.8], vec![true, false]);
    let groups = Groups::new(&["an artist"; 2]);
    let config = CalibrateConfig::default();
    let (found, report) = fit_calibration(&seen, &groups, &config, &names(1)).unwrap();
    assert_eq!((found, report.chosen.as_str()), (Calibration::None, "none"));
    assert_eq!(report.candidates.len(), 1);
    let config = CalibrateConfig { folds: 1, ..config };
    let error = fit_calibration(&seen, &groups, &config, &names(1)).unwrap_err();
    assert_eq!(error.to_string(), "bad `calibrate` values: `folds`: is 1, expected 2 or more");
}

#[test]
fn scores_that_point_the_wrong_way_keep_their_order() {
    let scores: Vec<f32> = (0..100).map(|row| f32::from(row as u8) / 100.0).collect();
    let truths = (0..100).map(|row| row < 50).collect();
    let seen = validation(1, scores, truths);
    let Calibration::Platt { labels } = fitted(&seen, Method::Platt, 1).0 else { panic!() };
    assert!(labels[0].slope > 0.0);
    let Calibration::Temperature { temperature } = fitted(&seen, Method::Temperature, 1).0 else {
        panic!();
    };
    assert!((temperature - 100.0).abs() < 1e-9, "{temperature}");
}

#[test]
fn a_stored_calibration_reads_back_and_follows_the_label_order() {
    let platt = |label: &str, slope| PlattLabel { label: label.into(), slope, intercept: -0.5 };
    let points = IsotonicLabel::Points {
        label: "Rock".into(),
        scores: vec![0.25, 0.75],
        probabilities: vec![0.1, 0.9],
    };
    let stored = Calibration::Isotonic {
        labels: vec![points.clone(), IsotonicLabel::Platt(platt("Pop", 2.0))],
    };
    let json = serde_json::to_string(&stored).unwrap();
    assert_eq!(serde_json::from_str::<Calibration>(&json).unwrap(), stored);
    let model = ["Pop", "Rock"].map(str::to_owned);
    let mut row = [0.5, 0.5];
    stored.aligned(&model).unwrap().apply_row(&mut row);
    assert!((row[0] - 0.377_540_67).abs() < 1e-6 && (row[1] - 0.5).abs() < 1e-6, "{row:?}");

    let refused = |labels: Vec<PlattLabel>| {
        Calibration::Platt { labels }.aligned(&model).unwrap_err().to_string()
    };
    assert!(refused(vec![platt("Polka", 1.0)]).starts_with("the label `Polka` is unknown"));
    assert_eq!(refused(vec![platt("Pop", 1.0)]), "the calibration of `Rock` has no entry");
    let turned = refused(vec![platt("Pop", -1.0), platt("Rock", 1.0)]);
    assert_eq!(turned, "the calibration of `Pop` has a slope that is not above 0");
    assert!(Calibration::Temperature { temperature: 0.0 }.aligned(&model).is_err());
}

proptest! {
    #[test]
    fn order_is_kept_and_results_are_probabilities(
        cells in proptest::collection::vec((0.0_f32..=1.0, any::<bool>()), 2..80),
        method in prop_oneof![
            Just(Method::Temperature), Just(Method::Platt), Just(Method::Isotonic)
        ],
    ) {
        let (mut scores, truths): (Vec<f32>, Vec<bool>) = cells.into_iter().unzip();
        scores[0] = 0.0;
        scores[1] = 1.0;
        let seen = validation(1, scores.clone(), truths);
        let calibration = fitted(&seen, method, 1).0;
        let found = calibration.apply(seen.scores());
        prop_assert!(Scores::new(found.rows(), 1, found.values().to_vec()).is_ok());
        let mut pairs: Vec<_> = scores.iter().zip(found.values()).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(b.0));
        prop_assert!(pairs.is_sorted_by(|a, b| a.1 <= b.1), "{:?}", calibration);
        prop_assert!(calibration.aligned(&names(1)).is_ok());
    }
}
