//! Models from the Hugging Face Hub, by way of its standard cache, and models for it.
//!
//! Owns finding or fetching the folder of a model, writing the card of a trained one, publishing
//! it in one commit, and saying what to do when any of this fails. Refuses to know models in
//! memory.
//!
//! The Hub's own variables are honoured: `HF_ENDPOINT`, `HF_TOKEN` (also from a file `.env`, or
//! the token file of its log-in), `HF_HOME`, `HF_HUB_CACHE` and `HF_HUB_OFFLINE`. The token goes
//! into the request and nowhere else.

mod card;
mod error;
mod id;
mod model;
mod publish;
mod token;
mod transfer;
mod whole;

#[cfg(test)]
mod tests;

use canto_song::Progress;
pub use card::{Card, CardFacts, card};
pub use error::Error;
use fs_err as fs;
use hf_hub::repository::RepoTypeModel;
use hf_hub::{HFClient, HFClientSync, HFError, HFRepositorySync};
use id::Id;
pub use model::{Model, open_model};
pub use publish::{
    Publication, PublishError, Published, Target, Upload, check_repository, publish,
};
use std::path::{Path, PathBuf};
use std::time::Duration;
use transfer::Failure;

/// What a base model must have, the smallest first, so that errors come early.
const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// The folder of the base model `base`: an existing folder as it is, or a Hub id
/// `owner/name[@revision]`, fetched into the Hub's cache where it is not there yet.
///
/// What the cache holds whole is used without asking the Hub, so a base that was fetched once
/// works offline and stays the same; name a revision to get another.
pub fn resolve(base: &str, progress: &dyn Progress) -> Result<PathBuf, Error> {
    Hub::from_environment().resolve(base, progress)
}

/// How the Hub is reached. What is `None` comes from the environment.
#[derive(Default)]
struct Hub {
    endpoint: Option<String>,
    cache: Option<PathBuf>,
    token: Option<String>,
    offline: bool,
    retry_delay: Option<Duration>,
    patience: Option<Duration>,
}

impl Hub {
    fn from_environment() -> Self {
        let offline = std::env::var("HF_HUB_OFFLINE").unwrap_or_default().to_lowercase();
        // Who wants no token sent where none is asked for says so by this variable.
        let anonymous = std::env::var_os("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some();
        Self {
            offline: matches!(offline.as_str(), "1" | "on" | "yes" | "true"),
            token: if anonymous { None } else { token::find() },
            ..Self::default()
        }
    }

    fn resolve(&self, base: &str, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let folder = Path::new(base);
        if folder.is_dir() {
            return Ok(folder.to_owned());
        }
        let id = Id::parse(base)
            .ok_or_else(|| Error::NotABase { base: base.to_owned(), file: folder.exists() })?;
        let source = self.source(base, &id).map_err(|source| Error::Settings { source })?;
        match source.cached(id.revision) {
            Some(folder) => source.check(&folder, false),
            None if self.offline => {
                Err(Error::Offline { base: base.to_owned(), cache: source.cache })
            }
            None => source.fetch(id.revision, progress),
        }
    }

    fn client(&self, token: Option<String>) -> Result<HFClient, HFError> {
        let mut builder = HFClient::builder();
        if let Some(endpoint) = &self.endpoint {
            builder = builder.endpoint(endpoint);
        }
        if let Some(cache) = &self.cache {
            builder = builder.cache_dir(cache);
        }
        if let Some(token) = token {
            builder = builder.token(token);
        }
        if let Some(delay) = self.retry_delay {
            builder = builder.retry_base_delay(delay);
        }
        builder.build()
    }

    fn source<'a>(&self, base: &'a str, id: &Id) -> Result<Source<'a>, HFError> {
        let client = self.client(self.token.clone())?;
        Ok(Source {
            base,
            patience: self.patience.unwrap_or(transfer::PATIENCE),
            endpoint: client.endpoint().to_owned(),
            cache: client.cache_dir().to_owned(),
            repository: HFClientSync::from_inner(client)?.model(id.owner, id.name),
        })
    }
}

/// One model on the Hub.
struct Source<'a> {
    base: &'a str,
    patience: Duration,
    endpoint: String,
    cache: PathBuf,
    repository: HFRepositorySync<RepoTypeModel>,
}

impl Source<'_> {
    /// The folder in the cache, if it has every file.
    fn cached(&self, revision: &str) -> Option<PathBuf> {
        let mut folder = None;
        for file in FILES {
            folder = self.cached_file(file, revision).ok()?.parent().map(Path::to_owned);
        }
        folder
    }

    fn fetch(&self, revision: &str, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let config = self.file(FILES[0], revision, progress)?;
        let folder = config.parent().map(Path::to_owned).unwrap_or_default();
        // The rest comes from the very commit of the first: a branch may move in between.
        let commit = folder.file_name().and_then(|name| name.to_str()).unwrap_or(revision);
        for file in &FILES[1..] {
            self.file(file, commit, progress)?;
        }
        self.check(&folder, true)
    }

    fn file(&self, file: &str, revision: &str, progress: &dyn Progress) -> Result<PathBuf, Error> {
        let (repository, stage) = (self.repository.clone(), format!("downloading {file}"));
        let (name, at) = (file.to_owned(), revision.to_owned());
        let found = transfer::watch(&stage, self.patience, progress, move |progress| {
            repository.download_file().filename(name).revision(at).progress(progress).send()
        });
        found.map_err(|failure| self.explain(file, revision, failure))
    }

    fn explain(&self, file: &str, revision: &str, failure: Failure) -> Error {
        match failure {
            Failure::Hub(HFError::EntryNotFound { .. }) if file != FILES[0] => Error::Missing {
                base: self.base.to_owned(),
                file: file.to_owned(),
                found: self.instead_of(file, revision),
            },
            Failure::Hub(source) => self.error(file, source),
            Failure::Stalled => Error::Stalled {
                endpoint: self.endpoint.clone(),
                file: file.to_owned(),
                waited: self.patience,
            },
        }
    }

    /// Which older or split form of a missing file there is.
    fn instead_of(&self, file: &str, revision: &str) -> Option<&'static str> {
        let forms: &[&str] = match file {
            "tokenizer.json" => &["vocab.json", "vocab.txt", "sentencepiece.bpe.model"],
            "model.safetensors" => &["model.safetensors.index.json", "pytorch_model.bin"],
            _ => &[],
        };
        let exists = |form: &&str| {
            let asked = self.repository.file_exists().filename(form).revision(revision);
            asked.send().unwrap_or(false)
        };
        forms.iter().copied().find(exists)
    }

    /// The folder, if its files are whole. A broken file that was just fetched goes, so that the
    /// next run fetches it again.
    fn check(&self, folder: &Path, fresh: bool) -> Result<PathBuf, Error> {
        for file in FILES {
            let path = folder.join(file);
            if let Err(flaw) = whole::check(&path) {
                if fresh {
                    forget(&path);
                }
                let base = self.base.to_owned();
                return Err(Error::Broken { base, path, flaw, kept: !fresh });
            }
        }
        Ok(folder.to_owned())
    }
}

/// Removes a file from the cache: the blob and the link to it. Failing changes no answer.
fn forget(path: &Path) {
    if let Ok(blob) = fs::canonicalize(path) {
        let _ = fs::remove_file(blob);
    }
    let _ = fs::remove_file(path);
}
