use serde::{Deserialize, Serialize};

/// From the source's rows to the songs measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Funnel {
    /// The source file's name.
    pub source: String,
    /// Its rows.
    pub rows: u64,
    /// Rejects by reason in words, in the order in which they are taken out.
    pub rejects: Vec<(String, u64)>,
    /// Songs left.
    pub songs: u64,
    /// Songs by split.
    pub splits: Vec<(String, u64)>,
}

/// Songs of a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCount {
    /// The label.
    pub label: String,
    /// Training songs that have it.
    pub train: u64,
    /// Validation songs that have it.
    pub validation: u64,
    /// Test songs that have it.
    pub test: u64,
}
