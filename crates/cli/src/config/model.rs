use canto_encoder::{Adaptation, Architecture, Pooling};
use canto_song::Problem;
use serde::{Deserialize, Serialize};

/// `[model]`: what training starts from, a base model or an architecture of its own.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModelSection {
    /// Folder or Hub id of a pretrained encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
    /// What of a song the head reads; the base's own where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pooling: Option<Pooling>,
    /// Width of the head's dense layer; the base's own where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) head_width: Option<usize>,
    /// Dropout after embeddings and blocks; the base's own where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hidden_dropout: Option<f64>,
    /// Dropout on attention probabilities; the base's own where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attention_dropout: Option<f64>,
    /// Dropout in the head; the base's own where left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) classifier_dropout: Option<f64>,
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

    /// What the base is changed to.
    pub(crate) fn adaptation(&self) -> Adaptation {
        Adaptation {
            pooling: self.pooling,
            head_width: self.head_width,
            hidden_dropout: self.hidden_dropout,
            attention_dropout: self.attention_dropout,
            classifier_dropout: self.classifier_dropout,
        }
    }

    /// Every bad value; `max_tokens` is the window that songs are read through.
    pub(crate) fn problems(&self, max_tokens: usize) -> Vec<Problem> {
        match self.start() {
            Some(Start::Base("")) => {
                vec![Problem::new("base", "is empty, expected a folder or a Hub id")]
            }
            Some(Start::Base(_)) => self.adaptation_problems(),
            Some(Start::Scratch(architecture)) => {
                let mut problems = scratch_problems(architecture, max_tokens);
                problems.extend(self.keys_of_a_base());
                problems
            }
            None => {
                let message = "needs either `base` or a section `[model.scratch]`";
                let found = if self.base.is_some() { "not both" } else { "found neither" };
                vec![Problem::new("base", format!("{message}, {found}"))]
            }
        }
    }
}

impl ModelSection {
    fn adaptation_problems(&self) -> Vec<Problem> {
        let dropouts = [
            ("hidden_dropout", self.hidden_dropout),
            ("attention_dropout", self.attention_dropout),
            ("classifier_dropout", self.classifier_dropout),
        ];
        let bad = dropouts.into_iter().filter_map(|(key, p)| {
            let p = p.filter(|p| !(0.0..1.0).contains(p))?;
            Some(Problem::new(key, format!("is {p}, expected 0 or more, below 1")))
        });
        let width = self.head_width.filter(|&width| width == 0);
        bad.chain(width.map(|_| Problem::new("head_width", "is 0, expected 1 or more"))).collect()
    }

    fn keys_of_a_base(&self) -> Vec<Problem> {
        let keys = [
            ("pooling", self.pooling.is_some()),
            ("head_width", self.head_width.is_some()),
            ("hidden_dropout", self.hidden_dropout.is_some()),
            ("attention_dropout", self.attention_dropout.is_some()),
            ("classifier_dropout", self.classifier_dropout.is_some()),
        ];
        let set = keys.into_iter().filter(|&(_, set)| set);
        let message = "changes a base model; set it in `[model.scratch]` instead";
        set.map(|(key, _)| Problem::new(key, message)).collect()
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
    fn a_base_can_be_changed_and_scratch_says_so_itself() {
        assert_eq!(paths("base = \"x/y\"\nhead_width = 64\nhidden_dropout = 0.0"), [""; 0]);
        let bad = paths("base = \"x/y\"\nhead_width = 0\nclassifier_dropout = 1.0");
        assert_eq!(bad, ["classifier_dropout", "head_width"]);
        assert_eq!(paths("hidden_dropout = 0.2\n[scratch]"), ["hidden_dropout"]);
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
