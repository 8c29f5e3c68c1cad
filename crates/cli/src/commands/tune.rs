//! `canto tune`: a new calibration and new thresholds for trained weights.

use crate::args::TuneArgs;
use crate::config::{Override, RunConfig};
use crate::console::Console;
use crate::failure::Refusal;
use crate::run_folder::RunFolder;
use crate::songs::{
    headline, lyrics, of_split, open_device, open_prepared, refuse_other_labels, targets,
};
use crate::tuning::{ACCOUNT, Tuned};
use canto_bundle::{Bundle, Replacement};
use canto_evaluate::{Scored, Scores, Validation, metrics};
use canto_hub::Model;
use canto_predict::Predictor;
use canto_song::Split;

/// Scores the validation songs, calibrates, tunes and stores what came out; weights stay.
pub(crate) fn run(args: &TuneArgs, console: &Console) -> anyhow::Result<()> {
    let bundle = own(canto_hub::open_model(&args.run, &console.stages())?)?;
    refuse_other_labels(&bundle)?;
    let config = restored(&bundle, &overrides(args))?;
    let prepared = open_prepared(&config.data.prepared)?;
    let songs = of_split(&prepared, Split::Validation)?;
    let device = open_device(args.device.device)?;
    let predictor = Predictor::open(bundle, &device.device)?;
    let scored = predictor.raw_scorer().score(&lyrics(&songs), &console.stages())?;
    let scores = scored.into_iter().flat_map(|song| song.scores).collect();
    let raw = Validation::new(
        Scores::new(songs.len(), predictor.labels().len(), scores)?,
        targets(&songs)?,
    )?;
    let tuned = Tuned::new(&raw, &songs, &config, predictor.labels())?;
    let bundle = predictor.bundle();
    let scores = bundle.calibration().apply(raw.scores());
    let before = Validation::new(scores, raw.targets().clone())?;
    let before = metrics(&before, bundle.thresholds(), bundle.labels())?;
    tracing::info!("validation before: {}", headline(&before));
    tracing::info!("validation after:  {}", headline(&tuned.metrics));
    tracing::info!("calibration: {}", tuned.account.calibration.reason);
    store(bundle, &tuned)
}

/// Refuses what lies in the Hub's cache, which other programs read as it was published.
fn own(model: Model) -> Result<Bundle, Refusal> {
    if !model.cached {
        return Ok(model.bundle);
    }
    let dir = model.bundle.dir().display();
    let fact = format!("`{dir}` lies in the Hub's cache, which is never changed");
    Err(Refusal::new(fact).hint("copy it with `cp -rL` and name the copy"))
}

fn overrides(args: &TuneArgs) -> Vec<Override> {
    let mut sets = args.sets.sets.clone();
    let strategy = args.strategy.clone();
    sets.extend(strategy.map(|name| Override::text("tune.strategy", name)));
    let data = args.data.as_ref().map(|dir| dir.display().to_string());
    sets.extend(data.map(|dir| Override::text("data.prepared", dir)));
    sets
}

/// The recipe that the bundle was trained by.
pub(crate) fn restored(bundle: &Bundle, overrides: &[Override]) -> anyhow::Result<RunConfig> {
    let Some(text) = bundle.run_config() else {
        let fact = format!("`{}` was not trained by canto", bundle.dir().display());
        let hint =
            "a plain model folder has no recipe; `canto predict` takes it, with `--threshold`";
        return Err(Refusal::new(fact).hint(hint).into());
    };
    Ok(RunConfig::restore(text, &bundle.dir().join("run.toml"), overrides)?)
}

/// What was measured on the test songs held for the old decisions only.
fn store(bundle: &Bundle, tuned: &Tuned) -> anyhow::Result<()> {
    let same = bundle.thresholds() == &tuned.thresholds
        && bundle.calibration() == &tuned.calibration
        && bundle.metrics().get(ACCOUNT).is_some();
    if same {
        tracing::info!("calibration and thresholds are as they were");
        return Ok(());
    }
    let replacement = Replacement {
        calibration: Some(tuned.calibration.clone()),
        thresholds: Some(tuned.thresholds.clone()),
        metrics: Some(tuned.stored()),
    };
    Bundle::replace(bundle.dir(), &replacement)?;
    if let Some(run) = RunFolder::around(bundle.dir()) {
        run.forget_report()?;
        run.store_metrics("validation", &tuned.metrics)?;
    }
    tracing::info!("wrote {}", bundle.dir().display());
    Ok(())
}
