//! How fast a predictor is, here and now.
//!
//! What is timed is the way of [`Predictor::predict_each`]: cleaning, tokenising, the encoder, what
//! words say, the language, the decisions.

mod rate;
mod songs;
mod stages;

use crate::error::Error;
use crate::predictor::{Model, Predictor};
use canto_encoder::{Precision, memory, peak_memory};
use canto_evaluate::Thresholds;
use canto_song::{Progress, Silent};
pub use rate::{Latency, Rate};
use serde::Serialize;
use songs::Picked;
pub use songs::Songs;
pub use stages::Stages;
use std::time::{Duration, Instant};

/// Calls at least, however long one takes.
const LEAST: usize = 3;

/// A larger batch is worth its wait if it brings this much more.
const WORTH: f64 = 1.02;

/// Doublings in a row without that much more, after which no larger batch is tried.
const IDLE_DOUBLINGS: usize = 2;

/// Share of the highest rate at which a batch counts as saturating.
const SATURATED: f64 = 0.95;

/// How long is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpeedConfig {
    /// For each figure; three calls are timed even if they take longer.
    pub time: Duration,
    /// Songs of the largest batch that is tried.
    pub largest_batch: usize,
}

impl Default for SpeedConfig {
    fn default() -> Self {
        Self { time: Duration::from_secs(5), largest_batch: 256 }
    }
}

/// What was measured. As JSON, fields are named as here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// What it was measured on.
    pub songs: Songs,
    /// One song a call.
    pub batch_1: Rate,
    /// The smallest batch whose rate is within 5% of the highest.
    pub saturated: Rate,
    /// Every batch that was tried, the smallest first.
    pub batches: Vec<Rate>,
    /// Where the time of the saturating batch goes.
    pub stages: Stages,
    /// Operations a second of the layers' products at the saturating batch, all stages counted.
    pub operations_per_second: f64,
    /// The same of a matrix product alone in the same number format: the ceiling.
    pub peak_operations_per_second: f64,
    /// The first by the second.
    pub share_of_peak: f64,
    /// The same while the encoder computes.
    pub encoder_share_of_peak: f64,
    /// The most memory of this process up to here, on a GPU what is in use there; null where the
    /// system does not tell.
    pub memory_bytes: Option<u64>,
}

impl Predictor {
    /// Measures the predictor on `lyrics`, raw as they come; those that cannot be scored are left
    /// out.
    pub fn speed(
        &self,
        lyrics: &[&str],
        config: &SpeedConfig,
        progress: &dyn Progress,
    ) -> Result<Speed, Error> {
        let picked = Picked::new(self, lyrics)?;
        let course = Course { predictor: self, picked: &picked, config, progress };
        let (batches, saturated) = course.batches()?;
        let stages = course.stages(saturated.batch)?;
        let memory_bytes = self.memory();
        progress.start("ceiling", None);
        let peak = self.peak()?;
        progress.finish();
        let songs = picked.facts;
        let a_song = songs.operations_per_song;
        let operations = saturated.songs_per_second * a_song;
        let encoder = a_song / (stages.seconds_per_song * stages.encoder);
        Ok(Speed {
            batch_1: batches.first().cloned().unwrap_or_else(|| saturated.clone()),
            songs,
            saturated,
            batches,
            stages,
            operations_per_second: operations,
            peak_operations_per_second: peak,
            share_of_peak: operations / peak,
            encoder_share_of_peak: encoder / peak,
            memory_bytes,
        })
    }

    /// Operations a second of a matrix product alone, in the number format of the weights.
    fn peak(&self) -> Result<f64, Error> {
        let found = match self.model() {
            Model::Engine(engine) => {
                canto_infer::peak(engine.describe()).map_err(canto_score::Error::from)
            }
            Model::Burn { device, .. } => {
                canto_encoder::peak(device, Precision::F32).map_err(canto_score::Error::from)
            }
        };
        Ok(found?)
    }

    fn memory(&self) -> Option<u64> {
        match self.model() {
            Model::Burn { device, .. } => memory(device).map(|memory| memory.used),
            Model::Engine(_) => peak_memory(),
        }
    }
}

/// Songs going through a predictor, again and again.
struct Course<'a> {
    predictor: &'a Predictor,
    picked: &'a Picked<'a>,
    config: &'a SpeedConfig,
    progress: &'a dyn Progress,
}

impl Course<'_> {
    /// The rate of every batch that is worth a try, and the one that saturates, measured anew.
    fn batches(&self) -> Result<(Vec<Rate>, Rate), Error> {
        let largest = self.config.largest_batch.min(self.picked.lyrics.len()).max(1);
        let (mut tried, mut best, mut idle) = (Vec::<Rate>::new(), 0.0, 0);
        let mut batch = 1;
        while batch <= largest && idle < IDLE_DOUBLINGS {
            let rate = self.rate(batch)?;
            idle = if rate.tokens_per_second > best * WORTH { 0 } else { idle + 1 };
            best = rate.tokens_per_second.max(best);
            tried.push(rate);
            batch *= 2;
        }
        let saturated = self.rate(saturating(&tried))?;
        Ok((tried, saturated))
    }

    /// The rate of batches of `batch` songs, after one that does not count.
    fn rate(&self, batch: usize) -> Result<Rate, Error> {
        self.progress.start(&format!("batches of {batch}"), None);
        let thresholds = self.predictor.bundle().thresholds();
        self.call(0, batch, thresholds)?;
        let (mut times, mut all) = (Vec::new(), Duration::ZERO);
        while times.len() < LEAST || all < self.config.time {
            let time = self.call(times.len() * batch, batch, thresholds)?;
            all += time;
            times.push(time);
        }
        self.progress.finish();
        let songs = times.len() * batch;
        let tokens = self.picked.round(0, songs).map(|at| self.picked.tokens[at]).sum();
        Ok(Rate::new(batch, times, tokens))
    }

    /// How long the batch takes that begins with song `first`.
    fn call(&self, first: usize, batch: usize, thresholds: &Thresholds) -> Result<Duration, Error> {
        let lyrics = self.picked.batch(first, batch);
        let begun = Instant::now();
        self.predictor.outcomes(&lyrics, thresholds, &Silent)?;
        Ok(begun.elapsed())
    }

    fn stages(&self, batch: usize) -> Result<Stages, Error> {
        self.progress.start("stages", None);
        let (mut watch, begun) = (stages::Watch::new(self.predictor), Instant::now());
        let mut first = 0;
        while first < LEAST * batch || begun.elapsed() < self.config.time {
            watch.songs(&self.picked.batch(first, batch))?;
            first += batch;
        }
        self.progress.finish();
        Ok(watch.shares())
    }
}

/// The smallest batch that is nearly as fast as the fastest.
fn saturating(tried: &[Rate]) -> usize {
    let best = tried.iter().map(|rate| rate.tokens_per_second).fold(0.0, f64::max);
    let enough = tried.iter().find(|rate| rate.tokens_per_second >= SATURATED * best);
    enough.map_or(1, |rate| rate.batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_saturates_when_larger_ones_bring_little() {
        let rate = |batch, tokens| Rate::new(batch, vec![Duration::from_secs(1)], tokens);
        let tried = |rates: &[usize]| -> Vec<Rate> {
            rates.iter().enumerate().map(|(at, &tokens)| rate(1 << at, tokens)).collect()
        };
        assert_eq!(saturating(&tried(&[100, 180, 296, 310, 300])), 4);
        assert_eq!(saturating(&tried(&[100, 90, 80])), 1);
        assert_eq!(saturating(&tried(&[100, 200, 400])), 4);
        assert_eq!(saturating(&[]), 1);
    }
}
