//! A trained model → a repository on the Hub, in one commit.
//!
//! Everything that can be refused is asked before anything is sent; the commit comes after the
//! last byte, so an upload that breaks off leaves every branch where it was.

mod error;
mod files;

use crate::id::Id;
use crate::transfer::{Failure, watch};
use crate::{Hub, token};
use canto_song::{Progress, Silent};
pub use error::PublishError;
use error::{About, Asked};
pub use files::{Publication, Upload};
use hf_hub::repository::{CommitInfo, GitRefs, ModelInfo, RepoTypeModel};
use hf_hub::{HFClientSync, HFError, HFRepositorySync};
use std::time::Duration;

/// How long nothing may move. The Hub checks a commit before it answers.
const PATIENCE: Duration = Duration::from_mins(5);

/// The branch that a repository begins with.
const MAIN: &str = "main";

/// Where a model goes.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// `owner/name`; created where it is not there yet.
    pub repository: String,
    /// Creates it as a private one.
    pub private: bool,
    /// Branch to commit to, created where it is not there yet; otherwise `main`.
    pub branch: Option<String>,
    /// Tag to put on the commit.
    pub tag: Option<String>,
    /// Title of the commit.
    pub message: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where people look at it.
    pub address: String,
    /// The commit, where the Hub tells.
    pub commit: Option<String>,
}

/// Commits all of `publication` to `target`. Files of the repository that have other names stay.
pub fn publish(
    publication: &Publication,
    target: &Target,
    progress: &dyn Progress,
) -> Result<Published, PublishError> {
    Hub::from_environment().publish(publication, target, progress)
}

/// The id of a repository that can be published to.
pub fn check_repository(repository: &str) -> Result<(), PublishError> {
    let good = Id::parse(repository).is_some() && !repository.contains('@');
    if good { Ok(()) } else { Err(PublishError::BadRepository { found: repository.to_owned() }) }
}

impl Hub {
    pub(crate) fn publish(
        &self,
        publication: &Publication,
        target: &Target,
        progress: &dyn Progress,
    ) -> Result<Published, PublishError> {
        check_repository(&target.repository)?;
        if self.offline {
            return Err(PublishError::Offline);
        }
        let Some(token) = self.token.clone().or_else(token::find) else {
            return Err(PublishError::NoToken);
        };
        let desk = self.desk(target, token)?;
        let mut made = None;
        let sent = desk.send(publication, &mut made, progress);
        let commit = sent.map_err(|source| match made {
            Some(made) => PublishError::LeftBehind { made, source: Box::new(source) },
            None => source,
        })?;
        desk.tag(commit.as_deref())?;
        Ok(Published { address: desk.address(), commit })
    }

    fn desk<'a>(&self, target: &'a Target, token: String) -> Result<Desk<'a>, PublishError> {
        let settings = |source| PublishError::Settings { source };
        let client = self.client(Some(token.clone())).map_err(settings)?;
        let endpoint = client.endpoint().to_owned();
        let client = HFClientSync::from_inner(client).map_err(settings)?;
        let (owner, name) = target.repository.split_once('/').unwrap_or_default();
        let repository = client.model(owner, name);
        let patience = self.patience.unwrap_or(PATIENCE);
        Ok(Desk { target, token, endpoint, client, repository, patience })
    }
}

/// One repository and what is to be done there.
struct Desk<'a> {
    target: &'a Target,
    token: String,
    endpoint: String,
    client: HFClientSync,
    repository: HFRepositorySync<RepoTypeModel>,
    patience: Duration,
}

impl Desk<'_> {
    /// Commits everything, and tells the commit. What had to be `made` first stays where the rest
    /// fails: somebody may use it already.
    fn send(
        &self,
        publication: &Publication,
        made: &mut Option<String>,
        progress: &dyn Progress,
    ) -> Result<Option<String>, PublishError> {
        let repository = &self.target.repository;
        if self.prepare()? {
            *made = Some(format!("repository `{repository}`"));
        }
        let (parent, new) = self.branch()?;
        if new && made.is_none() {
            let branch = self.target.branch.as_deref().unwrap_or(MAIN);
            *made = Some(format!("branch `{branch}` of `{repository}`"));
        }
        Ok(self.commit(publication, parent, progress)?.commit_oid)
    }

    /// Sees to it that the repository is there and will take the commit; tells whether it had to
    /// be made.
    fn prepare(&self) -> Result<bool, PublishError> {
        match self.info()? {
            None => return self.create().map(|()| true),
            Some(info) if self.target.private && info.private == Some(false) => {
                return Err(PublishError::Public { repository: self.target.repository.clone() });
            }
            Some(_) => {}
        }
        let Some(tag) = &self.target.tag else { return Ok(false) };
        if self.refs()?.tags.iter().any(|found| found.name == *tag) {
            let repository = self.target.repository.clone();
            return Err(PublishError::TagTaken { repository, tag: tag.clone() });
        }
        Ok(false)
    }

    /// What the Hub says of the repository, if there is one.
    fn info(&self) -> Result<Option<ModelInfo>, PublishError> {
        let repository = self.repository.clone();
        match watch("", self.patience, &Silent, move |_| repository.info().send()) {
            Ok(info) => Ok(Some(info)),
            Err(Failure::Hub(HFError::RepoNotFound { .. })) => Ok(None),
            Err(failure) => Err(self.explain(About::Repository, failure)),
        }
    }

    fn create(&self) -> Result<(), PublishError> {
        let (client, id) = (self.client.clone(), self.target.repository.clone());
        let private = self.target.private;
        self.ask(About::Creation, move || {
            let call = client.create_repository().repo_id(&id).repo_type(RepoTypeModel);
            call.private(private).send()
        })?;
        Ok(())
    }

    fn refs(&self) -> Result<GitRefs, PublishError> {
        let repository = self.repository.clone();
        self.ask(About::Repository, move || repository.list_refs().send())
    }

    /// The commit that the branch is at, and whether the branch had to be made, from `main`.
    fn branch(&self) -> Result<(Option<String>, bool), PublishError> {
        let head = |refs: &GitRefs, branch: &str| {
            let found = refs.branches.iter().find(|found| found.name == branch);
            found.map(|found| found.target_commit.clone())
        };
        let refs = self.refs()?;
        let branch = self.target.branch.as_deref().unwrap_or(MAIN);
        let at = head(&refs, branch);
        if at.is_none() && branch != MAIN {
            let (repository, branch) = (self.repository.clone(), branch.to_owned());
            self.ask(About::Branch, move || repository.create_branch().branch(&branch).send())?;
            return Ok((head(&refs, MAIN), true));
        }
        Ok((at, false))
    }

    fn commit(
        &self,
        publication: &Publication,
        parent: Option<String>,
        progress: &dyn Progress,
    ) -> Result<CommitInfo, PublishError> {
        let (repository, operations) = (self.repository.clone(), publication.operations());
        let branch = self.target.branch.clone().unwrap_or_else(|| MAIN.to_owned());
        let message = self.target.message.clone();
        let message = message.unwrap_or_else(|| "Publish a model of canto's".to_owned());
        let stage = format!("uploading to {}", self.target.repository);
        let done = watch(&stage, self.patience, progress, move |progress| {
            let call = repository.create_commit().operations(operations).commit_message(message);
            call.revision(branch).maybe_parent_commit(parent).progress(progress).send()
        });
        done.map_err(|failure| self.explain(About::Commit, failure))
    }

    fn tag(&self, commit: Option<&str>) -> Result<(), PublishError> {
        let Some(tag) = self.target.tag.clone() else { return Ok(()) };
        let branch = self.target.branch.as_deref().unwrap_or(MAIN);
        let (repository, at) = (self.repository.clone(), commit.unwrap_or(branch).to_owned());
        let name = tag.clone();
        let done =
            self.ask(About::Tag, move || repository.create_tag().tag(&name).revision(&at).send());
        done.map_err(|source| PublishError::NotTagged { tag, source: Box::new(source) })
    }

    fn ask<T: Send + 'static>(
        &self,
        about: About,
        call: impl FnOnce() -> Result<T, HFError> + Send + 'static,
    ) -> Result<T, PublishError> {
        let answer = watch("", self.patience, &Silent, move |_| call());
        answer.map_err(|failure| self.explain(about, failure))
    }

    fn explain(&self, about: About, failure: Failure) -> PublishError {
        let asked = Asked {
            endpoint: &self.endpoint,
            repository: &self.target.repository,
            token: &self.token,
            waited: self.patience,
            about,
        };
        asked.error(failure)
    }

    fn address(&self) -> String {
        let Target { repository, branch, .. } = self.target;
        let page = format!("{}/{repository}", self.endpoint);
        branch.as_ref().map_or_else(|| page.clone(), |branch| format!("{page}/tree/{branch}"))
    }
}
