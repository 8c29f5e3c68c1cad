//! A prepared folder, read back.

use crate::digest::sha256;
use crate::error::Error;
use crate::manifest::{FORMAT_VERSION, Manifest};
use crate::tables;
use canto_song::{Song, Split};
use std::path::{Path, PathBuf};

pub(crate) const SONGS: &str = "songs.parquet";
pub(crate) const REJECTS: &str = "rejects.parquet";
pub(crate) const MANIFEST: &str = "manifest.json";

/// Prepared songs, known to be as they were written.
#[derive(Clone, Debug)]
pub struct Prepared {
    dir: PathBuf,
    manifest: Manifest,
}

impl Prepared {
    /// Opens the folder that [`prepare`](crate::prepare) wrote and verifies its hashes.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let manifest = manifest(dir)?;
        for (file, expected) in [SONGS, REJECTS].map(|file| (file, manifest.files.get(file))) {
            let path = dir.join(file);
            if !path.is_file() {
                return Err(Error::NotPrepared { path: dir.to_owned(), file });
            }
            let expected = expected.cloned().unwrap_or_default();
            let found = sha256(&path)?;
            if found != expected {
                return Err(Error::Altered { path, found, expected });
            }
        }
        Ok(Self { dir: dir.to_owned(), manifest })
    }

    /// The account of the preparation.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The songs of a split, in the order of the source.
    pub fn songs(&self, split: Split) -> Result<Vec<Song>, Error> {
        tables::read_songs(&self.dir.join(SONGS), split)
    }
}

fn manifest(dir: &Path) -> Result<Manifest, Error> {
    let path = dir.join(MANIFEST);
    let text = fs_err::read_to_string(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            Error::NotPrepared { path: dir.to_owned(), file: MANIFEST }
        }
        _ => Error::file("read", &path)(source),
    })?;
    let malformed = |source| Error::ManifestMalformed { path: path.clone(), source };
    // The version comes first: another version need not have the same fields.
    let value: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
    let found = value.get("format_version").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if found != FORMAT_VERSION {
        return Err(Error::FormatVersion { path, found, expected: FORMAT_VERSION });
    }
    serde_json::from_value(value).map_err(malformed)
}
