//! `config.json`: Hugging Face names outside, ours inside.

use crate::architecture::{Architecture, Family, Pooling};
use crate::error::{ConfigProblem, Error};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The keys that are read; transformers leaves out those at their default.
#[derive(Deserialize)]
struct Raw {
    model_type: Option<String>,
    vocab_size: Option<usize>,
    hidden_size: Option<usize>,
    num_hidden_layers: Option<usize>,
    num_attention_heads: Option<usize>,
    intermediate_size: Option<usize>,
    max_position_embeddings: Option<usize>,
    type_vocab_size: Option<usize>,
    pad_token_id: Option<usize>,
    layer_norm_eps: Option<f64>,
    hidden_dropout_prob: Option<f64>,
    attention_probs_dropout_prob: Option<f64>,
    classifier_dropout: Option<f64>,
    head_width: Option<usize>,
    pooling: Option<Pooling>,
    initializer_range: Option<f64>,
    relative_attention_num_buckets: Option<usize>,
    hidden_act: Option<String>,
    position_embedding_type: Option<String>,
    is_decoder: Option<bool>,
    id2label: Option<BTreeMap<String, String>>,
    num_labels: Option<usize>,
}

impl Architecture {
    /// Reads the text of a `config.json`; `path` is for messages.
    pub fn from_hugging_face(json: &str, path: &Path) -> Result<Self, Error> {
        let raw: Raw = serde_json::from_str(json)
            .map_err(|source| Error::ConfigJson { path: path.to_owned(), source })?;
        let family = raw.family(path)?;
        let mut problems = raw.unsupported();
        let labels = raw.labels().unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        let architecture = raw.into_architecture(family, labels);
        problems.extend(architecture.problems());
        if problems.is_empty() {
            Ok(architecture)
        } else {
            Err(Error::ConfigValues { path: path.to_owned(), problems })
        }
    }

    /// A `config.json` that transformers and text-embeddings-inference load unchanged, but for a
    /// `head_width` or a `pooling` that they do not know.
    pub fn to_hugging_face(&self) -> Value {
        let mut config = self.sizes();
        config.extend(self.classification());
        if self.family.has_token_types() {
            config.insert("type_vocab_size".into(), json!(self.type_vocab_size));
        }
        if self.family == Family::Mpnet {
            let buckets = json!(self.relative_attention_buckets);
            config.insert("relative_attention_num_buckets".into(), buckets);
        } else {
            config.insert("position_embedding_type".into(), json!("absolute"));
            config.insert("classifier_dropout".into(), json!(self.classifier_dropout));
            config.insert("use_cache".into(), json!(true));
        }
        if self.pooling != Pooling::First {
            config.insert("pooling".into(), json!(self.pooling));
        }
        if let Some(width) = self.head_width {
            config.insert("head_width".into(), json!(width));
        }
        Value::Object(config)
    }

    fn sizes(&self) -> Map<String, Value> {
        object(json!({
            "model_type": self.family.model_type(),
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.intermediate_size,
            "max_position_embeddings": self.max_positions,
            "pad_token_id": self.pad_token_id,
            "layer_norm_eps": self.layer_norm_eps,
            "hidden_dropout_prob": self.hidden_dropout,
            "attention_probs_dropout_prob": self.attention_dropout,
            "initializer_range": self.initializer_range,
            "hidden_act": "gelu",
            "torch_dtype": "float32",
        }))
    }

    fn classification(&self) -> Map<String, Value> {
        let labels = self.labels.iter().enumerate();
        let id2label: Map<_, _> =
            labels.clone().map(|(id, label)| (id.to_string(), json!(label))).collect();
        let label2id: Map<_, _> = labels.map(|(id, label)| (label.clone(), json!(id))).collect();
        object(json!({
            "architectures": [self.family.transformers_class()],
            "problem_type": "multi_label_classification",
            "id2label": id2label,
            "label2id": label2id,
        }))
    }
}

impl Family {
    const fn transformers_class(self) -> &'static str {
        match self {
            Family::Roberta => "RobertaForSequenceClassification",
            Family::XlmRoberta => "XLMRobertaForSequenceClassification",
            Family::Camembert => "CamembertForSequenceClassification",
            Family::Bert => "BertForSequenceClassification",
            Family::Mpnet => "MPNetForSequenceClassification",
        }
    }

    /// transformers' defaults, for keys that a `config.json` leaves out.
    fn defaults(self) -> Architecture {
        let (vocab_size, pad_token_id) = match self {
            Family::Roberta => (50_265, 1),
            Family::XlmRoberta | Family::Camembert => (30_522, 1),
            Family::Bert => (30_522, 0),
            Family::Mpnet => (30_527, 1),
        };
        Architecture {
            family: self,
            vocab_size,
            max_positions: 512,
            type_vocab_size: 2,
            pad_token_id,
            layer_norm_eps: 1e-12,
            ..Architecture::default()
        }
    }
}

impl Raw {
    fn family(&self, path: &Path) -> Result<Family, Error> {
        let known =
            |name: &&str| Family::ALL.into_iter().find(|family| family.model_type() == *name);
        self.model_type.as_deref().as_ref().and_then(known).ok_or_else(|| Error::UnknownFamily {
            path: path.to_owned(),
            found: self.model_type.clone(),
        })
    }

    /// Values that name something this encoder does not compute.
    fn unsupported(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        if let Some(act) = self.hidden_act.as_deref().filter(|&act| act != "gelu") {
            problems.push(expected("hidden_act", act, "gelu"));
        }
        let position = self.position_embedding_type.as_deref();
        if let Some(kind) = position.filter(|&kind| kind != "absolute") {
            problems.push(expected("position_embedding_type", kind, "absolute"));
        }
        if self.is_decoder == Some(true) {
            problems.push(expected("is_decoder", "true", "false"));
        }
        problems
    }

    /// Labels by id: `id2label`, else `LABEL_i` as transformers names them.
    fn labels(&self) -> Result<Vec<String>, ConfigProblem> {
        let Some(map) = &self.id2label else {
            let count = self.num_labels.unwrap_or(2);
            return Ok((0..count).map(|id| format!("LABEL_{id}")).collect());
        };
        let label = |id: usize| map.get(&id.to_string()).cloned();
        let labels: Option<Vec<_>> = (0..map.len()).map(label).collect();
        labels.ok_or_else(|| ConfigProblem {
            key: "id2label",
            message: format!(
                "has {} labels, but their ids are not 0 to {}",
                map.len(),
                map.len() - 1
            ),
        })
    }

    fn into_architecture(self, family: Family, labels: Vec<String>) -> Architecture {
        let default = family.defaults();
        Architecture {
            family,
            vocab_size: self.vocab_size.unwrap_or(default.vocab_size),
            hidden_size: self.hidden_size.unwrap_or(default.hidden_size),
            layers: self.num_hidden_layers.unwrap_or(default.layers),
            heads: self.num_attention_heads.unwrap_or(default.heads),
            intermediate_size: self.intermediate_size.unwrap_or(default.intermediate_size),
            max_positions: self.max_position_embeddings.unwrap_or(default.max_positions),
            type_vocab_size: self.type_vocab_size.unwrap_or(default.type_vocab_size),
            pad_token_id: self.pad_token_id.unwrap_or(default.pad_token_id),
            layer_norm_eps: self.layer_norm_eps.unwrap_or(default.layer_norm_eps),
            hidden_dropout: self.hidden_dropout_prob.unwrap_or(default.hidden_dropout),
            attention_dropout: self
                .attention_probs_dropout_prob
                .unwrap_or(default.attention_dropout),
            classifier_dropout: self.classifier_dropout,
            pooling: self.pooling.unwrap_or_default(),
            head_width: self.head_width,
            initializer_range: self.initializer_range.unwrap_or(default.initializer_range),
            relative_attention_buckets: self
                .relative_attention_num_buckets
                .unwrap_or(default.relative_attention_buckets),
            labels,
        }
    }
}

fn expected(key: &'static str, found: &str, expected: &str) -> ConfigProblem {
    ConfigProblem { key, message: format!("is `{found}`, expected `{expected}`") }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The defaults of transformers 5.23's configuration classes.
    #[test]
    fn keys_left_out_are_at_transformers_defaults() {
        let expected = [
            (Family::Roberta, 50_265, 1),
            (Family::XlmRoberta, 30_522, 1),
            (Family::Camembert, 30_522, 1),
            (Family::Bert, 30_522, 0),
            (Family::Mpnet, 30_527, 1),
        ];
        for (family, vocab_size, pad_token_id) in expected {
            let text = json!({ "model_type": family.model_type() }).to_string();
            let read = Architecture::from_hugging_face(&text, Path::new("config.json"));
            let architecture = read.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                (architecture.vocab_size, architecture.pad_token_id),
                (vocab_size, pad_token_id)
            );
            assert_eq!((architecture.max_positions, architecture.type_vocab_size), (512, 2));
            assert_eq!(architecture.labels, ["LABEL_0", "LABEL_1"]);
        }
    }
}
