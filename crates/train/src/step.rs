use crate::adamw::AdamW;
use crate::config::{PosWeight, TrainConfig};
use crate::examples::Examples;
use crate::gradients::Gradients;
use crate::layers::frozen;
use crate::loss::{Loss, positive_weights, smoothed, target_tensor};
use crate::schedule::Schedule;
use crate::{Error, training_device};
use burn::prelude::*;
use burn::tensor::backend::Backend as _;
use canto_batch::{Batch, PaddingWaste, Windows, collate};
use canto_encoder::{Backend, Classifier, Device, named_parameters};
use canto_score::Pooled;
use canto_song::GenreSet;

/// What a row is.
#[derive(Clone, Debug)]
enum Input {
    /// Tokens, for the whole model.
    Tokens(Batch),
    /// What the encoder has made of them, for the head: row-major [rows, width].
    Pooled { values: Vec<f32>, width: usize },
}

/// The rows of one forward and backward pass.
#[derive(Clone, Debug)]
pub struct MicroBatch {
    input: Input,
    /// One set a row.
    targets: Vec<GenreSet>,
    /// Share of its song that a row stands for: one over the song's windows.
    weights: Vec<f32>,
}

impl MicroBatch {
    /// The windows of the songs at `indices`, padded to a common length.
    pub fn new(examples: &Examples, indices: &[usize], windows: &Windows) -> Self {
        let mut rows = Vec::new();
        let mut weights = Vec::new();
        for &index in indices {
            let song = &examples.tokenized[index].windows;
            rows.extend(song.iter().map(|window| (index, window.as_slice())));
            weights.extend(song.iter().map(|_| 1.0 / song.len() as f32));
        }
        let batch = collate(&rows, windows.buckets(), windows.tokenizer().pad_id());
        let targets = rows.iter().map(|&(index, _)| examples.targets[index]).collect();
        Self { input: Input::Tokens(batch), targets, weights }
    }

    /// The same of songs that a frozen encoder has read: only the head is left to learn.
    pub fn pooled(examples: &Examples, indices: &[usize], pooled: &Pooled) -> Self {
        let (values, owners) = pooled.rows(indices);
        let windows = |&owner: &usize| examples.tokenized[owner].windows.len() as f32;
        Self {
            input: Input::Pooled { values, width: pooled.width() },
            targets: owners.iter().map(|&owner| examples.targets[owner]).collect(),
            weights: owners.iter().map(|owner| 1.0 / windows(owner)).collect(),
        }
    }

    /// Real and padding tokens; none where the encoder has read them before.
    fn tokens(&self) -> PaddingWaste {
        let mut tokens = PaddingWaste::default();
        if let Input::Tokens(batch) = &self.input {
            tokens.add(batch);
        }
        tokens
    }
}

/// What one optimiser step did.
#[derive(Clone, Copy, Debug)]
pub struct Stepped {
    /// Mean loss over the songs of the step.
    pub loss: f64,
    /// Global gradient norm before clipping.
    pub grad_norm: f64,
    /// Learning rate.
    pub rate: f64,
    /// Real and padding tokens.
    pub tokens: PaddingWaste,
}

/// Model, optimiser and schedule: all that one step changes.
pub struct Trainer {
    /// The model, on an autodiff device.
    pub model: Classifier,
    pub(crate) optimiser: AdamW,
    schedule: Schedule,
    device: Device,
    loss: Loss,
    label_smoothing: f64,
    pos_weight: Option<Vec<f32>>,
    max_grad_norm: f64,
    seed: u64,
    /// Optimiser steps done.
    pub step: usize,
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
        Self {
            model: frozen(model, config.frozen_layers, &names),
            optimiser: AdamW::new(config, &names),
            schedule: Schedule::new(config, total),
            device: training_device(device),
            loss: Loss::new(config),
            label_smoothing: config.label_smoothing,
            pos_weight: balanced.then(|| weights().into_iter().map(|w| w as f32).collect()),
            max_grad_norm: config.max_grad_norm,
            seed,
            step: 0,
        }
    }

    /// One optimiser step over a window of micro-batches that hold `songs` songs together.
    ///
    /// The loss is the mean over all songs of the window, however they are spread over
    /// micro-batches: each pass is divided by the window's songs, not by its own.
    pub fn step(&mut self, window: &[MicroBatch], songs: usize) -> Result<Stepped, Error> {
        // Dropout depends on the step alone, so a resumed run draws what it would have drawn.
        Backend::seed(&self.device, self.seed.wrapping_add(self.step as u64));
        let mut gradients = Gradients::default();
        let mut loss = 0.0;
        let mut tokens = PaddingWaste::default();
        for micro_batch in window {
            let share = self.cost(micro_batch).div_scalar(songs as f64);
            gradients.add(Gradients::of(&share, &self.model));
            loss += scalar(share)?;
            let read = micro_batch.tokens();
            tokens.real += read.real;
            tokens.padded += read.padded;
        }
        let norm = gradients.norm();
        if let (Some(norm), true) = (&norm, self.max_grad_norm > 0.0) {
            gradients.clip(norm, self.max_grad_norm);
        }
        let grad_norm = norm.map_or(Ok(0.0), scalar)?;
        let rate = self.schedule.rate(self.step);
        if loss.is_finite() && grad_norm.is_finite() {
            self.model = self.optimiser.step(self.model.clone(), gradients, rate);
            self.step += 1;
        }
        Ok(Stepped { loss, grad_norm, rate, tokens })
    }

    /// Sum over the songs of a micro-batch of their losses, shape `[1]`.
    fn cost(&self, micro_batch: &MicroBatch) -> Tensor<Backend, 1> {
        let MicroBatch { input, targets, weights } = micro_batch;
        let device = &self.device;
        let logits = self.logits(input);
        let pos_weight = self.pos_weight.as_deref().map(|w| Tensor::from_data(w, device));
        let targets = smoothed(target_tensor(targets, device), self.label_smoothing);
        let losses = self.loss.of_rows(logits, targets, pos_weight);
        (losses * Tensor::from_data(weights.as_slice(), device)).sum()
    }

    fn logits(&self, input: &Input) -> Tensor<Backend, 2> {
        let device = &self.device;
        match input {
            Input::Tokens(batch) => {
                let shape = [batch.rows, batch.length];
                let ids: Vec<i64> = batch.input_ids.iter().map(|&id| i64::from(id)).collect();
                let ids = Tensor::from_data(TensorData::new(ids, shape), device);
                let mask = TensorData::new(batch.attention_mask.clone(), shape);
                self.model.forward(ids, Tensor::from_data(mask, device))
            }
            Input::Pooled { values, width } => {
                let shape = [values.len() / width, *width];
                let rows = TensorData::new(values.clone(), shape);
                self.model.classify(Tensor::from_data(rows, device))
            }
        }
    }
}

fn scalar(tensor: Tensor<Backend, 1>) -> Result<f64, Error> {
    let values: Vec<f32> = tensor.into_data().to_vec().map_err(Error::Data)?;
    Ok(values.iter().map(|&value| f64::from(value)).sum())
}
