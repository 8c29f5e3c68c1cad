use crate::adamw::Moments;
use crate::average::Average;
use crate::error::{CheckpointFault, Error};
use crate::event::Best;
use crate::loss_scale::LossScale;
use crate::step::Trainer;
use burn::prelude::*;
use canto_encoder::{Architecture, Backend, Classifier, NamedParameter, named_parameters};
use fs_err as fs;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const STATE: &str = "state.json";
const MOMENTS: &str = "optimizer.safetensors";

/// Where in the run the next optimiser step stands.
///
/// A checkpoint is written between optimiser steps, so there is no position within an accumulated
/// batch to keep. Batches and dropout follow from the seed and these numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Effective batches read within the epoch.
    pub batch: usize,
    /// Optimiser steps done in all.
    pub step: usize,
    /// Steps that an overflow kept from being done.
    pub skipped: usize,
    /// Best validation so far.
    pub best: Option<Best>,
    /// Validations since the best.
    pub strikes: usize,
}

/// What a checkpoint holds beside tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) position: Position,
    optimiser_time: i32,
    loss_scale: Option<LossScale>,
    /// Tokens of one pass; `train.micro_batch = "auto"` might find another number today, and with
    /// it other sums in their last digits.
    pub(crate) tokens_per_pass: usize,
    fingerprint: String,
}

/// A folder from which a run goes on: weights, their average, moments and position.
///
/// Written aside and renamed, `state.json` last: a folder that has it is whole.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    folder: PathBuf,
}

impl Checkpoint {
    /// The newest whole checkpoint of the run in `run`, if it has one.
    pub fn find(run: &Path) -> Option<Self> {
        let checkpoints = run.join("checkpoints");
        // A crash between the renames of `save` leaves the newest under its temporary name.
        let newest = ["last", ".last.new"].map(|name| checkpoints.join(name));
        newest
            .into_iter()
            .chain(earlier(&checkpoints).into_iter().map(|(_, folder)| folder))
            .find(|folder| folder.join(STATE).is_file())
            .map(|folder| Self { folder })
    }

    /// The folder; its weights load as any Hugging Face folder does.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes `last`; what was called so becomes `step-N`, of which the newest `keep - 1` stay.
    pub(crate) fn save(
        run: &Path,
        trainer: &Trainer,
        architecture: &Architecture,
        (position, tokens_per_pass): (&Position, usize),
        fingerprint: &str,
        keep: usize,
    ) -> Result<Self, Error> {
        let checkpoints = run.join("checkpoints");
        let (last, new) = (checkpoints.join("last"), checkpoints.join(".last.new"));
        remove(&new)?;
        fs::create_dir_all(&new)?;
        canto_encoder::save(trainer.model(), architecture, &new)?;
        write_tensors(&new.join(MOMENTS), trainer)?;
        let state = State {
            position: position.clone(),
            optimiser_time: trainer.optimiser.time,
            loss_scale: trainer.loss_scale,
            tokens_per_pass,
            fingerprint: fingerprint.to_owned(),
        };
        let mut file = fs::File::create(new.join(STATE))?;
        file.write_all(&serde_json::to_vec_pretty(&state)?)?;
        file.sync_all()?;
        let checkpoint = Self { folder: last };
        if checkpoint.folder.exists() {
            let older = checkpoints.join(format!("step-{}", checkpoint.state()?.position.step));
            remove(&older)?;
            fs::rename(&checkpoint.folder, older)?;
        }
        fs::rename(&new, &checkpoint.folder)?;
        fs::File::open(&checkpoints)?.sync_all()?;
        for (_, folder) in earlier(&checkpoints).into_iter().skip(keep.saturating_sub(1)) {
            remove(&folder)?;
        }
        Ok(checkpoint)
    }

    /// Its state; a checkpoint of another recipe is refused.
    pub(crate) fn open(&self, fingerprint: &str) -> Result<State, Error> {
        let state = self.state()?;
        if state.fingerprint == fingerprint {
            Ok(state)
        } else {
            Err(self.fault(CheckpointFault::Recipe))
        }
    }

    fn state(&self) -> Result<State, Error> {
        serde_json::from_slice(&fs::read(self.folder.join(STATE))?)
            .map_err(|error| self.fault(CheckpointFault::Damaged(error.into())))
    }

    fn fault(&self, reason: CheckpointFault) -> Error {
        Error::Checkpoint { path: self.folder.clone(), reason }
    }

    /// Puts back all of the trainer's `state` but the model's weights, with which it was made.
    pub(crate) fn restore(&self, state: &State, trainer: &mut Trainer) -> Result<(), Error> {
        let bytes = fs::read(self.folder.join(MOMENTS))?;
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|error| self.fault(CheckpointFault::Damaged(error.into())))?;
        let device = trainer.training_device().clone();
        let read = |which: &str, parameter: &NamedParameter| {
            let name = format!("{which}.{}", parameter.name);
            let expected = parameter.shape.iter().product();
            let tensor = tensors.tensor(&name).ok().filter(|t| t.data().len() == 4 * expected);
            let missing = || self.fault(CheckpointFault::State { name, expected });
            let tensor = tensor.ok_or_else(missing)?;
            let values = Tensor::<Backend, 1>::from_data(floats(tensor.data()).as_slice(), &device);
            Ok::<_, Error>(values.inner())
        };
        let parameters = named_parameters(trainer.model());
        for (slot, parameter) in trainer.optimiser.moments.iter_mut().zip(&parameters) {
            // A parameter that never had a gradient has no moments.
            if tensors.tensor(&format!("first.{}", parameter.name)).is_ok() {
                let (first, second) = (read("first", parameter)?, read("second", parameter)?);
                *slot = Some(Moments { first, second });
            }
        }
        if let Some(Average { values, .. }) = &mut trainer.average {
            let averages = parameters.iter().map(|parameter| read("average", parameter));
            *values = averages.collect::<Result<_, _>>()?;
        }
        trainer.optimiser.time = state.optimiser_time;
        trainer.loss_scale = state.loss_scale;
        trainer.step = state.position.step;
        trainer.skipped = state.position.skipped;
        Ok(())
    }
}

/// The checkpoints before the last one with their steps, the newest first.
fn earlier(checkpoints: &Path) -> Vec<(usize, PathBuf)> {
    let step = |folder: PathBuf| {
        let step = folder.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok()?;
        Some((step, folder))
    };
    let folders = fs::read_dir(checkpoints).into_iter().flatten().flatten();
    let mut found: Vec<_> = folders.filter_map(|entry| step(entry.path())).collect();
    found.sort_by_key(|&(step, _)| std::cmp::Reverse(step));
    found
}

fn names(model: &Classifier) -> Vec<String> {
    named_parameters(model).into_iter().map(|parameter| parameter.name).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

/// The optimiser's moments and the average of the weights.
fn write_tensors(path: &Path, trainer: &Trainer) -> Result<(), Error> {
    let mut values = Vec::new();
    let mut store = |which: &str, name: &str, tensor: &Tensor<Backend, 1>| {
        let data: Vec<f32> = tensor.to_data().to_vec().map_err(Error::Data)?;
        let bytes: Vec<u8> = data.iter().flat_map(|value| value.to_le_bytes()).collect();
        values.push((format!("{which}.{name}"), data.len(), bytes));
        Ok::<_, Error>(())
    };
    let names = names(trainer.model());
    for (name, moments) in names.iter().zip(&trainer.optimiser.moments) {
        let Some(moments) = moments else { continue };
        store("first", name, &moments.first)?;
        store("second", name, &moments.second)?;
    }
    let averages = trainer.average.iter().flat_map(|average| &average.values);
    for (name, average) in names.iter().zip(averages) {
        store("average", name, average)?;
    }
    let mut views = Vec::new();
    for (name, count, bytes) in &values {
        let view = TensorView::new(Dtype::F32, vec![*count], bytes);
        views.push((name.as_str(), view.map_err(io::Error::other)?));
    }
    safetensors::serialize_to_file(views, None, path).map_err(io::Error::other)?;
    Ok(fs::File::open(path)?.sync_all()?)
}

fn remove(folder: &Path) -> io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}
