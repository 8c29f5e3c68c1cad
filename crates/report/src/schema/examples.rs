use serde::{Deserialize, Serialize};

/// Lines and mistakes of one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelExamples {
    /// The label.
    pub label: String,
    /// Lines that raised the score most.
    pub telling: Vec<TellingLine>,
    /// Songs decided for the label that do not have it, surest first.
    pub false_alarms: Vec<ExampleSong>,
    /// Songs that have the label, least expected first.
    pub misses: Vec<ExampleSong>,
}

/// A line and how much the score falls without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TellingLine {
    /// The line, shortened.
    pub line: String,
    /// Artist and title.
    pub song: String,
    /// Score with the line less score without it.
    pub weight: f64,
}

/// A song that was misjudged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExampleSong {
    /// Artist and title.
    pub song: String,
    /// Row in the source.
    pub row: u64,
    /// Its true labels.
    pub truth: Vec<String>,
    /// Score of the label.
    pub score: f64,
    /// The beginning of the lyrics, shortened.
    pub snippet: String,
}
