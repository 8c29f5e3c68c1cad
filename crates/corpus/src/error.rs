//! Everything that can stop a preparation, with what was found where.

use canto_song::Problem;
use polars::error::PolarsError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What stops a preparation, or the reading of a prepared folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say it; fields are named after what they hold")]
pub enum Error {
    #[error("the corpus configuration has bad values: {}", list(problems))]
    Config { problems: Vec<Problem> },
    #[error("cleaning rule `{name}` does not compile")]
    Rule { name: &'static str, source: regex::Error },

    #[error("no taxonomy file at `{}`", path.display())]
    TaxonomyMissing { path: PathBuf },
    #[error("taxonomy `{}` is malformed", path.display())]
    TaxonomyMalformed { path: PathBuf, source: Box<toml::de::Error> },
    #[error("taxonomy `{}`: {entry} {fault}", path.display())]
    TaxonomyEntry { path: PathBuf, entry: String, fault: TaxonomyFault },

    #[error("no file at `{}`", path.display())]
    SourceMissing { path: PathBuf },
    #[error("`{}` is a folder, expected a file", path.display())]
    SourceIsFolder { path: PathBuf },
    #[error("`{}` is of no known format, expected an ending among `.csv`, `.parquet`, `.ndjson`, `.jsonl`", path.display())]
    SourceFormat { path: PathBuf },
    #[error("`{}` is empty", path.display())]
    SourceEmpty { path: PathBuf },
    #[error("`{}` has a header and no rows", path.display())]
    SourceNoRows { path: PathBuf },
    #[error("`{}` lacks {}; its columns are {}", path.display(), missing_columns(missing), quoted(found))]
    ColumnsMissing { path: PathBuf, missing: Vec<(&'static str, String)>, found: Vec<String> },
    #[error("column `{column}` of `{}` holds {found}, expected text", path.display())]
    ColumnType { path: PathBuf, column: String, found: String },
    #[error("`{}` is not UTF-8: byte 0x{byte:02X} at offset {offset} (line {line}, row {row})", path.display())]
    NotUtf8 { path: PathBuf, byte: u8, offset: u64, line: u64, row: u64 },
    #[error("broken quotes in `{}`, row {row}, line {line} (byte {offset}): {fault}", path.display())]
    BrokenQuotes { path: PathBuf, row: u64, line: u64, offset: u64, fault: QuoteFault },
    #[error("row {row} of `{}` (line {line}, byte {offset}) has {found} fields, the header has {expected}", path.display())]
    FieldCount { path: PathBuf, row: u64, line: u64, offset: u64, found: u64, expected: u64 },
    #[error("line {line} of `{}` is no JSON object", path.display())]
    BadJson { path: PathBuf, line: u64, source: serde_json::Error },
    #[error("could not read `{}`", path.display())]
    Reader { path: PathBuf, source: PolarsError },
    #[error("the reader of `{}` stopped without an answer", path.display())]
    ReaderStopped { path: PathBuf },
    #[error("`{}` has {counted} rows, but {read} were read", path.display())]
    RowsDiffer { path: PathBuf, counted: u64, read: u64 },
    #[error("{rows} rows came in, but {songs} songs and {rejects} rejects came out")]
    Unaccounted { rows: u64, songs: u64, rejects: u64 },
    #[error("none of the {rows} rows of `{}` is left: {}", path.display(), reasons(by_reason))]
    NothingLeft { path: PathBuf, rows: u64, by_reason: Vec<(&'static str, u64)> },

    #[error("could not {action} `{}`", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("could not write `{}`", path.display())]
    Writer { path: PathBuf, source: PolarsError },
    #[error("`{}` exists and is no prepared folder", path.display())]
    OutNotOurs { path: PathBuf },

    #[error("no prepared songs at `{}`: there is no `{file}`", path.display())]
    NotPrepared { path: PathBuf, file: &'static str },
    #[error("`{}` is malformed", path.display())]
    ManifestMalformed { path: PathBuf, source: serde_json::Error },
    #[error("`{}` has format version {found}, this canto reads {expected}", path.display())]
    FormatVersion { path: PathBuf, found: u64, expected: u64 },
    #[error("`{}` is not as it was written: SHA-256 `{found}`, expected `{expected}`", path.display())]
    Altered { path: PathBuf, found: String, expected: String },
    #[error("`{}` holds a bad {column} `{found}`", path.display())]
    BadSong { path: PathBuf, column: &'static str, found: String },
}

/// What is wrong with an entry of a taxonomy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say it")]
pub enum TaxonomyFault {
    #[error("names no genre")]
    NoGenre,
    #[error("is empty")]
    Empty,
    #[error("stands there twice")]
    Twice,
    #[error("has {found} genres, expected one in mode `first_substring`")]
    SeveralGenres { found: usize },
    #[error("has no place in mode `first_substring`, which has rules only")]
    TableUnused,
}

/// What is wrong with the quotes of a CSV row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say it")]
pub enum QuoteFault {
    #[error("the quote opened there is never closed")]
    NeverClosed,
    #[error("a closing quote is followed by `{}`, expected a comma or a line end", char::from(*.found))]
    TextAfterQuote { found: u8 },
    #[error("a field that does not begin with a quote holds an odd number of them")]
    OddInside,
}

impl Error {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::TaxonomyMissing { .. } => {
                "`corpus.taxonomy` is read relative to the configuration file that names it".into()
            }
            Self::SourceMissing { .. } => {
                "check the path; `canto sample --out FILE` writes a file of invented songs".into()
            }
            Self::ColumnsMissing { missing, .. } => format!(
                "name the column that holds them, for example `--set corpus.columns.{}=\"…\"`",
                missing.first().map_or("lyrics", |(key, _)| key)
            ),
            Self::ColumnType { .. } => "join lists into one text with commas first".into(),
            Self::NotUtf8 { path, offset: 0, byte: 0xFE | 0xFF, .. } => converted(path, "utf-16"),
            Self::NotUtf8 { path, .. } => converted(path, "latin1"),
            Self::BrokenQuotes { .. } => {
                "double every quote inside a quoted field (`\"\"`) and quote every field that holds one".into()
            }
            Self::FieldCount { .. } => {
                "quote every field that holds a comma, a quote or a line break".into()
            }
            Self::SourceNoRows { .. } | Self::SourceEmpty { .. } => {
                "the download or export it comes from may have failed".into()
            }
            Self::NothingLeft { .. } => {
                "check `corpus.columns`, `corpus.taxonomy` and `corpus.language`".into()
            }
            Self::File { source, .. } => return disk_hint(source),
            Self::OutNotOurs { .. } => "choose another `--out`, or remove it yourself".into(),
            Self::NotPrepared { .. }
            | Self::ManifestMalformed { .. }
            | Self::FormatVersion { .. }
            | Self::Altered { .. }
            | Self::BadSong { .. } => "run `canto prepare` again".into(),
            _ => return None,
        };
        Some(hint)
    }

    /// For `map_err`: a failed `action` on `path`.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}

fn converted(path: &Path, from: &str) -> String {
    let path = path.display();
    format!("if it is {from}, convert it: `iconv -f {from} -t utf-8 '{path}' > utf8.csv`")
}

fn disk_hint(error: &io::Error) -> Option<String> {
    match error.kind() {
        io::ErrorKind::StorageFull => {
            Some("free some space on that disk, or write elsewhere".into())
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some("choose a folder that you may write to".into())
        }
        _ => None,
    }
}

fn list(items: &[impl fmt::Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn missing_columns(missing: &[(&'static str, String)]) -> String {
    let named =
        missing.iter().map(|(key, column)| format!("column `{column}` (`corpus.columns.{key}`)"));
    named.collect::<Vec<_>>().join(" and ")
}

fn reasons(by_reason: &[(&'static str, u64)]) -> String {
    let named = by_reason.iter().map(|(reason, count)| format!("{count} {reason}"));
    named.collect::<Vec<_>>().join(", ")
}
