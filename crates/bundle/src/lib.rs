//! The one on-disk contract of a trained model, and its version.
//!
//! A bundle is a folder that holds all that prediction needs: `model.safetensors`, `config.json`,
//! `tokenizer.json` and `tokenizer_config.json` as Hugging Face tools read them, `canto.json`
//! (windows, cleaning rules, language policy, provenance), `calibration.json`, `thresholds.json`,
//! `metrics.json`, `run.toml`, where words have a say `words.safetensors` and `blend.json`, and last
//! `manifest.json` with the size and SHA-256 of each. It appears whole or not at all, and is verified
//! on reading. Knows nothing of the training loop, of files of songs or of
//! HTTP.

mod bundle;
mod digest;
mod error;
mod facts;
mod locate;
mod manifest;
mod parts;
mod replace;
mod staging;
mod write;

pub use bundle::{Bundle, Source};
pub use error::Error;
pub use manifest::{FORMAT_VERSION, FileRecord, Manifest};
pub use parts::{Parts, Provenance};
pub use replace::Replacement;

/// The files that every bundle has besides its manifest.
pub const FILES: [&str; 9] =
    [WEIGHTS, CONFIG, TOKENIZER, TOKENIZER_CONFIG, SETTINGS, CALIBRATION, THRESHOLDS, METRICS, RUN];

/// The files of a bundle in which words have a say beside the encoder: both or none.
pub const WORDS_FILES: [&str; 2] = [WORDS, BLEND];

const WORDS: &str = "words.safetensors";
const BLEND: &str = "blend.json";
const WEIGHTS: &str = "model.safetensors";
const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const SETTINGS: &str = "canto.json";
const CALIBRATION: &str = "calibration.json";
const THRESHOLDS: &str = "thresholds.json";
const METRICS: &str = "metrics.json";
const RUN: &str = "run.toml";
const MANIFEST: &str = "manifest.json";
