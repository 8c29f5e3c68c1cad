//! Raw lyrics files to prepared songs: select → label → clean → language → deduplicate → split.
//!
//! Owns the reading of CSV, Parquet and NDJSON, the taxonomy of genres, the cleaning rules and
//! the language policy (prediction uses the same two), and the prepared folder. A row that
//! cannot become a song becomes a reject with a reason; rows in are always songs plus rejects.
//!
//! Knows nothing of tensors, tokens or models.

mod clean;
mod collect;
mod config;
mod digest;
mod duplicates;
mod error;
mod language;
mod manifest;
mod prepare;
mod prepared;
mod reject;
mod sink;
pub mod source;
mod split;
mod spool;
mod stages;
mod staging;
mod tables;
mod taxonomy;
mod union_find;

pub use clean::{Cleaner, CleaningConfig};
pub use config::{Columns, CorpusConfig, Duplicates, DuplicatesConfig, SplitBy, SplitConfig};
pub use error::{Error, QuoteFault, TaxonomyFault};
pub use language::{Language, LanguageConfig, LanguageJudge};
pub use manifest::{FORMAT_VERSION, Manifest, SplitCounts};
pub use prepare::prepare;
pub use prepared::Prepared;
pub use reject::{Reason, Reject};
#[doc(inline)]
pub use source::{Format, Source};
pub use split::first_named_artist;
pub use taxonomy::{Mapping, NameReport, Taxonomy, TaxonomyReport};
