//! The weights, laid out once.

use crate::blocks::Limits;
use crate::config::Precision;
use crate::names::{Names, Part};
use crate::relative;
use crate::source::{Matrix, Source};
use crate::table::Table;
use canto_encoder::{Architecture, Family, Pooling};
use canto_kernels::{
    Dense, FirstToken, Int8Weights, LayerNorm, Level, RelativeBias, quantise_weights,
};
use rayon::prelude::*;

/// A classifier's weights.
pub(crate) struct Model {
    pub(crate) words: Table,
    /// [positions, width], the first token type's row added.
    pub(crate) positions: Vec<f32>,
    pub(crate) embedding_norm: LayerNorm,
    pub(crate) relative: Option<RelativeBias>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) inner: Dense,
    pub(crate) projection: Dense,
    /// Of the blocks of rows that its layers are computed in.
    pub(crate) limits: Limits,
    /// Whether rows are multiplied in pairs, so that each window must begin at an even one.
    pub(crate) pairs: bool,
}

/// One layer's weights.
pub(crate) struct Layer {
    pub(crate) attention: Projections,
    pub(crate) attention_output: Dense,
    pub(crate) attention_norm: LayerNorm,
    pub(crate) intermediate: Dense,
    pub(crate) output: Dense,
    pub(crate) norm: LayerNorm,
}

/// What makes queries, keys and values; the query comes scaled for attention.
pub(crate) enum Projections {
    /// All three in one product.
    Joint(Dense),
    /// Where only the first token's output is read: its query, and its attention.
    First { query: Dense, attention: FirstToken },
}

impl Projections {
    /// What every token needs.
    pub(crate) fn of_all(&self) -> Option<&Dense> {
        match self {
            Self::Joint(dense) => Some(dense),
            Self::First { .. } => None,
        }
    }
}

/// Lays out the weights.
pub(crate) struct Builder<'a> {
    pub(crate) source: &'a Source<'a>,
    pub(crate) architecture: &'a Architecture,
    pub(crate) names: Names,
    pub(crate) level: Level,
    /// Never [`Precision::Auto`].
    pub(crate) precision: Precision,
}

impl Builder<'_> {
    pub(crate) fn model(&self) -> Model {
        let (source, architecture) = (self.source, self.architecture);
        let width = architecture.hidden_size;
        let words = self.names.embedding("word_embeddings.weight");
        let relative = (architecture.family == Family::Mpnet).then(|| {
            let table = source.values(&self.names.relative());
            relative::bias(&table, architecture.heads, architecture.max_tokens())
        });
        let [inner, projection] = self.names.head();
        Model {
            words: Table::new(source, &words, width),
            positions: self.positions(),
            embedding_norm: self.norm(&self.names.embedding("LayerNorm")),
            relative,
            layers: (0..architecture.layers)
                .into_par_iter()
                .map(|layer| self.layer(layer))
                .collect(),
            inner: self.head(inner, width),
            projection: self.head(projection, architecture.head_width()),
            limits: limits(self.precision),
            pairs: self.precision == Precision::F32 && Dense::takes_pairs(self.level),
        }
    }

    fn positions(&self) -> Vec<f32> {
        let table = |part| self.source.values(&self.names.embedding(part));
        let mut positions = table("position_embeddings.weight");
        let types = table("token_type_embeddings.weight");
        for position in positions.chunks_mut(self.architecture.hidden_size) {
            for (x, kind) in position.iter_mut().zip(&types) {
                *x += kind;
            }
        }
        positions
    }

    fn layer(&self, layer: usize) -> Layer {
        let name = |part| self.names.layer(layer, part);
        let (width, inner) = (self.architecture.hidden_size, self.architecture.intermediate_size);
        let scale = (self.architecture.head_size() as f32).sqrt().recip();
        let query = Piece { scale, ..Piece::plain(name(Part::Query)) };
        // A key's bias adds the same to all scores of a query, which is nothing to their softmax,
        // and takes steps from keys in integers.
        let key = Piece { biased: false, ..Piece::plain(name(Part::Key)) };
        let value = Piece::plain(name(Part::Value));
        let is_last = layer + 1 == self.architecture.layers;
        let first_only = is_last && self.architecture.pooling == Pooling::First;
        // Of first tokens alone, neighbours would be of different windows.
        let pairs = !first_only;
        let attention = if first_only {
            let query = self.dense(&[query], width, pairs);
            let [key, value] = [key, value].map(|piece| [piece]);
            let [keys, values] = [&key, &value].map(|pieces| self.weights(pieces, width));
            let bias = self.bias(&value);
            let heads = self.architecture.heads;
            let attention = FirstToken::new(self.level, heads, &keys, &values, &bias);
            Projections::First { query, attention }
        } else {
            Projections::Joint(self.dense(&[query, key, value], width, pairs))
        };
        let dense = |part, inputs, pairs| self.dense(&[Piece::plain(name(part))], inputs, pairs);
        Layer {
            attention,
            attention_output: dense(Part::AttentionOutput, width, pairs),
            attention_norm: self.norm(&name(Part::AttentionNorm)),
            intermediate: dense(Part::Intermediate, width, pairs),
            // What comes from GELU has values hundreds of times as large as the rest in a few places:
            // added to others it would cost them two digits.
            output: dense(Part::Output, inner, false),
            norm: self.norm(&name(Part::Norm)),
        }
    }

    fn norm(&self, name: &str) -> LayerNorm {
        LayerNorm {
            weight: self.source.values(&format!("{name}.weight")),
            bias: self.source.values(&format!("{name}.bias")),
            epsilon: self.architecture.layer_norm_eps as f32,
        }
    }

    /// In f32 whatever the rest is: it is small, and next to the result.
    fn head(&self, name: &str, inputs: usize) -> Dense {
        let weights = self.source.values(&format!("{name}.weight"));
        Dense::new(self.level, inputs, weights, self.source.values(&format!("{name}.bias")))
    }

    /// One dense layer of the outputs of several, in their order; `pairs` where rows may be
    /// multiplied in pairs.
    fn dense(&self, pieces: &[Piece], inputs: usize, pairs: bool) -> Dense {
        let bias = self.bias(pieces);
        match self.precision {
            Precision::Int8 => self.int8_dense(pieces, inputs, bias),
            Precision::Bf16 => Dense::bf16(self.level, inputs, &self.weights(pieces, inputs), bias),
            Precision::F32 | Precision::Auto => {
                let new = if pairs { Dense::of_pairs } else { Dense::new };
                new(self.level, inputs, self.weights(pieces, inputs), bias)
            }
        }
    }

    fn bias(&self, pieces: &[Piece]) -> Vec<f32> {
        let mut bias = Vec::new();
        for Piece { name, scale, biased } in pieces {
            let scale = if *biased { *scale } else { 0.0 };
            let values = self.source.values(&format!("{name}.bias"));
            bias.extend(values.into_iter().map(|x| x * scale));
        }
        bias
    }

    fn int8_dense(&self, pieces: &[Piece], inputs: usize, bias: Vec<f32>) -> Dense {
        let (mut values, mut scales) = (Vec::new(), Vec::new());
        for piece in pieces {
            self.read(piece, |matrix| {
                let (q, s) = int8(matrix, inputs);
                values.extend(q);
                scales.extend(s.into_iter().map(|s| s * piece.scale));
            });
        }
        let weights = Int8Weights { values: &values, scales: &scales };
        Dense::int8(self.level, inputs, weights, bias)
    }

    fn weights(&self, pieces: &[Piece], inputs: usize) -> Vec<f32> {
        let mut weights = Vec::new();
        for piece in pieces {
            self.read(piece, |matrix| {
                let values = matrix.values(inputs).into_iter();
                weights.extend(values.map(|x| x * piece.scale));
            });
        }
        weights
    }

    /// Reads a piece's weights, whose memory the file then gives back.
    fn read(&self, piece: &Piece, work: impl FnOnce(&Matrix<'_>)) {
        let name = format!("{}.weight", piece.name);
        work(&self.source.matrix(&name));
        self.source.release(&name);
    }
}

/// Of blocks of rows: wider weights must be read for more rows to cost as little.
fn limits(precision: Precision) -> Limits {
    match precision {
        Precision::Int8 => Limits { least: 24, most: 128 },
        Precision::Bf16 => Limits { least: 48, most: 192 },
        Precision::F32 | Precision::Auto => Limits { least: 96, most: 256 },
    }
}

/// A part of a dense layer, by what it is multiplied, and whether it has its bias.
struct Piece {
    name: String,
    scale: f32,
    biased: bool,
}

impl Piece {
    fn plain(name: String) -> Self {
        Self { name, scale: 1.0, biased: true }
    }
}

/// int8 weights [outputs, inputs] and the scale of each output.
pub(crate) fn int8(matrix: &Matrix<'_>, inputs: usize) -> (Vec<i8>, Vec<f32>) {
    if let Some(scales) = &matrix.scales {
        return (matrix.bytes.iter().map(|&q| q as i8).collect(), scales.clone());
    }
    let values = matrix.values(inputs);
    let mut q = vec![0; values.len()];
    let rows = values.chunks_exact(inputs.max(1)).zip(q.chunks_exact_mut(inputs.max(1)));
    let scales = rows.map(|(row, q)| quantise_weights(row, q)).collect();
    (q, scales)
}
