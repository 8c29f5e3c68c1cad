//! Hugging Face's names of a classifier's tensors, and their shapes.

use canto_encoder::names::prefix;
use canto_encoder::{Architecture, Family};

/// What follows the name of int8 weights in the name of their scales.
pub(crate) const SCALE: &str = "_scale";

/// Names of one family.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    family: Family,
}

/// The dense layers and norms of an encoder layer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Query,
    Key,
    Value,
    AttentionOutput,
    AttentionNorm,
    Intermediate,
    Output,
    Norm,
}

impl Names {
    pub(crate) fn new(family: Family) -> Self {
        Self { family }
    }

    /// A table or the norm of the embeddings.
    pub(crate) fn embedding(self, part: &str) -> String {
        format!("{}.embeddings.{part}", prefix(self.family))
    }

    pub(crate) fn relative(self) -> String {
        format!("{}.encoder.relative_attention_bias.weight", prefix(self.family))
    }

    /// Without `.weight` or `.bias`.
    pub(crate) fn layer(self, layer: usize, part: Part) -> String {
        let mpnet = self.family == Family::Mpnet;
        let name = match part {
            Part::Query if mpnet => "attention.attn.q",
            Part::Key if mpnet => "attention.attn.k",
            Part::Value if mpnet => "attention.attn.v",
            Part::AttentionOutput if mpnet => "attention.attn.o",
            Part::AttentionNorm if mpnet => "attention.LayerNorm",
            Part::Query => "attention.self.query",
            Part::Key => "attention.self.key",
            Part::Value => "attention.self.value",
            Part::AttentionOutput => "attention.output.dense",
            Part::AttentionNorm => "attention.output.LayerNorm",
            Part::Intermediate => "intermediate.dense",
            Part::Output => "output.dense",
            Part::Norm => "output.LayerNorm",
        };
        format!("{}.encoder.layer.{layer}.{name}", prefix(self.family))
    }

    /// The head's dense layer and its projection, without `.weight` or `.bias`.
    pub(crate) fn head(self) -> [&'static str; 2] {
        match self.family {
            Family::Bert => ["bert.pooler.dense", "classifier"],
            _ => ["classifier.dense", "classifier.out_proj"],
        }
    }
}

/// Whether the tensor may be int8: the word table and the layers' products.
pub(crate) fn may_be_int8(name: &str, rank: usize) -> bool {
    let layers = name.contains(".encoder.layer.") && name.ends_with(".weight") && rank == 2;
    layers || name.ends_with(".word_embeddings.weight")
}

/// Name and shape of every tensor of a classifier.
pub(crate) fn expected(architecture: &Architecture) -> Vec<(String, Vec<usize>)> {
    let names = Names::new(architecture.family);
    let (width, labels) = (architecture.hidden_size, architecture.labels.len());
    let mut tensors = embeddings(architecture, names);
    for layer in 0..architecture.layers {
        tensors.extend(layer_tensors(architecture, names, layer));
    }
    let [inner, projection] = names.head();
    dense(&mut tensors, inner, architecture.head_width(), width);
    dense(&mut tensors, projection, labels, architecture.head_width());
    tensors
}

fn embeddings(architecture: &Architecture, names: Names) -> Vec<(String, Vec<usize>)> {
    let width = architecture.hidden_size;
    let table = |part: &str, rows| (names.embedding(part), vec![rows, width]);
    let mut tensors = vec![
        table("word_embeddings.weight", architecture.vocab_size),
        table("position_embeddings.weight", architecture.max_positions),
        (names.embedding("LayerNorm.weight"), vec![width]),
        (names.embedding("LayerNorm.bias"), vec![width]),
    ];
    if architecture.family.has_token_types() {
        tensors.push(table("token_type_embeddings.weight", architecture.type_vocab_size));
    }
    if architecture.family == Family::Mpnet {
        let buckets = architecture.relative_attention_buckets;
        tensors.push((names.relative(), vec![buckets, architecture.heads]));
    }
    tensors
}

fn layer_tensors(
    architecture: &Architecture,
    names: Names,
    layer: usize,
) -> Vec<(String, Vec<usize>)> {
    let (width, inner) = (architecture.hidden_size, architecture.intermediate_size);
    let mut tensors = Vec::new();
    for part in [Part::Query, Part::Key, Part::Value, Part::AttentionOutput] {
        dense(&mut tensors, &names.layer(layer, part), width, width);
    }
    dense(&mut tensors, &names.layer(layer, Part::Intermediate), inner, width);
    dense(&mut tensors, &names.layer(layer, Part::Output), width, inner);
    for part in [Part::AttentionNorm, Part::Norm] {
        let name = names.layer(layer, part);
        tensors.push((format!("{name}.weight"), vec![width]));
        tensors.push((format!("{name}.bias"), vec![width]));
    }
    tensors
}

fn dense(tensors: &mut Vec<(String, Vec<usize>)>, name: &str, outputs: usize, inputs: usize) {
    tensors.push((format!("{name}.weight"), vec![outputs, inputs]));
    tensors.push((format!("{name}.bias"), vec![outputs]));
}
