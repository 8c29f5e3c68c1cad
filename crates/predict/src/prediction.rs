//! What is said of one song, and its JSON form.

use crate::explanation::Explanation;
use canto_corpus::Language;
use canto_evaluate::Thresholds;
use canto_score::SongScores;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::fmt;

/// What the model says of one song. As JSON, fields are named as here and keep their order:
///
/// ```json
/// {
///   "genres": [{"label": "Rock", "score": 0.81}],
///   "labels": [{"label": "Blues", "score": 0.07, "threshold": 0.31, "predicted": false}, …],
///   "tokens": 412,
///   "truncated": false,
///   "language": "eng",
///   "language_confidence": 0.98,
///   "warnings": [{"code": "truncated", "message": "…"}]
/// }
/// ```
///
/// `genres` are those of `labels` that are predicted, best score first; `labels` are all, in the
/// model's order; `language` is ISO 639-3 or null; warning codes are `language`,
/// `unknown_language` and `truncated`. Where an explanation was asked for, `explanation` follows:
///
/// ```json
/// [{"label": "Rock", "lines": [{"line": 3, "text": "…", "times": 2, "weight": 0.12}, …]}]
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Decided genres, best score first.
    pub genres: Vec<GenreScore>,
    /// Every label, in the model's order.
    pub labels: Vec<LabelScore>,
    /// Tokens of the whole song, special tokens included.
    pub tokens: usize,
    /// Whether the model read part of the song only.
    pub truncated: bool,
    /// Detected language, ISO 639-3.
    pub language: Option<String>,
    /// Confidence in `language`, 0 to 1.
    pub language_confidence: f64,
    /// Reasons to trust the scores less.
    pub warnings: Vec<Warning>,
    /// The lines that carried each genre, where [`Predictor::explain`](crate::Predictor::explain)
    /// was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<Explanation>>,
}

/// A decided genre.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GenreScore {
    /// The label.
    pub label: String,
    /// Probability.
    pub score: f32,
}

/// A label, decided or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelScore {
    /// The label.
    pub label: String,
    /// Probability.
    pub score: f32,
    /// Predicted when the score is at least this.
    pub threshold: f32,
    /// The decision.
    pub predicted: bool,
}

/// A reason to trust scores less. As JSON, `{"code", "message"}`.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// The song is in a language that the model was not trained on.
    Language {
        /// Detected, ISO 639-3.
        code: String,
        /// Confidence, 0 to 1.
        confidence: f64,
        /// What the model was trained on, ISO 639-3.
        accepted: Vec<String>,
    },
    /// There is too little text to tell the language.
    UnknownLanguage,
    /// Part of the song was not read.
    Truncated {
        /// Tokens of the whole song, special tokens included.
        tokens: usize,
    },
}

impl Warning {
    /// The stable name in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Language { .. } => "language",
            Self::UnknownLanguage => "unknown_language",
            Self::Truncated { .. } => "truncated",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Language { code, confidence, accepted } => {
                let accepted: Vec<_> = accepted.iter().map(|code| format!("`{code}`")).collect();
                let accepted = accepted.join(", ");
                let sure = confidence * 100.0;
                write!(
                    f,
                    "the language seems to be `{code}` ({sure:.0}% sure), the model knows {accepted}"
                )
            }
            Self::UnknownLanguage => f.write_str("too little text to tell the language"),
            Self::Truncated { tokens } => {
                write!(f, "the song has {tokens} tokens, more than the model reads at once")
            }
        }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Warning", 2)?;
        form.serialize_field("code", self.code())?;
        form.serialize_field("message", &self.to_string())?;
        form.end()
    }
}

/// Why a text has no scores: none are invented for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscorable {
    /// The row has no lyrics.
    MissingLyrics,
    /// Cleaning left nothing.
    EmptyAfterCleaning,
}

impl Unscorable {
    /// The name used in files, the same as for a corpus' rejects.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingLyrics => "missing_lyrics",
            Self::EmptyAfterCleaning => "empty_after_cleaning",
        }
    }
}

impl fmt::Display for Unscorable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingLyrics => "it is empty",
            Self::EmptyAfterCleaning => "nothing is left of it after cleaning",
        })
    }
}

impl Prediction {
    pub(crate) fn new(
        song: &SongScores,
        thresholds: &Thresholds,
        language: Language,
        accepted: &[String],
    ) -> Self {
        let decided = thresholds.decide(&song.scores);
        let labels: Vec<_> = (song.scores.iter().zip(&thresholds.values).zip(decided))
            .map(|((&score, value), predicted)| LabelScore {
                label: value.label.clone(),
                score,
                threshold: value.threshold,
                predicted,
            })
            .collect();
        Self {
            genres: best_first(&labels),
            labels,
            tokens: song.tokens,
            truncated: song.truncated,
            language: language.code.map(str::to_owned),
            language_confidence: language.confidence,
            warnings: warnings(song, language, accepted),
            explanation: None,
        }
    }
}

fn best_first(labels: &[LabelScore]) -> Vec<GenreScore> {
    let predicted = labels.iter().filter(|label| label.predicted);
    let mut genres: Vec<_> = predicted
        .map(|label| GenreScore { label: label.label.clone(), score: label.score })
        .collect();
    // A stable sort: equal scores keep the model's order.
    genres.sort_by(|a, b| b.score.total_cmp(&a.score));
    genres
}

fn warnings(song: &SongScores, language: Language, accepted: &[String]) -> Vec<Warning> {
    let about_language = match language {
        Language { accepted: true, .. } => None,
        Language { code: Some(code), confidence, .. } => {
            Some(Warning::Language { code: code.to_owned(), confidence, accepted: accepted.into() })
        }
        Language { code: None, .. } => Some(Warning::UnknownLanguage),
    };
    let truncated = song.truncated.then_some(Warning::Truncated { tokens: song.tokens });
    about_language.into_iter().chain(truncated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(language: Language) -> Prediction {
        let labels = ["Blues", "Pop", "Rock"].map(str::to_owned);
        let song = SongScores { scores: vec![0.5, 0.25, 0.75], tokens: 9, truncated: true };
        Prediction::new(&song, &Thresholds::fixed(0.5, &labels), language, &["eng".to_owned()])
    }

    #[test]
    fn the_json_form_is_stable() {
        let language = Language { code: Some("spa"), confidence: 0.5, accepted: false };
        let json = serde_json::to_string(&prediction(language)).unwrap();
        let expected = concat!(
            r#"{"genres":[{"label":"Rock","score":0.75},{"label":"Blues","score":0.5}],"#,
            r#""labels":[{"label":"Blues","score":0.5,"threshold":0.5,"predicted":true},"#,
            r#"{"label":"Pop","score":0.25,"threshold":0.5,"predicted":false},"#,
            r#"{"label":"Rock","score":0.75,"threshold":0.5,"predicted":true}],"#,
            r#""tokens":9,"truncated":true,"language":"spa","language_confidence":0.5,"#,
            r#""warnings":[{"code":"language","message":"the language seems to be `spa` "#,
            r#"(50% sure), the model knows `eng`"},{"code":"truncated","message":"#,
            r#""the song has 9 tokens, more than the model reads at once"}]}"#,
        );
        assert_eq!(json, expected);
    }

    #[test]
    fn an_accepted_language_is_no_warning() {
        let language = Language { code: Some("eng"), confidence: 1.0, accepted: true };
        assert_eq!(prediction(language).warnings, [Warning::Truncated { tokens: 9 }]);
        let language = Language { code: None, confidence: 0.0, accepted: false };
        assert_eq!(prediction(language).warnings[0], Warning::UnknownLanguage);
    }
}
