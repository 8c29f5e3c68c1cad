//! `manifest.json`: where prepared songs come from and what became of every row.

use crate::config::CorpusConfig;
use crate::reject::Reason;
use crate::source::Source;
use crate::taxonomy::TaxonomyReport;
use canto_song::{Genre, Split};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the folder's format; a change that an older canto would misread raises it.
pub const FORMAT_VERSION: u64 = 1;

/// The account of a preparation.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Manifest {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u64,
    /// The raw file.
    pub source: Source,
    /// The configuration, every default spelt out.
    pub config: CorpusConfig,
    /// SHA-256 of the taxonomy file.
    pub taxonomy_sha256: String,
    /// Rows read; always `songs + rejects`.
    pub rows: u64,
    /// Rows that became songs.
    pub songs: u64,
    /// Rows that did not.
    pub rejects: u64,
    /// Rejects by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// The songs of every split.
    pub splits: BTreeMap<Split, SplitCounts>,
    /// Rows by language, ISO 639-3 or `unknown`, of all rows that came as far as being judged.
    pub languages: BTreeMap<String, u64>,
    /// How micro-genre names were understood, over all rows.
    pub taxonomy: TaxonomyReport,
    /// SHA-256 of every other file of the folder.
    pub files: BTreeMap<String, String>,
}

/// The songs of a split.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitCounts {
    /// Number of songs.
    pub songs: u64,
    /// Number of first-named artists.
    pub artists: u64,
    /// Songs that carry each genre.
    pub labels: BTreeMap<Genre, u64>,
}
