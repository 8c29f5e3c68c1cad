use serde::{Deserialize, Serialize};

/// How often two labels stand together, `[labels][labels]`, symmetric; the diagonal counts the
/// songs of each label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooccurrence {
    /// The labels, in order.
    pub labels: Vec<String>,
    /// Among the truth.
    pub truth: Vec<Vec<u64>>,
    /// Among what is decided.
    pub decided: Vec<Vec<u64>>,
}
