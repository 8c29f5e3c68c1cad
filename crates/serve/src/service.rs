//! A model at service: what every route reads.

use crate::error::Error;
use crate::failure::Failure;
use crate::model::Model;
use crate::queue::{Queue, Shape, Task};
use crate::settings::Settings;
use crate::wire::{Asked, Info, Prediction};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Explanations that may wait. Each costs as much as the song has lines, so few are let in, and
/// they have a thread of their own: predictions go on beside them.
const EXPLANATIONS: usize = 16;

/// A model with its queues and settings; copies are the same service.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

struct Parts {
    model: Arc<dyn Model>,
    settings: Settings,
    songs: Queue,
    explanations: Queue,
    draining: AtomicBool,
}

impl Service {
    /// Starts the worker threads.
    pub fn start(model: Arc<dyn Model>, settings: Settings) -> Result<Self, Error> {
        let Settings { queue: capacity, batch_tokens: budget, workers, .. } = settings;
        let songs = Shape { task: Task::Predict, capacity, budget, workers };
        let explanations =
            Shape { task: Task::Explain, capacity: EXPLANATIONS, budget: 0, workers: 1 };
        let queue = |shape| {
            let queue = Queue::start(Arc::clone(&model), shape);
            queue.map_err(|source| Error::Threads { source })
        };
        let (songs, explanations) = (queue(songs)?, queue(explanations)?);
        let draining = AtomicBool::new(false);
        Ok(Self(Arc::new(Parts { model, settings, songs, explanations, draining })))
    }

    pub(crate) fn info(&self) -> &Info {
        self.0.model.info()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Has a song scored.
    pub(crate) async fn predict(&self, asked: Asked) -> Result<Prediction, Failure> {
        let queue = if asked.explain { &self.0.explanations } else { &self.0.songs };
        queue.ask(asked.question).await
    }

    /// From now on `/ready` says no.
    pub(crate) fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Scores what still waits and ends the worker threads.
    pub(crate) fn close(&self) {
        self.0.songs.close();
        self.0.explanations.close();
    }
}
