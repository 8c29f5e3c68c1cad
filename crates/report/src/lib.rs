//! What is said of a trained model: `report.json`, Markdown, and one self-contained HTML page.
//!
//! Owns the schema of the report and how it is shown. Knows nothing of models, tensors or where
//! the figures come from.

mod schema;

pub use schema::*;
