//! Two models joined: better than either where they know different things.

use canto_evaluate::{
    Blend, Error, Scored, Scores, Targets, Thresholds, Validation, fit_blend, metrics,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Rows whose truth depends on two hidden numbers; each model sees one of them.
fn seen(rows: usize, seed: u64, second_knows: f64) -> (Validation, Scores) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut number = || rng.random_range(-3.0..3.0);
    let (mut first, mut second, mut truths) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows * 2 {
        let (a, b, luck) = (number(), number(), (number() + 3.0) / 6.0);
        truths.push(luck < sigmoid(a + second_knows * b - 1.0));
        first.push(sigmoid(a) as f32);
        second.push(sigmoid(b) as f32);
    }
    let scores = |values| Scores::new(rows, 2, values).unwrap();
    let targets = Targets::new(rows, 2, truths).unwrap();
    (Validation::new(scores(first), targets).unwrap(), scores(second))
}

fn area(scored: &Validation) -> f64 {
    let labels = ["Pop", "Rock"].map(str::to_owned);
    let thresholds = Thresholds::fixed(0.5, &labels);
    metrics(scored, &thresholds, &labels).unwrap().macro_roc_auc.unwrap()
}

#[test]
fn two_that_know_different_things_are_better_together() {
    let (first, second) = seen(2000, 1, 0.5);
    let blend = fit_blend(&first, &second).unwrap();
    for (found, expected) in [(blend.first, 1.0), (blend.second, 0.5), (blend.intercept, -1.0)] {
        assert!((found - expected).abs() < 0.15, "{blend:?}");
    }
    let (new, other) = seen(2000, 2, 0.5);
    let joint = blend.apply(new.scores(), &other).unwrap();
    let joint = Validation::new(joint, new.targets().clone()).unwrap();
    let (alone, together) = (area(&new), area(&joint));
    assert!(together > alone + 0.02, "{alone} {together}");
}

#[test]
fn one_that_misleads_is_not_turned_round() {
    let (first, second) = seen(2000, 3, -1.0);
    let blend = fit_blend(&first, &second).unwrap();
    assert!(blend.second.abs() < 1e-12 && blend.first > 0.5, "{blend:?}");
    assert!(blend.is_sound());
    assert!(!Blend { first: -0.1, ..blend }.is_sound());
    assert!(!Blend { intercept: f64::NAN, ..blend }.is_sound());
}

#[test]
fn scores_of_other_songs_are_refused() {
    let (first, _) = seen(3, 1, 1.0);
    let (_, other) = seen(4, 1, 1.0);
    assert!(matches!(fit_blend(&first, &other), Err(Error::RowCount { .. })));
    let even = Blend { first: 0.5, second: 0.5, intercept: 0.0 };
    assert!(even.apply(first.scores(), &other).is_err());
}
