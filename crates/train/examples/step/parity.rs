use crate::call::Call;
use crate::songs;
use burn::tensor::{Tensor, TensorData};
use canto_encoder::{
    Adaptation, Backend, Classifier, Device, DeviceChoice, Precision, load_adapted,
    named_parameters, save,
};
use canto_song::Genre;
use canto_train::{Examples, TrainConfig, training_device};
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;

/// What the loss is multiplied by, so that gradients in f16 do not vanish.
const SCALE: f32 = 256.0;

/// Gradients whose norm is a smaller share of the whole's are noise: those of the keys' biases are
/// zero but for rounding.
const NOISE: f64 = 1e-5;

/// Logits, and the gradient of every parameter.
struct Found {
    logits: Vec<f32>,
    gradients: Vec<Vec<f32>>,
    /// Whether the layers went back by hand rather than through Burn's graph.
    by_hand: bool,
}

/// How far the device is from the CPU in f32, on two songs, the second one padded; an error where
/// that is more than the rounding of the format explains.
pub(crate) fn compared(call: &Call) -> Result<Value, Box<dyn Error>> {
    let (config, architecture) = (call.config()?, call.architecture()?);
    let length = call.value("--length", 128)?;
    let mut examples = songs::read(call, 2, length)?;
    examples.tokenized[1].windows[0].truncate(length / 2);
    let open = call.device()?.open()?;
    let cpu = DeviceChoice::Cpu.open()?.device;
    let folder = tempfile::tempdir()?;
    save(&architecture.init(&cpu), &architecture, folder.path())?;

    let plain = TrainConfig { precision: Precision::F32, ..config.clone() };
    let expected = probe(folder.path(), &cpu, &plain, &examples)?;
    let found = probe(folder.path(), &open.device, &config, &examples)?;

    let logits = off(&[&found.logits], &[&expected.logits]);
    let (ours, theirs) = (&found.gradients, &expected.gradients);
    let gradients = off(&slices(ours), &slices(theirs));
    let (worst, worst_off) = worst(folder.path(), &cpu, ours, theirs)?;
    let bound = bound(config.precision);
    let within = logits <= bound && gradients <= bound;
    let result = json!({
        "device": open.describe(),
        "precision": config.precision.name(),
        "layers": architecture.layers,
        "by_hand": found.by_hand,
        "length": length,
        "logits": logits,
        "gradients": gradients,
        "worst_parameter": worst,
        "worst_gradient": worst_off,
        "bound": bound,
        "within": within,
    });
    if within { Ok(result) } else { Err(format!("further off than its bound: {result}").into()) }
}

/// The canary's bounds, relative; on tensor cores f32 products may be computed in tf32.
fn bound(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => 0.02,
        Precision::F16 => 0.05,
        Precision::Bf16 => 0.2,
    }
}

fn load(
    folder: &Path,
    device: &Device,
    config: &TrainConfig,
) -> Result<Classifier, Box<dyn Error>> {
    let place = training_device(device, config);
    let loaded = load_adapted(folder, Some(&Genre::names()), Adaptation::WITHOUT_DROPOUT, &place)?;
    Ok(loaded.model.in_precision(config.precision))
}

/// One pass forward and back.
fn probe(
    folder: &Path,
    device: &Device,
    config: &TrainConfig,
    examples: &Examples,
) -> Result<Found, Box<dyn Error>> {
    let model = load(folder, device, config)?;
    let place = training_device(device, config);
    let windows: Vec<&Vec<u32>> = examples.tokenized.iter().map(|song| &song.windows[0]).collect();
    let (rows, length) = (windows.len(), examples.lengths().into_iter().max().unwrap_or(1));
    let token = |row: usize, at: usize| windows[row].get(at).copied();
    let places = || (0..rows).flat_map(|row| (0..length).map(move |at| (row, at)));
    let ids: Vec<i32> =
        places().map(|(row, at)| token(row, at).map_or(1, |id| id as i32)).collect();
    let mask: Vec<bool> = places().map(|(row, at)| token(row, at).is_some()).collect();
    let ids = Tensor::from_data(TensorData::new(ids, [rows, length]), &place);
    let mask = Tensor::from_data(TensorData::new(mask, [rows, length]), &place);
    let flags: Vec<f32> = examples
        .targets
        .iter()
        .flat_map(|set| set.flags())
        .map(|flag| f32::from(u8::from(flag)))
        .collect();
    let mut said = None;
    let found = model.differentiate(ids, mask, |logits| {
        said = Some(logits.clone().inner().flatten(0, 1));
        let targets =
            Tensor::<Backend, 2>::from_data(TensorData::new(flags, logits.dims()), &place);
        // Binary cross-entropy; fresh weights give logits near 0, so nothing overflows.
        let losses = logits.clone().exp().log1p() - logits * targets;
        losses.mean() * SCALE
    });
    let unscaled = |gradient: Option<Tensor<Backend, 1>>| {
        gradient.map_or_else(|| Ok(Vec::new()), |gradient| read(gradient / SCALE))
    };
    let gradients = found.gradients.into_iter().map(unscaled).collect::<Result<_, _>>()?;
    let logits = read(said.ok_or("no logits were computed")?)?;
    Ok(Found { logits, gradients, by_hand: model.goes_by_hand() })
}

fn read(tensor: Tensor<Backend, 1>) -> Result<Vec<f32>, String> {
    let data = tensor.try_into_data().map_err(|error| error.to_string())?;
    data.to_vec().map_err(|error| format!("{error:?}"))
}

fn slices(lists: &[Vec<f32>]) -> Vec<&[f32]> {
    lists.iter().map(Vec::as_slice).collect()
}

/// ‖found − expected‖ / ‖expected‖ over all lists; infinite where their lengths differ.
fn off(found: &[&[f32]], expected: &[&[f32]]) -> f64 {
    if !found.iter().map(|list| list.len()).eq(expected.iter().map(|list| list.len())) {
        return f64::INFINITY;
    }
    let pairs = found.iter().zip(expected).flat_map(|(a, b)| a.iter().zip(*b));
    let square = |x: f64| x * x;
    let apart: f64 = pairs.map(|(&a, &b)| square(f64::from(a) - f64::from(b))).sum();
    (apart / norm(expected).max(f64::MIN_POSITIVE)).sqrt()
}

/// Sum of squares.
fn norm(lists: &[&[f32]]) -> f64 {
    lists.iter().flat_map(|list| list.iter()).map(|&x| f64::from(x) * f64::from(x)).sum()
}

/// The parameter whose gradient is furthest off, and how far.
fn worst(
    folder: &Path,
    cpu: &Device,
    found: &[Vec<f32>],
    expected: &[Vec<f32>],
) -> Result<(String, f64), Box<dyn Error>> {
    let names = named_parameters(&load(folder, cpu, &TrainConfig::default())?);
    let whole = norm(&slices(expected));
    let apart = names.into_iter().zip(found.iter().zip(expected));
    let counted = apart.filter(|(_, (_, b))| norm(&[b]) > NOISE * NOISE * whole);
    let offs = counted.map(|(parameter, (a, b))| (parameter.name, off(&[a], &[b])));
    let worst = offs.max_by(|(_, a), (_, b)| a.total_cmp(b));
    worst.ok_or_else(|| "no parameter has a gradient".into())
}
