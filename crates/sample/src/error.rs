use std::io;
use std::path::PathBuf;

/// Why no sample was written. Nothing stands at the target then, or what stood there before.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target is a folder or a device.
    #[error("cannot write to `{path}`: it is there and not a regular file")]
    NotAFile {
        /// The target.
        path: PathBuf,
    },
    /// The folder of the target cannot be made or written to.
    #[error("cannot create a file in `{folder}`")]
    Create {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Writing stopped half-way, such as on a full disk.
    #[error("cannot write `{path}`, stopped near row `{row}`")]
    Write {
        /// The target.
        path: PathBuf,
        /// Rows made until then.
        row: u64,
        /// What the system says.
        source: io::Error,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotAFile { path } if path.is_dir() => {
                format!("name a file in it, such as `{}`", path.join("songs.csv").display())
            }
            Self::NotAFile { .. } => "name a new file".to_owned(),
            Self::Create { .. } => "choose a folder that you may write to".to_owned(),
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space (about 2.3 kB a song) or ask for fewer songs".to_owned()
            }
            Self::Write { .. } => "see what the system says, then run it again".to_owned(),
        })
    }
}
