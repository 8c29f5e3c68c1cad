//! TF-IDF of n-grams and one logistic regression a label: the baseline beside the
//! transformer, trained in seconds on the CPU.
//!
//! Owns words, n-grams, their weights, the fit and its file. Knows nothing of tables, tensors or
//! metrics. Features and scores equal scikit-learn's `TfidfVectorizer` and
//! `OneVsRestClassifier(LogisticRegression(solver="liblinear"))`; the same input gives the same
//! bits whatever the number of threads.

mod config;
mod error;
mod file;
mod logistic;
mod model;
mod prior;
mod sparse_rows;
mod terms;
mod vectorizer;

pub use config::{Analyzer, TfidfConfig, VectorizerConfig};
pub use error::Error;
pub use file::FORMAT_VERSION;
pub use model::Tfidf;
pub use prior::prior;
pub use sparse_rows::SparseRows;
pub use vectorizer::Vectorizer;
