//! Reports of invented figures: songs, truth and scores are drawn, and what a report holds is
//! computed from them, so that its figures belong together. No words of any song.

mod extras;
mod songs;

use canto_evaluate::{
    Difference, Interval, LabelThreshold, METRIC_NAMES, Metrics, Strategy, Thresholds, metrics,
};
use canto_report::{
    Baseline, BaselineCurves, BootstrapSettings, FORMAT_VERSION, LabelReport, PairedDifferences,
    Report,
};
use songs::{Songs, draw};
use std::collections::BTreeMap;

/// What a report is invented for.
pub(crate) struct Invention {
    pub(crate) run: String,
    pub(crate) labels: Vec<String>,
    pub(crate) songs: usize,
    pub(crate) seed: u64,
    /// How far apart the scores of songs with and without a label lie; 1 is usual.
    pub(crate) skill: f64,
}

impl Default for Invention {
    fn default() -> Self {
        let labels = [
            "Alternative",
            "Classical",
            "Comedy",
            "Electronic",
            "Folk/Country",
            "Hip-Hop",
            "Jazz/Blues",
            "Metal",
            "Pop",
            "R&B/Soul",
            "Reggae/Latin",
            "Religious",
            "Rock",
            "Soundtrack",
        ];
        Self {
            run: "invented".to_owned(),
            labels: labels.map(str::to_owned).to_vec(),
            songs: 1500,
            seed: 7,
            skill: 1.0,
        }
    }
}

/// The report of an invention.
pub(crate) fn report(invention: &Invention) -> Report {
    let labels = &invention.labels;
    let test = draw(invention.seed, invention.songs, labels.len(), invention.skill);
    let validation = draw(invention.seed + 1, invention.songs, labels.len(), invention.skill);
    let rival = draw(invention.seed, invention.songs, labels.len(), invention.skill * 0.8);
    let prior = draw(invention.seed, invention.songs, labels.len(), 0.0);
    let picked: Vec<_> = (0..labels.len()).map(|at| validation.best_threshold(at)).collect();
    let thresholds = thresholds(labels, &picked, &validation);
    let measure = |songs: &Songs| metrics(&songs.test(), &thresholds, labels).unwrap();
    let (ours, theirs) = (measure(&test), measure(&rival));
    let baselines = vec![
        baseline("prior", "prior only", &ours, &measure(&prior)),
        baseline("tf_idf", "TF-IDF + logistic regression", &ours, &theirs),
    ];
    let report = (0..labels.len()).map(|at| label_report(at, &test, &ours, &theirs));
    Report {
        format_version: FORMAT_VERSION,
        canto_version: "0.1.0".to_owned(),
        run: invention.run.clone(),
        base_model: Some("invented/encoder-small".to_owned()),
        split: "test".to_owned(),
        artists_unseen: true,
        intervals: intervals(&ours),
        bootstrap: BootstrapSettings {
            unit: "artists".to_owned(),
            units: 342,
            resamples: 1000,
            confidence: 0.95,
            seed: 17,
        },
        baselines,
        labels: report.collect(),
        curves: (0..labels.len()).map(|at| test.curves(at, &labels[at])).collect(),
        baseline_curves: (0..labels.len())
            .map(|at| baseline_curves(&rival, at, &labels[at]))
            .collect(),
        calibration: extras::calibration(),
        expected_calibration_error: [0.0312, 0.0094],
        thresholds: extras::thresholds(labels, &picked, &validation),
        cooccurrence: test.cooccurrence(labels, &picked),
        slices: extras::slices(&ours),
        funnel: extras::funnel(invention.songs as u64),
        distribution: extras::distribution(labels, &test),
        learning: extras::learning(),
        examples: extras::examples(labels),
        settings: extras::SETTINGS.to_owned(),
        hashes: extras::hashes(),
        warnings: extras::warnings(),
        metrics: ours,
    }
}

/// What two runs of the same songs differ by.
pub(crate) fn differences(first: &Report, second: &Report) -> PairedDifferences {
    let metrics = first.intervals.iter().filter_map(|(metric, one)| {
        let other = *second.intervals.get(metric)?;
        let value = other.value - one.value;
        let difference = Interval { value, low: value - 0.012, high: value + 0.011 };
        Some(Difference { metric: metric.clone(), first: *one, second: other, difference })
    });
    PairedDifferences {
        metrics: metrics.collect(),
        first: first.run.clone(),
        second: second.run.clone(),
    }
}

fn thresholds(labels: &[String], picked: &[f64], validation: &Songs) -> Thresholds {
    let values = labels.iter().enumerate().map(|(at, label)| LabelThreshold {
        label: label.clone(),
        threshold: picked[at] as f32,
        flagged: validation.positives(at) < 30,
    });
    Thresholds { strategy: Strategy::PerLabel, values: values.collect() }
}

/// An interval as wide as chance would make it among `number` of equal kind.
fn interval(value: f64, number: u64) -> Interval {
    let half = 1.96 * (value * (1.0 - value) / (number.max(4) as f64)).max(0.0).sqrt();
    Interval { value, low: (value - half).max(0.0), high: (value + half).min(1.0) }
}

fn intervals(metrics: &Metrics) -> BTreeMap<String, Interval> {
    let named = METRIC_NAMES.into_iter().filter_map(|name| Some((name, metrics.get(name)?)));
    named.map(|(name, value)| (name.to_owned(), interval(value, 900))).collect()
}

fn baseline(name: &str, title: &str, ours: &Metrics, theirs: &Metrics) -> Baseline {
    let lift = |metric: &str| {
        let value = ours.get(metric)? - theirs.get(metric)?;
        Some((metric.to_owned(), Interval { value, low: value - 0.014, high: value + 0.013 }))
    };
    let lifted = [
        "macro_roc_auc",
        "macro_average_precision",
        "micro_roc_auc",
        "macro_f1",
        "micro_f1",
        "log_loss",
    ];
    Baseline {
        name: name.to_owned(),
        title: title.to_owned(),
        metrics: intervals(theirs),
        lift: lifted.into_iter().filter_map(lift).collect(),
    }
}

fn baseline_curves(songs: &Songs, at: usize, label: &str) -> BaselineCurves {
    let curves = songs.curves(at, label);
    BaselineCurves {
        label: curves.label,
        roc: curves.roc,
        precision_recall: curves.precision_recall,
    }
}

fn label_report(at: usize, songs: &Songs, ours: &Metrics, theirs: &Metrics) -> LabelReport {
    let metrics = ours.per_label[at].clone();
    let confusion = songs.confusion(at, f64::from(metrics.threshold));
    LabelReport {
        roc_auc: metrics.roc_auc.map(|auc| interval(auc, metrics.support)),
        average_precision: metrics.average_precision.map(|found| interval(found, metrics.support)),
        f1: interval(metrics.f1, metrics.support),
        baseline_roc_auc: theirs.per_label[at].roc_auc,
        confusion,
        matthews_correlation: songs::matthews(confusion),
        brier_score: songs.brier(at),
        expected_calibration_error: songs.calibration_error(at),
        metrics,
    }
}
