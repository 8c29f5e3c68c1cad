//! `canto eval`: the test songs, read once, and what is to be said of them.

use crate::args::EvalArgs;
use crate::commands::tune::restored;
use crate::config::RunConfig;
use crate::console::Console;
use crate::failure::Refusal;
use crate::report::{self, Heading, Measured, Splits, Subject, run_name};
use crate::run_folder::RunFolder;
use crate::songs::{
    artists, fingerprint, of_split, open_device, open_prepared, refuse_other_labels, targets,
};
use canto_bundle::{Bundle, Replacement};
use canto_corpus::Prepared;
use canto_evaluate::{Test, compare};
use canto_hub::Model;
use canto_predict::Predictor;
use canto_report::{Comparison, FORMAT_VERSION, PairedDifferences, Report};
use canto_song::{Genre, Split};
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Reports on one run, or on several side by side.
pub(crate) fn run(args: &EvalArgs, console: &Console) -> anyhow::Result<()> {
    let runs: Vec<Run> =
        args.runs.iter().map(|run| Run::open(run, args, console)).collect::<anyhow::Result<_>>()?;
    if args.split_check {
        return split_check(&runs, console);
    }
    refuse_other_songs(&runs)?;
    let measured: Vec<Measured> =
        runs.iter().map(|run| run.measured(args, console)).collect::<anyhow::Result<_>>()?;
    if let [only] = &measured[..] {
        return print(&canto_report::text(&only.report), &only.report.to_json()?, args.json);
    }
    let comparison = compared(&runs, &measured)?;
    if let Some(folder) = args.out.clone().or_else(|| runs.first()?.metrics_folder()) {
        canto_report::write_comparison(&comparison, &folder)?;
        tracing::info!("wrote {}", folder.join("comparison.html").display());
    }
    print(&canto_report::comparison_text(&comparison), &comparison.to_json()?, args.json)
}

/// A run as it is measured.
struct Run {
    bundle: Bundle,
    config: RunConfig,
    prepared: Prepared,
    /// It lies in the Hub's cache, which is never changed.
    cached: bool,
    /// Where its report goes.
    out: Option<PathBuf>,
}

impl Run {
    fn open(path: &Path, args: &EvalArgs, console: &Console) -> anyhow::Result<Self> {
        let Model { bundle, cached } = canto_hub::open_model(path, &console.stages())?;
        refuse_other_labels(&bundle)?;
        let config = restored(&bundle, &[])?;
        let prepared = open_prepared(args.data.as_ref().unwrap_or(&config.data.prepared))?;
        let out = args.out.clone().filter(|_| args.runs.len() == 1);
        Ok(Self { bundle, config, prepared, cached, out })
    }

    fn metrics_folder(&self) -> Option<PathBuf> {
        let own = || RunFolder::around(self.bundle.dir()).map(|run| run.metrics());
        self.out.clone().or_else(own)
    }

    fn heading(&self) -> anyhow::Result<Heading> {
        Ok(Heading::new(&self.bundle, fingerprint(&self.prepared))?)
    }

    /// What is stored of these songs and this model, or else a new measurement.
    fn measured(&self, args: &EvalArgs, console: &Console) -> anyhow::Result<Measured> {
        let stored = if args.again { None } else { self.stored()? };
        if let Some(measured) = stored {
            let name = run_name(&self.bundle);
            tracing::info!("{name}: measured before on these songs; `--again` measures anew");
            return Ok(measured);
        }
        let measured = self.measure(args, console)?;
        self.store(&measured)?;
        Ok(measured)
    }

    fn stored(&self) -> anyhow::Result<Option<Measured>> {
        let Some(folder) = self.metrics_folder() else {
            return Ok(None);
        };
        let songs = of_split(&self.prepared, Split::Test)?;
        let scores = report::read_scores(&folder.join(SCORES), &self.heading()?, &songs)?;
        let path = folder.join("report.json");
        let (Some(scores), true) = (scores, path.is_file()) else {
            return Ok(None);
        };
        let test = Test::new(scores, targets(&songs)?)?;
        Ok(Some(Measured { report: Report::read(&path)?, test }))
    }

    fn measure(&self, args: &EvalArgs, console: &Console) -> anyhow::Result<Measured> {
        let splits = Splits::read(&self.prepared)?;
        let device = open_device(args.device.device)?;
        let predictor = Predictor::open(self.bundle.clone(), &device.device)?;
        let subject = Subject {
            predictor: &predictor,
            config: &self.config,
            prepared: &self.prepared,
            splits: &splits,
            progress: &console.stages(),
        };
        subject.measure()
    }

    /// The metrics go into the bundle, which a model card is written from; the report lies beside
    /// it.
    fn store(&self, measured: &Measured) -> anyhow::Result<()> {
        let Measured { report, test } = measured;
        if !self.cached {
            self.store_in_bundle(report)?;
        }
        let Some(folder) = self.metrics_folder() else {
            tracing::warn!("the model lies in no run: give `--out DIR` to keep its report");
            return Ok(());
        };
        fs_err::create_dir_all(&folder)?;
        let tested = of_split(&self.prepared, Split::Test)?;
        let scores = report::scores_text(&self.heading()?, &tested, test)?;
        crate::run_folder::write(&folder.join(SCORES), scores.as_bytes())?;
        canto_report::write(report, &folder)?;
        tracing::info!("wrote {}", folder.join("report.html").display());
        Ok(())
    }

    fn store_in_bundle(&self, report: &Report) -> anyhow::Result<()> {
        let songs = fingerprint(&self.prepared);
        let mut all = self.bundle.metrics().as_object().cloned().unwrap_or_else(Map::new);
        let figures = json!({
            "songs_sha256": songs,
            "metrics": report.metrics,
            "intervals": report.intervals,
        });
        all.insert("test".to_owned(), figures);
        let replacement =
            Replacement { metrics: Some(Value::Object(all)), ..Replacement::default() };
        Ok(Bundle::replace(self.bundle.dir(), &replacement)?)
    }
}

/// What the model said of every test song.
const SCORES: &str = "test_scores.ndjson";

/// Runs are compared song by song.
fn refuse_other_songs(runs: &[Run]) -> anyhow::Result<()> {
    let of = |run: &Run| fingerprint(&run.prepared);
    let Some(other) = runs.iter().find(|run| of(run) != of(&runs[0])) else {
        return Ok(());
    };
    let (first, other) = (run_name(&runs[0].bundle), run_name(&other.bundle));
    let fact = format!("`{first}` and `{other}` were trained on differently prepared songs");
    Err(Refusal::new(fact).hint("give the songs to measure both on with `--data DIR`").into())
}

/// Every run against the first.
fn compared(runs: &[Run], measured: &[Measured]) -> anyhow::Result<Comparison> {
    let labels = Genre::names();
    let songs = of_split(&runs[0].prepared, Split::Test)?;
    let (groups, bootstrap) = (artists(&songs), &runs[0].config.bootstrap);
    let sides: Vec<_> = runs.iter().zip(measured).collect();
    let against = |(run, measured): &(&Run, &Measured)| {
        let first = (&sides[0].1.test, sides[0].0.bundle.thresholds());
        let second = (&measured.test, run.bundle.thresholds());
        Ok(PairedDifferences {
            first: run_name(&sides[0].0.bundle),
            second: run_name(&run.bundle),
            metrics: compare(first, second, &groups, bootstrap, &labels)?,
        })
    };
    Ok(Comparison {
        format_version: FORMAT_VERSION,
        runs: measured.iter().map(|measured| measured.report.clone()).collect(),
        differences: sides[1..].iter().map(against).collect::<anyhow::Result<_>>()?,
    })
}

fn split_check(runs: &[Run], console: &Console) -> anyhow::Result<()> {
    for run in runs {
        let text = report::leakage(Splits::read(&run.prepared)?, &console.stages())?;
        io::stdout().lock().write_all(text.as_bytes())?;
    }
    Ok(())
}

fn print(text: &str, json: &str, as_json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", if as_json { json } else { text }.trim_end())?;
    Ok(())
}
