use crate::adamw::AdamW;
use crate::average::Average;
use crate::canary::Probe;
use crate::config::{PosWeight, TrainConfig};
use crate::error::Error;
use crate::gradients::Gradients;
use crate::layers::frozen;
use crate::loss::{Loss, positive_weights, smoothed};
use crate::loss_scale::LossScale;
use crate::micro_batch::{EffectiveBatch, Input, MicroBatch};
use crate::schedule::Schedule;
use crate::training_device;
use burn::prelude::*;
use burn::tensor::backend::Backend as _;
use canto_batch::PaddingWaste;
use canto_encoder::{Backend, Classifier, Device, named_parameters};
use canto_song::GenreSet;

/// Scale of the loss whose gradients are compared.
const PROBE_SCALE: f64 = 256.0;

/// What one optimiser step did; its two numbers are still on the device.
#[derive(Clone, Debug)]
pub struct Stepped {
    /// Mean loss over the songs of the step, shape `[1]`.
    loss: Tensor<Backend, 1>,
    /// Global gradient norm before clipping, shape `[1]`.
    grad_norm: Tensor<Backend, 1>,
    /// Learning rate.
    pub rate: f64,
    /// Real and padding tokens.
    pub tokens: PaddingWaste,
    /// Scores that a head computes of real tokens with one another.
    pub(crate) scores: f64,
    /// Songs.
    pub songs: usize,
    /// What the loss was multiplied by, in f16.
    pub loss_scale: Option<f64>,
    /// Whether gradients overflowed, so that nothing was changed but the loss scale.
    pub skipped: bool,
}

/// The numbers of a [`Stepped`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Mean loss over the songs of the step.
    pub loss: f64,
    /// Global gradient norm before clipping.
    pub grad_norm: f64,
}

impl Stepped {
    /// Waits for the device and reads.
    pub fn read(&self) -> Result<Reading, Error> {
        Ok(Self::read_all([self])?[0])
    }

    /// The readings of all of `steps`, in one transfer.
    pub fn read_all<'a>(steps: impl IntoIterator<Item = &'a Self>) -> Result<Vec<Reading>, Error> {
        let numbers = |step: &Self| [step.loss.clone(), step.grad_norm.clone()];
        let tensors: Vec<_> = steps.into_iter().flat_map(numbers).collect();
        if tensors.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<f32> = Tensor::cat(tensors, 0).into_data().to_vec().map_err(Error::Data)?;
        let reading = |[loss, norm]: &[f32; 2]| Reading {
            loss: f64::from(*loss),
            grad_norm: f64::from(*norm),
        };
        Ok(values.as_chunks().0.iter().map(reading).collect())
    }
}

/// Model, optimiser and schedule: all that one step changes.
pub struct Trainer {
    /// On an autodiff device; only ever absent within a step, where the optimiser alone holds it
    /// and so may change its weights in place.
    model: Option<Classifier>,
    pub(crate) optimiser: AdamW,
    /// Of the weights, where the recipe asks for it.
    pub(crate) average: Option<Average>,
    pub(crate) loss_scale: Option<LossScale>,
    schedule: Schedule,
    device: Device,
    loss: Loss,
    label_smoothing: f64,
    pos_weight: Option<Vec<f32>>,
    max_grad_norm: f64,
    seed: u64,
    /// Optimiser steps done.
    pub step: usize,
    /// Steps that an overflow kept from being done.
    pub skipped: usize,
}

impl Trainer {
    /// A trainer for `total` optimiser steps; `device` is the plain device of `model`.
    pub fn new(
        model: Classifier,
        device: &Device,
        config: &TrainConfig,
        targets: &[GenreSet],
        total: usize,
        seed: u64,
    ) -> Self {
        let names: Vec<_> = named_parameters(&model).into_iter().map(|p| p.name).collect();
        let balanced = config.pos_weight == PosWeight::Balanced;
        let weights = || positive_weights(targets, config.pos_weight_max);
        let model = frozen(model, config.frozen_layers, &names).in_precision(config.precision);
        Self {
            optimiser: AdamW::new(config, &names),
            average: Average::new(config, &model),
            loss_scale: LossScale::new(config),
            schedule: Schedule::new(config, total),
            device: training_device(device, config),
            loss: Loss::new(config),
            label_smoothing: config.label_smoothing,
            pos_weight: balanced.then(|| weights().into_iter().map(|w| w as f32).collect()),
            max_grad_norm: config.max_grad_norm,
            seed,
            step: 0,
            skipped: 0,
            model: Some(model),
        }
    }

    /// The model, on an autodiff device.
    ///
    /// # Panics
    ///
    /// Never: a step that has taken the model puts it back before it ends.
    pub fn model(&self) -> &Classifier {
        self.model.as_ref().expect("a step puts the model back")
    }

    /// One optimiser step.
    ///
    /// The loss is the mean over all songs of the batch, however they are spread over passes: each
    /// pass is divided by the batch's songs, not by its own.
    pub fn step(&mut self, batch: &EffectiveBatch) -> Result<Stepped, Error> {
        // Dropout depends on the step alone, so a resumed run draws what it would have drawn.
        let attempt = self.step + self.skipped;
        Backend::seed(&self.device, self.seed.wrapping_add(attempt as u64));
        let loss_scale = self.loss_scale.as_ref().map(LossScale::value);
        let scale = loss_scale.unwrap_or(1.0);
        let songs = batch.songs().len();
        let mut gradients = Gradients::default();
        let mut losses = Vec::with_capacity(batch.passes());
        for pass in &batch.passes {
            let share = self.cost(pass).div_scalar(songs as f64);
            losses.push(share.clone().inner());
            gradients.add(Gradients::of(&share.mul_scalar(scale), self.model()));
        }
        if loss_scale.is_some() {
            gradients.divide(scale);
        }
        let norm = gradients.norm();
        let none = || Tensor::<Backend, 1>::zeros([1], &self.device).inner();
        let mut stepped = Stepped {
            loss: Tensor::cat(losses, 0).sum(),
            grad_norm: norm.clone().unwrap_or_else(none),
            rate: self.schedule.rate(self.step),
            tokens: batch.tokens(),
            scores: batch.scores(),
            songs,
            loss_scale,
            skipped: false,
        };
        if self.overflowed(&stepped)? {
            stepped.skipped = true;
            return Ok(stepped);
        }
        if let (Some(norm), true) = (&norm, self.max_grad_norm > 0.0) {
            gradients.clip(norm, self.max_grad_norm);
        }
        let optimiser = &mut self.optimiser;
        self.model = self.model.take().map(|model| optimiser.step(model, gradients, stepped.rate));
        self.step += 1;
        if let (Some(average), Some(model)) = (&mut self.average, &self.model) {
            average.add(model, self.step);
        }
        Ok(stepped)
    }

    /// Whether this step's gradients left the range of f16 while its loss did not, which a lower
    /// scale can mend. The one place where a step waits for the device.
    fn overflowed(&mut self, stepped: &Stepped) -> Result<bool, Error> {
        let Some(loss_scale) = &mut self.loss_scale else {
            return Ok(false);
        };
        let Reading { loss, grad_norm } = stepped.read()?;
        if grad_norm.is_finite() || !loss.is_finite() {
            loss_scale.good_step();
            return Ok(false);
        }
        self.skipped += 1;
        if loss_scale.overflow() {
            Ok(true)
        } else {
            Err(Error::LossScale { step: self.step, skipped: self.skipped })
        }
    }

    /// The autodiff device of the model.
    pub(crate) fn training_device(&self) -> &Device {
        &self.device
    }

    /// The model whose scores count, on the plain device: the average of the weights where there
    /// is one.
    pub fn validated(&self) -> Classifier {
        use burn::module::AutodiffModule;
        let model = self.model().valid();
        match &self.average {
            Some(average) => average.of(model),
            None => model,
        }
    }

    /// What the model says of `batch`, in one pass, and its gradients; nothing is changed.
    pub(crate) fn probe(&self, batch: &EffectiveBatch) -> Result<Probe, Error> {
        let read =
            |tensor: Tensor<Backend, 1>| tensor.into_data().to_vec::<f32>().map_err(Error::Data);
        let (mut logits, mut gradient_norms) = (Vec::new(), Vec::new());
        for pass in &batch.passes {
            logits.extend(read(self.logits(&pass.input).inner().flatten(0, 1))?);
            // Within the range of f16, whatever the scale will come to be.
            let cost = self.cost(pass).mul_scalar(PROBE_SCALE);
            let norms = Gradients::of(&cost, self.model()).norms();
            if !norms.is_empty() {
                gradient_norms.extend(read(Tensor::cat(norms, 0))?);
            }
        }
        Ok(Probe { logits, gradient_norms })
    }

    /// Sum over the songs of a pass of their losses, shape `[1]`.
    fn cost(&self, pass: &MicroBatch) -> Tensor<Backend, 1> {
        let device = &self.device;
        let logits = self.logits(&pass.input);
        let pos_weight = self.pos_weight.as_deref().map(|w| Tensor::from_data(w, device));
        let targets = Tensor::from_data(pass.targets.clone(), device);
        let targets = smoothed(targets, self.label_smoothing);
        let losses = self.loss.of_rows(logits, targets, pos_weight);
        (losses * Tensor::from_data(pass.weights.clone(), device)).sum()
    }

    fn logits(&self, input: &Input) -> Tensor<Backend, 2> {
        let device = &self.device;
        match input {
            Input::Tokens { ids, mask } => {
                let ids = Tensor::from_data(ids.clone(), device);
                self.model().forward(ids, Tensor::from_data(mask.clone(), device))
            }
            Input::Pooled(rows) => self.model().classify(Tensor::from_data(rows.clone(), device)),
        }
    }
}
