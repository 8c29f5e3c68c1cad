use crate::adamw::AdamW;
use crate::average::Average;
use crate::canary::Probe;
use crate::config::TrainConfig;
use crate::criterion::Criterion;
use crate::error::Error;
use crate::layers::frozen;
use crate::loss_scale::LossScale;
use crate::micro_batch::EffectiveBatch;
use crate::parallel;
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
    /// Autodiff devices; the model lives on the first.
    devices: Vec<Device>,
    criterion: Criterion,
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
        let model = frozen(model, config.frozen_layers, &names).in_precision(config.precision);
        Self {
            optimiser: AdamW::new(config, &names),
            average: Average::new(config, &model),
            loss_scale: LossScale::new(config),
            schedule: Schedule::new(config, total),
            devices: vec![training_device(device, config)],
            criterion: Criterion::new(config, targets),
            max_grad_norm: config.max_grad_norm,
            seed,
            step: 0,
            skipped: 0,
            model: Some(model),
        }
    }

    /// The same trainer, whose passes `others`, plain devices, share with the model's.
    #[must_use]
    pub fn shared_with(mut self, others: &[Device], config: &TrainConfig) -> Self {
        self.devices.extend(others.iter().map(|device| training_device(device, config)));
        self
    }

    /// The model, on an autodiff device.
    ///
    /// # Panics
    ///
    /// Never: a step that has taken the model puts it back before it ends.
    pub fn model(&self) -> &Classifier {
        self.model.as_ref().expect("a step puts the model back")
    }

    /// One optimiser step: the loss is the mean over all songs of the batch.
    pub fn step(&mut self, batch: &EffectiveBatch) -> Result<Stepped, Error> {
        self.seed_dropout();
        let loss_scale = self.loss_scale.as_ref().map(LossScale::value);
        let scale = loss_scale.unwrap_or(1.0);
        let (losses, mut gradients) =
            parallel::backward(self.model(), &self.devices, &self.criterion, batch, scale);
        if loss_scale.is_some() {
            gradients.divide(scale);
        }
        let norm = gradients.norm();
        let none = || Tensor::<Backend, 1>::zeros([1], self.training_device()).inner();
        let mut stepped = Stepped {
            loss: Tensor::cat(losses, 0).sum(),
            grad_norm: norm.clone().unwrap_or_else(none),
            rate: self.schedule.rate(self.step),
            tokens: batch.tokens(),
            scores: batch.scores(),
            songs: batch.songs().len(),
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

    /// Dropout depends on the step alone, so a resumed run draws what it would have drawn.
    fn seed_dropout(&self) {
        let attempt = (self.step + self.skipped) as u64;
        for (at, device) in self.devices.iter().enumerate() {
            let seed = self.seed.wrapping_add(attempt).wrapping_add((at as u64) << 32);
            Backend::seed(device, seed);
        }
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
        &self.devices[0]
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
        let (model, device) = (self.model(), self.training_device());
        let (mut said, mut gradient_norms) = (Vec::new(), Vec::new());
        for pass in &batch.passes {
            // Within the range of f16, whatever the scale will come to be.
            let found = self.criterion.differentiated(model, device, pass, 1.0, PROBE_SCALE);
            if let Some(logits) = found.logits {
                said.extend(read(logits.flatten(0, 1))?);
            }
            let norms = found.gradients.norms();
            if !norms.is_empty() {
                gradient_norms.extend(read(Tensor::cat(norms, 0))?);
            }
        }
        Ok(Probe { logits: said, gradient_norms })
    }
}
