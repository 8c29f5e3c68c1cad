use crate::tiny::{SONGS, predictor};
use canto_predict::{Error, Explanation, Overrides, Prediction, Predictor};
use canto_song::Silent;

/// Thresholds that decide one label or none.
fn explain(predictor: &Predictor, lyrics: &str, threshold: f32) -> Prediction {
    let overrides = Overrides { all: Some(threshold), per_label: Vec::new() };
    predictor.explain(lyrics, &overrides, &Silent).unwrap()
}

fn song() -> String {
    SONGS.join("\n").replace(", ", "\n")
}

fn score(predictor: &Predictor, lyrics: &str, label: &str) -> f32 {
    let found = predictor.predict(&[lyrics], &Overrides::default(), &Silent).unwrap();
    found[0].labels.iter().find(|found| found.label == label).unwrap().score
}

#[test]
fn every_decided_genre_is_explained_or_else_the_likeliest() {
    let (_folder, predictor) = predictor();
    let labels = |threshold| -> Vec<String> {
        let prediction = explain(&predictor, &song(), threshold);
        prediction.explanation.unwrap().into_iter().map(|of| of.label).collect()
    };
    assert_eq!(labels(0.0).len(), 3);
    assert_eq!(labels(1.0), labels(0.0)[..1]);
}

#[test]
fn a_weight_is_what_the_score_loses_without_the_line() {
    let (_folder, predictor) = predictor();
    let lyrics = "Paper boats and copper coins\nSail on\nWe are sailing to the morning\nsail on";
    for Explanation { label, lines } in explain(&predictor, lyrics, 0.0).explanation.unwrap() {
        assert!(lines.is_sorted_by(|a, b| a.weight >= b.weight));
        let refrain = lines.iter().find(|line| line.text == "Sail on").unwrap();
        assert_eq!((refrain.line, refrain.times), (2, 2));
        let rest = "Paper boats and copper coins\nWe are sailing to the morning";
        let lost = score(&predictor, lyrics, &label) - score(&predictor, rest, &label);
        assert!((refrain.weight - lost).abs() < 1e-5, "{} {lost}", refrain.weight);
    }
}

#[test]
fn a_song_of_one_line_is_explained_by_the_empty_song() {
    let (_folder, predictor) = predictor();
    let prediction = explain(&predictor, SONGS[2], 0.0);
    assert!(prediction.explanation.unwrap().iter().all(|of| of.lines.len() == 1));
    let error = predictor.explain("[Intro]", &Overrides::default(), &Silent).unwrap_err();
    assert!(matches!(error, Error::Unscorable { .. }), "{error}");
}
