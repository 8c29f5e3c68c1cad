use canto_encoder::DeviceChoice;
use canto_song::Problem;
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
}

impl Default for RunSection {
    fn default() -> Self {
        Self { name: String::new(), seed: 42, device: DeviceChoice::Auto }
    }
}

impl RunSection {
    /// A name is one folder, never a way out of `artifacts/`.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut parts = Path::new(&self.name).components();
        let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
        let plain = plain && !self.name.contains(['/', '\\', '\0']);
        let message = || format!("is `{}`, expected the name of one folder", self.name);
        if plain { Vec::new() } else { vec![Problem::new("name", message())] }
    }
}

/// `[data]`: the songs to train on.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DataSection {
    /// Folder that `canto prepare` wrote.
    pub(crate) prepared: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

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
