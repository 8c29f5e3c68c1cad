//! From a lyric to the rows a model reads: tokens, windows, length buckets, padded batches.
//!
//! Owns the tokenizer file (a Hugging Face `tokenizer.json`), the training of a byte-level BPE,
//! the cutting of long songs and the order of an epoch. Truncation and padding are decided here,
//! whatever the tokenizer file says. Knows nothing of models, losses or labels.

mod bpe;
mod buckets;
mod collate;
mod config;
mod error;
mod merges;
mod order;
mod pieces;
mod tokenizer;
mod window;

pub use buckets::Buckets;
pub use collate::{Batch, PaddingWaste, collate, inference_batches};
pub use config::{BatchConfig, Window};
pub use error::Error;
pub use order::EpochOrder;
pub use tokenizer::LyricTokenizer;
pub use window::{Tokenized, Windows};
