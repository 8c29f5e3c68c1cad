use canto_song::Problem;
use serde::{Deserialize, Serialize};

/// How a song that is longer than the model reads becomes one or more windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The first tokens.
    #[default]
    Head,
    /// The first [`BatchConfig::head_tokens`] and, for the rest of the window, the last tokens.
    HeadTail,
    /// Windows one after the other, overlapping by [`BatchConfig::stride`].
    Chunks,
}

/// The `[batch]` section: windows, buckets and the inference budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// Length of a window in tokens, special tokens included.
    pub max_tokens: usize,
    /// What to do with songs that are longer.
    pub window: Window,
    /// `head_tail`: tokens taken from the beginning, special tokens not counted.
    pub head_tokens: usize,
    /// `chunks`: tokens that a window shares with the one before.
    pub stride: usize,
    /// `chunks`: the most windows of one song; what lies beyond is not read.
    pub max_chunks: usize,
    /// Lengths that batches are padded to, ascending; empty means eight even steps up to
    /// `max_tokens`. `max_tokens` itself is always one of them.
    pub buckets: Vec<usize>,
    /// The most tokens, padding included, of one batch at inference; a row alone may exceed it.
    pub tokens_per_batch: usize,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            max_tokens: 512,
            window: Window::Head,
            head_tokens: 128,
            stride: 64,
            max_chunks: 4,
            buckets: Vec::new(),
            tokens_per_batch: 8192,
        }
    }
}

impl BatchConfig {
    /// Every value out of range. How many special tokens a window holds is known only with a
    /// tokenizer, so [`crate::Windows::new`] looks again.
    pub fn problems(&self) -> Vec<Problem> {
        self.problems_with(2)
    }

    /// The same for a tokenizer that adds `special` tokens to a window.
    pub(crate) fn problems_with(&self, special: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut at_least = |path: &str, found: usize, least: usize| {
            if found < least {
                problems.push(Problem::new(path, format!("is {found}, expected at least {least}")));
            }
        };
        at_least("max_tokens", self.max_tokens, special + 2);
        at_least("tokens_per_batch", self.tokens_per_batch, 1);
        if self.window == Window::Chunks {
            at_least("max_chunks", self.max_chunks, 1);
        }
        problems.extend(self.window_problem(self.max_tokens.saturating_sub(special)));
        problems.extend(self.bucket_problem());
        problems
    }

    /// A part of a window that leaves no room for the rest of it; `room` is a window's length
    /// without special tokens.
    fn window_problem(&self, room: usize) -> Option<Problem> {
        let (path, found) = match self.window {
            Window::Head => return None,
            Window::HeadTail => ("head_tokens", self.head_tokens),
            Window::Chunks => ("stride", self.stride),
        };
        (found >= room.max(1)).then(|| {
            let expected = format!("is {found}, expected less than the {room} tokens of a window");
            Problem::new(path, expected)
        })
    }

    fn bucket_problem(&self) -> Option<Problem> {
        let ascending = self.buckets.is_sorted_by(|a, b| a < b);
        let inside = self.buckets.iter().all(|length| (1..=self.max_tokens).contains(length));
        (!ascending || !inside).then(|| {
            let (found, most) = (&self.buckets, self.max_tokens);
            Problem::new("buckets", format!("are {found:?}, expected ascending within 1..={most}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(config: &BatchConfig) -> Vec<String> {
        config.problems().into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn the_defaults_are_sound_for_every_window() {
        for window in [Window::Head, Window::HeadTail, Window::Chunks] {
            assert_eq!(BatchConfig { window, ..Default::default() }.problems(), []);
        }
    }

    #[test]
    fn all_bad_values_are_reported_at_once() {
        let config = BatchConfig {
            max_tokens: 3,
            window: Window::Chunks,
            stride: 1,
            max_chunks: 0,
            buckets: vec![2, 2],
            tokens_per_batch: 0,
            ..Default::default()
        };
        let expected = ["max_tokens", "tokens_per_batch", "max_chunks", "stride", "buckets"];
        assert_eq!(paths(&config), expected);
    }

    #[test]
    fn only_the_window_in_use_is_checked() {
        let config = BatchConfig { max_tokens: 64, ..Default::default() };
        assert_eq!(paths(&config), [""; 0]);
        assert_eq!(paths(&BatchConfig { window: Window::HeadTail, ..config }), ["head_tokens"]);
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = serde_json::from_str::<BatchConfig>(r#"{"max_token": 3}"#).unwrap_err();
        assert!(error.to_string().contains("`max_token`"), "{error}");
        let config: BatchConfig = serde_json::from_str(r#"{"window": "head_tail"}"#).unwrap();
        assert_eq!(config.window, Window::HeadTail);
    }
}
