//! From what a user names to the folder that holds the model.

use crate::bundle::missing_files;
use crate::error::Error;
use crate::staging::recover;
use crate::{Bundle, CONFIG, MANIFEST};
use std::path::{Path, PathBuf};

/// Where a run keeps its bundle.
const MODEL: &str = "model";

/// What a run folder holds before it has a model.
const TRACES: [&str; 3] = ["checkpoints", "train.jsonl", "run.toml"];

impl Bundle {
    /// The model folder that `path` means: a run folder's `model/`, or the folder itself.
    pub fn locate(path: &Path) -> Result<PathBuf, Error> {
        let here = recover(path);
        if !here.exists() {
            return Err(Error::NotFound { path: path.to_owned() });
        }
        if !here.is_dir() {
            return Err(Error::NotAFolder { path: path.to_owned() });
        }
        if here.join(MANIFEST).is_file() || here.join(CONFIG).is_file() {
            return Ok(here);
        }
        let model = recover(&here.join(MODEL));
        if model.is_dir() {
            return Ok(model);
        }
        if TRACES.iter().any(|name| here.join(name).exists()) {
            return Err(Error::StillTraining { path: path.to_owned() });
        }
        Err(Error::NotAModel { path: path.to_owned(), missing: missing_files(&here) })
    }
}
