use crate::Source;
use crate::whole::Flaw;
use hf_hub::HFError;
use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no model. What is printed holds no token and no signed address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a folder nor the shape of a Hub id.
    #[error("`{base}` is neither a folder nor a Hub id `owner/name[@revision]`")]
    NotABase {
        /// What was asked for.
        base: String,
        /// A file of that name is there.
        file: bool,
    },
    /// The variables that say how to reach the Hub are not usable.
    #[error("cannot set up the way to the Hub")]
    Settings {
        /// What is wrong with them.
        source: HFError,
    },
    /// Neither a folder nor a model that the Hub shows.
    #[error("`{base}` is no folder here, and `{endpoint}` has no such model, revision or `{file}`")]
    NotFound {
        /// What was asked for.
        base: String,
        /// Where.
        endpoint: String,
        /// The file that was asked for.
        file: String,
    },
    /// The model is there, one of its files is not.
    #[error("`{base}` has no `{file}`{}", found.map(|form| format!(", only `{form}`")).unwrap_or_default())]
    Missing {
        /// The model.
        base: String,
        /// The file.
        file: String,
        /// The older or split form that it has instead.
        found: Option<&'static str>,
    },
    /// The Hub wants a token, or another one.
    #[error("`{endpoint}` refuses access to `{base}` (status {status}{})", if *gated { ", gated" } else { "" })]
    Refused {
        /// The model.
        base: String,
        /// Where.
        endpoint: String,
        /// 401 or 403.
        status: u16,
        /// Its owner must grant access first.
        gated: bool,
    },
    /// Too many requests.
    #[error("`{endpoint}` asks to slow down (status 429)")]
    RateLimited {
        /// Where.
        endpoint: String,
        /// How long to wait, where the Hub says so.
        wait: Option<Duration>,
    },
    /// The Hub itself fails.
    #[error("`{endpoint}` answers `{file}` of `{base}` with status {status}")]
    Server {
        /// The model.
        base: String,
        /// The file.
        file: String,
        /// Where.
        endpoint: String,
        /// The status.
        status: u16,
    },
    /// No connection.
    #[error("cannot reach `{endpoint}` for `{base}`")]
    Network {
        /// The model.
        base: String,
        /// Where.
        endpoint: String,
        /// What the connection says.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Nothing arrived for long.
    #[error("`{endpoint}` sent nothing of `{file}` for {} s", waited.as_secs())]
    Stalled {
        /// Where.
        endpoint: String,
        /// The file.
        file: String,
        /// How long.
        waited: Duration,
    },
    /// The connection broke within a file.
    #[error("the download of `{file}` of `{base}` broke off")]
    Cut {
        /// The model.
        base: String,
        /// The file.
        file: String,
        /// What the connection says.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The cache cannot be written, such as on a full disk.
    #[error("cannot write `{file}` of `{base}` into the cache `{cache}`")]
    Disk {
        /// The model.
        base: String,
        /// The file.
        file: String,
        /// The cache.
        cache: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process downloads the same file.
    #[error("`{file}` of `{base}` is being downloaded by another process")]
    Locked {
        /// The model.
        base: String,
        /// The file.
        file: String,
    },
    /// A file is there but not whole.
    #[error("`{path}` of `{base}` is broken")]
    Broken {
        /// The model.
        base: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        flaw: Flaw,
        /// It was in the cache before and still is.
        kept: bool,
    },
    /// No network is to be used, and the cache lacks a file.
    #[error(
        "`{base}` is no folder here and not complete in the cache `{cache}`, and `HF_HUB_OFFLINE` is set"
    )]
    Offline {
        /// The model.
        base: String,
        /// The cache.
        cache: PathBuf,
    },
    /// The shape of a Hub id, but its first part is a folder here.
    #[error("`{model}` does not exist: there is a folder `{folder}` here, but no such model in it")]
    NotInFolder {
        /// What was asked for.
        model: String,
        /// Its first part.
        folder: String,
    },
    /// The model itself cannot be used.
    #[error(transparent)]
    Bundle(#[from] canto_bundle::Error),
    /// A file is not as the model's manifest says.
    #[error("a file of `{base}` is not as its manifest says")]
    Damaged {
        /// The model.
        base: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<canto_bundle::Error>,
        /// It was in the cache before and still is.
        kept: bool,
    },
    /// Anything else that the Hub's client reports.
    #[error("cannot fetch `{file}` of `{base}`")]
    Hub {
        /// The model.
        base: String,
        /// The file.
        file: String,
        /// The client's own words.
        source: HFError,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotABase { file: true, .. } => "name the folder that holds the model's files",
            Self::NotABase { .. } => {
                "check the path, or name a model of the Hub such as `FacebookAI/roberta-base`"
            }
            Self::Settings { .. } => {
                "check `HF_ENDPOINT`: an address such as `https://huggingface.co`"
            }
            Self::NotFound { .. } => {
                "check the path if a folder is meant, else the spelling and the revision; \
                 a private model wants `HF_TOKEN`"
            }
            Self::Missing { file, .. } if file == "tokenizer.json" => {
                "load it once with transformers' `AutoTokenizer`, `save_pretrained` it into a \
                 folder with the other files, and name that folder"
            }
            Self::Missing { .. } => {
                "load it once with transformers' `AutoModel`, `save_pretrained` it into a folder \
                 (one shard: `max_shard_size=\"50GB\"`) with the other files, and name that folder"
            }
            Self::Refused { gated: true, endpoint, base, .. } => {
                let page = base.split('@').next().unwrap_or(base);
                return Some(format!(
                    "ask for access on `{endpoint}/{page}`, then set `HF_TOKEN` to a token of that account"
                ));
            }
            Self::Refused { .. } => {
                "check the spelling (or the path, if a folder is meant): the Hub hides what is not \
                 there; for a private model set `HF_TOKEN` to a token that may read it"
            }
            Self::RateLimited { wait: Some(wait), .. } => {
                return Some(format!(
                    "wait {} s and run it again; with `HF_TOKEN` set the limit is higher",
                    wait.as_secs()
                ));
            }
            Self::RateLimited { .. } => {
                "wait some minutes and run it again; with `HF_TOKEN` set the limit is higher"
            }
            Self::Server { .. } => "the trouble is on the Hub's side: run it again later",
            Self::Network { .. } | Self::Stalled { .. } => {
                "check the network, the proxy and `HF_ENDPOINT`; without a network, name a folder \
                 that holds the model's files"
            }
            Self::Cut { .. } => "run it again: the files that are complete are kept",
            Self::Disk { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space, or set `HF_HOME` to a folder on another disk"
            }
            Self::Disk { .. } => "set `HF_HOME` to a folder that you may write to",
            Self::Locked { .. } => "wait until it is done, then run it again",
            Self::NotInFolder { model, .. } => {
                return Some(format!(
                    "check the path; if a model of the Hub is meant, write `{model}@main`"
                ));
            }
            Self::Bundle(source) => return source.hint(),
            Self::Broken { kept: true, path, .. } | Self::Damaged { kept: true, path, .. } => {
                return Some(format!("delete `{}` and run it again", path.display()));
            }
            Self::Broken { .. } | Self::Damaged { .. } => {
                "run it again: the broken file was thrown away"
            }
            Self::Offline { .. } => {
                "fetch it once without `HF_HUB_OFFLINE`, or name a folder that holds the model's files"
            }
            Self::Hub { .. } => "run it again, or name a folder that holds the model's files",
        };
        Some(hint.to_owned())
    }
}

impl Source<'_> {
    /// Our words for what the client reports about `file`.
    pub(crate) fn error(&self, file: &str, source: HFError) -> Error {
        let (base, endpoint) = (self.base.to_owned(), self.endpoint.clone());
        let file = file.to_owned();
        match source {
            HFError::EntryNotFound { .. }
            | HFError::RepoNotFound { .. }
            | HFError::RevisionNotFound { .. } => Error::NotFound { base, endpoint, file },
            HFError::AuthRequired { context } | HFError::Forbidden { context } => {
                let gated = context.error_code.as_deref() == Some("GatedRepo");
                Error::Refused { base, endpoint, status: context.status.as_u16(), gated }
            }
            HFError::RateLimited { retry_after: wait, .. } => Error::RateLimited { endpoint, wait },
            HFError::Http { context } => {
                Error::Server { base, file, endpoint, status: context.status.as_u16() }
            }
            HFError::Request { source, .. } => {
                let broke_off = source.is_body() || source.is_decode();
                // An address may carry a signature.
                let source = Box::new(source.without_url());
                if broke_off {
                    Error::Cut { base, file, source }
                } else {
                    Error::Network { base, endpoint, source }
                }
            }
            HFError::Io(source) => Error::Disk { base, file, cache: self.cache.clone(), source },
            HFError::CacheLockTimeout { .. } => Error::Locked { base, file },
            source => Error::Hub { base, file, source },
        }
    }
}
