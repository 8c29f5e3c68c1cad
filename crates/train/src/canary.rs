//! Before the first step: does the device compute what the CPU does?

use crate::config::TrainConfig;
use crate::error::Error;
use crate::event::Event;
use crate::fit::{Inputs, training_device};
use crate::micro_batch::EffectiveBatch;
use crate::step::Trainer;
use burn::module::AutodiffModule;
use canto_encoder::{Adaptation, Device, DeviceChoice, Precision, is_cpu};
use canto_song::Genre;

/// The logits of a few songs and the gradient's norm of every parameter.
pub(crate) struct Probe {
    pub(crate) logits: Vec<f32>,
    pub(crate) gradient_norms: Vec<f32>,
}

/// Runs the longest and the shortest of the songs forward and back on each device as training will,
/// and on the CPU in f32; an error where the two do not agree. Nothing where both are the same.
pub fn check(inputs: &Inputs<'_>, config: &TrainConfig) -> Result<Option<Event>, Error> {
    let same = |device: &Device| is_cpu(device) && config.precision == Precision::F32;
    let devices =
        || [inputs.device].into_iter().chain(inputs.others).filter(|device| !same(device));
    if devices().next().is_none() {
        return Ok(None);
    }
    let aside = tempfile::tempdir()?;
    canto_encoder::save(&inputs.model.valid(), inputs.architecture, aside.path())?;
    let probe = |device: &Device, config: &TrainConfig| {
        let labels = Genre::names();
        let place = training_device(device, config);
        let loaded = canto_encoder::load_adapted(
            aside.path(),
            Some(&labels),
            Adaptation::WITHOUT_DROPOUT,
            &place,
        )?;
        let targets = &inputs.train.targets;
        let trainer = Trainer::new(loaded.model, device, config, targets, 1, inputs.seed);
        trainer.probe(&songs(inputs))
    };
    let plain = TrainConfig { precision: Precision::F32, ..config.clone() };
    let expected = probe(&DeviceChoice::Cpu.open()?.device, &plain)?;
    let (mut logits, mut gradients) = (0.0f64, 0.0f64);
    for device in devices() {
        let found = probe(device, config)?;
        let off =
            |what, found: &[f32], expected: &[f32]| judged(what, found, expected, config.precision);
        logits = logits.max(off("logits", &found.logits, &expected.logits)?);
        gradients =
            gradients.max(off("gradients", &found.gradient_norms, &expected.gradient_norms)?);
    }
    Ok(Some(Event::Canary { logits, gradients }))
}

/// The longest and the shortest song, one window each in a common batch.
fn songs(inputs: &Inputs<'_>) -> EffectiveBatch {
    let lengths = inputs.train.lengths();
    let longest = (0..lengths.len()).max_by_key(|&song| lengths[song]);
    let shortest = (0..lengths.len()).min_by_key(|&song| lengths[song]);
    let songs: Vec<usize> = longest.into_iter().chain(shortest).collect();
    EffectiveBatch::first_windows(inputs.train, &songs, inputs.windows)
}

/// How far `found` is from `expected`, ‖found − expected‖ / ‖expected‖, where that is no more than
/// the rounding of `precision` explains.
fn judged(
    what: &'static str,
    found: &[f32],
    expected: &[f32],
    precision: Precision,
) -> Result<f64, Error> {
    let bound = match precision {
        Precision::F32 => 0.02,
        Precision::F16 => 0.05,
        Precision::Bf16 => 0.2,
    };
    let square = |x: f64| x * x;
    let pairs = found.iter().zip(expected).map(|(&a, &b)| (f64::from(a), f64::from(b)));
    let off: f64 = pairs.clone().map(|(a, b)| square(a - b)).sum();
    let whole: f64 = pairs.map(|(_, b)| square(b)).sum();
    let off = (off / whole.max(f64::MIN_POSITIVE)).sqrt();
    if off <= bound && found.len() == expected.len() {
        Ok(off)
    } else {
        Err(Error::Canary { what, off, bound, precision: precision.name() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_passes_and_wrong_numbers_do_not() {
        let judge = |found: &[f32], precision| judged("logits", found, &[1.0, -2.0], precision);
        assert!(judge(&[1.01, -2.01], Precision::F16).unwrap() > 0.0);
        let wrong: [&[f32]; 5] =
            [&[1.0, 2.0], &[0.0, 0.0], &[f32::NAN, -2.0], &[f32::INFINITY, -2.0], &[1.0]];
        for found in wrong {
            for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
                let error = judge(found, precision).unwrap_err();
                assert!(matches!(error, Error::Canary { .. }), "{found:?} in {precision:?}");
            }
        }
    }
}
