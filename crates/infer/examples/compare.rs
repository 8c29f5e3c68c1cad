//! How far an engine is from logits computed elsewhere: `compare FOLDER PRECISION CASES.json`,
//! where `CASES.json` has `windows`, lists of token ids, and `logits`, a list a window.

use canto_infer::{Engine, EngineConfig};
use serde_json::Value;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, precision, cases] = arguments.as_slice() else {
        return Err("usage: compare FOLDER PRECISION CASES.json".into());
    };
    let config = EngineConfig { precision: precision.parse()?, ..EngineConfig::default() };
    let start = std::time::Instant::now();
    let engine = Engine::open(Path::new(folder), &config)?;
    eprintln!("{}, loaded in {:.0} ms", engine.describe(), start.elapsed().as_secs_f64() * 1e3);
    let cases: Value = serde_json::from_str(&fs_err::read_to_string(cases)?)?;
    let windows: Vec<Vec<u32>> = serde_json::from_value(cases["windows"].clone())?;
    let expected: Vec<Vec<f32>> = serde_json::from_value(cases["logits"].clone())?;
    let windows: Vec<&[u32]> = windows.iter().map(Vec::as_slice).collect();
    let (found, expected) = (engine.logits(&windows)?, expected.concat());
    let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
    let differences = |of: fn(f32) -> f32| {
        let off = found.iter().zip(&expected).map(|(&a, &b)| (of(a) - of(b)).abs());
        off.collect::<Vec<_>>()
    };
    let scale = expected.iter().fold(0.0, |scale: f32, x| scale.max(x.abs()));
    for (name, off) in [("logits", differences(|x| x)), ("scores", differences(sigmoid))] {
        let largest = off.iter().copied().fold(0.0, f32::max);
        let mean = off.iter().sum::<f32>() / off.len().max(1) as f32;
        eprintln!("{name}: {largest:.2e} at most, {mean:.2e} in the mean");
    }
    eprintln!("largest logit {scale:.3}, {} windows", windows.len());
    Ok(())
}
