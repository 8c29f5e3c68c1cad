use canto_evaluate::Metric;
use canto_song::Problem;
use serde::{Deserialize, Serialize};

/// The `[train]` section of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training songs.
    pub epochs: usize,
    /// Songs in one forward and backward pass.
    pub micro_batch: usize,
    /// Micro-batches in one optimiser step; the effective batch is `micro_batch × accumulation`.
    pub accumulation: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// How the learning rate falls after warm-up.
    pub schedule: ScheduleKind,
    /// Share of all optimiser steps over which the rate rises from 0, 0 to 1.
    pub warmup_ratio: f64,
    /// The learning rate of each layer is this much of that of the layer above; the head has the
    /// whole.
    pub layer_decay: f64,
    /// So many of the lowest layers, and the embeddings with them, stay as they are. Where that is
    /// all of them, each song is read once, without dropout, and only the head learns from it.
    pub frozen_layers: usize,
    /// Decoupled weight decay; biases and layer norms have none.
    pub weight_decay: f64,
    /// AdamW's decay of the first moment.
    pub beta1: f64,
    /// AdamW's decay of the second moment.
    pub beta2: f64,
    /// AdamW's term against division by zero.
    pub epsilon: f64,
    /// Largest global L2 norm of the gradients; 0 leaves them as they are.
    pub max_grad_norm: f64,
    /// The loss of a label.
    pub loss: LossKind,
    /// `focal`: how much less sure predictions count.
    pub focal_gamma: f64,
    /// `asymmetric`: how much less sure positives count.
    pub asymmetric_gamma_positive: f64,
    /// `asymmetric`: how much less sure negatives count.
    pub asymmetric_gamma_negative: f64,
    /// `asymmetric`: negatives with a probability below this count nothing.
    pub asymmetric_margin: f64,
    /// Each target is drawn this far towards one half: y · (1 − s) + s / 2.
    pub label_smoothing: f64,
    /// Weight of positive targets in the loss.
    pub pos_weight: PosWeight,
    /// Largest weight that `pos_weight = "balanced"` gives.
    pub pos_weight_max: f64,
    /// Number format of the matrix products.
    pub precision: Precision,
    /// Optimiser steps between validations; 0 validates after each epoch.
    pub validate_every: usize,
    /// The metric that picks the best checkpoint.
    pub best_metric: Metric,
    /// Threshold at which validation computes the metrics that need one.
    pub metric_threshold: f32,
    /// Validations without a better metric before training stops; 0 never stops early.
    pub patience: usize,
    /// Optimiser steps between log lines.
    pub log_every: usize,
}

/// How the learning rate falls after warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// To 0 at the last step, in a straight line.
    Linear,
    /// To 0 at the last step, as half a cosine.
    Cosine,
    /// Not at all.
    Constant,
}

/// The loss of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// Binary cross-entropy.
    Bce,
    /// Focal loss.
    Focal,
    /// Asymmetric loss.
    Asymmetric,
}

/// Weight of positive targets in the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PosWeight {
    /// 1 for every label.
    None,
    /// Negatives divided by positives among the training songs, a label at a time.
    Balanced,
}

/// Number format of the matrix products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision throughout.
    F32,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 3,
            micro_batch: 16,
            accumulation: 1,
            learning_rate: 2e-5,
            schedule: ScheduleKind::Linear,
            warmup_ratio: 0.0,
            layer_decay: 1.0,
            frozen_layers: 0,
            weight_decay: 0.01,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            max_grad_norm: 1.0,
            loss: LossKind::Bce,
            focal_gamma: 2.0,
            asymmetric_gamma_positive: 0.0,
            asymmetric_gamma_negative: 4.0,
            asymmetric_margin: 0.05,
            label_smoothing: 0.0,
            pos_weight: PosWeight::None,
            pos_weight_max: 10.0,
            precision: Precision::F32,
            validate_every: 0,
            best_metric: Metric::default(),
            metric_threshold: 0.5,
            patience: 0,
            log_every: 10,
        }
    }
}

impl TrainConfig {
    /// Every value out of range.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut check = |ok: bool, key: &str, found: String, expected: &str| {
            if !ok {
                problems.push(Problem::new(key, format!("is `{found}`, expected {expected}")));
            }
        };
        for (key, value) in [
            ("epochs", self.epochs),
            ("micro_batch", self.micro_batch),
            ("accumulation", self.accumulation),
            ("log_every", self.log_every),
        ] {
            check(value > 0, key, value.to_string(), "at least 1");
        }
        for (key, value) in [
            ("learning_rate", self.learning_rate),
            ("epsilon", self.epsilon),
            ("pos_weight_max", self.pos_weight_max),
        ] {
            check(value.is_finite() && value > 0.0, key, value.to_string(), "a number above 0");
        }
        for (key, value) in [
            ("weight_decay", self.weight_decay),
            ("max_grad_norm", self.max_grad_norm),
            ("focal_gamma", self.focal_gamma),
            ("asymmetric_gamma_positive", self.asymmetric_gamma_positive),
            ("asymmetric_gamma_negative", self.asymmetric_gamma_negative),
        ] {
            check(value.is_finite() && value >= 0.0, key, value.to_string(), "0 or more");
        }
        for (key, value) in [
            ("beta1", self.beta1),
            ("beta2", self.beta2),
            ("asymmetric_margin", self.asymmetric_margin),
            ("label_smoothing", self.label_smoothing),
        ] {
            check((0.0..1.0).contains(&value), key, value.to_string(), "0 or more and below 1");
        }
        for (key, value) in [
            ("warmup_ratio", self.warmup_ratio),
            ("metric_threshold", f64::from(self.metric_threshold)),
        ] {
            check((0.0..=1.0).contains(&value), key, value.to_string(), "between 0 and 1");
        }
        let decays = self.layer_decay > 0.0 && self.layer_decay <= 1.0;
        check(decays, "layer_decay", self.layer_decay.to_string(), "above 0 and at most 1");
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_sound() {
        assert_eq!(TrainConfig::default().problems(), []);
    }

    #[test]
    fn every_problem_is_named() {
        let config = TrainConfig {
            epochs: 0,
            learning_rate: -1.0,
            beta2: 1.0,
            warmup_ratio: f64::NAN,
            ..TrainConfig::default()
        };
        let paths: Vec<_> = config.problems().into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["epochs", "learning_rate", "beta2", "warmup_ratio"]);
    }
}
