//! What a bundle's folder must hold, byte for byte.

use crate::digest::digest;
use crate::error::Error;
use crate::{FILES, MANIFEST, WORDS_FILES};
use serde::{Deserialize, Serialize};
use std::path::{Component, Path};

/// The version of the folder's format that this canto writes, and the newest that it reads.
pub const FORMAT_VERSION: u64 = 1;

/// `manifest.json`: written last, so a folder that has it is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the folder's format.
    pub format_version: u64,
    /// The canto that wrote it.
    pub canto_version: String,
    /// Every file of the bundle but this one.
    pub files: Vec<FileRecord>,
}

/// One file of a bundle, or another whose bytes are to be recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Name in the folder.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl FileRecord {
    /// The file `name` in `dir` as it is now.
    pub fn of(dir: &Path, name: &str) -> Result<Self, Error> {
        let path = dir.join(name);
        let (bytes, sha256) = digest(&path).map_err(Error::file("read", &path))?;
        Ok(Self { name: name.to_owned(), bytes, sha256 })
    }

    /// Compares the file with what was written; the size first, which costs nothing.
    pub fn verify(&self, dir: &Path) -> Result<(), Error> {
        let path = dir.join(&self.name);
        let metadata = fs_err::metadata(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::MissingFile { path: path.clone() },
            _ => Error::file("read", &path)(source),
        })?;
        if metadata.len() != self.bytes {
            return Err(Error::Size { path, found: metadata.len(), expected: self.bytes });
        }
        let (_, found) = digest(&path).map_err(Error::file("read", &path))?;
        if found != self.sha256 {
            return Err(Error::Altered { path, found, expected: self.sha256.clone() });
        }
        Ok(())
    }
}

/// The one key that every version of a manifest has.
#[derive(Deserialize)]
struct Version {
    format_version: u64,
}

impl Manifest {
    /// The manifest of files that were just written into `dir`, less `known` ones.
    pub(crate) fn of(dir: &Path, known: &[FileRecord]) -> Result<Self, Error> {
        let record = |name: &&str| match known.iter().find(|record| record.name == **name) {
            Some(record) => Ok(record.clone()),
            None => FileRecord::of(dir, name),
        };
        let present = WORDS_FILES.iter().filter(|name| dir.join(name).is_file());
        Ok(Self {
            format_version: FORMAT_VERSION,
            canto_version: env!("CARGO_PKG_VERSION").to_owned(),
            files: FILES.iter().chain(present).map(record).collect::<Result<_, _>>()?,
        })
    }

    /// Reads the manifest of `dir`; a newer format is told apart from a damaged file.
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(MANIFEST);
        let text = fs_err::read(&path).map_err(Error::file("read", &path))?;
        let malformed = |source| Error::Malformed { path: path.clone(), source };
        let Version { format_version: found } = serde_json::from_slice(&text).map_err(malformed)?;
        if found > FORMAT_VERSION {
            return Err(Error::NewerFormat { path, found, supported: FORMAT_VERSION });
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(malformed)?;
        manifest.names(&path)?;
        Ok(manifest)
    }

    fn names(&self, path: &Path) -> Result<(), Error> {
        let plain = |name: &str| {
            let mut parts = Path::new(name).components();
            matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        };
        if let Some(record) = self.files.iter().find(|record| !plain(&record.name)) {
            return Err(Error::BadName { path: path.to_owned(), name: record.name.clone() });
        }
        let listed = |name: &&&str| self.files.iter().any(|record| record.name == **name);
        let words = WORDS_FILES.iter().filter(|_| self.has_words());
        match FILES.iter().chain(words).find(|name| !listed(name)) {
            Some(name) => Err(Error::NotListed { path: path.to_owned(), name }),
            None => Ok(()),
        }
    }

    /// Whether words have a say in the model.
    pub(crate) fn has_words(&self) -> bool {
        self.files.iter().any(|record| WORDS_FILES.contains(&&*record.name))
    }

    /// Compares every file with its record.
    pub(crate) fn verify(&self, dir: &Path) -> Result<(), Error> {
        self.files.iter().try_for_each(|record| record.verify(dir))
    }
}
