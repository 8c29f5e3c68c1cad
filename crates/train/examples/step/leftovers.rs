//! Does a run that was killed and went on end as one that never was?

use crate::call::Call;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

/// How far apart weights and losses may be on a device that does not give the same bits twice:
/// relative, or so many times as far as two runs that nothing happened to.
const BOUND: f64 = 1e-3;
const TIMES: f64 = 3.0;
/// The same of the loss of a step.
const LOSS_BOUND: f64 = 0.01;

/// `resumed WHOLE RESUMED [AGAIN]`: folders of a run that nothing happened to, of one that was
/// killed and resumed, and of one more like the first. Without the third the weights must be the
/// same bits.
pub(crate) fn resumed(call: &Call) -> Result<Value, Box<dyn Error>> {
    let files = call.files()?;
    let [whole, resumed] = *files.first_chunk().ok_or("two folders of runs are needed")?;
    let apart = weights_apart(whole, resumed)?;
    let control = files.get(2).map(|again| weights_apart(whole, again)).transpose()?;
    let bound = control.map_or(0.0, |control| BOUND.max(TIMES * control));
    let (steps, losses) = losses_apart(whole, resumed)?;
    let within = apart <= bound && losses <= LOSS_BOUND;
    let result = json!({
        "weights_apart": apart,
        "weights_apart_unharmed": control,
        "bound": bound,
        "losses_apart": losses,
        "steps": steps,
        "within": within,
    });
    if within { Ok(result) } else { Err(format!("further apart than the bound: {result}").into()) }
}

/// ‖b − a‖ / ‖a‖ over all weights of two runs.
fn weights_apart(a: &str, b: &str) -> Result<f64, Box<dyn Error>> {
    let read = |run: &str| fs_err::read(Path::new(run).join("model/model.safetensors"));
    let (a, b) = (read(a)?, read(b)?);
    let (a, b) = (SafeTensors::deserialize(&a)?, SafeTensors::deserialize(&b)?);
    let (mut apart, mut whole) = (0.0, 0.0);
    for name in a.names() {
        let (a, b) = (a.tensor(name)?, b.tensor(name)?);
        if a.shape() != b.shape() || [a.dtype(), b.dtype()] != [Dtype::F32; 2] {
            return Err(format!("`{name}` differs in shape, or is not f32").into());
        }
        for (a, b) in floats(a.data()).zip(floats(b.data())) {
            apart += (b - a) * (b - a);
            whole += a * a;
        }
    }
    Ok((apart / whole.max(f64::MIN_POSITIVE)).sqrt())
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.as_chunks().0.iter().map(|&four| f64::from(f32::from_le_bytes(four)))
}

/// How many steps both logs tell of, and the largest relative difference of their losses.
fn losses_apart(a: &str, b: &str) -> Result<(usize, f64), Box<dyn Error>> {
    let (a, b) = (losses(a)?, losses(b)?);
    let pairs = a.iter().filter_map(|(step, a)| b.get(step).map(|b| (b / a - 1.0).abs()));
    let offs: Vec<f64> = pairs.collect();
    if offs.is_empty() {
        return Err("the logs have no step in common".into());
    }
    // A loss that is no number must not pass for a small difference.
    let largest = |most: f64, off: &f64| if off.is_nan() { f64::INFINITY } else { most.max(*off) };
    Ok((offs.len(), offs.iter().fold(0.0, largest)))
}

/// The loss of each step of a run; of a step told of twice the later one.
fn losses(run: &str) -> Result<BTreeMap<u64, f64>, Box<dyn Error>> {
    let text = fs_err::read_to_string(Path::new(run).join("train.jsonl"))?;
    let mut losses = BTreeMap::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line)?;
        let numbers = event["step"].as_u64().zip(event["loss"].as_f64());
        if let Some((step, loss)) = numbers.filter(|_| event["event"] == "step") {
            losses.insert(step, loss);
        }
    }
    Ok(losses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;

    /// A run that ended with these weights and losses.
    fn run(folder: &Path, name: &str, weights: [f32; 2], losses: [f64; 2]) -> String {
        let run = folder.join(name);
        fs_err::create_dir_all(run.join("model")).unwrap();
        let bytes: Vec<u8> = weights.iter().flat_map(|w| w.to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F32, vec![2], &bytes).unwrap();
        let file = safetensors::serialize([("w", view)], None).unwrap();
        fs_err::write(run.join("model/model.safetensors"), file).unwrap();
        let line = |(i, loss)| json!({ "event": "step", "step": i, "loss": loss }).to_string();
        let lines: Vec<_> = losses.iter().enumerate().map(line).collect();
        fs_err::write(run.join("train.jsonl"), lines.join("\n")).unwrap();
        run.to_str().unwrap().to_owned()
    }

    fn judged(runs: &[&String]) -> Result<Value, Box<dyn Error>> {
        let args =
            std::iter::once("resumed".to_owned()).chain(runs.iter().map(|run| (*run).clone()));
        resumed(&Call::new(args))
    }

    #[test]
    fn the_same_bits_pass_and_other_ones_only_beside_a_control() {
        let folder = tempfile::tempdir().unwrap();
        let run = |name, weights, losses| run(folder.path(), name, weights, losses);
        let whole = run("whole", [3.0, 4.0], [1.0, 0.5]);
        let same = run("same", [3.0, 4.0], [1.0, 0.5]);
        let near = run("near", [3.0, 4.002], [1.0, 0.5]);
        let far = run("far", [3.0, 4.2], [1.0, 0.5]);
        let strayed = run("strayed", [3.0, 4.0], [1.0, 0.52]);
        let lost = run("lost", [3.0, 4.0], [1.0, f64::NAN]);
        assert!(judged(&[&whole, &same]).is_ok());
        assert!(judged(&[&whole, &near]).is_err());
        assert!(judged(&[&whole, &near, &same]).is_ok());
        assert!(judged(&[&whole, &far, &same]).is_err());
        assert!(judged(&[&whole, &far, &far]).is_ok());
        assert!(judged(&[&whole, &strayed, &same]).is_err());
        assert!(judged(&[&whole, &lost, &same]).is_ok(), "JSON has no NaN: the step is not told");
    }
}
