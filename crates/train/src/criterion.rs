use crate::config::{PosWeight, TrainConfig};
use crate::gradients::Gradients;
use crate::loss::{Loss, positive_weights, smoothed};
use crate::micro_batch::{Input, MicroBatch};
use burn::prelude::*;
use canto_encoder::{Backend, Classifier, Derivatives, Device};
use canto_song::GenreSet;

/// What each pass through the model is judged by.
pub(crate) struct Criterion {
    loss: Loss,
    label_smoothing: f64,
    pos_weight: Option<Vec<f32>>,
}

/// What a pass says, outside any graph.
pub(crate) struct Differentiated {
    /// [rows, labels]; always there.
    pub(crate) logits: Option<Tensor<Backend, 2>>,
    /// Its part of the loss, shape `[1]`.
    pub(crate) loss: Tensor<Backend, 1>,
    /// Those of the loss times the scale.
    pub(crate) gradients: Gradients,
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
            let found = self.differentiated(model, device, pass, songs as f64, scale);
            losses.push(found.loss);
            gradients.add(found.gradients);
        }
        (losses, gradients)
    }

    /// Of a pass, as a part of the mean loss over so many songs.
    pub(crate) fn differentiated(
        &self,
        model: &Classifier,
        device: &Device,
        pass: &MicroBatch,
        songs: f64,
        scale: f64,
    ) -> Differentiated {
        let mut said = None;
        let mut cost = |logits: Tensor<Backend, 2>| {
            said = Some(logits.clone().inner());
            self.cost(logits, device, pass).div_scalar(songs).mul_scalar(scale)
        };
        let (loss, gradients) = match &pass.input {
            Input::Tokens { ids, mask } => {
                let ids = Tensor::from_data(ids.clone(), device);
                let mask = Tensor::from_data(mask.clone(), device);
                let Derivatives { loss, gradients } = model.differentiate(ids, mask, cost);
                (loss, Gradients::new(gradients, device))
            }
            Input::Pooled(rows) => {
                let loss = cost(model.classify(Tensor::from_data(rows.clone(), device)));
                let found = Gradients::of(&loss, model);
                (loss.inner(), found)
            }
        };
        Differentiated { logits: said, loss: loss.div_scalar(scale), gradients }
    }

    /// Sum over the songs of a pass of their losses, shape `[1]`.
    fn cost(
        &self,
        logits: Tensor<Backend, 2>,
        device: &Device,
        pass: &MicroBatch,
    ) -> Tensor<Backend, 1> {
        let pos_weight = self.pos_weight.as_deref().map(|w| Tensor::from_data(w, device));
        let targets = Tensor::from_data(pass.targets.clone(), device);
        let targets = smoothed(targets, self.label_smoothing);
        let losses = self.loss.of_rows(logits, targets, pos_weight);
        (losses * Tensor::from_data(pass.weights.clone(), device)).sum()
    }
}
