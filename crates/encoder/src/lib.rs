//! Transformer encoders with a classification head, and their Hugging Face weights.
//!
//! Owns: the architecture (RoBERTa, XLM-R, CamemBERT, BERT, MPNet), the modules that compute it,
//! the conversion of `config.json` and `model.safetensors` in both directions, and the choice of
//! the device. Refuses to know: songs, tokens as text, losses, optimisers, training.

mod architecture;
mod attempt;
#[cfg(feature = "cuda")]
mod cuda;
mod cuda_fault;
mod device;
mod error;
mod gpu;
mod hugging_face;
mod inference;
mod load;
mod memory;
mod model;
pub mod names;
mod parameters;
mod peak;
mod safetensors_file;
mod save;

pub use architecture::{Architecture, Family, Pooling};
pub use attempt::attempt;
pub use canto_gpu::AdamWStep;
pub use cuda_fault::CudaFault;
pub use device::{Device, DeviceChoice, OpenDevice, UnknownDevice, is_cpu, seed};
pub use error::{ConfigProblem, Error, Mismatch, TensorProblems};
pub use gpu::Gpu;
pub use inference::{classify, logits, pooled};
pub use load::{Adaptation, Loaded, load, load_adapted, weights_path};
pub use memory::{Memory, memory, peak_memory};
pub use model::{Derivatives, Precision, SequenceClassifier, relative_bucket};
pub use parameters::{NamedParameter, named_parameters};
pub use peak::peak;
pub use save::save;

/// The one backend: it dispatches at run time to the device that a tensor lives on.
pub type Backend = burn::Dispatch;

/// A classifier on [`Backend`].
pub type Classifier = SequenceClassifier<Backend>;
