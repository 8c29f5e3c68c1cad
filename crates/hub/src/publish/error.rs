//! Why a model was not published.

use crate::transfer::Failure;
use hf_hub::HFError;
use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a model was not published. What is printed holds no token.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it; fields are named after what they hold")]
pub enum PublishError {
    #[error("`{found}` is no repository of the Hub, expected `owner/name`")]
    BadRepository { found: String },
    #[error("`{}` was not trained by canto", path.display())]
    Plain { path: PathBuf },
    #[error("publishing needs the network, and `HF_HUB_OFFLINE` is set")]
    Offline,
    #[error("not logged in to the Hub: there is no token")]
    NoToken,
    #[error("cannot set up the way to the Hub")]
    Settings { source: HFError },
    #[error("`{endpoint}` does not accept the token (status 401)")]
    Refused { endpoint: String },
    #[error("the token may not {deed} `{repository}` (status 403{})", said(message.as_ref()))]
    NoWrite { repository: String, deed: &'static str, message: Option<String> },
    #[error("`{endpoint}` has no `{repository}`, or not this branch of it (status 404)")]
    NotFound { endpoint: String, repository: String },
    #[error("`{repository}` is public, and a private one was asked for")]
    Public { repository: String },
    #[error("`{repository}` has a tag `{tag}` already")]
    TagTaken { repository: String, tag: String },
    #[error("`{repository}` was changed by someone else meanwhile (status {status})")]
    Conflict { repository: String, status: u16 },
    #[error("`{endpoint}` asks to slow down (status 429)")]
    RateLimited { endpoint: String, wait: Option<Duration> },
    #[error("`{endpoint}` fails (status {status}), again and again")]
    Server { endpoint: String, status: u16 },
    #[error("`{endpoint}` does not take it (status {status}{})", said(message.as_ref()))]
    Rejected { endpoint: String, status: u16, message: Option<String> },
    #[error("cannot reach `{endpoint}`")]
    Network { endpoint: String, source: Box<dyn StdError + Send + Sync> },
    #[error("`{endpoint}` said nothing for {} s", waited.as_secs())]
    Stalled { endpoint: String, waited: Duration },
    #[error("the upload to `{repository}` broke off")]
    Cut { repository: String, source: Told },
    #[error("`{endpoint}` answers what canto does not understand")]
    Strange { endpoint: String, source: Told },
    #[error("cannot read what is to be published")]
    Read { source: io::Error },
    #[error(transparent)]
    Bundle(#[from] canto_bundle::Error),
    #[error("the files are published, but the tag `{tag}` is not set")]
    NotTagged { tag: String, source: Box<PublishError> },
    #[error("the {made} was made and stays, without the files")]
    LeftBehind { made: String, source: Box<PublishError> },
}

fn said(message: Option<&String>) -> String {
    message.map(|message| format!(": {message}")).unwrap_or_default()
}

/// What the client says, without the token.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Told(String);

impl PublishError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::BadRepository { .. } => {
                "name it as in `--repo user/name`; a branch goes to `--revision`"
            }
            Self::Plain { .. } => "name a run of canto's, such as `artifacts/<run>`",
            Self::Offline => {
                "unset `HF_HUB_OFFLINE`, or look at what would be sent with `--dry-run`"
            }
            Self::NoToken => {
                "make a token that may write on the Hub's page `settings/tokens`, and put it into \
                 `HF_TOKEN`, or as `HF_TOKEN=…` into the file `.env` here"
            }
            Self::Settings { .. } => {
                "check `HF_ENDPOINT`: an address such as `https://huggingface.co`"
            }
            Self::Refused { .. } => {
                "the token is mistyped or has expired: make another and set `HF_TOKEN`"
            }
            Self::NoWrite { .. } => {
                "check the owner's name; the token must be of the kind that may write there"
            }
            Self::NotFound { .. } => "check the name in `--repo`, and `--revision` if given",
            Self::Public { .. } => {
                "make it private on its page first, name another, or leave out `--private`"
            }
            Self::TagTaken { .. } => "choose another `--tag`, or delete that one on the Hub first",
            Self::Conflict { .. } => {
                "look at its page: where the connection broke before, that change may be this very \
                 commit; otherwise run it again, and it begins from what is there now"
            }
            Self::RateLimited { wait: Some(wait), .. } => {
                return Some(format!("wait {} s and run it again", wait.as_secs()));
            }
            Self::RateLimited { .. } => "wait some minutes and run it again",
            Self::Server { .. } => {
                "the trouble is on the Hub's side: run it again later; nothing was changed"
            }
            Self::Rejected { .. } => {
                "look at the card and the names with `--dry-run`; nothing was changed"
            }
            Self::Network { .. } | Self::Stalled { .. } => {
                "check the network, the proxy and `HF_ENDPOINT`, then run it again; no commit was made \
                 as far as is known here"
            }
            Self::Cut { .. } => {
                "run it again: what has arrived is not sent twice, and no commit was made"
            }
            Self::Strange { .. } => "check `HF_ENDPOINT`, and that this canto is the newest",
            Self::Read { .. } => "check that the run's folder is there and may be read",
            Self::Bundle(source) => return source.hint(),
            Self::NotTagged { source, .. } => return source.hint(),
            Self::LeftBehind { source, .. } => {
                let hint = source.hint()?;
                return Some(format!("{hint}; or delete what was made on the Hub's page"));
            }
        };
        Some(hint.to_owned())
    }
}

/// What was being done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Repository,
    Creation,
    Branch,
    Commit,
    Tag,
}

impl About {
    fn deed(self) -> &'static str {
        match self {
            Self::Repository => "read",
            Self::Creation => "create",
            Self::Branch | Self::Commit | Self::Tag => "write to",
        }
    }
}

/// A call, for our words about its failure.
pub(super) struct Asked<'a> {
    pub(super) endpoint: &'a str,
    pub(super) repository: &'a str,
    pub(super) token: &'a str,
    pub(super) waited: Duration,
    pub(super) about: About,
}

impl Asked<'_> {
    pub(super) fn error(&self, failure: Failure) -> PublishError {
        match failure {
            Failure::Hub(source) => self.of_hub(source),
            Failure::Stalled => {
                PublishError::Stalled { endpoint: self.endpoint.to_owned(), waited: self.waited }
            }
        }
    }

    fn of_hub(&self, source: HFError) -> PublishError {
        let (endpoint, repository) = (self.endpoint.to_owned(), self.repository.to_owned());
        match source {
            HFError::AuthRequired { .. } => PublishError::Refused { endpoint },
            HFError::Forbidden { context } => {
                let message = self.message(context.server_message);
                PublishError::NoWrite { repository, deed: self.about.deed(), message }
            }
            HFError::RepoNotFound { .. }
            | HFError::RevisionNotFound { .. }
            | HFError::EntryNotFound { .. } => PublishError::NotFound { endpoint, repository },
            HFError::Conflict { context } => {
                PublishError::Conflict { repository, status: context.status.as_u16() }
            }
            HFError::RateLimited { retry_after: wait, .. } => {
                PublishError::RateLimited { endpoint, wait }
            }
            HFError::Http { context } => {
                self.of_status(context.status.as_u16(), context.server_message)
            }
            HFError::Request { source, .. } => {
                PublishError::Network { endpoint, source: Box::new(source.without_url()) }
            }
            HFError::Io(source) => PublishError::Read { source },
            source @ HFError::Xet { .. } => {
                PublishError::Cut { repository, source: self.told(&source) }
            }
            source => PublishError::Strange { endpoint, source: self.told(&source) },
        }
    }

    fn of_status(&self, status: u16, message: Option<String>) -> PublishError {
        let (endpoint, repository) = (self.endpoint.to_owned(), self.repository.to_owned());
        match status {
            // The branch is no longer at the commit that ours is to follow.
            412 => PublishError::Conflict { repository, status },
            404 => PublishError::NotFound { endpoint, repository },
            500.. => PublishError::Server { endpoint, status },
            _ => PublishError::Rejected { endpoint, status, message: self.message(message) },
        }
    }

    /// One line of what the Hub says.
    fn message(&self, message: Option<String>) -> Option<String> {
        let message = self.without_token(&message?);
        let line: String =
            message.chars().filter(|letter| !letter.is_control()).take(300).collect();
        (!line.is_empty()).then_some(line)
    }

    fn told(&self, error: &HFError) -> Told {
        Told(self.without_token(&error.to_string()))
    }

    fn without_token(&self, text: &str) -> String {
        text.replace(self.token, "…")
    }
}
