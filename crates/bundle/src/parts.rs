//! What a bundle is made of, and its own settings file.

use crate::error::Error;
use crate::{BLEND, WORDS};
use canto_batch::{BatchConfig, LyricTokenizer, Windows};
use canto_corpus::{CleaningConfig, LanguageConfig};
use canto_encoder::Architecture;
use canto_evaluate::{Calibration, Thresholds};
use canto_score::Words;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Everything of a bundle but the weights.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Sizes and labels of the model.
    pub architecture: Architecture,
    /// The text of `tokenizer.json`.
    pub tokenizer_json: String,
    /// What words say beside the encoder, where they do.
    pub words: Option<Words>,
    /// What makes probabilities of the model's scores.
    pub calibration: Calibration,
    /// Thresholds of calibrated scores, one a label.
    pub thresholds: Thresholds,
    /// Windows and batches that the model was trained and tuned with.
    pub batch: BatchConfig,
    /// Cleaning rules of the training songs.
    pub cleaning: CleaningConfig,
    /// Language policy of the training songs.
    pub language: LanguageConfig,
    /// The resolved configuration of the run, TOML.
    pub run_config: String,
    /// Whatever was measured, by split.
    pub metrics: serde_json::Value,
    /// Where the model comes from.
    pub provenance: Provenance,
}

/// Where a model comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provenance {
    /// The base model that was fine-tuned, a folder or Hub id; none if from scratch.
    pub base_model: Option<String>,
    /// SHA-256 of the raw file that the songs come from.
    pub data_sha256: Option<String>,
    /// Songs that the model was trained on.
    pub training_songs: Option<u64>,
    /// Optimiser steps up to these weights.
    pub steps: Option<u64>,
}

/// `canto.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) canto_version: String,
    /// Repeated from `config.json` for people and tools that read this file alone.
    pub(crate) labels: Vec<String>,
    pub(crate) batch: BatchConfig,
    pub(crate) cleaning: CleaningConfig,
    pub(crate) language: LanguageConfig,
    pub(crate) provenance: Provenance,
}

impl From<&Parts> for Settings {
    fn from(parts: &Parts) -> Self {
        Self {
            canto_version: env!("CARGO_PKG_VERSION").to_owned(),
            labels: parts.architecture.labels.clone(),
            batch: parts.batch.clone(),
            cleaning: parts.cleaning.clone(),
            language: parts.language.clone(),
            provenance: parts.provenance.clone(),
        }
    }
}

/// The windows through which `architecture` reads songs, or why the three do not fit.
pub(crate) fn windows(
    architecture: &Architecture,
    tokenizer: LyricTokenizer,
    batch: &BatchConfig,
    dir: &Path,
) -> Result<Windows, Error> {
    let path = dir.to_owned();
    let (ids, model) = (tokenizer.vocab_size(), architecture.vocab_size);
    if ids > model {
        return Err(Error::Vocabulary { path, tokenizer: ids, model });
    }
    // RoBERTa counts positions over what is not its padding id: with another id it misreads.
    let (pad, model) = (tokenizer.pad_id() as usize, architecture.pad_token_id);
    if architecture.family.positions_follow_padding() && pad != model {
        return Err(Error::Padding { path, tokenizer: pad, model });
    }
    let (found, maximum) = (batch.max_tokens, architecture.max_tokens());
    if found > maximum {
        return Err(Error::TooLong { path, found, maximum });
    }
    Ok(Windows::new(tokenizer, batch.clone())?)
}

/// Refuses words of other labels than the model's, and weights that no fit gives.
pub(crate) fn check_words(words: &Words, labels: &[String], dir: &Path) -> Result<(), Error> {
    let found = words.model.labels();
    if found != labels {
        let (path, found) = (dir.join(WORDS), found.to_vec());
        return Err(Error::Labels { path, found, expected: labels.to_vec() });
    }
    if words.blend.is_sound() { Ok(()) } else { Err(Error::Weights { path: dir.join(BLEND) }) }
}
