//! Words that have a say in the scores.

use crate::tiny::{SONGS, device, parts, predictor};
use canto_bundle::{Bundle, Parts};
use canto_evaluate::{Blend, Scores};
use canto_predict::{Overrides, Predictor};
use canto_score::Words;
use canto_song::Silent;
use canto_tfidf::{Tfidf, TfidfConfig, VectorizerConfig};

fn scores(predictor: &Predictor) -> Scores {
    let songs = predictor.raw_scorer().score(&SONGS, &Silent).unwrap();
    let values = songs.into_iter().flat_map(|song| song.scores).collect();
    Scores::new(SONGS.len(), predictor.labels().len(), values).unwrap()
}

#[test]
fn scores_are_those_of_both_joined() {
    let (folder, encoder) = predictor();
    let labels = encoder.labels().to_vec();
    let targets: Vec<bool> = (0..SONGS.len() * labels.len()).map(|cell| cell % 3 == 0).collect();
    let vectorizer = VectorizerConfig { min_document_frequency: 1, ..VectorizerConfig::default() };
    let config = TfidfConfig { vectorizers: vec![vectorizer], ..TfidfConfig::default() };
    let model = Tfidf::fit(&SONGS, &targets, &labels, &config, &Silent).unwrap();
    let blend = Blend { first: 0.5, second: 0.75, intercept: 0.25 };
    let of_words = Scores::new(SONGS.len(), labels.len(), model.score(&SONGS)).unwrap();
    let expected = blend.apply(&scores(&encoder), &of_words).unwrap();

    let dir = folder.path().join("with words");
    let parts = Parts { words: Some(Words { model, blend }), ..parts() };
    Bundle::write(&dir, &encoder.bundle().load_model(&device()).unwrap(), &parts).unwrap();
    let both = Predictor::open(Bundle::open(&dir).unwrap(), &device()).unwrap();
    assert_eq!(scores(&both), expected);
    // A prediction goes the same way.
    let predicted = both.predict(&SONGS[..1], &Overrides::default(), &Silent).unwrap();
    let first: Vec<f32> = predicted[0].labels.iter().map(|label| label.score).collect();
    assert_eq!(first, expected.values()[..labels.len()]);
    assert_ne!(scores(&encoder), expected);
}
