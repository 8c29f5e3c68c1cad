//! What stops a prediction.

use crate::prediction::Unscorable;
use polars::error::PolarsError;
use std::io;
use std::path::{Path, PathBuf};

/// Why nothing was predicted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say it; fields are named after what they hold")]
pub enum Error {
    #[error("{} cannot be scored: {reason}", lyric(*number, *of))]
    Unscorable { number: usize, of: usize, reason: Unscorable },
    #[error("none of the {of} songs can be scored")]
    NothingToMeasure { of: usize },
    #[error("unknown label `{label}`, the model knows {}", backticks(known))]
    UnknownLabel { label: String, known: Vec<String> },
    #[error("the threshold of `{label}` is {value}, expected 0 to 1")]
    BadThreshold { label: String, value: f32 },
    #[error("the threshold is {value}, expected 0 to 1")]
    BadThresholdForAll { value: f32 },

    #[error("`{}` has no column {}; its columns are {}", path.display(), backticks(wanted), backticks(found))]
    ColumnMissing { path: PathBuf, wanted: Vec<String>, found: Vec<String> },
    #[error("column `{column}` of `{}` holds {found}, expected text", path.display())]
    ColumnType { path: PathBuf, column: String, found: String },
    #[error("`{}` already has {}, which the scores are to be called", path.display(), backticks(columns))]
    ColumnsTaken { path: PathBuf, columns: Vec<String> },
    #[error("column {} of `{}` cannot be written as CSV", backticks(columns), path.display())]
    NestedColumns { path: PathBuf, columns: Vec<String> },
    #[error("`{}` is of no known format, expected an ending among `.csv`, `.parquet`, `.ndjson`, `.jsonl`", path.display())]
    OutputFormat { path: PathBuf },
    #[error("`{}` is read and cannot be written at the same time", path.display())]
    SameFile { path: PathBuf },
    #[error("`{}` is a folder, expected the name of a file", path.display())]
    OutputIsFolder { path: PathBuf },
    #[error("no folder at `{}` to write into", path.display())]
    NoFolder { path: PathBuf },
    #[error("no file below `{}` to score", path.display())]
    NoFiles { path: PathBuf },
    #[error("`{}` is a file, expected a folder", path.display())]
    OutputIsFile { path: PathBuf },
    #[error("`{}` and `{}` lie in one another", input.display(), output.display())]
    SameFolder { input: PathBuf, output: PathBuf },
    #[error("the rejects of `{}` would be called as the scores of `{}`", path.display(), rejects.display())]
    NamesClash { path: PathBuf, rejects: PathBuf },
    #[error("the name of `{}` is not UTF-8", path.display())]
    BadName { path: PathBuf },
    #[error("a shard of `{}` has more rows than can be read at once", path.display())]
    TooManyRows { path: PathBuf },
    #[error("`{}` is there already, and nothing says what made it", path.display())]
    UnknownMaker { path: PathBuf },
    #[error("`{}` was scored with {}", path.display(), differences.join(", "))]
    OtherMaker { path: PathBuf, differences: Vec<&'static str> },
    #[error("{rows} rows came in, but {scored} scores and {rejected} rejects came out")]
    Unaccounted { rows: u64, scored: u64, rejected: u64 },
    #[error("could not write `{}`", path.display())]
    Writer { path: PathBuf, source: PolarsError },
    #[error("could not {action} `{}`", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },

    #[error(transparent)]
    Input(#[from] canto_corpus::Error),
    #[error(transparent)]
    Bundle(#[from] canto_bundle::Error),
    #[error(transparent)]
    Score(#[from] canto_score::Error),
}

impl Error {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unscorable { .. } => "give the lyrics of a song, not only tags like `[Chorus]`",
            Self::NothingToMeasure { .. } => {
                "give songs with lyrics, not only tags like `[Chorus]`"
            }
            Self::UnknownLabel { .. } => "spell the label as the model does",
            Self::BadThreshold { .. } | Self::BadThresholdForAll { .. } => {
                "scores are probabilities: give a number from 0 to 1"
            }
            Self::ColumnMissing { .. } => "name the column that holds the lyrics with `--column`",
            Self::ColumnType { .. } => "join lists into one text first",
            Self::ColumnsTaken { .. } => "rename or drop these columns of the input",
            Self::NestedColumns { .. } => "write `.parquet` or `.ndjson`, or drop these columns",
            Self::SameFile { .. } | Self::OutputIsFolder { .. } => {
                "choose another name for `--output`"
            }
            Self::NoFolder { .. } => "create the folder first",
            Self::NoFiles { .. } => {
                "files end in `.parquet`, `.csv`, `.ndjson` or `.jsonl`; names that begin with `.` or \
                 `_` are left out"
            }
            Self::OutputIsFile { .. } => "name a folder for `--output`",
            Self::SameFolder { .. } => "choose a folder for `--output` outside of `--input`",
            Self::NamesClash { .. } | Self::BadName { .. } => "rename one of the files",
            Self::TooManyRows { .. } => "ask for more shards",
            Self::UnknownMaker { .. } | Self::OtherMaker { .. } => {
                "choose another folder for `--output`, or score it anew with `--again`"
            }
            Self::File { source, .. } => return disk_hint(source),
            Self::Writer { source: PolarsError::IO { error, .. }, .. } => return disk_hint(error),
            Self::Input(error) => return error.hint(),
            Self::Bundle(error) => return error.hint(),
            Self::Score(error) => return error.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Whether the file that was to be scored is to blame, so that others may still be scored.
    pub fn is_of_input(&self) -> bool {
        matches!(
            self,
            Self::Input(_)
                | Self::ColumnMissing { .. }
                | Self::ColumnType { .. }
                | Self::ColumnsTaken { .. }
                | Self::NestedColumns { .. }
        )
    }

    /// For `map_err`: a failed `action` on `path`.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// For `map_err`: Polars could not write `path`.
    pub(crate) fn writer(path: &Path) -> impl FnOnce(PolarsError) -> Self {
        let path = path.to_owned();
        move |source| Self::Writer { path, source }
    }
}

fn disk_hint(error: &io::Error) -> Option<String> {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "free some space on that disk, or write elsewhere",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn backticks(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn lyric(number: usize, of: usize) -> String {
    if of == 1 { "the lyric".to_owned() } else { format!("lyric {number} of {of}") }
}
