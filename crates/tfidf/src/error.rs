use canto_song::Problem;
use std::path::PathBuf;

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bad configuration values.
    #[error("bad `tfidf` values: {}", listed(.problems))]
    Config {
        /// Every bad value.
        problems: Vec<Problem>,
    },
    /// No row or no label.
    #[error("nothing to fit: {rows} rows of {labels} labels")]
    Empty {
        /// Number of lyrics.
        rows: usize,
        /// Number of labels.
        labels: usize,
    },
    /// The targets do not fill the rows.
    #[error("found {found} targets, expected {rows} rows of {labels} labels")]
    Shape {
        /// Number of lyrics.
        rows: usize,
        /// Number of labels.
        labels: usize,
        /// Number of targets.
        found: usize,
    },
    /// No n-gram is in enough lyrics.
    #[error("no n-gram is in {least} of the {rows} lyrics or more")]
    EmptyVocabulary {
        /// Number of lyrics.
        rows: usize,
        /// The lyrics that an n-gram must be in.
        least: u32,
    },
    /// The file could not be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The model does not fit into a safetensors file.
    #[error("cannot encode `{}`", .path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the format says.
        source: safetensors::SafeTensorError,
    },
    /// Not a whole safetensors file.
    #[error("`{}` is no whole safetensors file", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the format says.
        source: safetensors::SafeTensorError,
    },
    /// A safetensors file without our description, so of something else.
    #[error("`{}` describes no TF-IDF model", .path.display())]
    Undescribed {
        /// The file.
        path: PathBuf,
    },
    /// Our description, but not as this version writes it.
    #[error("the description in `{}` cannot be read", .path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Written by another version.
    #[error("`{}` has format version {found}, expected {expected}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// Ours.
        expected: u64,
    },
    /// A tensor is absent, of another type or of another shape.
    #[error("`{name}` in `{}` is {found}, expected {expected}", .path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its type and shape, or `absent`.
        found: String,
        /// What the rest of the file asks for.
        expected: String,
    },
    /// A weight that is not finite.
    #[error("`{name}` in `{}` has a value that is not finite", .path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// The terms are no text in ascending order.
    #[error("the vocabulary in `{}` is no ascending list of terms", .path.display())]
    Vocabulary {
        /// The file.
        path: PathBuf,
    },
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Config { .. } => "correct the values named",
            Self::Empty { .. } => "prepare more songs, so that every split has some",
            Self::EmptyVocabulary { .. } => "lower `min_document_frequency` or prepare more songs",
            Self::Version { .. } => "fit the model again with this version",
            Self::Damaged { .. }
            | Self::Description { .. }
            | Self::Tensor { .. }
            | Self::NotFinite { .. }
            | Self::Vocabulary { .. } => "copy the file again, or fit the model again",
            Self::Undescribed { .. } => "give the file that a TF-IDF model was saved to",
            Self::Shape { .. } | Self::Read { .. } | Self::Write { .. } | Self::Encode { .. } => {
                return None;
            }
        };
        Some(hint.to_owned())
    }
}
