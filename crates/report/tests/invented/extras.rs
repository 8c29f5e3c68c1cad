//! The parts of a report that need no scores.

use super::interval;
use super::songs::Songs;
use canto_evaluate::{CalibrationCandidate, CalibrationReport, Interval, Metrics, Slice};
use canto_report::{
    ExampleSong, Funnel, LabelCount, LabelExamples, LabelThresholdReport, Learning, TellingLine,
    ThresholdReport,
};
use std::collections::BTreeMap;

pub(crate) const SETTINGS: &str = "[model]\nbase = \"invented/encoder-small\"\n\n[train]\nlearning_rate = 0.00002\nepochs = 3\nbatch = 16\n";

pub(crate) fn warnings() -> Vec<String> {
    let warnings = [
        "The prior alone reaches a micro AUC within 0.09 of the model's: micro AUC says little here.",
        "Comedy, Classical and Soundtrack have fewer than 30 positives; their thresholds are the global one.",
    ];
    warnings.map(str::to_owned).to_vec()
}

pub(crate) fn hashes() -> BTreeMap<String, String> {
    let hash = |seed: u128| {
        format!(
            "{0:032x}{0:032x}",
            0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835_u128.wrapping_mul(seed)
        )
    };
    let names = ["source", "prepared_songs", "weights"].into_iter().zip([3, 40, 77]);
    names.map(|(name, seed)| (name.to_owned(), hash(seed))).collect()
}

pub(crate) fn calibration() -> CalibrationReport {
    let candidate = |(method, log_loss, error): (&str, f64, f64)| CalibrationCandidate {
        method: method.to_owned(),
        log_loss,
        expected_calibration_error: error,
    };
    let candidates = [
        ("none", 0.20412, 0.0309),
        ("temperature", 0.20077, 0.0148),
        ("platt", 0.19871, 0.0091),
        ("isotonic", 0.19903, 0.0087),
    ];
    CalibrationReport {
        chosen: "platt".to_owned(),
        reason:
            "Its cross-validated log loss is the lowest, 0.00541 below leaving scores as they are."
                .to_owned(),
        candidates: candidates.map(candidate).to_vec(),
    }
}

pub(crate) fn thresholds(labels: &[String], picked: &[f64], validation: &Songs) -> ThresholdReport {
    let one = |(at, label): (usize, &String)| {
        let positives = validation.positives(at);
        let half = 0.5 / (positives.max(1) as f64).sqrt();
        let value = picked[at];
        LabelThresholdReport {
            label: label.clone(),
            positives,
            threshold: Interval {
                value,
                low: (value - half).max(0.0),
                high: (value + half).min(1.0),
            },
            flagged: positives < 30,
            curve: validation.threshold_curve(at),
        }
    };
    ThresholdReport {
        strategy: "per_label".to_owned(),
        objective: "F1 of the label, smoothed, over 5 folds".to_owned(),
        labels: labels.iter().enumerate().map(one).collect(),
    }
}

pub(crate) fn slices(metrics: &Metrics) -> Vec<Slice> {
    let parts = [
        ("tokens", "up to 128", 178, -0.031),
        ("tokens", "129 to 256", 402, -0.008),
        ("tokens", "257 to 512", 655, 0.011),
        ("tokens", "more than 512", 265, 0.004),
        ("truncated", "no", 1235, 0.003),
        ("truncated", "yes", 265, 0.004),
        ("language confidence", "below 0.9", 96, -0.052),
        ("language confidence", "0.9 and above", 1404, 0.002),
        ("labels", "one", 812, 0.021),
        ("labels", "two", 470, -0.004),
        ("labels", "three or more", 218, -0.027),
    ];
    let auc = metrics.macro_roc_auc.unwrap_or(0.5);
    let one = |(by, name, songs, shift): (&str, &str, u64, f64)| Slice {
        by: by.to_owned(),
        name: name.to_owned(),
        songs,
        macro_roc_auc: Some(interval(auc + shift, songs)),
        macro_average_precision: (songs > 100).then(|| interval(0.31 + shift, songs)),
        macro_f1: interval(metrics.macro_f1 + shift / 2.0, songs),
        micro_f1: interval(metrics.micro_f1 + shift / 2.0, songs),
    };
    parts.map(one).to_vec()
}

pub(crate) fn funnel(test: u64) -> Funnel {
    let rejects = [
        ("missing lyrics", 14),
        ("missing genres", 61),
        ("no macro-genre for its micro-genres", 1480),
        ("empty after cleaning", 9),
        ("too long", 3),
        ("not in English, or not surely", 512),
        ("exact duplicate", 388),
        ("near duplicate", 207),
    ];
    let rejected: u64 = rejects.iter().map(|(_, songs)| songs).sum();
    Funnel {
        source: "invented.csv".to_owned(),
        rows: test * 5 + rejected,
        rejects: rejects.map(|(reason, songs)| (reason.to_owned(), songs)).to_vec(),
        songs: test * 5,
        splits: vec![
            ("train".to_owned(), test * 3),
            ("validation".to_owned(), test),
            ("test".to_owned(), test),
        ],
    }
}

pub(crate) fn distribution(labels: &[String], test: &Songs) -> Vec<LabelCount> {
    let one = |(at, label): (usize, &String)| {
        let songs = test.positives(at);
        LabelCount {
            label: label.clone(),
            train: songs * 3 + songs / 7,
            validation: songs - songs / 9,
            test: songs,
        }
    };
    labels.iter().enumerate().map(one).collect()
}

pub(crate) fn learning() -> Learning {
    let steps = (0..=120).map(|at| at * 20);
    let wave = |step: u64| (step as f64 * 0.7).sin() * 0.006;
    let loss = steps.map(|step| (step, 0.19 + 0.2 * (-(step as f64) / 420.0).exp() + wave(step)));
    let validation = (1..=12).map(|at| {
        let step = at * 200;
        (
            step,
            0.785
                - 0.17 * (-(step as f64) / 500.0).exp()
                - (step as f64 - 1600.0).max(0.0) * 0.000_012,
        )
    });
    Learning {
        loss: loss.collect(),
        metric: "macro_roc_auc".to_owned(),
        validation: validation.collect(),
        best_step: Some(1800),
    }
}

pub(crate) fn examples(labels: &[String]) -> Vec<LabelExamples> {
    labels.iter().map(|label| example(label)).collect()
}

fn example(label: &str) -> LabelExamples {
    let lines = [
        "The lantern hums along the wire",
        "Count the tins upon the shelf",
        "A kettle sings for no one home",
    ];
    let telling = lines.iter().enumerate().map(|(at, line)| TellingLine {
        line: (*line).to_owned(),
        song: format!("Artist {at} – Title of {label}"),
        weight: 0.31 - 0.08 * at as f64,
    });
    let song = |at: u64, score: f64| ExampleSong {
        song: format!("Artist {at} – Song number {at}"),
        row: 1000 + 37 * at,
        truth: if at.is_multiple_of(3) {
            Vec::new()
        } else {
            vec!["Pop".to_owned(), "Rock".to_owned()]
        },
        score,
        snippet: "Paper boats go round the drain, the drain goes round the town…".to_owned(),
    };
    LabelExamples {
        label: label.to_owned(),
        telling: telling.collect(),
        false_alarms: vec![song(1, 0.93), song(3, 0.88)],
        misses: vec![song(4, 0.02), song(5, 0.04)],
    }
}
