//! Which lines carried a prediction.
//!
//! Each line is left out in turn and the song is scored again (occlusion: Zeiler and Fergus 2014,
//! Li, Monroe and Jurafsky 2016). What the score loses is the line's weight. It needs nothing from
//! the model but scores, so it holds for every model that can predict.

use crate::error::Error;
use crate::overrides::Overrides;
use crate::prediction::{Prediction, Unscorable};
use crate::predictor::Predictor;
use canto_score::SongScores;
use canto_song::Progress;
use serde::Serialize;
use std::collections::HashMap;

/// Different lines that are examined at most; later ones of a longer song are not.
const MOST_LINES: usize = 256;

/// Bytes of text that are scored at once.
const BYTES_AT_ONCE: usize = 4 << 20;

/// The lines that carried one label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The label.
    pub label: String,
    /// Every line that was examined, the weightiest first.
    pub lines: Vec<LineWeight>,
}

/// How much a line added to a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineWeight {
    /// Where it first stands in the cleaned lyrics, counted from 1.
    pub line: usize,
    /// Its words.
    pub text: String,
    /// How often it comes; it is left out everywhere at once.
    pub times: usize,
    /// Score of the song less its score without the line; below 0 where the line speaks against
    /// the label.
    pub weight: f32,
}

/// A line that is left out wherever it comes.
struct Line<'a> {
    text: &'a str,
    /// Positions among the lines of the lyrics.
    places: Vec<usize>,
}

impl Predictor {
    /// Predicts `lyrics`, raw as they come, and explains each genre that is decided, or the
    /// likeliest where none is.
    ///
    /// Costs one scoring a different line.
    pub fn explain(
        &self,
        lyrics: &str,
        overrides: &Overrides,
        progress: &dyn Progress,
    ) -> Result<Prediction, Error> {
        let unscorable = |reason| Error::Unscorable { number: 1, of: 1, reason };
        let cleaned = self.cleaned(lyrics).map_err(unscorable)?;
        let predicted = self.predict(&[lyrics], overrides, progress)?.pop();
        let mut prediction = predicted.ok_or(unscorable(Unscorable::EmptyAfterCleaning))?;
        let lines = lines(&cleaned);
        let without = self.without_each(&cleaned, &lines, progress)?;
        let explained = explained(&prediction);
        let explanation = explained.into_iter().map(|at| {
            let label = &prediction.labels[at];
            let scores = without.iter().map(|song| song.scores[at]);
            let mut weights: Vec<LineWeight> = lines
                .iter()
                .zip(scores)
                .map(|(line, score)| line.weigh(label.score - score))
                .collect();
            // A stable sort: lines of equal weight keep their order in the song.
            weights.sort_by(|a, b| b.weight.total_cmp(&a.weight));
            Explanation { label: label.label.clone(), lines: weights }
        });
        prediction.explanation = Some(explanation.collect());
        Ok(prediction)
    }

    /// The scores of the song without each of `lines`.
    fn without_each(
        &self,
        cleaned: &str,
        lines: &[Line<'_>],
        progress: &dyn Progress,
    ) -> Result<Vec<SongScores>, Error> {
        let at_once = (BYTES_AT_ONCE / cleaned.len().max(1)).max(1);
        let mut scored = Vec::with_capacity(lines.len());
        for some in lines.chunks(at_once) {
            let texts: Vec<String> = some.iter().map(|line| line.left_out(cleaned)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            scored.extend(self.scorer().score(&texts, progress)?);
        }
        Ok(scored)
    }
}

/// Positions of the decided labels, best first, or of the likeliest.
fn explained(prediction: &Prediction) -> Vec<usize> {
    let labels = &prediction.labels;
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| labels[b].score.total_cmp(&labels[a].score));
    let decided: Vec<usize> = order.iter().copied().filter(|&at| labels[at].predicted).collect();
    if decided.is_empty() { order.into_iter().take(1).collect() } else { decided }
}

/// The different lines of a lyric in the order in which they first come. Case does not tell lines
/// apart, nor does white space around them.
fn lines(cleaned: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut known = HashMap::new();
    for (place, text) in cleaned.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let at = *known.entry(text.to_lowercase()).or_insert(lines.len());
        match lines.get_mut(at) {
            Some(line) => line.places.push(place),
            None => lines.push(Line { text, places: vec![place] }),
        }
    }
    lines.truncate(MOST_LINES);
    lines
}

impl Line<'_> {
    /// `cleaned` without this line.
    fn left_out(&self, cleaned: &str) -> String {
        let kept =
            cleaned.lines().enumerate().filter(|(at, _)| self.places.binary_search(at).is_err());
        kept.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
    }

    fn weigh(&self, weight: f32) -> LineWeight {
        LineWeight {
            line: self.places.first().map_or(0, |place| place + 1),
            text: self.text.to_owned(),
            times: self.places.len(),
            weight,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refrain_is_one_line_that_is_left_out_everywhere() {
        let song = "sail on\nthe night is long\n\nSail on \nsail on";
        let found = lines(song);
        let texts: Vec<_> = found.iter().map(|line| (line.text, line.places.len())).collect();
        assert_eq!(texts, [("sail on", 3), ("the night is long", 1)]);
        assert_eq!(found[0].left_out(song), "the night is long\n");
        assert_eq!(found[1].left_out(song), "sail on\n\nSail on \nsail on");
    }

    #[test]
    fn the_number_of_lines_is_bounded() {
        let song: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();
        assert_eq!(lines(&song.join("\n")).len(), MOST_LINES);
    }
}
