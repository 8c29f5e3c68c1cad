//! Why Polars could not read a file, in words that name the place.

use super::Format;
use crate::error::Error;
use polars::error::PolarsError;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The reader's error, or a better one: Polars does not say which line of JSON is bad, nor that
/// all are blank.
pub fn explain(path: &Path, format: Format, source: PolarsError) -> Error {
    let found = (format == Format::Ndjson).then(|| ndjson_fault(path)).flatten();
    found.unwrap_or_else(|| Error::Reader { path: path.to_owned(), source })
}

fn ndjson_fault(path: &Path) -> Option<Error> {
    let file = fs_err::File::open(path).ok()?;
    let mut blank = true;
    for (at, line) in BufReader::new(file).lines().enumerate() {
        let line = line.ok()?;
        if line.trim().is_empty() {
            continue;
        }
        blank = false;
        if let Err(source) =
            serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line)
        {
            return Some(Error::BadJson { path: path.to_owned(), line: at as u64 + 1, source });
        }
    }
    blank.then(|| Error::SourceNoRows { path: path.to_owned() })
}
