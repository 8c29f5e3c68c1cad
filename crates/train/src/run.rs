use crate::ahead::Source;
use crate::checkpoint::{Checkpoint, Position};
use crate::config::TrainConfig;
use crate::error::Error;
use crate::event::{Best, Event, Observer};
use crate::examples::Examples;
use crate::fit::{Inputs, Outcome, scored, validate};
use crate::memory::tokens_per_pass;
use crate::meter::Meter;
use crate::micro_batch::EffectiveBatch;
use crate::read::Read;
use crate::step::{Stepped, Trainer};
use burn::module::Module;
use canto_batch::{EpochOrder, Windows};
use canto_encoder::{Architecture, Classifier, Device, Precision};
use canto_evaluate::{Metrics, Thresholds, Validation, metrics};
use canto_score::Pooled;
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A run under way: the loop around [`Trainer::step`].
pub(crate) struct Run<'a, 'o> {
    architecture: &'a Architecture,
    device: &'a Device,
    windows: &'a Windows,
    validation: &'a Examples,
    /// The validation songs as the frozen encoder reads them, where no layer learns.
    pooled: Option<&'a Pooled>,
    folder: &'a Path,
    config: &'a TrainConfig,
    observer: &'o mut dyn Observer,
    source: Source<'a>,
    order: EpochOrder,
    trainer: Trainer,
    position: Position,
    /// Steps whose numbers have not been read yet.
    unread: Vec<Unread>,
    fingerprint: String,
    best_validation: Option<Validation>,
    meter: Meter,
    started: Instant,
}

/// A step that the device may still be busy with.
struct Unread {
    /// Optimiser step, counted from 1.
    step: usize,
    songs: Vec<usize>,
    stepped: Stepped,
}

/// How an epoch ended.
enum Epoch {
    Whole,
    StoppedEarly,
    Interrupted,
}

impl<'a, 'o> Run<'a, 'o> {
    pub(crate) fn new(
        inputs: Inputs<'a>,
        read: Option<&'a Read>,
        config: &'a TrainConfig,
        observer: &'o mut dyn Observer,
    ) -> Result<Self, Error> {
        let Inputs { model, architecture, device, windows, train, validation, folder, .. } = inputs;
        let parameters = model.num_params();
        let order = EpochOrder::new(
            train.lengths(),
            windows.buckets(),
            config.effective_batch,
            inputs.seed,
        );
        let steps = config.epochs * order.batches();
        let mut trainer = Trainer::new(model, device, config, &train.targets, steps, inputs.seed)
            .shared_with(inputs.others, config);
        let devices = 1 + inputs.others.len();
        let fingerprint = fingerprint(config, inputs.seed, train.len(), validation.len())?;
        let (position, tokens_per_pass) = if let Some(checkpoint) = &inputs.resume {
            let state = checkpoint.open(&fingerprint)?;
            checkpoint.restore(&state, &mut trainer)?;
            (state.position, state.tokens_per_pass)
        } else {
            let place = (device, devices);
            let songs = (train, windows);
            let tokens = tokens_per_pass(&trainer, config, architecture, songs, place)?;
            (Position::default(), tokens)
        };
        let peak = devices as f64 * canto_encoder::peak(device, config.precision)?;
        observer.on(&Event::Started {
            steps,
            done: position.step,
            songs: train.len(),
            validation_songs: validation.len(),
            parameters,
            truncated: train.truncated() as f64 / train.len() as f64,
            tokens_per_pass,
            peak,
        })?;
        let pooled = read.map(|read| &read.train);
        Ok(Self {
            architecture,
            device,
            windows,
            validation,
            pooled: read.map(|read| &read.validation),
            folder,
            config,
            observer,
            source: Source { examples: train, windows, pooled, tokens_per_pass, devices },
            order,
            trainer,
            position,
            unread: Vec::new(),
            fingerprint,
            best_validation: None,
            meter: Meter::new(device, operations(architecture, config), peak),
            started: Instant::now(),
        })
    }

    pub(crate) fn go(mut self, stop: &AtomicBool) -> Result<Outcome, Error> {
        while self.position.epoch < self.config.epochs && !self.out_of_patience() {
            let orders = self.order.epoch(self.position.epoch as u64);
            let (source, done) = (self.source, self.position.batch.min(orders.len()));
            let ended =
                source.ahead(&orders[done..], |batches| self.epoch(batches, orders.len(), stop))?;
            match ended {
                Epoch::Whole => {}
                Epoch::StoppedEarly => break,
                Epoch::Interrupted => return self.interrupt(),
            }
            self.position.epoch += 1;
            self.position.batch = 0;
        }
        self.finish()
    }

    /// The rest of an epoch of `count` batches.
    fn epoch(
        &mut self,
        batches: impl Iterator<Item = EffectiveBatch>,
        count: usize,
        stop: &AtomicBool,
    ) -> Result<Epoch, Error> {
        for batch in batches {
            if stop.load(Ordering::Relaxed) {
                return Ok(Epoch::Interrupted);
            }
            let is_last = self.position.batch + 1 == count;
            self.step(&batch, is_last)?;
            if self.validation_is_due(is_last) {
                self.validate()?;
                if self.out_of_patience() {
                    self.observer.on(&Event::StoppedEarly { step: self.position.step })?;
                    return Ok(Epoch::StoppedEarly);
                }
            } else if is_multiple(self.position.step, self.config.checkpoint_every) {
                self.save()?;
            }
        }
        Ok(Epoch::Whole)
    }

    fn step(&mut self, batch: &EffectiveBatch, is_last: bool) -> Result<(), Error> {
        let stepped = self.trainer.step(batch)?;
        let position = &mut self.position;
        position.batch += 1;
        (position.step, position.skipped) = (self.trainer.step, self.trainer.skipped);
        let step = position.step;
        self.observer.advance(batch.songs().len());
        self.unread.push(Unread { step, songs: batch.songs().to_vec(), stepped });
        if is_multiple(step, self.config.log_every) || step == 1 || is_last {
            self.log()?;
        }
        Ok(())
    }

    /// Waits for the device, and checks that every step since the last time made sense.
    fn settle(&mut self) -> Result<(), Error> {
        let unread = std::mem::take(&mut self.unread);
        let readings = Stepped::read_all(unread.iter().map(|unread| &unread.stepped))?;
        for (Unread { step, songs, stepped }, reading) in unread.into_iter().zip(readings) {
            let norm = if stepped.skipped { 0.0 } else { reading.grad_norm };
            for (quantity, value) in [("the loss", reading.loss), ("the gradient norm", norm)] {
                if !value.is_finite() {
                    let rows = songs.iter().map(|&song| self.source.examples.rows[song]).collect();
                    return Err(Error::NotFinite { quantity, value, step, rows });
                }
            }
            self.meter.add(&stepped, reading);
        }
        Ok(())
    }

    fn log(&mut self) -> Result<(), Error> {
        self.settle()?;
        let Position { epoch, batch, step, .. } = self.position;
        let epoch = epoch as f64 + batch as f64 / self.order.batches() as f64;
        if let Some(line) = self.meter.report(step, epoch) {
            self.observer.on(&line)?;
        }
        if let Some(growth) = self.meter.growth(step) {
            self.observer.on(&growth)?;
        }
        self.meter.start_over();
        Ok(())
    }

    fn validation_is_due(&self, epoch_ends: bool) -> bool {
        let Position { epoch, step, .. } = self.position;
        match self.config.validate_every {
            0 => epoch_ends,
            every => is_multiple(step, every) || (epoch_ends && epoch + 1 == self.config.epochs),
        }
    }

    fn validate(&mut self) -> Result<(), Error> {
        self.settle()?;
        self.observer.on(&Event::Validating { songs: self.validation.len() })?;
        let step = self.position.step;
        let model = self.trainer.validated();
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
        self.meter.start_over();
        let best = self.position.best.unwrap_or(Best { step, value });
        let metric = metric.name().to_owned();
        let metrics = Box::new(metrics);
        Ok(self.observer.on(&Event::Validated { step, improved, best, metric, metrics })?)
    }

    fn validation_scores(&self, model: &Classifier) -> Result<Validation, Error> {
        let Self { device, windows, validation, pooled, .. } = self;
        match pooled {
            Some(pooled) => scored(validation, pooled.scores(model, device, &validation.tokenized)),
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

    /// A checkpoint to go on from; only what has been checked is saved.
    fn save(&mut self) -> Result<Checkpoint, Error> {
        self.settle()?;
        Checkpoint::save(
            self.folder,
            &self.trainer,
            self.architecture,
            (&self.position, self.source.tokens_per_pass),
            &self.fingerprint,
            self.config.keep_checkpoints,
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

    fn interrupt(mut self) -> Result<Outcome, Error> {
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
        // Prediction computes in f32, and thresholds are tuned on what it will say.
        let is_full = self.config.precision == Precision::F32;
        let validation = match self.best_validation.take().filter(|_| is_full) {
            Some(validation) => validation,
            None => self.validation_scores(&loaded.model)?,
        };
        let seconds = self.started.elapsed().as_secs_f64();
        self.observer.on(&Event::Finished { step: self.position.step, best, seconds })?;
        Ok(Outcome::Finished { model: Box::new(loaded.model), validation, best })
    }
}

/// Whether `step` is one of those that come `every` so many; none where that is 0.
fn is_multiple(step: usize, every: usize) -> bool {
    every > 0 && step.is_multiple_of(every)
}

/// Operations of a training step for one token, less those on its attention's scores, and for one
/// score of a token and a key: forward through all layers, and twice that back through those that
/// learn.
fn operations(architecture: &Architecture, config: &TrainConfig) -> [f64; 2] {
    let layers = architecture.layers.max(1);
    let learning = layers.saturating_sub(config.frozen_layers) as f64 / layers as f64;
    let passes = 1.0 + 2.0 * learning;
    let [none, one] = [0, 1].map(|length| passes * architecture.operations_per_token(length));
    [none, one - none]
}

/// What a checkpoint must have in common with the run that goes on from it: all that decides the
/// weights.
fn fingerprint(
    config: &TrainConfig,
    seed: u64,
    songs: usize,
    validation_songs: usize,
) -> Result<String, Error> {
    let TrainConfig { checkpoint_every, keep_checkpoints, log_every, .. } = TrainConfig::default();
    let config = TrainConfig { checkpoint_every, keep_checkpoints, log_every, ..config.clone() };
    Ok(serde_json::to_string(&(config, seed, songs, validation_songs))?)
}
