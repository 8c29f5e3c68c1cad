//! Lyrics to scores to decisions.
//!
//! Owns the steps around the scorer: cleaning, the language warning, thresholds and their
//! overrides, the scoring of whole files (CSV, Parquet, NDJSON) in chunks of rows and of folders of
//! them in shards, the weight of each line, and how fast all that is. Refuses to know HTTP, the
//! command line, and how a model was trained.

mod error;
mod explanation;
mod file;
mod folder;
mod overrides;
mod prediction;
mod predictor;
mod speed;

pub use error::Error;
pub use explanation::{Explanation, LineWeight};
pub use file::{FileOptions, FileSummary};
pub use folder::{BadShard, FolderOptions, FolderPlan, Shard, Todo, Why};
pub use overrides::Overrides;
pub use prediction::{GenreScore, LabelScore, Prediction, Unscorable, Warning};
pub use predictor::Predictor;
pub use speed::{Latency, Rate, Songs, Speed, SpeedConfig, Stages};
