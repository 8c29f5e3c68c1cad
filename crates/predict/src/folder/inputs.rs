//! Which files there are to score, and what their results are called.

use super::shard::Shard;
use crate::error::Error;
use crate::file::{folder, rejects_path};
use canto_corpus::Format;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// One piece of the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    /// Its file, below the folder that is read.
    pub(super) name: String,
    /// What its scores are called, below the folder that is written.
    pub(super) output: String,
    /// Size of the file.
    bytes: u64,
    /// The share of its rows.
    pub(super) rows: Shard,
}

/// What one share has to do.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    /// The folder that names are below.
    pub(super) folder: PathBuf,
    /// Files of all shares.
    pub(super) files: usize,
    /// Those of this one, in the order of names.
    pub(super) own: Vec<Input>,
}

impl Inputs {
    /// Of a folder some files, of a file some rows.
    pub(super) fn of(input: &Path, shard: Shard) -> Result<Self, Error> {
        if input.is_dir() { Self::below(input, shard) } else { Self::one(input, shard) }
    }

    fn below(root: &Path, shard: Shard) -> Result<Self, Error> {
        let mut all = Vec::new();
        walk(root, "", &mut all)?;
        if all.is_empty() {
            return Err(Error::NoFiles { path: root.to_owned() });
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        apart(root, &all)?;
        let sizes: Vec<u64> = all.iter().map(|input| input.bytes).collect();
        let own = shard.deal(&sizes).into_iter().map(|at| all[at].clone());
        Ok(Self { folder: root.to_owned(), files: all.len(), own: own.collect() })
    }

    fn one(path: &Path, shard: Shard) -> Result<Self, Error> {
        if !path.exists() {
            return Err(canto_corpus::Error::SourceMissing { path: path.to_owned() }.into());
        }
        Format::of(path)?;
        let bytes = fs_err::metadata(path).map_err(Error::file("read", path))?.len();
        let text = |part: Option<&OsStr>| utf8(part, path);
        let (stem, ending) = (text(path.file_stem())?, text(path.extension())?);
        let (name, output) = (text(path.file_name())?, shard.name(&stem, &ending));
        let own = vec![Input { name, output, bytes, rows: shard }];
        Ok(Self { folder: folder(path).to_owned(), files: 1, own })
    }
}

/// Adds the files below `root/below`. Hidden names and those that begin with `_` are left out: so
/// are called what engines of tables leave beside their tables.
fn walk(root: &Path, below: &str, all: &mut Vec<Input>) -> Result<(), Error> {
    let here = root.join(below);
    let failed = |source| Error::file("list", &here)(source);
    for entry in fs_err::read_dir(&here).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = utf8(Some(&entry.file_name()), &path)?;
        if name.starts_with(['.', '_']) {
            continue;
        }
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        // Folders behind links are left out: they may lead back here.
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(root, &name, all)?;
        } else if Format::of(&path).is_ok() {
            let found = fs_err::metadata(&path).map_err(Error::file("read", &path))?;
            if found.is_file() {
                let output = name.clone();
                all.push(Input { name, output, bytes: found.len(), rows: Shard::WHOLE });
            }
        }
    }
    Ok(())
}

fn utf8(name: Option<&OsStr>, path: &Path) -> Result<String, Error> {
    let name = name.and_then(OsStr::to_str).map(str::to_owned);
    name.ok_or_else(|| Error::BadName { path: path.to_owned() })
}

/// Refuses a file whose scores would be called as the rejects of another.
fn apart(root: &Path, all: &[Input]) -> Result<(), Error> {
    let names: BTreeSet<&Path> = all.iter().map(|input| Path::new(&input.output)).collect();
    let clash =
        all.iter().find(|input| names.contains(rejects_path(Path::new(&input.output)).as_path()));
    let Some(clash) = clash else { return Ok(()) };
    let path = root.join(&clash.name);
    Err(Error::NamesClash { rejects: rejects_path(&path), path })
}
