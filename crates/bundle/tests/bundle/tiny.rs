//! A model small enough to be written in a blink.

use canto_batch::{BatchConfig, LyricTokenizer, Window};
use canto_bundle::{Bundle, Parts, Provenance};
use canto_corpus::{CleaningConfig, LanguageConfig};
use canto_encoder::{Architecture, Classifier, Device, DeviceChoice};
use canto_evaluate::{Calibration, LabelThreshold, Strategy, Thresholds};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) const LABELS: [&str; 3] = ["Folk", "R&B/Soul", "Rock"];

pub(crate) fn labels() -> Vec<String> {
    LABELS.map(str::to_owned).to_vec()
}

pub(crate) fn device() -> Device {
    DeviceChoice::Cpu.open().unwrap().device
}

pub(crate) fn thresholds(values: [f32; 3]) -> Thresholds {
    let values = LABELS.into_iter().zip(values).map(|(label, threshold)| LabelThreshold {
        label: label.to_owned(),
        threshold,
        flagged: false,
    });
    Thresholds { strategy: Strategy::PerLabel, values: values.collect() }
}

pub(crate) fn parts() -> Parts {
    let lyrics = ["rain on the old tin roof", "paper boats and copper coins", "la la la"];
    let tokenizer = LyricTokenizer::train_bpe(&lyrics, 300).unwrap();
    let architecture = Architecture {
        vocab_size: tokenizer.vocab_size(),
        hidden_size: 16,
        layers: 1,
        heads: 2,
        intermediate_size: 32,
        max_positions: 34,
        labels: labels(),
        ..Architecture::default()
    };
    let cleaning = CleaningConfig { embed_tail: false, ..CleaningConfig::default() };
    let language = LanguageConfig { confidence_floor: 0.25, ..LanguageConfig::default() };
    Parts {
        tokenizer_json: tokenizer.to_json().unwrap(),
        words: None,
        calibration: Calibration::None,
        thresholds: thresholds([0.25, 0.5, 0.75]),
        batch: BatchConfig {
            max_tokens: 24,
            window: Window::Chunks,
            stride: 4,
            ..BatchConfig::default()
        },
        cleaning,
        language,
        run_config: "[corpus.columns]\nlyrics = \"words\"\n".to_owned(),
        metrics: serde_json::json!({"validation": {"macro_roc_auc": 0.75}}),
        provenance: Provenance {
            base_model: Some("roberta-base".to_owned()),
            data_sha256: Some("ab".repeat(32)),
            training_songs: Some(46),
            steps: Some(3),
        },
        architecture,
    }
}

pub(crate) fn model(parts: &Parts) -> Classifier {
    parts.architecture.init(&device())
}

/// A bundle `model` in a folder of its own.
pub(crate) fn written() -> (TempDir, PathBuf) {
    let run = tempfile::tempdir().unwrap();
    let dir = run.path().join("model");
    let parts = parts();
    Bundle::write(&dir, &model(&parts), &parts).unwrap();
    (run, dir)
}

/// Names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
    names.sort();
    names
}
