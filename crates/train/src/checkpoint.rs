use crate::adamw::{AdamW, Moments};
use crate::error::{CheckpointFault, Error};
use crate::event::Best;
use burn::prelude::*;
use canto_encoder::{Architecture, Classifier, Device, NamedParameter, named_parameters};
use fs_err as fs;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const STATE: &str = "state.json";
const MOMENTS: &str = "optimizer.safetensors";

/// Where in the run the next optimiser step stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Epoch, counted from 0.
    pub epoch: usize,
    /// Optimiser steps done within the epoch.
    pub window: usize,
    /// Optimiser steps done in all.
    pub step: usize,
    /// Best validation so far.
    pub best: Option<Best>,
    /// Validations since the best.
    pub strikes: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    position: Position,
    optimiser_time: i32,
    fingerprint: String,
}

/// A folder from which a run goes on: weights, moments and position.
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
        ["last", ".last.new", ".last.old"]
            .map(|name| checkpoints.join(name))
            .into_iter()
            .find(|folder| folder.join(STATE).is_file())
            .map(|folder| Self { folder })
    }

    /// The folder; its weights load as any Hugging Face folder does.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn save(
        run: &Path,
        model: &Classifier,
        architecture: &Architecture,
        optimiser: &AdamW,
        position: &Position,
        fingerprint: &str,
    ) -> Result<Self, Error> {
        let checkpoints = run.join("checkpoints");
        let (last, new, old) = (
            checkpoints.join("last"),
            checkpoints.join(".last.new"),
            checkpoints.join(".last.old"),
        );
        remove(&new)?;
        fs::create_dir_all(&new)?;
        canto_encoder::save(model, architecture, &new)?;
        write_moments(&new.join(MOMENTS), optimiser, &names(model))?;
        let state = State {
            position: position.clone(),
            optimiser_time: optimiser.time,
            fingerprint: fingerprint.to_owned(),
        };
        let mut file = fs::File::create(new.join(STATE))?;
        file.write_all(&serde_json::to_vec_pretty(&state)?)?;
        file.sync_all()?;
        remove(&old)?;
        if last.exists() {
            fs::rename(&last, &old)?;
        }
        fs::rename(&new, &last)?;
        remove(&old)?;
        Ok(Self { folder: last })
    }

    /// Puts the optimiser's state back and tells where the run stands.
    pub(crate) fn restore(
        &self,
        model: &Classifier,
        optimiser: &mut AdamW,
        device: &Device,
        fingerprint: &str,
    ) -> Result<Position, Error> {
        let fault = |reason| Error::Checkpoint { path: self.folder.clone(), reason };
        let state: State = serde_json::from_slice(&fs::read(self.folder.join(STATE))?)
            .map_err(|error| fault(CheckpointFault::Damaged(error.into())))?;
        if state.fingerprint != fingerprint {
            return Err(fault(CheckpointFault::Recipe));
        }
        let bytes = fs::read(self.folder.join(MOMENTS))?;
        let tensors = SafeTensors::deserialize(&bytes)
            .map_err(|error| fault(CheckpointFault::Damaged(error.into())))?;
        for (slot, parameter) in optimiser.moments.iter_mut().zip(named_parameters(model)) {
            let NamedParameter { name, shape, .. } = parameter;
            let count = shape.iter().product();
            let read = |which: &str| {
                let name = format!("{which}.{name}");
                let tensor = tensors.tensor(&name).ok().filter(|t| t.data().len() == 4 * count);
                let missing = || fault(CheckpointFault::State { name, expected: count });
                tensor.map(|tensor| flat(tensor.data(), device)).ok_or_else(missing)
            };
            // A parameter that never had a gradient has no moments.
            if tensors.tensor(&format!("first.{name}")).is_ok() {
                *slot = Some(Moments { first: read("first")?, second: read("second")? });
            }
        }
        optimiser.time = state.optimiser_time;
        Ok(state.position)
    }
}

fn names(model: &Classifier) -> Vec<String> {
    named_parameters(model).into_iter().map(|parameter| parameter.name).collect()
}

fn flat(bytes: &[u8], device: &Device) -> Tensor<canto_encoder::Backend, 1> {
    let values: Vec<f32> =
        bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    Tensor::from_data(values.as_slice(), device)
}

fn write_moments(path: &Path, optimiser: &AdamW, names: &[String]) -> Result<(), Error> {
    let mut values = Vec::new();
    for (name, moments) in names.iter().zip(&optimiser.moments) {
        let Some(moments) = moments else { continue };
        for (which, tensor) in [("first", &moments.first), ("second", &moments.second)] {
            let data: Vec<f32> = tensor.to_data().to_vec().map_err(Error::Data)?;
            let bytes: Vec<u8> = data.iter().flat_map(|value| value.to_le_bytes()).collect();
            values.push((format!("{which}.{name}"), data.len(), bytes));
        }
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
