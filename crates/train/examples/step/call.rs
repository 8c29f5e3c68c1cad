use canto_encoder::{Architecture, DeviceChoice, Precision};
use canto_song::Genre;
use canto_train::TrainConfig;
use serde_json::json;
use std::error::Error;
use std::str::FromStr;

/// The command line: a mode, values after names, names alone, files.
pub(crate) struct Call(Vec<String>);

impl Call {
    pub(crate) fn new(args: impl Iterator<Item = String>) -> Self {
        Self(args.collect())
    }

    /// The first word, where it is no name of a value.
    pub(crate) fn mode(&self) -> &str {
        self.0
            .first()
            .map(String::as_str)
            .filter(|first| !first.starts_with("--"))
            .unwrap_or("time")
    }

    /// The words after the mode, at least one.
    pub(crate) fn files(&self) -> Result<Vec<&str>, Box<dyn Error>> {
        let files: Vec<_> = self.0.iter().skip(1).map(String::as_str).collect();
        if files.is_empty() {
            return Err("a file is needed".into());
        }
        Ok(files)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|arg| arg == name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|arg| arg == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    pub(crate) fn value<T: FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
        default: T,
    ) -> Result<T, Box<dyn Error>> {
        let read = |text: &str| text.parse().map_err(|error| format!("{name}: {error}").into());
        self.text(name).map_or(Ok(default), read)
    }

    pub(crate) fn device(&self) -> Result<DeviceChoice, Box<dyn Error>> {
        self.value("--device", DeviceChoice::Auto)
    }

    pub(crate) fn config(&self) -> Result<TrainConfig, Box<dyn Error>> {
        let name = self.text("--precision").unwrap_or(Precision::F32.name());
        Ok(TrainConfig {
            precision: serde_json::from_value(json!(name))?,
            activation_checkpointing: self.has("--checkpointing"),
            ..TrainConfig::default()
        })
    }

    /// roberta-base's shape, with as many layers as asked for.
    pub(crate) fn architecture(&self) -> Result<Architecture, Box<dyn Error>> {
        let layers = self.value("--layers", 12)?;
        Ok(Architecture { layers, labels: Genre::names(), ..Architecture::default() })
    }
}
