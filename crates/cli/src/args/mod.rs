//! The command line.

mod bench;
mod serve;

use crate::config::Override;
use crate::log_line::LogFormat;
use canto_encoder::DeviceChoice;
use canto_infer::Precision;
use canto_predict::Shard;
use clap::{ArgAction, Args, Parser, Subcommand};
use std::path::PathBuf;

pub(crate) use bench::BenchArgs;
pub(crate) use serve::{AccessArgs, ServeArgs};

/// Tells a song's genres from its lyrics.
#[derive(Parser, Debug)]
#[command(
    name = "canto",
    version,
    about = "Tells a song's genres from its lyrics",
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        canto sample --songs 5000 --out data/raw/songs.csv\n  \
        canto prepare data/raw/songs.csv --out data/prepared/songs --config configs/quickstart.toml\n  \
        canto train --config configs/quickstart.toml --data data/prepared/songs\n  \
        canto predict artifacts/quickstart --text \"Rain on the highway …\""
)]
pub(crate) struct Cli {
    /// Says more about what happens; twice for everything.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Says nothing but errors, and draws no bars.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Writes a CSV of invented songs, for trying things out.
    Sample(SampleArgs),
    /// Turns a raw CSV, Parquet or NDJSON file into songs to train on.
    Prepare(PrepareArgs),
    /// Trains a model by a recipe; the result is `artifacts/<run>/`.
    Train(TrainArgs),
    /// Calibrates a run and chooses its thresholds anew, on its validation songs.
    Tune(TuneArgs),
    /// Reports on a run's test songs, read once, or compares runs.
    Eval(EvalArgs),
    /// Writes a run again with int8 weights, a quarter of the size, and tells what that cost.
    Quantize(QuantizeArgs),
    /// Tells the genres of lyrics.
    Predict(PredictArgs),
    /// Measures how fast a model scores lyrics on this machine, right now.
    Bench(BenchArgs),
    /// Answers questions about lyrics over HTTP.
    Serve(ServeArgs),
    /// Puts a trained model on the Hugging Face Hub, with its card.
    Publish(PublishArgs),
    /// Prints what this machine offers and what canto makes of it.
    Doctor,
}

impl Command {
    /// How this command's log lines look.
    pub(crate) fn log_format(&self) -> LogFormat {
        match self {
            Self::Serve(args) => args.log_format,
            _ => LogFormat::Plain,
        }
    }
}

/// A recipe and what the command line changes in it.
#[derive(Args, Debug)]
pub(crate) struct RecipeArgs {
    /// Recipe, a TOML file such as `configs/quickstart.toml`.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) sets: SetArgs,
}

#[derive(Args, Debug)]
pub(crate) struct SetArgs {
    /// Changes one value of the recipe, such as `train.lr=1e-5`; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) sets: Vec<Override>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  canto sample --songs 50000 --out data/raw/songs.csv")]
pub(crate) struct SampleArgs {
    /// Number of rows.
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) songs: u64,
    /// CSV file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The same seed writes the same bytes.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    canto prepare data/raw/songs.csv --out data/prepared/songs --config configs/quickstart.toml\n  \
    canto prepare mine.parquet --out data/prepared/mine --config configs/minilm.toml \\\n      \
    --set corpus.columns.lyrics=words --set corpus.columns.genres=tags")]
pub(crate) struct PrepareArgs {
    /// Raw file: `.csv`, `.parquet`, `.ndjson` or `.jsonl`.
    pub(crate) source: PathBuf,
    /// Folder to write: songs, rejects with their reasons, and a manifest.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    canto train --config configs/quickstart.toml\n  \
    canto train --config configs/roberta-base.toml --run second --set train.lr=1e-5\n  \
    canto train --config configs/roberta-base.toml --devices cuda:0,cuda:1\n  \
    canto train --config configs/roberta-base.toml --resume")]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,
    /// Name of the run, the folder under `artifacts/`; otherwise `run.name` of the recipe.
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<String>,
    /// Prepared songs; otherwise `data.prepared` of the recipe.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// `auto`, `cpu`, `cuda`, `cuda:N`, `wgpu` or `ndarray`; otherwise `run.device` of the recipe.
    #[arg(long, value_name = "DEVICE", conflicts_with = "devices")]
    pub(crate) device: Option<DeviceChoice>,
    /// Several, which share the work of each step: `cuda:0,cuda:1`.
    #[arg(long, value_name = "DEVICE,…", value_delimiter = ',')]
    pub(crate) devices: Vec<DeviceChoice>,
    /// Goes on from the run's last checkpoint.
    #[arg(long)]
    pub(crate) resume: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    canto tune artifacts/quickstart\n  \
    canto tune artifacts/quickstart --strategy global\n  \
    canto tune artifacts/quickstart --strategy fixed --set tune.fixed=0.2\n  \
    canto tune artifacts/quickstart --set tune.precision_at=0.8\n  \
    canto tune artifacts/quickstart --set calibrate.method=platt")]
pub(crate) struct TuneArgs {
    /// Run, such as `artifacts/quickstart`.
    pub(crate) run: PathBuf,
    /// `fixed`, `global` or `per_label`; otherwise `tune.strategy` of the run.
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<String>,
    /// Prepared songs; otherwise those it was trained on.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sets: SetArgs,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
}

#[derive(Args, Debug)]
#[command(after_help = "The int8 run is a run like any other, for the CPU. What its weights cost \
    is measured on the\nvalidation songs, printed, and stored in metrics/quantization.json.\n\n\
    Examples:\n  canto quantize artifacts/minilm\n  \
    canto quantize artifacts/minilm --out artifacts/small\n  \
    canto eval artifacts/minilm artifacts/minilm-int8")]
pub(crate) struct QuantizeArgs {
    /// Run, such as `artifacts/minilm`.
    pub(crate) run: PathBuf,
    /// Folder of the new run; otherwise the run's with `-int8` at its end.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Prepared songs; otherwise those it was trained on.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "The test songs are read once: a second call prints what the first one \
    stored,\nunless weights, thresholds or songs have changed. The report lies in RUN/metrics: \n\
    report.html to look at, report.md, report.json, and test_scores.ndjson.\n\n\
    Examples:\n  canto eval artifacts/quickstart\n  \
    canto eval artifacts/first artifacts/second\n  \
    canto eval artifacts/quickstart --data data/prepared/other --out other-report\n  \
    canto eval artifacts/quickstart --split-check")]
pub(crate) struct EvalArgs {
    /// Run, such as `artifacts/quickstart`; several are compared with the first.
    #[arg(required = true, value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// Prepared songs; otherwise those it was trained on.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Folder for the report; otherwise `metrics` in the run's folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Measures again although a result is stored.
    #[arg(long)]
    pub(crate) again: bool,
    /// Prints the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Tells what a split by song, which lets artists leak, would have added: trains the TF-IDF
    /// baseline on both splits and measures no model.
    #[arg(long, conflicts_with_all = ["json", "again", "out"])]
    pub(crate) split_check: bool,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
}

#[derive(Args, Debug)]
pub(crate) struct DeviceArg {
    /// `auto`, `cpu`, `cuda`, `cuda:N`, `wgpu` or `ndarray`.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: DeviceChoice,
}

#[derive(Args, Debug)]
#[command(
    after_help = "A folder is scored file by file, each into a file of the same name below `--output`. What is\n\
    finished is not done again, so the same command goes on after whatever stopped it.\n\
    With `--shard 3/16` this process does the fourth of sixteen shares: of a folder some files,\n\
    of a file some rows, into FOLDER/NAME-00003-of-00016.ENDING. Shares are counted from 0, as in\n\
    Kubernetes: `--shard $(JOB_COMPLETION_INDEX)/16`. A share without files ends well.\n\n\
    Examples:\n  \
    canto predict artifacts/quickstart --text \"Rain on the highway …\"\n  \
    canto predict artifacts/quickstart --file song.txt --json\n  \
    canto predict artifacts/quickstart --file song.txt --explain\n  \
    canto predict artifacts/quickstart --input songs.csv --output scored.parquet\n  \
    canto predict artifacts/quickstart --input songs/ --output scored/\n  \
    canto predict artifacts/quickstart --input songs/ --output scored/ --shard 3/16\n  \
    canto predict path/to/hugging-face-folder --threshold 0.2 < song.txt\n  \
    canto predict user/name --file song.txt"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct PredictArgs {
    /// Run or model folder, or a Hub id `user/name[@revision]`; a plain Hugging Face model will do.
    pub(crate) model: PathBuf,
    /// The lyrics themselves.
    #[arg(long, group = "lyrics")]
    pub(crate) text: Option<String>,
    /// File with the lyrics of one song.
    #[arg(long, value_name = "FILE", group = "lyrics")]
    pub(crate) file: Option<PathBuf>,
    /// File of many songs, `.csv`, `.parquet`, `.ndjson` or `.jsonl`, or a folder of such files.
    #[arg(long, value_name = "FILE|FOLDER", group = "lyrics", requires = "output")]
    pub(crate) input: Option<PathBuf>,
    /// Where the scores of `--input` go: such a file; a folder for a folder and for a shard.
    #[arg(long, value_name = "FILE|FOLDER", requires = "input")]
    pub(crate) output: Option<PathBuf>,
    /// Does one share of `--input`, for as many processes as there are shares; counted from 0, so
    /// `0/16` to `15/16`.
    #[arg(long, value_name = "I/N", requires = "input")]
    pub(crate) shard: Option<Shard>,
    /// Scores again what another model, or other settings, have left in the folder `--output`;
    /// otherwise that is refused.
    #[arg(long, requires = "input")]
    pub(crate) again: bool,
    /// Column of `--input` that holds the lyrics; otherwise the one that the model was trained
    /// on, `text` or `lyrics`.
    #[arg(long, value_name = "NAME", requires = "input")]
    pub(crate) column: Option<String>,
    /// Prints JSON instead of a table.
    #[arg(long, conflicts_with = "input")]
    pub(crate) json: bool,
    /// One threshold for all labels, 0 to 1.
    #[arg(long, value_name = "X", value_parser = probability)]
    pub(crate) threshold: Option<f32>,
    /// Thresholds of single labels, such as `Rock=0.3,Pop=0.4`.
    #[arg(long, value_name = "LABEL=X", value_delimiter = ',', value_parser = label_threshold)]
    pub(crate) thresholds: Vec<(String, f32)>,
    /// Lists every label, not only the likeliest.
    #[arg(long)]
    pub(crate) all: bool,
    /// Shows which lines carried each genre: the song is scored again without each line.
    #[arg(long, conflicts_with = "input")]
    pub(crate) explain: bool,
    /// Of products on the CPU: auto, f32, bf16 or int8; auto is int8 where the weights are stored
    /// in it, else f32.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(crate) precision: Precision,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
}

#[derive(Args, Debug)]
#[command(
    after_help = "The token is taken from `HF_TOKEN`, from `HF_TOKEN=…` in a file `.env` here, or from the\n\
    Hub's own log-in. All files go into one commit, which comes last. Lyrics of the report's\n\
    examples are left out.\n\n\
    Examples:\n  \
    canto publish artifacts/quickstart --repo user/name --dry-run\n  \
    canto publish artifacts/quickstart --repo user/name --private\n  \
    canto publish artifacts/quickstart --repo user/name --license mit --tag v1.0"
)]
pub(crate) struct PublishArgs {
    /// Run, such as `artifacts/quickstart`.
    pub(crate) run: PathBuf,
    /// Repository on the Hub; created where it is not there yet.
    #[arg(long, value_name = "USER/NAME")]
    pub(crate) repo: String,
    /// Prints every file with its size and SHA-256, and the model card; sends nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Creates the repository as a private one.
    #[arg(long)]
    pub(crate) private: bool,
    /// Branch to commit to, created from `main` where it is not there yet.
    #[arg(long, value_name = "BRANCH")]
    pub(crate) revision: Option<String>,
    /// Tag to put on the commit, such as `v1.0`.
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Title of the commit.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// License of the weights by the Hub's identifier, such as `mit`; otherwise `unknown`.
    #[arg(long, value_name = "ID")]
    pub(crate) license: Option<String>,
    /// Hub id of a data set that it was trained on, for the card; may be given again.
    #[arg(long = "dataset", value_name = "USER/NAME")]
    pub(crate) datasets: Vec<String>,
    /// Hub id of the base model, for the card, where the recipe names a folder.
    #[arg(long, value_name = "USER/NAME")]
    pub(crate) base_model: Option<String>,
}

fn probability(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    let inside = (0.0..=1.0).contains(&value);
    if inside { Ok(value) } else { Err(format!("is {value}, expected 0 to 1")) }
}

fn label_threshold(text: &str) -> Result<(String, f32), String> {
    let pair = text.rsplit_once('=');
    let (label, value) = pair.ok_or_else(|| format!("`{text}` is no `LABEL=X`"))?;
    Ok((label.trim().to_owned(), probability(value.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn thresholds_are_labels_with_probabilities() {
        assert_eq!(label_threshold("R&B/Soul=0.25"), Ok(("R&B/Soul".into(), 0.25)));
        for text in ["Rock", "Rock=", "Rock=2", "Rock=nan", "Rock=x"] {
            assert!(label_threshold(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lyrics_come_from_one_place() {
        let parse = |args: &[&str]| {
            Cli::try_parse_from([&["canto", "predict", "m"], args].concat()).is_ok()
        };
        assert!(
            parse(&[]) && parse(&["--text", "la"]) && parse(&["--input", "a", "--output", "b"])
        );
        assert!(!parse(&["--text", "la", "--file", "f"]));
        assert!(!parse(&["--input", "a"]) && !parse(&["--output", "b"]));
        assert!(!parse(&["--shard", "0/2"]) && !parse(&["--again", "--text", "la"]));
    }
}
