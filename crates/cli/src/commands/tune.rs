//! `canto tune`: new thresholds for trained weights.

use crate::args::TuneArgs;
use crate::config::{Override, RunConfig};
use crate::console::Console;
use crate::failure::Refusal;
use crate::run_folder::RunFolder;
use crate::songs::{headline, of_split, open_prepared, score};
use canto_bundle::{Bundle, Replacement};
use canto_evaluate::{Metrics, Thresholds, Validation, metrics, tune};
use canto_song::Split;
use serde_json::json;

/// Scores the validation songs, tunes and stores thresholds and metrics; weights stay.
pub(crate) fn run(args: &TuneArgs, console: &Console) -> anyhow::Result<()> {
    let bundle = Bundle::open(&Bundle::locate(&args.run)?)?;
    let config = restored(&bundle, &overrides(args))?;
    let prepared = open_prepared(&config.data.prepared)?;
    let songs = of_split(&prepared, Split::Validation)?;
    let stages = console.stages();
    let (scores, targets) = score(&bundle, args.device.device, &songs, &stages)?;
    let validation = Validation::new(scores, targets)?;
    let thresholds = tune(&validation, &config.tune, bundle.labels())?;
    let before = metrics(&validation, bundle.thresholds(), bundle.labels())?;
    let after = metrics(&validation, &thresholds, bundle.labels())?;
    tracing::info!("validation before: {}", headline(&before));
    tracing::info!("validation after:  {}", headline(&after));
    store(&bundle, thresholds, &after)
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

/// What was measured on the test songs held for the old thresholds only.
fn store(bundle: &Bundle, thresholds: Thresholds, metrics: &Metrics) -> anyhow::Result<()> {
    let same = bundle.thresholds() == &thresholds;
    if same {
        tracing::info!("the thresholds stay as they were");
        return Ok(());
    }
    let replacement = Replacement {
        thresholds: Some(thresholds),
        metrics: Some(json!({ "validation": metrics })),
    };
    Bundle::replace(bundle.dir(), &replacement)?;
    if let Some(run) = RunFolder::around(bundle.dir()) {
        run.forget_metrics("test")?;
        run.store_metrics("validation", metrics)?;
    }
    tracing::info!("wrote {}", bundle.dir().display());
    Ok(())
}
