use serde::{Deserialize, Serialize};

/// A figure with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The figure itself, over all rows.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// A figure without a spread.
    pub fn sure(value: f64) -> Self {
        Self { value, low: value, high: value }
    }
}
