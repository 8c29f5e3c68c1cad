//! The lines that are said to carry a prediction are those that the model learned from.

mod tiny;

use canto_bundle::{Bundle, Parts, Provenance};
use canto_corpus::{CleaningConfig, LanguageConfig};
use canto_evaluate::{Calibration, Thresholds};
use canto_predict::{Explanation, Overrides, Predictor};
use canto_song::{Genre, Silent};
use canto_train::{Event, Observer, Outcome, TrainConfig, fit};
use std::io;
use std::sync::atomic::AtomicBool;
use tiny::{Tiny, WORDS};

struct Nobody;

impl Observer for Nobody {
    fn on(&mut self, _event: &Event) -> io::Result<()> {
        Ok(())
    }
}

/// A predictor trained until it knows each genre by its word.
fn trained(tiny: &Tiny) -> Predictor {
    let config = TrainConfig {
        epochs: 40,
        effective_batch: 8,
        learning_rate: 3e-3,
        warmup_ratio: 0.1,
        // The ranking is perfect long before the scores are sure.
        best_metric: "log_loss".parse().unwrap(),
        ..TrainConfig::default()
    };
    let outcome = fit(tiny.inputs(), &config, &mut Nobody, &AtomicBool::new(false)).unwrap();
    let Outcome::Finished { model, .. } = outcome else { panic!("expected the run to finish") };
    let labels = Genre::names();
    let parts = Parts {
        architecture: tiny.architecture.clone(),
        tokenizer_json: tiny.windows.tokenizer().to_json().unwrap(),
        words: None,
        calibration: Calibration::None,
        thresholds: Thresholds::fixed(0.5, &labels),
        batch: tiny.windows.config().clone(),
        cleaning: CleaningConfig::default(),
        language: LanguageConfig::default(),
        run_config: String::new(),
        metrics: serde_json::Value::Null,
        provenance: Provenance::default(),
    };
    let folder = tiny.folder.path().join("model");
    Bundle::write(&folder, &model, &parts).unwrap();
    Predictor::open(Bundle::open(&folder).unwrap(), &tiny.device).unwrap()
}

fn explain(predictor: &Predictor, lyrics: &str, genre: Genre) -> Explanation {
    // Only this genre is decided, whatever its score.
    let overrides = Overrides { all: Some(1.0), per_label: vec![(genre.name().to_owned(), 0.0)] };
    let mut found = predictor.explain(lyrics, &overrides, &Silent).unwrap().explanation.unwrap();
    assert_eq!((found.len(), found[0].label.as_str()), (1, genre.name()));
    found.remove(0)
}

/// The label's score, averaged over the songs that are left when more and more of `ranked` is
/// deleted (the perturbation curve of Samek et al. 2017).
fn after_deleting(predictor: &Predictor, lyrics: &str, genre: Genre, ranked: &[&str]) -> f32 {
    let left: Vec<String> = (1..ranked.len())
        .map(|gone| lyrics.lines().filter(move |line| !ranked[..gone].contains(line)))
        .map(|lines| lines.collect::<Vec<_>>().join("\n"))
        .collect();
    let left: Vec<&str> = left.iter().map(String::as_str).collect();
    let found = predictor.predict(&left, &Overrides::default(), &Silent).unwrap();
    let scores = found.iter().map(|prediction| prediction.labels[genre.index()].score);
    scores.sum::<f32>() / found.len() as f32
}

#[test]
fn the_line_with_the_genre_s_word_carries_the_genre() {
    let _alone = tiny::alone();
    let tiny = Tiny::new();
    let predictor = trained(&tiny);
    let (mut from_the_top, mut from_the_end) = (0.0, 0.0);
    for genre in Genre::ALL {
        // Behind another word, as the songs have it: to the tokenizer a space is part of a word.
        let telling = format!("oh {}", WORDS[genre.index()]);
        let lyrics = format!("la oh\nwe go\n{telling}\non la");
        let found = explain(&predictor, &lyrics, genre);
        assert_eq!(
            (found.lines[0].text.as_str(), found.lines[0].line),
            (telling.as_str(), 3),
            "{found:?}"
        );
        let forth: Vec<&str> = found.lines.iter().map(|line| line.text.as_str()).collect();
        let back: Vec<&str> = forth.iter().rev().copied().collect();
        let [forth, back] =
            [forth, back].map(|ranked| after_deleting(&predictor, &lyrics, genre, &ranked));
        assert!(forth < back, "{}: {forth} from the top, {back} from the end", genre.name());
        from_the_top += forth;
        from_the_end += back;
    }
    // One genre is what the model says of words that tell nothing; it loses the least.
    assert!(2.0 * from_the_top < from_the_end, "{from_the_top} {from_the_end}");
}
