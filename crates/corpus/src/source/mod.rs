//! A raw file: what it is, whether it is sound, its rows in the order in which they stand.
//!
//! Scoring a file reads it through here too, so that both complain alike.

mod batches;
mod check;
mod chunks;
mod columns;
mod csv_shape;
mod failure;

pub(crate) use batches::{Batch, RawRow, batches};
pub use check::{Checked, check};
pub use chunks::{Chunks, chunks};
pub use columns::scan;
pub use failure::explain;

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Formats that a source can have, told by the ending of its name.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated with a header; quoted fields may hold line breaks.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line.
    Ndjson,
}

/// The raw file as it was read.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Source {
    /// Where it was.
    pub path: PathBuf,
    /// What it is.
    pub format: Format,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

impl Format {
    /// By the ending of `path`, whatever its case.
    pub fn of(path: &Path) -> Result<Self, Error> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("parquet") => Ok(Self::Parquet),
            Some("ndjson" | "jsonl") => Ok(Self::Ndjson),
            _ => Err(Error::SourceFormat { path: path.to_owned() }),
        }
    }
}
