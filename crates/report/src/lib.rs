//! What is said of a trained model: `report.json`, Markdown, one self-contained HTML page, and
//! plain text for a terminal.
//!
//! Owns the schema of the report and how it is shown. Knows nothing of models, tensors or where
//! the figures come from.
//!
//! Plots are SVG written here, not by `plotters`: its backend writes fixed colours into every
//! element, so that a page could not turn dark, measures text without knowing the reader's font,
//! and leaves nothing to hang a class, a title or a description on. What is drawn is a handful
//! of axes, curves and marks; by hand they take colours from the style sheet, their points are
//! thinned to what can be seen, and text stays text.

mod error;
mod figure;
mod file;
mod html;
mod markdown;
mod markup;
mod plots;
mod schema;
mod terminal;
mod wording;

pub use error::Error;
pub use file::{write, write_comparison};
pub use html::{comparison_html, html};
pub use markdown::{comparison_markdown, markdown};
pub use plots::learning::learning_curve;
pub use schema::*;
pub use terminal::{comparison_text, text};
