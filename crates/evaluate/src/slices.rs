use crate::Interval;
use serde::{Deserialize, Serialize};

/// The figures of some of the songs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// What the songs are told apart by, such as `tokens`.
    pub by: String,
    /// Which of them these are, such as `129 to 256`.
    pub name: String,
    /// How many.
    pub songs: u64,
    /// `None` where no label has both a song with it and one without.
    pub macro_roc_auc: Option<Interval>,
    /// `None` where no label has a song.
    pub macro_average_precision: Option<Interval>,
    /// At the model's thresholds.
    pub macro_f1: Interval,
    /// At the model's thresholds.
    pub micro_f1: Interval,
}
