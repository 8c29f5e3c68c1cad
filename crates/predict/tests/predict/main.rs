//! Predictions of texts and of files, by a tiny model with random weights.

mod bad_files;
mod explanations;
mod files;
mod folders;
mod texts;
mod tiny;
mod words;
