//! Intervals over resampled artists.

use canto_evaluate::{
    BootstrapConfig, Error, Groups, Interval, METRIC_NAMES, Scored, Scores, Slicing, Targets, Test,
    Thresholds, compare, intervals, metrics, slices,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Invented songs: an artist's share a taste for a label, in the truth and in the score.
struct Songs {
    scored: Test,
    artists: Vec<String>,
    labels: Vec<String>,
}

impl Songs {
    fn invent(artists: usize, songs: usize, labels: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut scores, mut truths, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for artist in 0..artists {
            let tastes: Vec<f64> = (0..labels).map(|_| rng.random_range(0.0..1.0)).collect();
            for _ in 0..songs {
                names.push(format!("artist {artist}"));
                for taste in &tastes {
                    truths.push(*taste < 0.4);
                    let noise = rng.random_range(-0.25..0.25);
                    let near = 0.25 + 0.5 * (0.6 - taste) + noise;
                    scores.push(near.clamp(0.0, 1.0) as f32);
                }
            }
        }
        let rows = names.len();
        let targets = Targets::new(rows, labels, truths).unwrap();
        let scored = Test::new(Scores::new(rows, labels, scores).unwrap(), targets).unwrap();
        let labels = (0..labels).map(|label| format!("label {label}")).collect();
        Self { scored, artists: names, labels }
    }

    fn groups(&self) -> Groups {
        Groups::new(&self.artists)
    }

    fn thresholds(&self) -> Thresholds {
        Thresholds::fixed(0.3, &self.labels)
    }
}

fn few(resamples: u32) -> BootstrapConfig {
    BootstrapConfig { resamples, ..Default::default() }
}

#[test]
fn the_figures_are_the_metrics_inside_their_intervals() {
    let songs = Songs::invent(40, 5, 3, 1);
    let point = metrics(&songs.scored, &songs.thresholds(), &songs.labels).unwrap();
    let found =
        intervals(&songs.scored, &songs.thresholds(), &songs.groups(), &few(200), &songs.labels);
    let found = found.unwrap();
    for name in METRIC_NAMES {
        let interval = found.metrics[name];
        assert_eq!(Some(interval.value), point.get(name), "{name}");
        assert!(interval.low < interval.high, "{name}: {interval:?}");
        assert!((interval.low..=interval.high).contains(&interval.value) || name.contains("error"));
    }
    for (label, point) in found.per_label.iter().zip(&point.per_label) {
        assert_eq!(label.roc_auc.map(|found| found.value), point.roc_auc);
        assert_eq!(label.average_precision.map(|found| found.value), point.average_precision);
        assert!(label.f1.low <= point.f1 && point.f1 <= label.f1.high);
    }
}

#[test]
fn what_is_undefined_has_no_interval() {
    let labels = vec!["Pop".to_owned()];
    let scores = Scores::new(3, 1, vec![0.2, 0.4, 0.6]).unwrap();
    let scored = Test::new(scores, Targets::new(3, 1, vec![false; 3]).unwrap()).unwrap();
    let thresholds = Thresholds::fixed(0.5, &labels);
    let found = intervals(&scored, &thresholds, &Groups::of_rows(3), &few(20), &labels).unwrap();
    assert!(!found.metrics.contains_key("macro_roc_auc"));
    assert!(found.metrics.contains_key("macro_f1"));
    assert_eq!((found.per_label[0].roc_auc, found.per_label[0].average_precision), (None, None));
}

#[test]
fn artists_make_wider_intervals_than_songs() {
    let songs = Songs::invent(40, 8, 2, 2);
    let width = |groups: &Groups| {
        let found = intervals(&songs.scored, &songs.thresholds(), groups, &few(300), &songs.labels);
        let found = found.unwrap().metrics["macro_average_precision"];
        found.high - found.low
    };
    let (artists, rows) = (width(&songs.groups()), width(&Groups::of_rows(320)));
    assert!(artists > 1.5 * rows, "{artists} {rows}");
}

#[test]
fn nine_in_ten_intervals_or_more_hold_the_truth() {
    let many = Songs::invent(20_000, 1, 1, 99);
    let truth = metrics(&many.scored, &many.thresholds(), &many.labels).unwrap();
    let mut held = [0; 3];
    for seed in 0..100 {
        let songs = Songs::invent(60, 3, 1, seed);
        let found = intervals(
            &songs.scored,
            &songs.thresholds(),
            &songs.groups(),
            &few(150),
            &songs.labels,
        );
        let found = found.unwrap();
        for (held, name) in held.iter_mut().zip(["macro_roc_auc", "macro_f1", "brier_score"]) {
            let (interval, value) = (found.metrics[name], truth.get(name).unwrap());
            *held += usize::from(interval.low <= value && value <= interval.high);
        }
    }
    assert!(held.iter().all(|held| (88..=99).contains(held)), "{held:?}");
}

#[test]
fn a_model_differs_from_itself_by_exactly_0() {
    let songs = Songs::invent(30, 4, 3, 3);
    let thresholds = songs.thresholds();
    let own = (&songs.scored, &thresholds);
    let found = compare(own, own, &songs.groups(), &few(100), &songs.labels).unwrap();
    assert_eq!(found.len(), METRIC_NAMES.len());
    for difference in found {
        assert_eq!(difference.difference, Interval::sure(0.0));
        assert_eq!(difference.first, difference.second);
    }
}

#[test]
fn a_paired_difference_is_surer_than_two_intervals() {
    let songs = Songs::invent(150, 4, 2, 4);
    // Every score a little nearer to chance.
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let noisy = songs
        .scored
        .scores()
        .values()
        .iter()
        .map(|score| (score + rng.random_range(-0.3_f32..0.3)).clamp(0.0, 1.0));
    let scores = Scores::new(600, 2, noisy.collect()).unwrap();
    let targets = songs.scored.targets().clone();
    let blurred = Test::new(scores, targets).unwrap();
    let thresholds = songs.thresholds();
    let found = compare(
        (&songs.scored, &thresholds),
        (&blurred, &thresholds),
        &songs.groups(),
        &few(300),
        &songs.labels,
    );
    let area = found.unwrap().remove(0);
    assert_eq!(area.metric, "macro_roc_auc");
    assert!(area.difference.high < 0.0, "{area:?}");
    let width = |interval: Interval| interval.high - interval.low;
    assert!(width(area.difference) < width(area.first).min(width(area.second)), "{area:?}");
}

#[test]
fn models_of_other_songs_are_not_compared() {
    let (one, other) = (Songs::invent(5, 2, 1, 6), Songs::invent(5, 2, 1, 8));
    let thresholds = one.thresholds();
    let compared = |second: &Test| {
        let pair = (&one.scored, &thresholds);
        compare(pair, (second, &thresholds), &one.groups(), &few(1), &one.labels)
    };
    assert!(matches!(compared(&other.scored), Err(Error::OtherTruth { .. })));
    let error = compared(&Songs::invent(4, 2, 1, 6).scored).unwrap_err();
    assert_eq!(error.to_string(), "found 8 rows of the second model, expected 10");
    let error =
        intervals(&one.scored, &thresholds, &Groups::of_rows(3), &few(1), &one.labels).unwrap_err();
    assert_eq!(error.to_string(), "found 3 groups, expected 10");
}

#[test]
fn a_slice_is_measured_as_if_alone() {
    let songs = Songs::invent(30, 4, 2, 7);
    let of_row: Vec<usize> = (0..120).map(|row| if row < 40 { 2 } else { 0 }).collect();
    let names = ["long", "middling", "short"].map(str::to_owned).to_vec();
    let slicing = Slicing::new("length", names, of_row).unwrap();
    let thresholds = songs.thresholds();
    let found =
        slices(&songs.scored, &thresholds, &slicing, &songs.groups(), &few(50), &songs.labels);
    let found = found.unwrap();
    let named: Vec<_> = found.iter().map(|slice| (slice.name.as_str(), slice.songs)).collect();
    assert_eq!(named, [("long", 80), ("short", 40)]);

    let cut = |scored: &Test| {
        let (scores, targets) = (scored.scores(), scored.targets());
        let scores = Scores::new(40, 2, scores.values()[..80].to_vec()).unwrap();
        Test::new(scores, Targets::new(40, 2, targets.values()[..80].to_vec()).unwrap()).unwrap()
    };
    let groups = Groups::new(&songs.artists[..40]);
    let alone = intervals(&cut(&songs.scored), &thresholds, &groups, &few(50), &songs.labels);
    let alone = alone.unwrap().metrics;
    assert_eq!(found[1].macro_roc_auc, Some(alone["macro_roc_auc"]));
    assert_eq!(found[1].macro_average_precision, Some(alone["macro_average_precision"]));
    assert_eq!((found[1].macro_f1, found[1].micro_f1), (alone["macro_f1"], alone["micro_f1"]));
    assert!(Slicing::new("length", Vec::new(), vec![0]).is_err());
}
