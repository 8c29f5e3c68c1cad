//! A folder that appears whole or not at all.

use crate::error::Error;
use crate::prepared::MANIFEST;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder being written beside its place; dropped, it leaves nothing behind.
pub(crate) struct Staging {
    aside: TempDir,
    out: PathBuf,
}

impl Staging {
    /// Makes sure that `out` may be written or replaced, before any work is done.
    pub(crate) fn begin(out: &Path) -> Result<Self, Error> {
        replaceable(out)?;
        let parent = match out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs_err::create_dir_all(parent).map_err(Error::file("create", parent))?;
        let aside = tempfile::Builder::new()
            .prefix(".canto-prepare-")
            .tempdir_in(parent)
            .map_err(Error::file("write to", parent))?;
        Ok(Self { aside, out: out.to_owned() })
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        self.aside.path()
    }

    /// Puts the folder in its place. An older one is moved aside first and removed last, so
    /// that an interruption never leaves half of either.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let Self { aside, out } = self;
        let folder = aside.path().join("new");
        let older = aside.path().join("old");
        gather(aside.path(), &folder)?;
        if out.exists() {
            fs_err::rename(&out, &older).map_err(Error::file("move aside", &out))?;
        }
        if let Err(error) = fs_err::rename(&folder, &out) {
            // Best effort: the older folder goes back, the first error is the one to report.
            fs_err::rename(&older, &out).ok();
            return Err(Error::file("create", &out)(error));
        }
        aside.close().map_err(Error::file("clear up beside", &out))
    }
}

/// Moves every file written so far into the sub-folder that will be renamed.
fn gather(from: &Path, to: &Path) -> Result<(), Error> {
    let failed = || Error::file("write to", to);
    let files: Vec<_> = fs_err::read_dir(from)
        .and_then(Iterator::collect::<std::io::Result<_>>)
        .map_err(failed())?;
    fs_err::create_dir(to).map_err(failed())?;
    for file in files {
        fs_err::rename(file.path(), to.join(file.file_name())).map_err(failed())?;
    }
    Ok(())
}

/// Nothing there, an empty folder, or a folder that a preparation wrote.
fn replaceable(out: &Path) -> Result<(), Error> {
    if !out.exists() || out.join(MANIFEST).is_file() {
        return Ok(());
    }
    let empty = fs_err::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if empty { Ok(()) } else { Err(Error::OutNotOurs { path: out.to_owned() }) }
}
