use crate::error::ConfigProblem;
use crate::model::SequenceClassifier;
use crate::parameters::initialise;
use crate::{Classifier, Device};
use serde::{Deserialize, Serialize};

/// The families that share this encoder, named as `config.json`'s `model_type` names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// RoBERTa.
    #[default]
    Roberta,
    /// XLM-RoBERTa: RoBERTa with a vocabulary of many languages.
    XlmRoberta,
    /// CamemBERT: RoBERTa for French.
    Camembert,
    /// BERT: positions from 0, a pooler under the classifier.
    Bert,
    /// MPNet: RoBERTa's positions plus a relative attention bias that all layers share.
    Mpnet,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 5] =
        [Family::Roberta, Family::XlmRoberta, Family::Camembert, Family::Bert, Family::Mpnet];

    /// The name in `config.json`.
    pub const fn model_type(self) -> &'static str {
        match self {
            Family::Roberta => "roberta",
            Family::XlmRoberta => "xlm-roberta",
            Family::Camembert => "camembert",
            Family::Bert => "bert",
            Family::Mpnet => "mpnet",
        }
    }

    /// Whether positions are counted from the padding id, over tokens that are not padding.
    pub const fn positions_follow_padding(self) -> bool {
        !matches!(self, Family::Bert)
    }

    /// Whether token type embeddings are part of the input.
    pub const fn has_token_types(self) -> bool {
        !matches!(self, Family::Mpnet)
    }
}

/// What of a song the head reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The first token, as Hugging Face's classes do.
    #[default]
    First,
    /// The mean of all tokens that are not padding, which sentence encoders are trained for.
    Mean,
}

/// Sizes and constants of an encoder with its head. Also the `[model.scratch]` section of a
/// recipe; the defaults are roberta-base's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Architecture {
    /// Family.
    pub family: Family,
    /// Number of token embeddings.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads a layer.
    pub heads: usize,
    /// Width inside the feed-forward block.
    pub intermediate_size: usize,
    /// Rows of the position embedding table, RoBERTa's offset included.
    pub max_positions: usize,
    /// Rows of the token type table; without meaning for MPNet.
    pub type_vocab_size: usize,
    /// Id of the padding token.
    pub pad_token_id: usize,
    /// Added to the variance in layer norms.
    pub layer_norm_eps: f64,
    /// Dropout after embeddings and blocks.
    pub hidden_dropout: f64,
    /// Dropout on attention probabilities.
    pub attention_dropout: f64,
    /// Dropout in the head; `None` is `hidden_dropout`. MPNet has no such key and uses
    /// `hidden_dropout`.
    pub classifier_dropout: Option<f64>,
    /// What of a song the head reads. transformers knows the first token only.
    pub pooling: Pooling,
    /// Width of the head's dense layer; `None` is `hidden_size`. transformers builds no other
    /// width, and BERT's pooler has none.
    pub head_width: Option<usize>,
    /// Standard deviation of fresh weights.
    pub initializer_range: f64,
    /// Buckets of MPNet's relative attention bias.
    pub relative_attention_buckets: usize,
    /// Label names, in the order of the logits.
    pub labels: Vec<String>,
}

impl Default for Architecture {
    fn default() -> Self {
        Self {
            family: Family::Roberta,
            vocab_size: 50_265,
            hidden_size: 768,
            layers: 12,
            heads: 12,
            intermediate_size: 3072,
            max_positions: 514,
            type_vocab_size: 1,
            pad_token_id: 1,
            layer_norm_eps: 1e-5,
            hidden_dropout: 0.1,
            attention_dropout: 0.1,
            classifier_dropout: None,
            pooling: Pooling::First,
            head_width: None,
            initializer_range: 0.02,
            relative_attention_buckets: 32,
            labels: Vec::new(),
        }
    }
}

impl Architecture {
    /// Builds the classifier with fresh weights, drawn from the device's seed: normal with
    /// deviation `initializer_range`, zero biases, zero padding rows, as transformers does.
    ///
    /// The architecture must have no [`problems`](Self::problems).
    pub fn init(&self, device: &Device) -> Classifier {
        initialise(SequenceClassifier::lazy(self, device))
    }

    /// Longest input in tokens: `max_positions` less the rows that RoBERTa's numbering skips.
    pub fn max_tokens(&self) -> usize {
        let skipped =
            if self.family.positions_follow_padding() { self.pad_token_id + 1 } else { 0 };
        self.max_positions.saturating_sub(skipped)
    }

    /// Floating-point operations of the layers' forward pass for one token of an input of `length`
    /// tokens: two for each weight of a product, and two each for scores and their use.
    pub fn operations_per_token(&self, length: usize) -> f64 {
        let (width, inner) = (self.hidden_size as f64, self.intermediate_size as f64);
        let weights = 4.0 * width * width + 2.0 * width * inner;
        self.layers as f64 * 2.0 * (weights + 2.0 * length as f64 * width)
    }

    /// Width of the head's dense layer.
    pub fn head_width(&self) -> usize {
        self.head_width.unwrap_or(self.hidden_size)
    }

    /// Width of one attention head.
    pub fn head_size(&self) -> usize {
        self.hidden_size / self.heads
    }

    /// Dropout in the head.
    pub fn head_dropout(&self) -> f64 {
        match self.family {
            Family::Mpnet => self.hidden_dropout,
            _ => self.classifier_dropout.unwrap_or(self.hidden_dropout),
        }
    }

    /// Every value that cannot be built. Empty `labels` are not among them: they may be set
    /// later, and a classifier without labels is refused where it is built.
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = self.size_problems();
        problems.extend(self.constant_problems());
        problems.extend(self.family_problems());
        problems
    }

    fn size_problems(&self) -> Vec<ConfigProblem> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("layers", self.layers),
            ("heads", self.heads),
            ("intermediate_size", self.intermediate_size),
            ("max_positions", self.max_positions),
            ("head_width", self.head_width()),
        ];
        let zero = sizes.into_iter().filter(|&(_, size)| size == 0);
        let mut problems: Vec<_> = zero.map(|(key, _)| problem(key, "is 0".to_owned())).collect();
        if self.heads > 0 && !self.hidden_size.is_multiple_of(self.heads) {
            let message = format!("is {}, which does not divide {}", self.heads, self.hidden_size);
            problems.push(problem("heads", message));
        }
        problems
    }

    fn constant_problems(&self) -> Vec<ConfigProblem> {
        let dropouts = [
            ("hidden_dropout", self.hidden_dropout),
            ("attention_dropout", self.attention_dropout),
            ("classifier_dropout", self.head_dropout()),
        ];
        let bad = dropouts.into_iter().filter(|(_, p)| !(0.0..1.0).contains(p));
        let mut problems: Vec<_> = bad
            .map(|(key, p)| problem(key, format!("is {p}, expected 0 or more, below 1")))
            .collect();
        let positive = [
            ("layer_norm_eps", self.layer_norm_eps),
            ("initializer_range", self.initializer_range),
        ];
        let bad = positive.into_iter().filter(|(_, value)| !(value.is_finite() && *value > 0.0));
        problems.extend(bad.map(|(key, v)| problem(key, format!("is {v}, expected above 0"))));
        problems
    }

    fn family_problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        if self.pad_token_id >= self.vocab_size {
            let message =
                format!("is {}, outside the vocabulary of {}", self.pad_token_id, self.vocab_size);
            problems.push(problem("pad_token_id", message));
        }
        if self.max_tokens() == 0 && self.max_positions > 0 {
            problems.push(problem("max_positions", "leaves no position for a token".to_owned()));
        }
        if self.family.has_token_types() && self.type_vocab_size == 0 {
            problems.push(problem("type_vocab_size", "is 0".to_owned()));
        }
        if self.family == Family::Bert && self.head_width() != self.hidden_size {
            let message =
                format!("is {}, but BERT's pooler is {} wide", self.head_width(), self.hidden_size);
            problems.push(problem("head_width", message));
        }
        if self.family == Family::Mpnet && self.relative_attention_buckets < 4 {
            let message = format!("is {}, expected 4 or more", self.relative_attention_buckets);
            problems.push(problem("relative_attention_buckets", message));
        }
        problems
    }
}

fn problem(key: &'static str, message: String) -> ConfigProblem {
    ConfigProblem { key, message }
}
