//! A run's configuration: one TOML file, the command line's overrides on top.
//!
//! Each section is owned by the crate that acts on it; here they are put together, read with
//! every problem reported at once, and written back resolved.

mod error;
mod lenient;
mod model;
mod overrides;
mod sections;
mod spelling;

pub(crate) use error::Error;
pub(crate) use model::{ModelSection, Start};
pub(crate) use overrides::Override;
pub(crate) use sections::{DataSection, RunSection, WordsSection};

use canto_batch::BatchConfig;
use canto_corpus::CorpusConfig;
use canto_evaluate::{BootstrapConfig, CalibrateConfig, TuneConfig};
use canto_song::Problem;
use canto_train::TrainConfig;
use serde::{Deserialize, Serialize};
use std::path::Path;
use toml::Table;

/// Everything that decides how a run goes.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RunConfig {
    pub(crate) run: RunSection,
    pub(crate) data: DataSection,
    pub(crate) corpus: CorpusConfig,
    pub(crate) model: ModelSection,
    pub(crate) batch: BatchConfig,
    pub(crate) train: TrainConfig,
    pub(crate) words: WordsSection,
    pub(crate) calibrate: CalibrateConfig,
    pub(crate) tune: TuneConfig,
    pub(crate) bootstrap: BootstrapConfig,
}

impl RunConfig {
    /// Reads the recipe at `path` and puts `overrides` on top, the last one last.
    ///
    /// `corpus.taxonomy` is relative to the recipe; other paths, and a taxonomy given as an
    /// override, are relative to the current folder.
    pub(crate) fn open(path: &Path, overrides: &[Override]) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let table: Table = text
            .parse()
            .map_err(|source| Error::Syntax { path: path.to_owned(), source: Box::new(source) })?;
        Self::resolve(table, path, overrides)
    }

    fn resolve(mut table: Table, path: &Path, overrides: &[Override]) -> Result<Self, Error> {
        let refused: Vec<_> =
            overrides.iter().filter_map(|set| set.apply(&mut table).err()).collect();
        let (mut config, mut problems) = lenient::read::<Self>(table);
        problems.extend(refused);
        if config.run.name.is_empty() {
            config.run.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        }
        problems.extend(config.problems());
        if !problems.is_empty() {
            let overridden = overrides.iter().map(|set| set.path.clone()).collect();
            return Err(Error::Problems { path: path.to_owned(), overridden, problems });
        }
        if overrides.iter().all(|set| set.path != "corpus.taxonomy") {
            let folder = path.parent().unwrap_or(Path::new(""));
            config.corpus.taxonomy = folder.join(&config.corpus.taxonomy);
        }
        Ok(config)
    }

    /// The configuration that a run was trained with, as it was stored beside it.
    pub(crate) fn restore(text: &str, path: &Path, overrides: &[Override]) -> Result<Self, Error> {
        let table: Table = text
            .parse()
            .map_err(|source| Error::Syntax { path: path.to_owned(), source: Box::new(source) })?;
        let mut config = Self::resolve(table, Path::new(""), overrides);
        if let Err(Error::Problems { path: named, .. }) = &mut config {
            path.clone_into(named);
        }
        config
    }

    fn problems(&self) -> Vec<Problem> {
        let sections = [
            ("run", self.run.problems()),
            ("corpus", self.corpus.problems()),
            ("model", self.model.problems(self.batch.max_tokens)),
            ("batch", self.batch.problems()),
            ("train", self.train.problems()),
            ("words", self.words.problems()),
            ("calibrate", self.calibrate.problems()),
            ("tune", self.tune.problems()),
            ("bootstrap", self.bootstrap.problems()),
        ];
        let within = |(name, problems): (&str, Vec<Problem>)| {
            problems.into_iter().map(move |problem| problem.within(name)).collect::<Vec<_>>()
        };
        sections.into_iter().flat_map(within).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str, sets: &[&str]) -> Result<RunConfig, String> {
        let sets: Vec<Override> = sets.iter().map(|set| set.parse().unwrap()).collect();
        let path = Path::new("configs/some.toml");
        RunConfig::resolve(text.parse().unwrap(), path, &sets).map_err(|error| error.to_string())
    }

    const BASE: &str = "[model]\nbase = \"x/y\"\n";

    #[test]
    fn a_recipe_names_itself_and_its_taxonomy() {
        let config = resolve(BASE, &[]).unwrap();
        assert_eq!(config.run.name, "some");
        assert_eq!(config.corpus.taxonomy, Path::new("configs/taxonomy.toml"));
        let config = resolve(BASE, &["corpus.taxonomy=mine.toml"]).unwrap();
        assert_eq!(config.corpus.taxonomy, Path::new("mine.toml"));
    }

    #[test]
    fn the_command_line_wins() {
        let config = resolve(BASE, &["train.lr=1e-3", "train.epochs=1", "train.epochs=7"]).unwrap();
        assert!((config.train.learning_rate - 1e-3).abs() < 1e-12);
        assert_eq!(config.train.epochs, 7);
    }

    #[test]
    fn all_problems_come_in_one_message_with_their_origin() {
        let text = "[run]\ndevice = \"gpu\"\n[model]\nbase = \"x/y\"\n\
                    [batch]\nmax_tokns = 3\n[train]\nepochs = 0\nlearning_rate = \"high\"\n";
        let message = resolve(text, &["train.patiense=2", "batch.max_tokens=1"]).unwrap_err();
        for part in [
            "problems in the configuration",
            "`run.device`: unknown device `gpu`",
            "`batch.max_tokns`: is no known key, did you mean `max_tokens`? (in `configs/some.toml`)",
            "`train.learning_rate`: is string \"high\", expected a number",
            "`train.epochs`: is `0`, expected at least 1 (in `configs/some.toml`)",
            "`train.patiense`: is no known key, did you mean `patience`? (from the command line)",
            "`batch.max_tokens`: is 1, expected at least 4 (from the command line)",
        ] {
            assert!(message.contains(part), "no `{part}` in:\n{message}");
        }
    }

    #[test]
    fn every_recipe_is_sound() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        for name in ["quickstart", "minilm", "minilm-finetune", "roberta-base", "reglas"] {
            let path = folder.join(name).with_extension("toml");
            let config = RunConfig::open(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(config.run.name, name);
            assert!(config.corpus.taxonomy.is_file(), "{}", config.corpus.taxonomy.display());
        }
    }

    /// Messages and recipes send their readers there.
    #[test]
    fn the_full_recipe_names_every_key() {
        let text = include_str!("../../../../configs/roberta-base.toml");
        let named = |section: &str, key: &str| {
            let start = text.find(&format!("\n[{section}]")).map_or(0, |at| at + 1);
            let rest = &text[start..];
            let section = rest.split("\n[").next().unwrap_or(rest);
            let line = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{key} ="));
            section.lines().any(line)
        };
        let defaults = Table::try_from(RunConfig::default()).unwrap();
        let sections = ["run", "data", "batch", "train", "words", "calibrate", "tune", "bootstrap"];
        let keys = |section: &&str| {
            let table = defaults[*section].as_table().unwrap();
            table.keys().map(|key| ((*section).to_owned(), key.clone())).collect::<Vec<_>>()
        };
        let unnamed: Vec<_> =
            sections.iter().flat_map(keys).filter(|(section, key)| !named(section, key)).collect();
        assert_eq!(unnamed, []);
    }

    #[test]
    fn a_resolved_configuration_reads_back_as_itself() {
        let config = resolve(BASE, &["corpus.limit=5", "batch.window=chunks"]).unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(RunConfig::restore(&text, Path::new("config.toml"), &[]).unwrap(), config);
    }
}
