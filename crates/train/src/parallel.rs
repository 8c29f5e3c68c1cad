//! One step on several devices: each computes the gradients of its share of the passes.
//!
//! The first device holds what lasts: the weights, the optimiser and the average. The others are
//! sent the weights before the passes and send their gradients back after them, which Burn does
//! by NCCL between NVIDIA GPUs. So a step is the same whatever number of devices computes it, but
//! for the order in which gradients are added up and for the draws of dropout.

use crate::criterion::{Backward, Criterion};
use crate::micro_batch::{EffectiveBatch, MicroBatch};
use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use canto_encoder::{Backend, Classifier, Device};
use std::panic::resume_unwind;
use std::thread;

/// The loss of each pass of `batch` and the sum of their gradients, on the first of `devices`,
/// where `model` lives. Devices are autodiff devices; `scale` is what losses are multiplied by.
pub(crate) fn backward(
    model: &Classifier,
    devices: &[Device],
    criterion: &Criterion,
    batch: &EffectiveBatch,
    scale: f64,
) -> Backward {
    let songs = batch.songs().len();
    let shares = dealt(&batch.passes, devices.len());
    let work = |model: &Classifier, device, share: &[&MicroBatch]| {
        criterion.backward(model, device, share, songs, scale)
    };
    let (first, others) = (&devices[0], devices.iter().zip(&shares).skip(1));
    thread::scope(|scope| {
        let others: Vec<_> = others
            .filter(|(_, share)| !share.is_empty())
            .map(|(device, share)| {
                let model = moved(model, device);
                scope.spawn(move || work(&model, device, share))
            })
            .collect();
        let (mut losses, mut gradients) = work(model, first, &shares[0]);
        for other in others {
            let (more, theirs) = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            let home = plain(first);
            losses.extend(more.into_iter().map(|loss| loss.to_device(home)));
            gradients.add(theirs.moved(home, first));
        }
        (losses, gradients)
    })
}

/// Every `count`th pass to the same device: they come longest first.
fn dealt(passes: &[MicroBatch], count: usize) -> Vec<Vec<&MicroBatch>> {
    (0..count).map(|at| passes.iter().skip(at).step_by(count).collect()).collect()
}

/// Of an autodiff device, the device.
pub(crate) fn plain(device: &Device) -> &Device {
    match device {
        Device::Autodiff(inner) => inner,
        plain => plain,
    }
}

/// `model`, on an autodiff device, on another one.
fn moved(model: &Classifier, device: &Device) -> Classifier {
    model.clone().map(&mut Move(plain(device)))
}

struct Move<'a>(&'a Device);

impl ModuleMapper<Backend> for Move<'_> {
    fn map_float<const D: usize>(
        &mut self,
        param: Param<Tensor<Backend, D>>,
    ) -> Param<Tensor<Backend, D>> {
        let (id, tensor, mapper) = param.consume();
        let tracked = tensor.is_require_grad();
        let there = Tensor::from_inner(tensor.inner().to_device(self.0));
        Param::from_mapped_value(id, there.set_require_grad(tracked), mapper)
    }
}
