//! Songs that wait for the model.
//!
//! Requests put songs in and wait; worker threads take those that can be scored together. The
//! number of songs that wait is bounded. One whose client has left is thrown away unscored.
//!
//! Songs come on two ways, with places of their own: single ones, which are refused when all
//! places are taken, and those of a list, which wait for a place, so that a long list goes as fast
//! as the model does and no faster, and crowds nobody out.

mod choose;
mod worker;

use crate::failure::Failure;
use crate::metrics::{Fate, Metrics};
use crate::model::{Model, Question};
use crate::trace;
use crate::wire::Prediction;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use std::{io, mem};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;
use tracing::Span;

/// The most seconds that a refused client is told to wait.
const MOST_WAIT: u64 = 60;

/// What becomes of a song.
pub(crate) type Outcome = Result<Prediction, Failure>;

/// What the model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Scores, many songs at once.
    Predict,
    /// Scores and lines, one song after the other.
    Explain,
}

/// How a queue works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) task: Task,
    /// Single songs that may wait.
    pub(crate) capacity: usize,
    /// Songs of lists that may wait.
    pub(crate) listed: usize,
    /// Tokens of a batch.
    pub(crate) budget: usize,
    pub(crate) workers: usize,
}

/// A bounded queue with its worker threads.
pub(crate) struct Queue {
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    listed: Arc<Semaphore>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    model: Arc<dyn Model>,
    metrics: Arc<Metrics>,
    shape: Shape,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    closed: bool,
    /// Tokens a second that the model has read of late; 0 before its first batch.
    speed: f64,
}

/// A song that waits.
struct Job {
    question: Question,
    tokens: usize,
    answer: oneshot::Sender<Outcome>,
    /// The request that it came with.
    request: Span,
    _waits: Span,
    _place: OwnedSemaphorePermit,
}

impl Queue {
    /// Starts the threads.
    pub(crate) fn start(
        model: Arc<dyn Model>,
        metrics: Arc<Metrics>,
        shape: Shape,
    ) -> io::Result<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { model, metrics, shape, state, changed });
        let start = |number| {
            let shared = Arc::clone(&shared);
            let name = format!("{:?}-{number}", shape.task).to_lowercase();
            Builder::new().name(name).spawn(move || worker::work(&shared))
        };
        let workers = (0..shape.workers.max(1)).map(start).collect::<io::Result<_>>()?;
        let places = Arc::new(Semaphore::new(shape.capacity));
        let listed = Arc::new(Semaphore::new(shape.listed));
        Ok(Self { shared, places, listed, workers: Mutex::new(workers) })
    }

    /// Has a song scored. Dropping the future takes the song out of the queue.
    pub(crate) async fn ask(&self, question: Question) -> Outcome {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.shared.metrics.songs(Fate::Refused, 1);
            return Err(Failure::QueueFull { wait: self.shared.lock().wait() });
        };
        self.put(question, place)?.await.map_err(|_| Failure::Model)?
    }

    /// Has a song of a list scored: `within` some time from when there is a place for it.
    pub(crate) async fn ask_listed(&self, question: Question, within: Duration) -> Outcome {
        let place =
            Arc::clone(&self.listed).acquire_owned().await.map_err(|_| Failure::Draining)?;
        let answer = timeout(within, self.put(question, place)?).await;
        let late = |_| Failure::Timeout { seconds: within.as_secs() };
        answer.map_err(late)?.map_err(|_| Failure::Model)?
    }

    /// Songs that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    fn put(
        &self,
        question: Question,
        place: OwnedSemaphorePermit,
    ) -> Result<oneshot::Receiver<Outcome>, Failure> {
        let tokens = self.shared.model.tokens(&question.lyrics);
        let (answer, receiver) = oneshot::channel();
        let mut state = self.shared.lock();
        if state.closed {
            return Err(Failure::Draining);
        }
        let (request, waits) = (Span::current(), trace::waits());
        let job = Job { question, tokens, answer, request, _waits: waits, _place: place };
        state.waiting.push_back(job);
        drop(state);
        self.shared.changed.notify_one();
        Ok(receiver)
    }

    /// Takes no more songs, scores those that wait, and ends the threads.
    pub(crate) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        let workers = mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if worker.join().is_err() {
                tracing::error!("a worker thread has panicked");
            }
        }
    }
}

impl Shared {
    /// The state is whole at every moment, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch, or nothing once the queue is closed and empty.
    fn take(&self) -> Option<Vec<Job>> {
        let mut state = self.lock();
        loop {
            self.metrics.songs(Fate::Left, state.forget());
            if !state.waiting.is_empty() {
                return Some(state.next(self.shape.budget));
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    /// Drops songs that nobody waits for any more, and tells how many.
    fn forget(&mut self) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|job| !job.answer.is_closed());
        before - self.waiting.len()
    }

    /// Seconds until those that wait now are scored, about.
    fn wait(&self) -> u64 {
        let tokens: usize = self.waiting.iter().map(|job| job.tokens).sum();
        let seconds = if self.speed > 0.0 { tokens as f64 / self.speed } else { 1.0 };
        (seconds.ceil() as u64).clamp(1, MOST_WAIT)
    }

    /// A batch took some time; the newest count most.
    fn learn(&mut self, tokens: usize, took: Duration) {
        let found = tokens as f64 / took.as_secs_f64().max(1e-6);
        self.speed = if self.speed > 0.0 { 0.8 * self.speed + 0.2 * found } else { found };
    }

    fn next(&mut self, budget: usize) -> Vec<Job> {
        let lengths: Vec<usize> = self.waiting.iter().map(|job| job.tokens).collect();
        let chosen = choose::choose(&lengths, budget);
        let mut jobs: Vec<Option<Job>> = self.waiting.drain(..).map(Some).collect();
        let batch = chosen.into_iter().filter_map(|at| jobs[at].take()).collect();
        self.waiting.extend(jobs.into_iter().flatten());
        batch
    }
}
