//! A trained model → a bundle.

use crate::error::Error;
use crate::manifest::Manifest;
use crate::parts::{Parts, Settings, check_words, windows};
use crate::staging::Staging;
use crate::{
    BLEND, Bundle, CALIBRATION, MANIFEST, METRICS, RUN, SETTINGS, THRESHOLDS, TOKENIZER,
    TOKENIZER_CONFIG, WORDS,
};
use canto_batch::LyricTokenizer;
use canto_encoder::Classifier;
use canto_evaluate::{Calibration, Thresholds};
use serde::Serialize;
use serde_json::json;
use std::path::Path;

impl Bundle {
    /// Writes `model` and `parts` as the folder `dir`, aside first, then renamed; an older bundle
    /// there is replaced, any other folder is not. Parts that do not fit each other are an error
    /// before anything is written.
    pub fn write(dir: &Path, model: &Classifier, parts: &Parts) -> Result<(), Error> {
        let (calibration, thresholds) = check(dir, parts)?;
        let staging = Staging::begin(dir)?;
        canto_encoder::save(model, &parts.architecture, staging.path())?;
        staging.write(TOKENIZER, parts.tokenizer_json.as_bytes())?;
        staging.write(TOKENIZER_CONFIG, &to_json(dir, &tokenizer_config(parts))?)?;
        staging.write(SETTINGS, &to_json(dir, &Settings::from(parts))?)?;
        if let Some(words) = &parts.words {
            words.model.save(&staging.path().join(WORDS))?;
            staging.write(BLEND, &to_json(dir, &words.blend)?)?;
        }
        staging.write(CALIBRATION, &to_json(dir, &calibration)?)?;
        staging.write(THRESHOLDS, &to_json(dir, &thresholds)?)?;
        staging.write(METRICS, &to_json(dir, &parts.metrics)?)?;
        staging.write(RUN, parts.run_config.as_bytes())?;
        let manifest = Manifest::of(staging.path(), &[])?;
        staging.write(MANIFEST, &to_json(dir, &manifest)?)?;
        staging.commit()
    }
}

/// What transformers' tokenizers need beside `tokenizer.json`: without it they would cut nothing.
fn tokenizer_config(parts: &Parts) -> serde_json::Value {
    json!({ "model_max_length": parts.batch.max_tokens, "truncation_side": "right" })
}

/// Calibration and thresholds in label order.
fn check(dir: &Path, parts: &Parts) -> Result<(Calibration, Thresholds), Error> {
    let architecture = &parts.architecture;
    if architecture.labels.is_empty() {
        return Err(Error::NoLabels { path: dir.to_owned() });
    }
    let tokenizer = LyricTokenizer::from_json(&parts.tokenizer_json)?;
    windows(architecture, tokenizer, &parts.batch, dir)?;
    let labels = &architecture.labels;
    if let Some(words) = &parts.words {
        check_words(words, labels, dir)?;
    }
    let fault = |name: &str| {
        let path = dir.join(name);
        |source| Error::Misfit { path, source }
    };
    let calibration = parts.calibration.aligned(labels).map_err(fault(CALIBRATION))?;
    let thresholds = parts.thresholds.aligned(labels).map_err(fault(THRESHOLDS))?;
    Ok((calibration, thresholds))
}

/// JSON that people read too, with a line end.
pub(crate) fn to_json(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|source| Error::Json { path: path.to_owned(), source })?;
    text.push(b'\n');
    Ok(text)
}
