//! The threads that call the model.

use crate::failure::Failure;
use crate::metrics::Fate;
use crate::model::{Model, ModelError, Question, Unscorable};
use crate::queue::{Job, Outcome, Shared, Task};
use crate::trace;
use crate::wire::Prediction;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use tokio::sync::oneshot;
use tracing::Span;

type Scored = Result<Prediction, Unscorable>;

/// Scores batches until the queue is closed and empty.
pub(super) fn work(shared: &Shared) {
    while let Some(batch) = shared.take() {
        let tokens: usize = batch.iter().map(|job| job.tokens).sum();
        let songs = batch.len();
        let part = |job: Job| job.parts(songs, tokens);
        let (questions, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(part).unzip();
        let begun = Instant::now();
        let outcomes = score(&*shared.model, shared.shape.task, &questions);
        let took = begun.elapsed();
        shared.lock().learn(tokens, took);
        shared.metrics.batch(questions.len(), took);
        for ((answer, scored), outcome) in answers.into_iter().zip(outcomes) {
            drop(scored);
            shared.count(&outcome);
            // An error means that the client has left meanwhile.
            let _ = answer.send(outcome);
        }
    }
}

impl Shared {
    fn count(&self, outcome: &Outcome) {
        let fate = match outcome {
            Ok(prediction) => {
                self.metrics.tokens.inc_by(prediction.tokens as u64);
                Fate::Scored
            }
            Err(Failure::Unscorable { .. }) => Fate::Unscorable,
            Err(_) => Fate::Failed,
        };
        self.metrics.songs(fate, 1);
    }
}

impl Job {
    /// Gives the place in the queue back: it is being scored, with `songs` of `tokens` in all.
    fn parts(self, songs: usize, tokens: usize) -> (Question, (oneshot::Sender<Outcome>, Span)) {
        (self.question, (self.answer, trace::scored(&self.request, songs, tokens)))
    }
}

/// One outcome a question. Where the model fails on all together, each is scored alone, so that
/// one song that it cannot bear costs no other its answer.
fn score(model: &dyn Model, task: Task, questions: &[Question]) -> Vec<Outcome> {
    match attempt(model, task, questions) {
        Ok(scored) => scored.into_iter().map(outcome).collect(),
        Err(error) if questions.len() == 1 => {
            tracing::error!("the model failed on a song: {error}");
            vec![Err(Failure::Model)]
        }
        Err(error) => {
            tracing::warn!("the model failed on {} songs, trying each: {error}", questions.len());
            questions.chunks(1).flat_map(|one| score(model, task, one)).collect()
        }
    }
}

fn outcome(scored: Scored) -> Outcome {
    scored.map_err(|reason| Failure::Unscorable { reason, path: "lyrics".to_owned() })
}

/// Calls the model; a panic in it ends no thread.
fn attempt(
    model: &dyn Model,
    task: Task,
    questions: &[Question],
) -> Result<Vec<Scored>, ModelError> {
    let call = || match task {
        Task::Predict => model.predict(questions),
        Task::Explain => questions.iter().map(|question| model.explain(question)).collect(),
    };
    let scored = catch_unwind(AssertUnwindSafe(call)).map_err(|_| Broken::Panic)??;
    let (found, expected) = (scored.len(), questions.len());
    if found == expected { Ok(scored) } else { Err(Broken::Count { found, expected }.into()) }
}

/// What a model should not do.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("it panicked")]
    Panic,
    #[error("it gave `{found}` answers, expected `{expected}`")]
    Count { found: usize, expected: usize },
}
