//! Songs that wait for the model.
//!
//! Requests put songs in and wait; worker threads take those that can be scored together. The
//! number of songs that wait is bounded. One whose client has left is thrown away unscored.

mod choose;
mod worker;

use crate::failure::Failure;
use crate::model::{Model, Question};
use crate::wire::Prediction;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::{io, mem};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

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
    /// Songs that may wait.
    pub(crate) capacity: usize,
    /// Tokens of a batch.
    pub(crate) budget: usize,
    pub(crate) workers: usize,
}

/// A bounded queue with its worker threads.
pub(crate) struct Queue {
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    model: Arc<dyn Model>,
    shape: Shape,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    closed: bool,
}

/// A song that waits.
struct Job {
    question: Question,
    tokens: usize,
    answer: oneshot::Sender<Outcome>,
    _place: OwnedSemaphorePermit,
}

impl Queue {
    /// Starts the threads.
    pub(crate) fn start(model: Arc<dyn Model>, shape: Shape) -> io::Result<Self> {
        let state = Mutex::default();
        let shared = Arc::new(Shared { model, shape, state, changed: Condvar::new() });
        let start = |number| {
            let shared = Arc::clone(&shared);
            let name = format!("{:?}-{number}", shape.task).to_lowercase();
            Builder::new().name(name).spawn(move || worker::work(&shared))
        };
        let workers = (0..shape.workers.max(1)).map(start).collect::<io::Result<_>>()?;
        let places = Arc::new(Semaphore::new(shape.capacity));
        Ok(Self { shared, places, workers: Mutex::new(workers) })
    }

    /// Has a song scored. Dropping the future takes the song out of the queue.
    pub(crate) async fn ask(&self, question: Question) -> Outcome {
        let full = |_| Failure::QueueFull { wait: 1 };
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(full)?;
        self.put(question, place)?.await.map_err(|_| Failure::Model)?
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
        state.waiting.push_back(Job { question, tokens, answer, _place: place });
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
            state.waiting.retain(|job| !job.answer.is_closed());
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
    fn next(&mut self, budget: usize) -> Vec<Job> {
        let lengths: Vec<usize> = self.waiting.iter().map(|job| job.tokens).collect();
        let chosen = choose::choose(&lengths, budget);
        let mut jobs: Vec<Option<Job>> = self.waiting.drain(..).map(Some).collect();
        let batch = chosen.into_iter().filter_map(|at| jobs[at].take()).collect();
        self.waiting.extend(jobs.into_iter().flatten());
        batch
    }
}
