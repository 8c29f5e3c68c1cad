use canto_encoder::Architecture;
use canto_song::Problem;
use serde::{Deserialize, Serialize};

/// `[model]`: what training starts from, a base model or an architecture of its own.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModelSection {
    /// Folder or Hub id of a pretrained encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
    /// `[model.scratch]`: fresh weights of these sizes and a tokenizer trained on the songs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scratch: Option<Architecture>,
}

/// The one of the two that a sound section holds.
pub(crate) enum Start<'a> {
    Base(&'a str),
    Scratch(&'a Architecture),
}

impl ModelSection {
    /// What to start from; a section without problems always says.
    pub(crate) fn start(&self) -> Option<Start<'_>> {
        match (&self.base, &self.scratch) {
            (Some(base), None) => Some(Start::Base(base)),
            (None, Some(scratch)) => Some(Start::Scratch(scratch)),
            _ => None,
        }
    }

    /// Every bad value; `max_tokens` is the window that songs are read through.
    pub(crate) fn problems(&self, max_tokens: usize) -> Vec<Problem> {
        match self.start() {
            Some(Start::Base("")) => {
                vec![Problem::new("base", "is empty, expected a folder or a Hub id")]
            }
            Some(Start::Base(_)) => Vec::new(),
            Some(Start::Scratch(architecture)) => scratch_problems(architecture, max_tokens),
            None => {
                let message = "needs either `base` or a section `[model.scratch]`";
                let found = if self.base.is_some() { "not both" } else { "found neither" };
                vec![Problem::new("base", format!("{message}, {found}"))]
            }
        }
    }
}

fn scratch_problems(architecture: &Architecture, max_tokens: usize) -> Vec<Problem> {
    let own = architecture.problems().into_iter();
    let mut problems: Vec<Problem> =
        own.map(|problem| Problem::new(problem.key, problem.message)).collect();
    if !architecture.labels.is_empty() {
        problems.push(Problem::new("labels", "is set, but the labels are always the genres"));
    }
    if architecture.pad_token_id != 1 {
        let found = architecture.pad_token_id;
        problems.push(Problem::new("pad_token_id", format!("is {found}, expected 1")));
    }
    let longest = architecture.max_tokens();
    if longest < max_tokens {
        let message = format!(
            "gives room for {longest} tokens, but `batch.max_tokens` is {max_tokens}; expected at least {}",
            architecture.max_positions + max_tokens - longest
        );
        problems.push(Problem::new("max_positions", message));
    }
    problems.into_iter().map(|problem| problem.within("scratch")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let section: ModelSection = toml::from_str(text).unwrap();
        section.problems(512).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn exactly_one_start_is_taken() {
        assert_eq!(paths("base = \"x/y\""), [""; 0]);
        assert_eq!(paths("[scratch]"), [""; 0]);
        assert_eq!(paths("base = \"x/y\"\n[scratch]"), ["base"]);
        assert_eq!(paths(""), ["base"]);
        assert_eq!(paths("base = \"\""), ["base"]);
    }

    #[test]
    fn an_architecture_must_hold_the_window_and_the_tokenizer() {
        let text = "[scratch]\nmax_positions = 100\npad_token_id = 0\nheads = 5\nlabels = [\"a\"]";
        let found = paths(text);
        for key in ["heads", "labels", "pad_token_id", "max_positions"] {
            assert!(found.contains(&format!("scratch.{key}")), "{key} in {found:?}");
        }
    }
}
