//! A folder that appears whole or not at all.
//!
//! A folder cannot replace another in one step, so the older one is first renamed to
//! `.<name>.old`. If the machine stops right there, [`recover`] puts it back.

use crate::MANIFEST;
use crate::error::Error;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder being written beside its place; dropped, it leaves nothing behind.
pub(crate) struct Staging {
    aside: TempDir,
    place: PathBuf,
}

impl Staging {
    /// Makes sure that `place` may be written or replaced, before any work is done.
    pub(crate) fn begin(place: &Path) -> Result<Self, Error> {
        recover(place);
        replaceable(place)?;
        let parent = parent(place);
        fs_err::create_dir_all(parent).map_err(Error::file("create", parent))?;
        let prefix = new_prefix(place);
        sweep(parent, &prefix);
        let aside = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent);
        let aside = aside.map_err(Error::file("write to", parent))?;
        Ok(Self { aside, place: place.to_owned() })
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        self.aside.path()
    }

    /// Writes a file and makes it last.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path().join(name);
        fs_err::write(&path, bytes).map_err(Error::file("write", &path))?;
        sync(&path)
    }

    /// Puts the folder in its place.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let Self { aside, place } = self;
        readable_by_all(aside.path())?;
        sync(aside.path())?;
        let old = old_name(&place);
        if place.exists() {
            remove(&old)?;
            fs_err::rename(&place, &old).map_err(Error::file("move aside", &place))?;
        }
        if let Err(error) = fs_err::rename(aside.path(), &place) {
            // Best effort: the older folder goes back, the first error is the one to report.
            fs_err::rename(&old, &place).ok();
            return Err(Error::file("create", &place)(error));
        }
        // It is no longer where `TempDir` would look for it.
        let _ = aside.keep();
        sync(parent(&place))?;
        remove(&old)
    }
}

/// Undoes a replacement that was cut short between its two renames: `place` is gone and the
/// older folder still aside. Where it may not be renamed (a read-only disk), the path to read
/// it by is returned.
pub(crate) fn recover(place: &Path) -> PathBuf {
    let old = old_name(place);
    if place.exists() || !old.join(MANIFEST).is_file() {
        return place.to_owned();
    }
    if fs_err::rename(&old, place).is_ok() { place.to_owned() } else { old }
}

/// Temporary folders are the owner's alone; a model is as readable as any folder.
#[cfg(unix)]
fn readable_by_all(folder: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(0o755);
    fs_err::set_permissions(folder, permissions).map_err(Error::file("write to", folder))
}

#[cfg(not(unix))]
fn readable_by_all(_folder: &Path) -> Result<(), Error> {
    Ok(())
}

/// Nothing there, an empty folder, or a bundle.
fn replaceable(place: &Path) -> Result<(), Error> {
    if !place.exists() || place.join(MANIFEST).is_file() {
        return Ok(());
    }
    let empty = fs_err::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
    if empty { Ok(()) } else { Err(Error::NotOurs { path: place.to_owned() }) }
}

/// Clears what an interrupted writer of the same bundle left, as far as it can be.
fn sweep(parent: &Path, prefix: &str) {
    let Ok(entries) = fs_err::read_dir(parent) else { return };
    let ours = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(prefix);
    for entry in entries.flatten().filter(|entry| ours(&entry.file_name())) {
        fs_err::remove_dir_all(entry.path()).ok();
    }
}

fn name(place: &Path) -> String {
    place.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn new_prefix(place: &Path) -> String {
    format!(".{}.new-", name(place))
}

fn old_name(place: &Path) -> PathBuf {
    parent(place).join(format!(".{}.old", name(place)))
}

fn parent(place: &Path) -> &Path {
    match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn remove(folder: &Path) -> Result<(), Error> {
    match fs_err::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Waits until a file or folder is on the disk.
pub(crate) fn sync(path: &Path) -> Result<(), Error> {
    let file = fs_err::File::open(path).map_err(Error::file("open", path))?;
    file.sync_all().map_err(Error::file("write", path))
}
