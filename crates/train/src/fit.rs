use crate::canary;
use crate::checkpoint::Checkpoint;
use crate::config::TrainConfig;
use crate::error::Error;
use crate::event::{Best, Observer};
use crate::examples::Examples;
use crate::read::Read;
use crate::run::Run;
use burn::CheckpointingStrategy;
use canto_batch::Windows;
use canto_encoder::{Architecture, Classifier, Device};
use canto_evaluate::{Scores, Targets, Validation};
use canto_score::{Scorer, SongScores};
use canto_song::{Progress, Silent};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// All that training starts from.
pub struct Inputs<'a> {
    /// The model on [`training_device`]; of the checkpoint, when resuming.
    pub model: Classifier,
    /// Its architecture.
    pub architecture: &'a Architecture,
    /// The plain device.
    pub device: &'a Device,
    /// Plain devices that share the work of each step with it.
    pub others: &'a [Device],
    /// How songs are read.
    pub windows: &'a Windows,
    /// Songs to learn from.
    pub train: &'a Examples,
    /// Songs that pick the best checkpoint.
    pub validation: &'a Examples,
    /// The run's folder; checkpoints go into it.
    pub folder: &'a Path,
    /// Seed of the order of songs and of dropout.
    pub seed: u64,
    /// Where to go on from.
    pub resume: Option<Checkpoint>,
    /// Is told how far the reading of the songs is, where that is done once for all epochs.
    pub progress: &'a dyn Progress,
}

/// How training ended.
pub enum Outcome {
    /// To its end, or early by `train.patience`.
    Finished {
        /// The best model, on the plain device.
        model: Box<Classifier>,
        /// Its validation.
        validation: Validation,
        /// When and how good.
        best: Best,
    },
    /// The user asked to stop.
    Interrupted {
        /// Optimiser steps done.
        step: usize,
        /// Where the run goes on from.
        checkpoint: PathBuf,
    },
}

/// The device on which a model must live to be trained on `device` by `config`.
pub fn training_device(device: &Device, config: &TrainConfig) -> Device {
    let strategy = if config.activation_checkpointing {
        CheckpointingStrategy::Balanced
    } else {
        CheckpointingStrategy::None
    };
    Device::autodiff_checkpointed(device.clone(), strategy)
}

/// Trains until the last epoch, early stopping, or `stop`.
pub fn fit(
    inputs: Inputs<'_>,
    config: &TrainConfig,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Result<Outcome, Error> {
    for (split, examples) in [("training", inputs.train), ("validation", inputs.validation)] {
        if examples.is_empty() {
            return Err(Error::NoSongs { split });
        }
    }
    if config.canary
        && let Some(agreement) = canary::check(&inputs, config)?
    {
        observer.on(&agreement)?;
    }
    let all_frozen = config.frozen_layers >= inputs.architecture.layers;
    let read = if all_frozen { Some(Read::new(&inputs, config.precision)?) } else { None };
    Run::new(inputs, read.as_ref(), config, observer)?.go(stop)
}

/// Scores `examples` with `model`, which lives on the plain `device`.
pub fn validate(
    model: &Classifier,
    device: &Device,
    windows: &Windows,
    examples: &Examples,
) -> Result<Validation, Error> {
    let scorer = Scorer::new(model, device, windows, canto_song::Genre::ALL.len());
    scored(examples, scorer.score_tokenized(&examples.tokenized, &Silent))
}

pub(crate) fn scored(
    examples: &Examples,
    scored: Result<Vec<SongScores>, canto_score::Error>,
) -> Result<Validation, Error> {
    let scored = scored.map_err(Error::Validation)?;
    let scores = scored.into_iter().flat_map(|song| song.scores).collect();
    let targets = examples.targets.iter().flat_map(|set| set.flags()).collect();
    let (rows, labels) = (examples.len(), canto_song::Genre::ALL.len());
    Ok(Validation::new(Scores::new(rows, labels, scores)?, Targets::new(rows, labels, targets)?)?)
}
