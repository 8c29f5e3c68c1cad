//! What is said of a song.

use crate::failure::ErrorReport;
use crate::wire::LabelThreshold;
use serde::Serialize;
use utoipa::ToSchema;

/// All that a model says of a song.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Prediction {
    /// Decided genres, best score first.
    pub genres: Vec<GenreScore>,
    /// Every label, in the model's order.
    pub labels: Vec<LabelScore>,
    /// Tokens of the whole song, special tokens included.
    pub tokens: usize,
    /// Whether the model read part of the song only.
    pub truncated: bool,
    /// Detected language, ISO 639-3, or null.
    pub language: Option<String>,
    /// Confidence in `language`, 0 to 1.
    pub language_confidence: f64,
    /// Reasons to trust the scores less.
    pub warnings: Vec<Warning>,
    /// The lines that carried each genre, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<Explanation>>,
}

/// A decided genre.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GenreScore {
    /// The label.
    #[schema(example = "Rock")]
    pub label: String,
    /// Probability.
    #[schema(minimum = 0, maximum = 1, example = 0.81)]
    pub score: f32,
}

/// A label, decided or not.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LabelScore {
    /// The label.
    #[schema(example = "Rock")]
    pub label: String,
    /// Probability.
    #[schema(minimum = 0, maximum = 1, example = 0.81)]
    pub score: f32,
    /// Predicted when the score is at least this.
    #[schema(minimum = 0, maximum = 1, example = 0.4)]
    pub threshold: f32,
    /// The decision.
    pub predicted: bool,
}

/// A reason to trust scores less.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Warning {
    /// `language`, `unknown_language` or `truncated`.
    pub code: String,
    /// The same in words.
    pub message: String,
}

/// The lines that carried one label.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Explanation {
    /// The label.
    pub label: String,
    /// Every line that was examined, the weightiest first.
    pub lines: Vec<LineWeight>,
}

/// How much a line added to a score.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LineWeight {
    /// Where it first stands in the cleaned lyrics, counted from 1.
    pub line: usize,
    /// Its words.
    pub text: String,
    /// How often it comes.
    pub times: usize,
    /// Score of the song less its score without the line.
    pub weight: f32,
}

/// What `/predict` answers: as much of a prediction as was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// With `"all": true`.
    All(Prediction),
    /// Otherwise.
    Genres {
        /// Decided genres, best score first.
        genres: Vec<GenreScore>,
        /// The lines that carried each genre, where they were asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        explanation: Option<Vec<Explanation>>,
    },
}

impl Answer {
    pub(crate) fn new(prediction: Prediction, all: bool) -> Self {
        if all {
            return Self::All(prediction);
        }
        Self::Genres { genres: prediction.genres, explanation: prediction.explanation }
    }
}

/// A line of what `/predict/batch` answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    /// Which song of the request it is about, counted from 0.
    pub(crate) index: usize,
    /// The answer of `/predict`, or its error.
    #[serde(flatten)]
    pub(crate) outcome: LineOutcome,
}

/// What became of one song of many.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum LineOutcome {
    /// It was scored.
    Answer(Answer),
    /// It was not.
    Error(ErrorReport),
}

/// What `/labels` answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Labels {
    /// In the model's order.
    pub(crate) labels: Vec<LabelThreshold>,
}

/// What `/` answers programs.
#[derive(Debug, Serialize)]
pub(crate) struct Greeting {
    pub(crate) message: &'static str,
}

/// What `/health` and `/ready` answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// `ok` or `ready`.
    pub(crate) status: &'static str,
}
