//! A model at service: what every route reads.

use crate::error::Error;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::model::{Model, Question};
use crate::openapi;
use crate::queue::{Outcome, Queue, Shape, Task};
use crate::rate::Limiter;
use crate::settings::Settings;
use crate::wire::{Asked, Info};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Explanations that may wait. Each costs as much as the song has lines, so few are let in, and
/// they have a thread of their own: predictions go on beside them.
const EXPLANATIONS: usize = 16;

/// Lists under way at once.
const LISTS: usize = 16;

/// A model with its queues and settings; copies are the same service.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

struct Parts {
    model: Arc<dyn Model>,
    settings: Settings,
    songs: Queue,
    explanations: Queue,
    lists: Arc<Semaphore>,
    limiter: Option<Limiter>,
    metrics: Arc<Metrics>,
    openapi: String,
    draining: AtomicBool,
}

impl Service {
    /// Starts the worker threads.
    pub fn start(model: Arc<dyn Model>, settings: Settings) -> Result<Self, Error> {
        let metrics = Arc::new(Metrics::default());
        let queue = |shape| {
            let queue = Queue::start(Arc::clone(&model), Arc::clone(&metrics), shape);
            queue.map_err(|source| Error::Threads { source })
        };
        Ok(Self(Arc::new(Parts {
            songs: queue(songs(&settings))?,
            explanations: queue(EXPLANATIONS_SHAPE)?,
            lists: Arc::new(Semaphore::new(LISTS)),
            limiter: settings.rate.map(Limiter::new),
            openapi: openapi::document(model.info(), &settings),
            draining: AtomicBool::new(false),
            metrics,
            settings,
            model,
        })))
    }

    pub(crate) fn info(&self) -> &Info {
        self.0.model.info()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn limiter(&self) -> Option<&Limiter> {
        self.0.limiter.as_ref()
    }

    /// The description of the API, JSON.
    pub(crate) fn openapi(&self) -> &str {
        &self.0.openapi
    }

    /// Songs that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.songs.waiting() + self.0.explanations.waiting()
    }

    /// Has a song scored.
    pub(crate) async fn predict(&self, asked: Asked) -> Outcome {
        let queue = if asked.explain { &self.0.explanations } else { &self.0.songs };
        queue.ask(asked.question).await
    }

    /// Leave for one list of songs, as long as it is held.
    pub(crate) fn list(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.0.lists).try_acquire_owned().map_err(|_| Failure::QueueFull { wait: 1 })
    }

    /// Has a song of a list scored.
    pub(crate) async fn predict_listed(&self, question: Question) -> Outcome {
        self.0.songs.ask_listed(question, self.0.settings.timeout).await
    }

    /// Songs of one list under way at a time: as many as may wait, and as many again that are
    /// being scored meanwhile.
    pub(crate) fn listed(&self) -> usize {
        2 * listed(&self.0.settings)
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

/// Songs of lists that may wait: they fill a batch, and are few beside the single ones.
fn listed(settings: &Settings) -> usize {
    (settings.queue / 4).max(1)
}

fn songs(settings: &Settings) -> Shape {
    Shape {
        task: Task::Predict,
        capacity: settings.queue,
        listed: listed(settings),
        budget: settings.batch_tokens,
        workers: settings.workers,
    }
}

const EXPLANATIONS_SHAPE: Shape =
    Shape { task: Task::Explain, capacity: EXPLANATIONS, listed: 0, budget: 0, workers: 1 };
