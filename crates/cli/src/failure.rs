//! An error as a person reads it: the fact, its causes, what to do.

use std::error::Error;
use std::fmt;
use std::io;

/// An error of the command line itself, with its hint.
#[derive(Debug)]
pub(crate) struct Refusal {
    fact: String,
    hint: Option<String>,
}

impl Refusal {
    /// `fact` names what is wrong, values in backticks, no full stop.
    pub(crate) fn new(fact: impl Into<String>) -> Self {
        Self { fact: fact.into(), hint: None }
    }

    /// What to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fact)
    }
}

impl Error for Refusal {}

/// Whether the reader of our output went away, which is its right.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |io: &io::Error| io.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_pipe))
}

/// The whole message, for stderr.
pub(crate) fn message(error: &anyhow::Error) -> String {
    format!("error: {}", told(error))
}

/// The fact, its causes and what to do.
pub(crate) fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    let mut before = error.to_string();
    for cause in error.chain().skip(1) {
        let fact = cause.to_string();
        // Some errors repeat their cause in their own words.
        if !before.contains(&fact) {
            text.push_str("\n  because: ");
            text.push_str(&fact.trim_end().replace('\n', "\n    "));
            before = fact;
        }
    }
    if let Some(hint) = error.chain().find_map(hint) {
        text.push_str("\nhint: ");
        text.push_str(&hint);
    }
    text
}

/// The hint of any error that has one.
fn hint(error: &(dyn Error + 'static)) -> Option<String> {
    macro_rules! first_of {
        ($($kind:ty),+) => {
            $(if let Some(known) = error.downcast_ref::<$kind>() { return known.hint(); })+
        };
    }
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return refusal.hint.clone();
    }
    first_of!(
        crate::config::Error,
        canto_sample::Error,
        canto_corpus::Error,
        canto_batch::Error,
        canto_encoder::Error,
        canto_evaluate::Error,
        canto_tfidf::Error,
        canto_infer::Error,
        canto_score::Error,
        canto_train::Error,
        canto_bundle::Error,
        canto_predict::Error,
        canto_hub::Error,
        canto_serve::Error,
        canto_hub::PublishError
    );
    error.downcast_ref::<io::Error>().and_then(of_system)
}

fn of_system(error: &io::Error) -> Option<String> {
    match error.kind() {
        io::ErrorKind::StorageFull => Some("free some space on that disk, or write elsewhere"),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some("choose a folder that you may write to")
        }
        _ => None,
    }
    .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_chain_is_printed_once_with_the_outermost_hint() {
        let refusal = Refusal::new("run `x` exists").hint("choose another name");
        let error = anyhow::Error::new(refusal).context("cannot train");
        let text = message(&error);
        assert_eq!(
            text,
            "error: cannot train\n  because: run `x` exists\nhint: choose another name"
        );
    }

    #[test]
    fn a_cause_already_told_is_left_out() {
        let inner: anyhow::Result<()> = Err(anyhow::anyhow!("disk full"));
        let error = inner.context("cannot write: disk full").unwrap_err();
        assert_eq!(message(&error), "error: cannot write: disk full");
    }

    #[test]
    fn a_full_disk_says_what_to_do() {
        let error = anyhow::Error::new(io::Error::from(io::ErrorKind::StorageFull));
        assert!(message(&error).contains("hint: free some space"));
    }

    #[test]
    fn a_reader_that_left_is_recognised_below_other_errors() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&anyhow::Error::new(pipe).context("printing")));
        assert!(!is_broken_pipe(&anyhow::anyhow!("other")));
    }
}
