//! What is sent.

use super::PublishError;
use canto_bundle::{Bundle, Source};
use hf_hub::repository::CommitOperation;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::PathBuf;

const MANIFEST: &str = "manifest.json";

/// The files of one commit.
#[derive(Clone, Debug)]
pub struct Publication {
    uploads: Vec<Upload>,
}

/// One file of the commit.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Name in the repository.
    pub name: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    File(PathBuf),
    Text(Vec<u8>),
}

impl Publication {
    /// Every file of `bundle`, which was verified when it was opened, and texts `beside` it, such
    /// as its card, by their names.
    pub fn new(bundle: &Bundle, beside: Vec<(String, String)>) -> Result<Self, PublishError> {
        if bundle.source() != Source::Canto {
            return Err(PublishError::Plain { path: bundle.dir().to_owned() });
        }
        let texts = beside.into_iter().map(|(name, text)| Upload::text(name, text.into_bytes()));
        let mut uploads: Vec<Upload> = texts.collect();
        for record in bundle.manifest()?.files {
            let content = Content::File(bundle.dir().join(&record.name));
            let (name, bytes, sha256) = (record.name, record.bytes, record.sha256);
            uploads.push(Upload { name, bytes, sha256, content });
        }
        let path = bundle.dir().join(MANIFEST);
        let manifest = fs_err::read(&path).map_err(|source| PublishError::Read { source })?;
        uploads.push(Upload::text(MANIFEST.to_owned(), manifest));
        Ok(Self { uploads })
    }

    /// Every file.
    pub fn uploads(&self) -> &[Upload] {
        &self.uploads
    }

    pub(super) fn operations(&self) -> Vec<CommitOperation> {
        let operation = |upload: &Upload| match &upload.content {
            Content::File(path) => CommitOperation::add_file(&upload.name, path),
            Content::Text(text) => CommitOperation::add_bytes(&upload.name, text.clone()),
        };
        self.uploads.iter().map(operation).collect()
    }
}

impl Upload {
    fn text(name: String, text: Vec<u8>) -> Self {
        let sha256 = Sha256::digest(&text).iter().fold(String::new(), |mut digits, byte| {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        });
        Self { name, bytes: text.len() as u64, sha256, content: Content::Text(text) }
    }
}
