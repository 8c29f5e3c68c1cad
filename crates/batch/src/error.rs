use canto_song::Problem;
use std::io;
use std::path::PathBuf;

/// What the `tokenizers` library reports.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a tokenizer could not be had, or a text not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tokenizer file cannot be read.
    #[error("cannot read the tokenizer `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The text is no tokenizer, or one of an unknown kind.
    #[error("{origin} is not a Hugging Face tokenizer")]
    Parse {
        /// The file, in backticks, or what else the text came from.
        origin: String,
        /// What the parser says.
        source: Source,
    },
    /// Neither a padding section nor a padding token.
    #[error("{origin} names no padding token, expected `<pad>`, `[PAD]` or a `padding` section")]
    NoPadding {
        /// The file, in backticks, or what else the text came from.
        origin: String,
    },
    /// Every probe text comes back without a token.
    #[error("{origin} turns ordinary letters into no tokens at all")]
    NoTokens {
        /// The file, in backticks, or what else the text came from.
        origin: String,
    },
    /// A text could not be encoded.
    #[error("cannot tokenize a text of {characters} characters")]
    Encode {
        /// Length of the text.
        characters: usize,
        /// What the tokenizer says.
        source: Source,
    },
    /// Tokens could not be turned back into text.
    #[error("cannot turn {tokens} tokens back into text")]
    Decode {
        /// Number of tokens.
        tokens: usize,
        /// What the tokenizer says.
        source: Source,
    },
    /// A tokenizer could not be written as JSON.
    #[error("cannot write the tokenizer as JSON")]
    Write {
        /// What the tokenizer says.
        source: Source,
    },
    /// Training stopped.
    #[error("cannot train a tokenizer on {lyrics} lyrics")]
    Train {
        /// Number of lyrics.
        lyrics: usize,
        /// What the trainer says.
        source: Source,
    },
    /// Nothing to train on.
    #[error("found no word in {lyrics} lyrics, expected some to train a tokenizer on")]
    NoWords {
        /// Number of lyrics.
        lyrics: usize,
    },
    /// The vocabulary asked for cannot hold the byte alphabet.
    #[error("a vocabulary of {found} tokens is too small, expected at least {least}")]
    VocabularyTooSmall {
        /// What was asked for.
        found: usize,
        /// Special tokens and bytes.
        least: usize,
    },
    /// The configuration does not fit this tokenizer.
    #[error("bad `batch` values: {}", listed(.problems))]
    Config {
        /// Every bad value.
        problems: Vec<Problem>,
    },
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { .. } | Self::Parse { .. } => {
                "a model folder holds its tokenizer as `tokenizer.json`, the format of the \
                 `tokenizers` library; download it again or save it with `transformers`"
            }
            Self::NoPadding { .. } => "add a `<pad>` token to the tokenizer and save it again",
            Self::NoTokens { .. } => "check that the tokenizer's vocabulary is complete",
            Self::NoWords { .. } => "check that the training split is not empty",
            Self::VocabularyTooSmall { .. } => "raise the vocabulary size of the recipe",
            Self::Config { .. } => "correct the `[batch]` section of the recipe",
            Self::Encode { .. } | Self::Decode { .. } | Self::Write { .. } | Self::Train { .. } => {
                return None;
            }
        };
        Some(hint.to_owned())
    }
}
