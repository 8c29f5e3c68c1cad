use canto_song::Problem;
use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

/// Why there is no run configuration.
#[derive(Debug)]
pub(crate) enum Error {
    /// The file cannot be read.
    Read { path: PathBuf, source: std::io::Error },
    /// The file is not TOML.
    Syntax { path: PathBuf, source: Box<toml::de::Error> },
    /// Keys and values that cannot be used, all of them.
    Problems { path: PathBuf, overridden: BTreeSet<String>, problems: Vec<Problem> },
}

impl Error {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                "recipes are in `configs/`, such as `--config configs/quickstart.toml`".to_owned()
            }
            Error::Read { .. } => return None,
            Error::Syntax { .. } => "texts need quotes; sections look like `[train]`".to_owned(),
            Error::Problems { .. } => {
                "`configs/roberta-base.toml` explains every key, with its unit and default"
                    .to_owned()
            }
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Read { path, .. } => write!(f, "cannot read the recipe `{}`", path.display()),
            Error::Syntax { path, .. } => write!(f, "`{}` is not TOML", path.display()),
            Error::Problems { path, overridden, problems } => {
                let (count, many) = (problems.len(), if problems.len() == 1 { "" } else { "s" });
                write!(f, "{count} problem{many} in the configuration")?;
                for problem in problems {
                    write!(f, "\n  {problem} ({})", origin(problem, path, overridden))?;
                }
                Ok(())
            }
        }
    }
}

fn origin(problem: &Problem, path: &std::path::Path, overridden: &BTreeSet<String>) -> String {
    // A bad element of a list is reported as `key[1]`.
    let key = problem.path.split('[').next().unwrap_or_default();
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if overridden.iter().any(|set| within(set, key) || within(key, set)) {
        "from the command line".to_owned()
    } else {
        format!("in `{}`", path.display())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Read { source, .. } => Some(source),
            Error::Syntax { source, .. } => Some(source),
            Error::Problems { .. } => None,
        }
    }
}
