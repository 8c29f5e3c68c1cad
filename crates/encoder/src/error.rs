use crate::cuda_fault::CudaFault;
use std::fmt;
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
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `config.json` is not JSON, or a value in it has another type than expected.
    #[error("`{path}` is no model configuration")]
    ConfigJson {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: serde_json::Error,
    },
    /// `config.json` names a family that is not built here.
    #[error("`{path}` has `model_type` {found}, expected one of `roberta`, `xlm-roberta`, `camembert`, `bert`, `mpnet`", found = named(found.as_deref()))]
    UnknownFamily {
        /// The file.
        path: PathBuf,
        /// The value found there.
        found: Option<String>,
    },
    /// Values of `config.json` that cannot be built.
    #[error("`{path}` describes a model that cannot be built: {list}", list = join(problems))]
    ConfigValues {
        /// The file.
        path: PathBuf,
        /// Every bad value.
        problems: Vec<ConfigProblem>,
    },
    /// The weights are there, but in PyTorch's pickle format only.
    #[error("`{dir}` holds `pytorch_model.bin` but no `model.safetensors`")]
    PickleOnly {
        /// The folder.
        dir: PathBuf,
    },
    /// The weights are split over several files.
    #[error("`{dir}` holds weights in shards, expected one `model.safetensors`")]
    Sharded {
        /// The folder.
        dir: PathBuf,
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
    /// Weights could not be laid out as safetensors.
    #[error("cannot encode `{path}`")]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// A tensor could not be read back from its device.
    #[error("cannot read `{name}` from the device: {reason}")]
    Readback {
        /// What was read.
        name: String,
        /// What the device said.
        reason: String,
    },
    /// The batch's buffers do not have `rows` × `length` values.
    #[error("a batch of {rows} × {length} tokens needs {expected} values, found {input_ids} ids and {attention_mask} mask values", expected = rows * length)]
    BatchShape {
        /// Rows said.
        rows: usize,
        /// Tokens a row said.
        length: usize,
        /// Ids found.
        input_ids: usize,
        /// Mask values found.
        attention_mask: usize,
    },
    /// What the head is to read is not whole rows.
    #[error("rows of {width} values for the head cannot have {found} values")]
    PooledShape {
        /// Width of a row.
        width: usize,
        /// Values found.
        found: usize,
    },
    /// A row is longer than the position embeddings.
    #[error("a row has {length} tokens, the model takes at most {maximum}")]
    TooLong {
        /// Tokens of the row.
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
    /// The binary was built without the backend that the device needs.
    #[error("device `{device}` needs a binary built with the cargo feature `{feature}`")]
    NotBuilt {
        /// The device asked for.
        device: String,
        /// The feature.
        feature: &'static str,
    },
    /// A GPU cannot be used.
    #[error("device `{device}` cannot be opened: {fault}")]
    Cuda {
        /// The device asked for.
        device: String,
        /// What is missing or wrong.
        fault: CudaFault,
    },
    /// A GPU cannot be used by Vulkan, Metal or DirectX.
    #[error("device `{device}` cannot be opened: {reason}")]
    Gpu {
        /// The device asked for.
        device: String,
        /// What the driver says.
        reason: String,
    },
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                "a model folder holds `config.json` and `model.safetensors`"
            }
            Error::Write { .. } => "check the folder's permissions and the free space",
            Error::PickleOnly { .. } => {
                "load it with transformers and `save_pretrained(.., safe_serialization=True)`"
            }
            Error::Sharded { .. } => "save it again with `max_shard_size` above its size",
            Error::Damaged { .. } => "download or copy the file again",
            Error::Tensors { .. } => "check that `config.json` belongs to these weights",
            Error::TooLong { .. } => "set `batch.max_tokens` to the model's maximum or less",
            Error::TokenId { .. } => "check that `tokenizer.json` belongs to this model",
            Error::NotBuilt { feature, .. } => {
                return Some(format!("build with `cargo build --release --features {feature}`"));
            }
            Error::Cuda { fault, .. } => return Some(fault.hint()),
            Error::Gpu { .. } => "install the GPU's Vulkan driver, or use `--device cpu`",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// One value of a configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The key.
    pub key: &'static str,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.key, self.message)
    }
}

/// How the tensors of a file differ from those of the architecture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TensorProblems {
    /// Expected, not in the file.
    pub missing: Vec<String>,
    /// In the file, not expected.
    pub extra: Vec<String>,
    /// In both, with another shape or an element type that cannot be read.
    pub mismatched: Vec<Mismatch>,
}

impl TensorProblems {
    /// Whether the file fits.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.mismatched.is_empty()
    }
}

impl fmt::Display for TensorProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = [
            ("missing", quoted(&self.missing)),
            ("extra", quoted(&self.extra)),
            ("mismatched", join(&self.mismatched)),
        ];
        let groups = groups.iter().filter(|(_, list)| !list.is_empty());
        let text: Vec<_> = groups.map(|(kind, list)| format!("{kind} {list}")).collect();
        f.write_str(&text.join("; "))
    }
}

/// A tensor with another shape or element type than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Name in the file.
    pub name: String,
    /// What the architecture asks for.
    pub expected: String,
    /// What the file has.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (expected {}, found {})", self.name, self.expected, self.found)
    }
}

fn named(found: Option<&str>) -> String {
    found.map_or("nowhere".to_owned(), |name| format!("`{name}`"))
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn join(items: &[impl fmt::Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
