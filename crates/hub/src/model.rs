//! A trained model: a folder here, or a repository of the Hub in its cache.

use crate::id::Id;
use crate::{Error, FILES, Hub, Source, forget};
use canto_bundle::{Bundle, Manifest};
use canto_song::Progress;
use hf_hub::HFError;
use std::path::{Path, PathBuf};

const CONFIG: &str = FILES[0];
const MANIFEST: &str = "manifest.json";

/// A model that was opened and verified.
#[derive(Clone, Debug)]
pub struct Model {
    /// All of it but the weights.
    pub bundle: Bundle,
    /// It lies in the Hub's cache, where nothing may be changed.
    pub cached: bool,
}

/// Opens `model`: what exists under that path, or else a Hub id `owner/name[@revision]`, fetched
/// into the Hub's cache where it is not there yet. Every file is compared with the manifest.
///
/// What the cache holds whole is used without asking the Hub. A name whose first part is a folder
/// here is taken for a mistyped path, unless it has a revision.
pub fn open_model(model: &Path, progress: &dyn Progress) -> Result<Model, Error> {
    Hub::from_environment().open_model(model, progress)
}

impl Hub {
    pub(crate) fn open_model(&self, model: &Path, progress: &dyn Progress) -> Result<Model, Error> {
        let id = model.to_str().filter(|_| !model.exists());
        let Some((name, id)) = id.and_then(|name| Some((name, Id::parse(name)?))) else {
            let bundle = Bundle::open(&Bundle::locate(model)?)?;
            return Ok(Model { bundle, cached: false });
        };
        if Path::new(id.owner).is_dir() && !name.contains('@') {
            return Err(Error::NotInFolder { model: name.to_owned(), folder: id.owner.to_owned() });
        }
        let source = self.source(name, &id).map_err(|source| Error::Settings { source })?;
        let bundle = match source.cached_model(id.revision, self.offline) {
            Some(folder) => source.open(&folder, false)?,
            None if self.offline => {
                return Err(Error::Offline { base: name.to_owned(), cache: source.cache });
            }
            None => source.open(&source.fetch_model(id.revision, progress)?, true)?,
        };
        Ok(Model { bundle, cached: true })
    }
}

impl Source<'_> {
    /// The folder in the cache, if it has every file of the model.
    fn cached_model(&self, revision: &str, offline: bool) -> Option<PathBuf> {
        let folder = self.cached_file(CONFIG, revision).ok()?.parent()?.to_owned();
        let whole = |names: &[String]| names.iter().all(|name| folder.join(name).is_file());
        match self.cached_file(MANIFEST, revision) {
            Ok(_) => whole(&names(&folder).ok()?).then_some(folder),
            // The Hub said that there is none, or cannot be asked: a plain model.
            Err(error) if offline || matches!(error, HFError::EntryNotFound { .. }) => {
                whole(&FILES.map(str::to_owned)).then_some(folder)
            }
            Err(_) => None,
        }
    }

    /// A file that is in the cache already.
    pub(crate) fn cached_file(&self, file: &str, revision: &str) -> Result<PathBuf, HFError> {
        let local = self.repository.download_file().filename(file).revision(revision);
        local.local_files_only(true).send()
    }

    fn fetch_model(&self, revision: &str, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let config = self.file(CONFIG, revision, progress)?;
        let folder = config.parent().map(Path::to_owned).unwrap_or_default();
        // The rest comes from the very commit of the first: a branch may move in between.
        let commit = folder.file_name().and_then(|name| name.to_str()).unwrap_or(revision);
        let names = match self.file(MANIFEST, commit, progress) {
            Ok(_) => names(&folder).inspect_err(|_| forget(&folder.join(MANIFEST)))?,
            Err(Error::Missing { .. }) => FILES.map(str::to_owned).to_vec(),
            Err(error) => return Err(error),
        };
        for name in names.iter().filter(|name| *name != CONFIG) {
            self.file(name, commit, progress)?;
        }
        Ok(folder)
    }

    /// Reads and verifies the folder. A damaged file that was just fetched goes, so that the next
    /// run fetches it again.
    fn open(&self, folder: &Path, fresh: bool) -> Result<Bundle, Error> {
        if !folder.join(MANIFEST).is_file() {
            self.check(folder, fresh)?;
        }
        Bundle::open(folder).map_err(|source| {
            let Some(path) = damaged(&source) else { return Error::Bundle(source) };
            let path = path.to_owned();
            if fresh {
                forget(&path);
            }
            let source = Box::new(source);
            Error::Damaged { base: self.base.to_owned(), path, source, kept: !fresh }
        })
    }
}

/// Every file that the manifest in `folder` lists.
fn names(folder: &Path) -> Result<Vec<String>, canto_bundle::Error> {
    Ok(Manifest::read(folder)?.files.into_iter().map(|record| record.name).collect())
}

/// The file that is not as its manifest says.
fn damaged(error: &canto_bundle::Error) -> Option<&Path> {
    match error {
        canto_bundle::Error::Size { path, .. } | canto_bundle::Error::Altered { path, .. } => {
            Some(path)
        }
        _ => None,
    }
}
