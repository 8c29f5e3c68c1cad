use canto_encoder::Precision;
use canto_evaluate::Metric;
use canto_song::Problem;
use serde::{Deserialize, Serialize};

/// The `[train]` section of a recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training songs.
    pub epochs: usize,
    /// Songs in one optimiser step, near one another in length; their gradients are accumulated
    /// over as many passes as memory asks for.
    pub effective_batch: usize,
    /// Windows of full length in one forward and backward pass; shorter ones go as many at a time
    /// as make the same number of tokens. `auto`: the most that fit into memory.
    pub micro_batch: MicroBatchSize,
    /// Computes activations a second time in the backward pass instead of keeping them.
    pub activation_checkpointing: bool,
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
    /// `distribution_balanced`: α, the least weight of a label.
    pub balanced_alpha: f64,
    /// `distribution_balanced`: β, how steeply the weight rises.
    pub balanced_beta: f64,
    /// `distribution_balanced`: μ, the share at which it is half way up.
    pub balanced_mu: f64,
    /// `distribution_balanced`: λ, how much less negatives count, the surer they are.
    pub balanced_lambda: f64,
    /// `distribution_balanced`: κ, how much lower the logit of a rare label counts than it is.
    pub balanced_kappa: f64,
    /// Each target is drawn this far towards one half: y · (1 − s) + s / 2.
    pub label_smoothing: f64,
    /// Weight of positive targets in the loss.
    pub pos_weight: PosWeight,
    /// Largest weight that `pos_weight = "balanced"` gives.
    pub pos_weight_max: f64,
    /// Number format of the layers' matrix products.
    pub precision: Precision,
    /// `f16`: what the loss is multiplied by at first, so that small gradients are not lost.
    pub loss_scale: f64,
    /// `f16`: optimiser steps without an overflow after which the scale doubles.
    pub loss_scale_growth: usize,
    /// Weights are averaged over steps with this decay, and the average is what is validated and
    /// kept; 0: no average.
    pub ema_decay: f64,
    /// Optimiser steps between validations; 0 validates after each epoch.
    pub validate_every: usize,
    /// The metric that picks the best checkpoint.
    pub best_metric: Metric,
    /// Threshold at which validation computes the metrics that need one.
    pub metric_threshold: f32,
    /// Validations without a better metric before training stops; 0 never stops early.
    pub patience: usize,
    /// Compares the device with the CPU on two songs before the first step, where the two differ.
    pub canary: bool,
    /// Optimiser steps between checkpoints to go on from, besides one at each validation; 0: no
    /// others.
    pub checkpoint_every: usize,
    /// Checkpoints to go on from that are kept, the newest.
    pub keep_checkpoints: usize,
    /// Optimiser steps between log lines. The device is waited for at these steps only, but in
    /// `f16`, where each step's overflow decides the next.
    pub log_every: usize,
}

/// Windows of full length in one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MicroBatchText", into = "MicroBatchText")]
pub enum MicroBatchSize {
    /// The most that fit into memory.
    Auto,
    /// So many.
    Windows(usize),
}

/// As it stands in a recipe.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum MicroBatchText {
    Number(usize),
    Word(String),
}

impl TryFrom<MicroBatchText> for MicroBatchSize {
    type Error = String;

    fn try_from(text: MicroBatchText) -> Result<Self, String> {
        match text {
            MicroBatchText::Number(windows) => Ok(Self::Windows(windows)),
            MicroBatchText::Word(word) if word == "auto" => Ok(Self::Auto),
            MicroBatchText::Word(word) => {
                Err(format!("is `{word}`, expected a number of windows or `auto`"))
            }
        }
    }
}

impl From<MicroBatchSize> for MicroBatchText {
    fn from(size: MicroBatchSize) -> Self {
        match size {
            MicroBatchSize::Auto => Self::Word("auto".to_owned()),
            MicroBatchSize::Windows(windows) => Self::Number(windows),
        }
    }
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
    /// Distribution-balanced loss.
    DistributionBalanced,
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

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 3,
            effective_batch: 16,
            micro_batch: MicroBatchSize::Auto,
            activation_checkpointing: false,
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
            balanced_alpha: 0.1,
            balanced_beta: 10.0,
            balanced_mu: 0.2,
            balanced_lambda: 5.0,
            balanced_kappa: 0.05,
            label_smoothing: 0.0,
            pos_weight: PosWeight::None,
            pos_weight_max: 10.0,
            precision: Precision::F32,
            loss_scale: 65_536.0,
            loss_scale_growth: 2_000,
            ema_decay: 0.0,
            validate_every: 0,
            best_metric: Metric::default(),
            metric_threshold: 0.5,
            patience: 0,
            canary: true,
            checkpoint_every: 0,
            keep_checkpoints: 1,
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
            ("effective_batch", self.effective_batch),
            ("loss_scale_growth", self.loss_scale_growth),
            ("keep_checkpoints", self.keep_checkpoints),
            ("log_every", self.log_every),
        ] {
            check(value > 0, key, value.to_string(), "at least 1");
        }
        for (key, value) in [
            ("learning_rate", self.learning_rate),
            ("epsilon", self.epsilon),
            ("pos_weight_max", self.pos_weight_max),
            ("loss_scale", self.loss_scale),
            ("balanced_lambda", self.balanced_lambda),
        ] {
            check(value.is_finite() && value > 0.0, key, value.to_string(), "a number above 0");
        }
        for (key, value) in [
            ("weight_decay", self.weight_decay),
            ("max_grad_norm", self.max_grad_norm),
            ("focal_gamma", self.focal_gamma),
            ("asymmetric_gamma_positive", self.asymmetric_gamma_positive),
            ("asymmetric_gamma_negative", self.asymmetric_gamma_negative),
            ("balanced_alpha", self.balanced_alpha),
            ("balanced_beta", self.balanced_beta),
            ("balanced_kappa", self.balanced_kappa),
        ] {
            check(value.is_finite() && value >= 0.0, key, value.to_string(), "0 or more");
        }
        for (key, value) in [
            ("beta1", self.beta1),
            ("beta2", self.beta2),
            ("asymmetric_margin", self.asymmetric_margin),
            ("label_smoothing", self.label_smoothing),
            ("ema_decay", self.ema_decay),
        ] {
            check((0.0..1.0).contains(&value), key, value.to_string(), "0 or more and below 1");
        }
        for (key, value) in [
            ("warmup_ratio", self.warmup_ratio),
            ("balanced_mu", self.balanced_mu),
            ("metric_threshold", f64::from(self.metric_threshold)),
        ] {
            check((0.0..=1.0).contains(&value), key, value.to_string(), "between 0 and 1");
        }
        let empty = self.micro_batch == MicroBatchSize::Windows(0);
        check(!empty, "micro_batch", "0".to_owned(), "at least 1 or `auto`");
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
    fn a_micro_batch_is_a_number_or_auto() {
        let read = |text: &str| serde_json::from_str::<MicroBatchSize>(text);
        assert_eq!(read("8").unwrap(), MicroBatchSize::Windows(8));
        assert_eq!(read("\"auto\"").unwrap(), MicroBatchSize::Auto);
        let refused = read("\"all\"").unwrap_err().to_string();
        assert!(refused.contains("expected a number of windows or `auto`"), "{refused}");
        assert_eq!(serde_json::to_string(&MicroBatchSize::Auto).unwrap(), "\"auto\"");
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
