//! What is said of a model.

use crate::settings::Settings;
use serde::Serialize;
use utoipa::ToSchema;

/// What `/info` answers: the model, and what this server allows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Served {
    #[serde(flatten)]
    pub(crate) info: Info,
    pub(crate) limits: Limits,
}

/// What is too much for one request.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "they are called as the settings are")]
pub(crate) struct Limits {
    /// Bytes of the body of `/predict`.
    #[schema(example = 1_048_576)]
    max_body: usize,
    /// Bytes of the body of `/predict/batch`.
    #[schema(example = 16_777_216)]
    max_batch_body: usize,
    /// Songs of `/predict/batch`.
    #[schema(example = 1000)]
    max_songs: usize,
}

impl From<&Settings> for Limits {
    fn from(settings: &Settings) -> Self {
        let &Settings { max_body, max_batch_body, max_songs, .. } = settings;
        Self { max_body, max_batch_body, max_songs }
    }
}

/// What is said of a model.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Info {
    /// Version of canto.
    #[schema(example = "0.1.0")]
    pub version: String,
    /// Name of the run or the model folder.
    #[schema(example = "quickstart")]
    pub name: String,
    /// Where it computes.
    #[schema(example = "cpu")]
    pub device: String,
    /// What it is built like.
    pub model: ModelInfo,
    /// Labels and their thresholds, in the model's order.
    pub labels: Vec<LabelThreshold>,
    /// Languages it was trained on, ISO 639-3.
    pub languages: Vec<String>,
    /// Every file of the bundle; empty for a plain Hugging Face folder.
    pub files: Vec<FileHash>,
}

/// What a model is built like.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ModelInfo {
    /// Who wrote the folder, `canto` or `hugging_face`.
    pub source: String,
    /// Architecture.
    #[schema(example = "roberta")]
    pub family: String,
    /// Layers.
    pub layers: usize,
    /// Width.
    pub hidden_size: usize,
    /// Tokens of a window, special tokens included.
    pub max_tokens: usize,
    /// How longer songs are read: `head`, `head_tail` or `chunks`.
    pub window: String,
}

/// A label with the score it takes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LabelThreshold {
    /// The label.
    #[schema(example = "Rock")]
    pub label: String,
    /// Predicted when the score is at least this.
    #[schema(minimum = 0, maximum = 1, example = 0.4)]
    pub threshold: f32,
}

/// A file of the bundle.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FileHash {
    /// Name in the folder.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}
