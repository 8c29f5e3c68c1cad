//! Everything that can be wrong with a model folder.

use std::io;
use std::path::{Path, PathBuf};

/// Why a bundle could not be written, read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say it; fields are named after what they hold")]
pub enum Error {
    #[error("no model at `{}`", path.display())]
    NotFound { path: PathBuf },
    #[error("`{}` is a file, expected a run or model folder", path.display())]
    NotAFolder { path: PathBuf },
    #[error("the run `{}` has no model yet", path.display())]
    StillTraining { path: PathBuf },
    #[error("`{}` is no model folder: there is no {}", path.display(), backticks(missing))]
    NotAModel { path: PathBuf, missing: Vec<&'static str> },
    #[error("the bundle `{}` lacks its `manifest.json`", path.display())]
    NoManifest { path: PathBuf },

    #[error("`{}` has format version {found}, this canto reads up to {supported}", path.display())]
    NewerFormat { path: PathBuf, found: u64, supported: u64 },
    #[error("`{}` is malformed", path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
    #[error("`{}` lists `{name}`, expected the name of a file in the same folder", path.display())]
    BadName { path: PathBuf, name: String },
    #[error("`{}` does not list `{name}`", path.display())]
    NotListed { path: PathBuf, name: &'static str },
    #[error("the bundle's file `{}` is missing", path.display())]
    MissingFile { path: PathBuf },
    #[error("`{}` has {found} bytes, expected {expected}", path.display())]
    Size { path: PathBuf, found: u64, expected: u64 },
    #[error("`{}` was altered: SHA-256 `{}…`, expected `{}…`", path.display(), prefix(found), prefix(expected))]
    Altered { path: PathBuf, found: String, expected: String },

    #[error("`{}` has the labels {}, but the model has {}", path.display(), backticks(found), backticks(expected))]
    Labels { path: PathBuf, found: Vec<String>, expected: Vec<String> },
    #[error("the model in `{}` has no labels", path.display())]
    NoLabels { path: PathBuf },
    #[error("`{}` does not fit the model", path.display())]
    Misfit { path: PathBuf, source: canto_evaluate::Error },
    #[error("`{}` has a weight below 0 or one that is no number", path.display())]
    Weights { path: PathBuf },
    #[error("the model in `{}` has no classification head", path.display())]
    NoHead { path: PathBuf },
    #[error("the tokenizer gives ids up to {tokenizer}, the model in `{}` has {model} embeddings", path.display())]
    Vocabulary { path: PathBuf, tokenizer: usize, model: usize },
    #[error("the tokenizer pads with id {tokenizer}, the model in `{}` with {model}", path.display())]
    Padding { path: PathBuf, tokenizer: usize, model: usize },
    #[error("windows of {found} tokens are too long for the model in `{}`, which reads {maximum}", path.display())]
    TooLong { path: PathBuf, found: usize, maximum: usize },

    #[error(transparent)]
    Tokenizer(#[from] canto_batch::Error),
    #[error(transparent)]
    Engine(Box<canto_infer::Error>),
    #[error(transparent)]
    Words(Box<canto_tfidf::Error>),
    #[error(transparent)]
    Encoder(#[from] canto_encoder::Error),
    #[error("could not {action} `{}`", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("could not write `{}` as JSON", path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("`{}` exists and is no bundle", path.display())]
    NotOurs { path: PathBuf },
    #[error("`{}` is a plain Hugging Face folder, expected a bundle of canto's", path.display())]
    NotABundle { path: PathBuf },
}

impl From<canto_infer::Error> for Error {
    fn from(error: canto_infer::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<canto_tfidf::Error> for Error {
    fn from(error: canto_tfidf::Error) -> Self {
        Self::Words(Box::new(error))
    }
}

impl Error {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound { .. } | Self::NotAFolder { .. } => {
                "name the folder of a run, such as `artifacts/<run>`, or a Hugging Face model folder"
            }
            Self::StillTraining { .. } => {
                "wait until its training ends, or go on with it by `canto train`"
            }
            Self::NotAModel { .. } => {
                "a model folder holds `config.json`, `model.safetensors` and `tokenizer.json`"
            }
            Self::NewerFormat { .. } => "upgrade canto to read this bundle",
            Self::NoManifest { .. }
            | Self::Malformed { .. }
            | Self::BadName { .. }
            | Self::NotListed { .. }
            | Self::MissingFile { .. }
            | Self::Size { .. }
            | Self::Altered { .. }
            | Self::Labels { .. }
            | Self::Weights { .. }
            | Self::Words(_) => {
                "copy the whole folder again from where it was written, or train again"
            }
            Self::Misfit { source, .. } => return source.hint(),
            Self::NoHead { .. } | Self::NoLabels { .. } => {
                "a base model knows no genres: fine-tune it with `canto train` first"
            }
            Self::Vocabulary { .. } | Self::Padding { .. } => {
                "check that `tokenizer.json` belongs to this model"
            }
            Self::TooLong { .. } => "set `batch.max_tokens` to the model's maximum or less",
            Self::Tokenizer(error) => return error.hint(),
            Self::Encoder(error) => return error.hint(),
            Self::Engine(error) => return error.hint(),
            Self::File { source, .. } => return disk_hint(source),
            Self::NotOurs { .. } => "choose another folder, or remove it yourself",
            Self::NotABundle { .. } => {
                "a plain folder keeps no thresholds: give `--threshold` when predicting"
            }
            Self::Json { .. } => return None,
        };
        Some(hint.to_owned())
    }

    /// For `map_err`: a failed `action` on `path`.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}

fn disk_hint(error: &io::Error) -> Option<String> {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "free some space on that disk, or write elsewhere",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may read and write"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn backticks<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// Enough of a hash to tell two apart by eye.
fn prefix(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
