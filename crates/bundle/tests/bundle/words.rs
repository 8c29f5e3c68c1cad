//! Words that have a say beside the encoder.

use crate::tiny::{LABELS, labels, model, names, parts};
use canto_bundle::{Bundle, Error, Parts, Replacement, WORDS_FILES};
use canto_evaluate::Blend;
use canto_score::Words;
use canto_song::Silent;
use canto_tfidf::{Tfidf, TfidfConfig, VectorizerConfig};

fn words(labels: &[String]) -> Words {
    let lyrics = ["rain on the tin roof", "paper boats and rain", "tin boats on the roof"];
    let targets: Vec<bool> = (0..3 * labels.len()).map(|cell| cell % 2 == 0).collect();
    let vectorizer = VectorizerConfig { min_document_frequency: 1, ..VectorizerConfig::default() };
    let config = TfidfConfig { vectorizers: vec![vectorizer], ..TfidfConfig::default() };
    let model = Tfidf::fit(&lyrics, &targets, labels, &config, &Silent).unwrap();
    Words { model, blend: Blend { first: 0.25, second: 0.75, intercept: -0.125 } }
}

fn with_words() -> Parts {
    Parts { words: Some(words(&labels())), ..parts() }
}

#[test]
fn they_are_read_as_they_were_written_and_survive_a_replacement() {
    let run = tempfile::tempdir().unwrap();
    let dir = run.path().join("model");
    let parts = with_words();
    Bundle::write(&dir, &model(&parts), &parts).unwrap();
    assert_eq!(Bundle::open(&dir).unwrap().words(), parts.words.as_ref());
    let metrics = Some(serde_json::json!({"test": 1}));
    Bundle::replace(&dir, &Replacement { metrics, ..Replacement::default() }).unwrap();
    assert_eq!(Bundle::open(&dir).unwrap().words(), parts.words.as_ref());

    Bundle::write(&dir, &model(&parts), &Parts { words: None, ..parts }).unwrap();
    assert_eq!(Bundle::open(&dir).unwrap().words(), None);
    assert!(names(&dir).iter().all(|name| !WORDS_FILES.contains(&name.as_str())));
}

#[test]
fn words_of_other_labels_or_without_sound_weights_are_refused() {
    let run = tempfile::tempdir().unwrap();
    let dir = run.path().join("model");
    let refused = |words: Words| {
        let parts = Parts { words: Some(words), ..parts() };
        Bundle::write(&dir, &model(&parts), &parts).unwrap_err()
    };
    let reversed: Vec<String> = LABELS.iter().rev().map(|&label| label.to_owned()).collect();
    let error = refused(words(&reversed));
    assert!(matches!(error, Error::Labels { .. }), "{error}");
    let below = Blend { first: -1.0, second: 1.0, intercept: 0.0 };
    let error = refused(Words { blend: below, ..words(&labels()) });
    assert!(matches!(error, Error::Weights { .. }), "{error}");
    assert_eq!(names(run.path()), [""; 0]);
}

#[test]
fn one_of_the_two_files_is_not_enough() {
    let run = tempfile::tempdir().unwrap();
    let dir = run.path().join("model");
    let parts = with_words();
    Bundle::write(&dir, &model(&parts), &parts).unwrap();
    for name in WORDS_FILES {
        let path = dir.join("manifest.json");
        let whole = std::fs::read_to_string(&path).unwrap();
        let mut manifest: serde_json::Value = serde_json::from_str(&whole).unwrap();
        manifest["files"].as_array_mut().unwrap().retain(|file| file["name"] != name);
        std::fs::write(&path, manifest.to_string()).unwrap();
        let error = Bundle::open(&dir).unwrap_err();
        assert!(matches!(error, Error::NotListed { name: missing, .. } if missing == name));
        std::fs::write(&path, whole).unwrap();
    }
}
