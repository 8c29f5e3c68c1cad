use canto_encoder::TensorProblems;
use canto_encoder::names::is_head;
use std::io;
use std::path::PathBuf;

/// What can go wrong between a folder of weights and a row of logits.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `config.json` does not describe a model that can be built.
    #[error(transparent)]
    Config(#[from] canto_encoder::Error),
    /// The model has no labels.
    #[error("`{path}` names no labels")]
    NoLabels {
        /// The `config.json`.
        path: PathBuf,
    },
    /// The weights file is cut short, altered or something else.
    #[error("`{path}` is truncated or damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the format's reader found.
        source: safetensors::SafeTensorError,
    },
    /// The tensors of the file are not those of the architecture.
    #[error("`{path}` does not fit the architecture: {problems}")]
    Tensors {
        /// The file.
        path: PathBuf,
        /// Every difference.
        problems: TensorProblems,
    },
    /// Weights that are already int8 were to be made so.
    #[error("`{path}` holds int8 weights already")]
    AlreadyQuantized {
        /// The file.
        path: PathBuf,
    },
    /// Weights could not be laid out as safetensors.
    #[error("cannot encode `{path}`")]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// A window without tokens.
    #[error("window {window} has no tokens")]
    Empty {
        /// Its index.
        window: usize,
    },
    /// A window longer than the position embeddings.
    #[error("window {window} has {length} tokens, the model takes at most {maximum}")]
    TooLong {
        /// Its index.
        window: usize,
        /// Its tokens.
        length: usize,
        /// The model's maximum.
        maximum: usize,
    },
    /// A token id outside the vocabulary.
    #[error("token id {id} is outside the vocabulary of {vocab_size}")]
    TokenId {
        /// The id.
        id: u32,
        /// The model's vocabulary size.
        vocab_size: usize,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "a model folder holds `config.json` and `model.safetensors`"
            }
            Error::Write { .. } => "check the folder's permissions and the free space",
            Error::Config(error) => return error.hint(),
            Error::NoLabels { .. } => "give `id2label`, or fine-tune the model first",
            Error::Damaged { .. } => "download or copy the file again",
            Error::Tensors { problems, .. }
                if problems.missing.iter().any(|name| is_head(name)) =>
            {
                "an encoder without its head scores nothing: fine-tune it first"
            }
            Error::Tensors { .. } => "check that `config.json` belongs to these weights",
            Error::AlreadyQuantized { .. } => "give the folder that it was made from",
            Error::Threads { .. } => "ask for fewer threads",
            Error::TooLong { .. } => "set `batch.max_tokens` to the model's maximum or less",
            Error::TokenId { .. } => "check that `tokenizer.json` belongs to this model",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
