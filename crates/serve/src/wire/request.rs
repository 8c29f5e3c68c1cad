//! What is asked of a song.

use crate::failure::Failure;
use crate::model::Question;
use crate::wire::LabelThreshold;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The body of `POST /predict`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PredictRequest {
    /// The song's words, raw as they come.
    #[schema(example = "Rain on the highway, radio low")]
    lyrics: String,
    /// Answers every label, tokens, language and warnings besides.
    #[serde(default)]
    all: bool,
    /// One threshold for all labels instead of the model's.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    threshold: Option<f32>,
    /// Thresholds of single labels; they go before `threshold`.
    #[serde(default)]
    thresholds: BTreeMap<String, f32>,
    /// Adds the lines that carried each genre; the song is scored again without each line.
    #[serde(default)]
    explain: bool,
}

/// A request that was found sound.
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) all: bool,
    pub(crate) explain: bool,
}

impl PredictRequest {
    /// Checks thresholds against the labels of the model.
    pub(crate) fn checked(self, labels: &[LabelThreshold]) -> Result<Asked, Failure> {
        check(self.threshold, &self.thresholds, labels)?;
        let Self { lyrics, all, threshold, thresholds, explain } = self;
        let thresholds = thresholds.into_iter().collect();
        Ok(Asked { question: Question { lyrics, threshold, thresholds }, all, explain })
    }
}

fn check(
    threshold: Option<f32>,
    thresholds: &BTreeMap<String, f32>,
    labels: &[LabelThreshold],
) -> Result<(), Failure> {
    if let Some(value) = threshold {
        in_range("threshold", value)?;
    }
    for (label, &value) in thresholds {
        let path = format!("thresholds.{label}");
        if !labels.iter().any(|known| known.label == *label) {
            let known = labels.iter().map(|known| known.label.clone()).collect();
            return Err(Failure::UnknownLabel { label: label.clone(), path, known });
        }
        in_range(&path, value)?;
    }
    Ok(())
}

fn in_range(path: &str, value: f32) -> Result<(), Failure> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Failure::Threshold { path: path.to_owned(), value })
}
