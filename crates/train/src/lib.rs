//! Fine-tuning: loss, precision, optimiser, schedule, step, loop, checkpoint and log.
//!
//! Burn gives tensors and derivatives; the step is ours because its own clips per tensor, steps
//! the schedule per micro-batch and drops the last partial window. Knows nothing of CSV files,
//! bundles, HTTP or progress bars: what happens is told to an [`Observer`].

mod adamw;
mod ahead;
mod average;
mod canary;
mod checkpoint;
mod config;
mod criterion;
mod error;
mod event;
mod examples;
mod fit;
mod gradients;
mod layers;
mod loss;
mod loss_scale;
mod memory;
mod meter;
mod micro_batch;
mod on_cpu;
mod parallel;
mod read;
mod run;
mod schedule;
mod step;
mod tensorboard;

pub use adamw::AdamW;
pub use average::Average;
pub use canary::check as canary;
pub use checkpoint::{Checkpoint, Position};
pub use config::{LossKind, MicroBatchSize, PosWeight, ScheduleKind, TrainConfig};
pub use error::{CheckpointFault, Error};
pub use event::{Best, Event, JsonLines, Observer};
pub use examples::Examples;
pub use fit::{Inputs, Outcome, fit, training_device, validate};
pub use gradients::Gradients;
pub use loss::{Loss, positive_weights};
pub use loss_scale::LossScale;
pub use micro_batch::{EffectiveBatch, MicroBatch};
pub use schedule::Schedule;
pub use step::{Reading, Stepped, Trainer};
pub use tensorboard::TensorBoard;
