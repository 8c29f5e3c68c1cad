use crate::config::{PosWeight, TrainConfig};
use crate::gradients::Gradients;
use crate::loss::{Loss, positive_weights, smoothed};
use crate::micro_batch::{Input, MicroBatch};
use burn::prelude::*;
use canto_encoder::{Backend, Classifier, Device};
use canto_song::GenreSet;

/// What each pass through the model is judged by.
pub(crate) struct Criterion {
    loss: Loss,
    label_smoothing: f64,
    pos_weight: Option<Vec<f32>>,
}

/// The loss of each pass, shape `[1]`, and the sum of their gradients.
pub(crate) type Backward = (Vec<Tensor<Backend, 1>>, Gradients);

impl Criterion {
    pub(crate) fn new(config: &TrainConfig, targets: &[GenreSet]) -> Self {
        let balanced = config.pos_weight == PosWeight::Balanced;
        let weights = || positive_weights(targets, config.pos_weight_max);
        Self {
            loss: Loss::new(config, targets),
            label_smoothing: config.label_smoothing,
            pos_weight: balanced.then(|| weights().into_iter().map(|w| w as f32).collect()),
        }
    }

    /// Forward and back through all of `passes`, one after the other.
    ///
    /// The loss is the mean over `songs` songs, however they are spread over passes: each pass is
    /// divided by them all, not by its own. Gradients are those of the loss times `scale`.
    pub(crate) fn backward(
        &self,
        model: &Classifier,
        device: &Device,
        passes: &[&MicroBatch],
        songs: usize,
        scale: f64,
    ) -> Backward {
        let mut gradients = Gradients::default();
        let mut losses = Vec::with_capacity(passes.len());
        for pass in passes {
            let share = self.cost(model, device, pass).div_scalar(songs as f64);
            losses.push(share.clone().inner());
            gradients.add(Gradients::of(&share.mul_scalar(scale), model));
        }
        (losses, gradients)
    }

    /// Sum over the songs of a pass of their losses, shape `[1]`.
    pub(crate) fn cost(
        &self,
        model: &Classifier,
        device: &Device,
        pass: &MicroBatch,
    ) -> Tensor<Backend, 1> {
        let logits = logits(model, device, &pass.input);
        let pos_weight = self.pos_weight.as_deref().map(|w| Tensor::from_data(w, device));
        let targets = Tensor::from_data(pass.targets.clone(), device);
        let targets = smoothed(targets, self.label_smoothing);
        let losses = self.loss.of_rows(logits, targets, pos_weight);
        (losses * Tensor::from_data(pass.weights.clone(), device)).sum()
    }
}

/// What `model`, which lives on `device`, says of a pass: [rows, labels].
pub(crate) fn logits(model: &Classifier, device: &Device, input: &Input) -> Tensor<Backend, 2> {
    match input {
        Input::Tokens { ids, mask } => {
            let ids = Tensor::from_data(ids.clone(), device);
            model.forward(ids, Tensor::from_data(mask.clone(), device))
        }
        Input::Pooled(rows) => model.classify(Tensor::from_data(rows.clone(), device)),
    }
}
