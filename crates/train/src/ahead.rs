//! Batches are made while the device computes.

use crate::examples::Examples;
use crate::micro_batch::EffectiveBatch;
use canto_batch::Windows;
use canto_score::Pooled;
use std::sync::mpsc::{IntoIter, sync_channel};

/// Effective batches that wait, ready, for the device.
const AHEAD: usize = 4;

/// Where batches come from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) examples: &'a Examples,
    pub(crate) windows: &'a Windows,
    /// Where no layer learns.
    pub(crate) pooled: Option<&'a Pooled>,
    /// Tokens of one pass, padding included.
    pub(crate) tokens_per_pass: usize,
    /// Devices that share the passes.
    pub(crate) devices: usize,
}

impl Source<'_> {
    pub(crate) fn batch(&self, songs: &[usize]) -> EffectiveBatch {
        let Self { examples, windows, tokens_per_pass, devices, .. } = *self;
        match self.pooled {
            Some(pooled) => EffectiveBatch::pooled(examples, songs, pooled),
            None => EffectiveBatch::for_devices(devices, examples, songs, windows, tokens_per_pass),
        }
    }

    /// `work` on the batches of `orders`, in their order, which another thread makes ahead of it.
    /// It ends when `work` does, whether or not all were taken.
    pub(crate) fn ahead<R>(
        self,
        orders: &[Vec<usize>],
        work: impl FnOnce(IntoIter<EffectiveBatch>) -> R,
    ) -> R {
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel(AHEAD);
            scope.spawn(move || {
                // Sending fails once `work` has dropped its end: it wants no more.
                orders.iter().all(|songs| sender.send(self.batch(songs)).is_ok())
            });
            work(receiver.into_iter())
        })
    }
}
