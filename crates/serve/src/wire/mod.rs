//! The form of everything that crosses the wire.

mod answer;
mod info;
mod request;

pub(crate) use answer::{Answer, Greeting, Labels, Line, LineOutcome, Status};
pub use answer::{Explanation, GenreScore, LabelScore, LineWeight, Prediction, Warning};
pub use info::{FileHash, Info, LabelThreshold, ModelInfo};
pub(crate) use info::{Limits, Served};
pub(crate) use request::{Asked, BatchRequest, PredictRequest};
