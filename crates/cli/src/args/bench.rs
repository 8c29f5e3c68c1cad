//! The command line of `canto bench`.

use crate::args::DeviceArg;
use canto_infer::Precision;
use clap::Args;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args, Debug)]
#[command(
    after_help = "Measured are songs and tokens a second, the time of a call (half, 95 and 99 \
    of 100 calls are no\nslower) with one song and with the batch that saturates, which is looked \
    for, the share of the\nrate of a matrix product alone in the same number format, where the time \
    goes, memory, and how\nlong the model takes to open. Other work on the machine shows in all of \
    it: let it rest first.\n\n\
    Examples:\n  \
    canto bench artifacts/quickstart\n  \
    canto bench artifacts/minilm --precision int8 --input songs.parquet --column lyrics\n  \
    canto bench path/to/hugging-face-folder --seconds 20 --json > here.json\n  \
    canto bench user/name --device cuda"
)]
pub(crate) struct BenchArgs {
    /// Run or model folder, or a Hub id `user/name[@revision]`; a plain Hugging Face model will do.
    pub(crate) model: PathBuf,
    /// Songs to measure on: `.csv`, `.parquet`, `.ndjson` or `.jsonl`; otherwise invented ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Column of `--input` that holds the lyrics; otherwise the one that the model was trained
    /// on, `text` or `lyrics`.
    #[arg(long, value_name = "NAME", requires = "input")]
    pub(crate) column: Option<String>,
    /// Songs, the first of `--input`; they come again where time is left.
    #[arg(long, value_name = "N", default_value = "256")]
    pub(crate) songs: NonZero<u32>,
    /// Seconds for each figure; three calls are timed even if they take longer.
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Songs of the largest batch that is tried.
    #[arg(long, value_name = "N", default_value = "256")]
    pub(crate) largest_batch: NonZero<u32>,
    /// Threads; otherwise one a core, or `RAYON_NUM_THREADS`.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Of products on the CPU, as in `canto predict`: auto is what the weights are stored in.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(crate) precision: Precision,
    #[command(flatten)]
    pub(crate) device: DeviceArg,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A number of seconds, above 0.
fn seconds(text: &str) -> Result<Duration, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    let time = Duration::try_from_secs_f64(value).ok().filter(|time| !time.is_zero());
    time.ok_or_else(|| format!("is {value}, expected more than 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_more_than_none() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "nan", "inf", "1e30", "x", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
