//! Tuned thresholds on new songs: rare labels are not tuned to luck.

use canto_evaluate::{
    Groups, LabelTuning, Scores, Strategy, Targets, Thresholds, TuneConfig, Tuning, Validation,
    metrics, tune,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn names() -> Vec<String> {
    vec!["Comedy".to_owned()]
}

/// Nearly normal, variance 1.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
}

/// Songs of `artists`, five each, a share of whom have the label.
fn songs(artists: usize, share: f64, seed: u64) -> (Validation, Groups) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut scores, mut truths, mut of) = (Vec::new(), Vec::new(), Vec::new());
    for artist in 0..artists {
        let truth = rng.random_range(0.0..1.0) < share;
        let taste = normal(&mut rng);
        for _ in 0..5 {
            let near = 0.7 * (taste + normal(&mut rng)) + if truth { 1.5 } else { 0.0 };
            scores.push((1.0 / (1.0 + (3.0 - near).exp())) as f32);
            truths.push(truth);
            of.push(artist.to_string());
        }
    }
    let rows = scores.len();
    let scores = Scores::new(rows, 1, scores).unwrap();
    let seen = Validation::new(scores, Targets::new(rows, 1, truths).unwrap()).unwrap();
    (seen, Groups::new(&of))
}

fn tuned(seen: &Validation, groups: &Groups, resamples: u32) -> Tuning {
    let config = TuneConfig { resamples, min_positives: 1, ..Default::default() };
    tune(seen, groups, &config, &names()).unwrap()
}

#[test]
fn on_new_songs_the_mean_over_resamples_loses_less_than_the_naive_threshold() {
    let (new, _) = songs(20_000, 0.03, 1000);
    let f1 = |thresholds: &Thresholds| metrics(&new, thresholds, &names()).unwrap().macro_f1;
    let best = f1(&tuned(&new, &Groups::of_rows(100_000), 0).thresholds);
    let (mut naive, mut smoothed) = (0.0, 0.0);
    for seed in 0..30 {
        let (seen, groups) = songs(200, 0.03, seed);
        naive += best - f1(&tuned(&seen, &groups, 0).thresholds);
        smoothed += best - f1(&tuned(&seen, &groups, 40).thresholds);
    }
    assert!(smoothed < 0.8 * naive, "naive {} smoothed {}", naive / 30.0, smoothed / 30.0);
}

#[test]
fn more_artists_make_a_surer_threshold() {
    let found = |artists| -> LabelTuning {
        let (seen, groups) = songs(artists, 0.2, 3);
        tuned(&seen, &groups, 100).labels.remove(0)
    };
    let (few, many) = (found(40), found(1500));
    let width = |found: &LabelTuning| found.threshold.high - found.threshold.low;
    assert!(width(&many) < 0.6 * width(&few), "{few:?} {many:?}");
    for found in [few, many] {
        assert!(found.threshold.low <= found.threshold.value);
        assert!(found.threshold.value <= found.threshold.high);
    }
}

#[test]
fn equal_seeds_tune_equally_and_the_thresholds_are_those_reported() {
    let (seen, groups) = songs(60, 0.2, 4);
    let found = tuned(&seen, &groups, 50);
    assert_eq!(found, tuned(&seen, &groups, 50));
    let shown = found.labels[0].threshold.value as f32;
    assert_eq!(found.thresholds.values(), [shown]);
}

#[test]
fn global_thresholds_have_intervals_too() {
    let (seen, groups) = songs(100, 0.2, 5);
    let config = TuneConfig { strategy: Strategy::Global, ..Default::default() };
    let found = tune(&seen, &groups, &config, &names()).unwrap();
    assert!(found.labels[0].threshold.low < found.labels[0].threshold.high);
    let error = tune(&seen, &Groups::of_rows(1), &config, &names()).unwrap_err();
    assert_eq!(error.to_string(), "found 1 groups, expected 500");
}
