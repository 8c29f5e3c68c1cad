use std::io;
use std::path::{Path, PathBuf};

/// Why a report could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say it; fields are named after what they hold")]
pub enum Error {
    #[error("could not {action} `{}`", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is malformed", path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
    #[error("`{}` has format version {found}, this canto reads {supported}", path.display())]
    Format { path: PathBuf, found: u64, supported: u64 },
    #[error("the report holds a figure that is no number")]
    NotANumber,
    #[error("could not turn the report into JSON")]
    Json { source: serde_json::Error },
}

impl Error {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Format { found, supported, .. } if found > supported => {
                "upgrade canto to read this report"
            }
            Self::Format { .. } | Self::Malformed { .. } => {
                "measure the run again by `canto eval artifacts/<run>`"
            }
            Self::NotANumber => "look for NaN among the scores: training may have diverged",
            Self::File { .. } | Self::Json { .. } => return None,
        };
        Some(hint.to_owned())
    }

    pub(crate) fn file(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path: path.clone(), source }
    }
}
