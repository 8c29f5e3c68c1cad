//! New calibration, thresholds or metrics for a bundle, its weights untouched.

use crate::error::Error;
use crate::manifest::{FileRecord, Manifest};
use crate::staging::{Staging, recover, sync};
use crate::write::to_json;
use crate::{Bundle, CALIBRATION, MANIFEST, METRICS, Source, THRESHOLDS};
use canto_evaluate::{Calibration, Thresholds};
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
        let mut known = Manifest::read(dir)?.files;
        for FileRecord { name, .. } in &known {
            match changed.iter().find(|(changed, _)| changed == name) {
                Some((_, bytes)) => staging.write(name, bytes)?,
                None => carry_over(&dir.join(name), &staging.path().join(name))?,
            }
        }
        known.retain(|record| changed.iter().all(|(name, _)| record.name != *name));
        let manifest = Manifest::of(staging.path(), &known)?;
        staging.write(MANIFEST, &to_json(dir, &manifest)?)?;
        staging.commit()
    }
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
