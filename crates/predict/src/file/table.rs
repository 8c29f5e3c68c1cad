//! Which columns a scored file has, and chunks of them.

use crate::error::Error;
use crate::prediction::{Prediction, Unscorable};
use canto_corpus::Format;
use polars::prelude::*;
use std::path::Path;

pub(super) type Outcome = Result<Prediction, Unscorable>;

/// What parts genre names in one field.
const JOINT: &str = ";";

/// The columns of the input and of the output.
pub(crate) struct Layout {
    /// The column of the input that holds lyrics.
    pub(crate) lyrics: String,
    /// The input's columns, then ours.
    pub(crate) scored: Schema,
    /// Row, reason and detail.
    pub(crate) rejects: Schema,
    labels: Vec<String>,
}

impl Layout {
    /// Checks that the first of the `wanted` columns that is there holds text, and that neither
    /// a column in our way nor a nested one in a CSV file spoils the output.
    pub(crate) fn new(
        path: &Path,
        input: &Schema,
        output: Format,
        wanted: &[String],
        labels: &[String],
    ) -> Result<Self, Error> {
        let lyrics = lyrics_column(path, input, wanted)?;
        let added = added(labels);
        let taken = added.iter_names().filter(|name| input.contains(name));
        let columns: Vec<_> = taken.map(ToString::to_string).collect();
        if !columns.is_empty() {
            return Err(Error::ColumnsTaken { path: path.to_owned(), columns });
        }
        if output == Format::Csv {
            no_nested(path, input)?;
        }
        let mut scored = input.clone();
        scored.merge(added);
        let labels = labels.to_vec();
        Ok(Self { lyrics, scored, rejects: rejects_schema(), labels })
    }

    /// The lyrics of a chunk, whatever simple type they are stored as; null is empty.
    pub(crate) fn texts(&self, rows: &DataFrame) -> PolarsResult<StringChunked> {
        Ok(rows.column(&self.lyrics)?.cast(&DataType::String)?.str()?.rechunk().into_owned())
    }

    /// The scored rows of a chunk with our columns behind theirs.
    pub(crate) fn scored(&self, rows: &DataFrame, outcomes: &[Outcome]) -> PolarsResult<DataFrame> {
        let keep: BooleanChunked = outcomes.iter().map(|outcome| Some(outcome.is_ok())).collect();
        let kept = rows.filter(&keep)?;
        let predictions: Vec<&Prediction> = outcomes.iter().flatten().collect();
        let mut columns = kept.columns().to_vec();
        columns.extend(self.added_columns(&predictions));
        DataFrame::new(predictions.len(), columns)
    }

    fn added_columns(&self, predictions: &[&Prediction]) -> Vec<Column> {
        let score = |at: usize| predictions.iter().map(move |p| p.labels.get(at).map(|l| l.score));
        let scores = self.labels.iter().enumerate().map(|(at, label)| {
            Column::new(score_name(label).into(), score(at).collect::<Vec<_>>())
        });
        let genres: Vec<String> = predictions.iter().map(|p| joined(p)).collect();
        let truncated: Vec<bool> = predictions.iter().map(|p| p.truncated).collect();
        let tokens: Vec<u64> = predictions.iter().map(|p| p.tokens as u64).collect();
        let language: Vec<Option<&str>> =
            predictions.iter().map(|p| p.language.as_deref()).collect();
        let rest = [
            Column::new("genres".into(), genres),
            Column::new("truncated".into(), truncated),
            Column::new("tokens".into(), tokens),
            Column::new("language".into(), language),
        ];
        scores.chain(rest).collect()
    }

    /// The rows of a chunk that have no scores; `before` rows came before it.
    pub(crate) fn rejects(before: u64, outcomes: &[Outcome]) -> PolarsResult<DataFrame> {
        let reasons = outcomes.iter().zip(before + 1..);
        let rejected: Vec<_> =
            reasons.filter_map(|(outcome, row)| Some((row, outcome.as_ref().err()?))).collect();
        let text = |of: fn(&Unscorable) -> String| -> Vec<String> {
            rejected.iter().map(|(_, reason)| of(reason)).collect()
        };
        let rows: Vec<u64> = rejected.iter().map(|(row, _)| *row).collect();
        let columns = vec![
            Column::new("row".into(), rows),
            Column::new("reason".into(), text(|reason| reason.name().to_owned())),
            Column::new("detail".into(), text(ToString::to_string)),
        ];
        DataFrame::new(rejected.len(), columns)
    }
}

fn score_name(label: &str) -> String {
    format!("score:{label}")
}

fn joined(prediction: &Prediction) -> String {
    let names: Vec<&str> = prediction.genres.iter().map(|genre| genre.label.as_str()).collect();
    names.join(JOINT)
}

fn added(labels: &[String]) -> Schema {
    let scores = labels.iter().map(|label| (score_name(label), DataType::Float32));
    let rest = [
        ("genres", DataType::String),
        ("truncated", DataType::Boolean),
        ("tokens", DataType::UInt64),
        ("language", DataType::String),
    ];
    let rest = rest.map(|(name, kind)| (name.to_owned(), kind));
    scores.chain(rest).map(|(name, kind)| Field::new(name.into(), kind)).collect()
}

fn rejects_schema() -> Schema {
    let fields =
        [("row", DataType::UInt64), ("reason", DataType::String), ("detail", DataType::String)];
    fields.into_iter().map(|(name, kind)| Field::new(name.into(), kind)).collect()
}

/// The first of the `wanted` columns that is there, which must hold text.
pub(crate) fn lyrics_column(
    path: &Path,
    input: &Schema,
    wanted: &[String],
) -> Result<String, Error> {
    let Some(name) = wanted.iter().find(|name| input.contains(name)) else {
        return Err(Error::ColumnMissing {
            path: path.to_owned(),
            wanted: wanted.to_vec(),
            found: input.iter_names().map(ToString::to_string).collect(),
        });
    };
    match input.get(name) {
        Some(kind) if kind.is_nested() || *kind == DataType::Binary => Err(Error::ColumnType {
            path: path.to_owned(),
            column: name.clone(),
            found: format!("`{kind}`"),
        }),
        _ => Ok(name.clone()),
    }
}

fn no_nested(path: &Path, input: &Schema) -> Result<(), Error> {
    let nested = input.iter().filter(|(_, kind)| kind.is_nested() || **kind == DataType::Binary);
    let columns: Vec<_> = nested.map(|(name, _)| name.to_string()).collect();
    if columns.is_empty() {
        return Ok(());
    }
    Err(Error::NestedColumns { path: path.to_owned(), columns })
}
