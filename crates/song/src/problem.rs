use std::fmt;

/// One bad value in a configuration: where it is and what is wrong with it.
///
/// Collected, never thrown: a user sees every problem of a file at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Dotted path of the key, such as `train.learning_rate`.
    pub path: String,
    /// What was found and what was expected.
    pub message: String,
}

impl Problem {
    /// A problem at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The same problem seen from the enclosing `section`.
    #[must_use]
    pub fn within(self, section: &str) -> Self {
        Self { path: format!("{section}.{}", self.path), message: self.message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}
