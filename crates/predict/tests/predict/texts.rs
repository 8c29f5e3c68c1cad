use crate::tiny::{LABELS, SONGS, predictor};
use canto_predict::{Error, Overrides, Prediction, Predictor, Unscorable, Warning};
use canto_song::Silent;
use proptest::prelude::*;

fn predict(predictor: &Predictor, lyrics: &[&str]) -> Vec<Prediction> {
    predictor.predict(lyrics, &Overrides::default(), &Silent).unwrap()
}

fn scores(prediction: &Prediction) -> Vec<f32> {
    prediction.labels.iter().map(|label| label.score).collect()
}

#[test]
fn every_label_has_its_score_threshold_and_decision() {
    let (_folder, predictor) = predictor();
    for prediction in predict(&predictor, &SONGS) {
        let names: Vec<_> = prediction.labels.iter().map(|label| label.label.as_str()).collect();
        assert_eq!(names, LABELS);
        for label in &prediction.labels {
            assert!((0.0..=1.0).contains(&label.score));
            assert_eq!(label.predicted, label.score >= label.threshold);
            let listed = prediction.genres.iter().any(|genre| genre.label == label.label);
            assert_eq!(listed, label.predicted);
        }
        assert!(prediction.genres.is_sorted_by(|a, b| a.score >= b.score));
    }
}

#[test]
fn songs_are_told_apart_and_cleaned_first() {
    let (_folder, predictor) = predictor();
    let raw = "[Chorus]\nPaper boats\u{200b} and copper coins12Embed";
    let [a, b, c] = &predict(&predictor, &[raw, "Paper boats and copper coins", SONGS[0]])[..]
    else {
        panic!("one prediction a text")
    };
    assert_eq!(a, b);
    assert_ne!(scores(b), scores(c));
}

#[test]
fn warnings_say_what_to_doubt() {
    let (_folder, predictor) = predictor();
    let found = predict(&predictor, &SONGS);
    let codes = |at: usize| -> Vec<&str> { found[at].warnings.iter().map(Warning::code).collect() };
    assert_eq!(codes(0), [""; 0]);
    assert!(found[3].truncated && codes(3) == ["truncated"], "{:?}", found[3].warnings);
    assert_eq!(found[4].language.as_deref(), Some("spa"));
    assert!(codes(4).contains(&"language"));
    assert!(found[4].warnings[0].to_string().contains("`spa`"));
}

#[test]
fn no_scores_are_invented() {
    let (_folder, predictor) = predictor();
    let error = predictor.predict(&["[Chorus]"], &Overrides::default(), &Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the lyric cannot be scored: nothing is left of it after cleaning"
    );
    let lyrics = [SONGS[0], " \n", "[Intro]", SONGS[5]];
    let error = predictor.predict(&lyrics, &Overrides::default(), &Silent).unwrap_err();
    assert!(error.to_string().starts_with("lyric 2 of 4"), "{error}");
    let each = predictor.predict_each(&lyrics, &Overrides::default(), &Silent).unwrap();
    assert_eq!(each[1], Err(Unscorable::MissingLyrics));
    assert_eq!(each[2], Err(Unscorable::EmptyAfterCleaning));
    assert_eq!(each[3].as_ref(), Ok(&predict(&predictor, &[SONGS[5]])[0]));
    assert_eq!(predictor.predict(&[], &Overrides::default(), &Silent).unwrap(), []);
}

#[test]
fn thresholds_given_go_before_the_model_s() {
    let (_folder, predictor) = predictor();
    let with = |all, per_label| {
        let overrides = Overrides { all, per_label };
        predictor.predict(&[SONGS[0]], &overrides, &Silent).map(|found| found[0].clone())
    };
    assert_eq!(with(Some(0.0), vec![]).unwrap().genres.len(), 3);
    assert_eq!(with(Some(1.0), vec![]).unwrap().genres.len(), 0);
    let one = with(Some(1.0), vec![("Rock".to_owned(), 0.0)]).unwrap();
    assert_eq!(one.genres.len(), 1);
    assert_eq!(one.genres[0].label, "Rock");
    let error = with(None, vec![("Polka".to_owned(), 0.5)]).unwrap_err();
    assert!(matches!(error, Error::UnknownLabel { .. }), "{error}");
    assert!(error.to_string().contains("`R&B/Soul`"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What stands beside a song in a batch does not show in its scores.
    #[test]
    fn alone_is_as_in_a_batch(picks in prop::collection::vec((0..SONGS.len(), 1..6_usize), 1..12)) {
        let (_folder, predictor) = predictor();
        let songs: Vec<String> =
            picks.iter().map(|&(song, times)| vec![SONGS[song]; times].join("\n")).collect();
        let lyrics: Vec<&str> = songs.iter().map(String::as_str).collect();
        for (lyric, together) in lyrics.iter().zip(predict(&predictor, &lyrics)) {
            let alone = &predict(&predictor, &[lyric])[0];
            for (a, b) in scores(alone).into_iter().zip(scores(&together)) {
                prop_assert!((a - b).abs() <= 1e-5, "{a} alone, {b} in a batch");
            }
            prop_assert_eq!(alone.tokens, together.tokens);
        }
    }
}
