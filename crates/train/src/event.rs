use canto_evaluate::Metrics;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::Path;

/// The best validation so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Optimiser step, counted from 1.
    pub step: usize,
    /// Value of `train.best_metric`; none where it is undefined on these songs.
    pub value: Option<f64>,
}

/// What happens during training, in order. Each is one line of `train.jsonl`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Training begins or goes on.
    Started {
        /// Optimiser steps in all.
        steps: usize,
        /// Optimiser steps done before, by a run that this one resumes.
        done: usize,
        /// Training songs.
        songs: usize,
        /// Validation songs.
        validation_songs: usize,
        /// Trainable values.
        parameters: usize,
        /// Share of training songs that the windows leave partly unread.
        truncated: f64,
        /// Most tokens, padding included, of one forward and backward pass.
        tokens_per_pass: usize,
        /// Floating-point operations a second that one large matrix product reaches here, on all
        /// devices together.
        peak: f64,
    },
    /// The device computes what the CPU does, as far as its number format lets it.
    Canary {
        /// How far its logits are from the CPU's, relative to these.
        logits: f64,
        /// The same of the norms of all parameters' gradients.
        gradients: f64,
    },
    /// Memory in use has grown since training was well under way.
    MemoryGrowth {
        /// Optimiser step, counted from 1.
        step: usize,
        /// Bytes in use then.
        before: u64,
        /// Bytes in use now.
        now: u64,
    },
    /// An optimiser step, or the mean over those since the last such line.
    Step {
        /// Optimiser step, counted from 1.
        step: usize,
        /// Passes over the training songs, fractional.
        epoch: f64,
        /// Mean loss per song since the last line.
        loss: f64,
        /// Learning rate of this step.
        learning_rate: f64,
        /// Global gradient norm of this step before clipping.
        grad_norm: f64,
        /// Songs since the last line.
        songs: usize,
        /// Songs a second since the last line.
        songs_per_second: f64,
        /// Tokens a second since the last line, padding not counted.
        tokens_per_second: f64,
        /// Share of padding among the tokens since the last line.
        padding: f64,
        /// What the loss was multiplied by, in f16.
        #[serde(skip_serializing_if = "Option::is_none")]
        loss_scale: Option<f64>,
        /// Operations of the model a second, padding not counted, as a share of what one large
        /// matrix product reaches on this device (model FLOPs utilisation).
        #[serde(skip_serializing_if = "Option::is_none")]
        mfu: Option<f64>,
        /// Bytes of memory in use on the device.
        #[serde(skip_serializing_if = "Option::is_none")]
        memory: Option<u64>,
        /// Share of the steps since the last line that an overflow kept from being done.
        overflows: f64,
    },
    /// A validation begins, over so many songs.
    Validating {
        /// Validation songs.
        songs: usize,
    },
    /// A validation is done.
    Validated {
        /// Optimiser step, counted from 1.
        step: usize,
        /// Whether it is the best so far.
        improved: bool,
        /// Best so far.
        best: Best,
        /// Name of the metric that decides.
        metric: String,
        /// All metrics, boxed since they are large.
        metrics: Box<Metrics>,
    },
    /// No validation was better for `train.patience` validations.
    StoppedEarly {
        /// Optimiser step, counted from 1.
        step: usize,
    },
    /// The user asked to stop; the checkpoint holds all that was done.
    Interrupted {
        /// Optimiser steps done.
        step: usize,
    },
    /// Training is over.
    Finished {
        /// Optimiser steps done.
        step: usize,
        /// Best validation.
        best: Best,
        /// Seconds since this process began to train.
        seconds: f64,
    },
}

/// Who is told what happens.
pub trait Observer {
    /// `event` happened.
    fn on(&mut self, event: &Event) -> io::Result<()>;

    /// `songs` more songs went through the model, between two [`Event`]s.
    fn advance(&mut self, songs: usize) {
        let _ = songs;
    }
}

/// Writes each event as one JSON line; appends, so that a resumed run goes on in its file.
pub struct JsonLines(fs_err::File);

impl JsonLines {
    /// Opens `path` for appending; half a line at its end, which a killed run left, is dropped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = fs_err::OpenOptions::new();
        let mut file = options.create(true).read(true).append(true).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
        Ok(Self(file))
    }
}

impl Observer for JsonLines {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_string(event)?;
        line.push('\n');
        self.0.write_all(line.as_bytes())
    }
}
