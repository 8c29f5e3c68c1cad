//! The modules. Each is built lazily: its weights are drawn when they are first read, so that
//! loading a checkpoint draws none.

#[allow(clippy::inline_always, reason = "only what inlines is compiled for the vector unit")]
mod activation;
mod attention;
#[allow(clippy::inline_always, reason = "only what inlines is compiled for the vector unit")]
mod by_hand;
mod classifier;
mod dense;
mod dropout;
mod embeddings;
mod head;
#[allow(clippy::inline_always, reason = "only what inlines is compiled for the vector unit")]
mod lanes;
mod layer;
mod mask;
mod on_cpu;
mod positions;
mod precision;
mod relative;
#[allow(clippy::inline_always, reason = "only what inlines is compiled for the vector unit")]
mod softmax;

pub use by_hand::Derivatives;
pub use classifier::SequenceClassifier;
pub use precision::Precision;
pub use relative::relative_bucket;
