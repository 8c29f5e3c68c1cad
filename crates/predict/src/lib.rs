//! Lyrics to scores to decisions.
//!
//! Owns the steps around the scorer: cleaning, the language warning, thresholds and their
//! overrides, and the scoring of whole files (CSV, Parquet, NDJSON) in chunks of rows. Refuses to
//! know HTTP, the command line, and how a model was trained.

mod error;
mod file;
mod overrides;
mod prediction;
mod predictor;

pub use error::Error;
pub use file::{FileOptions, FileSummary};
pub use overrides::Overrides;
pub use prediction::{GenreScore, LabelScore, Prediction, Unscorable, Warning};
pub use predictor::Predictor;
