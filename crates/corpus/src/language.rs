//! Which language a lyric is in, and whether the model is meant for it.

use crate::error::Error;
use canto_song::Problem;
use serde::{Deserialize, Serialize};
use whatlang::{Detector, Lang};

/// The language policy, at preparation and at prediction.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct LanguageConfig {
    /// Accepted languages, ISO 639-3; empty accepts every language.
    pub accept: Vec<String>,
    /// Languages told apart, ISO 639-3; empty means all that are known. A short list of
    /// those to be expected is more often right than a long one: with Danish and Norwegian
    /// in it, repeated English hooks are taken for them.
    pub candidates: Vec<String>,
    /// Least confidence, from 0 to 1, at which an accepted language counts.
    pub confidence_floor: f64,
    /// Least confidence at which another language is believed; below it the lyric counts as
    /// accepted. Short repeated lines look like any language a little: on real lyrics nearly
    /// everything refused below 0.1 was English, and nothing foreign was that unsure.
    pub refusal_floor: f64,
    /// Judges by the first so many characters only; 0 means the whole lyric.
    pub first_characters: usize,
}

impl Default for LanguageConfig {
    fn default() -> Self {
        let codes = |codes: &[&str]| codes.iter().map(|&code| code.to_owned()).collect();
        Self {
            accept: codes(&["eng"]),
            candidates: codes(&[
                "eng", "spa", "por", "fra", "ita", "deu", "nld", "swe", "fin", "pol", "tur", "ind",
                "tgl", "rus", "ukr", "ell", "heb", "ara", "pes", "hin", "kor", "jpn", "cmn", "tha",
            ]),
            confidence_floor: 0.0,
            refusal_floor: 0.1,
            first_characters: 0,
        }
    }
}

impl LanguageConfig {
    /// Every bad value, with its path within this section.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, codes) in [("accept", &self.accept), ("candidates", &self.candidates)] {
            for code in codes.iter().filter(|code| Lang::from_code(code.as_str()).is_none()) {
                problems.push(Problem::new(
                    key,
                    format!("`{code}` is no ISO 639-3 code of a language that can be told apart"),
                ));
            }
        }
        if !self.candidates.is_empty() {
            for code in self.accept.iter().filter(|code| !self.candidates.contains(code)) {
                problems.push(Problem::new(
                    "accept",
                    format!("`{code}` is not among `candidates`, so it would never be found"),
                ));
            }
        }
        let floors =
            [("confidence_floor", self.confidence_floor), ("refusal_floor", self.refusal_floor)];
        for (key, floor) in floors {
            if !(0.0..=1.0).contains(&floor) {
                problems.push(Problem::new(key, format!("found {floor}, expected 0 to 1")));
            }
        }
        problems
    }
}

/// A judgement on one lyric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Language {
    /// ISO 639-3 code; none where the text has too little to go by.
    pub code: Option<&'static str>,
    /// Confidence in `code`, 0 to 1.
    pub confidence: f64,
    /// Whether the policy accepts it.
    pub accepted: bool,
}

/// Judges cleaned lyrics by a fixed policy.
#[derive(Debug)]
pub struct LanguageJudge {
    detector: Detector,
    accept: Vec<Lang>,
    confidence_floor: f64,
    refusal_floor: f64,
    first_characters: usize,
}

impl LanguageJudge {
    /// A judge with the policy `config`.
    pub fn new(config: &LanguageConfig) -> Result<Self, Error> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Config { problems });
        }
        let langs = |codes: &[String]| codes.iter().filter_map(Lang::from_code).collect::<Vec<_>>();
        let candidates = langs(&config.candidates);
        Ok(Self {
            detector: if candidates.is_empty() {
                Detector::new()
            } else {
                Detector::with_allowlist(candidates)
            },
            accept: langs(&config.accept),
            confidence_floor: config.confidence_floor,
            refusal_floor: config.refusal_floor,
            first_characters: config.first_characters,
        })
    }

    /// The language of a cleaned lyric.
    pub fn judge(&self, cleaned: &str) -> Language {
        let any = self.accept.is_empty();
        let Some(found) = self.detector.detect(self.part(cleaned)) else {
            return Language { code: None, confidence: 0.0, accepted: any };
        };
        let confidence = found.confidence();
        let accepted = if any || self.accept.contains(&found.lang()) {
            confidence >= self.confidence_floor
        } else {
            confidence < self.refusal_floor
        };
        Language { code: Some(found.lang().code()), confidence, accepted }
    }

    fn part<'t>(&self, text: &'t str) -> &'t str {
        match text.char_indices().nth(self.first_characters) {
            Some((end, _)) if self.first_characters > 0 => &text[..end],
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_value_is_named() {
        let config = LanguageConfig {
            accept: vec!["english".into(), "zul".into()],
            confidence_floor: 1.5,
            refusal_floor: -0.5,
            ..LanguageConfig::default()
        };
        let problems: Vec<_> = config.problems().iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(problems[0].contains("`english`"), "{problems:?}");
        assert!(problems[3].contains("confidence_floor"), "{problems:?}");
    }

    #[test]
    fn nothing_to_read_is_no_language() {
        let judge = LanguageJudge::new(&LanguageConfig::default()).unwrap();
        for text in ["", "12 34", "…"] {
            assert_eq!(judge.judge(text).code, None);
            assert!(!judge.judge(text).accepted);
        }
    }

    #[test]
    fn an_empty_list_accepts_everything() {
        let config = LanguageConfig { accept: Vec::new(), ..LanguageConfig::default() };
        let judge = LanguageJudge::new(&config).unwrap();
        assert!(judge.judge("Quiero cantar toda la noche contigo bajo la luna").accepted);
        assert!(judge.judge("").accepted);
    }

    #[test]
    fn another_language_must_be_believed_to_be_refused() {
        let hook = "Gimme that, gimme that boogie\nshake it, shake it, shake it down\nbaby, baby";
        let accepted = |refusal_floor| {
            let config = LanguageConfig { refusal_floor, ..LanguageConfig::default() };
            LanguageJudge::new(&config).unwrap().judge(hook).accepted
        };
        assert!(accepted(0.1) && !accepted(0.0));
    }

    #[test]
    fn the_first_characters_can_decide_alone() {
        let text = "I will wait for you by the river when the summer comes again. \
                    Y entonces cantaremos juntos bajo las estrellas de nuestra ciudad querida, \
                    hasta que llegue la mañana y nos encuentre bailando todavía en la calle.";
        let judge = |first_characters| {
            LanguageJudge::new(&LanguageConfig { first_characters, ..LanguageConfig::default() })
                .unwrap()
                .judge(text)
        };
        assert_eq!(judge(60).code, Some("eng"));
        assert_eq!(judge(0).code, Some("spa"));
    }
}
