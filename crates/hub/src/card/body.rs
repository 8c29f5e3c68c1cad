//! What people read of a card.

use super::Card;
use canto_report::{Funnel, Report};
use std::fmt::Write;

pub(super) fn body(card: &Card) -> String {
    let parts = [
        opening(card),
        measured(card),
        labels(card),
        data(card),
        limits(card),
        in_canto(card),
        in_transformers(card),
        in_text_embeddings_inference(card),
        files(),
    ];
    parts.join("\n")
}

fn opening(card: &Card) -> String {
    let labels = card.bundle.labels();
    let base = match (card.base_model(), &card.bundle.provenance().base_model) {
        (Some(base), _) => format!("fine-tuned from `{base}`"),
        (None, Some(_)) => "fine-tuned from a base model that lies in a folder".to_owned(),
        (None, None) => "trained from scratch".to_owned(),
    };
    format!(
        "# {}\n\nTells which of {} genres a song belongs to, from its lyrics alone. A song may have \
         several genres or none. Trained with canto, {base}.\n\n## Intended use\n\n\
         Sorting, searching and exploring collections of songs whose lyrics you may use, and research \
         on lyrics. Scores are probabilities of each genre on its own; a genre is predicted where its \
         score reaches its own threshold. Not for judging artists or listeners, not for deciding \
         about rights or payments, and not for text that is no song.\n",
        plain(card.name()),
        labels.len(),
    )
}

fn measured(card: &Card) -> String {
    let figures = card.figures();
    if figures.is_empty() {
        return "## Results\n\nNothing was measured on test songs.\n".to_owned();
    }
    let unseen = card.report.is_some_and(|report| report.artists_unseen);
    let songs =
        if unseen { "test songs, by artists that training never saw" } else { "test songs" };
    let mut text = format!("## Results\n\nOn {songs}");
    match card.report.map(|report| &report.bootstrap) {
        Some(drawn) => {
            let (resamples, units, unit) = (drawn.resamples, drawn.units, plain(&drawn.unit));
            let _ = write!(text, "; intervals over {resamples} resamples of {units} {unit}");
        }
        None => text.push_str("; intervals where they were drawn"),
    }
    text.push_str(".\n\n| metric | value | 95% interval |\n|---|---|---|\n");
    for figure in &figures {
        let spread = figure.spread().unwrap_or_else(|| "–".to_owned());
        let _ = writeln!(text, "| {} | {:.3} | {spread} |", figure.shown.title, figure.value);
    }
    text + &card.report.map(beside).unwrap_or_default()
}

/// What simpler models reach, and what a reader is warned of.
fn beside(report: &Report) -> String {
    let mut text = String::new();
    for baseline in &report.baselines {
        if let Some(found) = baseline.metrics.get("macro_roc_auc") {
            let title = plain(&baseline.title);
            let _ = writeln!(text, "- {title}: macro ROC-AUC {:.3}", found.value);
        }
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "- {}", plain(warning));
    }
    if text.is_empty() { text } else { format!("\nBeside it:\n\n{text}") }
}

fn labels(card: &Card) -> String {
    let mut text = "## Genres\n\n".to_owned();
    let thresholds = card.bundle.thresholds().values();
    text.push_str("| genre | threshold | ROC-AUC | average precision | F1 | test songs |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    for (label, threshold) in card.bundle.labels().iter().zip(&thresholds) {
        let measured = card
            .report
            .and_then(|report| report.labels.iter().find(|found| found.metrics.label == *label));
        let figures = measured.map_or_else(|| "– | – | – | –".to_owned(), row);
        let _ = writeln!(text, "| {} | {:.3} | {figures} |", plain(label), threshold);
    }
    text
}

fn row(label: &canto_report::LabelReport) -> String {
    let shown = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
    let (auc, precision) = (label.roc_auc, label.average_precision);
    format!(
        "{} | {} | {:.3} | {}",
        shown(auc.map(|found| found.value)),
        shown(precision.map(|found| found.value)),
        label.f1.value,
        label.metrics.support
    )
}

fn data(card: &Card) -> String {
    let mut text = "## Training data\n\n".to_owned();
    let provenance = card.bundle.provenance();
    if let Some(songs) = provenance.training_songs {
        let _ = writeln!(text, "Trained on {songs} songs.");
    }
    if let Some(report) = card.report {
        text.push_str(&funnel(&report.funnel));
    }
    if let Some(hash) = &provenance.data_sha256 {
        let _ = writeln!(text, "\nThe source file has the SHA-256 `{}`.", plain(hash));
    }
    text.push_str("\nNo lyrics are part of this repository.\n");
    text
}

fn funnel(funnel: &Funnel) -> String {
    let mut text = "\n| what became of the rows | rows |\n|---|---|\n".to_owned();
    let _ = writeln!(text, "| in the source | {} |", funnel.rows);
    for (reason, rows) in funnel.rejects.iter().filter(|(_, rows)| *rows > 0) {
        let _ = writeln!(text, "| left out: {} | {rows} |", plain(reason));
    }
    let _ = writeln!(text, "| songs left | {} |", funnel.songs);
    for (split, songs) in &funnel.splits {
        let _ = writeln!(text, "| of these, {} | {songs} |", plain(split));
    }
    text
}

fn limits(card: &Card) -> String {
    let languages = card.bundle.language().accept.join(", ");
    let languages = match languages.as_str() {
        "" => "Lyrics of any language were accepted in training.".to_owned(),
        codes => format!(
            "Trained on lyrics in these languages only (ISO 639-3): {}. Others get scores \
             without meaning; canto warns of them.",
            plain(codes)
        ),
    };
    format!(
        "## Limits\n\n\
         - **Language.** {languages}\n\
         - **Labels.** Genres in such data are mostly given to artists, not to songs: a ballad by a \
         metal band counts as metal. The model learns, and is measured against, these labels.\n\
         - **Words only.** Most of a genre is in the sound, which the model never hears. Genres \
         whose words are alike are told apart badly; the table above says which.\n\
         - **Copyright.** Lyrics are mostly protected works. Whether training on them and running \
         the model on them is allowed depends on where you are and what you do; the license of this \
         repository covers the weights, not any lyrics.\n\
         - **Scores.** {}\n",
        scores(card)
    )
}

fn scores(card: &Card) -> &'static str {
    if card.is_calibrated() {
        "What canto prints are calibrated probabilities, on songs like those of training; \
         thresholds are for these, not for the model's raw outputs."
    } else if card.bundle.words().is_some() {
        "Scores join the encoder's probabilities with those of n-grams, without further \
         calibration; thresholds are for these."
    } else {
        "Scores are the sigmoids of the model's logits, without calibration; thresholds are for these."
    }
}

fn in_canto(card: &Card) -> String {
    let repository = card.repository;
    format!(
        "## In canto\n\n```sh\ncanto predict {repository} --file song.txt\n\
         canto predict {repository}@main --input songs.csv --output scored.parquet\n```\n\n\
         This reads the text as in training: cleaning, language check, windows, calibration and \
         thresholds all come from this repository, and every file is compared with its SHA-256 in \
         `manifest.json`.\n"
    )
}

fn in_transformers(card: &Card) -> String {
    if let Some(reason) = card.foreign_head() {
        return format!(
            "## In transformers\n\nThis model does not load rightly in transformers: {reason}. Use \
             canto.\n"
        );
    }
    let length = card.bundle.windows().config().max_tokens;
    let mut text = format!(
        "## In transformers\n\n```python\nimport torch\n\
         from transformers import AutoModelForSequenceClassification, AutoTokenizer\n\n\
         name = \"{}\"\ntokenizer = AutoTokenizer.from_pretrained(name)\n\
         model = AutoModelForSequenceClassification.from_pretrained(name).eval()\n\
         batch = tokenizer(lyrics, truncation=True, max_length={length}, return_tensors=\"pt\")\n\
         with torch.no_grad():\n    scores = model(**batch).logits.sigmoid()[0]\n```\n\n\
         transformers runs the network and nothing else. It does not:\n\n\
         - clean the lyrics (section tags, adverts, page headers),\n",
        card.repository
    );
    text.push_str(card.windows_note());
    if card.bundle.words().is_some() {
        text.push_str(
            "- join what n-grams say (`words.safetensors`, `blend.json`), which canto's scores do,\n",
        );
    }
    if card.is_calibrated() {
        text.push_str("- calibrate: `calibration.json` says how logits become canto's scores,\n");
    }
    text.push_str("- apply thresholds: those of `thresholds.json` belong to canto's scores.\n");
    text
}

fn in_text_embeddings_inference(card: &Card) -> String {
    let heading = "## In text-embeddings-inference\n\n";
    if card.foreign_head().is_some() {
        return format!("{heading}It loads the same models as transformers, so not this one.\n");
    }
    format!(
        "{heading}```sh\ntext-embeddings-router --model-id {}\n\
         curl 127.0.0.1:3000/predict -H 'Content-Type: application/json' \\\n  \
         -d '{{\"inputs\": \"…\", \"raw_scores\": true, \"truncate\": true}}'\n```\n\n\
         Always ask for `raw_scores`: otherwise it applies a softmax over the genres, as if a song had \
         exactly one. The raw scores are logits: apply a sigmoid to each. What is said of \
         transformers (no cleaning, windows, n-grams, calibration or thresholds) holds here too.\n",
        card.repository
    )
}

fn files() -> String {
    "## Files\n\n\
     `model.safetensors`, `config.json`, `tokenizer.json` and `tokenizer_config.json` are as Hugging \
     Face tools read them. `canto.json` holds windows, cleaning rules and language policy, \
     `calibration.json` and `thresholds.json` the decisions, `words.safetensors` and `blend.json`, \
     if there, the n-grams that have a say beside the encoder, `metrics.json` and, if there, `report.*` \
     what was measured, `run.toml` the recipe, and `manifest.json` the size and SHA-256 of each.\n"
        .to_owned()
}

impl Card<'_> {
    fn is_calibrated(&self) -> bool {
        self.bundle.is_calibrated()
    }

    /// Why transformers does not load the model rightly.
    fn foreign_head(&self) -> Option<&'static str> {
        let int8 = self.int8.then_some("its weights are stored in int8, which only canto reads");
        int8.or_else(|| self.bundle.foreign_head())
    }

    /// What of a song transformers reads, where canto reads more.
    fn windows_note(&self) -> &'static str {
        if self.bundle.reads_one_beginning() {
            "- know where canto cuts: both read the beginning of a song, which the code above does,\n"
        } else {
            "- read whole songs as canto does, by several windows or by head and tail: the code above \
             reads the beginning only, so scores of long songs differ,\n"
        }
    }
}

/// One line of Markdown without markup: what comes from files cannot make headings, cells, links
/// or tags.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '|' | '<' | '>' | '[' | ']' | '*' | '`' | '#' => plain.extend(['\\', letter]),
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}
