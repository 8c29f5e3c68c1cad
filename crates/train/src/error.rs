use std::path::PathBuf;

/// Why training could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to learn from or nothing to choose by.
    #[error("the {split} split holds no songs")]
    NoSongs {
        /// `training` or `validation`.
        split: &'static str,
    },
    /// The loss or the gradient norm is not a number.
    #[error("{quantity} is `{value}` at step {step} (songs in source rows {rows:?})")]
    NotFinite {
        /// `the loss` or `the gradient norm`.
        quantity: &'static str,
        /// What was found.
        value: f64,
        /// Optimiser step, counted from 1.
        step: usize,
        /// Source rows of the songs in the step.
        rows: Vec<u64>,
    },
    /// The device computes something else than the CPU.
    #[error(
        "the device's {what} are off from the CPU's by {off:.3} of their size, expected at most \
         {bound} in `{precision}`"
    )]
    Canary {
        /// `logits` or `gradients`.
        what: &'static str,
        /// ‖found − expected‖ / ‖expected‖.
        off: f64,
        /// The most that rounding explains.
        bound: f64,
        /// The number format.
        precision: &'static str,
    },
    /// Not even one window fits into memory.
    #[error("one window of {tokens} tokens does not fit into memory: {reason}")]
    Memory {
        /// Tokens of the window.
        tokens: usize,
        /// What the device said.
        reason: String,
    },
    /// Gradients overflow however little the loss is scaled.
    #[error(
        "the gradients leave the range of f16 after step {step}, however small the loss scale \
         ({skipped} steps skipped)"
    )]
    LossScale {
        /// Optimiser steps done.
        step: usize,
        /// Steps skipped in all.
        skipped: usize,
    },
    /// The encoder, all of it frozen, could not read the songs.
    #[error("the songs could not be read before training")]
    Reading(#[source] canto_score::Error),
    /// Validation failed.
    #[error("the validation songs could not be scored")]
    Validation(#[source] canto_score::Error),
    /// The metrics could not be computed.
    #[error("the validation metrics could not be computed")]
    Metrics(#[from] canto_evaluate::Error),
    /// The engine could not open the frozen encoder.
    #[error("the frozen encoder could not be opened")]
    Engine(#[from] canto_infer::Error),
    /// The model could not be saved or loaded.
    #[error("the checkpoint's model failed")]
    Model(#[from] canto_encoder::Error),
    /// A file of the run could not be written or read.
    #[error("the run's files failed")]
    Io(#[from] std::io::Error),
    /// A checkpoint that cannot be resumed from.
    #[error("checkpoint `{path}` cannot be used: {reason}")]
    Checkpoint {
        /// The checkpoint's folder or file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: CheckpointFault,
    },
    /// A log line could not be formed.
    #[error("an event could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The gradients lie on another device than expected, or in another number format.
    #[error("a tensor could not be read back: {0:?}")]
    Data(burn::tensor::DataError),
}

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointFault {
    /// Neither the state nor the tensors parse.
    #[error("it is damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A tensor that the model has is missing or has another size.
    #[error("optimiser state `{name}` is missing or does not hold `{expected}` values")]
    State {
        /// Name of the tensor.
        name: String,
        /// Values expected.
        expected: usize,
    },
    /// The recipe has changed since.
    #[error("it was written with another `[train]` section, seed or number of songs")]
    Recipe,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::NoSongs { .. } => "prepare more songs, or check `corpus.split`".to_owned(),
            Error::NotFinite { .. } => {
                "lower `train.learning_rate`, raise `train.warmup_ratio` or lower \
                 `train.max_grad_norm`; on a GPU also try `train.precision = \"bf16\"`, or \
                 `train.activation_checkpointing = true`, which goes by Burn's own kernels; the last \
                 checkpoint stands"
                    .to_owned()
            }
            Error::Canary { .. } => {
                "try `train.precision = \"bf16\"` or \"f32\", or \
                 `train.activation_checkpointing = true`, which goes by Burn's own kernels; in a build \
                 with `--features cuda-fusion` remove the autotune cache (`autotune` under `target` or \
                 here), or build with `--features cuda`; `train.canary = false` trains all the same"
                    .to_owned()
            }
            Error::Memory { .. } => {
                "lower `batch.max_tokens`, set `train.activation_checkpointing = true` or \
                 `train.precision = \"bf16\"`, or give `train.micro_batch` a number to try it"
                    .to_owned()
            }
            Error::LossScale { .. } => {
                "train with `train.precision = \"bf16\"`, or lower `train.learning_rate`; the last \
                 checkpoint stands"
                    .to_owned()
            }
            Error::Reading(source) | Error::Validation(source) => return source.hint(),
            Error::Engine(source) => return source.hint(),
            Error::Model(source) => return source.hint(),
            Error::Io(_) => "check that the disk has room and the folder is writable".to_owned(),
            Error::Checkpoint { reason: CheckpointFault::Recipe, .. } => {
                "resume with the recipe it was started with, or start a new run with `--run`"
                    .to_owned()
            }
            Error::Checkpoint { .. } => {
                "start again without `--resume`, or remove the checkpoint".to_owned()
            }
            Error::Metrics(_) | Error::Json(_) | Error::Data(_) => return None,
        })
    }
}
