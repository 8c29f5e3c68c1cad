//! New calibration, thresholds or metrics for a bundle, its weights untouched; or new weights, all
//! else untouched.

use crate::error::Error;
use crate::manifest::{FileRecord, Manifest};
use crate::staging::{Staging, recover, sync};
use crate::write::to_json;
use crate::{Bundle, CALIBRATION, CONFIG, MANIFEST, METRICS, Source, THRESHOLDS, WEIGHTS};
use canto_evaluate::{Calibration, Thresholds};
use canto_infer::Quantization;
use std::path::Path;

/// What changes; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Replacement {
    /// What makes probabilities of the model's scores.
    pub calibration: Option<Calibration>,
    /// Thresholds for the model's labels.
    pub thresholds: Option<Thresholds>,
    /// The whole of `metrics.json`.
    pub metrics: Option<serde_json::Value>,
}

impl Bundle {
    /// Verifies the bundle in `dir`, builds a changed copy beside it (unchanged files are hard
    /// links where the disk has them) and swaps the two by renames. A crash in between leaves the
    /// older bundle, which [`Bundle::open`] and [`Bundle::locate`] find.
    pub fn replace(dir: &Path, replacement: &Replacement) -> Result<(), Error> {
        recover(dir);
        let bundle = Bundle::open(dir)?;
        if bundle.source() != Source::Canto {
            return Err(Error::NotABundle { path: dir.to_owned() });
        }
        let changed = changed(&bundle, replacement)?;
        let staging = Staging::begin(dir)?;
        for (name, bytes) in &changed {
            staging.write(name, bytes)?;
        }
        let names: Vec<_> = changed.iter().map(|(name, _)| *name).collect();
        conclude(staging, dir, &names)
    }

    /// Verifies the bundle in `dir` and writes the same with int8 weights as the folder `to`,
    /// aside first, then renamed; scores, and with them calibration and thresholds, hold as far
    /// as the scores stay what they were.
    pub fn quantize(dir: &Path, to: &Path) -> Result<Quantization, Error> {
        let bundle = Bundle::open(dir)?;
        if bundle.source() != Source::Canto {
            return Err(Error::NotABundle { path: dir.to_owned() });
        }
        // Known before any folder is made.
        if bundle.is_int8()? {
            let path = dir.join(WEIGHTS);
            return Err(canto_infer::Error::AlreadyQuantized { path }.into());
        }
        let staging = Staging::begin(to)?;
        let quantization = canto_infer::quantize(dir, staging.path())?;
        conclude(staging, dir, &[WEIGHTS, CONFIG])?;
        Ok(quantization)
    }
}

/// Adds to `staging` what the bundle in `dir` has beyond `written`, then the manifest, and puts
/// it in its place.
fn conclude(staging: Staging, dir: &Path, written: &[&str]) -> Result<(), Error> {
    let mut known = Manifest::read(dir)?.files;
    known.retain(|record| !written.contains(&record.name.as_str()));
    for FileRecord { name, .. } in &known {
        carry_over(&dir.join(name), &staging.path().join(name))?;
    }
    let manifest = Manifest::of(staging.path(), &known)?;
    staging.write(MANIFEST, &to_json(dir, &manifest)?)?;
    staging.commit()
}

fn changed(
    bundle: &Bundle,
    replacement: &Replacement,
) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let mut changed = Vec::new();
    if let Some(calibration) = &replacement.calibration {
        let path = bundle.dir().join(CALIBRATION);
        let aligned = calibration.aligned(bundle.labels());
        let aligned = aligned.map_err(|source| Error::Misfit { path: path.clone(), source })?;
        changed.push((CALIBRATION, to_json(&path, &aligned)?));
    }
    if let Some(thresholds) = &replacement.thresholds {
        let path = bundle.dir().join(THRESHOLDS);
        let aligned = thresholds.aligned(bundle.labels());
        let aligned = aligned.map_err(|source| Error::Misfit { path: path.clone(), source })?;
        changed.push((THRESHOLDS, to_json(&path, &aligned)?));
    }
    if let Some(metrics) = &replacement.metrics {
        changed.push((METRICS, to_json(&bundle.dir().join(METRICS), metrics)?));
    }
    Ok(changed)
}

fn carry_over(from: &Path, to: &Path) -> Result<(), Error> {
    if fs_err::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs_err::copy(from, to).map_err(Error::file("copy", from))?;
    sync(to)
}
