//! What is asked of songs.

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
    #[schema(example = "Rain on the highway, radio low", min_length = 1)]
    lyrics: String,
    /// Answers every label, tokens, language and warnings besides.
    #[serde(default)]
    all: bool,
    /// One threshold for all labels instead of the model's.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1, example = 0.3)]
    threshold: Option<f64>,
    /// Thresholds of single labels; they go before `threshold`.
    #[serde(default)]
    #[schema(example = json!({}))]
    thresholds: BTreeMap<String, f64>,
    /// Adds the lines that carried each genre; the song is scored again without each line.
    #[serde(default)]
    explain: bool,
}

/// The body of `POST /predict/batch`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchRequest {
    /// The words of each song.
    #[schema(example = json!(["Rain on the highway, radio low", "Burn the throne"]))]
    lyrics: Vec<String>,
    /// Answers every label, tokens, language and warnings besides.
    #[serde(default)]
    all: bool,
    /// One threshold for all labels instead of the model's.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1, example = 0.3)]
    threshold: Option<f64>,
    /// Thresholds of single labels; they go before `threshold`.
    #[serde(default)]
    #[schema(example = json!({}))]
    thresholds: BTreeMap<String, f64>,
}

/// A request that was found sound.
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) all: bool,
    pub(crate) explain: bool,
}

/// A request for many songs that was found sound.
pub(crate) struct AskedMany {
    pub(crate) questions: Vec<Question>,
    pub(crate) all: bool,
}

impl PredictRequest {
    /// Checks thresholds against the labels of the model.
    pub(crate) fn checked(self, labels: &[LabelThreshold]) -> Result<Asked, Failure> {
        let Self { lyrics, all, threshold, thresholds, explain } = self;
        let (threshold, thresholds) = checked(threshold, thresholds, labels)?;
        Ok(Asked { question: Question { lyrics, threshold, thresholds }, all, explain })
    }
}

impl BatchRequest {
    /// The same for at most `most` songs.
    pub(crate) fn checked(
        self,
        labels: &[LabelThreshold],
        most: usize,
    ) -> Result<AskedMany, Failure> {
        let Self { lyrics, all, threshold, thresholds } = self;
        if lyrics.len() > most {
            return Err(Failure::TooManySongs { found: lyrics.len(), most });
        }
        let (threshold, thresholds) = checked(threshold, thresholds, labels)?;
        let question = |lyrics| Question { lyrics, threshold, thresholds: thresholds.clone() };
        Ok(AskedMany { questions: lyrics.into_iter().map(question).collect(), all })
    }
}

type Thresholds = (Option<f32>, Vec<(String, f32)>);

fn checked(
    threshold: Option<f64>,
    thresholds: BTreeMap<String, f64>,
    labels: &[LabelThreshold],
) -> Result<Thresholds, Failure> {
    let threshold = threshold.map(|value| in_range("threshold", value)).transpose()?;
    let single = |(label, value): (String, f64)| {
        let path = format!("thresholds.{label}");
        if !labels.iter().any(|known| known.label == label) {
            let known = labels.iter().map(|known| known.label.clone()).collect();
            return Err(Failure::UnknownLabel { label, path, known });
        }
        Ok((label, in_range(&path, value)?))
    };
    Ok((threshold, thresholds.into_iter().map(single).collect::<Result<_, _>>()?))
}

fn in_range(path: &str, value: f64) -> Result<f32, Failure> {
    if (0.0..=1.0).contains(&value) {
        return Ok(value as f32);
    }
    Err(Failure::Threshold { path: path.to_owned(), value })
}
