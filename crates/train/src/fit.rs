use crate::checkpoint::{Checkpoint, Position};
use crate::config::TrainConfig;
use crate::error::Error;
use crate::event::{Best, Event, Observer};
use crate::examples::Examples;
use crate::meter::Meter;
use crate::step::{MicroBatch, Trainer};
use burn::module::{AutodiffModule, Module};
use canto_batch::{EpochOrder, Windows};
use canto_encoder::{Architecture, Classifier, Device, is_cpu};
use canto_evaluate::{Metrics, Scores, Targets, Thresholds, Validation, metrics};
use canto_infer::{Engine, EngineConfig, Precision};
use canto_score::{Pooled, Scorer, SongScores};
use canto_song::{Progress, Silent};
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// All that training starts from.
pub struct Inputs<'a> {
    /// The model on [`training_device`]; of the checkpoint, when resuming.
    pub model: Classifier,
    /// Its architecture.
    pub architecture: &'a Architecture,
    /// The plain device.
    pub device: &'a Device,
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

/// The device on which a model must live to be trained on `device`.
pub fn training_device(device: &Device) -> Device {
    Device::autodiff(device.clone())
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
    Run::new(inputs, config, observer)?.go(stop)
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

fn scored(
    examples: &Examples,
    scored: Result<Vec<SongScores>, canto_score::Error>,
) -> Result<Validation, Error> {
    let scored = scored.map_err(Error::Validation)?;
    let scores = scored.into_iter().flat_map(|song| song.scores).collect();
    let targets = examples.targets.iter().flat_map(|set| set.flags()).collect();
    let (rows, labels) = (examples.len(), canto_song::Genre::ALL.len());
    Ok(Validation::new(Scores::new(rows, labels, scores)?, Targets::new(rows, labels, targets)?)?)
}

/// What a frozen encoder makes of all songs; each is read once, without dropout.
struct Read {
    train: Pooled,
    validation: Pooled,
}

impl Read {
    fn new(inputs: &Inputs<'_>) -> Result<Self, Error> {
        let Inputs { model, architecture, device, windows, folder, .. } = inputs;
        let model = model.valid();
        if !is_cpu(device) {
            let labels = canto_song::Genre::ALL.len();
            return Self::by(&Scorer::new(&model, device, windows, labels), inputs);
        }
        // The engine maps its weights from a file; it is gone once the songs are read.
        fs::create_dir_all(folder)?;
        let aside = tempfile::tempdir_in(folder)?;
        canto_encoder::save(&model, architecture, aside.path())?;
        let config = EngineConfig { precision: Precision::F32, ..EngineConfig::default() };
        let engine = Engine::open(aside.path(), &config)?;
        Self::by(&Scorer::on_engine(&engine, windows), inputs)
    }

    fn by(scorer: &Scorer<'_>, inputs: &Inputs<'_>) -> Result<Self, Error> {
        let pool = |examples: &Examples| {
            scorer.pool(&examples.tokenized, inputs.progress).map_err(Error::Reading)
        };
        Ok(Self { train: pool(inputs.train)?, validation: pool(inputs.validation)? })
    }
}

struct Run<'a, 'o> {
    architecture: &'a Architecture,
    device: &'a Device,
    windows: &'a Windows,
    train: &'a Examples,
    validation: &'a Examples,
    /// Where no layer learns.
    read: Option<Read>,
    folder: &'a Path,
    config: &'a TrainConfig,
    observer: &'o mut dyn Observer,
    trainer: Trainer,
    order: EpochOrder,
    position: Position,
    fingerprint: String,
    best_validation: Option<Validation>,
    meter: Meter,
    started: Instant,
}

impl<'a, 'o> Run<'a, 'o> {
    fn new(
        inputs: Inputs<'a>,
        config: &'a TrainConfig,
        observer: &'o mut dyn Observer,
    ) -> Result<Self, Error> {
        let all_frozen = config.frozen_layers >= inputs.architecture.layers;
        let read = if all_frozen { Some(Read::new(&inputs)?) } else { None };
        let Inputs { model, architecture, device, windows, train, validation, folder, .. } = inputs;
        let parameters = model.num_params();
        let order =
            EpochOrder::new(train.lengths(), windows.buckets(), config.micro_batch, inputs.seed);
        let steps = config.epochs * order.batches().div_ceil(config.accumulation);
        let mut trainer = Trainer::new(model, device, config, &train.targets, steps, inputs.seed);
        let fingerprint =
            serde_json::to_string(&(config, inputs.seed, train.len(), validation.len()))?;
        let position = match &inputs.resume {
            Some(checkpoint) => {
                let Trainer { model, optimiser, .. } = &mut trainer;
                checkpoint.restore(model, optimiser, device, &fingerprint)?
            }
            None => Position::default(),
        };
        trainer.step = position.step;
        observer.on(&Event::Started {
            steps,
            done: position.step,
            songs: train.len(),
            validation_songs: validation.len(),
            parameters,
            truncated: train.truncated() as f64 / train.len() as f64,
        })?;
        Ok(Self {
            architecture,
            device,
            windows,
            train,
            validation,
            read,
            folder,
            config,
            observer,
            trainer,
            order,
            position,
            fingerprint,
            best_validation: None,
            meter: Meter::default(),
            started: Instant::now(),
        })
    }

    fn go(mut self, stop: &AtomicBool) -> Result<Outcome, Error> {
        while self.position.epoch < self.config.epochs && !self.out_of_patience() {
            let micro_batches = self.order.epoch(self.position.epoch as u64);
            let windows: Vec<_> = micro_batches.chunks(self.config.accumulation).collect();
            while self.position.window < windows.len() {
                if stop.load(Ordering::Relaxed) {
                    return self.interrupt();
                }
                self.step(windows[self.position.window], windows.len())?;
                if self.validation_is_due(windows.len()) {
                    self.validate()?;
                    if self.out_of_patience() {
                        self.observer.on(&Event::StoppedEarly { step: self.position.step })?;
                        return self.finish();
                    }
                }
            }
            self.position.epoch += 1;
            self.position.window = 0;
        }
        self.finish()
    }

    fn step(&mut self, window: &[Vec<usize>], windows: usize) -> Result<(), Error> {
        let songs: usize = window.iter().map(Vec::len).sum();
        let micro_batches: Vec<_> =
            window.iter().map(|indices| self.micro_batch(indices)).collect();
        let stepped = self.trainer.step(&micro_batches, songs)?;
        let position = &mut self.position;
        position.window += 1;
        position.step += 1;
        let step = position.step;
        for (quantity, value) in
            [("the loss", stepped.loss), ("the gradient norm", stepped.grad_norm)]
        {
            if !value.is_finite() {
                let rows = window.iter().flatten().map(|&index| self.train.rows[index]).collect();
                return Err(Error::NotFinite { quantity, value, step, rows });
            }
        }
        self.observer.advance(songs);
        self.meter.add(&stepped, songs);
        let last = position.window == windows;
        if step.is_multiple_of(self.config.log_every) || step == 1 || last {
            let epoch = position.epoch as f64 + position.window as f64 / windows as f64;
            self.observer.on(&self.meter.report(step, epoch, &stepped))?;
            self.meter = Meter::default();
        }
        Ok(())
    }

    fn micro_batch(&self, indices: &[usize]) -> MicroBatch {
        match &self.read {
            Some(read) => MicroBatch::pooled(self.train, indices, &read.train),
            None => MicroBatch::new(self.train, indices, self.windows),
        }
    }

    fn validation_is_due(&self, windows: usize) -> bool {
        let Position { epoch, window, step, .. } = self.position;
        let epoch_ends = window == windows;
        match self.config.validate_every {
            0 => epoch_ends,
            every => step.is_multiple_of(every) || (epoch_ends && epoch + 1 == self.config.epochs),
        }
    }

    fn validate(&mut self) -> Result<(), Error> {
        self.observer.on(&Event::Validating { songs: self.validation.len() })?;
        let step = self.position.step;
        let model = self.trainer.model.valid();
        let validation = self.validation_scores(&model)?;
        let metrics = self.metrics(&validation)?;
        let metric = self.config.best_metric;
        let value = metric.of(&metrics);
        let improved = self.position.best.is_none_or(|best| metric.improves(value, best.value));
        if improved {
            self.position.best = Some(Best { step, value });
            self.position.strikes = 0;
            self.save_best(&model)?;
            self.best_validation = Some(validation);
        } else {
            self.position.strikes += 1;
        }
        self.save()?;
        self.meter = Meter::default();
        let best = self.position.best.unwrap_or(Best { step, value });
        let metric = metric.name().to_owned();
        let metrics = Box::new(metrics);
        Ok(self.observer.on(&Event::Validated { step, improved, best, metric, metrics })?)
    }

    fn validation_scores(&self, model: &Classifier) -> Result<Validation, Error> {
        let Self { device, windows, validation, read, .. } = self;
        match read {
            Some(read) => {
                scored(validation, read.validation.scores(model, device, &validation.tokenized))
            }
            None => validate(model, device, windows, validation),
        }
    }

    fn metrics(&self, validation: &Validation) -> Result<Metrics, Error> {
        let labels = canto_song::Genre::names();
        let thresholds = Thresholds::fixed(self.config.metric_threshold, &labels);
        Ok(metrics(validation, &thresholds, &labels)?)
    }

    fn out_of_patience(&self) -> bool {
        self.config.patience > 0 && self.position.strikes >= self.config.patience
    }

    fn save(&self) -> Result<Checkpoint, Error> {
        Checkpoint::save(
            self.folder,
            &self.trainer.model,
            self.architecture,
            &self.trainer.optimiser,
            &self.position,
            &self.fingerprint,
        )
    }

    fn best_folder(&self) -> PathBuf {
        self.folder.join("checkpoints").join("best")
    }

    fn save_best(&self, model: &Classifier) -> Result<(), Error> {
        let folder = self.best_folder();
        fs::create_dir_all(&folder)?;
        Ok(canto_encoder::save(model, self.architecture, &folder)?)
    }

    fn interrupt(self) -> Result<Outcome, Error> {
        let step = self.position.step;
        let checkpoint = self.save()?.folder().to_owned();
        self.observer.on(&Event::Interrupted { step })?;
        Ok(Outcome::Interrupted { step, checkpoint })
    }

    fn finish(mut self) -> Result<Outcome, Error> {
        if self.position.best.is_none() {
            self.validate()?;
        }
        let Some(best) = self.position.best else {
            return Err(Error::NoSongs { split: "validation" });
        };
        let labels = canto_song::Genre::names();
        let loaded = canto_encoder::load(&self.best_folder(), Some(&labels), self.device)?;
        let validation = match self.best_validation.take() {
            Some(validation) => validation,
            None => self.validation_scores(&loaded.model)?,
        };
        let seconds = self.started.elapsed().as_secs_f64();
        self.observer.on(&Event::Finished { step: self.position.step, best, seconds })?;
        Ok(Outcome::Finished { model: Box::new(loaded.model), validation, best })
    }
}
