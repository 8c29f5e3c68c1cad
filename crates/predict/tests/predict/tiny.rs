//! A predictor small enough for a test, and songs for it.

use canto_batch::{BatchConfig, LyricTokenizer, Window};
use canto_bundle::{Bundle, Parts, Provenance};
use canto_corpus::{CleaningConfig, LanguageConfig};
use canto_encoder::{Architecture, Device, DeviceChoice};
use canto_evaluate::{Calibration, LabelThreshold, Strategy, Thresholds};
use canto_predict::Predictor;
use tempfile::TempDir;

pub(crate) const LABELS: [&str; 3] = ["Folk", "R&B/Soul", "Rock"];

pub(crate) const SONGS: [&str; 6] = [
    "The river carries every word I never said to you, and the night is long",
    "[Verse 1]\nPaper boats and copper coins\nWe are sailing to the morning\n[Chorus]\nSail on",
    "la",
    "I left my heart beneath the old tin roof, with all the rain that it could hold, and all the \
     songs we used to sing before the winter came and took the summer birds away from us again",
    "No me digas que la noche es larga, porque el río canta y yo te espero en la ventana",
    "Turn it up, turn it up, the engine hums a tune tonight",
];

pub(crate) fn device() -> Device {
    DeviceChoice::Cpu.open().unwrap().device
}

pub(crate) fn parts() -> Parts {
    let tokenizer = LyricTokenizer::train_bpe(&SONGS, 320).unwrap();
    let architecture = Architecture {
        vocab_size: tokenizer.vocab_size(),
        hidden_size: 16,
        layers: 2,
        heads: 2,
        intermediate_size: 32,
        max_positions: 34,
        // Wide enough apart that every song scores differently.
        initializer_range: 0.5,
        labels: LABELS.map(str::to_owned).to_vec(),
        ..Architecture::default()
    };
    let values = LABELS.into_iter().map(|label| LabelThreshold {
        label: label.to_owned(),
        threshold: 0.5,
        flagged: false,
    });
    Parts {
        tokenizer_json: tokenizer.to_json().unwrap(),
        words: None,
        calibration: Calibration::None,
        thresholds: Thresholds { strategy: Strategy::PerLabel, values: values.collect() },
        batch: BatchConfig {
            max_tokens: 32,
            window: Window::Chunks,
            stride: 4,
            max_chunks: 2,
            tokens_per_batch: 128,
            ..BatchConfig::default()
        },
        cleaning: CleaningConfig::default(),
        language: LanguageConfig::default(),
        run_config: "[corpus.columns]\nlyrics = \"words\"\n".to_owned(),
        metrics: serde_json::Value::Null,
        provenance: Provenance::default(),
        architecture,
    }
}

/// A predictor and the folder that it came from.
pub(crate) fn predictor() -> (TempDir, Predictor) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    let parts = parts();
    Bundle::write(&dir, &parts.architecture.init(&device()), &parts).unwrap();
    let predictor = Predictor::open(Bundle::open(&dir).unwrap(), &device()).unwrap();
    (folder, predictor)
}
