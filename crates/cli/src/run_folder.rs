//! `artifacts/<run>/`: what a run leaves behind.

use crate::failure::Refusal;
use crate::learning::learning;
use anyhow::Context;
use canto_report::learning_curve;
use canto_train::Checkpoint;
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of one run.
#[derive(Clone, Debug)]
pub(crate) struct RunFolder(PathBuf);

/// Where runs are kept, in the current folder.
const ARTIFACTS: &str = "artifacts";

impl RunFolder {
    /// The folder of the run `name`.
    pub(crate) fn named(name: &str) -> Self {
        Self(Path::new(ARTIFACTS).join(name))
    }

    /// The folder `path`, wherever it is.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// The run whose model folder is `model`, if it lies in one.
    pub(crate) fn around(model: &Path) -> Option<Self> {
        let inside = model.file_name().is_some_and(|name| name == "model");
        let folder = model.parent().filter(|folder| folder.join("run.toml").is_file());
        folder.filter(|_| inside).map(|folder| Self(folder.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The bundle.
    pub(crate) fn model(&self) -> PathBuf {
        self.0.join("model")
    }

    /// One JSON line an event of training.
    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("train.jsonl")
    }

    /// Event files of training, for TensorBoard.
    pub(crate) fn tensorboard(&self) -> PathBuf {
        self.0.join("tensorboard")
    }

    /// The tokenizer that the run began with.
    pub(crate) fn tokenizer(&self) -> PathBuf {
        self.0.join("tokenizer.json")
    }

    /// A run that has trained is never overwritten. One that was killed before its first checkpoint
    /// was whole has nothing to go on from, nor anything to lose.
    pub(crate) fn refuse_if_trained(&self) -> Result<(), Refusal> {
        let trained = self.model().exists() || Checkpoint::find(&self.0).is_some();
        let fact = || format!("the run `{}` is there already", self.0.display());
        if !trained {
            return Ok(());
        }
        Err(Refusal::new(fact())
            .hint("choose another name with `--run NAME`, or go on with it by `--resume`"))
    }

    /// Makes the folder, with the resolved recipe and the tokenizer in it.
    pub(crate) fn begin(&self, recipe: &str, tokenizer: &str) -> anyhow::Result<()> {
        fs_err::create_dir_all(&self.0)?;
        write(&self.tokenizer(), tokenizer.as_bytes())?;
        write(&self.0.join("run.toml"), recipe.as_bytes())
    }

    /// Where metrics and the report go.
    pub(crate) fn metrics(&self) -> PathBuf {
        self.0.join("metrics")
    }

    /// Stores `metrics/<split>.json`.
    pub(crate) fn store_metrics(
        &self,
        split: &str,
        metrics: &impl Serialize,
    ) -> anyhow::Result<()> {
        let folder = self.metrics();
        fs_err::create_dir_all(&folder)?;
        let mut text = serde_json::to_vec_pretty(metrics)?;
        text.push(b'\n');
        write(&folder.join(format!("{split}.json")), &text)
    }

    /// Draws `metrics/learning_curve.svg`, once there is something to draw.
    pub(crate) fn draw_learning_curve(&self) -> anyhow::Result<()> {
        let Some(drawing) = learning_curve(&learning(&self.log())) else {
            return Ok(());
        };
        let folder = self.metrics();
        fs_err::create_dir_all(&folder)?;
        write(&folder.join("learning_curve.svg"), drawing.as_bytes())
    }

    /// Removes the report on the test songs, which no longer holds.
    pub(crate) fn forget_report(&self) -> anyhow::Result<()> {
        for name in ["report.json", "report.md", "report.html", "test_scores.ndjson"] {
            let path = self.metrics().join(name);
            if path.exists() {
                fs_err::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Writes a file aside, syncs it and gives it its name.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = readable_by_all().tempfile_in(folder)?;
    let written = file.write_all(bytes).and_then(|()| file.as_file().sync_all());
    written.with_context(|| format!("cannot write `{}`", path.display()))?;
    file.persist(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

/// Temporary files are the owner's alone; what a run leaves is as readable as any file.
#[cfg(unix)]
fn readable_by_all() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn readable_by_all() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trained_run_is_not_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder(folder.path().join("first"));
        run.begin("[run]", "{}").unwrap();
        assert!(run.refuse_if_trained().is_ok());
        // Killed while the first checkpoint was written.
        let new = run.path().join("checkpoints/.last.new");
        fs_err::create_dir_all(&new).unwrap();
        assert!(run.refuse_if_trained().is_ok());
        let refused = || {
            let refusal = run.refuse_if_trained().unwrap_err().to_string();
            assert!(refusal.contains("first") && refusal.contains("is there already"), "{refusal}");
        };
        fs_err::write(new.join("state.json"), "{}").unwrap();
        refused();
        fs_err::remove_dir_all(&new).unwrap();
        fs_err::create_dir(run.model()).unwrap();
        refused();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_can_be_read_by_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write(&ours, b"la").unwrap();
        std::fs::write(&plain, "la").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    fn a_model_belongs_to_the_run_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder(folder.path().join("first"));
        assert!(RunFolder::around(&run.model()).is_none());
        run.begin("[run]", "{}").unwrap();
        assert_eq!(RunFolder::around(&run.model()).unwrap().path(), run.path());
        assert!(RunFolder::around(run.path()).is_none());
    }
}
