use canto_encoder::DeviceChoice;
use canto_song::Problem;
use canto_tfidf::{Analyzer, TfidfConfig, VectorizerConfig};
use serde::{Deserialize, Serialize};
use std::path::{Component, Path, PathBuf};

/// `[run]`: what the run is called and where it computes.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RunSection {
    /// Folder under `artifacts/`; the recipe's file name where it is empty.
    pub(crate) name: String,
    /// Seed of fresh weights, of the order of songs and of dropout.
    pub(crate) seed: u64,
    /// Device to train on.
    pub(crate) device: DeviceChoice,
    /// Devices to train on together, instead of `device`, where there are any.
    pub(crate) devices: Vec<DeviceChoice>,
}

impl Default for RunSection {
    fn default() -> Self {
        Self { name: String::new(), seed: 42, device: DeviceChoice::Auto, devices: Vec::new() }
    }
}

impl RunSection {
    /// The devices to train on, the one that holds the weights first.
    pub(crate) fn device_choices(&self) -> Vec<DeviceChoice> {
        if self.devices.is_empty() { vec![self.device] } else { self.devices.clone() }
    }

    /// Every value that cannot be.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.name_problem().into_iter().chain(self.devices_problem()).collect()
    }

    /// Several devices are named one by one, and a GPU once. The CPU may come again: that is how
    /// to try several devices where there is no GPU.
    fn devices_problem(&self) -> Option<Problem> {
        let several = self.devices.len() > 1;
        let problem = |(at, device): (usize, &DeviceChoice)| match device {
            DeviceChoice::Auto if several => Some("`auto` among others".to_owned()),
            DeviceChoice::Cuda(_) if self.devices[..at].contains(device) => {
                Some(format!("`{device}` twice"))
            }
            _ => None,
        };
        let found = self.devices.iter().enumerate().find_map(problem)?;
        let message = format!("names {found}, expected one device after the other");
        Some(Problem::new("devices", message))
    }

    /// A name is one folder, never a way out of `artifacts/`.
    fn name_problem(&self) -> Option<Problem> {
        let mut parts = Path::new(&self.name).components();
        let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
        let plain = plain && !self.name.contains(['/', '\\', '\0']);
        let message = || format!("is `{}`, expected the name of one folder", self.name);
        (!plain).then(|| Problem::new("name", message()))
    }
}

/// `[data]`: the songs to train on.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DataSection {
    /// Folder that `canto prepare` wrote.
    pub(crate) prepared: PathBuf,
}

/// `[words]`: n-grams with a linear model, which has a say beside the encoder.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WordsSection {
    /// Whether it has.
    pub(crate) enabled: bool,
    /// Words in the shortest and in the longest n-gram.
    pub(crate) ngrams: [usize; 2],
    /// Characters in the shortest and in the longest n-gram.
    pub(crate) character_ngrams: [usize; 2],
    /// C, the inverse strength of the L2 penalty.
    pub(crate) inverse_regularisation: f64,
}

impl Default for WordsSection {
    fn default() -> Self {
        Self {
            enabled: true,
            ngrams: [1, 2],
            character_ngrams: [2, 5],
            inverse_regularisation: 2.0,
        }
    }
}

impl WordsSection {
    /// Characters have more n-grams than words, and rare ones say less.
    pub(crate) fn model(&self) -> TfidfConfig {
        let words = VectorizerConfig { ngrams: self.ngrams, ..VectorizerConfig::default() };
        let characters = VectorizerConfig {
            analyzer: Analyzer::CharWb,
            ngrams: self.character_ngrams,
            min_document_frequency: 5,
            max_features: 300_000,
            ..VectorizerConfig::default()
        };
        TfidfConfig {
            vectorizers: vec![words, characters],
            inverse_regularisation: self.inverse_regularisation,
            ..TfidfConfig::default()
        }
    }

    /// Every value out of range.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let own = |Problem { path, message }: Problem| {
            let path = match path.as_str() {
                "vectorizers.0.ngrams" => "ngrams",
                "vectorizers.1.ngrams" => "character_ngrams",
                path => path,
            };
            Problem::new(path, message)
        };
        self.model().problems().into_iter().map(own).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_words_are_named_by_their_own_keys() {
        let words = WordsSection {
            ngrams: [0, 1],
            character_ngrams: [3, 2],
            inverse_regularisation: -1.0,
            ..WordsSection::default()
        };
        let paths: Vec<_> = words.problems().into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["ngrams", "character_ngrams", "inverse_regularisation"]);
        assert_eq!(WordsSection::default().problems(), []);
    }

    #[test]
    fn devices_are_named_one_by_one() {
        use DeviceChoice::{Auto, Cpu, Cuda};
        for (devices, good) in [
            (vec![], true),
            (vec![Auto], true),
            (vec![Cuda(0), Cuda(1)], true),
            (vec![Cpu, Cpu], true),
            (vec![Cuda(0), Auto], false),
            (vec![Cuda(1), Cuda(0), Cuda(1)], false),
        ] {
            let run = RunSection { name: "x".into(), devices, ..RunSection::default() };
            assert_eq!(run.problems().is_empty(), good, "{:?}", run.problems());
        }
    }

    #[test]
    fn a_run_stays_in_its_folder() {
        for (name, good) in [
            ("first", true),
            ("roberta-base.2", true),
            ("a/b", false),
            ("../x", false),
            ("..", false),
            ("/tmp", false),
            ("a/", false),
        ] {
            let run = RunSection { name: name.into(), ..RunSection::default() };
            assert_eq!(run.problems().is_empty(), good, "{name}");
        }
    }
}
