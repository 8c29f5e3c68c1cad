//! The one way from lyrics to scores.
//!
//! Validation during training, `tune`, `eval`, `predict` and the server all score through
//! [`Scorer`]: tokenise, window, bucket, encode, sigmoid, average over windows, join with what
//! words say, calibrate, back in input order. Owning this in one place is what rules out train/serve skew. Knows nothing of losses,
//! thresholds, files or bundles.

mod error;
mod pooled;
mod scorer;
mod sums;
mod words;

pub use error::Error;
pub use pooled::Pooled;
pub use scorer::{Scorer, SongScores};
pub use words::Words;
