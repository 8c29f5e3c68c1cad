//! `canto train`: songs and a recipe → `artifacts/<run>/`.

use crate::args::TrainArgs;
use crate::config::{Override, RunConfig, Start};
use crate::console::Console;
use crate::failure::Refusal;
use crate::run_folder::RunFolder;
use crate::songs::{fitted, headline, lyrics, of_split, open_devices, open_prepared};
use crate::tuning::Tuned;
use crate::watch::{Watch, stop_on_interrupt};
use anyhow::Context;
use canto_batch::{LyricTokenizer, Windows};
use canto_bundle::{Bundle, Parts, Provenance};
use canto_corpus::Prepared;
use canto_encoder::{Adaptation, Architecture, Classifier, Device, DeviceChoice, OpenDevice};
use canto_evaluate::{Blend, Metrics, Scored, Scores, Validation, fit_blend};
use canto_score::Words;
use canto_song::{Genre, Progress, Song, Split};
use canto_train::{Best, Checkpoint, Examples, Inputs, Outcome, fit, training_device};
use std::path::Path;

/// Trains, tunes on the validation songs and writes the bundle.
pub(crate) fn run(args: &TrainArgs, console: &Console) -> anyhow::Result<()> {
    let config = RunConfig::open(&args.recipe.config, &overrides(args))?;
    let folder = RunFolder::named(&config.run.name);
    let checkpoint = checkpoint(args, &folder)?;
    let prepared = open_prepared(&config.data.prepared)?;
    warn_of_other_cleaning(&config, &prepared);
    let songs = of_split(&prepared, Split::Train)?;
    let validation_songs = of_split(&prepared, Split::Validation)?;
    let (device, others) = open_devices(&config.run.device_choices())?;

    let stages = console.stages();
    let beginning =
        Beginning::new(&config, &folder, checkpoint.as_ref(), &songs, &device, &stages)?;
    let windows = beginning.windows(&config)?;
    stages.start("tokenise", None);
    let train = Examples::new(&songs, &windows)?;
    let validation = Examples::new(&validation_songs, &windows)?;
    stages.finish();

    let recipe = toml::to_string(&config).context("the recipe cannot be stored")?;
    folder.begin(&recipe, &windows.tokenizer().to_json()?)?;
    let mut watch = Watch::new(console, &folder)?;
    let inputs = Inputs {
        model: beginning.model,
        architecture: &beginning.architecture,
        device: &device.device,
        others: &others,
        windows: &windows,
        train: &train,
        validation: &validation,
        folder: folder.path(),
        seed: config.run.seed,
        resume: checkpoint,
        progress: &stages,
    };
    match fit(inputs, &config.train, &mut watch, stop_on_interrupt()?)? {
        Outcome::Interrupted { step, checkpoint } => {
            tracing::info!("stopped after step {step}; saved {}", checkpoint.display());
            tracing::info!("go on with the same command and `--resume`");
            Ok(())
        }
        Outcome::Finished { model, validation, best } => {
            let (words, validation) = if config.words.enabled {
                let joint = joined(&config, &songs, &validation, &validation_songs, &stages)?;
                (Some(joint.0), joint.1)
            } else {
                (None, validation)
            };
            let tuned = Tuned::new(&validation, &validation_songs, &config, &Genre::names())?;
            let rules = &prepared.manifest().config;
            let parts = Parts {
                architecture: beginning.architecture,
                tokenizer_json: windows.tokenizer().to_json()?,
                words,
                calibration: tuned.calibration.clone(),
                thresholds: tuned.thresholds.clone(),
                batch: config.batch.clone(),
                cleaning: rules.cleaning.clone(),
                language: rules.language.clone(),
                run_config: recipe,
                metrics: tuned.stored(),
                provenance: provenance(&config, &prepared, songs.len(), best),
            };
            Bundle::write(&folder.model(), &model, &parts)?;
            conclude(&folder, &tuned.metrics)
        }
    }
}

/// A model of words, fitted to the training songs, and the validation scores of both together.
fn joined(
    config: &RunConfig,
    songs: &[Song],
    encoder: &Validation,
    validation: &[Song],
    progress: &dyn Progress,
) -> anyhow::Result<(Words, Validation)> {
    let model = fitted(songs, &config.words.model(), progress)?;
    let scores = Scores::new(validation.len(), Genre::ALL.len(), model.score(&lyrics(validation)))?;
    let blend = fit_blend(encoder, &scores)?;
    let joint =
        Validation::new(blend.apply(encoder.scores(), &scores)?, encoder.targets().clone())?;
    let Blend { first, second, .. } = blend;
    tracing::info!("the encoder counts {first:.2}, words {second:.2}");
    Ok((Words { model, blend }, joint))
}

fn conclude(folder: &RunFolder, metrics: &Metrics) -> anyhow::Result<()> {
    folder.forget_report()?;
    folder.store_metrics("validation", metrics)?;
    let run = folder.path().display();
    tracing::info!("validation, at thresholds tuned on it: {}", headline(metrics));
    tracing::info!("wrote {run}; next: canto eval {run}");
    Ok(())
}

fn overrides(args: &TrainArgs) -> Vec<Override> {
    let text = |path, value: String| Override::text(path, value);
    let mut sets = args.recipe.sets.sets.clone();
    sets.extend(args.run.clone().map(|name| text("run.name", name)));
    sets.extend(args.data.as_ref().map(|dir| text("data.prepared", dir.display().to_string())));
    // Devices named in the recipe give way to what the command line says.
    let devices = args.devices.iter().map(DeviceChoice::to_string);
    if args.device.is_some() || !args.devices.is_empty() {
        sets.push(Override::texts("run.devices", devices));
    }
    sets.extend(args.device.map(|device| text("run.device", device.to_string())));
    sets
}

/// Where to go on from; a run that is there is neither overwritten nor taken for another.
fn checkpoint(args: &TrainArgs, folder: &RunFolder) -> anyhow::Result<Option<Checkpoint>> {
    if !args.resume {
        folder.refuse_if_trained()?;
        return Ok(None);
    }
    let found = Checkpoint::find(folder.path());
    if found.is_none() {
        let fact = format!("`{}` holds no checkpoint to go on from", folder.path().display());
        return Err(Refusal::new(fact).hint("leave `--resume` out to begin").into());
    }
    Ok(found)
}

/// Songs are cleaned when they are prepared, so a recipe can contradict them.
fn warn_of_other_cleaning(config: &RunConfig, prepared: &Prepared) {
    if config.corpus.cleaning != prepared.manifest().config.cleaning {
        tracing::warn!(
            "`corpus.cleaning` differs from how these songs were prepared; the songs' rules are \
             kept and will run at prediction"
        );
    }
}

/// What training begins with.
struct Beginning {
    model: Classifier,
    architecture: Architecture,
    tokenizer: LyricTokenizer,
}

impl Beginning {
    fn new(
        config: &RunConfig,
        folder: &RunFolder,
        checkpoint: Option<&Checkpoint>,
        songs: &[Song],
        device: &OpenDevice,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        canto_encoder::seed(&device.device, config.run.seed);
        let device = training_device(&device.device, &config.train);
        if let Some(checkpoint) = checkpoint {
            let unchanged = Adaptation::default();
            return Self::load(checkpoint.folder(), &folder.tokenizer(), unchanged, &device);
        }
        match config.model.start() {
            Some(Start::Base(base)) => {
                let base = canto_hub::resolve(base, progress)?;
                let adaptation = config.model.adaptation();
                Self::load(&base, &base.join("tokenizer.json"), adaptation, &device)
            }
            Some(Start::Scratch(sizes)) => Self::scratch(sizes, songs, &device, progress),
            None => Err(Refusal::new("the recipe names no model").into()),
        }
    }

    /// How songs are read; a window longer than the model's positions is refused.
    fn windows(&self, config: &RunConfig) -> anyhow::Result<Windows> {
        let (asked, longest) = (config.batch.max_tokens, self.architecture.max_tokens());
        if asked > longest {
            let fact =
                format!("`batch.max_tokens` is {asked}, but the model reads at most {longest}");
            let hint = format!("give `--set batch.max_tokens={longest}`");
            return Err(Refusal::new(fact).hint(hint).into());
        }
        Ok(Windows::new(self.tokenizer.clone(), config.batch.clone())?)
    }

    fn load(
        model: &Path,
        tokenizer: &Path,
        adaptation: Adaptation,
        device: &Device,
    ) -> anyhow::Result<Self> {
        let tokenizer = LyricTokenizer::from_file(tokenizer)?;
        let labels = Genre::names();
        let loaded = canto_encoder::load_adapted(model, Some(&labels), adaptation, device)?;
        if loaded.fresh_head {
            tracing::info!("{} has no head for the genres: a fresh one is drawn", model.display());
        }
        Ok(Self { model: loaded.model, architecture: loaded.architecture, tokenizer })
    }

    fn scratch(
        sizes: &Architecture,
        songs: &[Song],
        device: &Device,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        let lyrics: Vec<&str> = songs.iter().map(|song| song.lyrics.as_str()).collect();
        progress.start("train the tokenizer", None);
        let tokenizer = LyricTokenizer::train_bpe(&lyrics, sizes.vocab_size)?;
        progress.finish();
        let architecture = Architecture {
            labels: Genre::names(),
            vocab_size: tokenizer.vocab_size(),
            ..sizes.clone()
        };
        Ok(Self { model: architecture.init(device), architecture, tokenizer })
    }
}

fn provenance(config: &RunConfig, prepared: &Prepared, songs: usize, best: Best) -> Provenance {
    Provenance {
        base_model: config.model.base.clone(),
        data_sha256: Some(prepared.manifest().source.sha256.clone()),
        training_songs: Some(songs as u64),
        steps: Some(best.step as u64),
    }
}
